/* SPDX-License-Identifier: Apache-2.0 */
/* What systemd is told, if it started this process: ready, reloading, alive (WatchdogSec). Private to
 * daemon/. */
#ifndef FY_DAEMON_SYSTEMD_H
#define FY_DAEMON_SYSTEMD_H

#include <uv.h>

void fy_systemd_begin(uv_loop_t *loop); /* ready; and alive from now on, for as long as the loop turns */
void fy_systemd_reloading(void);
void fy_systemd_reloaded(void);

#endif
