/* SPDX-License-Identifier: Apache-2.0 */
#include "script/catalog.h"

#include "base/beside.h"
#include "base/buf.h"
#include "base/mem.h"
#include "base/sha256.h"
#include "script/prelude.h"
#include "script/program.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define TEXT_MAX    (1u << 20)
#define MODULES_MAX 32

char *fy_script_describe(const struct fy_script_text *texts, size_t count, struct fy_err *err)
{
    struct fy_script_event event;
    struct fy_workshop *shop = fy_workshop_new(NULL);
    struct fy_script_start start = {.run = "description",
                                    .texts = texts,
                                    .text_count = count,
                                    .api = FY_SCRIPT_API,
                                    .function = "",
                                    .args = "{}"};
    struct fy_program *program = fy_program_start(shop, &start, &event);
    char *result = NULL;
    if (event.kind == FY_SCRIPT_DONE)
        result = fy_strdup(event.result);
    else if (event.kind == FY_SCRIPT_ERROR && err != NULL)
        *err = event.err;
    else
        fy_fail(err, FY_ERR_INVALID, "the workflow takes a step (%s) outside its functions", event.call);
    fy_program_free(program);
    fy_workshop_free(shop);
    return result;
}

static bool read_text(const char *path, struct fy_buf *ret, struct fy_err *err)
{
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return fy_fail_errno(err, "could not open %s", path);
    char part[4096];
    size_t got;
    while ((got = fread(part, 1, sizeof part, file)) > 0 && ret->length <= TEXT_MAX)
        fy_buf_put(ret, part, got);
    bool failed = ferror(file) != 0;
    (void)fclose(file);
    if (failed)
        return fy_fail(err, FY_ERR_TRANSIENT, "could not read %s", path);
    if (ret->length > TEXT_MAX || memchr(ret->data, '\0', ret->length) != NULL)
        return fy_fail(err, FY_ERR_INVALID,
                       "%s is not the text of a workflow (over 1 MiB, or with NUL bytes)", path);
    return true;
}

static void put_text(struct fy_catalog_entry *entry, const char *role, const char *bytes, size_t length)
{
    char digest[FY_SHA256_HEX];
    fy_sha256_text(bytes, length, digest);
    entry->texts = fy_realloc(entry->texts, (entry->text_count + 1) * sizeof *entry->texts);
    entry->texts[entry->text_count++] = (struct fy_script_text){.role = fy_strdup(role),
                                                                .sha256 = fy_strdup(digest),
                                                                .bytes = fy_strndup(bytes, length),
                                                                .length = length};
}

static bool add_text(struct fy_catalog_entry *entry, const char *role, const char *path, struct fy_err *err)
{
    FY_AUTO(fy_buf_free) struct fy_buf buf = {0};
    fy_buf_put(&buf, "", 0);
    if (!read_text(path, &buf, err))
        return false;
    put_text(entry, role, buf.data, buf.length);
    return true;
}

static bool has_text(const struct fy_catalog_entry *entry, const char *role)
{
    for (size_t i = 0; i < entry->text_count; i++)
        if (strcmp(entry->texts[i].role, role) == 0)
            return true;
    return false;
}

/* The next module "name" or module('name') behind *at, into name. */
static bool next_module(const char **at, char name[64])
{
    while ((*at = strstr(*at, "module")) != NULL) {
        const char *open = *at + strlen("module");
        *at = open;
        open += strspn(open, " \t(");
        if (*open != '"' && *open != '\'')
            continue;
        size_t length = strcspn(open + 1, "\"'\n");
        if (length == 0 || length >= 64)
            continue;
        memcpy(name, open + 1, length);
        name[length] = '\0';
        if (strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_-") == length)
            return true;
    }
    return false;
}

/* Where modules are sought: near is the workflow's own folder, far the catalogue, own that of this Ferry (or
 * NULL). */
struct places {
    const char *near, *far, *own;
};

static bool add_module(struct fy_catalog_entry *entry, const struct places *places, const char *name,
                       struct fy_err *err)
{
    struct stat found;
    FY_AUTO(fy_free_ptr) char *near = fy_format("%s/%s.lua", places->near, name);
    FY_AUTO(fy_free_ptr) char *far = fy_format("%s/%s/%s.lua", places->far, name, name);
    FY_AUTO(fy_free_ptr)
    char *own = places->own != NULL ? fy_format("%s/%s/%s.lua", places->own, name, name) : NULL;
    bool is_near = stat(near, &found) == 0, is_far = stat(far, &found) == 0;
    if (!is_near && !is_far && own != NULL && stat(own, &found) == 0)
        return add_text(entry, name, own, err);
    if (!is_near && !is_far)
        return fy_fail(err, FY_ERR_NOT_FOUND, "module \"%s\" is neither %s nor %s", name, near, far);
    return add_text(entry, name, is_near ? near : far, err);
}

/* Texts grow while they are read: a module may want others. */
static bool add_modules(struct fy_catalog_entry *entry, const struct places *places, struct fy_err *err)
{
    for (size_t i = 1; i < entry->text_count; i++) {
        const char *at = entry->texts[i].bytes;
        char name[64];
        while (next_module(&at, name)) {
            if (has_text(entry, name))
                continue;
            if (entry->text_count == MODULES_MAX)
                return fy_fail(err, FY_ERR_INVALID, "a workflow may want %d modules, not more",
                               MODULES_MAX - 2);
            if (!add_module(entry, places, name, err))
                return false;
        }
    }
    return true;
}

static void add_prelude(struct fy_catalog_entry *entry)
{
    const struct fy_script_text *prelude = fy_script_prelude();
    entry->texts = FY_NEW_ARRAY(struct fy_script_text, 1);
    entry->text_count = 1;
    entry->texts[0] = (struct fy_script_text){.role = fy_strdup(prelude->role),
                                              .sha256 = fy_strdup(prelude->sha256),
                                              .bytes = fy_strndup(prelude->bytes, prelude->length),
                                              .length = prelude->length};
}

static char *take_text(struct fy_piece object, const char *member)
{
    struct fy_buf text = {0};
    (void)fy_piece_decode(fy_piece_member(object, member), &text);
    return fy_buf_take(&text);
}

bool fy_catalog_declare(struct fy_catalog_entry *entry, const char *described, struct fy_err *err)
{
    struct fy_piece whole = {described, strlen(described)};
    struct fy_piece params = fy_piece_member(whole, "params"), needs = fy_piece_member(whole, "needs");
    FY_AUTO(fy_free_ptr) char *name = take_text(whole, "name");
    if (name == NULL || strcmp(name, entry->name) != 0)
        return fy_fail(err, FY_ERR_INVALID,
                       "workflow %s calls itself \"%s\"; folder, file and name must be the same", entry->name,
                       name != NULL ? name : "");
    entry->version_text = take_text(whole, "version");
    entry->version = (int)strtol(entry->version_text, NULL, 10);
    entry->api = (uint32_t)fy_piece_int(fy_piece_member(whole, "api"), 0);
    entry->params = fy_strndup(params.text, params.length);
    entry->needs = fy_strndup(needs.text, needs.length);
    return true;
}

static bool read_entry(const char *directory, const char *folder, struct fy_catalog_entry *entry,
                       struct fy_err *err)
{
    FY_AUTO(fy_free_ptr) char *near = fy_format("%s/%s", directory, folder);
    FY_AUTO(fy_free_ptr) char *path = fy_format("%s/%s.lua", near, folder);
    const struct places places = {.near = near, .far = directory};
    add_prelude(entry);
    entry->name = fy_strdup(folder);
    if (!add_text(entry, "workflow", path, err) || !add_modules(entry, &places, err))
        return fy_wrap(err, "workflow %s", folder);
    return true;
}

static char *own_catalogue(void)
{
    static const char *const places[] = {"share/ferry/workflows", "workflows", NULL};
    return fy_find_beside(places);
}

static bool add_modules_of(struct fy_catalog_entry *entry, const char *folder, struct fy_err *err)
{
    FY_AUTO(fy_free_ptr) char *far = fy_format("%s/..", folder);
    FY_AUTO(fy_free_ptr) char *own = own_catalogue();
    const struct places places = {.near = folder, .far = far, .own = own};
    return add_modules(entry, &places, err);
}

bool fy_catalog_read_file(const char *path, struct fy_catalog_entry *entry, struct fy_err *err)
{
    const char *slash = strrchr(path, '/');
    FY_AUTO(fy_free_ptr)
    char *near = slash != NULL ? fy_strndup(path, (size_t)(slash - path)) : fy_strdup(".");
    add_prelude(entry);
    return add_text(entry, "workflow", path, err) && add_modules_of(entry, near, err);
}

bool fy_catalog_read_text(const char *text, const char *folder, struct fy_catalog_entry *entry,
                          struct fy_err *err)
{
    add_prelude(entry);
    put_text(entry, "workflow", text, strlen(text));
    return add_modules_of(entry, folder, err);
}

void fy_catalog_free_entry(struct fy_catalog_entry *entry)
{
    for (size_t i = 0; i < entry->text_count; i++) {
        free((void *)(uintptr_t)entry->texts[i].role);
        free((void *)(uintptr_t)entry->texts[i].sha256);
        free((void *)(uintptr_t)entry->texts[i].bytes);
    }
    free(entry->texts);
    free(entry->name);
    free(entry->version_text);
    free(entry->params);
    free(entry->needs);
}

/* Folders that hold a workflow: those with a text of their own name. */
static int is_workflow(const char *directory, const char *folder)
{
    struct stat found;
    FY_AUTO(fy_free_ptr) char *path = fy_format("%s/%s/%s.lua", directory, folder, folder);
    return folder[0] != '.' && stat(path, &found) == 0;
}

bool fy_catalog_read(const char *directory, struct fy_catalog **ret_catalog, struct fy_err *err)
{
    struct dirent **found;
    int count = scandir(directory, &found, NULL, alphasort);
    if (count < 0)
        return fy_fail_errno(err, "could not read the catalogue of workflows %s", directory);
    struct fy_catalog *catalog = FY_NEW(struct fy_catalog);
    bool good = true;
    for (int i = 0; i < count; i++) {
        if (good && is_workflow(directory, found[i]->d_name)) {
            catalog->entry = fy_realloc(catalog->entry, (catalog->count + 1) * sizeof *catalog->entry);
            catalog->entry[catalog->count] = (struct fy_catalog_entry){0};
            good = read_entry(directory, found[i]->d_name, &catalog->entry[catalog->count++], err);
        }
        free(found[i]);
    }
    free(found);
    if (!good) {
        fy_catalog_free(catalog);
        return false;
    }
    *ret_catalog = catalog;
    return true;
}

static bool describe(struct fy_catalog_entry *entry, struct fy_err *err)
{
    FY_AUTO(fy_free_ptr) char *described = fy_script_describe(entry->texts, entry->text_count, err);
    if (described == NULL)
        return fy_wrap(err, "workflow %s", entry->name);
    return fy_catalog_declare(entry, described, err);
}

bool fy_catalog_open(const char *directory, struct fy_catalog **ret_catalog, struct fy_err *err)
{
    struct fy_catalog *catalog = NULL;
    if (!fy_catalog_read(directory, &catalog, err) || catalog == NULL)
        return false;
    for (size_t i = 0; i < catalog->count; i++)
        if (!describe(&catalog->entry[i], err)) {
            fy_catalog_free(catalog);
            return false;
        }
    *ret_catalog = catalog;
    return true;
}

void fy_catalog_free(struct fy_catalog *catalog)
{
    if (catalog == NULL)
        return;
    for (size_t i = 0; i < catalog->count; i++)
        fy_catalog_free_entry(&catalog->entry[i]);
    free(catalog->entry);
    free(catalog);
}
