/* SPDX-License-Identifier: Apache-2.0 */
#include "adapter/link.h"

#include "adapter/describe.h"
#include "adapter/host.h"
#include "adapter/wire.h"

#include "base/child.h"
#include "base/frame.h"
#include "base/log.h"
#include "base/mem.h"

#include <string.h>

#define LOOP_DEATHS  3u /* deaths without an answer in between that make a loop */
#define PAUSE_MIN_MS 100u
#define PAUSE_MAX_MS 30000u
#define CHECK_PART   20u /* stuck calls are found within this part of the limit */

enum { ACT, OBSERVE, LANES };

struct fy_link {
    struct fy_remote_options options; /* without the connections */
    const struct fy_connection *config;
    struct fy_link_owner owner;
    struct fy_adapter_info info;
    char *problem;
    struct fy_child *child;
    struct fy_lane waiting; /* until a host is ready */
    struct fy_lane lanes[LANES];
    struct fy_lane failed; /* answered in the next turn */
    uv_timer_t soon, restart, check;
    unsigned handles_open, deaths;
    uint64_t started_at;  /* when the host was started; 0 once it introduced itself */
    size_t frame;         /* where the message being filled begins */
    bool filling, killed; /* killed: by us */
    bool explained;       /* why this host ended is in problem already */
};

/* State and its reason. */

static void set_state(struct fy_link *link, enum fy_adapter_state state, const char *problem)
{
    char *copy = problem != NULL ? fy_strdup(problem) : NULL;
    bool news = problem != NULL && (link->problem == NULL || strcmp(problem, link->problem) != 0);
    free(link->problem);
    link->problem = copy;
    link->info.problem = copy;
    link->info.state = state;
    if (news) /* not again at each try */
        fy_log(FY_LOG_WARNING, "%s", problem);
    link->owner.changed(link->owner.ctx, &link->info);
}

/* Answers. */

static void answer(struct fy_asked *asked, struct fy_adapter_reply *reply)
{
    reply->settle_ms = asked->settle_ms;
    if (asked->replied != NULL)
        asked->replied(asked->ctx, reply);
    fy_asked_free(asked);
}

static void answer_failed(struct fy_link *link)
{
    struct fy_lane failed = link->failed;
    link->failed = (struct fy_lane){0};
    if (failed.first == NULL)
        return;
    for (struct fy_asked *asked = fy_lane_pop(&failed); asked != NULL; asked = fy_lane_pop(&failed)) {
        struct fy_err err = *asked->failed;
        struct fy_adapter_reply reply = {.status = FY_REPLY_FAILED,
                                         .failure = err.kind,
                                         .message = err.message,
                                         .hint = err.hint[0] != '\0' ? err.hint : NULL};
        answer(asked, &reply);
    }
}

static void on_soon(uv_timer_t *timer)
{
    answer_failed(timer->data);
}

static void fail(struct fy_link *link, struct fy_asked *asked, const struct fy_err *err)
{
    asked->failed = FY_NEW(struct fy_err);
    *asked->failed = *err;
    fy_lane_push(&link->failed, asked);
    (void)uv_timer_start(&link->soon, on_soon, 0, 0);
}

static bool usable(const struct fy_link *link)
{
    return link->info.state == FY_ADAPTER_READY || link->info.state == FY_ADAPTER_STARTING ||
           (link->info.state == FY_ADAPTER_DOWN && link->deaths < LOOP_DEATHS);
}

static void fail_unusable(struct fy_link *link, struct fy_asked *asked)
{
    struct fy_err err;
    bool lasting = link->info.state == FY_ADAPTER_REFUSED;
    fy_fail(&err, lasting ? FY_ERR_PERMANENT : FY_ERR_TRANSIENT, "%s", link->problem);
    fy_hint(&err, lasting ? "mend the connection, then start it again" : "it is tried again by itself");
    fail(link, asked, &err);
}

static void fail_waiting(struct fy_link *link)
{
    while (link->waiting.first != NULL)
        fail_unusable(link, fy_lane_pop(&link->waiting));
}

/* What its host died under: nobody knows what became of these calls. */
static void lose_lanes(struct fy_link *link, const char *message)
{
    struct fy_lane lost[LANES];
    memcpy(lost, link->lanes, sizeof lost); /* callbacks ask anew at once */
    for (size_t i = 0; i < LANES; i++) {
        link->lanes[i] = (struct fy_lane){0};
        for (struct fy_asked *asked = fy_lane_pop(&lost[i]); asked != NULL; asked = fy_lane_pop(&lost[i])) {
            struct fy_adapter_reply reply = {.status = FY_REPLY_UNKNOWN,
                                             .failure = FY_ERR_UNSURE,
                                             .message = message,
                                             .host_died = true,
                                             .suspect = asked->since != 0};
            answer(asked, &reply);
        }
    }
}

/* Sending. */

static void on_flush(void *ctx)
{
    struct fy_link *link = ctx;
    if (!link->filling)
        return;
    struct fy_buf *out = fy_child_batch(link->child);
    fy_buf_text(out, "]}");
    fy_frame_end(out, link->frame);
    link->filling = false;
}

static void on_check(uv_timer_t *timer);

static void watch_clock(struct fy_link *link)
{
    uint64_t every = (uint64_t)link->options.call_limit_ms / CHECK_PART + 1;
    if (!uv_is_active((uv_handle_t *)&link->check))
        (void)uv_timer_start(&link->check, on_check, every, every);
}

/* Puts a call into the message that leaves at the end of this turn. */
static void send_call(struct fy_link *link, struct fy_asked *asked, const struct fy_adapter_call *call)
{
    struct fy_err err;
    const struct fy_adapter_verb *verb = fy_adapter_verb(&link->info, call->verb);
    if (verb == NULL || strlen(call->args) > FY_ADAPTER_TEXT_MAX) {
        if (verb == NULL) {
            fy_fail(&err, FY_ERR_PERMANENT, "adapter %s of connection %s has no verb %s", link->info.name,
                    link->config->name, call->verb);
            fy_hint(&err, "\"ferry adapter show %s\" lists its verbs", link->config->name);
        } else {
            fy_fail(&err, FY_ERR_INVALID, "the arguments of %s are over 16 MiB", call->verb);
        }
        fail(link, asked, &err);
        return;
    }
    struct fy_buf *out = fy_child_batch(link->child);
    if (!link->filling) {
        link->frame = fy_frame_begin(out);
        fy_buf_text(out, "{\"calls\":[");
        link->filling = true;
    }
    fy_wire_put_call(out, asked->handle, call);
    asked->settle_ms = verb->settle_ms;
    asked->verb = verb->name;
    struct fy_lane *lane = &link->lanes[verb->observe ? OBSERVE : ACT];
    fy_lane_push(lane, asked);
    fy_lane_mark(lane, uv_now(link->options.loop));
    watch_clock(link);
    if (out->length - link->frame > FY_WIRE_SPLIT)
        on_flush(link);
}

static void send_waiting(struct fy_link *link)
{
    while (link->waiting.first != NULL) {
        struct fy_asked *asked = fy_lane_pop(&link->waiting);
        struct fy_adapter_call *call = asked->call;
        asked->call = NULL;
        send_call(link, asked, call);
        free(call);
    }
}

/* Messages from the host. */

static void distrust(struct fy_link *link, const char *what)
{
    char *problem = fy_format("connection %s: its host %s and was killed", link->config->name, what);
    link->killed = link->explained = true;
    set_state(link, FY_ADAPTER_DOWN, problem);
    free(problem);
    fy_child_kill(link->child);
}

static void on_described(struct fy_link *link, const struct fy_piece *text)
{
    struct fy_err err;
    if (!fy_described(&link->info, text->text, text->length, &err)) {
        distrust(link, "described itself wrongly");
        return;
    }
    link->started_at = 0;
    link->lanes[ACT].threads = link->info.thread_safe ? FY_HOST_ACT_THREADS : 1;
    link->lanes[OBSERVE].threads = link->info.thread_safe ? FY_HOST_OBSERVE_THREADS : 1;
    set_state(link, FY_ADAPTER_READY, NULL);
    send_waiting(link);
}

static void on_refused(struct fy_link *link, const struct fy_piece *text)
{
    FY_AUTO(fy_json_unref) json_t *refused = fy_json_parse(text->text, text->length, "the refusal", NULL);
    const char *hint = fy_json_string_or(refused, "hint", "");
    FY_AUTO(fy_free_ptr)
    char *problem = fy_format("connection %s: %s%s%s", link->config->name,
                              fy_json_string_or(refused, "message", "refused without a reason"),
                              hint[0] != '\0' ? "; " : "", hint);
    bool lasting = fy_json_bool_or(refused, "lasting", true);
    link->started_at = 0;
    link->explained = true;
    set_state(link, lasting ? FY_ADAPTER_REFUSED : FY_ADAPTER_DOWN, problem);
    fail_waiting(link); /* an endpoint that cannot be reached is said at once, not after three tries */
}

static void on_reply(struct fy_link *link, const struct fy_piece *text)
{
    struct fy_wire_reply read;
    if (!fy_wire_read_reply(text, &read)) {
        distrust(link, "sent a reply that cannot be read");
        return;
    }
    for (size_t i = 0; i < LANES; i++) {
        struct fy_asked *asked = fy_lane_take(&link->lanes[i], read.id);
        if (asked == NULL)
            continue;
        fy_lane_mark(&link->lanes[i], uv_now(link->options.loop));
        link->deaths = 0;
        answer(asked, &read.reply);
        break;
    }
    free(read.text);
}

static void on_message(void *ctx, const char *payload, size_t length)
{
    struct fy_link *link = ctx;
    struct fy_walk walk = fy_walk_object(payload, length);
    struct fy_piece key, value, reply;
    while (!link->killed && fy_walk_member(&walk, &key, &value)) {
        if (fy_piece_is(key, "described"))
            on_described(link, &value);
        else if (fy_piece_is(key, "refused"))
            on_refused(link, &value);
        if (!fy_piece_is(key, "replies"))
            continue;
        struct fy_walk replies = fy_walk_list(value.text, value.length);
        while (!link->killed && fy_walk_element(&replies, &reply))
            on_reply(link, &reply);
    }
    if (!link->killed && !fy_walk_ok(&walk))
        distrust(link, "sent a message that cannot be read");
}

/* Life and death of the host. */

static void start(struct fy_link *link);

static void on_restart(uv_timer_t *timer)
{
    start(timer->data);
}

static void start_later(struct fy_link *link)
{
    uint64_t pause = 0;
    if (link->deaths > 1)
        pause = link->deaths > 10 ? PAUSE_MAX_MS : PAUSE_MIN_MS << (link->deaths - 2);
    pause = pause > PAUSE_MAX_MS ? PAUSE_MAX_MS : pause;
    (void)uv_timer_start(&link->restart, on_restart, pause, 0);
}

/* Lower-level trouble in starting it: said, and tried again. */
static void could_not_start(struct fy_link *link, const struct fy_err *err)
{
    FY_AUTO(fy_free_ptr)
    char *problem = fy_format("connection %s: %s%s%s", link->config->name, err->message,
                              err->hint[0] != '\0' ? "; " : "", err->hint);
    link->deaths++;
    set_state(link, FY_ADAPTER_DOWN, problem);
    fail_waiting(link);
    start_later(link);
}

static const char *served_verb(const struct fy_link *link)
{
    for (size_t i = 0; i < LANES; i++)
        if (link->lanes[i].first != NULL)
            return link->lanes[i].first->verb;
    return NULL;
}

static char *how_it_died(const struct fy_link *link, int status, int signal)
{
    const char *verb = served_verb(link);
    bool loop = link->deaths + 1 >= LOOP_DEATHS;
    return fy_format("connection %s: the host of plugin %s died%s%s (%s)%s", link->config->name,
                     link->config->plugin,
                     link->started_at != 0 ? " while it was starting"
                     : verb != NULL        ? " under "
                                           : "",
                     verb != NULL ? verb : "", fy_child_end_text(status, signal),
                     loop ? ", as it does each time; it is tried again with pauses" : "");
}

static void on_exited(void *ctx, int status, int signal)
{
    struct fy_link *link = ctx;
    FY_AUTO(fy_free_ptr) char *how = how_it_died(link, status, signal);
    fy_child_free(link->child);
    link->child = NULL;
    link->filling = false;
    link->killed = false;
    link->started_at = 0;
    (void)uv_timer_stop(&link->check);
    bool refused = link->info.state == FY_ADAPTER_REFUSED;
    if (!refused) {
        link->deaths++;
        if (!link->explained)
            set_state(link, FY_ADAPTER_DOWN, how);
        start_later(link);
    }
    lose_lanes(link, link->explained ? link->problem : how);
    if (!usable(link))
        fail_waiting(link);
}

static char *configuration(const struct fy_link *link, const char *path)
{
    struct fy_buf buf = {0};
    fy_buf_open(&buf, '{');
    fy_buf_key(&buf, "config");
    fy_buf_open(&buf, '{');
    fy_buf_member(&buf, "connection", link->config->name);
    fy_buf_member(&buf, "plugin", path);
    fy_buf_member(&buf, "directory", link->config->directory);
    fy_buf_member_raw(&buf, "settings", link->config->settings);
    fy_buf_member_bool(&buf, "secrets", link->config->secret_count > 0);
    fy_buf_text(&buf, "}}");
    return fy_buf_take(&buf);
}

static bool start_host(struct fy_link *link, const char *path, int secrets, struct fy_err *err)
{
    FY_AUTO(fy_free_ptr) char *name = fy_format("adapter host %s", link->config->name);
    FY_AUTO(fy_free_ptr) char *message = configuration(link, path);
    const char *const argv[] = {link->options.host_path, "adapter", NULL};
    const struct fy_child_options options = {.name = name,
                                             .argv = argv,
                                             .fds = &secrets,
                                             .fd_count = secrets >= 0 ? 1 : 0,
                                             .log_stderr = link->options.log_stderr};
    const struct fy_child_events events = {.message = on_message, .flush = on_flush, .exited = on_exited};
    return fy_child_start(link->options.loop, &options, &events, link, &link->child, err) &&
           fy_child_send(link->child, message, strlen(message), err);
}

static void start(struct fy_link *link)
{
    struct fy_err err;
    FY_AUTO(fy_close_fd) int secrets = -1;
    FY_AUTO(fy_free_ptr) char *path = fy_plugin_path(link->options.plugin_dir, link->config->plugin, &err);
    bool ready = path != NULL;
    if (ready && link->config->secret_count > 0)
        ready = (secrets = fy_connection_secrets(link->config, &err)) >= 0;
    if (!ready || !start_host(link, path, secrets, &err)) {
        could_not_start(link, &err);
        return;
    }
    link->started_at = uv_now(link->options.loop);
    link->explained = false;
    if (link->deaths == 0) /* otherwise it stays DOWN until it has shown itself */
        set_state(link, FY_ADAPTER_STARTING, NULL);
    watch_clock(link);
}

static void on_check(uv_timer_t *timer)
{
    struct fy_link *link = timer->data;
    uint64_t now = uv_now(link->options.loop), limit = (uint64_t)link->options.call_limit_ms;
    bool idle = link->started_at == 0 && link->lanes[ACT].first == NULL && link->lanes[OBSERVE].first == NULL;
    bool stuck = fy_lane_stuck(&link->lanes[ACT], now, limit) ||
                 fy_lane_stuck(&link->lanes[OBSERVE], now, limit) ||
                 (link->started_at != 0 && now - link->started_at > limit);
    if (idle)
        (void)uv_timer_stop(timer);
    if (stuck && !link->killed && link->child != NULL) {
        const char *verb = served_verb(link);
        FY_AUTO(fy_free_ptr)
        char *what = fy_format("did not answer %s%swithin %g s", verb != NULL ? verb : "",
                               verb != NULL ? " " : "", (double)limit / 1000);
        distrust(link, what);
    }
}

/* The functions of the set. */

static const char *const nobody[] = {NULL};

struct fy_link *fy_link_new(const struct fy_remote_options *options, const struct fy_connection *connection,
                            const struct fy_link_owner *owner)
{
    struct fy_link *link = FY_NEW(struct fy_link);
    link->options = *options;
    link->config = connection;
    link->owner = *owner;
    link->info.connection = connection != NULL ? connection->name : "";
    link->info.plugin = connection != NULL ? connection->plugin : "";
    link->info.serves = connection != NULL ? (const char *const *)connection->serves : nobody;
    link->info.tenants = connection != NULL ? (const char *const *)connection->tenants : nobody;
    uv_timer_t *const timers[] = {&link->soon, &link->restart, &link->check};
    for (size_t i = 0; i < FY_COUNT(timers); i++) {
        (void)uv_timer_init(options->loop, timers[i]);
        timers[i]->data = link;
        link->handles_open++;
    }
    if (connection != NULL)
        (void)uv_timer_start(&link->restart, on_restart, 0,
                             0); /* nothing is told before the owner is ready */
    return link;
}

const struct fy_adapter_info *fy_link_info(const struct fy_link *link)
{
    return &link->info;
}

static struct fy_asked *new_asked(uint64_t handle, fy_adapter_replied *replied, void *ctx)
{
    struct fy_asked *asked = FY_NEW(struct fy_asked);
    asked->handle = handle;
    asked->replied = replied;
    asked->ctx = ctx;
    return asked;
}

void fy_link_ask(struct fy_link *link, uint64_t handle, const struct fy_adapter_call *call,
                 fy_adapter_replied *replied, void *ctx)
{
    struct fy_asked *asked = new_asked(handle, replied, ctx);
    if (link->info.state == FY_ADAPTER_READY && !link->killed) {
        send_call(link, asked, call);
    } else if (usable(link)) {
        asked->call = fy_adapter_call_copy(call);
        fy_lane_push(&link->waiting, asked);
    } else {
        fail_unusable(link, asked);
    }
}

void fy_link_fail(struct fy_link *link, uint64_t handle, const struct fy_err *err,
                  fy_adapter_replied *replied, void *ctx)
{
    fail(link, new_asked(handle, replied, ctx), err);
}

bool fy_link_forget(struct fy_link *link, uint64_t handle)
{
    struct fy_lane *const all[] = {&link->waiting, &link->lanes[ACT], &link->lanes[OBSERVE], &link->failed};
    for (size_t i = 0; i < FY_COUNT(all); i++) {
        struct fy_asked *asked = fy_lane_find(all[i], handle);
        if (asked == NULL)
            continue;
        asked->replied = NULL;
        return true;
    }
    return false;
}

void fy_link_kill(struct fy_link *link)
{
    link->deaths = 0;
    if (link->child != NULL && link->info.state != FY_ADAPTER_REFUSED) {
        distrust(link, "was not wanted any more");
        return;
    }
    if (link->child == NULL && link->config != NULL) {
        link->info.state = FY_ADAPTER_STARTING;
        (void)uv_timer_start(&link->restart, on_restart, 0, 0);
    }
}

static void on_closed(uv_handle_t *handle)
{
    struct fy_link *link = handle->data;
    if (--link->handles_open > 0)
        return;
    struct fy_lane *const all[] = {&link->waiting, &link->lanes[ACT], &link->lanes[OBSERVE], &link->failed};
    for (size_t i = 0; i < FY_COUNT(all); i++)
        fy_lane_free(all[i]);
    fy_described_free(&link->info);
    free(link->problem);
    free(link);
}

void fy_link_free(struct fy_link *link)
{
    if (link == NULL)
        return;
    fy_child_free(link->child);
    link->child = NULL;
    link->killed = true; /* nothing more is read */
    uv_close((uv_handle_t *)&link->soon, on_closed);
    uv_close((uv_handle_t *)&link->restart, on_closed);
    uv_close((uv_handle_t *)&link->check, on_closed);
}
