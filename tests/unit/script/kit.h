/* SPDX-License-Identifier: Apache-2.0 */
/* One workflow at a time, started and resumed by hand: what it answers is in kit.event. */
#ifndef TESTS_SCRIPT_KIT_H
#define TESTS_SCRIPT_KIT_H

#include "script/local.h"
#include "script/prelude.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

struct kit {
    struct fy_script *script;
    struct fy_script_event event; /* the last one, the kit's own copy */
};

/* The arguments of a program: a small order, two guards, two checks. */
extern const char *const kit_args;

/* What stands around the body of an upgrade function to make it a whole workflow. */
#define KIT_WORKFLOW(body)                                                                                   \
    "local wf = workflow { name = 'test', version = '1.0', api = 1 }\n"                                      \
    "function wf:upgrade(nf, plan) " body "\nend\nreturn wf\n"

void kit_open(struct kit *kit, const struct fy_limits *limits);
void kit_close(struct kit *kit);
void kit_start(struct kit *kit, const char *workflow);
void kit_start_with(struct kit *kit, const struct fy_script_text *texts, size_t count, const char *function,
                    const struct fy_script_past *history, size_t history_count);
void kit_resume(struct kit *kit, const char *outcome);
void kit_result(struct kit *kit, const char *result); /* resume with ok and this result */

struct fy_script_text kit_text(const char *role, const char *bytes);
char *kit_read(const char *path); /* below the source tree; free it */

void kit_is_call(const struct kit *kit, const char *call, const char *args);
void kit_is_done(const struct kit *kit, const char *result);
/* An empty reason or part fits all. */
void kit_is_error(const struct kit *kit, const char *reason, const char *part_of_message);

/* Run a body that takes no step and returns text; compare what it returns. */
void kit_gives(const char *body, const char *result);
void kit_fails(const char *body, const char *reason, const char *part_of_message);

#endif
