/* SPDX-License-Identifier: Apache-2.0 */
/* Users of both domains over the time of a run, as far as it was watched, in a bounded number of samples. */
#ifndef FY_CLI_HISTORY_H
#define FY_CLI_HISTORY_H

#include "base/json.h"

#define FY_HISTORY_SAMPLES 256

struct fy_sample {
    int64_t at_ms;
    int64_t users[2]; /* source, target */
};

struct fy_history {
    struct fy_sample samples[FY_HISTORY_SAMPLES]; /* oldest first */
    size_t count;
    int64_t apart_ms; /* at least; doubles each time there is no more room */
};

/* Take the users of a view in, unless the last sample is too recent. */
void fy_history_take(struct fy_history *history, const json_t *view);

/* The last sample not younger than at_ms; NULL if there is none. */
const struct fy_sample *fy_history_at(const struct fy_history *history, int64_t at_ms);

#endif
