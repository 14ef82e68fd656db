/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The world: a 5G core network function (AMF or SMF) with the cloud it runs on, simulated user by user.
 *
 * Every user is an individual with sessions on exactly one service instance, so "nobody was dropped" is
 * counted and never assumed. The world is a discrete-event simulation, deterministic from its seed: two
 * worlds with the same settings and the same calls answer byte for byte the same. It has no clock. Each
 * call carries run time, and the world advances, event by event, to the largest run time it has seen.
 *
 *     char why[256];
 *     struct sim_world *world = sim_world_new(NULL, why, sizeof why);
 *     struct ferry_call call = {.run = "r1", .step = 1, .fence = 1, .key = "r1/1", .scale = 1,
 *                               .now_ms = now, .args = "{\"version\":\"1.3.0\"}"};
 *     struct sim_reply reply = {0};
 *     sim_world_call(world, SIM_NF, "split", &call, &reply);
 *     sim_reply_clear(&reply);
 *
 * Time starts with the first call that belongs to a run (or is an ENSURE): an observation that belongs to
 * none, such as a look at the adapters before any order, shows the world at its first moment and does not
 * wind its clock. That first call also fixes the scale; a run with another scale is refused.
 *
 * Single-threaded. A failed allocation aborts. See README.md in the folder above for what is simulated.
 */
#ifndef SIM_WORLD_H
#define SIM_WORLD_H

#include "ferry/adapter.h"

#include <jansson.h>

struct sim_world;

enum sim_part { SIM_VIM = 1, SIM_NF = 2 };

/* The answer to a call; zero it before. result is set when status is FERRY_DONE. */
struct sim_reply {
    enum ferry_status status;
    int64_t after_ms, done, total; /* AGAIN */
    char text[160];                /* AGAIN: what is under way */
    enum ferry_failure failure;    /* FAILED */
    char message[384], hint[256];
    bool lost; /* a connection that was reset, rather than an answer: FAILED, transient, for who cannot do
                  that */
    json_t *result;
};

void sim_reply_clear(struct sim_reply *reply);

/*
 * A world from its settings: the text of a JSON object (settings.def has the members), or NULL for the
 * trial of the paper. On failure: NULL, and one sentence in why.
 */
struct sim_world *sim_world_new(const char *settings, char *why, size_t why_size);
void sim_world_free(struct sim_world *world);

/*
 * The NF on somebody else's instances: a world whose settings have a list "instances" has no cloud (verbs of
 * the VIM are refused), and stands on what it is told. Each telling is the whole list:
 *
 *     [{"id":"amf-svc-3","vdu":"SVC","image":"amf-svc:1.2.0","version":"1.2.0","build":"7f3c","state":"running"}]
 *
 * state is running (ready to serve), building, stopping or error; another build (a pod's uid) or image is
 * another instance of the same name. Who is missing is gone. Members of pairs (OMU, LB) are paired as they
 * come. Whoever is not running any more drops its users. now_ms moves a clock that has started at scale 1; 0
 * leaves it. False and one sentence in why: nothing of the list was taken.
 */
bool sim_world_instances(struct sim_world *world, const json_t *list, int64_t now_ms, char *why,
                         size_t why_size);

/* Advance to a run time. Earlier times change nothing. The first one starts the clock. */
void sim_world_advance(struct sim_world *world, int64_t now_ms);

/* Run time and scale the world has reached; 0 before the first call. */
int64_t sim_world_now(const struct sim_world *world);
uint32_t sim_world_scale(const struct sim_world *world);

/* One verb of docs/adapter-guide.md, arguments and result as written there. */
void sim_world_call(struct sim_world *world, enum sim_part part, const char *name,
                    const struct ferry_call *call, struct sim_reply *reply);

/*
 * What is true, for people and tests; nothing of it can be seen through the verbs above. what is "status",
 * "counters", "users", "guards" or "faults"; README.md has their members. NULL if there is no such thing. The
 * caller owns the document.
 */
json_t *sim_world_truth(const struct sim_world *world, const char *what);

/*
 * What a scraper sees: counters of each version since the world began, by the names of 3GPP, users, and the
 * run time they belong to, in Prometheus' text format. The caller frees it. NULL: no memory.
 */
char *sim_world_metrics(struct sim_world *world);

/* The way of one subscriber ("test-3" or "imsi-..."), as the verb trace gives it. NULL if unknown. */
json_t *sim_world_trace(const struct sim_world *world, const char *subscriber);

/*
 * A fault of fault.def, from now on or after a while. args is the text of a JSON object, or NULL: README.md
 * ("Faults") has the members. False and one sentence in why if that cannot be.
 *
 *     sim_world_fault(world, "reply_lost", "{\"verb\":\"upgrade\",\"count\":2}", why, sizeof why);
 */
bool sim_world_fault(struct sim_world *world, const char *name, const char *args, char *why, size_t why_size);

/* End the faults of a name, or all of them (NULL); those to come too. False if there is no such fault. */
bool sim_world_clear(struct sim_world *world, const char *name);

/*
 * Draw faults from a seed over the next hours of run time. profile is "calm", "rough", "wild", "wire" (only
 * calls), "harmless" (nothing that drops users by itself), NULL (rough), or an object's text:
 * {"profile":"calm","hours":6,"rates":{"site_cut":0.5}}, rates an hour in place of the profile's. The same
 * seed and profile draw the same faults.
 */
bool sim_world_fault_seed(struct sim_world *world, uint64_t seed, const char *profile, char *why,
                          size_t why_size);

/* The password the adapters must give; "" if none is asked for. */
const char *sim_world_password(const struct sim_world *world);

#endif
