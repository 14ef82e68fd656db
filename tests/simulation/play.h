/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A play: one scenario from the order to its final state, with everything that must hold looked at after
 * every event (rules.c), people who press things (people.c) and whatever else the scenario has in store
 * (play.c).
 *
 * The engine's death: from the moment on at which it dies nothing of it reaches the outside any more. No
 * commit is taken, no call reaches an adapter, no promise is given; then it is thrown away and another engine
 * reads what is durable. So it can die anywhere, also in the middle of a commit or of an answer, in one
 * process and without a trace in memory.
 */
#ifndef SIMULATION_PLAY_H
#define SIMULATION_PLAY_H

#include "tests/simulation/chance.h"
#include "tests/simulation/scenario.h"
#include "tests/simulation/seen.h"
#include "tests/support/harness.h"

struct verdict {
    bool broken;
    char rule[48], sentence[4096];
    char end[24]; /* name of the final state */
    int64_t events, rows, deaths, died_at;
    int64_t reached[64]; /* how often each crash point was */
    uint64_t trace;      /* of every step that was intended, with its arguments */
};

struct rules;

struct play {
    const struct scenario *scenario;
    struct seen *seen;
    struct verdict *verdict;
    struct fy_buf *story; /* what happened besides the records; NULL: nobody wants to know */
    struct harness *h;
    struct rules *rules;
    struct chance chance;
    char run[64];

    bool done[DEEDS_MAX]; /* deeds that have happened */
    struct {
        int64_t point, after; /* how often it is still to be reached */
    } die_at[DEEDS_MAX];      /* one after the other */
    size_t die_count;
    int64_t died_at;     /* deaths at crash points */
    int64_t reached[64]; /* how often each crash point was */
    int64_t store_fails;
    int64_t fault_until[64]; /* event; 0: not there, -1: until somebody mends it */
    int64_t settled;         /* records that end something: outcomes, changes of state */
    int64_t moved;           /* event of the last record that is more than a sample */
    int64_t since;           /* event at which the wait for a person began */
    int64_t parked, mended;
    char waits_in[24]; /* state */

    bool accepted; /* the first record is durable */
    bool dying;    /* nothing of this engine reaches the outside any more */
    bool die_unwritten, die_untold;
    bool script_dies; /* as soon as nothing is under way in this process */
    bool unasked, unheard;
    bool users_harmed;    /* something took away what users stand on; drops are not the engine's */
    bool pressed;         /* just now, on purpose: nobody else answers before that had its effect */
    int64_t pressed_late; /* deaths before the engine that was asked last, after the end; and one */
    bool gave_up;
    bool retargeted;
    bool by_hand; /* somebody settled a step or left an instance out: what stands is not the plan's */
};

void play(const struct scenario *scenario, struct seen *seen, struct verdict *verdict, struct fy_buf *story);

/* play.c, for the others */
void play_break(struct play *play, const char *rule, const char *format, ...) FY_PRINTF(3, 4);
void play_tell(struct play *play, const char *format, ...) FY_PRINTF(2, 3);
const struct fy_run *play_run(const struct play *play); /* as the engine has it; NULL: final or not there */

/* rules.c */
struct rules *rules_new(struct play *play);
void rules_free(struct rules *rules);
void rules_committed(struct rules *rules, const struct fy_store_batch *batch);
void rules_asked(struct rules *rules, const struct fy_adapter_call *call); /* about to reach an adapter */
void rules_replied(struct rules *rules, const struct fy_adapter_call *call,
                   const struct fy_adapter_reply *reply);
void rules_event(struct rules *rules);                  /* after each event: the world */
void rules_sent(struct rules *rules, const char *verb); /* a command was accepted, not promised yet */
bool rules_recorded(const struct rules *rules, const char *verb);
void rules_promised(struct rules *rules, const char *verb);
void rules_hand(struct rules *rules, int64_t guard, const char *state); /* another hand */
/* The engine is between its look at a guard and its renewal: nobody can tell whose hand was first. */
bool rules_looks(const struct rules *rules, int64_t guard);
void rules_final(struct rules *rules, const char *state);

/* people.c */
bool people_answer(struct play *play, bool nothing_left); /* a run that waits for somebody; true: pressed */
void people_press(struct play *play, bool legal);
bool people_press_this(struct play *play, const char *verb); /* true: it is on record, and pressed no more */
void people_take_over(struct play *play);                    /* a run that was given over */

/* points.c: who is told of each crash point, and those of other processes, which this one plays itself */
extern struct play *points_play;
/* Asked at each point, in place of the scenario's deeds, whether somebody dies there; NULL: the deeds decide.
 */
extern bool (*points_reaper)(int64_t point);
bool points_host_dies(struct play *play, const char *point); /* reached; true: that host dies of it now */

/* log.c: lines the engine has logged since the last call that no engine should; NULL if none */
const char *log_complaint(void);

#endif
