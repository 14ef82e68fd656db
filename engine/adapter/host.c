/* SPDX-License-Identifier: Apache-2.0 */
#include "adapter/host.h"

#include "adapter/describe.h"
#include "adapter/settings.h"
#include "adapter/wire.h"

#include "base/frame.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/point.h"

#include <errno.h>
#include <malloc.h>
#include <poll.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

#define READ_SIZE (64u * 1024)
#define SLOW_MS   5    /* an answer does not wait longer than this for its neighbours */
#define QUIET_MS  1000 /* without a call: what a burst left in the heap goes back */

struct job {
    struct job *next;
    struct fy_wire_call call;
};

/* Calls of one sort, served in their order. */
struct lane {
    struct host *host;
    struct job *first, **last;
    pthread_cond_t work;
};

struct host {
    int fd;
    struct fy_bound *bound;
    pthread_mutex_t lock;    /* everything below */
    pthread_mutex_t writing; /* one message at a time on the socket; taken before lock */
    struct lane act, observe;
    struct fy_buf out;  /* one unfinished frame of replies, or empty */
    size_t outstanding; /* calls without a reply in out */
    bool eager;         /* a call takes long: answers leave one by one */
    bool trimmed;       /* nothing came since the heap was tidied */
};

/* The socket is gone or broken: nobody is there to serve. Threads in the adapter do not matter. */
static _Noreturn void leave(void)
{
    _exit(0);
}

/* Replies. */

/* Called with the lock held; the write itself is done without it. */
static void send_replies(struct host *host)
{
    pthread_mutex_unlock(&host->lock);
    pthread_mutex_lock(&host->writing);
    pthread_mutex_lock(&host->lock);
    struct fy_buf out = host->out;
    host->out = (struct fy_buf){0};
    pthread_mutex_unlock(&host->lock);
    if (out.length > 0) {
        fy_buf_text(&out, "]}");
        fy_frame_end(&out, 0);
        for (size_t at = 0; at < out.length;) {
            ssize_t done = write(host->fd, out.data + at, out.length - at);
            if (done < 0 && errno != EINTR)
                leave();
            at += done > 0 ? (size_t)done : 0;
        }
        FY_POINT(adapter_answered);
    }
    pthread_mutex_unlock(&host->writing);
    pthread_mutex_lock(&host->lock);
    if (host->out.data == NULL && out.room < READ_SIZE) {
        fy_buf_clear(&out);
        host->out = out; /* used again, so that a reply costs no allocation */
    } else {
        fy_buf_free(&out);
    }
}

static void add_reply(struct host *host, uint64_t id, const struct fy_adapter_reply *reply)
{
    if (host->out.length == 0) {
        (void)fy_frame_begin(&host->out);
        fy_buf_text(&host->out, "{\"replies\":[");
    }
    fy_wire_put_reply(&host->out, id, reply);
    host->outstanding--;
}

/* Workers. */

static void serve(struct host *host, struct job *job)
{
    struct fy_answer answer;
    FY_POINT(adapter_before_call);
    fy_bound_serve(host->bound, &job->call.call, &answer);
    FY_POINT(adapter_after_call);
    pthread_mutex_lock(&host->lock);
    add_reply(host, job->call.id, &answer.reply);
    bool split = host->eager || host->out.length > FY_WIRE_SPLIT;
    if (host->outstanding == 0)
        host->eager = false;
    if (split)
        send_replies(host);
    pthread_mutex_unlock(&host->lock);
    fy_answer_free(&answer);
    free(job->call.text);
    free(job);
}

static void *work(void *argument)
{
    struct lane *lane = argument;
    struct host *host = lane->host;
    pthread_mutex_lock(&host->lock);
    for (;;) {
        while (lane->first == NULL) {
            if (host->out.length > 0)
                send_replies(host);
            if (lane->first == NULL)
                pthread_cond_wait(&lane->work, &host->lock);
        }
        struct job *job = lane->first;
        lane->first = job->next;
        if (lane->first == NULL)
            lane->last = &lane->first;
        pthread_mutex_unlock(&host->lock);
        serve(host, job);
        pthread_mutex_lock(&host->lock);
    }
    return NULL;
}

static bool start_lane(struct host *host, struct lane *lane, unsigned threads, struct fy_err *err)
{
    lane->host = host;
    lane->last = &lane->first;
    (void)pthread_cond_init(&lane->work, NULL);
    for (unsigned i = 0; i < threads; i++) {
        pthread_t thread;
        int failed = pthread_create(&thread, NULL, work, lane);
        if (failed != 0)
            return fy_fail(err, FY_ERR_TRANSIENT, "could not start a thread: %s", strerror(failed));
        (void)pthread_detach(thread);
    }
    return true;
}

/* Reading calls. */

static void queue(struct host *host, struct job *job)
{
    const struct ferry_verb *verb = fy_bound_verb(host->bound, job->call.call.verb);
    struct lane *lane = verb != NULL && verb->kind == FERRY_ENSURE ? &host->act : &host->observe;
    pthread_mutex_lock(&host->lock);
    *lane->last = job;
    lane->last = &job->next;
    host->outstanding++;
    pthread_mutex_unlock(&host->lock);
}

static void read_calls(struct host *host, const char *payload, size_t length)
{
    struct fy_walk walk = fy_walk_object(payload, length);
    struct fy_piece key, calls, call;
    while (fy_walk_member(&walk, &key, &calls)) {
        if (!fy_piece_is(key, "calls"))
            continue;
        struct fy_walk list = fy_walk_list(calls.text, calls.length);
        while (fy_walk_element(&list, &call)) {
            struct job *job = FY_NEW(struct job);
            if (!fy_wire_read_call(&call, &job->call)) {
                fy_log(FY_LOG_ERROR, "a call cannot be read; the engine is broken or not ours");
                leave();
            }
            queue(host, job);
        }
    }
}

/* All threads of the lane wait or work; they are woken once for all the calls of a message. */
static void wake(struct host *host)
{
    pthread_mutex_lock(&host->lock);
    bool act = host->act.first != NULL, observe = host->observe.first != NULL;
    pthread_mutex_unlock(&host->lock);
    if (act)
        (void)pthread_cond_broadcast(&host->act.work);
    if (observe)
        (void)pthread_cond_broadcast(&host->observe.work);
}

static void deliver(struct host *host, struct fy_buf *in)
{
    const char *payload;
    size_t length, total, at = 0;
    for (;;) {
        struct fy_buf rest = {in->data + at, in->length - at, 0};
        int found = fy_frame_peek(&rest, &payload, &length, &total);
        if (found < 0)
            leave();
        if (found == 0)
            break;
        read_calls(host, payload, length);
        at += total;
    }
    fy_buf_drop(in, at);
    if (in->length == 0 && in->room > 2 * READ_SIZE)
        fy_buf_free(in);
    wake(host);
}

/* How long to wait for more calls: shortly while answers may be waiting for slow neighbours, a while when all
 * is served and the heap is not tidied yet. */
static int patience(struct host *host)
{
    pthread_mutex_lock(&host->lock);
    bool served = host->outstanding == 0;
    bool eager = host->eager;
    pthread_mutex_unlock(&host->lock);
    if (served)
        return host->trimmed ? -1 : QUIET_MS;
    return eager ? -1 : SLOW_MS;
}

static void be_eager(struct host *host)
{
    pthread_mutex_lock(&host->lock);
    host->eager = host->outstanding > 0;
    host->trimmed = !host->eager;
    if (host->trimmed)
        (void)malloc_trim(0);
    if (host->out.length > 0)
        send_replies(host);
    pthread_mutex_unlock(&host->lock);
}

static _Noreturn void serve_socket(struct host *host)
{
    struct fy_buf in = {0};
    for (;;) {
        struct pollfd socket = {.fd = host->fd, .events = POLLIN};
        int ready = poll(&socket, 1, patience(host));
        if (ready == 0) {
            be_eager(host);
            continue;
        }
        fy_buf_reserve(&in, READ_SIZE);
        ssize_t got = ready > 0 ? read(host->fd, in.data + in.length, in.room - in.length - 1) : -1;
        if (got == 0 || (got < 0 && errno != EINTR))
            leave();
        in.length += got > 0 ? (size_t)got : 0;
        host->trimmed = false;
        if (got > 0)
            deliver(host, &in);
    }
}

/* Starting. */

static bool refuse(int fd, const struct fy_err *why, bool lasting)
{
    struct fy_buf buf = {0};
    fy_buf_open(&buf, '{');
    fy_buf_key(&buf, "refused");
    fy_buf_open(&buf, '{');
    fy_buf_member(&buf, "kind", fy_err_kind_name(why->kind));
    fy_buf_member(&buf, "message", why->message);
    fy_buf_member(&buf, "hint", why->hint[0] != '\0' ? why->hint : NULL);
    fy_buf_member_bool(&buf, "lasting", lasting);
    fy_buf_text(&buf, "}}");
    bool sent = fy_frame_send(fd, buf.data, buf.length, NULL);
    fy_buf_free(&buf);
    return sent;
}

static bool introduce(int fd, const struct fy_plugin *plugin)
{
    struct fy_buf buf = {0};
    fy_buf_open(&buf, '{');
    fy_buf_key(&buf, "described");
    fy_adapter_describe(plugin->adapter, plugin->sha256, &buf);
    fy_buf_close(&buf, '}');
    bool sent = fy_frame_send(fd, buf.data, buf.length, NULL);
    fy_buf_free(&buf);
    return sent;
}

static bool start_threads(struct host *host, bool thread_safe, struct fy_err *err)
{
    (void)pthread_mutex_init(&host->lock, NULL);
    (void)pthread_mutex_init(&host->writing, NULL);
    return start_lane(host, &host->act, thread_safe ? FY_HOST_ACT_THREADS : 1, err) &&
           start_lane(host, &host->observe, thread_safe ? FY_HOST_OBSERVE_THREADS : 1, err);
}

int fy_adapter_host_main(int fd, int secrets_fd)
{
    struct fy_err err;
    struct fy_buf scratch = {0};
    struct fy_host_setup setup;
    static struct host host; /* its threads outlive every frame of main */
    size_t length;
    const char *message = fy_frame_receive(fd, &scratch, &length, &err);
    if (message == NULL)
        return 0;
    if (!fy_host_set_up(message, length, secrets_fd, &setup, &err))
        return refuse(fd, &err, err.kind != FY_ERR_TRANSIENT) ? 0 : 1;
    host.fd = fd;
    host.bound = fy_bound_open(setup.plugin.adapter, setup.connection, setup.filled, &err);
    fy_settings_free(setup.filled);
    setup.filled = NULL;
    if (host.bound == NULL || !start_threads(&host, setup.plugin.adapter->thread_safe, &err))
        return refuse(fd, &err, false) ? 0 : 1;
    fy_buf_free(&scratch);
    if (!introduce(fd, &setup.plugin))
        return 1;
    serve_socket(&host);
}
