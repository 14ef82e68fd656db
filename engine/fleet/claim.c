/* SPDX-License-Identifier: Apache-2.0 */
/* Who owns which run: fencing the dead, claiming what is nobody's, giving away what is too much. */
#include "fleet/inside.h"

#include "base/log.h"
#include "base/mem.h"
#include "base/point.h"

#include <stdio.h>
#include <string.h>

#define LEFT_MS    3000 /* a run that nobody with room has claimed for so long is anybody's */
#define GO_AT_ONCE 200  /* runs that are moved in one go */

/*
 * The fence. The row's lock is held by a commit of that engine for as long as it runs; one that its engine
 * has left open (it was stopped in the middle) is ended first, which takes nothing from anybody: it was never
 * told that it is durable.
 */
static const char end_sessions_sql[] =
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity, ferry.engine "
    "WHERE state_change < clock_timestamp() - interval '1 s' AND usename = current_user "
    "AND application_name LIKE 'ferry ' || engine.epoch || ' %' AND engine.state <> 'fenced' "
    "AND engine.lease_until < clock_timestamp() AND engine.epoch <> $1::bigint";

static const char fence_sql[] =
    "UPDATE ferry.engine SET state = 'fenced', fenced_at = clock_timestamp(), fenced_by = $1::bigint "
    "WHERE state <> 'fenced' AND lease_until < clock_timestamp() AND epoch <> $1::bigint "
    "RETURNING name, epoch";

void fy_fleet_fence(struct fy_fleet *fleet)
{
    const char *values[] = {fleet->epoch_text};
    FY_AUTO(fy_fleet_clear)
    PGresult *late = fy_fleet_ask(fleet,
                                  "SELECT 1 FROM ferry.engine WHERE state <> 'fenced' AND "
                                  "lease_until < clock_timestamp() AND epoch <> $1::bigint",
                                  1, values);
    if (late == NULL || PQntuples(late) == 0)
        return;
    PQclear(fy_fleet_ask(fleet, end_sessions_sql, 1, values));
    FY_AUTO(fy_fleet_clear) PGresult *fenced = fy_fleet_ask(fleet, fence_sql, 1, values);
    for (int i = 0; i < PQntuples(fenced); i++)
        fy_log(FY_LOG_WARNING,
               "engine %s (epoch %s) is fenced: its lease has run out; its runs are taken over",
               fy_fleet_cell(fenced, i, 0), fy_fleet_cell(fenced, i, 1));
}

/* ---- shares ----------------------------------------------------------------------------------------- */

struct shares {
    int64_t engines; /* that take runs */
    int64_t mine, all;
    int64_t orphans; /* that we may read */
    int64_t left_ms; /* for how long the oldest of them has been nobody's */
};

static const char shares_sql[] =
    "SELECT (SELECT count(*) FROM ferry.engine WHERE state = 'live'), "
    "count(*) FILTER (WHERE owner.epoch = $1::bigint), count(*), "
    "count(*) FILTER (WHERE (owner.epoch IS NULL OR engine.state = 'fenced') AND owner.level <= $2::int), "
    "coalesce(extract(epoch FROM clock_timestamp() - min(greatest(owner.since, engine.fenced_at)) "
    "FILTER (WHERE (owner.epoch IS NULL OR engine.state = 'fenced') AND owner.level <= $2::int)) * 1000, "
    "0)::bigint "
    "FROM ferry.run_owner AS owner LEFT JOIN ferry.engine ON engine.epoch = owner.epoch";

static bool count_shares(struct fy_fleet *fleet, struct shares *ret)
{
    const char *values[] = {fleet->epoch_text, fleet->level_text};
    FY_AUTO(fy_fleet_clear) PGresult *found = fy_fleet_ask(fleet, shares_sql, 2, values);
    if (found == NULL)
        return false;
    *ret = (struct shares){.engines = fy_fleet_number(found, 0, 0),
                           .mine = fy_fleet_number(found, 0, 1),
                           .all = fy_fleet_number(found, 0, 2),
                           .orphans = fy_fleet_number(found, 0, 3),
                           .left_ms = fy_fleet_number(found, 0, 4)};
    return true;
}

static int64_t fair(const struct shares *shares)
{
    return shares->engines > 0 ? (shares->all + shares->engines - 1) / shares->engines : shares->all;
}

/* Every engine claims up to a fair share, so together they claim all; what is left has found nobody who can.
 */
static int64_t room(const struct fy_fleet *fleet, const struct shares *shares)
{
    if (atomic_load(&fleet->draining))
        return 0;
    if (shares->left_ms > LEFT_MS)
        return shares->orphans;
    return fair(shares) - shares->mine;
}

/* ---- claiming --------------------------------------------------------------------------------------- */

/*
 * All that one statement claims has one fence, from the sequence of the epochs: the new owner may have joined
 * before the old one, and adapters refuse what is lower than they have seen.
 */
static const char claim_sql[] =
    "WITH wanted AS MATERIALIZED (SELECT owner.run FROM ferry.run_owner AS owner "
    "LEFT JOIN ferry.engine ON engine.epoch = owner.epoch "
    "WHERE (owner.epoch IS NULL OR engine.state = 'fenced') AND owner.level <= $2::int "
    "ORDER BY owner.run LIMIT $3::bigint FOR UPDATE OF owner SKIP LOCKED), "
    "claim AS (INSERT INTO ferry.claim (epoch, engine) SELECT nextval('ferry.engine_epoch'), $1::bigint "
    "WHERE EXISTS (SELECT FROM wanted) RETURNING epoch), "
    "claimed AS (UPDATE ferry.run_owner AS owner SET epoch = $1::bigint, level = greatest(level, $2::int), "
    "since = clock_timestamp(), fence = claim.epoch FROM wanted, claim WHERE owner.run = wanted.run "
    "RETURNING owner.run, owner.fence) "
    "SELECT run.name, claimed.fence FROM claimed JOIN ferry.run ON run.number = claimed.run "
    "ORDER BY run.number";

/* Rows of (name, fence). */
static void tell_claimed(struct fy_fleet *fleet, const PGresult *runs)
{
    for (int i = 0; i < PQntuples(runs); i++)
        fy_fleet_tell(fleet, (struct fy_fleet_event){.kind = FY_FLEET_CLAIMED,
                                                     .id = (uint64_t)fy_fleet_number(runs, i, 1),
                                                     .run = fy_strdup(fy_fleet_cell(runs, i, 0))});
}

static void claim(struct fy_fleet *fleet, int64_t count)
{
    char most[FY_FLEET_TEXT];
    (void)snprintf(most, sizeof most, "%lld", (long long)count);
    const char *values[] = {fleet->epoch_text, fleet->level_text, most};
    FY_AUTO(fy_fleet_clear) PGresult *claimed = fy_fleet_ask(fleet, claim_sql, 3, values);
    if (claimed == NULL || PQntuples(claimed) == 0)
        return; /* where the answer was lost, the next connection looks for what is ours */
    FY_POINT(fleet_claimed);
    fy_log(FY_LOG_INFO, "%d runs claimed", PQntuples(claimed));
    tell_claimed(fleet, claimed);
}

/* More than a tenth above the share is too many; what moves is replayed elsewhere, so it is not done lightly.
 */
static void let_go(struct fy_fleet *fleet, const struct shares *shares)
{
    bool draining = atomic_load(&fleet->draining);
    int64_t slack = fair(shares) / 10 > 1 ? fair(shares) / 10 : 1;
    int64_t spare = shares->mine - fair(shares);
    int64_t pause_ns = (draining ? 1000 : fleet->lease_ms) * INT64_C(1000000);
    if (draining ? shares->mine == 0 : shares->engines < 2 || spare <= slack)
        return;
    if (fleet->let_go_ns != 0 && fy_fleet_now() - fleet->let_go_ns < pause_ns)
        return;
    fleet->let_go_ns = fy_fleet_now();
    fy_fleet_tell(fleet, (struct fy_fleet_event){.kind = FY_FLEET_LET_GO,
                                                 .count = draining             ? -1
                                                          : spare < GO_AT_ONCE ? spare
                                                                               : GO_AT_ONCE});
}

void fy_fleet_claim(struct fy_fleet *fleet)
{
    struct shares shares;
    if (!count_shares(fleet, &shares))
        return;
    if (shares.orphans > 0 && room(fleet, &shares) > 0)
        claim(fleet, room(fleet, &shares));
    else
        let_go(fleet, &shares);
}

static const char own_sql[] =
    "SELECT run.name, coalesce(owner.fence, owner.epoch) FROM ferry.run_owner AS owner JOIN ferry.run "
    "ON run.number = owner.run WHERE owner.epoch = $1::bigint AND NOT run.final ORDER BY run.number";

void fy_fleet_resync(struct fy_fleet *fleet)
{
    const char *values[] = {fleet->epoch_text};
    FY_AUTO(fy_fleet_clear) PGresult *runs = fy_fleet_ask(fleet, own_sql, 1, values);
    if (runs == NULL)
        return;
    fleet->resync = false;
    tell_claimed(fleet, runs);
}

/* ---- who is there ----------------------------------------------------------------------------------- */

static const char list_sql[] =
    "SELECT coalesce(json_agg(json_build_object('name', e.name, 'epoch', e.epoch, 'state', e.state, "
    "'version', "
    "e.version, 'level', e.level, 'runs', (SELECT count(*) FROM ferry.run_owner AS o WHERE o.epoch = "
    "e.epoch), "
    "'lease_ms', "
    "e.lease_ms, 'lease_left_ms', (extract(epoch FROM e.lease_until - clock_timestamp()) * 1000)::bigint, "
    "'started', to_char(e.started_at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"'), "
    "'self', e.epoch = $1::bigint) ORDER BY e.state = 'fenced', e.name, e.epoch), '[]') FROM ferry.engine e "
    "WHERE e.state <> 'fenced' OR e.fenced_at > clock_timestamp() - interval '1 hour'";

void fy_fleet_snapshot(struct fy_fleet *fleet)
{
    const char *values[] = {fleet->epoch_text};
    FY_AUTO(fy_fleet_clear) PGresult *list = fy_fleet_ask(fleet, list_sql, 1, values);
    if (list == NULL)
        return;
    (void)pthread_mutex_lock(&fleet->lock);
    fy_buf_clear(&fleet->list);
    fy_buf_text(&fleet->list, fy_fleet_cell(list, 0, 0));
    (void)pthread_mutex_unlock(&fleet->lock);
}
