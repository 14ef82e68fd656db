/* SPDX-License-Identifier: Apache-2.0 */
/* replace: the instances of a failed upgrade step are built anew on another host, as an attempt of that step.
 */
#include "run/step/step.h"
#include "run/verb/command.h"

static void put(const struct fy_command *command)
{
    fy_command_change(command);
    fy_step_retry_as(command->live, "replace");
}

const struct fy_verb fy_verbs_replace[] = {
    {"replace", NULL, put, NULL},
    {NULL, NULL, NULL, NULL},
};
