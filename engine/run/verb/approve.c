/* SPDX-License-Identifier: Apache-2.0 */
#include "run/verb/approve.h"

#include "base/mem.h"
#include "run/verb/command.h"
#include "run/verb/wish.h"

#include <string.h>

const struct fy_order_approval *fy_approve_of_order(const struct fy_order *order, int64_t stage, bool after)
{
    const struct fy_order_gray *gray = &order->gray;
    if (stage < 0 || (size_t)stage >= gray->stage_count)
        return NULL;
    for (size_t i = 0; i < gray->approval_count; i++) {
        const struct fy_order_approval *approval = &gray->approvals[i];
        if ((after ? approval->after_permille : approval->before_permille) ==
            gray->stages[stage].ratio_permille)
            return approval;
    }
    return NULL;
}

/* ---- the fold ---- */

static void forget_people(struct fy_run_approval *approval)
{
    for (size_t i = 0; i < approval->people_count; i++)
        free(approval->people[i]);
    free(approval->people);
    approval->people = NULL;
    approval->people_count = 0;
}

void fy_approve_free(struct fy_run_approval *approval)
{
    forget_people(approval);
    free(approval->question);
    free(approval->role);
    free(approval->who);
    free(approval->why);
}

static void set(char **place, const char *value)
{
    free(*place);
    *place = value != NULL ? fy_strdup(value) : NULL;
}

bool fy_approve_fold_asked(struct fy_run *run, const struct fy_row *row, const json_t *doc,
                           struct fy_err *err)
{
    struct fy_run_approval *approval = &run->approval;
    (void)row;
    (void)err;
    approval->id = fy_json_int_or(doc, "id", approval->id + 1);
    approval->step = (uint64_t)fy_json_int_or(doc, "step", 0);
    approval->deadline_ms = fy_json_int_or(doc, "deadline_ms", 0);
    approval->remind_ms = fy_json_int_or(doc, "remind_ms", 0);
    approval->needed = fy_json_int_or(doc, "needed", 1);
    approval->given = 0;
    approval->open = true;
    approval->rejected = approval->reminded = false;
    approval->roll_back_on_timeout = strcmp(fy_json_string_or(doc, "on_timeout", "hold"), "rollback") == 0;
    set(&approval->question, fy_json_string_or(doc, "question", NULL));
    set(&approval->role, fy_json_string_or(doc, "role", NULL));
    set(&approval->who, NULL);
    set(&approval->why, NULL);
    forget_people(approval);
    return true;
}

bool fy_approve_fold_given(struct fy_run *run, const struct fy_row *row, const json_t *doc,
                           struct fy_err *err)
{
    struct fy_run_approval *approval = &run->approval;
    const char *who = fy_json_string_or(json_object_get(doc, "caller"), "who", "somebody");
    (void)row;
    (void)err;
    set(&approval->who, who);
    set(&approval->why, fy_json_string_or(doc, "why", NULL));
    if (strcmp(fy_json_string_or(doc, "answer", ""), "approve") == 0) {
        approval->given++;
        approval->people =
            fy_realloc(approval->people, (approval->people_count + 1) * sizeof *approval->people);
        approval->people[approval->people_count++] = fy_strdup(who);
    } else {
        approval->rejected = true;
    }
    approval->open = !approval->rejected && approval->given < approval->needed;
    return true;
}

/* ---- the verbs ---- */

/* "uid:1000 (ana)" is ana of the ticket, too, and ana who came with a token. */
static bool is_named(const char *who, const char *name)
{
    const char *at = strchr(who, '(');
    size_t length = strlen(name);
    return strcmp(who, name) == 0 ||
           (at != NULL && strncmp(at + 1, name, length) == 0 && strcmp(at + 1 + length, ")") == 0);
}

static bool same_person(const char *one, const char *other)
{
    return is_named(one, other) || is_named(other, one);
}

static bool is_requester(const struct fy_run *run, const char *who)
{
    const struct fy_order_ticket *ticket = run->order->request.ticket;
    return (run->who != NULL && same_person(run->who, who)) ||
           (ticket != NULL && ticket->requester != NULL && is_named(who, ticket->requester));
}

static bool is_trial(const struct fy_run *run)
{
    return run->base.scale != 1 || run->base.epoch_ms != run->base.wall0_ms;
}

static bool breaks_glass(const struct fy_command *command)
{
    return is_requester(command->live->run, command->caller->who) && !is_trial(command->live->run);
}

/* A question names the role that may answer it; roles that Ferry does not know are for approvers. */
static bool may_answer(const struct fy_command *command, struct fy_err *err)
{
    static const char *const known[] = {"viewer", "tester", "operator", "approver", "auditor", "admin"};
    const char *wanted = command->live->run->approval.role;
    bool is_known = false;
    for (size_t i = 0; i < FY_COUNT(known); i++)
        is_known = is_known || (wanted != NULL && strcmp(known[i], wanted) == 0);
    if (!is_known)
        wanted = "approver";
    if (command->caller->roles == NULL)
        return true;
    for (const char *const *role = command->caller->roles; *role != NULL; role++)
        if (strcmp(*role, wanted) == 0)
            return true;
    (void)fy_fail(err, FY_ERR_REFUSED, "%s is not %s here, who is asked", command->caller->who, wanted);
    return fy_hint(err, "somebody of role %s must answer", wanted);
}

static bool approve_check(const struct fy_command *command, struct fy_err *err)
{
    const struct fy_run_approval *approval = &command->live->run->approval;
    const char *who = command->caller->who;
    if (!may_answer(command, err))
        return false;
    for (size_t i = 0; i < approval->people_count; i++)
        if (same_person(approval->people[i], who)) {
            fy_fail(err, FY_ERR_REFUSED, "%s has approved already; %lld different people must", who,
                    (long long)approval->needed);
            return fy_hint(err, "%lld of them are missing", (long long)(approval->needed - approval->given));
        }
    if (!breaks_glass(command))
        return true;
    if (fy_json_bool_or(command->args, "break_glass", false))
        return fy_wish_has_why(command->args, "approve with break_glass", err);
    fy_fail(err, FY_ERR_REFUSED, "%s requested this upgrade and cannot approve it", who);
    return fy_hint(
        err,
        "somebody else of role %s must; {\"break_glass\":true,\"why\":...} if there is nobody, which "
        "is alarmed and reviewed",
        approval->role);
}

static void put_answer(const struct fy_command *command)
{
    struct fy_live *live = command->live;
    struct fy_buf body = {0};
    const char *why = fy_json_string_or(command->args, "why", NULL);
    bool broken = strcmp(command->verb, "approve") == 0 && breaks_glass(command);
    fy_buf_open(&body, '{');
    fy_buf_member_int(&body, "id", live->run->approval.id);
    fy_buf_member(&body, "answer", command->verb);
    fy_buf_member(&body, "why", why);
    if (broken)
        fy_buf_member_bool(&body, "break_glass", true);
    fy_put_caller(&body, command->caller);
    fy_buf_close(&body, '}');
    fy_put(live, FY_REC_APPROVAL_GIVEN, &body);
    if (!broken)
        return;
    FY_AUTO(fy_free_ptr)
    char *text = fy_format("break-glass: %s approved their own request: %s; it is to be reviewed",
                           command->caller->who, why);
    fy_put_text(live, FY_REC_ALARM, text, "break glass");
}

const struct fy_verb fy_verbs_approve[] = {
    {"approve", approve_check, put_answer, NULL},
    {"reject", may_answer, put_answer, NULL},
    {NULL, NULL, NULL, NULL},
};
