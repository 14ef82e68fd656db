/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The wire to ferry-sim: one line of JSON there, one line of JSON back, over a UNIX socket. A client connects
 * when it is first asked something, and again after its connection was lost. May be used from several
 * threads.
 *
 *   {"part":"nf","verb":"steer","run":"r1","step":7,"attempt":1,"fence":3,"key":"r1/7","now_ms":N,
 *    "deadline_ms":N,"scale":60,"password":"...","args":{...}}
 *   -> {"status":"done","result":{...}} | {"status":"again","after_ms","done","total","text"}
 *    | {"status":"failed","failure":"transient","message","hint"}
 *   {"truth":"status"} | {"truth":"trace","subscriber":"test-3"}
 *   {"fault":"name","args":{...}} | {"fault":"name","words":["verb=upgrade","count=2"]}
 *   {"clear":"name"} | {"clear":true} | {"chance":{"profile":...},"seed":N}
 *   {"instances":[...],"now_ms":N}   (sim/world.h, sim_world_instances)
 *   -> {"status":"done","result":{...}} | {"status":"failed",...}
 */
#ifndef SIM_CLIENT_H
#define SIM_CLIENT_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#define SIM_LINE_MAX (17u * 1024 * 1024)

struct sim_client;

/* How asking failed, when it did. */
enum sim_lost { SIM_LOST_NOT, SIM_LOST_PEER, SIM_LOST_TIME, SIM_LOST_MEMORY };

struct sim_client *sim_client_new(const char *socket_path); /* NULL: no memory */
void sim_client_free(struct sim_client *client);

/* Ask, and wait at most timeout_ms. NULL if no answer came: *ret_lost and one sentence in why say how. */
json_t *sim_client_ask(struct sim_client *client, const json_t *request, int timeout_ms,
                       enum sim_lost *ret_lost, char *why, size_t why_size);

#endif
