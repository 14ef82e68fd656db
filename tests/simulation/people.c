/* SPDX-License-Identifier: Apache-2.0 */
/* Who presses what, and when: operators who know no manners, and a patient one who brings the run home. */
#include "base/mem.h"
#include "run/live.h"
#include "tests/simulation/faults.h"
#include "tests/simulation/play.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* ---- pressing -------------------------------------------------------------------------------------------
 */

struct promise {
    struct play *play;
    const char *verb;
};

/* A play waits for few promises at a time; those of dead engines are never kept. */
static struct promise promises[256];
static size_t next_promise;

static void promised(void *context)
{
    const struct promise *promise = context;
    if (points_play == promise->play && !promise->play->dying)
        rules_promised(promise->play->rules, promise->verb);
}

/* A verb's arguments, mostly good ones. */
static void arguments(struct play *play, const char *verb, char *args, size_t size)
{
    struct chance *c = &play->chance;
    static const char *const vdus[] = {"svc", "svc", "svc", "sdb", "omu"};
    static const char *const checks[] = {"source_version_is_what_runs", "no_critical_alarms",
                                         "instances_running", "guards_free", "capacity"};
    const struct fy_run *run = play_run(play);
    uint64_t step = run != NULL ? run->step.number : 0;
    char instance[48];
    (void)snprintf(instance, sizeof instance, "%s-%s-%02d", play->scenario->shape == 1 ? "smf" : "amf",
                   vdus[chance_of(c, 0, 4)], (int)chance_of(c, 1, 4));
    if (chance_permille(c, 60))
        (void)snprintf(args, size, "%s", chance_permille(c, 500) ? "{}" : "{\"step\":\"x\",\"instance\":7}");
    else if (strcmp(verb, "adjust") == 0 && chance_permille(c, 500))
        (void)snprintf(args, size, "{\"step\":%d}", (int)chance_of(c, 0, 6));
    else if (strcmp(verb, "retarget") == 0)
        (void)snprintf(
            args, size,
            "{\"version\":\"1.3.1\",\"images\":{\"SVC\":{\"ref\":\"%s-svc:1.3.1\",\"digest\":\"sha256:%s\"}},"
            "\"why\":\"fixed\"}",
            play->scenario->shape == 1 ? "smf" : "amf", chance_permille(c, 150) ? "b1" : "b1c2");
    else if (strcmp(verb, "amend") == 0)
        (void)snprintf(args, size, "{\"set\":{\"stage.100.soak\":\"PT%dS\"},\"why\":\"drill\"}",
                       (int)chance_of(c, 10, 90));
    else if (strcmp(verb, "waive-gate") == 0)
        (void)snprintf(args, size, "{\"gate\":\"%s\",\"minutes\":%d,\"why\":\"drill\"}",
                       chance_permille(c, 500) ? "ratio" : "attempts", (int)chance_of(c, 0, 30));
    else if (strcmp(verb, "adjust") == 0)
        (void)snprintf(args, size, "{\"ratio\":%d}", (int)chance_of(c, 0, 110));
    else
        (void)snprintf(args, size,
                       "{\"why\":\"drill\",\"step\":%" PRIu64 ",\"instance\":\"%s\",\"instances\":[\"%s\"],"
                       "\"check\":\"%s\",\"who\":\"ana\",\"forced\":%s,\"for_s\":3600}",
                       step, instance, instance, checks[chance_of(c, 0, 4)],
                       chance_permille(c, 300) ? "true" : "false");
}

/* Exactly what the verb takes, where it would refuse anything more. */
static bool press_with(struct play *play, const char *verb, const char *args)
{
    static const char *const callers[] = {"uid:1001 (otto)", "uid:1002 (ina)", "uid:1003 (uwe)"};
    struct fy_caller caller = {.who = callers[chance_of(&play->chance, 0, 2)], .from = "unix"};
    struct fy_err err = {0};
    struct promise *promise = &promises[next_promise++ % FY_COUNT(promises)];
    *promise = (struct promise){.play = play, .verb = verb};
    bool ok = fy_engine_command(play->h->engine, play->run, verb, args, &caller, promised, promise, &err);
    play_tell(play, "%s presses %s %s: %s", caller.who, verb, args, ok ? "accepted" : err.message);
    seen_note(play->seen, ok ? SEEN_VERB : SEEN_REFUSED, verb);
    if (ok)
        rules_sent(play->rules, verb);
    else if (err.kind == FY_ERR_INTERNAL || err.message[0] == '\0')
        play_break(play, "verbs", "%s is refused without a reason: %s", verb, err.message);
    return ok;
}

static bool press(struct play *play, const char *verb)
{
    char args[256];
    arguments(play, verb, args, sizeof args);
    return press_with(play, verb, args);
}

/* Every so many-th verb that is possible now, "" if none is. */
static const char *pick_legal(struct play *play, const struct fy_run *run)
{
    const char *legal[SEEN_ROOM], *name;
    size_t count = 0;
    enum fy_state to;
    for (size_t i = 0; (name = seen_name(SEEN_VERB, i)) != NULL; i++)
        if (name[0] != '\0' && fy_state_move(run, run->state, name, true, &to))
            legal[count++] = name;
    if (count == 0)
        return "";
    const char *verb = legal[chance_of(&play->chance, 0, (int64_t)count - 1)];
    bool ends = strcmp(verb, "fail") == 0 || strcmp(verb, "cancel") == 0 || strcmp(verb, "commit") == 0;
    return ends && chance_permille(&play->chance, 600)
               ? legal[chance_of(&play->chance, 0, (int64_t)count - 1)]
               : verb;
}

static const char *pick_any(struct play *play)
{
    size_t count = 0;
    while (seen_name(SEEN_VERB, count) != NULL)
        count++;
    const char *verb = seen_name(SEEN_VERB, (size_t)chance_of(&play->chance, 0, (int64_t)count - 1));
    return verb[0] != '\0' ? verb : "dance";
}

void people_press(struct play *play, bool legal)
{
    const struct fy_run *run = play_run(play);
    if (!play->accepted || run == NULL)
        return;
    const char *verb = legal ? pick_legal(play, run) : pick_any(play);
    if (verb[0] != '\0')
        (void)press(play, verb);
}

bool people_press_this(struct play *play, const char *verb)
{
    const struct fy_run *run = play->accepted ? play_run(play) : NULL;
    enum fy_state to;
    if (rules_recorded(play->rules, verb))
        return true;
    if (play->verdict->end[0] != '\0') { /* over: nobody is in the way, so once for each engine is enough */
        if (run == NULL || play->pressed_late > play->verdict->deaths)
            return run == NULL;
        play->pressed_late = play->verdict->deaths + 1;
    }
    if (run != NULL && run->asked == NULL && fy_state_move(run, run->state, verb, true, &to))
        play->pressed |= press_with(play, verb,
                                    strcmp(verb, "amend") == 0
                                        ? "{\"set\":{\"stage.100.soak\":\"PT47S\"},\"why\":\"drill\"}"
                                        : "{\"why\":\"drill\",\"check\":\"source_version_is_what_runs\"}");
    return false;
}

void people_take_over(struct play *play)
{
    static const char *const verbs[] = {"adopt", "clean"};
    if (chance_permille(&play->chance, 500))
        (void)press(play, verbs[chance_of(&play->chance, 0, 1)]);
}

/* ---- answering ------------------------------------------------------------------------------------------
 */

static bool possible(const struct fy_run *run, const char *verb)
{
    enum fy_state to;
    return fy_state_move(run, run->state, verb, true, &to);
}

/* Tried again, then mended and tried again, then given up as the scenario wants it; at last given over. */
static bool answer_failure(struct play *play, const struct fy_run *run)
{
    const struct scenario *s = play->scenario;
    bool back = run->back == FY_STATE_ROLLING_BACK;
    play->parked++;
    if (play->parked > s->retries) {
        faults_end_all(play->h->world);
        play->mended++;
    }
    if (play->parked <= s->retries + 1 || (back && play->mended < 6))
        return press(play, chance_permille(&play->chance, 800) ? "retry" : pick_legal(play, run));
    if (s->way_out == 1 && !play->gave_up && possible(run, "rollback")) {
        play->gave_up = true;
        return press(play, "rollback");
    }
    return press_with(play, "fail", "{\"why\":\"enough\"}");
}

#define AFTER_EXPIRY_MS (26 * 60 * 60 * INT64_C(1000)) /* what the order wants then may wait for a window */

static bool answer_completed(struct play *play, const struct fy_run *run)
{
    const struct scenario *s = play->scenario;
    int64_t over_ms = run->ended_ms + s->observe_min * 60000;
    const struct fy_clock clock = virtual_clock(play->h->time);
    if (s->at_end == 1 && possible(run, "rollback") && !play->gave_up) {
        play->gave_up = true;
        return press(play, "rollback");
    }
    if (s->at_end == 2 && clock.wall_ms(clock.self) < over_ms + AFTER_EXPIRY_MS)
        return false;
    return press_with(play, "commit", "{\"why\":\"well\"}");
}

static bool answer_question(struct play *play, const struct fy_run *run)
{
    if (!run->approval.open)
        return false;
    bool rejects = chance_permille(&play->chance, play->scenario->rejects);
    return press_with(play, rejects ? "reject" : "approve", "{\"why\":\"seen\"}");
}

static bool answer_pause(struct play *play, const struct fy_run *run)
{
    return press(play, chance_permille(&play->chance, 850) ? "resume" : pick_legal(play, run));
}

/* A run that went back there from COMPLETED: nobody waits for a window in a drill. */
static bool answer_schedule(struct play *play, const struct fy_run *run)
{
    return run->program > 0 && press_with(play, "start-now", "{}");
}

static bool answer(struct play *play, const struct fy_run *run)
{
    static const struct {
        enum fy_state state;
        bool (*answer)(struct play *play, const struct fy_run *run);
    } table[] = {
        {FY_STATE_PAUSED, answer_pause},
        {FY_STATE_FAILED_TEMP, answer_failure},
        {FY_STATE_COMPLETED, answer_completed},
        {FY_STATE_SCHEDULED, answer_schedule},
    };
    for (size_t i = 0; i < FY_COUNT(table); i++)
        if (table[i].state == run->state)
            return table[i].answer(play, run);
    return answer_question(play, run);
}

static bool waits(const struct fy_run *run)
{
    return run->state == FY_STATE_PAUSED || run->state == FY_STATE_FAILED_TEMP ||
           run->state == FY_STATE_COMPLETED || run->approval.open ||
           (run->state == FY_STATE_SCHEDULED && run->program > 0);
}

#define LONG_STILL 3000 /* events; somebody comes and mends what there is to mend */

bool people_answer(struct play *play, bool nothing_left)
{
    const struct fy_run *run = play->accepted ? play_run(play) : NULL;
    if (play->verdict->events - play->moved == LONG_STILL) {
        play_tell(play, "somebody mends what there is to mend");
        faults_end_all(play->h->world);
    }
    bool obeys = run != NULL && run->asked != NULL && strcmp(run->asked, "gate") != 0;
    if (run == NULL || !waits(run) || obeys) {
        play->since = play->verdict->events;
        return false;
    }
    if (strcmp(play->waits_in, fy_state_name(run->state)) != 0) {
        (void)snprintf(play->waits_in, sizeof play->waits_in, "%s", fy_state_name(run->state));
        play->since = play->verdict->events;
    }
    if (!nothing_left && play->verdict->events - play->since < play->scenario->patience)
        return false;
    play->since = play->verdict->events;
    return answer(play, run);
}
