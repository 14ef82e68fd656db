/* SPDX-License-Identifier: Apache-2.0 */
/* The world's faults as the simulation uses them: the rows of plugins/simulator/sim/fault.def, by number. */
#ifndef SIMULATION_FAULTS_H
#define SIMULATION_FAULTS_H

#include "base/buf.h"
#include "sim/world.h"

int fault_count(void);
const char *fault_name(int64_t number);
bool fault_takes_users(int64_t number); /* users are dropped or starved by it, whatever the engine does */

/* From now on, with a value and a reach that follow from the draw; said is what was asked of the world. */
void fault_begin(struct sim_world *world, int64_t number, uint64_t draw, struct fy_buf *said);
void fault_end(struct sim_world *world, int64_t number);
void faults_end_all(struct sim_world *world);

#endif
