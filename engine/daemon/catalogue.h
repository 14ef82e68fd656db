/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The catalogue of workflows: DIR/NAME/NAME.lua, with the modules it asks for (module "helper"), found beside
 * it as DIR/NAME/helper.lua or as another workflow, DIR/helper/helper.lua. A run pins the texts it was
 * accepted with, so a change in DIR reaches new runs only.
 *
 * A workflow's version, needs and parameters stand in its text, and a text is only ever evaluated in the
 * sandbox of a script host: fy_catalogue_describe asks for all of them at once.
 */
#ifndef FY_DAEMON_CATALOGUE_H
#define FY_DAEMON_CATALOGUE_H

#include "run/engine.h"

struct fy_catalogue {
    struct fy_workflow *workflows; /* those that are good; the others were logged */
    size_t count;
    size_t waiting; /* for a description */
    struct fy_catalogue_entry *entries;
    size_t entry_count;
};

/* Read the texts. A folder without NAME.lua is no workflow and is passed over. */
bool fy_catalogue_read(struct fy_catalogue *catalogue, const char *directory,
                       struct fy_err *err) FY_MUST_CHECK;

/* Ask the script what each is. Takes the script's events until catalogue->waiting is 0. */
void fy_catalogue_describe(struct fy_catalogue *catalogue, struct fy_script *script);

/* Whoever has not answered is left out. Fills workflows and count; gives the script's events back. */
void fy_catalogue_settle(struct fy_catalogue *catalogue, struct fy_script *script);

void fy_catalogue_free(struct fy_catalogue *catalogue);

#endif
