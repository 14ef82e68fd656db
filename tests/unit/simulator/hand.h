/* SPDX-License-Identifier: Apache-2.0 */
/* A hand that works a world as an engine would: a step at a time, asked again until it is done. */
#ifndef TESTS_SIMULATOR_HAND_H
#define TESTS_SIMULATOR_HAND_H

#include "sim/world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define MIDNIGHT 1795363200000 /* 2026-11-23T00:00+08:00, in ms */
#define MINUTE   60000
#define HOUR     3600000
#define PATIENCE (2 * (int64_t)HOUR)

struct hand {
    struct sim_world *world;
    int64_t now;
    uint64_t step, fence;
};

void hand_take(struct hand *hand, const char *settings); /* a new world; fails the test if refused */
void hand_drop(struct hand *hand);

/* One call of a step, with its own key. Returns the status; *reply is the caller's to clear. */
enum ferry_status hand_ask(struct hand *hand, enum sim_part part, const char *verb, const char *key,
                           const char *args, struct sim_reply *reply);

/* A new step, asked until it is not AGAIN any more (or patience ends). reply may be NULL. */
enum ferry_status hand_do(struct hand *hand, enum sim_part part, const char *verb, struct sim_reply *reply,
                          const char *format, ...) __attribute__((format(printf, 5, 6)));

/* The same, which must be DONE. */
void hand_must(struct hand *hand, enum sim_part part, const char *verb, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

void hand_wait(struct hand *hand, int64_t ms);

/* An integer of the truth: "counters", "users_dropped". */
int64_t hand_truth(const struct hand *hand, const char *what, const char *member);
int64_t hand_users(const struct hand *hand, const char *domain, const char *segment);
char *hand_list(const char *nf, int first, int last, char *list, size_t size); /* ["amf-svc-01",...] */

void hand_guards(struct hand *hand, bool enabled);  /* healing and scaling */
void hand_split(struct hand *hand, const char *nf); /* staged, loaded, split, svc-01 upgraded and joined */
void hand_upgrade(struct hand *hand, const char *nf, int first, int last, bool drain);
void hand_steer(struct hand *hand, int permille, int rate);

#endif
