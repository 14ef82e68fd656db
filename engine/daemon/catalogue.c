/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/catalogue.h"

#include "base/log.h"
#include "base/mem.h"
#include "daemon/catalogue_texts.h"
#include "script/prelude.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define PREFIX "catalogue/" /* no run has a name like this */

struct fy_catalogue_entry {
    char *name, *run;
    struct fy_workflow_texts texts;
    json_t *description; /* NULL until it was described, or for good */
    char *needs, *params;
};

static void add_entry(struct fy_catalogue *catalogue, const char *directory, const char *name)
{
    struct fy_catalogue_entry entry = {0};
    struct fy_err err;
    if (!fy_workflow_texts_read(&entry.texts, directory, name, &err)) {
        fy_log_err(&err, "workflow %s is left out", name);
        fy_workflow_texts_free(&entry.texts);
        return;
    }
    entry.name = fy_strdup(name);
    entry.run = fy_format(PREFIX "%s", name);
    catalogue->entries =
        fy_realloc(catalogue->entries, (catalogue->entry_count + 1) * sizeof *catalogue->entries);
    catalogue->entries[catalogue->entry_count++] = entry;
}

static int by_name(const void *a, const void *b)
{
    const struct fy_catalogue_entry *left = a;
    const struct fy_catalogue_entry *right = b;
    return strcmp(left->name, right->name);
}

bool fy_catalogue_read(struct fy_catalogue *catalogue, const char *directory, struct fy_err *err)
{
    const struct dirent *item = NULL;
    DIR *folder = opendir(directory);
    if (folder == NULL)
        return fy_fail_errno(err, "could not read the workflows in %s", directory);
    while ((item = readdir(folder)) != NULL) { // NOLINT(concurrency-mt-unsafe): a stream of its own
        FY_AUTO(fy_free_ptr) char *path = fy_format("%s/%s/%s.lua", directory, item->d_name, item->d_name);
        if (item->d_name[0] != '.' && access(path, R_OK) == 0)
            add_entry(catalogue, directory, item->d_name);
    }
    (void)closedir(folder);
    if (catalogue->entry_count > 0)
        qsort(catalogue->entries, catalogue->entry_count, sizeof *catalogue->entries, by_name);
    return true;
}

static struct fy_catalogue_entry *find_entry(struct fy_catalogue *catalogue, const char *run)
{
    for (size_t i = 0; i < catalogue->entry_count; i++)
        if (strcmp(catalogue->entries[i].run, run) == 0)
            return &catalogue->entries[i];
    return NULL;
}

static void on_event(void *context, const struct fy_script_event *event)
{
    struct fy_catalogue *catalogue = context;
    struct fy_catalogue_entry *entry = find_entry(catalogue, event->run);
    struct fy_err err = event->err;
    if (entry == NULL)
        return;
    catalogue->waiting--;
    if (event->kind == FY_SCRIPT_DONE)
        entry->description = fy_json_parse(event->result, strlen(event->result), "its description", &err);
    else if (event->kind == FY_SCRIPT_CALL)
        (void)fy_fail(&err, FY_ERR_INVALID, "it takes a step (%s) outside its functions", event->call);
    if (entry->description == NULL)
        fy_log_err(&err, "workflow %s is left out", entry->name);
}

void fy_catalogue_describe(struct fy_catalogue *catalogue, struct fy_script *script)
{
    script->on_event = on_event;
    script->context = catalogue;
    catalogue->waiting = catalogue->entry_count;
    for (size_t i = 0; i < catalogue->entry_count; i++) {
        struct fy_catalogue_entry *entry = &catalogue->entries[i];
        const struct fy_script_start start = {
            .run = entry->run,
            .texts = entry->texts.texts,
            .text_count = entry->texts.count,
            .api = FY_SCRIPT_API,
            .function = "", /* nothing of it: only what it is */
            .args = "{}",
        };
        script->start(script, &start);
    }
}

/* "1.4" is major version 1. */
static bool read_description(struct fy_catalogue_entry *entry, struct fy_workflow *ret, struct fy_err *err)
{
    const char *name = NULL;
    const char *version = NULL;
    if (!fy_json_string(entry->description, "name", &name, err) ||
        !fy_json_string(entry->description, "version", &version, err))
        return false;
    if (strcmp(name, entry->name) != 0)
        return fy_fail(err, FY_ERR_INVALID, "it calls itself %s, but lies in the folder %s", name,
                       entry->name);
    entry->needs = fy_json_text(json_object_get(entry->description, "needs"));
    entry->params = fy_json_text(json_object_get(entry->description, "params"));
    *ret = (struct fy_workflow){
        .name = entry->name,
        .version = (int)strtol(version, NULL, 10),
        .api = (uint32_t)fy_json_int_or(entry->description, "api", FY_SCRIPT_API),
        .texts = entry->texts.texts,
        .text_count = entry->texts.count,
        .params = entry->params,
        .needs = entry->needs,
    };
    return true;
}

void fy_catalogue_settle(struct fy_catalogue *catalogue, struct fy_script *script)
{
    catalogue->workflows = FY_NEW_ARRAY(struct fy_workflow, catalogue->entry_count + 1);
    for (size_t i = 0; i < catalogue->entry_count; i++) {
        struct fy_catalogue_entry *entry = &catalogue->entries[i];
        struct fy_err err;
        script->drop(script, entry->run);
        if (entry->description == NULL)
            continue;
        if (read_description(entry, &catalogue->workflows[catalogue->count], &err))
            catalogue->count++;
        else
            fy_log_err(&err, "workflow %s is left out", entry->name);
    }
    script->on_event = NULL;
    script->context = NULL;
}

void fy_catalogue_free(struct fy_catalogue *catalogue)
{
    for (size_t i = 0; i < catalogue->entry_count; i++) {
        struct fy_catalogue_entry *entry = &catalogue->entries[i];
        fy_workflow_texts_free(&entry->texts);
        json_decref(entry->description);
        free(entry->name);
        free(entry->run);
        free(entry->needs);
        free(entry->params);
    }
    free(catalogue->entries);
    free(catalogue->workflows);
    *catalogue = (struct fy_catalogue){0};
}
