/* SPDX-License-Identifier: Apache-2.0 */
/* The loop's side: joining, and the two queues between the loop and the keeper. */
#include "fleet/fleet.h"

#include "base/log.h"
#include "base/mem.h"
#include "base/point.h"
#include "fleet/inside.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#define TAKEN_WITHIN_NS (10 * INT64_C(1000000000)) /* post.c: then a post is withdrawn */

int64_t fy_fleet_now(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_BOOTTIME, &now);
    return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

/* ---- joining ------------------------------------------------------------------------------------------ */

static const char taken_sql[] = "SELECT home, lease_until > clock_timestamp() FROM ferry.engine "
                                "WHERE name = $1 AND state <> 'fenced' FOR UPDATE";
/* The sequence first: who is fenced says by whom. */
static const char epoch_sql[] = "SELECT nextval('ferry.engine_epoch')";
static const char own_fence_sql[] =
    "UPDATE ferry.engine SET state = 'fenced', fenced_at = clock_timestamp(), "
    "fenced_by = $2::bigint WHERE name = $1 AND state <> 'fenced' RETURNING epoch";
static const char insert_sql[] =
    "INSERT INTO ferry.engine (epoch, name, home, state, level, version, lease_ms, lease_until) VALUES "
    "($1::bigint, $2, $3, "
    "'live', $4::int, $5, $6::bigint, clock_timestamp() + $6::bigint * interval '1 ms')";

static bool cannot(const struct fy_fleet *fleet, struct fy_err *err)
{
    return fy_fail(err, FY_ERR_TRANSIENT, "engine %s could not join the engines of its store", fleet->name) ||
           fy_hint(err, "the lines above say why; start it again when the database answers");
}

static bool name_is_free(struct fy_fleet *fleet, struct fy_err *err)
{
    const char *values[] = {fleet->name};
    FY_AUTO(fy_fleet_clear) PGresult *taken = fy_fleet_ask(fleet, taken_sql, 1, values);
    if (taken == NULL)
        return cannot(fleet, err);
    if (PQntuples(taken) == 0 || strcmp(fy_fleet_cell(taken, 0, 0), fleet->home) == 0 ||
        strcmp(fy_fleet_cell(taken, 0, 1), "t") != 0)
        return true;
    (void)fy_fail(err, FY_ERR_CONFLICT, "there is an engine %s already, in another folder (%s)", fleet->name,
                  fy_fleet_cell(taken, 0, 0));
    return fy_hint(err, "give this one another name, or stop that one and wait until its lease has run out");
}

static bool take_epoch(struct fy_fleet *fleet, struct fy_err *err)
{
    FY_AUTO(fy_fleet_clear) PGresult *epoch = fy_fleet_ask(fleet, epoch_sql, 0, NULL);
    if (epoch == NULL)
        return cannot(fleet, err);
    fleet->epoch = (uint64_t)fy_fleet_number(epoch, 0, 0);
    (void)snprintf(fleet->epoch_text, sizeof fleet->epoch_text, "%llu", (unsigned long long)fleet->epoch);
    const char *own[] = {fleet->name, fleet->epoch_text};
    FY_AUTO(fy_fleet_clear) PGresult *fenced = fy_fleet_ask(fleet, own_fence_sql, 2, own);
    const char *row[] = {fleet->epoch_text, fleet->name,   fleet->home,
                         fleet->level_text, FERRY_VERSION, fleet->lease_text};
    FY_AUTO(fy_fleet_clear) PGresult *made = fenced != NULL ? fy_fleet_ask(fleet, insert_sql, 6, row) : NULL;
    for (int i = 0; i < PQntuples(fenced) && made != NULL; i++)
        fy_log(FY_LOG_INFO, "fenced its own former epoch %s", fy_fleet_cell(fenced, i, 0));
    return made != NULL || cannot(fleet, err);
}

/*
 * A pooler introduces itself with a number of its own making. Behind one that hands out connections by
 * transaction, LISTEN and prepared statements are lost, and a lease could be kept that nobody writes under.
 */
static bool is_direct(struct fy_fleet *fleet, struct fy_err *err)
{
    FY_AUTO(fy_fleet_clear) PGresult *backend = fy_fleet_ask(fleet, "SELECT pg_backend_pid()", 0, NULL);
    if (backend == NULL)
        return cannot(fleet, err);
    if (fy_fleet_number(backend, 0, 0) == PQbackendPID(fleet->conn))
        return true;
    (void)fy_fail(
        err, FY_ERR_REFUSED,
        "a connection pooler (pgbouncer?) is between engine %s and its database: prepared statements and "
        "LISTEN belong to one session",
        fleet->name);
    return fy_hint(err,
                   "connect to PostgreSQL itself; an engine keeps three connections for as long as it lives");
}

/* All of it is one transaction, except for the number from the sequence: a lost one is only a gap. */
static bool join(struct fy_fleet *fleet, struct fy_err *err)
{
    if (!fy_fleet_connected(fleet))
        return cannot(fleet, err);
    if (!is_direct(fleet, err))
        return false;
    FY_AUTO(fy_fleet_clear) PGresult *begun = fy_fleet_ask(fleet, "BEGIN", 0, NULL);
    if (begun == NULL)
        return cannot(fleet, err);
    int64_t asked_ns = fy_fleet_now();
    if (!name_is_free(fleet, err) || !take_epoch(fleet, err))
        return false;
    FY_AUTO(fy_fleet_clear) PGresult *done = fy_fleet_ask(fleet, "COMMIT", 0, NULL);
    if (done == NULL || fleet->warned)
        return cannot(fleet, err);
    fy_fleet_renewed(fleet, asked_ns);
    FY_POINT(fleet_joined);
    return true;
}

static struct fy_fleet *new_fleet(const struct fy_fleet_options *options)
{
    struct fy_fleet *fleet = FY_NEW(struct fy_fleet);
    char host[256] = "";
    (void)gethostname(host, sizeof host - 1);
    fleet->conninfo = fy_strdup(options->conninfo);
    const char *folder = strrchr(options->home, '/');
    fleet->name = options->name != NULL
                      ? fy_strdup(options->name)
                      : fy_format("%s-%s", host, folder != NULL ? folder + 1 : options->home);
    fleet->home = fy_format("%s:%s", host, options->home);
    fleet->lease_ms = options->lease_ms > 0 ? options->lease_ms : FY_FLEET_LEASE_MS;
    fleet->wake = options->wake;
    fleet->ended = options->ended;
    fleet->context = options->context;
    fleet->events_end = &fleet->events;
    fleet->errands_end = &fleet->errands;
    (void)snprintf(fleet->lease_text, sizeof fleet->lease_text, "%lld", (long long)fleet->lease_ms);
    (void)snprintf(fleet->level_text, sizeof fleet->level_text, "%d", FY_FLEET_LEVEL);
    (void)snprintf(fleet->epoch_text, sizeof fleet->epoch_text, "0");
    fleet->stir_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    (void)pthread_mutex_init(&fleet->lock, NULL);
    return fleet;
}

bool fy_fleet_join(const struct fy_fleet_options *options, struct fy_fleet **ret, struct fy_err *err)
{
    struct fy_fleet *fleet = new_fleet(options);
    if (!join(fleet, err)) {
        fy_fleet_free(fleet);
        return false;
    }
    fy_fleet_disconnect(fleet); /* the keeper's has the epoch in its name, for whoever fences it */
    *ret = fleet;
    return true;
}

bool fy_fleet_begin(struct fy_fleet *fleet, struct fy_err *err)
{
    int rc = pthread_create(&fleet->thread, NULL, fy_fleet_keeper, fleet);
    fleet->threaded = rc == 0;
    return rc == 0 ||
           fy_fail(err, FY_ERR_TRANSIENT, "could not start the keeper of the lease: %s", strerror(rc));
}

static void stir(struct fy_fleet *fleet)
{
    uint64_t one = 1;
    (void)!write(fleet->stir_fd, &one, sizeof one);
}

static void free_errands(struct fy_fleet_errand *errands)
{
    for (struct fy_fleet_errand *at = errands, *next; at != NULL; at = next) {
        next = at->next;
        fy_fleet_errand_free(at);
    }
}

void fy_fleet_free(struct fy_fleet *fleet)
{
    if (fleet == NULL)
        return;
    (void)pthread_mutex_lock(&fleet->lock);
    fleet->closing = true;
    (void)pthread_mutex_unlock(&fleet->lock);
    stir(fleet);
    if (fleet->threaded)
        (void)pthread_join(fleet->thread, NULL);
    fy_fleet_disconnect(fleet);
    for (struct fy_fleet_event *event = fy_fleet_take(fleet); event != NULL; event = fy_fleet_take(fleet))
        fy_fleet_event_free(event);
    free_errands(fleet->errands);
    free_errands(fleet->posted);
    fy_buf_free(&fleet->list);
    fy_close_fd(&fleet->stir_fd);
    (void)pthread_mutex_destroy(&fleet->lock);
    free(fleet->conninfo);
    free(fleet->name);
    free(fleet->home);
    free(fleet);
}

/* ---- the lease ---------------------------------------------------------------------------------------- */

uint64_t fy_fleet_epoch(const struct fy_fleet *fleet)
{
    return fleet->epoch;
}

const char *fy_fleet_name(const struct fy_fleet *fleet)
{
    return fleet->name;
}

bool fy_fleet_draining(const struct fy_fleet *fleet)
{
    return atomic_load(&fleet->draining);
}

bool fy_fleet_may_act(const struct fy_fleet *fleet)
{
    return fy_fleet_now() < atomic_load(&fleet->good_until_ns);
}

/* A tenth is kept back: for an act that is on its way when the lease ends, and for clocks that run unevenly.
 */
void fy_fleet_renewed(struct fy_fleet *fleet, int64_t asked_ns)
{
    int_fast64_t until = asked_ns + fleet->lease_ms * 900000;
    int_fast64_t known = atomic_load(&fleet->good_until_ns);
    while (known < until && !atomic_compare_exchange_weak(&fleet->good_until_ns, &known, until))
        ;
}

/* ---- from the keeper to the loop ------------------------------------------------------------------------
 */

void fy_fleet_tell(struct fy_fleet *fleet, struct fy_fleet_event event)
{
    struct fy_fleet_event *told = FY_NEW(struct fy_fleet_event);
    *told = event;
    told->next = NULL;
    (void)pthread_mutex_lock(&fleet->lock);
    *fleet->events_end = told;
    fleet->events_end = &told->next;
    (void)pthread_mutex_unlock(&fleet->lock);
    fleet->wake(fleet->context);
}

struct fy_fleet_event *fy_fleet_take(struct fy_fleet *fleet)
{
    (void)pthread_mutex_lock(&fleet->lock);
    struct fy_fleet_event *event = fleet->events;
    if (event != NULL)
        fleet->events = event->next;
    if (fleet->events == NULL)
        fleet->events_end = &fleet->events;
    (void)pthread_mutex_unlock(&fleet->lock);
    return event;
}

void fy_fleet_event_free(struct fy_fleet_event *event)
{
    free(event->run);
    free(event->verb);
    free(event->args);
    free(event->who);
    free(event->text);
    free(event);
}

void fy_fleet_list(struct fy_fleet *fleet, struct fy_buf *buf)
{
    (void)pthread_mutex_lock(&fleet->lock);
    fy_buf_text(buf, fleet->list.length > 0 ? fleet->list.data : "[]");
    (void)pthread_mutex_unlock(&fleet->lock);
}

/* ---- from the loop to the keeper ------------------------------------------------------------------------
 */

void fy_fleet_errand_free(struct fy_fleet_errand *errand)
{
    free(errand->run);
    free(errand->verb);
    free(errand->args);
    free(errand->who);
    free(errand->text);
    free(errand);
}

static uint64_t send(struct fy_fleet *fleet, struct fy_fleet_errand errand)
{
    struct fy_fleet_errand *sent = FY_NEW(struct fy_fleet_errand);
    *sent = errand;
    (void)pthread_mutex_lock(&fleet->lock);
    uint64_t ticket = sent->ticket = ++fleet->last_ticket;
    *fleet->errands_end = sent;
    fleet->errands_end = &sent->next;
    (void)pthread_mutex_unlock(&fleet->lock);
    stir(fleet);
    return ticket;
}

static char *copy(const char *text)
{
    return text != NULL ? fy_strdup(text) : NULL;
}

void fy_fleet_release(struct fy_fleet *fleet, const char *run)
{
    (void)send(fleet, (struct fy_fleet_errand){.wish = FY_WISH_RELEASE, .run = copy(run)});
}

uint64_t fy_fleet_post(struct fy_fleet *fleet, const char *run, const char *verb, const char *args,
                       const char *who)
{
    return send(fleet, (struct fy_fleet_errand){.wish = FY_WISH_POST,
                                                .run = copy(run),
                                                .verb = copy(verb),
                                                .args = copy(args),
                                                .who = copy(who),
                                                .until_ns = fy_fleet_now() + TAKEN_WITHIN_NS});
}

void fy_fleet_answer(struct fy_fleet *fleet, uint64_t id, int status, const char *text)
{
    (void)send(fleet, (struct fy_fleet_errand){
                          .wish = FY_WISH_ANSWER, .id = id, .status = status, .text = copy(text)});
}

uint64_t fy_fleet_drain(struct fy_fleet *fleet, const char *name, bool drained)
{
    return send(fleet, (struct fy_fleet_errand){.wish = FY_WISH_DRAIN, .run = copy(name), .on = drained});
}
