/* SPDX-License-Identifier: Apache-2.0 */
/* Sending an order's XML somewhere. */
#ifndef FY_CLI_SEND_H
#define FY_CLI_SEND_H

#include "cli/cli.h"
#include "cli/client.h"

/* POST the file named first on the command line to path, which ends in "?" or "&": --scale and --at go behind
 * it. */
bool fy_send_order(struct fy_cli *cli, const char *path, const char *accept, struct fy_answer *answer,
                   struct fy_err *err) FY_MUST_CHECK;

/* The problem document an answer holds, on stderr: the sentence, where in the file, and the remedy. */
int fy_refuse_order(struct fy_cli *cli, const struct fy_answer *answer, const struct fy_err *err);

/* On stderr, if the order started nothing because the run it asked for is already there. */
void fy_tell_known_order(const struct fy_answer *answer, const char *run);

#endif
