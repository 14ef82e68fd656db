/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The catalogue as the engine wants it. What a workflow declares stands in its text, and a text is only ever
 * evaluated in the sandbox of a script host, so all of them are asked at once and the answers waited for. A
 * workflow that is no good is logged and left out; the others do not suffer for it. One that could not answer
 * because its host died or was too slow is asked again later, a few times.
 */
#ifndef FY_DAEMON_CATALOGUE_H
#define FY_DAEMON_CATALOGUE_H

#include "run/engine.h"
#include "script/catalog.h"

#define FY_CATALOGUE_TRIES 6 /* a text that hangs costs a host each time */

enum fy_catalogue_stand {
    FY_CATALOGUE_ASKED, /* an answer is still to come */
    FY_CATALOGUE_KNOWN,
    FY_CATALOGUE_WRONG, /* its text is at fault */
    FY_CATALOGUE_LATER, /* to be asked again */
};

struct fy_catalogue {
    struct fy_script *script; /* who is asked */
    struct fy_catalog *read;
    char **runs; /* under which name each was asked */
    enum fy_catalogue_stand *stand;
    size_t waiting; /* answers that are still to come */
    unsigned tries;
    struct fy_workflow *workflows; /* grows in its place */
    size_t count;                  /* of workflows */

    /* Once it is settled: whose events the others are, and who is told that count has grown. */
    void (*pass_on)(void *context, const struct fy_script_event *event);
    void *pass_to;
    void (*grown)(void *context);
    void *context;
};

/* Read the texts, and ask the script what each is. Takes its events until catalogue->waiting is 0. */
bool fy_catalogue_ask(struct fy_catalogue *catalogue, const char *directory, struct fy_script *script,
                      struct fy_err *err) FY_MUST_CHECK;

/* Whoever has not answered is left out for now. Fills workflows and count; gives the script's events back. */
void fy_catalogue_settle(struct fy_catalogue *catalogue);

/* From now on take the answers that come late from between the script and whoever has its events by now. */
void fy_catalogue_follow(struct fy_catalogue *catalogue, void (*grown)(void *context), void *context);

/* Ask again who could not answer. False if there is nobody, or it was done often enough. */
bool fy_catalogue_again(struct fy_catalogue *catalogue);

void fy_catalogue_free(struct fy_catalogue *catalogue);

#endif
