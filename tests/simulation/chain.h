/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A chain of deaths in one run: an engine dies at a crash point, the one that takes over at another, the next
 * one at a third. Each two that follow each other are a sample of their pair, and the run's beginning and end
 * are played once for all of them. The chain is steered: it aims at one pair that still lacks samples (pairs
 * that lack most are aimed at most), and on the way there and afterwards it takes along whatever pair lacks
 * some. Which pairs there are is found: a pair is one when its second point was passed after a death at its
 * first.
 */
#ifndef SIMULATION_CHAIN_H
#define SIMULATION_CHAIN_H

#include "base/point.h"
#include "tests/simulation/chance.h"
#include "tests/simulation/scenario.h"

#include <stdatomic.h>

#define CHAIN_ORDERS 8

/* Lies in memory shared with the workers. */
struct chain_counts {
    _Atomic int64_t samples[FY_POINT_COUNT][FY_POINT_COUNT];
    /* So often the rest of an order was played undisturbed after a death there; what it did not pass, nothing
     * passes. */
    _Atomic int64_t rests[CHAIN_ORDERS][FY_POINT_COUNT];
    _Atomic int64_t ended[FY_POINT_COUNT][FY_POINT_COUNT]; /* samples whose second death was the run's last */
    _Atomic bool passed[CHAIN_ORDERS][FY_POINT_COUNT][FY_POINT_COUNT];
    _Atomic bool met[CHAIN_ORDERS][FY_POINT_COUNT]; /* passed at all */
};

struct chain {
    struct chain_counts *counts;
    int64_t samples, rests; /* wanted of each pair; of each point in each order */

    int64_t order;
    struct chance chance;
    struct scenario *scenario; /* the deaths are added here as its deeds: so it can be played again */
    int64_t first, second;     /* what is aimed at; second -1: that nobody dies after it */
    int64_t before;            /* passes of the first that are let go */
    enum { CHAIN_BEFORE, CHAIN_AIMS, CHAIN_AFTER } stage;
    int64_t last, previous;         /* where somebody died; -1: nowhere yet */
    int64_t passed[FY_POINT_COUNT]; /* since then */
    int64_t let_go;                 /* so many points more are passed before somebody may die */
    int64_t deaths, most;
    /* Since something was settled. The engine parks a run whose step was in flight during ten crashes, and
     * one whose adapter dies over it again and again: that is no damage, and no sample of two deaths. */
    int64_t settled, deaths_here, hosts_here;
};

/* False: no pair lacks anything. order is set, scenario is the caller's to fill before it is played. */
bool chain_aim(struct chain *chain, uint64_t number);
/* usually: how often the order passes the first point when nobody disturbs it. */
void chain_begin(struct chain *chain, struct scenario *scenario, int64_t usually);
/* A point is passed: does somebody die there? settled: how often something of the run was. */
bool chain_dies(struct chain *chain, int64_t point, int64_t settled);
void chain_end(struct chain *chain); /* the run has come to its end */

bool chain_is_pair(const struct chain_counts *counts, int64_t first, int64_t second);

#endif
