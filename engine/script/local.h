/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Scripts in this process, for tests and the simulation: the code of the host without the host. Nothing is
 * told before fy_script_local_turn; what a turn tells may start and resume others, which the next turn tells.
 */
#ifndef FY_SCRIPT_LOCAL_H
#define FY_SCRIPT_LOCAL_H

#include "script/program.h"
#include "script/sandbox.h"
#include "script/script.h"

struct fy_script *fy_script_local_new(const struct fy_limits *limits); /* NULL: the ordinary limits */
/* In a workshop of the caller's, which outlives it: what is compiled there once serves the next one, too. */
struct fy_script *fy_script_local_in(struct fy_workshop *shop);
size_t fy_script_local_turn(struct fy_script *script); /* how many events were told */

#endif
