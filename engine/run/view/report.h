/* SPDX-License-Identifier: Apache-2.0 */
/* Inside the report: what is gathered from the records of a run before it is written. */
#ifndef FY_RUN_REPORT_H
#define FY_RUN_REPORT_H

#include "run/live.h"

enum fy_report_list {
    FY_REPORT_COURSE,   /* states, programs, phases */
    FY_REPORT_VERDICTS, /* and checks */
    FY_REPORT_PEOPLE,   /* what was asked, and everything people did */
    FY_REPORT_GUARDS,
    FY_REPORT_TROUBLE,     /* failures, parkings, restarts */
    FY_REPORT_OBSERVATION, /* alarms, reminders, a line a day */
    FY_REPORT_LISTS,
};

extern const char *const fy_report_keys[FY_REPORT_LISTS];

struct fy_report_lines {
    struct {
        int64_t at_ms;
        char *text;
    } * line;
    size_t count;
};

struct fy_report {
    struct fy_run *run;     /* folded from the same rows */
    int64_t planned_end_ms; /* of the first revision */
    int64_t users_at_risk;
    int64_t permille; /* of the users on the target, as last counted */
    int64_t restarts;
    struct fy_report_lines lists[FY_REPORT_LISTS];
};

bool fy_report_read(struct fy_engine *engine, const char *run, struct fy_report *ret,
                    struct fy_err *err) FY_MUST_CHECK;
void fy_report_done(struct fy_report *report);

#endif
