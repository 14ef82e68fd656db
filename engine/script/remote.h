/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Scripts in a host process (`ferry-host script`) on a libuv loop: what ferryd uses. Everything started and
 * resumed in one turn of the loop leaves as one message, and one comes back.
 *
 * A host that computes for one run for longer than the limit is killed: that run gets ERROR "hung". One that
 * dies by itself: the run it was working for gets ERROR "host". All others get LOST and are started again,
 * with their history, by whoever owns them; the journal is the memory. The next host starts at once, after
 * repeated deaths with growing pauses.
 */
#ifndef FY_SCRIPT_REMOTE_H
#define FY_SCRIPT_REMOTE_H

#include "script/script.h"

#include <sys/types.h>
#include <uv.h>

struct fy_script_remote_options {
    uv_loop_t *loop;
    const char *host_path; /* the ferry-host program */
    int64_t limit_ms;      /* CPU time one run may take for one answer; 0: a second */
    bool log_stderr;       /* what the host prints goes to the log */
};

struct fy_script *fy_script_remote_new(const struct fy_script_remote_options *options, struct fy_err *err);
pid_t fy_script_remote_pid(const struct fy_script *script); /* 0: none just now */

#endif
