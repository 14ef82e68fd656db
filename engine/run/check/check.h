/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Named checks. All of a list run, all are reported, none hides another. What they look at is asked once, all
 * of it together.
 *
 * To add one: a row and its function in checks.c; a new fact is a question more.
 */
#ifndef FY_RUN_CHECK_H
#define FY_RUN_CHECK_H

#include "run/ask.h"
#include "run/live.h"

/* The questions the checks need, into an array of FY_ASK_MAX; how many. The first two are planning's. */
size_t fy_check_ask(const struct fy_order *order, const struct fy_adapters *adapters,
                    struct fy_question questions[FY_ASK_MAX]);

/*
 * Judge the answers. names: JSON array of names, NULL: all that hold before anything is touched. Puts a
 * record "checked" into the tray, writes {"results":[{"check","ok","why"}]} into result, and fails with all
 * that is not well in one sentence.
 */
bool fy_check_judge(struct fy_live *live, const char *when, const json_t *names,
                    const struct fy_question *questions, size_t count, struct fy_buf *result,
                    struct fy_err *err) FY_MUST_CHECK;

/* May a person waive this check? If not, the refusal names those that may be. */
bool fy_check_waivable(const char *name, struct fy_err *err) FY_MUST_CHECK;

/* The names given to a workflow: before it starts, at its end, and at the end of a rollback. JSON arrays. */
extern const char fy_checks_before[], fy_checks_after[], fy_checks_back[];

#endif
