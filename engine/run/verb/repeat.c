/* SPDX-License-Identifier: Apache-2.0 */
#include "run/verb/repeat.h"

#include "base/mem.h"

#include <string.h>

struct search {
    const struct fy_caller *caller;
    bool found;
};

/* A key is its sender's: another's same key is another key. */
static bool look_at(void *context, const struct fy_row *row)
{
    struct search *search = context;
    struct fy_err ignored;
    if (row->kind != FY_REC_COMMAND && row->kind != FY_REC_APPROVAL_GIVEN && row->kind != FY_REC_AMENDED)
        return true;
    FY_AUTO(fy_json_unref) json_t *doc = fy_json_parse(row->body, row->body_length, "command", &ignored);
    const json_t *caller = json_object_get(doc, "caller");
    search->found = strcmp(fy_json_string_or(caller, "key", ""), search->caller->key) == 0 &&
                    strcmp(fy_json_string_or(caller, "who", ""), search->caller->who) == 0;
    return !search->found;
}

bool fy_command_repeats(struct fy_engine *engine, const struct fy_live *live, const char *run,
                        const struct fy_caller *caller)
{
    struct search search = {.caller = caller};
    struct fy_store *store = engine->world.store;
    struct fy_err ignored;
    if (caller->key == NULL || caller->key[0] == '\0')
        return false;
    if (live != NULL && live->last_key != NULL && strcmp(live->last_key, caller->key) == 0)
        return true; /* perhaps not durable yet */
    return store->read(store, run, 0, look_at, &search, &ignored) && search.found;
}

void fy_command_note_key(struct fy_live *live, const struct fy_caller *caller)
{
    free(live->last_key);
    live->last_key = caller->key != NULL ? fy_strdup(caller->key) : NULL;
}
