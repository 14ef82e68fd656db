/* SPDX-License-Identifier: Apache-2.0 */
/* The keeper: one turn renews the lease, then looks after everything else; LISTEN ends its sleep early. */
#include "fleet/inside.h"

#include "base/log.h"
#include "base/mem.h"

#include <poll.h>
#include <string.h>
#include <unistd.h>

#define TURN_MOST_MS  1000
#define TIDY_EVERY_NS INT64_C(3600000000000)

/*
 * Renewing is asking whether this engine still is one. The lease counts from before it was asked: the
 * database's later "now" only makes it longer than we think.
 */
static const char renew_sql[] =
    "UPDATE ferry.engine SET lease_until = clock_timestamp() + lease_ms * interval '1 ms' "
    "WHERE epoch = $1::bigint AND state <> 'fenced' RETURNING state";

static const char fenced_by_sql[] =
    "SELECT coalesce((SELECT other.name || ' (epoch ' || other.epoch || ')' FROM ferry.engine AS other "
    "WHERE other.epoch = engine.fenced_by), 'somebody') FROM ferry.engine WHERE epoch = $1::bigint";

static void end_here(struct fy_fleet *fleet)
{
    const char *values[] = {fleet->epoch_text};
    FY_AUTO(fy_fleet_clear) PGresult *by = fy_fleet_ask(fleet, fenced_by_sql, 1, values);
    const char *name = by != NULL && PQntuples(by) == 1 ? fy_fleet_cell(by, 0, 0) : "somebody";
    FY_AUTO(fy_free_ptr)
    char *why = fy_format(
        "this engine (%s, epoch %s) was fenced by %s: its lease had run out, and its runs are others' now",
        fleet->name, fleet->epoch_text, name);
    fleet->ended(why);
}

static bool renew(struct fy_fleet *fleet)
{
    const char *values[] = {fleet->epoch_text};
    int64_t asked_ns = fy_fleet_now();
    FY_AUTO(fy_fleet_clear) PGresult *mine = fy_fleet_ask(fleet, renew_sql, 1, values);
    if (mine == NULL)
        return false;
    if (PQntuples(mine) == 0) {
        end_here(fleet);
        return false;
    }
    if (fleet->warned) /* not known to be replicated */
        return false;
    fy_fleet_renewed(fleet, asked_ns);
    bool draining = strcmp(fy_fleet_cell(mine, 0, 0), "draining") == 0;
    if (draining != atomic_load(&fleet->draining))
        fy_log(FY_LOG_INFO, draining ? "being drained: every run goes to another engine, no order is taken"
                                     : "no longer drained: orders and runs are taken again");
    atomic_store(&fleet->draining, draining);
    if (fleet->steady_since_ns == 0)
        fleet->steady_since_ns = asked_ns;
    if (fleet->told_trouble)
        fy_log(FY_LOG_INFO, "the engines' table is reached again");
    fleet->told_trouble = false;
    return true;
}

/* Whoever did not see the others for a while gives them as long to come back. */
static bool may_judge(const struct fy_fleet *fleet)
{
    return fleet->steady_since_ns != 0 &&
           fy_fleet_now() - fleet->steady_since_ns >= fleet->lease_ms * 1000000;
}

/* Answers to commands are kept for a day, in case somebody asks what became of one. */
static void tidy(struct fy_fleet *fleet)
{
    if (fleet->tidied_ns != 0 && fy_fleet_now() - fleet->tidied_ns < TIDY_EVERY_NS)
        return;
    PQclear(fy_fleet_ask(fleet, "DELETE FROM ferry.posted_command WHERE posted_at < now() - interval '1 day'",
                         0, NULL));
    fleet->tidied_ns = fy_fleet_now();
}

static struct fy_fleet_errand *take_errands(struct fy_fleet *fleet)
{
    (void)pthread_mutex_lock(&fleet->lock);
    struct fy_fleet_errand *errands = fleet->errands;
    fleet->errands = NULL;
    fleet->errands_end = &fleet->errands;
    (void)pthread_mutex_unlock(&fleet->lock);
    return errands;
}

static void turn(struct fy_fleet *fleet)
{
    if (!fy_fleet_connected(fleet) || !renew(fleet))
        return;
    fy_fleet_run_errands(fleet, take_errands(fleet));
    if (fleet->resync)
        fy_fleet_resync(fleet);
    if (may_judge(fleet))
        fy_fleet_fence(fleet);
    fy_fleet_claim(fleet);
    fy_fleet_fetch(fleet);
    fy_fleet_snapshot(fleet);
    tidy(fleet);
}

static void drain_notifications(struct fy_fleet *fleet)
{
    uint64_t stirred = 0;
    (void)!read(fleet->stir_fd, &stirred, sizeof stirred);
    if (fleet->conn == NULL || PQconsumeInput(fleet->conn) == 0)
        return;
    for (PGnotify *told = PQnotifies(fleet->conn); told != NULL; told = PQnotifies(fleet->conn))
        PQfreemem(told);
}

/* Until the next turn is due, a notification, or the loop. What has come already ends it at once. */
static void rest(struct fy_fleet *fleet)
{
    int64_t turn_ms = fleet->lease_ms / 5 < TURN_MOST_MS ? fleet->lease_ms / 5 : TURN_MOST_MS;
    PGnotify *told = fleet->conn != NULL ? PQnotifies(fleet->conn) : NULL;
    struct pollfd ready[] = {{.fd = fleet->stir_fd, .events = POLLIN},
                             {.fd = fleet->conn != NULL ? PQsocket(fleet->conn) : -1, .events = POLLIN}};
    (void)poll(ready, 2, told != NULL ? 0 : (int)turn_ms);
    if (told != NULL)
        PQfreemem(told);
    drain_notifications(fleet);
}

static bool is_closing(struct fy_fleet *fleet)
{
    (void)pthread_mutex_lock(&fleet->lock);
    bool closing = fleet->closing;
    (void)pthread_mutex_unlock(&fleet->lock);
    return closing;
}

void *fy_fleet_keeper(void *context)
{
    struct fy_fleet *fleet = context;
    while (!is_closing(fleet)) {
        turn(fleet);
        rest(fleet);
    }
    return NULL;
}
