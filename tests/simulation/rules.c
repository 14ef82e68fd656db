/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What must hold, looked at after every commit, every call and every event: the invariants I1 to I8 and the
 * world's own. A rule is a function here that breaks the play with one sentence.
 */
#include "base/mem.h"
#include "run/live.h"
#include "sim/state.h"
#include "tests/simulation/play.h"
#include "tests/support/memory_store.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

struct step {
    char call[32], verb[32];
    int64_t attempt;
    bool open, done, own;
};

/* What was seen of an operation of the world, so that an effect that comes twice is noticed. */
struct effect {
    int64_t effects;
    enum sim_op_state state;
};

struct guard {
    json_t *first;   /* before the order */
    json_t *prior;   /* as the ledger has it */
    json_t *foreign; /* what another hand set last; NULL: none did */
    bool foreign_while_held;
    bool held, off; /* off: the engine has switched it off, and the world has done so */
    bool looked;    /* at, and not renewed yet */
};

struct rules {
    struct play *play;
    struct fy_verifier chain;
    uint64_t epoch;
    char state[24];
    bool final;
    struct step *steps;
    size_t step_count;
    struct effect *effects;
    size_t effect_count;
    struct guard guards[GUARDS];
    int taking;     /* the guard taken last */
    bool releasing; /* guards are being given back at this moment */
    int64_t releasing_step;
    struct sim_truth truth; /* as it was after the last event */
    int64_t stage_permille, steered;
    int64_t stage_index, approved; /* approved: bits; a retarget does not ask again for a stage */
    bool in_stage, stage_asks;
    int64_t sent[SEEN_ROOM], promised[SEEN_ROOM], recorded[SEEN_ROOM];
    char final_why[512];
};

static const char *const guard_names[GUARDS] = {"healing", "scaling", "alarm-mark", "config-freeze",
                                                "scheduled-backup"};

struct rules *rules_new(struct play *play)
{
    struct rules *rules = FY_NEW(struct rules);
    rules->play = play;
    for (int i = 0; i < GUARDS; i++)
        rules->guards[i].first = json_deep_copy(play->h->world->guard[i].state);
    rules->truth = play->h->world->truth;
    return rules;
}

void rules_free(struct rules *rules)
{
    for (int i = 0; i < GUARDS; i++) {
        json_decref(rules->guards[i].first);
        json_decref(rules->guards[i].foreign);
        json_decref(rules->guards[i].prior);
    }
    free(rules->steps);
    free(rules->effects);
    free(rules);
}

/* ---- records --------------------------------------------------------------------------------------------
 */

static struct step *step_of(struct rules *rules, int64_t number)
{
    if (number < 0 || number > 100000)
        return NULL;
    if ((size_t)number >= rules->step_count) {
        size_t count = (size_t)number + 64;
        rules->steps = fy_realloc(rules->steps, count * sizeof *rules->steps);
        memset(&rules->steps[rules->step_count], 0, (count - rules->step_count) * sizeof *rules->steps);
        rules->step_count = count;
    }
    return &rules->steps[number];
}

#define AS_IT_IS                                                                                             \
    30 /* permille; few users may be a little beyond a ratio already, and are not moved back for that */

/* FNV-1a over what was intended: two plays that took the same steps have the same trace. */
static void trace(struct rules *rules, const json_t *doc)
{
    FY_AUTO(fy_free_ptr) char *text = fy_json_text(doc);
    uint64_t hash = rules->play->verdict->trace;
    for (const char *at = text; *at != '\0'; at++)
        hash = (hash ^ (unsigned char)*at) * 0x100000001b3ULL;
    rules->play->verdict->trace = hash;
}

static void intent(struct rules *rules, const json_t *doc)
{
    int64_t number = fy_json_int_or(doc, "step", 0), attempt = fy_json_int_or(doc, "attempt", 1);
    const char *call = fy_json_string_or(doc, "call", "");
    struct step *step = step_of(rules, number);
    if (step == NULL)
        return;
    seen_note(rules->play->seen, SEEN_CALL, call);
    trace(rules, doc);
    if (step->done)
        play_break(rules->play, "I2 done twice", "step %" PRId64 " (%s) is intended again after it was done",
                   number, call);
    if (step->attempt != 0 && attempt != step->attempt + 1)
        play_break(rules->play, "I4 attempts",
                   "attempt %" PRId64 " of step %" PRId64 " follows attempt %" PRId64, attempt, number,
                   step->attempt);
    if (step->attempt != 0 && strcmp(step->call, call) != 0)
        play_break(rules->play, "I5 replay", "step %" PRId64 " was %s and is %s now", number, step->call,
                   call);
    (void)snprintf(step->call, sizeof step->call, "%s", call);
    (void)snprintf(step->verb, sizeof step->verb, "%s", fy_json_string_or(doc, "verb", ""));
    step->attempt = attempt;
    step->open = true;
    if (strcmp(call, "release_guards") == 0) {
        rules->releasing = true;
        rules->releasing_step = number;
    }
    step->own = fy_json_bool_or(doc, "own", false);
    const json_t *args = json_object_get(doc, "args");
    const json_t *permille = json_object_get(args, "permille");
    bool up = json_is_integer(permille) && json_integer_value(permille) > rules->steered;
    if (strcmp(call, "steer") == 0 && json_is_integer(permille))
        rules->steered = json_integer_value(permille);
    if (strcmp(call, "steer") == 0 && up && rules->in_stage && strcmp(rules->state, "PROCESSING") == 0) {
        if (json_integer_value(permille) > rules->stage_permille + AS_IT_IS)
            play_break(rules->play, "I7 ratio", "steered to %" PRId64 " permille in a stage of %" PRId64,
                       (int64_t)json_integer_value(permille), rules->stage_permille);
        if (rules->stage_asks && !(rules->approved >> rules->stage_index & 1))
            play_break(rules->play, "I7 approval", "steered to %" PRId64 " permille before anybody approved",
                       (int64_t)json_integer_value(permille));
    }
}

/* The stage that was opened: what may be steered to, and whether somebody must have said yes. */
static void opened_stage(struct rules *rules, const json_t *result)
{
    const json_t *stage = json_object_get(result, "stage");
    const struct scenario *s = rules->play->scenario;
    if (stage == NULL)
        return;
    int64_t index = fy_json_int_or(stage, "index", 0);
    rules->in_stage = true;
    rules->stage_permille = fy_json_int_or(stage, "permille", 0);
    rules->stage_asks = s->approvals >> index & 1;
    rules->stage_index = index;
}

/* The operation of a step: its key is run/step, and run/step/verb for another verb in the step's place. */
static const struct sim_op *op_of(const struct rules *rules, int64_t number, const struct step *step)
{
    const struct sim_world *world = rules->play->h->world;
    const struct sim_op *found = NULL;
    char key[128], other[160];
    (void)snprintf(key, sizeof key, "%s/%" PRId64, rules->play->run, number);
    (void)snprintf(other, sizeof other, "%s/%s", key, step->verb);
    for (uint32_t i = 0; i < world->op_count; i++)
        if (strcmp(world->ops[i]->key, key) == 0 || strcmp(world->ops[i]->key, other) == 0)
            if (found == NULL || world->ops[i]->state == OP_DONE)
                found = world->ops[i];
    return found;
}

static bool is_adapter_step(const char *call)
{
    static const char *const names[] = {
#define ENGINE                        0
#define VIM                           1
#define NF                            1
#define GUARD                         1
#define CALL(name, side, verb, needs) (side) ? (name) : "",
#include "run/step/call.def"
#undef CALL
#undef ENGINE
#undef VIM
#undef NF
#undef GUARD
    };
    for (size_t i = 0; i < FY_COUNT(names); i++)
        if (strcmp(names[i], call) == 0)
            return true;
    return false;
}

static void outcome(struct rules *rules, const json_t *doc)
{
    int64_t number = fy_json_int_or(doc, "step", 0);
    bool ok = fy_json_bool_or(doc, "ok", false);
    struct step *step = step_of(rules, number);
    if (step == NULL)
        return;
    bool by = json_object_get(doc, "by") != NULL;
    if (!step->open && !by)
        play_break(rules->play, "I1 outcome without intent",
                   "step %" PRId64 " has an outcome and no open intent", number);
    step->open = false;
    step->done = ok;
    rules->guards[rules->taking].off |= ok && strcmp(step->call, "guard_set") == 0;
    rules->releasing &= strcmp(step->call, "release_guards") != 0;
    if (ok && strcmp(step->call, "next_stage") == 0)
        opened_stage(rules, json_object_get(doc, "result"));
    if (!ok || by || !is_adapter_step(step->call) || rules->play->by_hand) /* what is set aside is not done */
        return;
    const struct sim_op *op = op_of(rules, number, step);
    if (op == NULL || op->state != OP_DONE)
        play_break(rules->play, "I3 done without effect",
                   "step %" PRId64 " (%s) is recorded as done, the world %s", number, step->call,
                   op == NULL ? "never heard of it" : "has not done it");
}

static int64_t verb_number(const char *verb)
{
    const char *name;
    for (int64_t i = 0; (name = seen_name(SEEN_VERB, (size_t)i)) != NULL; i++)
        if (strcmp(name, verb) == 0)
            return i;
    return SEEN_ROOM - 1;
}

static void state_changed(struct rules *rules, const json_t *doc)
{
    const char *from = fy_json_string_or(doc, "from", ""), *to = fy_json_string_or(doc, "to", "");
    const char *name = fy_json_string_or(doc, "event", "");
    if (strcmp(from, rules->state) != 0)
        play_break(rules->play, "I8 state", "a record leads from %s, the run is %s", from, rules->state);
    if (rules->final)
        play_break(rules->play, "I6 final", "%s is followed by %s", rules->state, to);
    (void)snprintf(rules->state, sizeof rules->state, "%s", to);
    rules->final = fy_state_final(fy_state_parse(to));
    (void)snprintf(rules->final_why, sizeof rules->final_why, "%s", fy_json_string_or(doc, "why", ""));
    seen_note(rules->play->seen, SEEN_STATE, to);
    seen_move(rules->play->seen, from, name, to);
    if (strstr(fy_json_string_or(json_object_get(doc, "error"), "message", ""), "workflow changed") != NULL)
        play_break(rules->play, "I5 replay", "%s",
                   fy_json_string_or(json_object_get(doc, "error"), "message", ""));
}

static int guard_of(const char *name)
{
    for (int i = 0; i < GUARDS; i++)
        if (strcmp(guard_names[i], name) == 0)
            return i;
    return -1;
}

static void guard_record(struct rules *rules, const json_t *doc, bool taken)
{
    int i = guard_of(fy_json_string_or(doc, "guard", ""));
    if (i < 0)
        return;
    struct guard *guard = &rules->guards[i];
    guard->held = taken;
    guard->off = guard->looked = false;
    if (taken) {
        json_decref(guard->prior);
        guard->prior = json_deep_copy(json_object_get(doc, "prior"));
        guard->foreign_while_held = false;
        rules->taking = i;
    } else if (guard->foreign_while_held && fy_json_bool_or(doc, "as_it_was", true) &&
               !json_equal(guard->foreign, guard->prior))
        play_break(rules->play, "guards", "%s was set by another hand, and the ledger says it is as it was",
                   guard_names[i]);
}

static void command(struct rules *rules, const json_t *doc)
{
    const char *verb = fy_json_string_or(doc, "verb", "");
    rules->recorded[verb_number(verb)]++;
    seen_move(rules->play->seen, rules->state, verb, strcmp(verb, "reject") == 0 ? "FAILED_TEMP" : "SAME");
    const json_t *ratio = json_object_get(json_object_get(doc, "args"), "ratio");
    if (strcmp(verb, "adjust") == 0 && json_is_integer(ratio) &&
        10 * json_integer_value(ratio) > rules->stage_permille)
        rules->stage_permille = 10 * json_integer_value(ratio); /* an operator has said so */
    rules->play->retargeted |= strcmp(verb, "retarget") == 0;
    rules->play->by_hand |= strcmp(verb, "done-by-hand") == 0 || strcmp(verb, "set-aside") == 0;
}

static void approval(struct rules *rules, const json_t *doc)
{
    if (strcmp(fy_json_string_or(doc, "answer", ""), "approve") == 0)
        rules->approved |= INT64_C(1) << rules->stage_index;
}

static void record(struct rules *rules, const struct fy_row *row)
{
    static const enum fy_record_kind plain[] = {FY_REC_SAMPLE,    FY_REC_PROGRESS, FY_REC_PHASE,  FY_REC_NOTE,
                                                FY_REC_PLAN_MADE, FY_REC_VERDICT,  FY_REC_CHECKED};
    for (size_t i = 0; i < FY_COUNT(plain); i++)
        if (row->kind == plain[i])
            return;
    FY_AUTO(fy_json_unref) json_t *doc = fy_json_parse(row->body, row->body_length, "a record", NULL);
    rules->play->moved = rules->play->verdict->events;
    rules->play->settled += row->kind == FY_REC_OUTCOME || row->kind == FY_REC_STATE_CHANGED;
    if (row->kind == FY_REC_ORDER_ACCEPTED) {
        (void)snprintf(rules->state, sizeof rules->state, "SCHEDULED");
        seen_note(rules->play->seen, SEEN_STATE, rules->state);
    } else if (row->kind == FY_REC_INTENT)
        intent(rules, doc);
    else if (row->kind == FY_REC_OUTCOME)
        outcome(rules, doc);
    else if (row->kind == FY_REC_STATE_CHANGED)
        state_changed(rules, doc);
    else if (row->kind == FY_REC_GUARD_TAKEN || row->kind == FY_REC_GUARD_RELEASED)
        guard_record(rules, doc, row->kind == FY_REC_GUARD_TAKEN);
    else if (row->kind == FY_REC_COMMAND)
        command(rules, doc);
    else if (row->kind == FY_REC_APPROVAL_GIVEN)
        approval(rules, doc);
    else if (row->kind == FY_REC_PROGRAM_STARTED)
        rules->in_stage = rules->releasing = false;
}

/* A program that is left for another takes its open step with it. */
void rules_committed(struct rules *rules, const struct fy_store_batch *batch)
{
    struct play *play = rules->play;
    for (size_t i = 0; i < batch->row_count && !play->verdict->broken; i++) {
        const struct fy_row *row = &batch->rows[i];
        struct fy_err err = {0};
        if (!fy_verify_row(&rules->chain, row->run, row, &err))
            play_break(play, "I8 chain", "%s", err.message);
        if (row->epoch < rules->epoch || row->epoch != play->h->store->epoch)
            play_break(play, "I4 fence",
                       "record %" PRIu64 " is of epoch %" PRIu64 ", the engine's is %" PRIu64, row->seq,
                       row->epoch, play->h->store->epoch);
        rules->epoch = row->epoch;
        seen_number(play->seen, SEEN_RECORD, (int64_t)row->kind - 1);
        if (play->story != NULL) {
            fy_buf_format(play->story, "%4" PRIu64 " ", row->seq);
            fy_describe(row, play->story);
            fy_buf_text(play->story, "\n");
        }
        record(rules, row);
    }
}

/* ---- calls ----------------------------------------------------------------------------------------------
 */

static bool acts(const struct play *play, const struct fy_adapter_call *call)
{
    const struct fy_adapters *adapters = fy_local_adapters(play->h->local);
    const struct fy_adapter_info *info = adapters->describe(adapters->self, call->connection);
    const struct fy_adapter_verb *verb = info != NULL ? fy_adapter_verb(info, call->verb) : NULL;
    return verb != NULL && !verb->observe;
}

static bool is_renewal(const struct fy_adapter_call *call)
{
    return strstr(call->key, "/lease/") != NULL;
}

static struct guard *guard_in(struct rules *rules, const struct fy_adapter_call *call)
{
    FY_AUTO(fy_json_unref) json_t *args = json_loads(call->args, 0, NULL);
    int i = guard_of(fy_json_string_or(args, "guard", ""));
    return i < 0 ? NULL : &rules->guards[i];
}

/* A lease is renewed beside the steps: what allows it is the ledger, and none is sent once it gives back. */
static void renewed(struct rules *rules, const struct fy_adapter_call *call)
{
    const struct guard *guard = guard_in(rules, call);
    const char *began = strchr(call->key, '/'); /* giving back waits for one that began before it */
    bool late = rules->releasing && began != NULL && strtoll(began + 1, NULL, 10) >= rules->releasing_step;
    if (guard == NULL || !guard->held || late)
        play_break(rules->play, "I1 effect without intent",
                   "a lease is renewed with key %s, and its guard is not held or is being given back",
                   call->key);
}

/* I1: what acts has its intent on disk. The key is run/step, or run/step/about inside an engine step. */
void rules_asked(struct rules *rules, const struct fy_adapter_call *call)
{
    struct play *play = rules->play;
    struct guard *guard = strcmp(call->verb, "guard_read") == 0 ? guard_in(rules, call) : NULL;
    if (guard != NULL)
        guard->looked = guard->held;
    if (!acts(play, call))
        return;
    struct step *step = step_of(rules, (int64_t)call->step);
    if (is_renewal(call))
        renewed(rules, call);
    else if (step == NULL || !step->open)
        play_break(play, "I1 effect without intent",
                   "%s is asked for with key %s, whose intent is not durable", call->verb, call->key);
    if (call->fence != play->h->store->epoch)
        play_break(play, "I4 fence", "%s is asked for with fence %" PRIu64 ", the engine's is %" PRIu64,
                   call->verb, call->fence, play->h->store->epoch);
}

void rules_replied(struct rules *rules, const struct fy_adapter_call *call,
                   const struct fy_adapter_reply *reply)
{
    if (is_renewal(call) && reply->status == FY_REPLY_DONE)
        guard_in(rules, call)->looked = false;
    if (reply->status != FY_REPLY_FAILED || reply->message == NULL)
        return;
    if (strstr(reply->message, "was seen at epoch") != NULL || strstr(reply->message, "was used for") != NULL)
        play_break(rules->play, "I4 fence", "%s with key %s: %s", call->verb, call->key, reply->message);
}

void rules_sent(struct rules *rules, const char *verb)
{
    rules->sent[verb_number(verb)]++;
}

bool rules_recorded(const struct rules *rules, const char *verb)
{
    return rules->recorded[verb_number(verb)] > 0;
}

void rules_promised(struct rules *rules, const char *verb)
{
    rules->promised[verb_number(verb)]++;
}

bool rules_looks(const struct rules *rules, int64_t guard)
{
    return rules->guards[guard].looked;
}

void rules_hand(struct rules *rules, int64_t number, const char *state)
{
    struct guard *guard = &rules->guards[number];
    json_decref(guard->foreign);
    guard->foreign = json_loads(state, 0, NULL);
    /* Between the engine's look and its hand nobody can tell who was first. */
    guard->foreign_while_held |= guard->held && guard->off && !rules->releasing;
}

/* ---- the world ------------------------------------------------------------------------------------------
 */

/* I2: an operation that is done stays as it is, and none begins again that has not failed in between. */
static void effects(struct rules *rules)
{
    const struct sim_world *world = rules->play->h->world;
    if (world->op_count > rules->effect_count) {
        rules->effects = fy_realloc(rules->effects, world->op_count * sizeof *rules->effects);
        for (size_t i = rules->effect_count; i < world->op_count; i++)
            rules->effects[i] = (struct effect){.state = OP_NEW};
        rules->effect_count = world->op_count;
    }
    for (size_t i = 0; i < world->op_count; i++) {
        const struct sim_op *op = world->ops[i];
        struct effect *seen = &rules->effects[i];
        if (op->effects > seen->effects && (seen->state == OP_DONE || seen->state == OP_RUNNING) &&
            seen->effects > 0)
            play_break(rules->play, "I2 effect repeated", "%s with key %s began again when it was %s",
                       op->verb->name, op->key, seen->state == OP_DONE ? "done" : "under way");
        *seen = (struct effect){.effects = op->effects, .state = op->state};
    }
}

/* So few users do not come out at a ratio: what chance may do to them (twice the deviation) is no overload.
 */
static void overloaded(struct play *play, int domain)
{
    const struct sim_world *world = play->h->world;
    int64_t here = (int64_t)world->attached[domain][0] + world->attached[domain][1];
    int64_t over = here - world->capacity[domain];
    if (over > 0 && over * over > play->scenario->users)
        play_break(play, "capacity", "the %s domain has %" PRId64 " users and carries %" PRId64,
                   sim_domain_names[domain], here, world->capacity[domain]);
}

static void world_whole(struct rules *rules)
{
    struct play *play = rules->play;
    const struct sim_truth *now = &play->h->world->truth, *then = &rules->truth;
    if (play->users_harmed)
        return;
    if (now->dropped > then->dropped) {
        const struct sim_world *world = play->h->world;
        const char *why = world->drop_count > 0 ? world->drops[world->drop_count - 1].why : "?";
        play_break(play, "nobody dropped", "%" PRId64 " users were dropped: %s", now->dropped - then->dropped,
                   why);
    }
    if (now->upgraded_under_sessions > then->upgraded_under_sessions)
        play_break(play, "nobody dropped", "an instance was taken away under its sessions");
    if (now->upgraded_active > then->upgraded_active)
        play_break(play, "pairs", "the active one of a pair was taken without a switchover");
    if (now->pairs_down > then->pairs_down)
        play_break(play, "pairs", "both of a pair are down");
    if (now->storage_down > then->storage_down)
        play_break(play, "storage", "no replica of the session database is in sync");
    for (int domain = 0; domain < DOMAINS; domain++)
        if (now->overloaded_ticks[domain] > then->overloaded_ticks[domain])
            overloaded(play, domain);
}

void rules_event(struct rules *rules)
{
    effects(rules);
    world_whole(rules);
    rules->truth = rules->play->h->world->truth;
}

/* ---- the end --------------------------------------------------------------------------------------------
 */

static void guards_at_end(struct rules *rules, const char *state)
{
    struct play *play = rules->play;
    for (int i = 0; i < GUARDS; i++) {
        const struct guard *guard = &rules->guards[i];
        const json_t *now = play->h->world->guard[i].state;
        bool named = strstr(rules->final_why, guard_names[i]) != NULL;
        if (guard->held && !(strcmp(state, "FAILED") == 0 && named))
            play_break(play, "guards", "%s is still held at the end (%s)", guard_names[i], state);
        if (guard->held || json_equal(now, guard->first))
            continue;
        if (guard->foreign != NULL && (json_equal(now, guard->foreign) || json_equal(now, guard->prior)))
            continue;
        FY_AUTO(fy_free_ptr) char *is = fy_json_text(now);
        FY_AUTO(fy_free_ptr) char *was = fy_json_text(guard->first);
        play_break(play, "guards", "%s is %s at the end and was %s", guard_names[i], is, was);
    }
    for (int i = 0; i < GUARDS; i++) {
        const struct guard *guard = &rules->guards[i];
        if (guard->foreign_while_held && !guard->held &&
            !json_equal(play->h->world->guard[i].state, guard->foreign))
            play_break(play, "guards", "%s was set by another hand while it was held, and was overwritten",
                       guard_names[i]);
    }
}

static void instances_at_end(struct rules *rules, const char *state)
{
    struct play *play = rules->play;
    const struct sim_world *world = play->h->world;
    const char *version = strcmp(state, "COMMITTED") == 0 ? "1.3.0" : "1.2.0";
    if (world->split)
        play_break(play, "one version", "%s, and the network function is still split", state);
    for (uint32_t i = 0; i < world->instance_count; i++) {
        const struct sim_instance *here = &world->instances[i];
        if (here->state == INST_REMOVED || here->vdu == VDU_LB)
            continue;
        bool other = strcmp(here->runs.version, version) != 0;
        if (other && play->retargeted && strcmp(state, "COMMITTED") == 0)
            other = strcmp(here->runs.version, "1.2.0") == 0;
        if (other)
            play_break(play, "one version", "%s, and %s runs %s", state, here->id, here->runs.version);
        else if (here->state != INST_RUNNING)
            play_break(play, "one version", "%s, and %s does not run", state, here->id);
        else if (!here->admitted && here->vdu == VDU_SVC)
            play_break(play, "one version", "%s, and %s serves nobody", state, here->id);
    }
}

/* What was promised is there once, what is there was sent. */
static void commands_at_end(struct rules *rules)
{
    const char *name;
    for (size_t i = 0; (name = seen_name(SEEN_VERB, i)) != NULL; i++)
        if (rules->recorded[i] < rules->promised[i] || rules->recorded[i] > rules->sent[i])
            play_break(rules->play, "I8 commands",
                       "%s was sent %" PRId64 " times, promised %" PRId64 " times and recorded %" PRId64
                       " times",
                       name, rules->sent[i], rules->promised[i], rules->recorded[i]);
}

void rules_final(struct rules *rules, const char *state)
{
    struct play *play = rules->play;
    if (strcmp(rules->state, state) != 0)
        play_break(play, "I8 state", "the engine says %s, the records say %s", state, rules->state);
    guards_at_end(rules, state);
    commands_at_end(rules);
    if (strcmp(state, "FAILED") != 0 && !scenario_is_short(play->scenario) && !play->by_hand &&
        !play->users_harmed)
        instances_at_end(rules, state);
}
