/* SPDX-License-Identifier: Apache-2.0 */
/* A verb's arguments as JSON, from the options of its command. To add an option: its row in commands.c, and
 * here what it is if it is not a text. */
#ifndef FY_CLI_VERB_ARGS_H
#define FY_CLI_VERB_ARGS_H

#include "cli/cli.h"

/* NULL: an option cannot be what it says. */
json_t *fy_verb_args(struct fy_cli *cli, struct fy_err *err);

#endif
