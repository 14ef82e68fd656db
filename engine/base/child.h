/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A child process that speaks framed JSON (base/frame.h) over a socketpair: script hosts, adapter hosts,
 * readers. The child finds the socket as descriptor 3 and, behind it, the descriptors it was given
 * (4, 5, ...). It gets its own process group and a clean environment (PATH, locale, proxies and the tests'
 * own switches); nothing else is inherited.
 *
 *     struct fy_child_options options = {.name = "reader", .argv = argv};
 *     struct fy_child_events events = {.message = on_message, .exited = on_exit};
 *     if (!fy_child_start(loop, &options, &events, self, &child, err)) ...
 *
 * Writing: everything sent during one turn of the loop leaves in one write, before the loop waits again.
 * Whoever batches several things into one message fills fy_child_batch's buffer and finishes its frame in
 * the flush event.
 *
 * Ending: `exited` comes exactly once for a started child, after the last message it managed to send.
 * Nothing comes after fy_child_free.
 */
#ifndef FY_BASE_CHILD_H
#define FY_BASE_CHILD_H

#include "base/buf.h"
#include "base/err.h"

#include <sys/types.h>
#include <uv.h>

struct fy_child;

#define FY_CHILD_SOCKET 3 /* the child's end of the socketpair */
#define FY_CHILD_FIRST  4 /* the first of the descriptors it was given */
#define FY_CHILD_FDS    4 /* how many it can be given */

struct fy_child_options {
    const char *name;        /* on log lines: "adapter host sim-cloud"; copied */
    const char *const *argv; /* argv[0] is the path of the program; ends with NULL */
    const int *fds;          /* become descriptors 4, 5, ... of the child; still the caller's to close */
    size_t fd_count;
    size_t out_limit; /* bytes that may wait to be written; 0: 128 MiB */
    bool log_stderr;  /* its stderr goes to the log line by line with its name; false: it is ours */
};

struct fy_child_events {
    void (*message)(void *ctx, const char *payload, size_t length); /* borrowed; NUL-terminated it is not */
    void (*flush)(void *ctx); /* about to write: finish what you batched; may be NULL */
    void (*exited)(void *ctx, int status, int signal); /* signal is 0 if it ended by itself */
};

bool fy_child_start(uv_loop_t *loop, const struct fy_child_options *options,
                    const struct fy_child_events *events, void *ctx, struct fy_child **ret_child,
                    struct fy_err *err) FY_MUST_CHECK;

/* Queue one message. Fails when more than out_limit waits (the child does not read) or it is gone. */
bool fy_child_send(struct fy_child *child, const char *payload, size_t length,
                   struct fy_err *err) FY_MUST_CHECK;

/* The output buffer, to put frames into it directly; it is written at the end of this turn. */
struct fy_buf *fy_child_batch(struct fy_child *child);

void fy_child_flush(struct fy_child *child); /* now, not at the end of the turn */
void fy_child_kill(struct fy_child *child);  /* SIGKILL to its whole process group; `exited` follows */
pid_t fy_child_pid(const struct fy_child *child);

/* Kill it if it lives and forget it; memory goes once the loop has turned. NULL is allowed. */
void fy_child_free(struct fy_child *child);

/* "exit status 3", "signal 11 (Segmentation fault)". Borrowed until the next call of this thread. */
const char *fy_child_end_text(int status, int signal);

#endif
