/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/catalogue.h"

#include "base/log.h"
#include "base/mem.h"
#include "script/prelude.h"

#include <string.h>

static void ask(const struct fy_catalog_entry *entry, const char *run, struct fy_script *script)
{
    const struct fy_script_start start = {
        .run = run,
        .texts = entry->texts,
        .text_count = entry->text_count,
        .api = FY_SCRIPT_API,
        .function = "", /* none of them: only what there is */
        .args = "{}",
    };
    script->start(script, &start);
}

static void on_event(void *context, const struct fy_script_event *event)
{
    struct fy_catalogue *catalogue = context;
    struct fy_err err = event->err;
    size_t i = 0;
    while (i < catalogue->read->count && strcmp(catalogue->runs[i], event->run) != 0)
        i++;
    if (i == catalogue->read->count)
        return;
    if (event->kind == FY_SCRIPT_LOST) { /* its host was killed: nobody's fault, so ask the next one */
        ask(&catalogue->read->entry[i], catalogue->runs[i], catalogue->script);
        return;
    }
    catalogue->waiting--;
    if (event->kind == FY_SCRIPT_DONE)
        catalogue->declared[i] = fy_catalog_declare(&catalogue->read->entry[i], event->result, &err);
    else if (event->kind == FY_SCRIPT_CALL)
        (void)fy_fail(&err, FY_ERR_INVALID, "it takes a step (%s) outside its functions", event->call);
    if (!catalogue->declared[i])
        fy_log_err(&err, "workflow %s is left out", catalogue->read->entry[i].name);
}

bool fy_catalogue_ask(struct fy_catalogue *catalogue, const char *directory, struct fy_script *script,
                      struct fy_err *err)
{
    if (!fy_catalog_read(directory, &catalogue->read, err))
        return false;
    size_t count = catalogue->read->count;
    catalogue->runs = FY_NEW_ARRAY(char *, count + 1);
    catalogue->declared = FY_NEW_ARRAY(bool, count + 1);
    catalogue->waiting = count;
    catalogue->script = script;
    script->on_event = on_event;
    script->context = catalogue;
    for (size_t i = 0; i < count; i++) {
        catalogue->runs[i] = fy_format("catalogue/%s", catalogue->read->entry[i].name); /* no run's name */
        ask(&catalogue->read->entry[i], catalogue->runs[i], script);
    }
    return true;
}

static struct fy_workflow workflow_of(const struct fy_catalog_entry *entry)
{
    return (struct fy_workflow){
        .name = entry->name,
        .version = entry->version,
        .api = entry->api,
        .texts = entry->texts,
        .text_count = entry->text_count,
        .params = entry->params,
        .needs = entry->needs,
    };
}

void fy_catalogue_settle(struct fy_catalogue *catalogue, struct fy_script *script)
{
    catalogue->workflows = FY_NEW_ARRAY(struct fy_workflow, catalogue->read->count + 1);
    for (size_t i = 0; i < catalogue->read->count; i++) {
        script->drop(script, catalogue->runs[i]);
        if (catalogue->declared[i])
            catalogue->workflows[catalogue->count++] = workflow_of(&catalogue->read->entry[i]);
    }
    script->on_event = NULL;
    script->context = NULL;
}
