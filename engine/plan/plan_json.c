/* SPDX-License-Identifier: Apache-2.0 */
#include "plan/plan.h"

#include "base/mem.h"

#include <string.h>

static void put_strings(struct fy_buf *buf, const char *key, const char *const *texts, size_t count)
{
    fy_buf_key(buf, key);
    fy_buf_open(buf, '[');
    for (size_t i = 0; i < count; i++) {
        if (i > 0)
            fy_buf_text(buf, ",");
        fy_buf_json_string(buf, texts[i], strlen(texts[i]));
    }
    fy_buf_close(buf, ']');
}

static void put_switches(struct fy_buf *buf, const struct fy_batch *batch)
{
    fy_buf_key(buf, "switches");
    fy_buf_open(buf, '[');
    for (size_t i = 0; i < batch->switch_count; i++) {
        fy_buf_open(buf, '{');
        fy_buf_member(buf, "pair", batch->switches[i].pair);
        fy_buf_member(buf, "switch_to", batch->switches[i].active);
        fy_buf_close(buf, '}');
    }
    fy_buf_close(buf, ']');
}

static void put_image(struct fy_buf *buf, const struct fy_order_image *image)
{
    fy_buf_key(buf, "image");
    fy_buf_open(buf, '{');
    fy_buf_member(buf, "ref", image->ref);
    fy_buf_member(buf, "digest", image->digest);
    fy_buf_close(buf, '}');
}

void fy_batch_json(const struct fy_batch *batch, const struct fy_order *order, struct fy_buf *buf)
{
    (void)order; /* a batch knows its image; kept for what a batch may come to say of the order */
    const int role = batch->vdu->role;
    fy_buf_open(buf, '{');
    fy_buf_member(buf, "vdu", batch->vdu->vdu_id);
    fy_buf_member(buf, "role", fy_order_role_name(role));
    put_image(buf, batch->image);
    fy_buf_member(buf, "version", batch->version);
    fy_buf_member(buf, "domain", fy_order_domain_name((int)batch->domain));
    fy_buf_member_int(buf, "count", (int64_t)batch->count);
    put_strings(buf, "instances", batch->instances, batch->count);
    fy_buf_member(buf, "pair", batch->pair);
    fy_buf_member(buf, "switch_to", batch->switch_to);
    put_switches(buf, batch);
    fy_buf_member(buf, "served_by", batch->vdu->verbs_from == FY_VERBS_FROM_NF ? "nf" : "vim");
    fy_buf_member_int(buf, "users_moved", batch->users_moved);
    fy_buf_member_int(buf, "users_at_risk", batch->users_at_risk);
    fy_buf_member_int(buf, "headroom_permille", batch->headroom_permille);
    fy_buf_member_int(buf, "in_service", batch->in_service);
    fy_buf_member_int(buf, "starts_ms", batch->starts_ms);
    fy_buf_member_int(buf, "duration_ms", batch->duration_ms);
    if (role == FY_ROLE_OAM || role == FY_ROLE_ACTIVE_STANDBY)
        fy_buf_member_int(buf, "simplex_ms", batch->simplex_ms);
    fy_buf_close(buf, '}');
}

void fy_move_json(const struct fy_move *move, const struct fy_order *order, struct fy_buf *buf)
{
    fy_buf_open(buf, '{');
    fy_buf_member_int(buf, "permille", move->permille);
    fy_buf_member_int(buf, "rate", move->rate);
    fy_buf_member(buf, "basis", fy_order_basis_name(order->gray.basis));
    fy_buf_member_int(buf, "users_moved", move->users_moved);
    fy_buf_member_int(buf, "users_at_risk", move->users_at_risk);
    fy_buf_member_int(buf, "starts_ms", move->starts_ms);
    fy_buf_member_int(buf, "duration_ms", move->duration_ms);
    if (move->batch.count > 0) {
        fy_buf_key(buf, "batch");
        fy_batch_json(&move->batch, order, buf);
    }
    fy_buf_close(buf, '}');
}

static void put_batches(struct fy_buf *buf, const char *key, const struct fy_plan *plan,
                        const struct fy_batch *batches, size_t count)
{
    fy_buf_key(buf, key);
    fy_buf_open(buf, '[');
    for (size_t i = 0; i < count; i++)
        fy_batch_json(&batches[i], plan->order, buf);
    fy_buf_close(buf, ']');
}

static void put_stage(struct fy_buf *buf, const struct fy_plan *plan, const struct fy_plan_stage *stage)
{
    fy_buf_open(buf, '{');
    fy_buf_member_int(buf, "index", (int64_t)stage->index);
    fy_buf_member_int(buf, "permille", stage->permille);
    fy_buf_member_int(buf, "soak_ms", stage->soak_ms);
    fy_buf_member_int(buf, "soak_starts_ms", stage->soak_starts_ms);
    fy_buf_member_bool(buf, "ask_before", stage->ask_before);
    fy_buf_member_bool(buf, "ask_after", stage->ask_after);
    fy_buf_key(buf, "moves");
    fy_buf_open(buf, '[');
    for (size_t i = 0; i < stage->count; i++)
        fy_move_json(&stage->moves[i], plan->order, buf);
    fy_buf_close(buf, ']');
    fy_buf_close(buf, '}');
}

static void put_figures(struct fy_buf *buf, const struct fy_plan *plan)
{
    fy_buf_member_int(buf, "step", plan->step);
    fy_buf_member_int(buf, "users", plan->users);
    fy_buf_member_int(buf, "capacity", plan->capacity);
    fy_buf_member_int(buf, "share_permille", plan->share_permille);
    fy_buf_member_bool(buf, "back", plan->back);
    fy_buf_member_bool(buf, "began", plan->began);
    fy_buf_member_int(buf, "starts_ms", plan->starts.ms);
    fy_buf_member_int(buf, "ends_ms", plan->ends.ms);
    fy_buf_member_int(buf, "last_safe_ms", plan->last_safe.ms);
    fy_buf_member_int(buf, "duration_ms", plan->duration_ms);
    fy_buf_member_int(buf, "rollback_ms", plan->rollback_ms);
    fy_buf_member_int(buf, "max_simplex_ms", plan->max_simplex_ms);
    fy_buf_member_int(buf, "users_at_risk", plan->users_at_risk);
    fy_buf_member_int(buf, "overrun_ms", plan->overrun_ms);
}

void fy_plan_json(const struct fy_plan *plan, struct fy_buf *buf)
{
    fy_buf_open(buf, '{');
    put_figures(buf, plan);
    put_batches(buf, "slice", plan, plan->slice, plan->slice_count);
    fy_buf_key(buf, "stages");
    fy_buf_open(buf, '[');
    for (size_t i = 0; i < plan->stage_count; i++)
        put_stage(buf, plan, &plan->stages[i]);
    fy_buf_close(buf, ']');
    put_batches(buf, "rest", plan, plan->rest, plan->rest_count);
    FY_AUTO(fy_free_ptr) const char **skipped = FY_NEW_ARRAY(const char *, plan->skipped_count + 1);
    for (size_t i = 0; i < plan->skipped_count; i++)
        skipped[i] = plan->skipped[i]->vdu_id;
    put_strings(buf, "skipped", skipped, plan->skipped_count);
    fy_buf_close(buf, '}');
}
