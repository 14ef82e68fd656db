/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One small upgrade in one process (tests/support/harness.h) that something goes wrong in, and what must hold
 * of it whatever that was: the same end as undisturbed, one outcome for each step, no effect lost or repeated
 * in the world, none without a durable intent before it, guards as they were.
 *
 *     struct upgrade *u = upgrade_new(NULL, NULL);
 *     ... put faults into u->h ...
 *     upgrade_run(u);
 *     upgrade_judge(u);
 *     if (u->wrong[0] != '\0') ...
 *     upgrade_free(u);
 */
#ifndef TESTS_FAULT_UPGRADE_H
#define TESTS_FAULT_UPGRADE_H

#include "tests/support/harness.h"

#define UPGRADE_STEPS   512
#define UPGRADE_RETRIES 20 /* of a run that parks again and again */

struct upgrade {
    struct harness *h;
    char *run; /* NULL: not accepted yet */
    long events;
    unsigned parked, retried, refused, commits, reads;
    bool durable[UPGRADE_STEPS]; /* intents, by number of step */
    char last_park[512];
    char wrong[1024]; /* the first thing that does not hold; empty: all does */
    char end[4096];   /* state, versions, guards, split: to compare */

    /* Before each event; false: leave the run alone from here on. May be NULL. */
    bool (*before_event)(struct upgrade *u);
    /* Asked for each call to the store, by its number from 1; true: it fails. May be NULL. */
    bool (*commit_fails)(struct upgrade *u, unsigned number);
    bool (*read_fails)(struct upgrade *u, unsigned number);
    void *context;
};

struct upgrade *upgrade_new(const struct ferry_adapter *vim, const struct ferry_adapter *nf);
void upgrade_run(struct upgrade *u); /* operated to its end: approved, retried, committed */
void upgrade_judge(struct upgrade *u);
void upgrade_free(struct upgrade *u);
extern bool upgrade_shows; /* the journal is printed when a run is judged */

/* Say what is wrong, if nothing was before. */
void upgrade_wrong(struct upgrade *u, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* An acting call was made: its intent must be durable. From whoever watches the adapters. */
void upgrade_acts(struct upgrade *u, const struct fy_adapter_call *call);

/*
 * Cases 0 to count - 1, each in a process of its own, "jobs" at a time: run(context, case, why) returns
 * whether it passed. With sample > 0 so many of them, chosen by the seed. How many failed.
 */
struct cases {
    const char *name;
    size_t count, sample;
    unsigned seed, jobs;
    long only; /* -1; or this one, in this process, with its journal on the screen */
    bool (*run)(size_t number, char *why, size_t why_size);
    void (*label)(size_t number, char *label, size_t label_size);
};
size_t cases_run(const struct cases *cases);

/* --sample N --seed S --jobs J --only CASE; without --sample: all. */
void cases_options(struct cases *cases, int argc, char **argv);

#endif
