/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Steps. An intent is durable: the step is taken, by the function of its call's row in step.c. Sooner or
 * later that ends in fy_step_done or fy_step_failed, both of which let go of everything in flight.
 *
 * To add an engine step: its row in call.def, a file step_NAME.c with its take function, a row in step.c.
 */
#ifndef FY_RUN_STEP_H
#define FY_RUN_STEP_H

#include "run/live.h"

enum fy_step_nature {
    FY_STEP_LOOKS, /* for a moment: a rollback leaves it, pause and cancel come after it */
    FY_STEP_WAITS, /* nothing acts meanwhile: everything leaves it at once */
    FY_STEP_ACTS,  /* it is not left before it ends */
};

struct fy_step_kind {
    const char *call;
    void (*take)(struct fy_live *live, const json_t *args);
    enum fy_step_nature nature;
};

const struct fy_step_kind *fy_step_find(const char *call); /* NULL: an adapter step */

void fy_step_take(struct fy_live *live);  /* the open step of the run */
void fy_step_leave(struct fy_live *live); /* stop doing anything for it */
bool fy_step_waits(const struct fy_live *live);
/* Nothing of it is under way that would change something: no call is with an adapter. */
bool fy_step_rests(const struct fy_live *live);

/* The step has succeeded with this result (a JSON object). Records it put before go with its outcome. */
void fy_step_done(struct fy_live *live, const char *result);
/* It has failed for good: the workflow sees it if it asked to, else the run parks. */
void fy_step_failed(struct fy_live *live, const struct fy_err *err);
/* The same by another event of state.def than failure. */
void fy_step_failed_by(struct fy_live *live, const char *event, const struct fy_err *err);

/* Write the intent of a call the workflow made, or of one of the engine's own. */
#define FY_STEP_TOLERANT 1u /* the workflow wants to see its failure */
#define FY_STEP_OWN      2u /* the engine's own: the workflow never hears of it */
void fy_step_intend(struct fy_live *live, const char *call, const char *args, unsigned flags);
void fy_step_retry(struct fy_live *live);                      /* the same step, attempt + 1 */
void fy_step_retry_as(struct fy_live *live, const char *verb); /* by another verb of the same adapter */

/* A person has done it: its outcome, with who, why and what proves it (a JSON object). */
void fy_step_settle_by_hand(struct fy_live *live, const char *result, const char *by);

/* Which connection and verb serve a call; verb NULL: an engine step. Borrowed from order and tables. */
bool fy_bind(const struct fy_order *order, const struct fy_adapters *adapters, const char *call,
             const char *args, const char **ret_connection, const char **ret_verb,
             struct fy_err *err) FY_MUST_CHECK;
const char *fy_bind_kind(const struct fy_order *order, int kind); /* ref of the order's connection, or NULL */
bool fy_bind_guard(const struct fy_order *order, const char *guard, const char **ret_connection,
                   const char **ret_off, struct fy_err *err) FY_MUST_CHECK;
/* Where an observe verb is asked: NF, then VIM, then KPI source, whichever declares it. */
const char *fy_bind_observe(const struct fy_order *order, const struct fy_adapters *adapters,
                            const char *verb);

/*
 * A connection of the order whose host has not introduced its adapter yet; NULL: all have. Until then it is
 * not known what it can do, and whatever is bound would depend on which host happened to be first.
 */
const struct fy_adapter_info *fy_bind_unknown(const struct fy_order *order,
                                              const struct fy_adapters *adapters);

/* call.c: an adapter step. */
void fy_call_take(struct fy_live *live);
bool fy_call_rests(const struct fy_live *live);

/* Each in its file. */
void fy_step_check(struct fy_live *live, const json_t *args);
void fy_step_take_guard(struct fy_live *live, const json_t *args);
void fy_step_release_guards(struct fy_live *live, const json_t *args);
void fy_step_next(struct fy_live *live, const json_t *args);
void fy_step_ask(struct fy_live *live, const json_t *args);
void fy_step_set_aside(struct fy_live *live, const json_t *args);
void fy_step_soak(struct fy_live *live, const json_t *args);
void fy_step_sleep(struct fy_live *live, const json_t *args);
void fy_step_wait_until(struct fy_live *live, const json_t *args);
void fy_step_observe(struct fy_live *live, const json_t *args);

#endif
