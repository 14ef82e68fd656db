/* SPDX-License-Identifier: Apache-2.0 */
#include "base/child.h"

#include "base/child_env.h"
#include "base/frame.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/point.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define READ_SIZE  (64u * 1024)
#define KEEP_SIZE  (64u * 1024) /* a larger buffer is given back once it is empty */
#define OUT_LIMIT  (128u * 1024 * 1024)
#define LINE_MAX_  1024u
#define PRINT_MAX  (64u * 1024) /* bytes of a child that are logged in a period; the rest is counted */
#define PRINT_MS   10000u
#define LAST_READS 64 /* of its last words: what it started may hold the pipe and go on */
#define TURN_READS 8  /* so that one busy child does not keep the loop from the others */

struct fy_child {
    uv_process_t process;
    uv_poll_t socket, errors;
    uv_prepare_t prepare;
    int fd, error_fd;
    unsigned open_handles;
    char *name;
    struct fy_child_events events;
    void *ctx;
    struct fy_buf in, out, line;
    size_t printed, left_out; /* bytes, in this period */
    uint64_t period;          /* when it began */
    size_t written;           /* bytes at the front of out that are gone */
    size_t out_limit;
    bool dirty;                 /* the prepare handle will flush */
    bool blocked;               /* the socket is full: waiting until it can be written */
    bool reaped, freed, closed; /* the process has ended; fy_child_free was called; the socket ended */
};

/* Endings. */

static void on_closed(uv_handle_t *handle)
{
    struct fy_child *child = handle->data;
    if (--child->open_handles > 0)
        return;
    fy_buf_free(&child->in);
    fy_buf_free(&child->out);
    fy_buf_free(&child->line);
    free(child->name);
    free(child);
}

static void close_handle(uv_handle_t *handle)
{
    if (!uv_is_closing(handle))
        uv_close(handle, on_closed);
}

static void close_channels(struct fy_child *child)
{
    close_handle((uv_handle_t *)&child->socket);
    close_handle((uv_handle_t *)&child->prepare);
    fy_close_fd(&child->fd);
    if (child->error_fd >= 0) {
        close_handle((uv_handle_t *)&child->errors);
        fy_close_fd(&child->error_fd);
    }
}

void fy_child_kill(struct fy_child *child)
{
    if (!child->reaped)
        (void)kill(-child->process.pid, SIGKILL);
}

void fy_child_free(struct fy_child *child)
{
    if (child == NULL || child->freed)
        return;
    child->freed = true;
    fy_child_kill(child);
    close_channels(child);
    if (child->reaped) /* otherwise on_ended closes it, so that no zombie stays */
        close_handle((uv_handle_t *)&child->process);
}

/* Reading. */

static void deliver(struct fy_child *child)
{
    size_t at = 0;
    while (!child->freed) {
        struct fy_buf rest = {child->in.data + at, child->in.length - at, 0};
        const char *payload;
        size_t length, total;
        int found = at < child->in.length ? fy_frame_peek(&rest, &payload, &length, &total) : 0;
        if (found == 0)
            break;
        if (found < 0) {
            fy_log(FY_LOG_ERROR, "%s sent a message over %u bytes and is killed", child->name, FY_FRAME_MAX);
            at = child->in.length;
            child->closed = true;
            fy_child_kill(child);
            break;
        }
        at += total;
        child->events.message(child->ctx, payload, length);
    }
    fy_buf_drop(&child->in, at);
    if (child->in.length == 0 && child->in.room > KEEP_SIZE)
        fy_buf_free(&child->in);
}

/* Bytes read; 0 if there is nothing more for now or for ever. */
static size_t read_some(struct fy_child *child)
{
    if (child->closed)
        return 0;
    fy_buf_reserve(&child->in, READ_SIZE);
    ssize_t got =
        recv(child->fd, child->in.data + child->in.length, child->in.room - child->in.length - 1, 0);
    if (got > 0) {
        child->in.length += (size_t)got;
        return (size_t)got;
    }
    child->closed = got == 0 || (errno != EAGAIN && errno != EINTR);
    return 0;
}

static void update_poll(struct fy_child *child);

static void on_readable(struct fy_child *child)
{
    for (int i = 0; i < TURN_READS && !child->freed; i++) {
        size_t got = read_some(child);
        deliver(child);
        if (got < READ_SIZE)
            break;
    }
    if (child->freed || !child->closed)
        return;
    fy_child_kill(child); /* a host without its socket is of no use, if it has not ended already */
    update_poll(child);
}

static void on_socket(uv_poll_t *handle, int status, int events)
{
    struct fy_child *child = handle->data;
    if ((events & UV_WRITABLE) != 0 && status == 0) {
        child->blocked = false;
        fy_child_flush(child);
        if (!child->freed && !child->blocked)
            update_poll(child);
    }
    if ((events & UV_READABLE) != 0 || status != 0)
        on_readable(child);
}

static void update_poll(struct fy_child *child)
{
    int events = (child->closed ? 0 : UV_READABLE) | (child->blocked ? UV_WRITABLE : 0);
    if (events == 0)
        (void)uv_poll_stop(&child->socket);
    else
        (void)uv_poll_start(&child->socket, events, on_socket);
}

/* Writing. */

static void write_out(struct fy_child *child)
{
    while (child->written < child->out.length) {
        ssize_t done = send(child->fd, child->out.data + child->written, child->out.length - child->written,
                            MSG_NOSIGNAL);
        if (done >= 0) {
            child->written += (size_t)done;
        } else if (errno == EAGAIN) {
            child->blocked = true;
            update_poll(child);
            return;
        } else if (errno != EINTR) {
            child->written = child->out.length; /* it is going: `exited` tells */
        }
    }
    if (child->written > 0)
        FY_POINT(host_written);
    child->written = 0;
    fy_buf_clear(&child->out);
    if (child->out.room > KEEP_SIZE)
        fy_buf_free(&child->out);
}

void fy_child_flush(struct fy_child *child)
{
    if (child->dirty) {
        (void)uv_prepare_stop(&child->prepare);
        if (child->events.flush != NULL)
            child->events.flush(child->ctx);
        child->dirty = false; /* only now: what the flush event puts in leaves with this write */
    }
    if (child->freed || child->reaped || child->blocked)
        return;
    write_out(child);
}

static void on_prepare(uv_prepare_t *handle)
{
    fy_child_flush(handle->data);
}

struct fy_buf *fy_child_batch(struct fy_child *child)
{
    if (!child->dirty && !child->freed) {
        child->dirty = true;
        (void)uv_prepare_start(&child->prepare, on_prepare);
    }
    return &child->out;
}

bool fy_child_send(struct fy_child *child, const char *payload, size_t length, struct fy_err *err)
{
    if (child->reaped || child->closed)
        return fy_fail(err, FY_ERR_TRANSIENT, "%s has ended", child->name);
    if (child->out.length - child->written + length > child->out_limit)
        return fy_fail(err, FY_ERR_TRANSIENT, "%s does not read: %zu bytes wait for it", child->name,
                       child->out.length - child->written);
    struct fy_buf *out = fy_child_batch(child);
    size_t begin = fy_frame_begin(out);
    fy_buf_put(out, payload, length);
    fy_frame_end(out, begin);
    return true;
}

/* What it prints. */

static void say_left_out(struct fy_child *child)
{
    if (child->left_out > 0)
        fy_log(FY_LOG_WARNING, "%s: it prints too much; %zu bytes were left out", child->name,
               child->left_out);
    child->printed = child->left_out = 0;
}

/* A child must not fill the disk its engine's log is on. */
static void log_line(struct fy_child *child, const char *line, size_t length)
{
    uint64_t now = uv_now(child->process.loop);
    if (now - child->period >= PRINT_MS) {
        say_left_out(child);
        child->period = now;
    }
    child->printed += length + 1;
    if (child->printed > PRINT_MAX)
        child->left_out += length + 1;
    else
        fy_log(FY_LOG_INFO, "%s: %.*s", child->name, (int)length, line);
}

static void log_lines(struct fy_child *child, bool all)
{
    size_t at = 0;
    for (size_t i = 0; i < child->line.length; i++) {
        if (child->line.data[i] != '\n' && i - at < LINE_MAX_)
            continue;
        log_line(child, child->line.data + at, i - at);
        at = child->line.data[i] == '\n' ? i + 1 : i;
    }
    if (all && at < child->line.length) {
        log_line(child, child->line.data + at, child->line.length - at);
        at = child->line.length;
    }
    fy_buf_drop(&child->line, at);
}

static ssize_t read_errors(struct fy_child *child)
{
    char bytes[4096];
    ssize_t got = read(child->error_fd, bytes, sizeof bytes);
    if (got > 0)
        fy_buf_put(&child->line, bytes, (size_t)got);
    log_lines(child, got == 0);
    return got;
}

static void on_errors(uv_poll_t *handle, int status, int events)
{
    struct fy_child *child = handle->data;
    (void)events;
    if (status != 0 || read_errors(child) == 0)
        (void)uv_poll_stop(handle);
}

/* The end of the process: first what it still had to say, then the event. */

static void on_ended(uv_process_t *process, int64_t status, int signal)
{
    struct fy_child *child = process->data;
    (void)kill(-process->pid, SIGKILL); /* what it started must not act on after it */
    child->reaped = true;
    if (child->freed) {
        close_handle((uv_handle_t *)process);
        return;
    }
    for (int i = 0; i < LAST_READS && child->error_fd >= 0 && read_errors(child) > 0; i++)
        continue;
    log_lines(child, true);
    say_left_out(child);
    while (!child->freed && read_some(child) > 0)
        deliver(child);
    if (child->freed)
        return;
    child->closed = true;
    child->blocked = false;
    update_poll(child);
    child->events.exited(child->ctx, (int)status, signal);
}

/* Starting. */

/* The child's ends of what connects it. */
struct ends {
    int socket, print;
};

static bool make_channels(struct fy_child *child, const struct fy_child_options *options, struct ends *theirs,
                          struct fy_err *err)
{
    int pair[2], errors[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
        return fy_fail_errno(err, "could not make a socket for %s", options->name);
    child->fd = pair[0];
    theirs->socket = pair[1];
    if (!options->log_stderr)
        return true;
    if (pipe2(errors, O_CLOEXEC) != 0)
        return fy_fail_errno(err, "could not make a pipe for %s", options->name);
    child->error_fd = errors[0];
    theirs->print = errors[1];
    return true;
}

static bool spawn(struct fy_child *child, uv_loop_t *loop, const struct fy_child_options *options,
                  const struct ends *theirs, struct fy_err *err)
{
    int print = theirs->print >= 0 ? theirs->print : STDERR_FILENO;
    uv_stdio_container_t stdio[FY_CHILD_FIRST + FY_CHILD_FDS] = {
        {.flags = UV_IGNORE},
        {.flags = UV_INHERIT_FD, .data.fd = print},
        {.flags = UV_INHERIT_FD, .data.fd = print},
        {.flags = UV_INHERIT_FD, .data.fd = theirs->socket},
    };
    for (size_t i = 0; i < options->fd_count; i++)
        stdio[FY_CHILD_FIRST + i] =
            (uv_stdio_container_t){.flags = UV_INHERIT_FD, .data.fd = options->fds[i]};
    char **env = fy_child_env();
    char **argv;
    memcpy(&argv, &options->argv, sizeof argv); /* libuv forgot a const */
    uv_process_options_t spawning = {
        .exit_cb = on_ended,
        .file = options->argv[0],
        .args = argv,
        .env = env,
        .flags =
            UV_PROCESS_DETACHED, /* its own process group: a Ctrl-C is for ferryd, a kill for all of it */
        .stdio_count = (int)(FY_CHILD_FIRST + options->fd_count),
        .stdio = stdio,
    };
    int failed = uv_spawn(loop, &child->process, &spawning);
    fy_child_env_free(env);
    if (failed == 0)
        return true;
    return fy_fail(err, FY_ERR_TRANSIENT, "could not start %s (%s): %s", options->name, options->argv[0],
                   uv_strerror(failed));
}

static void watch_channels(struct fy_child *child, uv_loop_t *loop)
{
    (void)uv_poll_init(loop, &child->socket, child->fd);
    (void)uv_prepare_init(loop, &child->prepare);
    child->open_handles += 2;
    update_poll(child);
    if (child->error_fd < 0)
        return;
    (void)uv_poll_init(loop, &child->errors, child->error_fd);
    child->open_handles++;
    (void)uv_poll_start(&child->errors, UV_READABLE, on_errors);
}

bool fy_child_start(uv_loop_t *loop, const struct fy_child_options *options,
                    const struct fy_child_events *events, void *ctx, struct fy_child **ret_child,
                    struct fy_err *err)
{
    if (options->fd_count > FY_CHILD_FDS)
        return fy_fail(err, FY_ERR_INTERNAL, "%zu descriptors are too many for a child", options->fd_count);
    struct fy_child *child = FY_NEW(struct fy_child);
    child->fd = child->error_fd = -1;
    child->name = fy_strdup(options->name);
    child->events = *events;
    child->ctx = ctx;
    child->out_limit = options->out_limit > 0 ? options->out_limit : OUT_LIMIT;
    child->process.data = child->socket.data = child->prepare.data = child->errors.data = child;
    struct ends theirs = {-1, -1};
    bool made = make_channels(child, options, &theirs, err);
    bool started = made && spawn(child, loop, options, &theirs, err);
    fy_close_fd(&theirs.socket);
    fy_close_fd(&theirs.print);
    if (!made) {
        fy_close_fd(&child->fd);
        free(child->name);
        free(child);
        return false;
    }
    child->open_handles = 1;
    watch_channels(child, loop);
    if (!started) {
        child->reaped = true;
        fy_child_free(child);
        return false;
    }
    *ret_child = child;
    return true;
}

pid_t fy_child_pid(const struct fy_child *child)
{
    return child->process.pid;
}

const char *fy_child_end_text(int status, int signal)
{
    static _Thread_local char text[96];
    if (signal != 0)
        (void)snprintf(text, sizeof text, "signal %d (%s)", signal, strsignal(signal));
    else
        (void)snprintf(text, sizeof text, "exit status %d", status);
    return text;
}
