/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From one engine to another: a verb for a run that is not ours lies in the table posted_command until the
 * owner takes it. It is marked as taken before it is done, so it is done at most once; where the owner ends
 * in between, whoever sent it is told that nobody knows, and looks at the run.
 */
#include "fleet/inside.h"

#include "base/log.h"
#include "base/mem.h"

#include <stdio.h>
#include <string.h>

#define TAKE_WITHIN "10 s" /* of being posted; what is older has been given up by its sender */

static const char post_sql[] =
    "WITH posted AS (INSERT INTO ferry.posted_command (run, verb, args, caller, posted_by) "
    "VALUES ($1, $2, $3, $4, $5::bigint) RETURNING id) "
    "SELECT id, pg_notify('" FY_FLEET_CHANNEL "', 'command') FROM posted";

static const char take_sql[] =
    "UPDATE ferry.posted_command AS c SET taken_by = $1::bigint, taken_at = clock_timestamp() "
    "FROM ferry.run_owner AS o JOIN ferry.run AS r ON r.number = o.run "
    "WHERE r.name = c.run AND o.epoch = $1::bigint AND c.taken_by IS NULL "
    "AND c.posted_at > clock_timestamp() - interval '" TAKE_WITHIN "' "
    "RETURNING c.id, c.run, c.verb, c.args, c.caller";

static const char answer_sql[] =
    "WITH answered AS (UPDATE ferry.posted_command SET status = $2::int, answer = $3, "
    "answered_at = clock_timestamp() WHERE id = $1::bigint AND status IS NULL RETURNING id) "
    "SELECT pg_notify('" FY_FLEET_CHANNEL "', 'answer') FROM answered";

/* What has an answer, or will never get one. */
static const char fetch_sql[] =
    "SELECT c.id, c.status, c.answer FROM ferry.posted_command AS c "
    "LEFT JOIN ferry.engine AS e ON e.epoch = c.taken_by WHERE c.posted_by = $1::bigint "
    "AND c.id = ANY ($2::bigint[]) AND (c.status IS NOT NULL OR e.state = 'fenced')";

/* Withdrawn: only what nobody has taken. */
static const char withdraw_sql[] =
    "UPDATE ferry.posted_command SET taken_by = posted_by, status = 503, answer = 'withdrawn' "
    "WHERE id = $1::bigint AND taken_by IS NULL RETURNING id";

static const char release_sql[] =
    "WITH released AS (UPDATE ferry.run_owner SET epoch = NULL, since = clock_timestamp() "
    "WHERE run = (SELECT number FROM ferry.run WHERE name = $1) AND epoch = $2::bigint RETURNING run) "
    "SELECT pg_notify('" FY_FLEET_CHANNEL "', 'released') FROM released";

static const char drain_sql[] =
    "WITH drained AS (UPDATE ferry.engine SET state = $2 WHERE name = $1 AND state <> 'fenced' "
    "RETURNING name) SELECT pg_notify('" FY_FLEET_CHANNEL "', 'drain') FROM drained";

static void tell_answer(struct fy_fleet *fleet, const struct fy_fleet_errand *errand, int status,
                        const char *text)
{
    fy_fleet_tell(
        fleet, (struct fy_fleet_event){
                   .kind = FY_FLEET_ANSWER, .id = errand->ticket, .status = status, .text = fy_strdup(text)});
}

/* Kept in the list until there is an answer. */
static bool post(struct fy_fleet *fleet, struct fy_fleet_errand *errand)
{
    const char *values[] = {errand->run, errand->verb, errand->args, errand->who, fleet->epoch_text};
    FY_AUTO(fy_fleet_clear) PGresult *posted = fy_fleet_ask(fleet, post_sql, 5, values);
    if (posted == NULL) {
        tell_answer(fleet, errand, 503,
                    "the command could not be passed on to the engine that owns this run, or nobody knows "
                    "whether it was; look at the run before you ask again");
        return false;
    }
    errand->id = (uint64_t)fy_fleet_number(posted, 0, 0);
    errand->next = fleet->posted;
    fleet->posted = errand;
    return true;
}

static bool answer(struct fy_fleet *fleet, struct fy_fleet_errand *errand)
{
    char id[FY_FLEET_TEXT], status[FY_FLEET_TEXT];
    (void)snprintf(id, sizeof id, "%llu", (unsigned long long)errand->id);
    (void)snprintf(status, sizeof status, "%d", errand->status);
    const char *values[] = {id, status, errand->text};
    PQclear(fy_fleet_ask(fleet, answer_sql, 3, values));
    return false;
}

/* Not reached: it stays ours, and the next connection brings it back as claimed. */
static bool release(struct fy_fleet *fleet, struct fy_fleet_errand *errand)
{
    const char *values[] = {errand->run, fleet->epoch_text};
    FY_AUTO(fy_fleet_clear) PGresult *released = fy_fleet_ask(fleet, release_sql, 2, values);
    fy_fleet_tell(fleet, (struct fy_fleet_event){.kind = FY_FLEET_RELEASED, .run = fy_strdup(errand->run)});
    if (released == NULL)
        fleet->resync = true;
    return false;
}

static bool drain(struct fy_fleet *fleet, struct fy_fleet_errand *errand)
{
    const char *values[] = {errand->run, errand->on ? "draining" : "live"};
    FY_AUTO(fy_fleet_clear) PGresult *drained = fy_fleet_ask(fleet, drain_sql, 2, values);
    if (drained == NULL)
        tell_answer(fleet, errand, 503, "the engines' table cannot be reached just now");
    else if (PQntuples(drained) == 0)
        tell_answer(fleet, errand, 404, "there is no engine of that name that lives");
    else
        tell_answer(fleet, errand, 202, "");
    return false;
}

void fy_fleet_run_errands(struct fy_fleet *fleet, struct fy_fleet_errand *errands)
{
    static bool (*const kinds[])(struct fy_fleet *, struct fy_fleet_errand *) = {[FY_WISH_RELEASE] = release,
                                                                                 [FY_WISH_POST] = post,
                                                                                 [FY_WISH_ANSWER] = answer,
                                                                                 [FY_WISH_DRAIN] = drain};
    for (struct fy_fleet_errand *at = errands, *next; at != NULL; at = next) {
        next = at->next;
        if (!kinds[at->wish](fleet, at))
            fy_fleet_errand_free(at);
    }
}

/* ---- what came ---------------------------------------------------------------------------------------- */

static void take_commands(struct fy_fleet *fleet)
{
    const char *values[] = {fleet->epoch_text};
    FY_AUTO(fy_fleet_clear) PGresult *found = fy_fleet_ask(fleet, take_sql, 1, values);
    for (int i = 0; i < PQntuples(found); i++) {
        const char *args = fy_fleet_cell(found, i, 3);
        fy_fleet_tell(fleet, (struct fy_fleet_event){.kind = FY_FLEET_COMMAND,
                                                     .id = (uint64_t)fy_fleet_number(found, i, 0),
                                                     .run = fy_strdup(fy_fleet_cell(found, i, 1)),
                                                     .verb = fy_strdup(fy_fleet_cell(found, i, 2)),
                                                     .args = args != NULL ? fy_strdup(args) : NULL,
                                                     .who = fy_strdup(fy_fleet_cell(found, i, 4))});
    }
}

static struct fy_fleet_errand *take_posted(struct fy_fleet *fleet, uint64_t id)
{
    for (struct fy_fleet_errand **at = &fleet->posted; *at != NULL; at = &(*at)->next)
        if ((*at)->id == id) {
            struct fy_fleet_errand *found = *at;
            *at = found->next;
            return found;
        }
    return NULL;
}

static void take_answers(struct fy_fleet *fleet, const PGresult *found)
{
    for (int i = 0; i < PQntuples(found); i++) {
        struct fy_fleet_errand *errand = take_posted(fleet, (uint64_t)fy_fleet_number(found, i, 0));
        const char *text = fy_fleet_cell(found, i, 2);
        if (errand == NULL)
            continue;
        if (fy_fleet_cell(found, i, 1) == NULL)
            tell_answer(fleet, errand, 503,
                        "the engine that took this command ended before it said how it went; look at the run "
                        "before you ask again");
        else
            tell_answer(fleet, errand, (int)fy_fleet_number(found, i, 1), text != NULL ? text : "");
        fy_fleet_errand_free(errand);
    }
}

/* Nobody took it in time: withdrawn, so that it cannot happen later. What was taken is waited for on. */
static void withdraw(struct fy_fleet *fleet)
{
    for (struct fy_fleet_errand **at = &fleet->posted; *at != NULL;) {
        struct fy_fleet_errand *errand = *at;
        char id[FY_FLEET_TEXT];
        (void)snprintf(id, sizeof id, "%llu", (unsigned long long)errand->id);
        const char *values[] = {id};
        FY_AUTO(fy_fleet_clear)
        PGresult *gone =
            fy_fleet_now() > errand->until_ns ? fy_fleet_ask(fleet, withdraw_sql, 1, values) : NULL;
        bool forgotten = fy_fleet_now() > errand->until_ns + 10 * INT64_C(1000000000);
        if (PQntuples(gone) == 0 && !forgotten) {
            at = &errand->next;
            continue;
        }
        *at = errand->next;
        tell_answer(fleet, errand, 503,
                    PQntuples(gone) > 0
                        ? "no engine owns this run just now; it is being taken over: ask again in a moment"
                        : "the engine that owns this run has not answered; look at the run before you "
                          "ask again");
        fy_fleet_errand_free(errand);
    }
}

static void fetch_answers(struct fy_fleet *fleet)
{
    FY_AUTO(fy_buf_free) struct fy_buf ids = {0};
    for (const struct fy_fleet_errand *at = fleet->posted; at != NULL; at = at->next)
        fy_buf_format(&ids, "%s%llu", ids.length > 0 ? "," : "{", (unsigned long long)at->id);
    fy_buf_text(&ids, "}");
    const char *values[] = {fleet->epoch_text, ids.data};
    FY_AUTO(fy_fleet_clear) PGresult *found = fy_fleet_ask(fleet, fetch_sql, 2, values);
    take_answers(fleet, found);
    withdraw(fleet);
}

void fy_fleet_fetch(struct fy_fleet *fleet)
{
    take_commands(fleet);
    if (fleet->posted != NULL)
        fetch_answers(fleet);
}
