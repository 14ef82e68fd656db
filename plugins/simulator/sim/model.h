/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the world offer each other, file by file. */
#ifndef SIM_MODEL_H
#define SIM_MODEL_H

#include "sim/state.h"

/* ---- settings.c ---- */
/* *ret_faults, *ret_chance: the members of that name, or NULL; the caller's. */
bool sim_settings_read(const char *text, struct sim_settings *ret, json_t **ret_faults, json_t **ret_chance,
                       char *why, size_t why_size);
const char *sim_mobility_name(enum ferry_mobility mobility);
extern const char *const sim_vdu_names[VDUS]; /* "OMU", "LB", ... */

/* ---- events.c: the order in which things happen ---- */
void sim_begin(struct sim_world *world, int64_t now_ms); /* start the clock */

/* ---- users.c: where each user is ---- */
uint32_t sim_user_new(struct sim_world *world, enum sim_segment segment);       /* attaching; has a rank */
void sim_user_place(struct sim_world *world, uint32_t slot, uint32_t instance); /* attaches if need be */
void sim_user_move(struct sim_world *world, uint32_t slot, uint32_t instance);  /* sessions survive */
void sim_user_unplace(struct sim_world *world, uint32_t slot);                  /* attaching again */
void sim_user_gone(struct sim_world *world, uint32_t slot);                     /* its slot is free */
void sim_user_drop(struct sim_world *world, uint32_t slot, enum sim_drop_why why);
void sim_user_switch_segment(struct sim_world *world, uint32_t slot);
void sim_drop_instance(struct sim_world *world, uint32_t instance, enum sim_drop_why why);
void sim_supi(const struct sim_user *user, char supi[32]);
uint32_t sim_user_find(const struct sim_world *world, const char *subscriber);
bool sim_in_call(const struct sim_world *world, const struct sim_user *user);
int64_t sim_weight(const struct sim_world *world,
                   const struct sim_user *user); /* in the basis of the shape */
extern const char *const sim_drop_words[DROP_WHYS];

/* ---- place.c: which instance takes a user ---- */
enum sim_domain sim_domain_of(const struct sim_world *world, const struct sim_instance *instance);
enum sim_domain sim_wanted(const struct sim_world *world, const struct sim_user *user);
enum sim_domain sim_place_of(const struct sim_world *world, const struct sim_user *user); /* attached ones */
bool sim_serves(const struct sim_instance *instance); /* users may be put there */
uint32_t sim_least_loaded(const struct sim_world *world, enum sim_domain domain, uint32_t except);
uint32_t sim_any_instance(const struct sim_world *world, enum sim_domain preferred, uint32_t except);
uint32_t sim_move_to(const struct sim_world *world, const struct sim_user *user, enum sim_domain domain);
uint32_t sim_move_away(const struct sim_world *world, const struct sim_user *user); /* from where it is */
void sim_capacity_changed(struct sim_world *world);

/* ---- selectors.c: whom steering moves first, last and never ---- */
bool sim_selectors_set(struct sim_world *world, const json_t *selectors, char *why, size_t why_size);
enum sim_class sim_class_of(const struct sim_world *world, const struct sim_user *user);
void sim_thresholds(struct sim_world *world); /* from permille, selectors and who is there */

/* ---- traffic.c: what users do ---- */
void sim_populate(struct sim_world *world);
void sim_user_event(struct sim_world *world, uint32_t slot);
void sim_arrival_event(struct sim_world *world, enum sim_segment segment, bool only_look);
void sim_user_schedule(struct sim_world *world, uint32_t slot);
void sim_user_retry(struct sim_world *world, uint32_t slot, int64_t least_ms, int64_t most_ms);
int sim_arrival_kpi(const struct sim_world *world, enum sim_segment segment);
/* How much more fails, in a million; kpi -1: of no KPI in particular. */
uint32_t sim_extra_failures(const struct sim_world *world, uint32_t instance, int kpi);
bool sim_attempt(struct sim_world *world, struct sim_user *user, uint32_t instance, int kpi);

/* ---- counters.c ---- */
void sim_count(struct sim_world *world, struct sim_user *user, enum sim_domain domain, int kpi, bool failed);
void sim_tick_event(struct sim_world *world);
void sim_ticks_restart(struct sim_world *world); /* after the clock was set */
void sim_look_counters(struct sim_world *world, const json_t *args, struct sim_reply *reply);

/* ---- metrics.c ---- */
void sim_attempted(struct sim_world *world, enum sim_domain domain, int kpi, bool failed, bool excused);

/* ---- instances.c: the landscape ---- */
void sim_landscape(struct sim_world *world);
uint32_t sim_instance_add(struct sim_world *world, enum sim_vdu_kind vdu);
uint32_t sim_instance_find(const struct sim_world *world, const char *id);
bool sim_in_sync(const struct sim_world *world, const struct sim_instance *instance);
bool sim_replicates(const struct sim_instance *instance);
int64_t sim_lag(const struct sim_world *world, const struct sim_instance *instance);
uint32_t sim_storage_in_sync(const struct sim_world *world);
bool sim_pair_down(const struct sim_world *world, enum sim_vdu_kind vdu); /* of any pair of the VDU */

/* ---- builds.c: instances that are built, rebuilt, lost ---- */
void sim_build(struct sim_world *world, uint32_t index, const struct sim_software *software,
               enum sim_build_why why);
void sim_built_event(struct sim_world *world, uint32_t index);
void sim_instance_remove(struct sim_world *world, uint32_t index, enum sim_drop_why why);
void sim_instance_dies(struct sim_world *world, uint32_t index);
void sim_instance_up(struct sim_world *world, uint32_t index); /* runs what was next */
void sim_leave_service(struct sim_world *world, uint32_t index, enum sim_drop_why why);
bool sim_runs(const struct sim_instance *here,
              const struct sim_software *software); /* this, and nothing else */
uint32_t sim_other_host(struct sim_world *world, uint32_t instance);

/* ---- outside.c: instances of a real cloud ---- */
bool sim_outside_landscape(struct sim_world *world, char *why, size_t why_size);

/* ---- cloud.c: guards, self-healing, elasticity ---- */
bool sim_guard_on(const struct sim_world *world, enum sim_guard guard);
void sim_guards_reset(struct sim_world *world);
void sim_heal_event(struct sim_world *world, uint32_t index);
void sim_scale_event(struct sim_world *world);
void sim_lease_event(struct sim_world *world, uint32_t guard);
int sim_guard_find(const char *name); /* -1: there is none */
extern const char *const sim_guard_names[GUARDS];
void sim_guard_change(struct sim_world *world, enum sim_guard guard, json_t *state,
                      const char *by); /* borrows the state */

/* ---- mover.c: users on the way: steering, draining, rebalancing ---- */
void sim_mover_wake(struct sim_world *world);
void sim_move_event(struct sim_world *world);
void sim_idle_event(struct sim_world *world, uint32_t slot);
bool sim_movable(const struct sim_world *world, const struct sim_user *user);
void sim_user_send(struct sim_world *world, uint32_t slot, uint32_t instance); /* as the mobility does it */

/* ---- dial.c: test subscribers, calls, traces ---- */
void sim_tests_create(struct sim_world *world);
void sim_test_hop(struct sim_world *world, uint32_t slot);
void sim_call_ended(struct sim_world *world, uint32_t slot, bool dropped);

/* ---- faults.c: faults that begin, bite and end ---- */
extern const struct sim_fault_row sim_fault_rows[FAULTS];
void sim_faults_begin(struct sim_world *world);                                   /* the clock has started */
void sim_trouble_add(struct sim_world *world, const struct sim_trouble *trouble); /* takes its state */
void sim_fault_event(struct sim_world *world, uint32_t trouble, bool ends);
/* The fault that bites this call, or this build, or NULL. It has then done so. */
struct sim_trouble *sim_call_fault(struct sim_world *world, enum sim_fault fault, enum sim_part part,
                                   const char *verb);
struct sim_trouble *sim_build_fault(struct sim_world *world, enum sim_fault fault, uint32_t instance);
bool sim_sync_held(const struct sim_world *world, const struct sim_instance *instance);
json_t *sim_faults_json(const struct sim_world *world);
int64_t sim_fault_hits(const struct sim_world *world, enum sim_fault fault);

/* ---- fault_args.c, chance.c ---- */
bool sim_trouble_read(const struct sim_world *world, const char *name, const json_t *args,
                      struct sim_trouble *ret, char *why, size_t why_size);
bool sim_faults_read(struct sim_world *world, const json_t *faults, char *why, size_t why_size);
bool sim_chance_read(struct sim_world *world, uint64_t seed, const json_t *profile, char *why,
                     size_t why_size);
void sim_host_name(uint32_t host, char name[16]);

/* ---- wire.c: what becomes of calls on their way ---- */
void sim_wire(struct sim_world *world, enum sim_part part, const struct sim_verb *verb,
              const struct ferry_call *call, const json_t *args, struct sim_reply *reply);
void sim_late_event(struct sim_world *world, uint32_t index);

/* ---- watch.c: what is counted without being asked for ---- */
void sim_watch_pairs(struct sim_world *world);
void sim_watch_tick(struct sim_world *world);
json_t *sim_guards_json(const struct sim_world *world);

/* ---- alarms.c ---- */
void sim_alarms_refresh(struct sim_world *world);

/* ---- ops.c: operations, keys and fences ---- */
void sim_op_failed(struct sim_op *op, enum ferry_failure failure, const char *hint, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
void sim_op_done(struct sim_op *op, json_t *result); /* takes the result */
void sim_op_due(struct sim_world *world, struct sim_op *op, int64_t after_ms, int64_t total);
void sim_op_event(struct sim_world *world, uint32_t index);
bool sim_op_instances(struct sim_world *world, struct sim_op *op); /* from its arguments */
const char *sim_text(const json_t *args, const char *member);      /* "" if it is not a text */
void sim_refuse(struct sim_reply *reply, enum ferry_failure failure, const char *hint, const char *format,
                ...) __attribute__((format(printf, 4, 5)));
void sim_answer(struct sim_reply *reply, json_t *result); /* takes the result */
bool sim_op_known(const struct sim_world *world, const char *key);
bool sim_fence_holds(struct sim_world *world, const struct ferry_call *call, struct sim_reply *reply);
void sim_ensure(struct sim_world *world, const struct sim_verb *verb, const struct ferry_call *call,
                const json_t *args, struct sim_reply *reply);

/* ---- the verbs ---- */
extern const struct sim_verb sim_verbs_vim[], sim_verbs_nf[], sim_verbs_look[], sim_verbs_guard[],
    sim_verbs_steer[], sim_verbs_backup[], sim_verbs_dial[], sim_verbs_issu[];
/* each ends with a NULL name */

#endif
