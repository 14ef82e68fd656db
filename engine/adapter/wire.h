/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages between ferryd and an adapter host, all JSON (base/frame.h around them):
 *
 *   ferryd -> host, once: {"config":{"connection","plugin":PATH,"directory","settings":{...},"secrets":bool}}
 *   host -> ferryd, once:  {"described":{...}}  or  {"refused":{"kind","message","hint"?,"lasting":bool}}
 *   ferryd -> host:        {"calls":[{"id","verb","run","step","attempt","fence","key","now","deadline",
 *                                     "scale","args":{...}}, ...]}
 *   host -> ferryd:        {"replies":[{"id","status","result"?,"after_ms"?,"done"?,"total"?,"text"?,"kind"?,
 *                                       "message"?,"hint"?}, ...]}
 *
 * Arguments and results are handed on as the text they are. ferryd validates what it reads: in the host's
 * process runs foreign code.
 */
#ifndef FY_ADAPTER_WIRE_H
#define FY_ADAPTER_WIRE_H

#include "adapter/adapter.h"
#include "base/buf.h"
#include "base/walk.h"

#define FY_WIRE_SPLIT (32u * 1024 * 1024) /* a message this large leaves at once */

void fy_wire_put_call(struct fy_buf *buf, uint64_t id, const struct fy_adapter_call *call);
void fy_wire_put_reply(struct fy_buf *buf, uint64_t id, const struct fy_adapter_reply *reply);

/* A call or reply read; its texts live in `text`, one block. */
struct fy_wire_call {
    uint64_t id;
    struct fy_adapter_call call; /* connection is empty */
    char *text;
};
struct fy_wire_reply {
    uint64_t id;
    struct fy_adapter_reply reply;
    char *text;
};

bool fy_wire_read_call(const struct fy_piece *from, struct fy_wire_call *ret);
bool fy_wire_read_reply(const struct fy_piece *from, struct fy_wire_reply *ret);

#endif
