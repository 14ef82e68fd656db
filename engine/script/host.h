/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The script host's end of the conversation (remote.h is ferryd's). A message is a list of things to do, the
 * answer one list of the events that came of it:
 *
 *   {"text":"SHA256","bytes":"..."}                                      a pinned text, once for each host
 *   {"start":SLOT,"turn":N,"run":"...","function":"upgrade","texts":[["role","SHA256"],...],
 *    "history":[["call",{args},{outcome}],...],"args":{...}}             the last outcome may be missing
 *   {"resume":SLOT,"turn":N,"outcome":{...}}
 *   {"drop":SLOT}
 *
 *   {"slot":SLOT,"turn":N,"notes":[[true,"prepare"],...],"call":"upgrade","args":{...},"tolerant":true}
 *   {"slot":SLOT,"turn":N,"notes":[...],"done":{...}}
 *   {"slot":SLOT,"turn":N,"notes":[...],"reason":"memory","kind":"refused","message":"...","hint":"..."}
 */
#ifndef FY_SCRIPT_HOST_H
#define FY_SCRIPT_HOST_H

/*
 * Serve until the other side closes; the process's exit status. page_fd is a memory file of at least
 * sizeof(struct fy_script_page), or -1. Nothing but read, write, poll and memory is asked of the kernel.
 */
int fy_script_host_main(int fd, int page_fd);

#endif
