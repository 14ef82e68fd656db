/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/simulation/play.h"

#include "base/mem.h"
#include "base/point.h"
#include "run/live.h"
#include "sim/state.h"
#include "tests/simulation/faults.h"
#include "tests/support/memory_store.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define MOST_EVENTS 150000
#define AFTERWARDS  200 /* events */

void play_break(struct play *play, const char *rule, const char *format, ...)
{
    va_list args;
    if (play->verdict->broken)
        return;
    play->verdict->broken = true;
    (void)snprintf(play->verdict->rule, sizeof play->verdict->rule, "%s", rule);
    va_start(args, format);
    (void)vsnprintf(play->verdict->sentence, sizeof play->verdict->sentence, format, args);
    va_end(args);
    play_tell(play, "BROKEN %s: %s", rule, play->verdict->sentence);
}

void play_tell(struct play *play, const char *format, ...)
{
    char line[4600];
    va_list args;
    if (play->story == NULL)
        return;
    va_start(args, format);
    (void)vsnprintf(line, sizeof line, format, args);
    va_end(args);
    fy_buf_format(play->story, "    [%" PRId64 "] %s\n", play->verdict->events, line);
}

const struct fy_run *play_run(const struct play *play)
{
    const struct fy_live *live = fy_live_find(play->h->engine, play->run);
    return live != NULL && live->run->order != NULL ? live->run : NULL;
}

/* ---- the seams: store and adapters ----------------------------------------------------------------------
 */

static bool (*store_commit)(struct fy_store *self, const struct fy_store_batch *batch, struct fy_err *err);

static bool dead(struct fy_err *err)
{
    points_play->dying = true;
    return fy_fail(err, FY_ERR_TRANSIENT, "the engine is dead");
}

static bool commit(struct fy_store *self, const struct fy_store_batch *batch, struct fy_err *err)
{
    struct play *play = points_play;
    if (play->dying || play->die_unwritten)
        return dead(err);
    if (play->store_fails > 0) {
        play->store_fails--;
        return fy_fail(err, FY_ERR_TRANSIENT, "no space left on device");
    }
    if (!store_commit(self, batch, err))
        return false;
    play->accepted = true;
    rules_committed(play->rules, batch);
    return play->die_untold ? dead(err) : true;
}

static bool may_commit(void *context)
{
    return !((const struct play *)context)->dying;
}

static bool before_call(void *context, const struct fy_adapter_call *call)
{
    struct play *play = context;
    if (play->dying)
        return true;
    if (points_host_dies(play, "adapter_before_call") || play->unasked) {
        play->unasked = false;
        return true;
    }
    rules_asked(play->rules, call);
    return false;
}

static bool after_call(void *context, const struct fy_adapter_call *call,
                       const struct fy_adapter_reply *reply)
{
    struct play *play = context;
    rules_replied(play->rules, call, reply);
    bool lost = points_host_dies(play, "adapter_after_call") || play->unheard || play->dying;
    play->unheard = false;
    return lost;
}

/* ---- death and what follows -----------------------------------------------------------------------------
 */

/* Without what only this engine knows: which question it is asking just now. */
static char *view_of(struct play *play)
{
    struct fy_buf buf = {0};
    struct fy_err err = {0};
    if (play->verdict->broken || !fy_engine_show(play->h->engine, play->run, &buf, &err))
        return NULL;
    FY_AUTO(fy_json_unref) json_t *view = fy_json_parse(buf.data, buf.length, "view", &err);
    (void)json_object_del(view, "waiting");
    fy_buf_free(&buf);
    return fy_json_text(view);
}

/* I5: what the next engine reads is what this one had, if all of that was durable. */
static bool all_durable(const struct play *play)
{
    const struct fy_live *live = fy_live_find(play->h->engine, play->run);
    return live != NULL && live->written == NULL && live->tray.count == 0 && live->run->order != NULL;
}

static void watch_script(struct play *play);

/* The next engine may die while it recovers; then there is another one. */
static void take_over(struct play *play)
{
    FY_AUTO(fy_free_ptr) char *before = all_durable(play) ? view_of(play) : NULL;
    bool was_recovered = before != NULL && fy_live_find(play->h->engine, play->run)->recovered;
    do {
        play->verdict->deaths++;
        play->die_unwritten = play->die_untold = play->script_dies = false;
        play->dying = true;
        harness_kill(play->h);
        play->dying = false;
        harness_take_over(play->h);
        watch_script(play);
    } while (play->dying);
    if (before == NULL || was_recovered)
        return;
    FY_AUTO(fy_free_ptr) char *after = view_of(play);
    if (after != NULL && strcmp(before, after) != 0)
        play_break(play, "I5 state after replay", "another engine reads %s where this one had %s", after,
                   before);
}

static void die(struct play *play, const char *how)
{
    play_tell(play, "the engine dies %s", how);
    take_over(play);
}

/* The script host: told of outcomes, and heard again. Where it dies the run is told so a moment later. */
static void (*script_start)(struct fy_script *self, const struct fy_script_start *start);
static void (*script_resume)(struct fy_script *self, const char *run, const char *outcome);

static void start(struct fy_script *self, const struct fy_script_start *start)
{
    points_play->script_dies |= points_host_dies(points_play, "script_before_work");
    script_start(self, start);
    points_play->script_dies |= points_host_dies(points_play, "script_before_answer");
}

static void resume(struct fy_script *self, const char *run, const char *outcome)
{
    points_play->script_dies |= points_host_dies(points_play, "script_before_work");
    script_resume(self, run, outcome);
    points_play->script_dies |= points_host_dies(points_play, "script_before_answer");
}

static void watch_script(struct play *play)
{
    struct fy_script *script = play->h->script;
    script_start = script->start;
    script_resume = script->resume;
    script->start = start;
    script->resume = resume;
}

static void script_dies(struct play *play)
{
    const struct fy_live *live = fy_live_find(play->h->engine, play->run);
    if (live == NULL || live->script == FY_SCRIPT_IDLE)
        return;
    struct fy_script_event lost = {.kind = FY_SCRIPT_LOST, .run = play->run};
    play_tell(play, "the script host dies");
    play->h->script->drop(play->h->script, play->run);
    play->h->script->on_event(play->h->script->context, &lost);
}

static void begin_fault(struct play *play, const struct deed *deed)
{
    int64_t number = deed->a % fault_count();
    struct fy_buf said = {0};
    if (strcmp(fault_name(number), "guard_changed") == 0) /* a deed of its own, which the rules know of */
        return;
    seen_number(play->seen, SEEN_FAULT, number);
    fault_begin(play->h->world, number, chance_mix((uint64_t)deed->at * 977 + (uint64_t)play->scenario->seed),
                &said);
    play_tell(play, "fault %s %s begins", fault_name(number), said.data);
    fy_buf_free(&said);
    play->fault_until[number] = deed->b > 0 ? play->verdict->events + deed->b : -1;
    play->users_harmed |= fault_takes_users(number);
}

static void end_faults(struct play *play)
{
    for (int64_t i = 0; i < fault_count(); i++)
        if (play->fault_until[i] > 0 && play->fault_until[i] <= play->verdict->events) {
            play->fault_until[i] = 0;
            fault_end(play->h->world, i);
            play_tell(play, "fault %s ends", fault_name(i));
        }
}

/* Somebody with a hand of his own on the platform. */
static void other_hand(struct play *play, const struct deed *deed)
{
    static const struct {
        const char *name;
        const char *states[3];
    } guards[] = {
        {"healing",
         {"{\"enabled\":false,\"detect_s\":77}", "{\"enabled\":true,\"detect_s\":99}",
          "{\"enabled\":true,\"detect_s\":30}"}},
        {"scaling",
         {"{\"enabled\":false,\"max\":77}", "{\"enabled\":true,\"min\":1,\"max\":99}",
          "{\"enabled\":false,\"max\":78}"}},
        {"alarm-mark",
         {"{\"marked\":true,\"by\":\"eve\"}", "{\"marked\":false,\"by\":\"eve\"}",
          "{\"marked\":true,\"by\":\"bob\"}"}},
        {"config-freeze",
         {"{\"frozen\":true,\"by\":\"eve\"}", "{\"frozen\":false,\"by\":\"eve\"}",
          "{\"frozen\":true,\"by\":\"bob\"}"}},
        {"scheduled-backup",
         {"{\"enabled\":false,\"by\":\"eve\"}", "{\"enabled\":true,\"by\":\"eve\"}",
          "{\"enabled\":false,\"by\":\"bob\"}"}},
    };
    size_t i = (size_t)deed->a % FY_COUNT(guards);
    const char *state = guards[i].states[(size_t)deed->b % 3];
    char args[160], why[256];
    (void)snprintf(args, sizeof args, "{\"on\":\"%s\",\"state\":%s}", guards[i].name, state);
    if (rules_looks(play->rules, (int64_t)i))
        return;
    if (!sim_world_fault(play->h->world, "guard_changed", args, why, sizeof why))
        return;
    play_tell(play, "another hand sets %s to %s", guards[i].name, state);
    rules_hand(play->rules, (int64_t)i, state);
    play->users_harmed |= i < 2;
}

static void die_later(struct play *play, const struct deed *deed)
{
    if (play->die_count == FY_COUNT(play->die_at))
        return;
    play->die_at[play->die_count].point = deed->a % FY_POINT_COUNT;
    play->die_at[play->die_count++].after = deed->b;
}

static void happen(struct play *play, const struct deed *deed)
{
    seen_number(play->seen, SEEN_DEED, deed->kind);
    switch (deed->kind) {
    case DEED_DIE:
        die(play, "between two events");
        break;
    case DEED_AWAY:
        die(play, "and is away");
        virtual_time_pass(play->h->time, deed->a * 1000);
        break;
    case DEED_DIE_UNWRITTEN:
        play->die_unwritten = true;
        break;
    case DEED_DIE_UNTOLD:
        play->die_untold = true;
        break;
    case DEED_DIE_AT:
        die_later(play, deed);
        break;
    case DEED_SLOW:
        play->h->slow_scripts = (unsigned)deed->a;
        break;
    case DEED_STORE:
        play->store_fails = deed->a;
        break;
    case DEED_UNASKED:
        play->unasked = true;
        break;
    case DEED_UNHEARD:
        play->unheard = true;
        break;
    case DEED_SCRIPT:
        script_dies(play);
        break;
    case DEED_PRESS:
    case DEED_WRONG:
        people_press(play, deed->kind == DEED_PRESS);
        break;
    case DEED_FAULT:
        begin_fault(play, deed);
        break;
    case DEED_HAND:
        other_hand(play, deed);
        break;
    case DEED_KINDS:
        break;
    }
}

/* ---- from the order to the end --------------------------------------------------------------------------
 */

static bool submit(struct play *play)
{
    FY_AUTO(fy_free_ptr) char *order = scenario_order(play->scenario);
    const char *run;
    bool existed;
    struct fy_err err = {0};
    if (!harness_submit_text(play->h, order, &run, &existed, &err)) {
        play_break(play, "order refused", "%s (%s)", err.message, err.hint);
        return false;
    }
    (void)snprintf(play->run, sizeof play->run, "%s", run);
    return true;
}

/* The verb a deed is about, if it names one: that is pressed until it is on record. */
static const char *pressed(const struct deed *deed)
{
    return deed->kind == DEED_PRESS && deed->a >= 0 && deed->a < SEEN_ROOM
               ? seen_name(SEEN_VERB, (size_t)deed->a)
               : NULL;
}

static void due_deeds(struct play *play)
{
    const struct scenario *s = play->scenario;
    for (size_t i = 0; i < s->deed_count && !play->verdict->broken; i++)
        if (!play->done[i] && s->deeds[i].at <= play->verdict->events) {
            const char *verb = pressed(&s->deeds[i]);
            play->done[i] = verb == NULL || people_press_this(play, verb);
            if (verb == NULL)
                happen(play, &s->deeds[i]);
        }
    end_faults(play);
}

/* Those that wait for a crash point from the beginning on: accepting an order passes some. */
static void arm(struct play *play)
{
    const struct scenario *s = play->scenario;
    for (size_t i = 0; i < s->deed_count; i++)
        if (s->deeds[i].kind == DEED_DIE_AT && s->deeds[i].at == 0) {
            play->done[i] = true;
            happen(play, &s->deeds[i]);
        }
}

/* What is pressed on a run that has ended. */
static void late_presses(struct play *play)
{
    const struct scenario *s = play->scenario;
    for (size_t i = 0; i < s->deed_count && !play->verdict->broken; i++)
        if (!play->done[i] && pressed(&s->deeds[i]) != NULL)
            play->done[i] = people_press_this(play, pressed(&s->deeds[i]));
}

/* An order that was never durable is sent again, as its sender does who got no answer. */
static bool know_order(struct play *play)
{
    const struct fy_clock clock = virtual_clock(play->h->time);
    if (play->accepted || play_run(play) != NULL || fy_live_find(play->h->engine, play->run) != NULL)
        return true;
    if (clock.wall_ms(clock.self) < SCENARIO_OPENS_MS + play->scenario->window_min * 60000)
        return submit(play);
    (void)snprintf(play->verdict->end, sizeof play->verdict->end, "too late");
    return false;
}

static bool is_final(const char *state)
{
    return fy_state_final(fy_state_parse(state));
}

static bool event(struct play *play)
{
    bool tries_again = play->store_fails > 0 || fy_journal_trouble(play->h->journal) != NULL;
    bool any = harness_event(play->h) || tries_again;
    play->verdict->events++;
    if (play->dying) {
        die(play, "in the middle of an event");
        any = true;
    }
    if (play->script_dies) {
        play->script_dies = false;
        script_dies(play);
        any = true;
    }
    const char *complaint = log_complaint();
    if (complaint != NULL)
        play_break(play, "the engine gives a run up", "%s", complaint);
    if (!play->verdict->broken)
        rules_event(play->rules);
    return any;
}

static void stuck(struct play *play, const char *state)
{
    const struct fy_run *run = play_run(play);
    play_break(play, "no progress", "nothing is left to happen in state %s (step %s%s)", state,
               run != NULL && run->step.call != NULL ? run->step.call : "none",
               run != NULL && run->step.open ? ", open" : "");
}

static void go(struct play *play)
{
    bool any = true;
    while (!play->verdict->broken) {
        due_deeds(play);
        if (play->verdict->broken || !know_order(play))
            return;
        const char *state = play->accepted ? harness_state(play->h, play->run) : "";
        if (is_final(state)) {
            (void)snprintf(play->verdict->end, sizeof play->verdict->end, "%s", state);
            return;
        }
        bool answered = play->pressed || people_answer(play, !any);
        play->pressed = false;
        if (!answered && !any) {
            stuck(play, state);
            return;
        }
        any = event(play);
        if (play->verdict->events > MOST_EVENTS)
            play_break(play, "no end", "still %s after %d events", state, MOST_EVENTS);
    }
}

static void settle(struct play *play)
{
    if (strcmp(play->verdict->end, "FAILED") == 0)
        people_take_over(play);
    bool any = true;
    for (int i = 0; i < AFTERWARDS && any && !play->verdict->broken; i++) {
        late_presses(play);
        any = event(play);
    }
}

static const char *workflows(const struct scenario *scenario)
{
    if (scenario->workflow == 1)
        return SOURCE_DIR "/tests/simulation/workflows/short";
    if (scenario->workflow == 5)
        return SOURCE_DIR "/tests/simulation/workflows/asking";
    return scenario->workflow == 4 ? SOURCE_DIR "/tests/simulation/workflows/staged" : NULL;
}

static void set_scene(struct play *play)
{
    FY_AUTO(fy_free_ptr) char *world = scenario_world(play->scenario);
    struct fy_store *store = memory_store_new();
    store_commit = store->commit;
    store->commit = commit;
    memory_store_ask(store, may_commit, play);
    play->h = harness_new(
        &(struct harness_options){.world = world,
                                  .store = store,
                                  .directory = workflows(play->scenario),
                                  .start_ms = SCENARIO_OPENS_MS + 1000 - play->scenario->early_min * 60000});
    points_play = play;
    play->rules = rules_new(play);
    watch_script(play);
    struct fy_local_faults faults = {.before = before_call, .after = after_call, .ctx = play};
    fy_local_set_faults(play->h->local, &faults);
}

static void clear_scene(struct play *play)
{
    play->dying = true; /* whatever is still on its way is nobody's any more */
    harness_free(play->h);
    rules_free(play->rules);
    points_play = NULL;
}

void play(const struct scenario *scenario, struct seen *seen, struct verdict *verdict, struct fy_buf *story)
{
    struct play it = {.scenario = scenario,
                      .seen = seen,
                      .verdict = verdict,
                      .story = story,
                      /* an order that leaves healing or elasticity on has them interfere */
                      .users_harmed = (scenario->guards & 3) != 3,
                      .chance = {chance_mix((uint64_t)scenario->seed * 31 + 7)}};
    *verdict = (struct verdict){0};
    (void)log_complaint();
    set_scene(&it);
    arm(&it);
    if (submit(&it))
        go(&it);
    if (!verdict->broken && it.accepted) {
        settle(&it);
        rules_final(it.rules, verdict->end);
        seen_note(seen, SEEN_END, verdict->end);
    }
    verdict->rows = (int64_t)it.h->rows;
    verdict->died_at = it.died_at;
    memcpy(verdict->reached, it.reached, sizeof verdict->reached);
    clear_scene(&it);
}
