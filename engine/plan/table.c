/* SPDX-License-Identifier: Apache-2.0 */
#include "plan/table.h"

#include "base/mem.h"
#include "plan/estimate.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

/* Columns, in characters; the instances get what is left of the width. */
#define WHAT  22
#define WHOM  44
#define USERS 9

/* Where the number at the end of an id begins; its length if there is none. */
static size_t stem(const char *id)
{
    size_t at = strlen(id);
    while (at > 0 && isdigit((unsigned char)id[at - 1]))
        at--;
    return at;
}

/* b comes right after a in counting: svc-07, svc-08. */
static bool follows(const char *a, const char *b)
{
    const size_t at = stem(a);
    return at == stem(b) && a[at] != '\0' && strncmp(a, b, at) == 0 &&
           strtoll(b + at, NULL, 10) == strtoll(a + at, NULL, 10) + 1;
}

/* "amf-svc-02..08, amf-svc-11", and "... (7 of 12)" when there is no more room. */
static void put_instances(struct fy_buf *buf, const struct fy_batch *batch, size_t room)
{
    size_t i = 0;
    fy_buf_clear(buf);
    while (i < batch->count) {
        size_t last = i;
        while (last + 1 < batch->count && follows(batch->instances[last], batch->instances[last + 1]))
            last++;
        const char *from = batch->instances[i], *to = batch->instances[last];
        const char *end = last > i ? to + stem(to) : "";
        const size_t needs = buf->length + strlen(from) + strlen(end) + 4;
        if (i > 0 && needs + 16 > room) {
            fy_buf_format(buf, " .. (%zu in all)", batch->count);
            return;
        }
        fy_buf_format(buf, "%s%s%s%s", i > 0 ? ", " : "", from, last > i ? ".." : "", end);
        i = last + 1;
    }
}

static void put_clock(struct fy_buf *buf, const struct fy_plan *plan, int64_t starts_ms)
{
    char at[FY_TIME_TEXT];
    fy_buf_format(buf, " %s  ", fy_text_clock(fy_rtime_add(plan->starts, starts_ms), at));
}

static void put_row(struct fy_buf *buf, const struct fy_plan *plan, int64_t starts_ms, const char *what,
                    const char *whom, size_t width)
{
    put_clock(buf, plan, starts_ms);
    fy_buf_format(buf, "%-*s %-*s", WHAT, what, (int)width, whom);
}

static void put_figures(struct fy_buf *buf, int64_t users, int64_t risk, int64_t headroom, int64_t ms)
{
    char length[FY_TIME_TEXT], room[32] = "";
    if (headroom >= 0)
        snprintf(room, sizeof(room), "%lld %%", (long long)headroom / 10);
    fy_buf_format(buf, " %*lld %8lld %8s %12s\n", USERS, (long long)users, (long long)risk, room,
                  fy_text_duration(ms, length));
}

static void put_batch(struct fy_buf *buf, const struct fy_plan *plan, const struct fy_batch *batch,
                      size_t width)
{
    FY_AUTO(fy_buf_free) struct fy_buf whom = {0};
    char what[64];
    put_instances(&whom, batch, width);
    snprintf(what, sizeof(what), "upgrade %zu %s", batch->count, batch->vdu->vdu_id);
    put_row(buf, plan, batch->starts_ms, what, whom.data ? whom.data : "", width);
    put_figures(buf, batch->users_moved, batch->users_at_risk, batch->headroom_permille, batch->duration_ms);
    if (batch->switch_to)
        fy_buf_format(buf, "         after %s is the active half of %s\n", batch->switch_to, batch->pair);
    else if (batch->switch_count > 0)
        fy_buf_format(buf, "         after %zu pairs have switched to their upgraded halves\n",
                      batch->switch_count);
}

static void put_stage(struct fy_buf *buf, const struct fy_plan *plan, const struct fy_plan_stage *stage,
                      size_t width)
{
    const char *who = plan->order->gray.basis == FY_BASIS_SESSIONS ? "sessions" : "users";
    char text[64], length[FY_TIME_TEXT];
    if (plan->back)
        fy_buf_text(buf, "Users back\n");
    else
        fy_buf_format(buf, "Stage %lld %%%s\n", (long long)stage->permille / 10,
                      stage->ask_before ? " (asks for approval first)" : "");
    for (size_t i = 0; i < stage->count; i++) {
        const struct fy_move *move = &stage->moves[i];
        snprintf(text, sizeof(text), "%s to %lld.%lld %%", who, (long long)move->permille / 10,
                 (long long)move->permille % 10);
        put_row(buf, plan, move->starts_ms, text, "", width);
        put_figures(buf, move->users_moved, move->users_at_risk - move->batch.users_at_risk, -1,
                    move->duration_ms - move->batch.duration_ms);
        if (move->batch.count > 0)
            put_batch(buf, plan, &move->batch, width);
    }
    snprintf(text, sizeof(text), "soak %s", fy_text_duration(stage->soak_ms, length));
    put_clock(buf, plan, stage->soak_starts_ms);
    fy_buf_format(buf, "%s%s\n", text, stage->ask_after ? ", then asks for approval" : "");
}

static void put_header(struct fy_buf *buf, const struct fy_plan *plan, size_t width)
{
    const struct fy_order_request *request = &plan->order->request;
    const char *source = request->source.version, *target = request->target.version;
    const char *who = plan->order->gray.basis == FY_BASIS_SESSIONS ? "sessions" : "users";
    fy_buf_format(buf, "%s: %s %s to %s, %lld %s, capacity %lld, %lld.%lld %% on the target now\n",
                  request->id, request->vnf_instance, plan->back ? target : source,
                  plan->back ? source : target, (long long)plan->users, who, (long long)plan->capacity,
                  (long long)plan->share_permille / 10, (long long)plan->share_permille % 10);
    fy_buf_format(buf, " %-6s  %-*s %-*s %*s %8s %8s %12s\n", "UTC", WHAT, "what", (int)width, "instances",
                  USERS, who, "at risk", "headroom", "takes");
}

static void put_footer(struct fy_buf *buf, const struct fy_plan *plan)
{
    char text[FY_TIME_TEXT], clock[FY_TIME_TEXT];
    fy_buf_format(buf, "Ends %s, after %s (approvals not counted).", fy_text_moment(plan->ends, clock),
                  fy_text_duration(plan->duration_ms, text));
    fy_buf_format(buf, "\nLast safe moment to start going back: %s", fy_text_moment(plan->last_safe, clock));
    fy_buf_format(buf, " (it takes %s at worst).\n", fy_text_duration(plan->rollback_ms, text));
    fy_buf_format(buf, "%s at risk: %lld.",
                  plan->order->gray.basis == FY_BASIS_SESSIONS ? "Sessions" : "Users",
                  (long long)plan->users_at_risk);
    if (plan->max_simplex_ms > 0)
        fy_buf_format(buf, " A pair stands without its mate for %s at most.",
                      fy_text_duration(plan->max_simplex_ms, text));
    for (size_t i = 0; i < plan->slice_count; i++)
        if (plan->slice[i].vdu->role == FY_ROLE_DATA_STORAGE)
            fy_buf_format(buf, " %s: %lld replicas left meanwhile.", plan->slice[i].vdu->vdu_id,
                          (long long)plan->slice[i].in_service);
    fy_buf_text(buf, "\n");
    for (size_t i = 0; i < plan->skipped_count; i++)
        fy_buf_format(buf, "Skipped: VDU %s, its source and target images are the same.\n",
                      plan->skipped[i]->vdu_id);
    if (plan->overrun_ms > 0)
        fy_buf_format(buf, "It ends %s after the window.\n", fy_text_duration(plan->overrun_ms, text));
}

void fy_plan_table(const struct fy_plan *plan, struct fy_buf *buf, size_t width)
{
    const size_t fixed = 1 + 6 + 2 + WHAT + 1 + 1 + USERS + 9 + 9 + 13;
    const size_t whom = width > fixed + 20 ? width - fixed : 20;
    const size_t list = whom > WHOM ? WHOM : whom;
    put_header(buf, plan, list);
    if (plan->slice_count > 0)
        fy_buf_text(buf, "First slice (carries a complete service flow; no user moves to it yet)\n");
    for (size_t i = 0; i < plan->slice_count; i++)
        put_batch(buf, plan, &plan->slice[i], list);
    for (size_t i = 0; i < plan->stage_count; i++)
        put_stage(buf, plan, &plan->stages[i], list);
    if (plan->rest_count > 0)
        fy_buf_text(buf, "The rest\n");
    for (size_t i = 0; i < plan->rest_count; i++)
        put_batch(buf, plan, &plan->rest[i], list);
    put_footer(buf, plan);
}
