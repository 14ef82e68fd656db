/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ferryd put together: the one process that opens a store, its loop, and everything on it. There is no clean
 * way down: a daemon that is told to stop just ends, and the next one goes on from the journal.
 */
#ifndef FY_DAEMON_DAEMON_H
#define FY_DAEMON_DAEMON_H

#include "daemon/options.h"

struct fy_daemon;

/* Open the store, start hosts, take the live runs over, listen. The options are lent for good. */
struct fy_daemon *fy_daemon_start(const struct fy_options *options, struct fy_err *err) FY_MUST_CHECK;

/* Serve until a signal ends the process. */
void fy_daemon_serve(struct fy_daemon *daemon);

#endif
