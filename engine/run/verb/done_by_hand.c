/* SPDX-License-Identifier: Apache-2.0 */
/*
 * done-by-hand {"step","why","result"?}: a person has done what the failed step was to do. Where an observe
 * verb can tell, it is asked: what it proves is said in the outcome, what it disproves is refused. Elsewhere
 * the person's word is taken, and the outcome says that, too.
 */
#include "base/mem.h"
#include "run/planning.h"
#include "run/step/step.h"
#include "run/verb/aside.h"
#include "run/verb/command.h"
#include "run/verb/retarget.h"
#include "run/verb/wish.h"

#include <string.h>

/* Steps whose answer only the engine can give. */
static bool is_engines(const char *call)
{
    static const char *const calls[] = {"check",      "take_guard", "release_guards", "next_slice",
                                        "next_stage", "next_move",  "next_rest",      "ask",
                                        "observe",    "set_aside"};
    for (size_t i = 0; i < FY_COUNT(calls); i++)
        if (strcmp(calls[i], call) == 0)
            return true;
    return false;
}

static bool check(const struct fy_command *command, struct fy_err *err)
{
    const struct fy_run_step *step = &command->live->run->step;
    int64_t number = fy_json_int_or(command->args, "step", -1);
    const json_t *result = json_object_get(command->args, "result");
    if (number < 0 || (uint64_t)number != step->number) {
        fy_fail(err, FY_ERR_INVALID, "the step that failed is %llu (%s), not %lld",
                (unsigned long long)step->number, step->call, (long long)number);
        return fy_hint(err,
                       "give its number, so that nothing else is taken for done: {\"step\":%llu,\"why\":...}",
                       (unsigned long long)step->number);
    }
    if (is_engines(step->call)) {
        fy_fail(err, FY_ERR_REFUSED, "step %llu (%s) cannot be done by hand: its answer is the engine's",
                (unsigned long long)step->number, step->call);
        return fy_hint(err, "mend what it found, then retry");
    }
    if (result != NULL && !json_is_object(result))
        return fy_fail(err, FY_ERR_INVALID, "\"result\" must be an object, as the step would have answered");
    return fy_wish_has_why(command->args, "done-by-hand", err);
}

/* ---- proofs: NULL: it is so; otherwise the sentence that it is not ---- */

struct proving {
    const struct fy_run *run;
    const struct fy_landscape *landscape; /* NULL: it could not be seen */
    const json_t *args, *seen;
    char said[512];
};

typedef bool prove_fn(struct proving *proving);

static const struct fy_instance *find(const struct proving *proving, const json_t *id)
{
    const struct fy_landscape *landscape = proving->landscape;
    for (size_t i = 0; json_is_string(id) && i < landscape->count; i++)
        if (strcmp(landscape->instances[i].id, json_string_value(id)) == 0)
            return &landscape->instances[i];
    return NULL;
}

/* Each instance of the step; what: what is expected of it, in words. */
static bool each(struct proving *proving, bool (*is_so)(const struct proving *, const struct fy_instance *),
                 const char *what)
{
    size_t i;
    json_t *id;
    json_array_foreach(json_object_get(proving->args, "instances"), i, id)
    {
        const struct fy_instance *instance = find(proving, id);
        if (instance != NULL && (instance->aside || is_so(proving, instance)))
            continue;
        (void)snprintf(proving->said, sizeof proving->said, "%s is not %s",
                       json_is_string(id) ? json_string_value(id) : "?", what);
        return false;
    }
    (void)snprintf(proving->said, sizeof proving->said, "inventory and health show every instance %s", what);
    return true;
}

static bool runs_image(const struct proving *proving, const struct fy_instance *instance)
{
    return instance->running && strcmp(instance->image, fy_json_string_or(proving->args, "image", "")) == 0;
}

static bool prove_image(struct proving *proving)
{
    return each(proving, runs_image, "running the image of this step");
}

static bool is_empty(const struct proving *proving, const struct fy_instance *instance)
{
    (void)proving;
    return instance->users == 0 && instance->sessions == 0;
}

static bool prove_drained(struct proving *proving)
{
    return each(proving, is_empty, "without a session");
}

static bool serves(const struct proving *proving, const struct fy_instance *instance)
{
    const char *domain = fy_json_string_or(proving->args, "domain", NULL);
    return fy_in_service(instance) &&
           (domain == NULL || strcmp(domain, fy_order_domain_name((int)instance->domain)) == 0);
}

static bool prove_serving(struct proving *proving)
{
    if (json_object_get(proving->args, "instances") != NULL)
        return each(proving, serves, "in service in its domain");
    (void)snprintf(proving->said, sizeof proving->said, "the NF reads as %s domain%s",
                   proving->landscape->split ? "two" : "one", proving->landscape->split ? "s" : "");
    return !proving->landscape->split;
}

static bool prove_active(struct proving *proving)
{
    const json_t *id = json_object_get(proving->args, "active");
    const struct fy_instance *instance = find(proving, id);
    bool so = instance != NULL && instance->active;
    (void)snprintf(proving->said, sizeof proving->said, "health shows that %s is %sactive",
                   json_is_string(id) ? json_string_value(id) : "?", so ? "" : "not ");
    return so;
}

static bool prove_split(struct proving *proving)
{
    (void)snprintf(proving->said, sizeof proving->said, "health shows %s",
                   proving->landscape->split ? "two domains" : "one domain");
    return proving->landscape->split;
}

static const struct proof {
    const char *call;
    prove_fn *prove;
} proofs[] = {
    {"upgrade", prove_image},   {"replace", prove_image}, {"drain", prove_drained},
    {"readmit", prove_serving}, {"join", prove_serving},  {"switchover", prove_active},
    {"split", prove_split},
};

static const struct proof *proof_of(const char *call)
{
    for (size_t i = 0; i < FY_COUNT(proofs); i++)
        if (strcmp(proofs[i].call, call) == 0)
            return &proofs[i];
    return NULL;
}

/* ---- the wish ---- */

static size_t ask(struct fy_live *live, const json_t *args, struct fy_question questions[FY_ASK_MAX])
{
    (void)args;
    if (proof_of(live->run->step.call) == NULL)
        return 0;
    fy_planning_ask(live->run->order, questions);
    return FY_PLANNING_QUESTIONS;
}

static bool look(struct proving *proving, const struct proof *proof, bool *ret_proven, struct fy_err *err)
{
    const struct fy_run_step *step = &proving->run->step;
    *ret_proven = proof->prove(proving);
    if (*ret_proven)
        return true;
    fy_fail(err, FY_ERR_REFUSED, "step %llu (%s) is not done: %s", (unsigned long long)step->number,
            step->call, proving->said);
    return fy_hint(err, "finish it by hand, or retry, replace or set-aside");
}

static bool grant(struct fy_live *live, const json_t *args, const struct fy_question *questions, size_t count,
                  struct fy_buf *body, struct fy_err *err)
{
    const struct fy_run_step *step = &live->run->step;
    const struct proof *proof = proof_of(step->call);
    struct proving proving = {.run = live->run,
                              .said = "nothing can be asked about it: taken on this person's word"};
    struct fy_landscape *landscape = NULL;
    struct fy_err unseen = {0};
    bool ok = true, proven = false;
    (void)args;
    if (proof != NULL && count > 0 && fy_planning_landscape(questions, &landscape, &unseen)) {
        FY_AUTO(fy_json_unref)
        json_t *asked = fy_json_parse(step->args, strlen(step->args), "arguments", err);
        fy_seen_mark(live->run, landscape);
        proving.landscape = landscape;
        proving.args = asked;
        ok = look(&proving, proof, &proven, err);
    } else if (proof != NULL) {
        (void)snprintf(proving.said, sizeof proving.said,
                       "taken on this person's word: it could not be looked at: %.400s", unseen.message);
    }
    fy_landscape_free(landscape);
    fy_buf_member_bool(body, "proven", proven);
    fy_buf_member(body, "proof", proving.said);
    return ok;
}

static void then(struct fy_live *live, const json_t *args, const char *effects)
{
    const json_t *given = json_object_get(args, "result");
    FY_AUTO(fy_free_ptr) char *result = given != NULL ? fy_json_text(given) : fy_strdup("{\"by_hand\":true}");
    struct fy_buf by = {0};
    fy_buf_open(&by, '{');
    fy_buf_member(&by, "who", live->run->wish.who);
    fy_buf_member(&by, "why", fy_json_string_or(args, "why", ""));
    fy_buf_text(&by, ",");
    fy_buf_text(&by, effects);
    fy_buf_close(&by, '}');
    fy_wish_back(live);
    fy_step_settle_by_hand(live, result, by.data);
    fy_buf_free(&by);
}

const struct fy_wish_kind fy_wish_done_by_hand = {"done-by-hand", ask, grant, then, NULL};

const struct fy_verb fy_verbs_done_by_hand[] = {
    {"done-by-hand", check, NULL, fy_wish_fold},
    {NULL, NULL, NULL, NULL},
};
