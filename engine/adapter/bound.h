/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An adapter bound to one endpoint, in this process: open, serve a call, close. Everything that goes in and
 * comes out is checked here, so that hosts, the local set and the contract test behave alike.
 */
#ifndef FY_ADAPTER_BOUND_H
#define FY_ADAPTER_BOUND_H

#include "adapter/adapter.h"

struct fy_bound;

/*
 * adapter must have passed fy_adapter_check. filled is what fy_settings_fill made. The error of a failed
 * open is transient: the endpoint may come back.
 */
struct fy_bound *fy_bound_open(const struct ferry_adapter *adapter, const char *connection,
                               const char *filled, struct fy_err *err);
void fy_bound_close(struct fy_bound *bound);

const struct ferry_verb *fy_bound_verb(const struct fy_bound *bound,
                                       const char *name); /* NULL: it has none */

/* The answer to one call: a reply and what its texts live in. */
struct fy_answer {
    struct fy_adapter_reply reply;
    char *result, *text, *message, *hint;
};

/* Blocks for as long as the adapter takes. Any thread; the adapter's rule on threads is the caller's to keep.
 */
void fy_bound_serve(const struct fy_bound *bound, const struct fy_adapter_call *call, struct fy_answer *ret);
void fy_answer_free(struct fy_answer *answer);

/* An answer that is a failure of ours. */
void fy_answer_fail(struct fy_answer *answer, const struct fy_err *err);

#endif
