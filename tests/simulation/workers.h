/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Workers: processes that play one upgrade after the other and share what they count. One that dies has met
 * something worse than a broken rule; that is noted, and another one goes on after it.
 */
#ifndef SIMULATION_WORKERS_H
#define SIMULATION_WORKERS_H

#include <stdbool.h>
#include <stddef.h>

#define WORKERS_MAX       16
#define WORKERS_LONGEST_S 60 /* of one upgrade, processor time */

struct workers {
    int jobs;
    bool (*goes_on)(void);             /* asked before a worker takes the place of one that died */
    void (*work)(int job);             /* in the worker; returns when nothing is left */
    void (*bury)(int job, int status); /* a worker has died; status as waitpid has it */
    void (*look)(bool now_and_then);   /* many times a second, and about every ten seconds */
    double spent_s;                    /* processor time of the workers that ended */
};

/* Returns when the last one has ended. */
void workers_run(struct workers *workers);

/* From now on this process may compute for so long: who stops it, or a busy machine, is no endless upgrade.
 */
void workers_limit(void);

/* Why one died, as a sentence. */
void workers_cause(int status, char *text, size_t size);

double workers_now_s(void);       /* monotonic */
void *workers_share(size_t size); /* zeroed memory that they have in common; never freed */

#endif
