/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The landscape: what stands there now, put together from a VIM's inventory and an NF's health
 * (docs/adapter-guide.md). The planner and the checker look at nothing else of the world.
 */
#ifndef FY_PLAN_LANDSCAPE_H
#define FY_PLAN_LANDSCAPE_H

#include "base/json.h"
#include "order/order.h"

enum fy_domain { FY_SOURCE, FY_TARGET };

struct fy_instance {
    const char *id, *vdu, *image, *version, *host, *zone;
    const char *pair; /* NULL: not a member of a pair */
    enum fy_domain domain;
    bool running;  /* the VIM's word */
    bool building; /* the same: what it runs in a moment is not what it runs now */
    bool ready;    /* the NF's word */
    bool active;   /* of its pair */
    bool in_sync;  /* true where nothing replicates */
    bool aside;    /* the run goes on without it: not in service, whatever it says (run/verb/aside.h) */
    bool former;   /* runs an image that was the target once (run/verb/retarget.h): known, and to do again */
    bool left_out; /* it, or its pair's other half, is set aside: it stays as it is */
    int64_t users, sessions, capacity;
};

/* In service: the VIM runs it and the NF can use it. Only such instances count as capacity. */
static inline bool fy_in_service(const struct fy_instance *instance)
{
    return instance->running && instance->ready;
}

struct fy_landscape {
    json_t *documents[2]; /* keep the strings alive */
    const char *nf, *version, *mobility;
    bool split;
    struct fy_instance *instances; /* by id, numbers in ids by value: svc-2 before svc-10 */
    size_t count;
    int64_t users[2];    /* per domain */
    int64_t sessions[2]; /* per domain */
    int64_t capacity[2]; /* per domain, of what is in service */
};

/*
 * Both documents are kept (referenced) by the landscape. Fails on a missing or contradictory member: an
 * instance the NF has and the VIM has not, an id twice. One the NF does not know yet is not ready.
 */
bool fy_landscape_read(json_t *inventory, json_t *health, struct fy_landscape **ret,
                       struct fy_err *err) FY_MUST_CHECK;
void fy_landscape_free(struct fy_landscape *landscape);
void fy_landscape_free_ptr(struct fy_landscape **landscape);

#endif
