/* SPDX-License-Identifier: Apache-2.0 */
/* Flows: a run's events on their way to a receiver, one after the other. */
#include "notify/inside.h"

#include "base/log.h"
#include "base/mem.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define AT_ONCE    4 /* requests to one receiver */
#define FIRST_MS   1000
#define LONGEST_MS 300000
#define WHY_MAX    160

static void pump(struct fy_flow *flow);

static int64_t now_ms(void)
{
    return fy_system_clock.wall_ms(fy_system_clock.self);
}

/* 1 s, 2 s, 4 s, ... 5 min, each half to one and a half times as long: receivers that come back are not
 * mobbed. */
static uint64_t back_off(unsigned failures)
{
    uint16_t random = 0;
    uint64_t wait = FIRST_MS;
    for (unsigned i = 1; i < failures && wait < LONGEST_MS; i++)
        wait *= 2;
    wait = wait < LONGEST_MS ? wait : LONGEST_MS;
    if (getentropy(&random, sizeof random) != 0)
        random = 0;
    return wait / 2 + wait * random / UINT16_MAX;
}

static void set_trouble(struct fy_receiver *receiver, long status, const char *why)
{
    free(receiver->trouble);
    receiver->trouble = status > 0 ? fy_format("it answers %ld", status) : fy_format("%.*s", WHY_MAX, why);
}

static unsigned in_flight(const struct fy_receiver *receiver)
{
    unsigned count = 0;
    for (const struct fy_flow *flow = receiver->notify->flows; flow != NULL; flow = flow->next)
        count += flow->receiver == receiver && flow->sending != NULL ? 1 : 0;
    return count;
}

static void pump_all(const struct fy_receiver *receiver)
{
    for (struct fy_flow *flow = receiver->notify->flows, *next; flow != NULL; flow = next) {
        next = flow->next;
        if (flow->receiver == receiver)
            pump(flow);
    }
}

/* ---- the test of a receiver ---- */

static void test_receiver(struct fy_receiver *receiver);

static void on_test_again(uv_timer_t *timer)
{
    test_receiver(timer->data);
}

static void on_tested(void *context, long status, const char *why)
{
    struct fy_receiver *receiver = context;
    receiver->testing = NULL;
    receiver->tested = status >= 200 && status < 300;
    if (!receiver->tested) {
        if (receiver->failures++ == 0)
            fy_log(FY_LOG_WARNING, "callbacks: %s does not pass its test at %s: %ld %s", receiver->name,
                   receiver->url, status, status > 0 ? "" : why);
        set_trouble(receiver, status, why);
        (void)uv_timer_start(&receiver->again, on_test_again, back_off(receiver->failures), 0);
        return;
    }
    receiver->failures = 0;
    free(fy_steal(&receiver->trouble));
    pump_all(receiver);
}

static void test_receiver(struct fy_receiver *receiver)
{
    receiver->testing = fy_send(receiver, NULL, 0, NULL, on_tested, receiver);
}

/* ---- flows ---- */

static struct fy_flow *find_flow(const struct fy_notify *notify, const char *receiver, const char *run)
{
    for (struct fy_flow *flow = notify->flows; flow != NULL; flow = flow->next)
        if (strcmp(flow->run, run) == 0 && (receiver == NULL || strcmp(flow->receiver->name, receiver) == 0))
            return flow;
    return NULL;
}

static struct fy_flow *add_flow(struct fy_notify *notify, struct fy_receiver *receiver, const char *run)
{
    struct fy_flow *flow = FY_NEW(struct fy_flow);
    *flow = (struct fy_flow){
        .notify = notify, .receiver = receiver, .run = fy_strdup(run), .more = true, .next = notify->flows};
    (void)uv_timer_init(notify->loop, &flow->again);
    flow->again.data = flow;
    notify->flows = flow;
    return flow;
}

static void on_flow_closed(uv_handle_t *handle)
{
    struct fy_flow *flow = handle->data;
    free(flow->run);
    free(flow->function);
    free(flow);
}

static void drop_flow(struct fy_flow *flow)
{
    struct fy_flow **at = &flow->notify->flows;
    while (*at != flow)
        at = &(*at)->next;
    *at = flow->next;
    uv_close((uv_handle_t *)&flow->again, on_flow_closed);
}

/* ---- dead letters ---- */

static struct fy_letter *letter_of(const struct fy_flow *flow, bool again)
{
    struct fy_notify *notify = flow->notify;
    for (size_t i = 0; i < notify->letter_count; i++)
        if (notify->letters[i].flow == flow && (!again || notify->letters[i].again))
            return &notify->letters[i];
    return NULL;
}

static void add_letter(struct fy_flow *flow, uint64_t seq, const char *why)
{
    struct fy_notify *notify = flow->notify;
    notify->letters = fy_realloc(notify->letters, (notify->letter_count + 1) * sizeof *notify->letters);
    notify->letters[notify->letter_count++] =
        (struct fy_letter){.flow = flow, .seq = seq, .why = fy_strdup(why != NULL ? why : "not said")};
}

static void drop_letter(struct fy_notify *notify, const struct fy_flow *flow, uint64_t seq)
{
    for (size_t i = 0; i < notify->letter_count; i++) {
        if (notify->letters[i].flow != flow || notify->letters[i].seq != seq)
            continue;
        free(notify->letters[i].why);
        notify->letters[i] = notify->letters[--notify->letter_count];
        return;
    }
}

/* ---- sending ---- */

static void on_flow_again(uv_timer_t *timer)
{
    pump(timer->data);
}

static void move_on(struct fy_flow *flow, const char *what)
{
    fy_cursors_note(flow->notify, flow->receiver->name, flow->run, flow->sending_seq, what);
    if (flow->sending_seq > flow->cursor)
        flow->cursor = flow->looked = flow->sending_seq;
    flow->failures = 0;
    flow->failing_since_ms = 0;
}

static void give_up(struct fy_flow *flow)
{
    const char *why = flow->receiver->trouble;
    fy_log(FY_LOG_WARNING, "callbacks: %s:%llu is given up for %s: %s", flow->run,
           (unsigned long long)flow->sending_seq, flow->receiver->name, why);
    move_on(flow, "dead");
    add_letter(flow, flow->sending_seq, why);
}

static void on_sent(void *context, long status, const char *why)
{
    struct fy_flow *flow = context;
    struct fy_receiver *receiver = flow->receiver;
    struct fy_letter *letter = letter_of(flow, true);
    flow->sending = NULL;
    if (status >= 200 && status < 300) {
        receiver->delivered++;
        free(fy_steal(&receiver->trouble));
        if (letter != NULL)
            drop_letter(flow->notify, flow, flow->sending_seq);
        move_on(flow, letter != NULL ? "sent" : "at");
        pump_all(receiver);
        return;
    }
    receiver->failed++;
    set_trouble(receiver, status, why);
    if (letter != NULL) {
        letter->again = false;
        pump_all(receiver);
        return;
    }
    if (flow->failing_since_ms == 0)
        flow->failing_since_ms = now_ms();
    if (now_ms() - flow->failing_since_ms >= receiver->give_up_ms) {
        give_up(flow);
        pump_all(receiver);
        return;
    }
    (void)uv_timer_start(&flow->again, on_flow_again, back_off(++flow->failures), 0);
    pump_all(receiver);
}

struct look {
    struct fy_flow *flow;
    uint64_t only; /* 0: the next of interest */
    struct fy_buf body;
};

static bool look_at(void *context, const struct fy_row *row)
{
    struct look *look = context;
    struct fy_flow *flow = look->flow;
    unsigned event = fy_event_of(row, &flow->final);
    if (look->only == 0 && (event & flow->wanted) == 0) {
        flow->looked = row->seq;
        return true;
    }
    flow->sending_seq = row->seq;
    fy_event_body(flow, row, event, &look->body);
    return false;
}

static void settle(struct fy_flow *flow)
{
    flow->more = false;
    if (!flow->final || letter_of(flow, false) != NULL)
        return;
    fy_cursors_note(flow->notify, flow->receiver->name, flow->run, flow->cursor, "done");
    drop_flow(flow);
}

static void pump(struct fy_flow *flow)
{
    struct fy_store *store = flow->notify->store;
    const struct fy_letter *letter = letter_of(flow, true);
    struct look look = {.flow = flow, .only = letter != NULL ? letter->seq : 0};
    struct fy_err err;
    if (flow->sending != NULL || (!flow->more && letter == NULL) || !flow->receiver->tested ||
        uv_is_active((uv_handle_t *)&flow->again) || in_flight(flow->receiver) >= AT_ONCE)
        return;
    if (!store->read(store, flow->run, letter != NULL ? letter->seq - 1 : flow->looked, look_at, &look,
                     &err)) {
        fy_log(FY_LOG_WARNING, "callbacks: %s", err.message);
        (void)uv_timer_start(&flow->again, on_flow_again, back_off(++flow->failures), 0);
    } else if (look.body.length == 0) {
        settle(flow);
    } else {
        FY_AUTO(fy_free_ptr)
        char *id = fy_format("%s:%llu", flow->run, (unsigned long long)flow->sending_seq);
        flow->sending = fy_send(flow->receiver, look.body.data, look.body.length, id, on_sent, flow);
    }
    fy_buf_free(&look.body);
}

/* ---- what an order wants ---- */

struct discovery {
    struct fy_notify *notify;
    const char *run;
    bool begin; /* a flow where there is none; otherwise there is none because all of it was sent */
};

static void want(const struct discovery *discovery, const json_t *callback, const char *function)
{
    struct fy_notify *notify = discovery->notify;
    const char *name = fy_json_string_or(callback, "ref", "");
    struct fy_receiver *receiver = fy_receiver_find(notify, name);
    if (receiver == NULL || receiver->url == NULL)
        return;
    struct fy_flow *flow = find_flow(notify, name, discovery->run);
    if (flow == NULL && !discovery->begin)
        return;
    if (flow == NULL) {
        flow = add_flow(notify, receiver, discovery->run);
        fy_cursors_note(notify, name, discovery->run, 0, "at");
    }
    flow->wanted |= fy_events_wanted(json_object_get(callback, "events"));
    if (flow->function == NULL && function != NULL)
        flow->function = fy_strdup(function);
}

static bool discover(void *context, const struct fy_row *row)
{
    struct fy_err ignored;
    FY_AUTO(fy_json_unref)
    json_t *doc = fy_json_parse(row->body, row->body_length, "order accepted", &ignored);
    const json_t *request = json_object_get(json_object_get(doc, "order"), "request");
    const json_t *one = NULL;
    size_t index = 0;
    json_array_foreach(json_object_get(request, "callbacks"), index, one)
        want(context, one, fy_json_string_or(request, "vnf_instance", NULL));
    return false;
}

void fy_flow_restore(struct fy_notify *notify, const char *receiver, const char *run, uint64_t seq,
                     const char *what)
{
    struct fy_receiver *found = fy_receiver_find(notify, receiver);
    struct fy_flow *flow = find_flow(notify, receiver, run);
    if (found == NULL || found->url == NULL)
        return; /* its configuration is gone: so is what it was owed */
    if (flow == NULL)
        flow = add_flow(notify, found, run);
    if (strcmp(what, "done") == 0) {
        drop_flow(flow);
        return;
    }
    if (strcmp(what, "sent") == 0)
        drop_letter(notify, flow, seq);
    else if (strcmp(what, "dead") == 0)
        add_letter(flow, seq, "given up before ferryd was started");
    if (seq > flow->cursor)
        flow->cursor = flow->looked = seq;
}

static void learn_wishes(struct fy_notify *notify)
{
    for (struct fy_flow *flow = notify->flows, *next; flow != NULL; flow = next) {
        struct fy_err err;
        const struct discovery discovery = {notify, flow->run, false};
        next = flow->next;
        if (!notify->store->read(notify->store, flow->run, 0, discover, (void *)(uintptr_t)&discovery, &err))
            fy_log(FY_LOG_WARNING, "callbacks of %s: %s", flow->run, err.message);
    }
}

/* ---- the public functions ---- */

struct fy_notify *fy_notify_new(uv_loop_t *loop, struct fy_store *store, const char *config,
                                const char *directory, const char *path, struct fy_err *err)
{
    struct fy_notify *notify = FY_NEW(struct fy_notify);
    *notify = (struct fy_notify){.loop = loop, .store = store, .cursors_fd = -1};
    if (!fy_receivers_read(notify, config, directory, err))
        return NULL;
    if (!fy_send_open(notify)) {
        (void)fy_fail(err, FY_ERR_INTERNAL, "could not prepare callbacks");
        return NULL;
    }
    if (!fy_cursors_open(notify, path, err))
        return NULL;
    learn_wishes(notify);
    for (size_t i = 0; i < notify->receiver_count; i++) {
        struct fy_receiver *receiver = &notify->receivers[i];
        if (receiver->url == NULL)
            continue;
        (void)uv_timer_init(loop, &receiver->again);
        receiver->again.data = receiver;
        test_receiver(receiver);
    }
    return notify;
}

void fy_notify_record(struct fy_notify *notify, const struct fy_row *row)
{
    bool final = false;
    if (row->kind == FY_REC_ORDER_ACCEPTED) {
        struct discovery discovery = {notify, row->run, true};
        (void)discover(&discovery, row);
    } else if (row->kind == FY_REC_RESUMED && find_flow(notify, NULL, row->run) == NULL) {
        struct discovery discovery = {notify, row->run, true}; /* taken over from another engine */
        struct fy_err ignored;
        (void)!notify->store->read(notify->store, row->run, 0, discover, &discovery, &ignored);
    }
    if (fy_event_of(row, &final) == 0)
        return;
    for (struct fy_flow *flow = notify->flows, *next; flow != NULL; flow = next) {
        next = flow->next;
        if (strcmp(flow->run, row->run) != 0)
            continue;
        flow->more = true;
        pump(flow);
    }
}

static bool is_behind(const struct fy_flow *flow)
{
    return flow->sending != NULL || flow->failures > 0 || (flow->more && !flow->receiver->tested);
}

static void show_receiver(const struct fy_notify *notify, const struct fy_receiver *receiver,
                          struct fy_buf *buf)
{
    int64_t behind = 0;
    for (const struct fy_flow *flow = notify->flows; flow != NULL; flow = flow->next)
        behind += flow->receiver == receiver && is_behind(flow) ? 1 : 0;
    fy_buf_open(buf, '{');
    fy_buf_member(buf, "name", receiver->name);
    fy_buf_member(buf, "url", receiver->url);
    fy_buf_member_bool(buf, "tested", receiver->tested);
    fy_buf_member(buf, "trouble", receiver->trouble);
    fy_buf_member_int(buf, "delivered", (int64_t)receiver->delivered);
    fy_buf_member_int(buf, "failed", (int64_t)receiver->failed);
    fy_buf_member_int(buf, "behind", behind);
    fy_buf_key(buf, "dead");
    fy_buf_open(buf, '[');
    for (size_t i = 0; i < notify->letter_count; i++) {
        const struct fy_letter *letter = &notify->letters[i];
        if (letter->flow->receiver != receiver)
            continue;
        FY_AUTO(fy_free_ptr)
        char *id = fy_format("%s:%llu", letter->flow->run, (unsigned long long)letter->seq);
        fy_buf_open(buf, '{');
        fy_buf_member(buf, "id", id);
        fy_buf_member(buf, "why", letter->why);
        fy_buf_close(buf, '}');
    }
    fy_buf_close(buf, ']');
    fy_buf_close(buf, '}');
}

void fy_notify_show(struct fy_notify *notify, struct fy_buf *buf)
{
    fy_buf_text(buf, "{\"receivers\":");
    fy_buf_open(buf, '[');
    for (size_t i = 0; i < notify->receiver_count; i++)
        show_receiver(notify, &notify->receivers[i], buf);
    fy_buf_close(buf, ']');
    fy_buf_close(buf, '}');
}

bool fy_notify_resend(struct fy_notify *notify, const char *name, size_t *ret_count, struct fy_err *err)
{
    const struct fy_receiver *receiver = fy_receiver_find(notify, name);
    size_t count = 0;
    if (receiver == NULL)
        return fy_fail(err, FY_ERR_NOT_FOUND, "there is no receiver %.60s", name);
    for (size_t i = 0; i < notify->letter_count; i++)
        if (notify->letters[i].flow->receiver == receiver) {
            notify->letters[i].again = true;
            count++;
        }
    pump_all(receiver);
    *ret_count = count;
    return true;
}

struct fy_notify_counts fy_notify_count(const struct fy_notify *notify)
{
    struct fy_notify_counts counts = {.dead = notify->letter_count};
    for (size_t i = 0; i < notify->receiver_count; i++) {
        counts.delivered += notify->receivers[i].delivered;
        counts.failed += notify->receivers[i].failed;
    }
    for (const struct fy_flow *flow = notify->flows; flow != NULL; flow = flow->next)
        counts.behind += is_behind(flow) ? 1 : 0;
    return counts;
}
