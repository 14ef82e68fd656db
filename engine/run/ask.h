/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Asking adapters what is: several observations at once, transient failures asked again, one answer when all
 * are in. Nothing of it is journalled; observing changes nothing.
 */
#ifndef FY_RUN_ASK_H
#define FY_RUN_ASK_H

#include "base/json.h"
#include "run/live.h"

#define FY_ASK_MAX 16

struct fy_question {
    const char *connection; /* copied */
    const char *verb;       /* a literal, or kept by the caller until the answer */
    const char *args;       /* JSON object text; copied */
    const char *about;      /* an ENSURE verb inside an engine step: its key is run/step/about; copied */
    json_t *result;         /* when answered; freed with the ask */
    struct fy_err err;      /* when it failed; kind NONE otherwise */
};

struct fy_ask;

typedef void fy_answered(void *context, struct fy_question *questions, size_t count);

struct fy_ask_who {
    struct fy_engine *engine;
    const char *run; /* "" for nobody's */
    uint64_t step;
    const uint64_t *fence_step; /* asked beside the steps: the fence's step, read at each try; NULL: step */
    const struct fy_timebase *base; /* outlives the ask */
    int64_t patience_ms;            /* run time in which transient failures are asked again; 0: a minute */
};

/* answered comes once, never from inside this call; then the ask is gone. *place (may be NULL) holds it until
 * then. */
void fy_ask(const struct fy_ask_who *who, const struct fy_question *questions, size_t count,
            fy_answered *answered, void *context, struct fy_ask **place);
void fy_ask_forget(struct fy_ask **place); /* no answer will come; NULL inside is allowed */

/* The first failure among the questions, with the verb and connection named; true if there is none. */
bool fy_ask_all_ok(const struct fy_question *questions, size_t count, struct fy_err *err) FY_MUST_CHECK;

/* For a step of a run: the ask hangs on its flight. */
void fy_ask_for(struct fy_live *live, const struct fy_question *questions, size_t count,
                fy_answered *answered);

#endif
