/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ferry in one process: store in memory, journal without a thread, scripts and adapters local, the simulated
 * core linked in, all on a virtual clock. Nothing happens but in harness_event, one thing at a time, so a
 * test can look, command or crash between any two.
 *
 *     struct harness *h = harness_new(&(struct harness_options){.workflow = "..."});
 *     char *run = harness_submit(h, "amf");
 *     assert_true(harness_until(h, run, "COMPLETED"));
 *     harness_free(h);
 */
#ifndef TESTS_HARNESS_H
#define TESTS_HARNESS_H

#include "adapter/local.h"
#include "linked.h"
#include "rehearse/virtual_time.h"
#include "run/engine.h"

struct harness_options {
    const char *workflow;  /* text of a workflow to be known as gray_upgrade; NULL: the real catalogue */
    const char *directory; /* of another catalogue than the real one; read once a process */
    const char *world; /* settings of the simulated core; NULL: the trial's, or a few users for a workflow of
                          the test's own */
    int64_t start_ms;  /* wall clock at the beginning; 0: the orders' window has just opened */
    const struct ferry_adapter *vim, *nf; /* in place of the linked ones; NULL: those */
    struct fy_store *store;               /* the harness takes it; NULL: SQLite in memory */
};

struct harness {
    struct harness_options options;
    struct virtual_time *time;
    struct sim_world *world;
    struct fy_store *store;
    struct fy_journal *journal;
    struct fy_script *script;
    struct fy_local *local;
    struct fy_engine *engine;
    struct fy_catalog *catalog;
    struct fy_workflow *workflows;
    char name[32];      /* of the world */
    char directory[64]; /* of the workflow given as text */
    uint64_t rows;
    unsigned crashes;
    const char *commit;    /* a run that the next submissions commit first; NULL: none */
    unsigned slow_scripts; /* so many more events happen before a workflow is heard */
};

struct harness *harness_new(const struct harness_options *options);
void harness_free(struct harness *h);

/* An order of tests/support/orders by name, or "trial" and "issu" for the simulator's, accepted. The id is
 * the caller's. Fails the process if it is refused. */
char *harness_submit(struct harness *h, const char *order);
bool harness_try_submit(struct harness *h, const char *order, const char **ret_run, bool *ret_existed,
                        struct fy_err *err);
bool harness_submit_text(struct harness *h, const char *xml, const char **ret_run, bool *ret_existed,
                         struct fy_err *err);
char *harness_order_text(const char *order); /* the caller frees it */

/* Let one thing happen: a commit, a script's answer, an adapter's answer, a timer. False: nothing is left to.
 */
bool harness_event(struct harness *h);

/* Go on until the run is in that state; false if nothing is left to happen, or after very many events. */
bool harness_until(struct harness *h, const char *run, const char *state);

/* The engine dies: what is not durable is lost, calls in flight have no answer. Another one takes over. */
void harness_crash(struct harness *h);
void harness_kill(struct harness *h);      /* the first half of it: there is no engine now */
void harness_take_over(struct harness *h); /* the other half */

bool harness_command(struct harness *h, const char *run, const char *verb, const char *args,
                     struct fy_err *err);

/* From the view of the run; borrowed until the next call. */
const char *harness_state(struct harness *h, const char *run);
json_t *harness_view(struct harness *h, const char *run); /* the caller's */

/* The run's records as "kind call-or-text" lines; the caller frees it. */
char *harness_transcript(struct harness *h, const char *run);

#endif
