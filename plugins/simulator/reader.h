/* SPDX-License-Identifier: Apache-2.0 */
/* The reading side of ferry-sim: asks a running one what is true and prints it. */
#ifndef SIM_READER_H
#define SIM_READER_H

#include <stdbool.h>

struct sim_question {
    const char *command;           /* status, counters, users, trace, fault, call */
    const char *socket, *password; /* password: NULL if none */
    char *const *words;            /* what follows the command */
    int word_count;
    bool json; /* as it came, for programs */
};

int sim_reader(const struct sim_question *question); /* the exit code */

#endif
