/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The daemon among the engines of its store: brings what the fleet tells (fleet/fleet.h) to the run engine
 * and the API, and what they want back to the fleet. Private to daemon/.
 */
#ifndef FY_DAEMON_PEERS_H
#define FY_DAEMON_PEERS_H

#include "api/api.h"
#include "fleet/fleet.h"

struct fy_peers {
    struct fy_fleet *fleet; /* NULL: this engine has its store to itself */
    struct fy_engine *engine;
    struct fy_api *api;
    struct fy_api_fleet for_api;
    uv_async_t wake;  /* from the keeper */
    uv_timer_t again; /* for runs that could not be read just now */
    struct fy_fleet_event *unread;
    struct fy_leaving *leaving; /* given back, and the fleet has not said that they are gone */
};

struct fy_peers_options {
    uv_loop_t *loop;
    const char *database, *name, *home; /* name NULL: made of host and home */
    int64_t lease_ms;
};

/* Take an epoch and keep it. What is claimed from now on waits until fy_peers_begin. */
bool fy_peers_join(struct fy_peers *peers, const struct fy_peers_options *options, uint64_t *ret_epoch,
                   struct fy_err *err) FY_MUST_CHECK;

/* engine and api are there: drive what was claimed, carry messages. */
void fy_peers_begin(struct fy_peers *peers, struct fy_engine *engine, struct fy_api *api);

/* For the store: context is the peers. */
void fy_peers_renewed(void *context, int64_t asked_ns);

/* For fy_engine_world.left: context is the peers. */
void fy_peers_left(void *context, const char *run);

/* For the gate: context is the peers. */
bool fy_peers_may_act(void *context);

#endif
