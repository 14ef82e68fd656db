/* SPDX-License-Identifier: Apache-2.0 */
/*
 * adjust {"step"}: how many load-sharing instances leave together. adjust {"ratio"}: the share of users, in
 * percent, of the stage the run is in: lowered, users go back to it as far as the source has room; raised, it
 * goes beyond the stage, but not past an approval of the order that was not asked for. Both are planned with
 * at the next step that plans; a soak of a workflow that can take it ends for it at once.
 */
#include "base/mem.h"
#include "run/verb/approve.h"
#include "run/verb/command.h"

#include <string.h>

#define NO_RATIO (-1)

/* "30", 30, "12.5": percent with one decimal at most, as permille; NO_RATIO: it is none. */
static int64_t permille_of(const json_t *args)
{
    const json_t *ratio = json_object_get(args, "ratio");
    int64_t whole = 0, tenth = 0;
    if (json_is_integer(ratio)) {
        whole = json_integer_value(ratio);
    } else {
        const char *text = json_is_string(ratio) ? json_string_value(ratio) : "";
        char *end = NULL;
        if (text[0] < '0' || text[0] > '9')
            return NO_RATIO;
        whole = strtol(text, &end, 10);
        if (end[0] == '.' && end[1] >= '0' && end[1] <= '9') {
            tenth = end[1] - '0';
            end += 2;
        }
        if (end[0] != '\0')
            return NO_RATIO;
    }
    return whole >= 0 && whole <= 100 && whole * 10 + tenth <= 1000 ? whole * 10 + tenth : NO_RATIO;
}

/* Between the stage the run is in and that share nobody has to be asked. */
static bool nobody_is_asked(const struct fy_run *run, int64_t permille, struct fy_err *err)
{
    const struct fy_order_gray *gray = &run->order->gray;
    const size_t from = run->in_stage ? (size_t)run->stage_index + 1 : 0;
    for (size_t i = from; i < gray->stage_count && (i == 0 || gray->stages[i - 1].ratio_permille < permille);
         i++) {
        const bool before = fy_approve_of_order(run->order, (int64_t)i, false) != NULL;
        const bool after = i > 0 && fy_approve_of_order(run->order, (int64_t)i - 1, true) != NULL;
        if (!before && !after)
            continue;
        fy_fail(err, FY_ERR_REFUSED, "%lld.%lld %% is past an approval: the order asks %s %lld %%",
                (long long)permille / 10, (long long)permille % 10, before ? "before" : "after",
                (long long)gray->stages[before ? i : i - 1].ratio_permille / 10);
        return fy_hint(err, "let the stage end: then it is asked");
    }
    return true;
}

static bool ratio_check(const struct fy_command *command, struct fy_err *err)
{
    const struct fy_run *run = command->live->run;
    const int64_t permille = permille_of(command->args);
    if (permille == NO_RATIO) {
        fy_fail(err, FY_ERR_INVALID, "a ratio is a share of the users in percent, 0 to 100");
        return fy_hint(err, "for example {\"ratio\":30}, or {\"ratio\":\"12.5\"}");
    }
    if (fy_run_goes_back(run)) {
        fy_fail(err, FY_ERR_REFUSED, "on the way back there is no ratio to adjust");
        return fy_hint(err, "everybody goes back; {\"step\":4} changes how many instances at a time");
    }
    return nobody_is_asked(run, permille, err);
}

static bool check(const struct fy_command *command, struct fy_err *err)
{
    const bool step = fy_json_int_or(command->args, "step", 0) > 0;
    const bool ratio = json_object_get(command->args, "ratio") != NULL;
    if (ratio && !ratio_check(command, err))
        return false;
    if (step || ratio)
        return true;
    fy_fail(
        err, FY_ERR_INVALID,
        "adjust needs a step (how many load-sharing instances leave together) or a ratio (percent of users)");
    return fy_hint(err, "for example {\"step\":4} or {\"ratio\":30}; the checker still has the last word");
}

/* A share that reaches a later stage is that stage's: its soak holds it. */
static void fold_ratio(struct fy_run *run, int64_t permille)
{
    const struct fy_order_gray *gray = &run->order->gray;
    run->wished_permille = permille;
    run->ratio_wished = true;
    if (!run->in_stage)
        return;
    run->stage_permille = permille;
    while ((size_t)run->stage_index + 1 < gray->stage_count &&
           gray->stages[run->stage_index + 1].ratio_permille <= permille)
        run->stage_index++;
}

static void fold(struct fy_run *run, const struct fy_row *row, const json_t *doc)
{
    const json_t *args = json_object_get(doc, "args");
    (void)row;
    run->wished_step = fy_json_int_or(args, "step", run->wished_step);
    run->adjusted = true;
    if (json_object_get(args, "ratio") != NULL)
        fold_ratio(run, permille_of(args));
}

const struct fy_verb fy_verbs_adjust[] = {
    {"adjust", check, NULL, fold},
    {NULL, NULL, NULL, NULL},
};
