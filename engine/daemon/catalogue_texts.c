/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/catalogue_texts.h"

#include "base/mem.h"
#include "base/sha256.h"
#include "script/prelude.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static bool read_text(const char *path, char **ret, size_t *ret_length, struct fy_err *err)
{
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return fy_fail_errno(err, "could not read %s", path);
    char *bytes = fy_alloc(FY_WORKFLOW_TEXT_MAX + 1);
    size_t length = fread(bytes, 1, FY_WORKFLOW_TEXT_MAX + 1, file);
    bool broken = ferror(file) != 0;
    (void)fclose(file);
    if (!broken && length <= FY_WORKFLOW_TEXT_MAX) {
        *ret = fy_strndup(bytes, length);
        *ret_length = length;
        free(bytes);
        return true;
    }
    free(bytes);
    return broken ? fy_fail(err, FY_ERR_INVALID, "could not read %s", path)
                  : fy_fail(err, FY_ERR_INVALID, "%s has more than %u bytes", path, FY_WORKFLOW_TEXT_MAX);
}

static bool add_text(struct fy_workflow_texts *texts, const char *role, const char *path, struct fy_err *err)
{
    char *bytes = NULL;
    size_t length = 0;
    if (texts->count == FY_WORKFLOW_TEXTS)
        return fy_fail(err, FY_ERR_INVALID, "%s is one module too many: a workflow may have %d texts", path,
                       FY_WORKFLOW_TEXTS);
    if (!read_text(path, &bytes, &length, err))
        return false;
    char hex[FY_SHA256_HEX];
    fy_sha256_text(bytes, length, hex);
    texts->texts[texts->count++] = (struct fy_script_text){
        .role = fy_strdup(role), .sha256 = fy_strdup(hex), .bytes = bytes, .length = length};
    return true;
}

static bool has_role(const struct fy_workflow_texts *texts, const char *role)
{
    for (size_t i = 0; i < texts->count; i++)
        if (strcmp(texts->texts[i].role, role) == 0)
            return true;
    return false;
}

/* A name, quoted, behind "module" and perhaps a parenthesis. Returns where the search goes on, NULL at the
 * end. */
static const char *next_module(const char *at, char name[64])
{
    while ((at = strstr(at, "module")) != NULL) {
        at += strlen("module");
        const char *quote = at + strspn(at, " \t(");
        size_t length = *quote == '"' || *quote == '\'' ? strcspn(quote + 1, "\"'\n") : 0;
        if (length == 0 || length >= 64 || (quote[length + 1] != '"' && quote[length + 1] != '\''))
            continue;
        (void)snprintf(name, 64, "%.*s", (int)length, quote + 1);
        return quote + length + 1;
    }
    return NULL;
}

static bool is_plain_name(const char *name)
{
    for (const char *c = name; *c != '\0'; c++)
        if (isalnum((unsigned char)*c) == 0 && *c != '_' && *c != '-')
            return false;
    return *name != '\0';
}

/* One that is not found is left for the workflow to complain about, in its own line. */
static bool add_module(struct fy_workflow_texts *texts, const char *directory, const char *name,
                       const char *module, struct fy_err *err)
{
    if (!is_plain_name(module) || has_role(texts, module))
        return true;
    FY_AUTO(fy_free_ptr) char *own = fy_format("%s/%s/%s.lua", directory, name, module);
    FY_AUTO(fy_free_ptr) char *other = fy_format("%s/%s/%s.lua", directory, module, module);
    const char *path = access(own, R_OK) == 0 ? own : other;
    return access(path, R_OK) != 0 || add_text(texts, module, path, err);
}

bool fy_workflow_texts_read(struct fy_workflow_texts *texts, const char *directory, const char *name,
                            struct fy_err *err)
{
    const struct fy_script_text *prelude = fy_script_prelude();
    FY_AUTO(fy_free_ptr) char *path = fy_format("%s/%s/%s.lua", directory, name, name);
    char module[64];
    texts->texts[0] = (struct fy_script_text){.role = fy_strdup(prelude->role),
                                              .sha256 = fy_strdup(prelude->sha256),
                                              .bytes = fy_strndup(prelude->bytes, prelude->length),
                                              .length = prelude->length};
    texts->count = 1;
    if (!add_text(texts, "workflow", path, err))
        return false;
    for (size_t i = 1; i < texts->count; i++) /* a module may ask for further ones */
        for (const char *at = texts->texts[i].bytes; (at = next_module(at, module)) != NULL;)
            if (!add_module(texts, directory, name, module, err))
                return false;
    return true;
}

void fy_workflow_texts_free(struct fy_workflow_texts *texts)
{
    for (size_t i = 0; i < texts->count; i++) {
        free((void *)(uintptr_t)texts->texts[i].role);
        free((void *)(uintptr_t)texts->texts[i].sha256);
        free((void *)(uintptr_t)texts->texts[i].bytes);
    }
    texts->count = 0;
}
