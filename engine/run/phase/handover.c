/* SPDX-License-Identifier: Apache-2.0 */
/* fail: the look at what stands there, and the list for whoever takes over. */
#include "run/phase/handover.h"

#include "base/mem.h"
#include "base/point.h"
#include "run/planning.h"
#include "run/step/guards.h"
#include "run/verb/aside.h"
#include "run/watch/watch.h"

#include <string.h>

#define LOOK_MS 20000 /* run time; a network function that does not answer is handed over all the same */

/* ---- what stands there ------------------------------------------------------------------------------ */

static void put_instances(struct fy_buf *buf, const struct fy_landscape *landscape)
{
    fy_buf_key(buf, "instances");
    fy_buf_open(buf, '[');
    for (size_t i = 0; i < landscape->count; i++) {
        const struct fy_instance *instance = &landscape->instances[i];
        fy_buf_open(buf, '{');
        fy_buf_member(buf, "id", instance->id);
        fy_buf_member(buf, "vdu", instance->vdu);
        fy_buf_member(buf, "version", instance->version);
        fy_buf_member(buf, "domain", instance->domain == FY_SOURCE ? "source" : "target");
        fy_buf_member_bool(buf, "in_service", fy_in_service(instance));
        fy_buf_close(buf, '}');
    }
    fy_buf_close(buf, ']');
}

static bool counted_before(const struct fy_landscape *landscape, size_t at)
{
    for (size_t i = 0; i < at; i++)
        if (strcmp(landscape->instances[i].version != NULL ? landscape->instances[i].version : "?",
                   landscape->instances[at].version != NULL ? landscape->instances[at].version : "?") == 0)
            return true;
    return false;
}

static int64_t count_version(const struct fy_landscape *landscape, const char *version)
{
    int64_t count = 0;
    for (size_t i = 0; i < landscape->count; i++) {
        const char *other = landscape->instances[i].version;
        count += strcmp(other != NULL ? other : "?", version != NULL ? version : "?") == 0;
    }
    return count;
}

static size_t put_versions(struct fy_buf *buf, const struct fy_landscape *landscape)
{
    size_t versions = 0;
    fy_buf_key(buf, "versions");
    fy_buf_open(buf, '[');
    for (size_t i = 0; i < landscape->count; i++) {
        const char *version = landscape->instances[i].version;
        if (counted_before(landscape, i))
            continue;
        versions++;
        fy_buf_open(buf, '{');
        fy_buf_member(buf, "version", version != NULL ? version : "?");
        fy_buf_member_int(buf, "instances", count_version(landscape, version));
        fy_buf_close(buf, '}');
    }
    fy_buf_close(buf, ']');
    return versions;
}

static void put_users(struct fy_buf *buf, const struct fy_landscape *landscape)
{
    int64_t all = landscape->users[FY_SOURCE] + landscape->users[FY_TARGET];
    fy_buf_member_int(buf, "permille", all > 0 ? 1000 * landscape->users[FY_TARGET] / all : 0);
    fy_buf_key(buf, "users");
    fy_buf_open(buf, '{');
    fy_buf_member_int(buf, "source", landscape->users[FY_SOURCE]);
    fy_buf_member_int(buf, "target", landscape->users[FY_TARGET]);
    fy_buf_close(buf, '}');
    fy_buf_member_bool(buf, "split", landscape->split);
}

/* ---- backups, from the records ---------------------------------------------------------------------- */

struct backups {
    struct fy_buf *buf;
    char call[32]; /* of the last intent, if it made one */
};

static bool find_backup(void *context, const struct fy_row *row)
{
    struct backups *backups = context;
    if (row->kind != FY_REC_INTENT && row->kind != FY_REC_OUTCOME)
        return true;
    FY_AUTO(fy_json_unref) json_t *doc = fy_json_parse(row->body, row->body_length, "a record", NULL);
    const char *call = fy_json_string_or(doc, "call", "");
    if (row->kind == FY_REC_INTENT) {
        bool makes = strcmp(call, "backup") == 0 || strcmp(call, "config_backup") == 0;
        (void)snprintf(backups->call, sizeof backups->call, "%s", makes ? call : "");
        return true;
    }
    const char *id = fy_json_string_or(json_object_get(doc, "result"), "id", NULL);
    if (backups->call[0] == '\0' || id == NULL)
        return true;
    fy_buf_open(backups->buf, '{');
    fy_buf_member(backups->buf, "id", id);
    fy_buf_member(backups->buf, "call", backups->call);
    fy_buf_member_int(backups->buf, "step", fy_json_int_or(doc, "step", 0));
    fy_buf_member_int(backups->buf, "at_ms", row->time_ms);
    fy_buf_close(backups->buf, '}');
    return true;
}

static void put_backups(const struct fy_live *live, struct fy_buf *buf)
{
    struct fy_store *store = live->engine->world.store;
    struct backups backups = {.buf = buf};
    struct fy_err err;
    fy_buf_key(buf, "backups");
    fy_buf_open(buf, '[');
    (void)store->read(store, live->run->id, 0, find_backup, &backups,
                      &err); /* what cannot be read is not told */
    fy_buf_close(buf, ']');
}

/* ---- the list --------------------------------------------------------------------------------------- */

static void put_guards(struct fy_buf *buf, const struct fy_run *run)
{
    fy_buf_key(buf, "guards");
    fy_buf_open(buf, '[');
    for (size_t i = 0; i < run->held_count; i++) {
        const struct fy_held *held = &run->held[i];
        if (!held->held && held->as_it_was)
            continue;
        fy_buf_open(buf, '{');
        fy_buf_member(buf, "guard", held->guard);
        fy_buf_member(buf, "connection", held->connection);
        fy_buf_member_bool(buf, "held", held->held);
        fy_buf_member_raw(buf, "prior", held->prior);
        fy_buf_member(buf, "why", held->why);
        fy_buf_close(buf, '}');
    }
    fy_buf_close(buf, ']');
}

static void owe(struct fy_buf *buf, const char *format, ...) FY_PRINTF(2, 3);

static void owe(struct fy_buf *buf, const char *format, ...)
{
    char text[512];
    va_list args;
    va_start(args, format);
    int length = vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (length < 0)
        return;
    if (buf->data[buf->length - 1] != '[')
        fy_buf_text(buf, ",");
    fy_buf_json_string(buf, text, strlen(text));
}

/* What is left to be done by hand, in sentences. */
static void put_owed(struct fy_buf *buf, const struct fy_run *run, const struct fy_landscape *landscape,
                     size_t versions)
{
    fy_buf_key(buf, "owed");
    fy_buf_open(buf, '[');
    for (size_t i = 0; i < run->held_count; i++)
        if (run->held[i].held)
            owe(buf, "give guard %s of %s back: it was %s", run->held[i].guard, run->held[i].connection,
                run->held[i].prior);
        else if (!run->held[i].as_it_was)
            owe(buf, "look at guard %s of %s: %s", run->held[i].guard, run->held[i].connection,
                run->held[i].why != NULL ? run->held[i].why : "it is not as it was");
    if (run->handover->step != NULL)
        owe(buf, "find out what became of the step that was open");
    if (landscape == NULL)
        owe(buf, "find out what stands there: it could not be seen");
    else if (landscape->split)
        owe(buf, "bring the users to one version and join the two domains");
    for (size_t i = 0; i < run->aside_count; i++)
        owe(buf, "mend %s, which was set aside: %s", run->aside[i].instance, run->aside[i].why);
    if (versions > 1)
        owe(buf, "bring all instances to one version");
    fy_buf_close(buf, ']');
}

static void put_list(struct fy_live *live, const struct fy_landscape *landscape, const struct fy_err *unseen)
{
    const struct fy_run *run = live->run;
    struct fy_buf body = {0};
    size_t versions = 0;
    fy_buf_open(&body, '{');
    fy_buf_member(&body, "to", run->handover->to);
    fy_buf_member(&body, "by", run->handover->by);
    fy_buf_member(&body, "why", run->handover->why);
    fy_buf_member_bool(&body, "seen", landscape != NULL);
    if (landscape != NULL) {
        put_users(&body, landscape);
        versions = put_versions(&body, landscape);
        put_instances(&body, landscape);
    } else {
        fy_buf_member(&body, "unseen", unseen->message);
    }
    put_guards(&body, run);
    fy_buf_member_raw(&body, "step", run->handover->step);
    put_backups(live, &body);
    put_owed(&body, run, landscape, versions);
    fy_buf_close(&body, '}');
    fy_put(live, FY_REC_HANDED_OVER, &body);
}

static void put_failed(struct fy_live *live)
{
    const struct fy_run *run = live->run;
    enum fy_state to;
    if (!fy_state_move(run, run->state, "fail", true, &to))
        return;
    FY_AUTO(fy_free_ptr) char *guards = fy_guards_hand_over(run);
    FY_AUTO(fy_free_ptr) char *why = fy_format("%s: %s", guards, run->handover->to);
    struct fy_err kept = {.kind = run->error.kind};
    if (run->error.message != NULL)
        (void)snprintf(kept.message, sizeof kept.message, "%s", run->error.message);
    live->dirty = true;
    fy_put_state(live, to, "fail", why, kept.kind != FY_ERR_NONE ? &kept : NULL);
}

static void looked(void *context, struct fy_question *questions, size_t count)
{
    struct fy_live *live = context;
    struct fy_landscape *landscape = NULL;
    struct fy_err unseen = {0};
    (void)count;
    if (live->tail == FY_STATE_FAILED_TEMP && live->run->state == FY_STATE_FAILED_TEMP &&
        live->run->asked != NULL && strcmp(live->run->asked, "fail") == 0) {
        if (!fy_planning_landscape(questions, &landscape, &unseen))
            landscape = NULL;
        FY_POINT(run_before_hand_over);
        put_list(live, landscape, &unseen);
        put_failed(live);
        fy_landscape_free(landscape);
        fy_flush(live);
    }
    fy_drive(live);
}

void fy_handover_drive(struct fy_live *live)
{
    struct fy_question questions[FY_PLANNING_QUESTIONS];
    struct fy_ask_who who = {
        .engine = live->engine, .run = live->run->id, .base = &live->run->base, .patience_ms = LOOK_MS};
    if (live->aside != NULL)
        return;
    fy_planning_ask(live->run->order, questions);
    live->aside_when = "hand over";
    fy_ask(&who, questions, FY_PLANNING_QUESTIONS, looked, live, &live->aside);
}
