/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of workflows (`ferry workflow test DIR`), written as the conversation they hold with the engine. The
 * test.lua beside a workflow, a trusted Lua text, calls
 *
 *     transcript { "users go first", workflow = "gray_upgrade", run = "upgrade", args = [[{...}]], [[
 *         # prepare                                a phase is entered
 *         > check {"checks":["health"]}            the workflow calls; the arguments may be left out
 *         < {"results":[]}                         what it is answered; {} may be left out
 *         ! permanent: no room on host-3           or how the step failed (of nf:try_x)
 *         = {}                                     the workflow is done
 *     ]] }
 *
 * workflow is the name of the one beside it, of one in the folder above or of Ferry's own catalogue; text, in
 * its place, the Lua text of one, that may use module "...". args are the program's arguments as JSON.
 */
#ifndef FY_SCRIPT_TRANSCRIPT_H
#define FY_SCRIPT_TRANSCRIPT_H

#include "base/err.h"

/* Run FOLDER/test.lua. How many transcripts there were and how many failed, each told on stderr. False: there
 * is no such file, or it is no Lua text. */
bool fy_transcripts_run(const char *folder, int *ret_count, int *ret_failures,
                        struct fy_err *err) FY_MUST_CHECK;

/* `ferry-host workflow-test DIR...`; the exit status: 0, 1 if a transcript failed, 2 if there is none. */
int fy_transcripts_main(int argc, char **argv);

#endif
