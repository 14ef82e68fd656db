/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The two adapters without a process and a socket, for a program that links the world (tests/unit/simulator):
 *
 *     sim_linked_put("w1", world);
 *     fy_local_add(local, "sim-cloud", &sim_linked_vim, "{\"socket\":\"w1\"}", err);
 *     fy_local_add(local, "sim-amf", &sim_linked_nf, "{\"socket\":\"w1\"}", err);
 *
 * The setting socket is the name under which a world was put. Same verbs, same schemas, same answers as the
 * plugins. One thread; close the connections before the world is freed.
 */
#ifndef SIM_LINKED_H
#define SIM_LINKED_H

#include "ferry/adapter.h"
#include "sim/world.h"

extern const struct ferry_adapter sim_linked_vim, sim_linked_nf;

void sim_linked_put(const char *name, struct sim_world *world); /* NULL: take it out again */

#endif
