/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/peers.h"

#include "base/json.h"
#include "base/log.h"
#include "base/mem.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define AGAIN_MS 1000

/* A run that is on its way out: what is told of it meanwhile is older than that. */
struct fy_leaving {
    struct fy_leaving *next;
    char *run;
};

/* ---- on the keeper's thread -----------------------------------------------------------------------------
 */

static void wake_loop(void *context)
{
    struct fy_peers *peers = context;
    (void)uv_async_send(&peers->wake);
}

/* Nothing of this process counts any more, and whatever it would still say or do is wrong. */
static void end_here(const char *why)
{
    fy_log(FY_LOG_ERROR, "%s; this process stops, and the next one joins anew", why);
    _exit(3);
}

/* ---- runs that come and go ------------------------------------------------------------------------------
 */

static struct fy_leaving **find_leaving(struct fy_peers *peers, const char *run)
{
    struct fy_leaving **at = &peers->leaving;
    while (*at != NULL && strcmp((*at)->run, run) != 0)
        at = &(*at)->next;
    return at;
}

void fy_peers_left(void *context, const char *run)
{
    struct fy_peers *peers = context;
    struct fy_leaving *leaving = FY_NEW(struct fy_leaving);
    *leaving = (struct fy_leaving){.next = peers->leaving, .run = fy_strdup(run)};
    peers->leaving = leaving;
    fy_fleet_release(peers->fleet, run);
}

static void on_released(struct fy_peers *peers, const struct fy_fleet_event *event)
{
    struct fy_leaving **at = find_leaving(peers, event->run);
    struct fy_leaving *leaving = *at;
    if (leaving == NULL)
        return;
    *at = leaving->next;
    free(leaving->run);
    free(leaving);
}

/* What cannot be read just now is asked for again; a run that is damaged stands in the list and says so. */
static bool adopt(struct fy_peers *peers, const char *run, uint64_t epoch)
{
    struct fy_err err;
    if (fy_engine_adopt(peers->engine, run, epoch, &err))
        return true;
    if (peers->unread == NULL)
        fy_log_err(&err, "run %s is claimed and cannot be read yet", run);
    struct fy_fleet_event *unread = FY_NEW(struct fy_fleet_event);
    *unread = (struct fy_fleet_event){.next = peers->unread, .id = epoch, .run = fy_strdup(run)};
    peers->unread = unread;
    return false;
}

static void on_again(uv_timer_t *timer);

static void adopt_or_later(struct fy_peers *peers, const char *run, uint64_t epoch)
{
    if (!adopt(peers, run, epoch))
        (void)uv_timer_start(&peers->again, on_again, AGAIN_MS, 0);
}

static void on_again(uv_timer_t *timer)
{
    struct fy_peers *peers = timer->data;
    for (struct fy_fleet_event *unread = fy_steal(&peers->unread), *next; unread != NULL; unread = next) {
        next = unread->next;
        adopt_or_later(peers, unread->run, unread->id);
        fy_fleet_event_free(unread);
    }
}

static void on_claimed(struct fy_peers *peers, const struct fy_fleet_event *event)
{
    if (*find_leaving(peers, event->run) == NULL)
        adopt_or_later(peers, event->run, event->id);
}

static void on_let_go(struct fy_peers *peers, const struct fy_fleet_event *event)
{
    size_t count = fy_engine_let_go(peers->engine, event->count);
    if (count > 0)
        fy_log(FY_LOG_INFO, "%zu runs go to other engines", count);
}

/* ---- verbs from other engines ---------------------------------------------------------------------------
 */

struct asked {
    struct fy_peers *peers;
    uint64_t id;
};

static void on_durable(void *context)
{
    struct asked *asked = context;
    fy_fleet_answer(asked->peers->fleet, asked->id, 202, "");
    free(asked);
}

static void say_no(struct fy_peers *peers, uint64_t id, const struct fy_err *err)
{
    FY_AUTO(fy_buf_free) struct fy_buf buf = {0};
    fy_buf_open(&buf, '{');
    fy_buf_member(&buf, "kind", fy_err_kind_name(err->kind));
    fy_buf_member(&buf, "message", err->message);
    fy_buf_member(&buf, "hint", err->hint);
    fy_buf_close(&buf, '}');
    fy_fleet_answer(peers->fleet, id, 409, buf.data);
}

#define ROLES_MOST 16

/* What the other engine has found out about who asks; texts are lent by the document. */
static void read_caller(const json_t *doc, struct fy_caller *caller, const char *roles[ROLES_MOST + 1])
{
    const json_t *given = json_object_get(doc, "roles");
    *caller = (struct fy_caller){.who = fy_json_string_or(doc, "who", "?"),
                                 .from = fy_json_string_or(doc, "from", "another engine"),
                                 .key = fy_json_string_or(doc, "key", NULL),
                                 .roles = given != NULL ? roles : NULL};
    size_t count = 0;
    for (; count < ROLES_MOST && count < json_array_size(given); count++)
        roles[count] = json_string_value(json_array_get(given, count));
    roles[count] = NULL;
}

static void on_command(struct fy_peers *peers, const struct fy_fleet_event *event)
{
    struct asked *asked = FY_NEW(struct asked);
    const char *roles[ROLES_MOST + 1];
    struct fy_caller caller;
    struct fy_err err;
    FY_AUTO(fy_json_unref) json_t *doc = fy_json_parse(event->who, strlen(event->who), "the caller", &err);
    read_caller(doc, &caller, roles);
    *asked = (struct asked){.peers = peers, .id = event->id};
    if (fy_engine_command(peers->engine, event->run, event->verb, event->args, &caller, on_durable, asked,
                          &err))
        return;
    free(asked);
    say_no(peers, event->id, &err);
}

static void on_answer(struct fy_peers *peers, const struct fy_fleet_event *event)
{
    fy_api_answer(peers->api, event->id, event->status, event->text);
}

static void heed(struct fy_peers *peers)
{
    static void (*const kinds[])(struct fy_peers *, const struct fy_fleet_event *) = {
        [FY_FLEET_CLAIMED] = on_claimed, [FY_FLEET_RELEASED] = on_released, [FY_FLEET_LET_GO] = on_let_go,
        [FY_FLEET_COMMAND] = on_command, [FY_FLEET_ANSWER] = on_answer,
    };
    if (peers->engine == NULL) /* it is being started: later */
        return;
    for (struct fy_fleet_event *event; (event = fy_fleet_take(peers->fleet)) != NULL;) {
        kinds[event->kind](peers, event);
        fy_fleet_event_free(event);
    }
}

static void on_wake(uv_async_t *async)
{
    heed(async->data);
}

/* ---- for the API ----------------------------------------------------------------------------------------
 */

static uint64_t post(void *self, const char *run, const char *verb, const char *args, const char *who)
{
    return fy_fleet_post(((struct fy_peers *)self)->fleet, run, verb, args, who);
}

static uint64_t drain(void *self, const char *engine, bool drained)
{
    return fy_fleet_drain(((struct fy_peers *)self)->fleet, engine, drained);
}

static void list(void *self, struct fy_buf *buf)
{
    fy_fleet_list(((struct fy_peers *)self)->fleet, buf);
}

static bool draining(void *self)
{
    return fy_fleet_draining(((struct fy_peers *)self)->fleet);
}

bool fy_peers_may_act(void *context)
{
    return fy_fleet_may_act(((struct fy_peers *)context)->fleet);
}

/* ---- beginning ------------------------------------------------------------------------------------------
 */

bool fy_peers_join(struct fy_peers *peers, const struct fy_peers_options *options, uint64_t *ret_epoch,
                   struct fy_err *err)
{
    FY_AUTO(fy_free_ptr) char *folder = realpath(options->home, NULL);
    const struct fy_fleet_options as = {.conninfo = options->database,
                                        .name = options->name,
                                        .home = folder != NULL ? folder : options->home,
                                        .lease_ms = options->lease_ms,
                                        .wake = wake_loop,
                                        .ended = end_here,
                                        .context = peers};
    (void)uv_async_init(options->loop, &peers->wake, on_wake);
    (void)uv_timer_init(options->loop, &peers->again);
    peers->wake.data = peers->again.data = peers;
    if (!fy_fleet_join(&as, &peers->fleet, err) || !fy_fleet_begin(peers->fleet, err))
        return false;
    *ret_epoch = fy_fleet_epoch(peers->fleet);
    peers->for_api = (struct fy_api_fleet){.self = peers,
                                           .name = fy_fleet_name(peers->fleet),
                                           .post = post,
                                           .drain = drain,
                                           .list = list,
                                           .draining = draining};
    return true;
}

void fy_peers_begin(struct fy_peers *peers, struct fy_engine *engine, struct fy_api *api)
{
    peers->engine = engine;
    peers->api = api;
    heed(peers);
}

void fy_peers_renewed(void *context, int64_t asked_ns)
{
    fy_fleet_renewed(((struct fy_peers *)context)->fleet, asked_ns);
}
