/* SPDX-License-Identifier: Apache-2.0 */
#include "run/phase/observe.h"

#include "base/mem.h"
#include "base/time.h"
#include "run/watch/kpis.h"

#include <string.h>

#define DAY_MS (24 * 60 * 60 * 1000LL)

/* ---- the fold --------------------------------------------------------------------------------------- */

void fy_observe_fold(struct fy_run *run, const json_t *doc)
{
    const char *what = fy_json_string_or(doc, "what", "");
    if (run->observed == NULL)
        run->observed = FY_NEW(struct fy_observed);
    if (strcmp(what, "reminder") == 0)
        run->observed->reminded = true;
    else if (strcmp(what, "over") == 0)
        run->observed_told = true;
    else if (strcmp(what, "day") == 0) {
        run->observed->days = fy_json_int_or(doc, "day", run->observed->days + 1);
        if (run->counts != NULL)
            run->observed->counts = *run->counts;
    }
}

/* ---- a day's line ----------------------------------------------------------------------------------- */

/* Both domains together: once they are joined, whose a user is depends on the adapter. */
static struct fy_count of_both(const struct fy_run_counts *counts, size_t kpi)
{
    const struct fy_count *pair = counts->kpi[kpi];
    return (struct fy_count){pair[0].users + pair[1].users, pair[0].failed + pair[1].failed};
}

static struct fy_count of_the_day(const struct fy_run *run, size_t kpi)
{
    struct fy_count all = {0, 0}, before = {0, 0};
    if (run->counts != NULL)
        all = of_both(run->counts, kpi);
    if (run->observed != NULL)
        before = of_both(&run->observed->counts, kpi);
    return (struct fy_count){all.users - before.users, all.failed - before.failed};
}

static int64_t success_bp(const struct fy_count *count)
{
    return count->users > 0 ? 10000 * (count->users - count->failed) / count->users : -1;
}

static void put_points(struct fy_buf *buf, int64_t bp)
{
    int64_t size = bp < 0 ? -bp : bp;
    fy_buf_format(buf, " (%s%lld.%02lld)", bp < 0 ? "-" : "+", (long long)(size / 100),
                  (long long)(size % 100));
}

static void put_kpi_words(const struct fy_run *run, size_t kpi, bool first, struct fy_buf *buf)
{
    struct fy_count day = of_the_day(run, kpi);
    int64_t bp = success_bp(&day), before = -1;
    if (run->snapshot_count > 0) {
        struct fy_count was = of_both(&run->snapshots[0].counts, kpi);
        before = success_bp(&was);
    }
    fy_buf_format(buf, "%s%s %lld.%02lld %%", first ? "; " : ", ", fy_run_kpis(run)[kpi].title,
                  (long long)(bp / 100), (long long)(bp % 100));
    if (before >= 0)
        put_points(buf, bp - before);
}

static void put_words(const struct fy_run *run, int64_t day, int64_t days, struct fy_buf *buf)
{
    int64_t users = 0;
    bool first = true;
    for (size_t i = 0; i < 2; i++)
        users += run->users[i][0] + run->users[i][1];
    fy_buf_format(buf, "day %lld of %lld on %s: %lld users", (long long)day, (long long)days,
                  run->order->request.target.version, (long long)users);
    for (size_t i = 0; i < FY_RUN_KPIS && fy_run_kpis(run)[i].name != NULL; i++) {
        struct fy_count count = of_the_day(run, i);
        if (count.users <= 0)
            continue;
        put_kpi_words(run, i, first, buf);
        first = false;
    }
    fy_buf_text(buf, first ? "; no attempts were counted" : " (points against before the upgrade)");
}

static void put_kpis(const struct fy_run *run, struct fy_buf *buf)
{
    fy_buf_key(buf, "kpis");
    fy_buf_open(buf, '{');
    for (size_t i = 0; i < FY_RUN_KPIS && fy_run_kpis(run)[i].name != NULL; i++) {
        struct fy_count count = of_the_day(run, i);
        if (count.users <= 0)
            continue;
        fy_buf_key(buf, fy_run_kpis(run)[i].name);
        fy_buf_format(buf, "[%lld,%lld]", (long long)count.users, (long long)count.failed);
    }
    fy_buf_close(buf, '}');
}

static void put_day(struct fy_live *live, int64_t day, int64_t days)
{
    struct fy_buf body = {0}, text = {0};
    put_words(live->run, day, days, &text);
    fy_buf_open(&body, '{');
    fy_buf_member(&body, "what", "day");
    fy_buf_member_int(&body, "day", day);
    fy_buf_member_int(&body, "days", days);
    fy_buf_member(&body, "text", text.data);
    put_kpis(live->run, &body);
    fy_buf_close(&body, '}');
    fy_put(live, FY_REC_OBSERVED, &body);
    fy_buf_free(&text);
}

/* ---- reminders -------------------------------------------------------------------------------------- */

static void put_said(struct fy_live *live, const char *what, const char *text)
{
    struct fy_buf body = {0};
    fy_buf_open(&body, '{');
    fy_buf_member(&body, "what", what);
    fy_buf_member(&body, "text", text);
    fy_buf_close(&body, '}');
    fy_put(live, FY_REC_OBSERVED, &body);
}

static void put_reminder(struct fy_live *live, int64_t end_ms)
{
    static const char *const then[] = {[FY_EXPIRY_HOLD] =
                                           "then it holds, and nobody can upgrade this function",
                                       [FY_EXPIRY_COMMIT] = "then it commits by itself",
                                       [FY_EXPIRY_ROLLBACK] = "then it is rolled back"};
    const struct fy_run *run = live->run;
    char at[FY_TIME_TEXT], left[FY_TIME_TEXT], text[256];
    (void)snprintf(text, sizeof text,
                   "REMINDER: the observation ends at %s, in %s; %s. Commit or roll back before",
                   fy_time_format(end_ms, at), fy_duration_words(end_ms - fy_live_now(live).ms, left),
                   then[run->order->commit.on_expiry]);
    put_said(live, "reminder", text);
}

void fy_observe_over(struct fy_live *live)
{
    put_said(live, "over",
             "ALARM: the observation period is over; the run holds until somebody commits or rolls it back");
    fy_flush(live);
}

/* ---- driving ---------------------------------------------------------------------------------------- */

static void fired(void *context)
{
    struct fy_live *live = context;
    live->observe_timer = NULL;
    fy_drive(live);
}

static void wake_at(struct fy_live *live, int64_t at_ms)
{
    if (live->observe_timer == NULL)
        live->observe_timer = fy_live_timer(live, (struct fy_rtime){at_ms}, fired);
}

/* Days that passed while no engine ran have one line: the last one's. */
void fy_observe_drive(struct fy_live *live)
{
    static const struct fy_observed nothing;
    const struct fy_run *run = live->run;
    const struct fy_observed *told = run->observed != NULL ? run->observed : &nothing;
    const struct fy_order_commit *commit = &run->order->commit;
    int64_t now_ms = fy_live_now(live).ms, days = commit->observe_ms / DAY_MS;
    int64_t end_ms = run->ended_ms + commit->observe_ms;
    int64_t remind_ms = end_ms - commit->remind_before_ms;
    int64_t day = (now_ms - run->ended_ms) / DAY_MS, next_ms = INT64_MAX;
    if (live->tail != run->state)
        return;
    day = day < days ? day : days;
    if (day > told->days)
        put_day(live, day, days);
    else if (told->days < days)
        next_ms = run->ended_ms + (told->days + 1) * DAY_MS;
    if (commit->remind_before_ms > 0 && !told->reminded && now_ms < end_ms) {
        if (now_ms >= remind_ms)
            put_reminder(live, end_ms);
        else
            next_ms = remind_ms < next_ms ? remind_ms : next_ms;
    }
    if (live->tray.forced)
        fy_flush(live);
    else if (next_ms != INT64_MAX)
        wake_at(live, next_ms);
}
