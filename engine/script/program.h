/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One program of one run: its sandbox, its replay, and the step it waits in. Host and local.c are two ways to
 * feed it. Nothing here blocks or does I/O.
 *
 * Events are borrowed until the next program of the same workshop is started or resumed.
 */
#ifndef FY_SCRIPT_PROGRAM_H
#define FY_SCRIPT_PROGRAM_H

#include "script/sandbox.h"
#include "script/script.h"
#include "script/value.h"

/* What all programs of a process share: pinned texts by digest, and buffers, of which one program uses at a
 * time. */
struct fy_workshop;

struct fy_workshop *fy_workshop_new(const struct fy_limits *limits); /* NULL: fy_limits_default */
void fy_workshop_free(struct fy_workshop *shop);                     /* after its programs */

/* Give back what no program uses; the programs' own part is fy_program_trim. */
void fy_workshop_trim(struct fy_workshop *shop);

/* Keep a text. The same digest is kept once. */
void fy_workshop_keep(struct fy_workshop *shop, const char *sha256, const char *bytes, size_t length);
bool fy_workshop_has(const struct fy_workshop *shop, const char *sha256);

struct fy_program;

/*
 * Begin (or, with a history, replay) a program; *ret_event is its first event. Texts without bytes must have
 * been kept before. Returns NULL, with an ERROR event, if there is nothing to go on with; a program whose
 * event is DONE or ERROR is over and only to be freed.
 */
struct fy_program *fy_program_start(struct fy_workshop *shop, const struct fy_script_start *start,
                                    struct fy_script_event *ret_event);
void fy_program_resume(struct fy_program *program, const char *outcome, size_t length,
                       struct fy_script_event *ret_event);
void fy_program_trim(struct fy_program *program); /* while it waits: give back memory */
size_t fy_program_memory(const struct fy_program *program);
void fy_program_free(struct fy_program *program);

#endif
