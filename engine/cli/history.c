/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/history.h"

static void thin_out(struct fy_history *history)
{
    size_t kept = 0;
    for (size_t i = 0; i < history->count; i += 2)
        history->samples[kept++] = history->samples[i];
    history->count = kept;
    history->apart_ms = history->apart_ms > 0 ? history->apart_ms * 2 : 1000;
}

void fy_history_take(struct fy_history *history, const json_t *view)
{
    const json_t *users = json_object_get(view, "users");
    int64_t at_ms = fy_json_int_or(view, "now_ms", 0);
    if (users == NULL ||
        (history->count > 0 && at_ms < history->samples[history->count - 1].at_ms + history->apart_ms + 1))
        return;
    if (history->count == FY_HISTORY_SAMPLES)
        thin_out(history);
    history->samples[history->count++] =
        (struct fy_sample){at_ms, {fy_json_int_or(users, "source", 0), fy_json_int_or(users, "target", 0)}};
}

const struct fy_sample *fy_history_at(const struct fy_history *history, int64_t at_ms)
{
    const struct fy_sample *found = NULL;
    for (size_t i = 0; i < history->count && history->samples[i].at_ms <= at_ms; i++)
        found = &history->samples[i];
    return found;
}
