/* SPDX-License-Identifier: Apache-2.0 */
#include "run/planning.h"

#include "base/mem.h"
#include "run/step/step.h"

#include <string.h>

void fy_planning_ask(const struct fy_order *order, struct fy_question questions[FY_PLANNING_QUESTIONS])
{
    questions[0] =
        (struct fy_question){.connection = fy_bind_kind(order, FY_CONNECTION_VIM), .verb = "inventory"};
    questions[1] =
        (struct fy_question){.connection = fy_bind_kind(order, FY_CONNECTION_NF), .verb = "health"};
}

bool fy_planning_landscape(const struct fy_question *questions, struct fy_landscape **ret, struct fy_err *err)
{
    return fy_ask_all_ok(questions, FY_PLANNING_QUESTIONS, err) &&
           fy_landscape_read(questions[0].result, questions[1].result, ret, err);
}

bool fy_planning_make(const struct fy_run *run, const struct fy_landscape *landscape, size_t first_stage,
                      bool adjusted, struct fy_rtime now, struct fy_plan **ret, struct fy_err *err)
{
    struct fy_plan_wishes wishes = {
        .step = run->wished_step, .first_stage = first_stage, .back = run->returns};
    if (adjusted && !run->returns) {
        wishes.ratio_set = true;
        wishes.ratio_permille = run->in_stage ? run->stage_permille : run->wished_permille;
    }
    return fy_plan_make(run->order, landscape, &wishes, now, ret, err);
}

/* ---- what a plan foresees: one number for each item, so that "the remainder of that" can be told ----------
 */

struct foreseen {
    uint64_t *items;
    size_t count;
};

static uint64_t mix(uint64_t hash, const char *text)
{
    for (const char *at = text; *at != '\0'; at++)
        hash = (hash ^ (unsigned char)*at) * 1099511628211ULL;
    return (hash ^ 0xff) * 1099511628211ULL;
}

uint64_t fy_planning_handed(const char *result, size_t length)
{
    static const char member[] = "\"instances\":[";
    const char *at = memmem(result, length, member, sizeof member - 1);
    const char *end = at != NULL ? memchr(at, ']', length - (size_t)(at - result)) : NULL;
    if (end == NULL)
        return 0;
    FY_AUTO(fy_free_ptr) char *text = fy_strndup(at, (size_t)(end - at));
    return mix(14695981039346656037ULL, text);
}

static uint64_t hash_batch(uint64_t hash, const struct fy_batch *batch)
{
    for (size_t i = 0; i < batch->count; i++)
        hash = mix(hash, batch->instances[i]);
    return hash;
}

static void foresee(struct foreseen *foreseen, const char *kind, int64_t number, const struct fy_batch *batch)
{
    char text[48];
    (void)snprintf(text, sizeof text, "%s %lld", kind, (long long)number);
    foreseen->items = fy_realloc(foreseen->items, (foreseen->count + 1) * sizeof *foreseen->items);
    foreseen->items[foreseen->count++] = hash_batch(mix(14695981039346656037ULL, text), batch);
}

static struct foreseen foresee_all(const struct fy_plan *plan)
{
    struct foreseen foreseen = {0};
    for (size_t i = 0; i < plan->slice_count; i++)
        foresee(&foreseen, "slice", 0, &plan->slice[i]);
    for (size_t i = 0; i < plan->stage_count; i++)
        for (size_t j = 0; j < plan->stages[i].count; j++)
            foresee(&foreseen, "move", plan->stages[i].moves[j].permille, &plan->stages[i].moves[j].batch);
    for (size_t i = 0; i < plan->rest_count; i++)
        foresee(&foreseen, "rest", 0, &plan->rest[i]);
    return foreseen;
}

static bool is_remainder(const struct fy_run *run, const struct foreseen *foreseen)
{
    if (run->revision == 0 || foreseen->count > run->foreseen_count)
        return false;
    const uint64_t *tail = run->foreseen + (run->foreseen_count - foreseen->count);
    return foreseen->count == 0 || memcmp(tail, foreseen->items, foreseen->count * sizeof *tail) == 0;
}

static void put_plan(struct fy_live *live, const struct fy_plan *plan, const struct foreseen *foreseen)
{
    const struct fy_run *run = live->run;
    struct fy_buf body = {0};
    fy_buf_open(&body, '{');
    fy_buf_member_int(&body, "revision", run->revision + 1);
    fy_buf_member(&body, "why",
                  run->revision == 0 ? "first"
                  : run->retargeted  ? "retargeted by an operator"
                  : run->adjusted    ? "adjusted by an operator"
                                     : "what stands there is not what the last revision foresaw");
    fy_buf_member_int(&body, "ends_ms", plan->ends.ms);
    fy_buf_member_int(&body, "last_safe_ms", plan->last_safe.ms);
    fy_buf_key(&body, "foresees");
    fy_buf_open(&body, '[');
    for (size_t i = 0; i < foreseen->count; i++)
        fy_buf_format(&body, "%s\"%016llx\"", i > 0 ? "," : "", (unsigned long long)foreseen->items[i]);
    fy_buf_close(&body, ']');
    fy_buf_key(&body, "plan");
    fy_plan_json(plan, &body);
    fy_buf_close(&body, '}');
    fy_put(live, FY_REC_PLAN_MADE, &body);
}

void fy_planning_put(struct fy_live *live, const struct fy_plan *plan)
{
    struct foreseen foreseen = foresee_all(plan);
    if (live->run->adjusted || !is_remainder(live->run, &foreseen))
        put_plan(live, plan, &foreseen);
    free(foreseen.items);
}

/* ---- the picture of the instances
 * -------------------------------------------------------------------------- */

static void put_domain(struct fy_buf *buf, const struct fy_landscape *landscape, int domain)
{
    fy_buf_key(buf, domain == FY_SOURCE ? "source" : "target");
    fy_buf_open(buf, '{');
    fy_buf_member_int(buf, "users", landscape->users[domain]);
    fy_buf_member_int(buf, "capacity", landscape->capacity[domain]);
    fy_buf_close(buf, '}');
}

static void put_instance(struct fy_buf *buf, const struct fy_order *order, const struct fy_instance *instance)
{
    const struct fy_order_vdu *vdu = fy_order_find_vdu(order, instance->vdu);
    fy_buf_open(buf, '{');
    fy_buf_member(buf, "id", instance->id);
    fy_buf_member(buf, "vdu", instance->vdu);
    fy_buf_member(buf, "role", vdu != NULL ? fy_order_role_name(vdu->role) : NULL);
    fy_buf_member(buf, "domain", instance->domain == FY_SOURCE ? "source" : "target");
    fy_buf_member(buf, "version", instance->version);
    fy_buf_member(buf, "state", instance->running ? "running" : "building");
    fy_buf_member_bool(buf, "ready", instance->ready);
    fy_buf_member_int(buf, "users", instance->users);
    fy_buf_member_int(buf, "sessions", instance->sessions);
    fy_buf_member_int(buf, "capacity", instance->capacity);
    if (instance->pair != NULL) {
        fy_buf_member_bool(buf, "active", instance->active);
        fy_buf_member(buf, "pair", instance->pair);
    }
    fy_buf_close(buf, '}');
}

void fy_planning_keep(struct fy_live *live, const struct fy_landscape *landscape)
{
    struct fy_buf buf = {0};
    live->instances_at_ms = fy_live_now(live).ms;
    fy_buf_open(&buf, '{');
    fy_buf_member_int(&buf, "at_ms", live->instances_at_ms);
    fy_buf_key(&buf, "domains");
    fy_buf_open(&buf, '{');
    put_domain(&buf, landscape, FY_SOURCE);
    put_domain(&buf, landscape, FY_TARGET);
    fy_buf_close(&buf, '}');
    fy_buf_key(&buf, "instances");
    fy_buf_open(&buf, '[');
    for (size_t i = 0; i < landscape->count; i++)
        put_instance(&buf, live->run->order, &landscape->instances[i]);
    fy_buf_close(&buf, ']');
    fy_buf_close(&buf, '}');
    free(live->instances);
    live->instances = fy_strdup(buf.data); /* it stays as long as the run: without the room to grow */
    fy_buf_free(&buf);
}
