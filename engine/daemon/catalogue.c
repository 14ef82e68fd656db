/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/catalogue.h"

#include "base/log.h"
#include "base/mem.h"
#include "script/prelude.h"

#include <string.h>

static void ask(struct fy_catalogue *catalogue, size_t i)
{
    const struct fy_catalog_entry *entry = &catalogue->read->entry[i];
    const struct fy_script_start start = {
        .run = catalogue->runs[i],
        .texts = entry->texts,
        .text_count = entry->text_count,
        .api = FY_SCRIPT_API,
        .function = "", /* none of them: only what there is */
        .args = "{}",
    };
    catalogue->stand[i] = FY_CATALOGUE_ASKED;
    catalogue->script->start(catalogue->script, &start);
}

static void take_up(struct fy_catalogue *catalogue, size_t i)
{
    const struct fy_catalog_entry *entry = &catalogue->read->entry[i];
    catalogue->workflows[catalogue->count++] = (struct fy_workflow){
        .name = entry->name,
        .version = entry->version,
        .api = entry->api,
        .texts = entry->texts,
        .text_count = entry->text_count,
        .params = entry->params,
        .needs = entry->needs,
    };
}

/* Its host hung or died: on a machine in trouble that says nothing about the text. */
static bool may_be_innocent(const struct fy_script_event *event)
{
    return event->kind == FY_SCRIPT_ERROR && event->reason != NULL &&
           (strcmp(event->reason, "hung") == 0 || strcmp(event->reason, "host") == 0);
}

static enum fy_catalogue_stand read_answer(struct fy_catalogue *catalogue, size_t i,
                                           const struct fy_script_event *event)
{
    struct fy_catalog_entry *entry = &catalogue->read->entry[i];
    struct fy_err err = event->err;
    bool later = may_be_innocent(event);
    if (event->kind == FY_SCRIPT_DONE && fy_catalog_declare(entry, event->result, &err))
        return FY_CATALOGUE_KNOWN;
    if (event->kind == FY_SCRIPT_CALL)
        (void)fy_fail(&err, FY_ERR_INVALID, "it takes a step (%s) outside its functions", event->call);
    fy_log_err(&err, later ? "workflow %s is left out for now" : "workflow %s is left out", entry->name);
    return later ? FY_CATALOGUE_LATER : FY_CATALOGUE_WRONG;
}

static void on_answer(struct fy_catalogue *catalogue, size_t i, const struct fy_script_event *event)
{
    catalogue->waiting--;
    catalogue->stand[i] = read_answer(catalogue, i, event);
    if (catalogue->grown == NULL) /* not settled yet */
        return;
    catalogue->script->drop(catalogue->script, catalogue->runs[i]);
    if (catalogue->stand[i] != FY_CATALOGUE_KNOWN)
        return;
    take_up(catalogue, i);
    fy_log(FY_LOG_INFO, "workflow %s has answered and is in the catalogue now",
           catalogue->read->entry[i].name);
    catalogue->grown(catalogue->context);
}

static void on_event(void *context, const struct fy_script_event *event)
{
    struct fy_catalogue *catalogue = context;
    size_t i = 0;
    while (i < catalogue->read->count && strcmp(catalogue->runs[i], event->run) != 0)
        i++;
    if (i == catalogue->read->count) {
        if (catalogue->pass_on != NULL)
            catalogue->pass_on(catalogue->pass_to, event);
        return;
    }
    if (catalogue->stand[i] != FY_CATALOGUE_ASKED)
        return;
    if (event->kind == FY_SCRIPT_LOST) /* its host was killed: nobody's fault, so ask the next one */
        ask(catalogue, i);
    else
        on_answer(catalogue, i, event);
}

bool fy_catalogue_ask(struct fy_catalogue *catalogue, const char *directory, struct fy_script *script,
                      struct fy_err *err)
{
    if (!fy_catalog_read(directory, &catalogue->read, err))
        return false;
    size_t count = catalogue->read->count;
    catalogue->runs = FY_NEW_ARRAY(char *, count + 1);
    catalogue->stand = FY_NEW_ARRAY(enum fy_catalogue_stand, count + 1);
    catalogue->workflows = FY_NEW_ARRAY(struct fy_workflow, count + 1);
    catalogue->waiting = count;
    catalogue->tries = 1;
    catalogue->script = script;
    script->on_event = on_event;
    script->context = catalogue;
    for (size_t i = 0; i < count; i++) {
        catalogue->runs[i] = fy_format("catalogue/%s", catalogue->read->entry[i].name); /* no run's name */
        ask(catalogue, i);
    }
    return true;
}

/* Who has not answered up to now is not waited for any longer. */
static void give_up_waiting(struct fy_catalogue *catalogue)
{
    for (size_t i = 0; i < catalogue->read->count; i++) {
        if (catalogue->stand[i] != FY_CATALOGUE_ASKED)
            continue;
        fy_log(FY_LOG_WARNING, "workflow %s has not answered and is left out for now",
               catalogue->read->entry[i].name);
        catalogue->script->drop(catalogue->script, catalogue->runs[i]);
        catalogue->stand[i] = FY_CATALOGUE_LATER;
        catalogue->waiting--;
    }
}

void fy_catalogue_settle(struct fy_catalogue *catalogue)
{
    give_up_waiting(catalogue);
    for (size_t i = 0; i < catalogue->read->count; i++) {
        catalogue->script->drop(catalogue->script, catalogue->runs[i]);
        if (catalogue->stand[i] == FY_CATALOGUE_KNOWN)
            take_up(catalogue, i);
    }
    catalogue->script->on_event = NULL;
    catalogue->script->context = NULL;
}

void fy_catalogue_follow(struct fy_catalogue *catalogue, void (*grown)(void *context), void *context)
{
    catalogue->pass_on = catalogue->script->on_event;
    catalogue->pass_to = catalogue->script->context;
    catalogue->grown = grown;
    catalogue->context = context;
    catalogue->script->on_event = on_event;
    catalogue->script->context = catalogue;
}

bool fy_catalogue_again(struct fy_catalogue *catalogue)
{
    bool any = false;
    give_up_waiting(catalogue);
    if (catalogue->tries++ >= FY_CATALOGUE_TRIES)
        return false;
    for (size_t i = 0; i < catalogue->read->count; i++)
        if (catalogue->stand[i] == FY_CATALOGUE_LATER) {
            any = true;
            catalogue->waiting++;
            ask(catalogue, i);
        }
    return any;
}

void fy_catalogue_free(struct fy_catalogue *catalogue)
{
    for (size_t i = 0; catalogue->read != NULL && i < catalogue->read->count; i++)
        free(catalogue->runs[i]);
    free(catalogue->runs);
    free(catalogue->stand);
    free(catalogue->workflows);
    fy_catalog_free(catalogue->read);
    *catalogue = (struct fy_catalogue){0};
}
