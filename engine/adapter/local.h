/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Adapters in this process, one call after the other, in the order they were made: for tests and the
 * simulation. Nothing happens until fy_local_turn serves what is queued; arguments, schemas and results are
 * checked as a host checks them.
 */
#ifndef FY_ADAPTER_LOCAL_H
#define FY_ADAPTER_LOCAL_H

#include "adapter/adapter.h"

struct fy_local;

struct fy_local *fy_local_new(void);
void fy_local_free(struct fy_local *local);
struct fy_adapters *fy_local_adapters(struct fy_local *local);

/* The connection speaks for these network function instances: a list that ends with NULL, borrowed. */
void fy_local_serve(struct fy_local *local, const char *connection, const char *const *instances);

/* Connect an adapter that is linked in. settings is a JSON object with the secrets filled in. */
bool fy_local_add(struct fy_local *local, const char *connection, const struct ferry_adapter *adapter,
                  const char *settings, struct fy_err *err) FY_MUST_CHECK;

/* The same with a plugin file, loaded and checked as a host does it. */
bool fy_local_load(struct fy_local *local, const char *connection, const char *path, const char *settings,
                   struct fy_err *err) FY_MUST_CHECK;

size_t fy_local_turn(struct fy_local *local);          /* serve what is queued now; how many were served */
size_t fy_local_waiting(const struct fy_local *local); /* how many are queued */

/*
 * Faults. Called before and after each call; a true return of `before` loses the request, of `after` the
 * reply: the caller sees UNKNOWN, as if the host had died before or after the effect.
 */
struct fy_local_faults {
    bool (*before)(void *ctx, const struct fy_adapter_call *call);
    bool (*after)(void *ctx, const struct fy_adapter_call *call, const struct fy_adapter_reply *reply);
    void *ctx;
};
void fy_local_set_faults(struct fy_local *local, const struct fy_local_faults *faults);

/* As after a crash of the engine: queued calls are gone without a reply; connections stay open. */
void fy_local_drop(struct fy_local *local);

#endif
