/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of workflows, written as the conversation they hold with the engine. A test.lua calls
 *
 *     transcript { "users go first", workflow = "gray_upgrade", run = "upgrade", args = [[{...}]], [[
 *         # prepare                                a phase is entered
 *         > check {"checks":["health"]}            the workflow calls; the arguments may be left out
 *         < {"results":[]}                         what it is answered; {} may be left out
 *         ! permanent: no room on host-3           or how the step failed (of nf:try_x)
 *         = {}                                     the workflow is done
 *     ]] }
 *
 * workflow is the name of one of the catalogue, text the Lua text of one that may use module "...".
 */
#ifndef TESTS_WORKFLOWS_TRANSCRIPT_H
#define TESTS_WORKFLOWS_TRANSCRIPT_H

/* Run a test.lua below the source tree; the number of transcripts that failed, each told on stderr. */
int transcripts_run(const char *path, int *ret_count);

#endif
