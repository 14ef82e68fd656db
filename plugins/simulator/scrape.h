/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who scrapes ferry-sim: GET /metrics over HTTP, on a TCP port of the loopback that was asked for. A scrape
 * moves the world on to the run time that it is by the clock of the last run that called, so its counters go
 * on between calls, as those of a real network function do.
 */
#ifndef SIM_SCRAPE_H
#define SIM_SCRAPE_H

#include "sim/world.h"

/* Where run time is, by the machine's clock; zero it before. */
struct sim_pace {
    int64_t ahead_ms; /* run time less scale times machine time; the largest seen is the one least delayed */
    uint32_t scale;   /* 0: nobody has called yet */
};

/* Listen on 127.0.0.1:port; 0 takes a free one. -1 and one sentence in why if that cannot be. */
int sim_scrape_listen(int port, int *ret_port, char *why, size_t why_size);

/* A call was made in which run time was now_ms. */
void sim_pace_call(struct sim_pace *pace, int64_t now_ms, uint32_t scale);

/*
 * The answer to what came in so far: NULL if the request is not whole yet, else the whole HTTP response,
 * after which the connection is closed. The caller frees it.
 */
char *sim_scrape_answer(struct sim_world *world, const struct sim_pace *pace, const char *request,
                        size_t length);

#endif
