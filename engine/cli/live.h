/* SPDX-License-Identifier: Apache-2.0 */
/* Watching a run to its end, on a terminal as a picture, elsewhere as lines. */
#ifndef FY_CLI_LIVE_H
#define FY_CLI_LIVE_H

#include "cli/cli.h"

/* Returns the exit code that goes with how the run ended, or was left. */
int fy_live_watch(struct fy_cli *cli, const char *run);

#endif
