/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Adapters behind a gate: what acts passes only while this process may touch the world. An acting call that
 * may not is answered FAILED, transient, and asked again by whoever made it; observations always pass.
 */
#ifndef FY_DAEMON_GATE_H
#define FY_DAEMON_GATE_H

#include "adapter/adapter.h"

#include <uv.h>

struct fy_gate;

/* Everything is borrowed; there is no way to close it. */
struct fy_gate *fy_gate_new(uv_loop_t *loop, struct fy_adapters *behind, bool (*open)(void *context),
                            void *context);
struct fy_adapters *fy_gate_adapters(struct fy_gate *gate);

#endif
