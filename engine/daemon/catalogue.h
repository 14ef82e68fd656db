/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The catalogue as the engine wants it. What a workflow declares stands in its text, and a text is only ever
 * evaluated in the sandbox of a script host, so all of them are asked at once and the answers waited for. A
 * workflow that is no good is logged and left out; the others do not suffer for it.
 */
#ifndef FY_DAEMON_CATALOGUE_H
#define FY_DAEMON_CATALOGUE_H

#include "run/engine.h"
#include "script/catalog.h"

struct fy_catalogue {
    struct fy_script *script; /* who is asked */
    struct fy_catalog *read;
    char **runs;    /* under which name each was asked */
    bool *declared; /* it has answered, and well */
    size_t waiting; /* answers that are still to come */
    struct fy_workflow *workflows;
    size_t count; /* of workflows */
};

/* Read the texts, and ask the script what each is. Takes its events until catalogue->waiting is 0. */
bool fy_catalogue_ask(struct fy_catalogue *catalogue, const char *directory, struct fy_script *script,
                      struct fy_err *err) FY_MUST_CHECK;

/* Whoever has not answered is left out. Fills workflows and count; gives the script's events back. */
void fy_catalogue_settle(struct fy_catalogue *catalogue, struct fy_script *script);

#endif
