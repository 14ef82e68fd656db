/* SPDX-License-Identifier: Apache-2.0 */
#include "script/remote.h"

#include "base/child.h"
#include "base/frame.h"
#include "base/log.h"
#include "base/mem.h"
#include "script/page.h"
#include "script/wire.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define LIMIT_MS    1000
#define WALL_FACTOR 20 /* a host that gets no CPU at all is given up after this many limits */
#define LOOK_MS     100
#define MESSAGE_MAX (8u << 20)   /* a message is finished at this size and another begun */
#define KEEP_BYTES  (64u * 1024) /* a larger buffer is given back once it was sent */
#define OUT_LIMIT   (1024u << 20)
#define PAUSE_MS    100
#define PAUSE_MAX   5000

struct known {
    char *run;     /* NULL: a free slot */
    uint32_t turn; /* of its last start or resume */
    bool waits;    /* that was not answered yet */
};

struct remote {
    struct fy_script script;
    uv_loop_t *loop;
    char *host_path;
    int64_t limit_ms;
    bool log_stderr, closed;
    struct fy_child *child;
    uint64_t generation; /* of the child: callbacks of a former one are not listened to */
    int page_fd;
    struct fy_script_page *page;
    struct known *known; /* by slot; slot 0 is nobody's */
    uint32_t count, room, waiting, turn;
    uint32_t *bucket; /* slots by the run's name: open addressing; 0 is empty, GONE was something */
    uint32_t bucket_count, bucket_used;
    char **sent; /* digests this host has */
    size_t sent_count;
    struct fy_buf items; /* what goes with the next message */
    struct fy_wire_event event;
    uv_timer_t look, again;
    unsigned open_timers;
    bool looking, killed;
    char *suspect;      /* the run the last host died with */
    uint32_t seen_turn; /* when the watch last looked */
    int64_t seen_cpu_ms, seen_wall_ms, pause_ms;
};

#define GONE UINT32_MAX

/* Runs by name. */

static uint32_t hash(const char *text)
{
    uint32_t sum = 2166136261u;
    for (; *text != '\0'; text++)
        sum = (sum ^ (unsigned char)*text) * 16777619u;
    return sum;
}

static uint32_t *bucket_of(struct remote *r, const char *run)
{
    if (r->bucket_count == 0)
        return NULL;
    for (uint32_t i = hash(run) & (r->bucket_count - 1);; i = (i + 1) & (r->bucket_count - 1)) {
        uint32_t slot = r->bucket[i];
        if (slot == 0)
            return NULL;
        if (slot != GONE && strcmp(r->known[slot].run, run) == 0)
            return &r->bucket[i];
    }
}

static void put_bucket(struct remote *r, uint32_t slot)
{
    uint32_t i = hash(r->known[slot].run) & (r->bucket_count - 1);
    while (r->bucket[i] != 0 && r->bucket[i] != GONE)
        i = (i + 1) & (r->bucket_count - 1);
    r->bucket_used += r->bucket[i] == 0;
    r->bucket[i] = slot;
}

static void rebuild_buckets(struct remote *r)
{
    free(r->bucket);
    r->bucket_count = 64;
    while (r->bucket_count < r->count * 4)
        r->bucket_count *= 2;
    r->bucket = FY_NEW_ARRAY(uint32_t, r->bucket_count);
    r->bucket_used = 0;
    for (uint32_t slot = 1; slot < r->count; slot++)
        if (r->known[slot].run != NULL)
            put_bucket(r, slot);
}

static uint32_t slot_of(struct remote *r, const char *run)
{
    uint32_t *bucket = bucket_of(r, run);
    return bucket != NULL ? *bucket : 0;
}

static uint32_t free_slot(struct remote *r)
{
    for (uint32_t slot = 1; slot < r->count; slot++)
        if (r->known[slot].run == NULL)
            return slot;
    if (r->count + 1 >= r->room) {
        r->room = r->room == 0 ? 64 : r->room * 2;
        r->known = fy_realloc(r->known, r->room * sizeof *r->known);
    }
    r->count = r->count == 0 ? 1 : r->count;
    r->known[r->count] = (struct known){0};
    return r->count++;
}

static uint32_t add_run(struct remote *r, const char *run)
{
    uint32_t slot = free_slot(r);
    r->known[slot] = (struct known){.run = fy_strdup(run)};
    if ((r->bucket_used + 1) * 2 > r->bucket_count)
        rebuild_buckets(r); /* puts the new one too */
    else
        put_bucket(r, slot);
    return slot;
}

static void set_waits(struct remote *r, uint32_t slot, bool waits)
{
    r->waiting += (uint32_t)waits - (uint32_t)r->known[slot].waits;
    r->known[slot].waits = waits;
}

static struct fy_wire_address next_turn(struct remote *r, uint32_t slot)
{
    set_waits(r, slot, true);
    r->known[slot].turn = ++r->turn;
    return (struct fy_wire_address){.slot = slot, .turn = r->turn};
}

static void remove_run(struct remote *r, uint32_t slot)
{
    set_waits(r, slot, false);
    *bucket_of(r, r->known[slot].run) = GONE;
    free(fy_steal(&r->known[slot].run));
}

/* Out: items gather until the loop is about to wait, then leave as one message. */

static void finish_message(struct remote *r)
{
    if (r->items.length == 0 || r->child == NULL)
        return;
    fy_buf_put(&r->items, "]", 1);
    struct fy_buf *out = fy_child_batch(r->child);
    size_t begin = fy_frame_begin(out);
    fy_buf_put(out, r->items.data, r->items.length);
    fy_frame_end(out, begin);
    fy_buf_clear(&r->items);
    if (r->items.room > KEEP_BYTES)
        fy_buf_free(&r->items);
}

static void on_flush(void *ctx)
{
    finish_message(ctx);
}

/* Call before an item is put. */
static struct fy_buf *open_item(struct remote *r)
{
    if (r->items.length > MESSAGE_MAX)
        finish_message(r);
    if (r->items.length == 0)
        fy_buf_put(&r->items, "[", 1);
    if (r->child != NULL)
        (void)fy_child_batch(r->child); /* so that the flush comes */
    return &r->items;
}

static void send_texts(struct remote *r, const struct fy_script_start *start)
{
    for (size_t i = 0; i < start->text_count; i++) {
        size_t at = 0;
        while (at < r->sent_count && strcmp(r->sent[at], start->texts[i].sha256) != 0)
            at++;
        if (at < r->sent_count || start->texts[i].bytes == NULL)
            continue;
        fy_wire_put_text(open_item(r), &start->texts[i]);
        r->sent = fy_realloc(r->sent, (r->sent_count + 1) * sizeof *r->sent);
        r->sent[r->sent_count++] = fy_strdup(start->texts[i].sha256);
    }
}

static void forget_sent(struct remote *r)
{
    for (size_t i = 0; i < r->sent_count; i++)
        free(r->sent[i]);
    free(fy_steal(&r->sent));
    r->sent_count = 0;
}

/* The watch: while somebody waits, is the host still turning? */

static int64_t clock_ms(clockid_t clock)
{
    struct timespec now;
    if (clock_gettime(clock, &now) != 0)
        return 0;
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int64_t host_cpu_ms(const struct remote *r)
{
    clockid_t clock;
    if (r->child == NULL || clock_getcpuclockid(fy_child_pid(r->child), &clock) != 0)
        return 0;
    return clock_ms(clock);
}

static void look_afresh(struct remote *r, uint32_t turn)
{
    r->seen_turn = turn;
    r->seen_cpu_ms = host_cpu_ms(r);
    r->seen_wall_ms = clock_ms(CLOCK_MONOTONIC);
}

static void on_look(uv_timer_t *timer)
{
    struct remote *r = timer->data;
    if (r->waiting == 0) {
        r->looking = false;
        (void)uv_timer_stop(timer);
        return;
    }
    uint32_t turn = atomic_load_explicit(&r->page->turn, memory_order_acquire);
    if (turn != r->seen_turn || r->child == NULL || r->killed) {
        look_afresh(r, turn);
        return;
    }
    bool cpu = host_cpu_ms(r) - r->seen_cpu_ms >= r->limit_ms;
    bool wall = clock_ms(CLOCK_MONOTONIC) - r->seen_wall_ms >= r->limit_ms * WALL_FACTOR;
    if (!cpu && !wall)
        return;
    r->killed = true;
    fy_child_kill(r->child);
}

static void watch(struct remote *r)
{
    if (r->looking)
        return;
    r->looking = true;
    look_afresh(r, atomic_load_explicit(&r->page->turn, memory_order_acquire));
    (void)uv_timer_start(&r->look, on_look, LOOK_MS, LOOK_MS);
}

/* In: events. */

static void tell(struct remote *r, const struct fy_script_event *event)
{
    if (r->script.on_event != NULL)
        r->script.on_event(r->script.context, event);
}

static void on_item(struct remote *r, struct fy_piece item)
{
    uint32_t slot = fy_wire_read_event(item, &r->event) ? r->event.from.slot : 0;
    if (slot == 0 || slot >= r->count)
        return;
    struct known *known = &r->known[slot];
    if (known->run == NULL || !known->waits || known->turn != r->event.from.turn)
        return;
    set_waits(r, slot, false);
    if (r->suspect != NULL && strcmp(r->suspect, known->run) == 0)
        free(fy_steal(&r->suspect));
    FY_AUTO(fy_free_ptr) char *run = fy_strdup(known->run); /* the listener may drop it */
    if (r->event.event.kind != FY_SCRIPT_CALL)
        remove_run(r, slot);
    r->event.event.run = run;
    tell(r, &r->event.event);
}

static void on_message(void *ctx, const char *payload, size_t length)
{
    struct remote *r = ctx;
    struct fy_walk walk = fy_walk_of(payload, length);
    uint64_t generation = r->generation;
    r->pause_ms = 0;
    if (fy_walk_open(&walk, '['))
        while (!r->closed && r->generation == generation && fy_walk_more(&walk, ']')) {
            struct fy_piece item = fy_walk_value(&walk);
            if (!walk.bad)
                on_item(r, item);
        }
}

/* The host's end, and its successor. */

static void start_host(struct remote *r);

static void on_again(uv_timer_t *timer)
{
    start_host(timer->data);
}

static void start_later(struct remote *r)
{
    int64_t pause = r->pause_ms;
    r->pause_ms = pause == 0 ? PAUSE_MS : pause * 2 < PAUSE_MAX ? pause * 2 : PAUSE_MAX;
    if (pause == 0)
        start_host(r);
    else
        (void)uv_timer_start(&r->again, on_again, (uint64_t)pause, 0);
}

static struct fy_script_event blame(struct remote *r, const char *run, const char *how)
{
    struct fy_script_event event = {
        .kind = FY_SCRIPT_ERROR, .run = run, .reason = r->killed ? "hung" : "host"};
    if (r->killed)
        fy_fail(&event.err, FY_ERR_TIMEOUT,
                "the workflow computed for more than %lld ms without taking a step and was stopped",
                (long long)r->limit_ms);
    else
        fy_fail(&event.err, FY_ERR_INTERNAL, "the script host died twice (%s) while it worked for this run",
                how);
    fy_hint(&event.err, "the other runs go on; look at what the workflow does behind its last step");
    return event;
}

/* Everybody the dead host knew is told. What they start in answer goes to the next host. */
static void tell_death(struct remote *r, uint32_t guilty, const char *how)
{
    uint32_t count = r->count;
    char **run = FY_NEW_ARRAY(char *, count + 1);
    for (uint32_t slot = 1; slot < count; slot++)
        if (r->known[slot].run != NULL) {
            run[slot] = fy_strdup(r->known[slot].run);
            remove_run(r, slot);
        }
    for (uint32_t slot = 1; slot < count; slot++) {
        if (run[slot] == NULL)
            continue;
        struct fy_script_event event = {.kind = FY_SCRIPT_LOST, .run = run[slot]};
        if (slot == guilty)
            event = blame(r, run[slot], how);
        if (!r->closed)
            tell(r, &event);
        free(run[slot]);
    }
    free(run);
}

/*
 * Who is to blame: 0 for nobody. Nothing a run does ends a host with SIGKILL but our own watch, so such a
 * death came from outside; a crash takes two in a row for the same run.
 */
static uint32_t find_guilty(struct remote *r, int signal)
{
    uint32_t slot = atomic_load_explicit(&r->page->slot, memory_order_acquire);
    const char *run = slot > 0 && slot < r->count ? r->known[slot].run : NULL;
    bool crashed = run != NULL && signal != SIGKILL;
    bool again = crashed && r->suspect != NULL && strcmp(run, r->suspect) == 0;
    free(fy_steal(&r->suspect));
    if (run != NULL && (r->killed || again))
        return slot;
    r->suspect = crashed ? fy_strdup(run) : NULL;
    return 0;
}

static void on_exited(void *ctx, int status, int signal)
{
    struct remote *r = ctx;
    FY_AUTO(fy_free_ptr) char *how = fy_strdup(fy_child_end_text(status, signal));
    uint32_t guilty = find_guilty(r, signal);
    fy_log(FY_LOG_WARNING, "the script host %s%s%s; another one is started",
           r->killed ? "hung and was killed" : "ended with ", r->killed ? "" : how,
           r->suspect != NULL ? " while it worked for a run" : "");
    fy_child_free(fy_steal(&r->child));
    r->generation++;
    forget_sent(r);
    fy_buf_clear(&r->items);
    atomic_store(&r->page->slot, 0);
    tell_death(r, guilty, how);
    r->killed = false;
    if (!r->closed)
        start_later(r);
}

static void start_host(struct remote *r)
{
    static const struct fy_child_events events = {
        .message = on_message, .flush = on_flush, .exited = on_exited};
    const char *const argv[] = {r->host_path, "script", NULL};
    struct fy_child_options options = {.name = "script host",
                                       .argv = argv,
                                       .fds = &r->page_fd,
                                       .fd_count = 1,
                                       .out_limit = OUT_LIMIT,
                                       .log_stderr = r->log_stderr};
    struct fy_err err;
    if (!fy_child_start(r->loop, &options, &events, r, &r->child, &err)) {
        fy_log_err(&err, "could not start the script host; trying again");
        r->child = NULL;
        r->pause_ms = r->pause_ms == 0 ? PAUSE_MS : r->pause_ms;
        start_later(r);
        return;
    }
    if (r->items.length > 0)
        (void)fy_child_batch(r->child);
}

/* The seam. */

static void remote_start(struct fy_script *self, const struct fy_script_start *start)
{
    struct remote *r = (struct remote *)self;
    uint32_t slot = slot_of(r, start->run);
    if (slot == 0)
        slot = add_run(r, start->run);
    send_texts(r, start);
    fy_wire_put_start(open_item(r), next_turn(r, slot), start);
    watch(r);
}

static void remote_resume(struct fy_script *self, const char *run, const char *outcome)
{
    struct remote *r = (struct remote *)self;
    uint32_t slot = slot_of(r, run);
    if (slot == 0 || r->known[slot].waits)
        return;
    fy_wire_put_resume(open_item(r), next_turn(r, slot), outcome);
    watch(r);
}

static void remote_drop(struct fy_script *self, const char *run)
{
    struct remote *r = (struct remote *)self;
    uint32_t slot = slot_of(r, run);
    if (slot == 0)
        return;
    fy_wire_put_drop(open_item(r), slot);
    remove_run(r, slot);
}

static void free_remote(struct remote *r)
{
    for (uint32_t slot = 1; slot < r->count; slot++)
        free(r->known[slot].run);
    free(r->known);
    free(r->bucket);
    forget_sent(r);
    fy_buf_free(&r->items);
    fy_wire_free_event(&r->event);
    (void)munmap(r->page, sizeof *r->page);
    fy_close_fd(&r->page_fd);
    free(r->suspect);
    free(r->host_path);
    free(r);
}

static void on_timer_closed(uv_handle_t *handle)
{
    struct remote *r = handle->data;
    if (--r->open_timers == 0)
        free_remote(r);
}

static void remote_close(struct fy_script *self)
{
    struct remote *r = (struct remote *)self;
    r->closed = true;
    r->generation++;
    fy_child_free(fy_steal(&r->child));
    uv_close((uv_handle_t *)&r->look, on_timer_closed);
    uv_close((uv_handle_t *)&r->again, on_timer_closed);
}

static bool make_page(struct remote *r, struct fy_err *err)
{
    r->page_fd = memfd_create("ferry-script-page", MFD_CLOEXEC);
    if (r->page_fd < 0 || ftruncate(r->page_fd, sizeof *r->page) != 0)
        return fy_fail_errno(err, "could not make the page shared with the script host");
    void *page = mmap(NULL, sizeof *r->page, PROT_READ | PROT_WRITE, MAP_SHARED, r->page_fd, 0);
    if (page == MAP_FAILED)
        return fy_fail_errno(err, "could not map the page shared with the script host");
    r->page = page;
    return true;
}

struct fy_script *fy_script_remote_new(const struct fy_script_remote_options *options, struct fy_err *err)
{
    struct remote *r = FY_NEW(struct remote);
    r->script = (struct fy_script){
        .start = remote_start, .resume = remote_resume, .drop = remote_drop, .close = remote_close};
    if (!make_page(r, err)) {
        fy_close_fd(&r->page_fd);
        free(r);
        return NULL;
    }
    r->loop = options->loop;
    r->host_path = fy_strdup(options->host_path);
    r->limit_ms = options->limit_ms > 0 ? options->limit_ms : LIMIT_MS;
    r->log_stderr = options->log_stderr;
    r->look.data = r->again.data = r;
    (void)uv_timer_init(r->loop, &r->look);
    (void)uv_timer_init(r->loop, &r->again);
    r->open_timers = 2;
    uv_unref((uv_handle_t *)&r->look);
    start_host(r);
    return &r->script;
}

pid_t fy_script_remote_pid(const struct fy_script *script)
{
    const struct remote *r = (const struct remote *)script;
    return r->child != NULL ? fy_child_pid(r->child) : 0;
}
