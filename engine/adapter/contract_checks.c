/* SPDX-License-Identifier: Apache-2.0 */
#include "adapter/contract_checks.h"

#include "adapter/schema.h"

#include "base/mem.h"

#include <pthread.h>
#include <string.h>

#define LOOKS 100 /* observations beside an act */

static bool broken(struct fy_contract *contract, const char *what, const struct fy_answer *answer)
{
    const struct fy_adapter_reply *reply = &answer->reply;
    FY_AUTO(fy_free_ptr)
    char *why = fy_format("%s: it answered %s%s%s", what, fy_reply_status_name(reply->status),
                          reply->message != NULL ? ", " : "", reply->message != NULL ? reply->message : "");
    return fy_contract_broken(contract, why);
}

/* Unknown members are refused before the adapter sees them, if its schema says so. */
void fy_contract_schemas(struct fy_contract *contract)
{
    for (const struct ferry_verb *verb = contract->adapter->verbs; verb->name != NULL; verb++) {
        fy_contract_trying(contract, "schema", verb->name);
        struct fy_schema *schema = fy_schema_parse(verb->schema, NULL);
        if (schema != NULL && fy_schema_is_closed(schema))
            (void)fy_contract_holds(contract, "unknown arguments are refused");
        else
            (void)fy_contract_broken(contract, "unknown arguments pass: add \"additionalProperties\":false");
        fy_schema_free(schema);
    }
}

/* An argument object that names an instance that is not there; NULL if the verb takes none. */
static char *absent_instance(const struct ferry_verb *verb, const json_t *example)
{
    struct fy_schema *schema = fy_schema_parse(verb->schema, NULL);
    json_t *properties = schema != NULL ? json_object_get(fy_schema_document(schema), "properties") : NULL;
    FY_AUTO(fy_json_unref)
    json_t *args = json_is_object(example) ? json_copy((json_t *)(uintptr_t)example) : json_object();
    bool takes = json_object_get(properties, "instances") != NULL;
    (void)json_object_set_new(args, "instances", json_pack("[s]", "ferry-contract-no-such-instance"));
    takes = takes && fy_schema_check(schema, args, NULL);
    fy_schema_free(schema);
    return takes ? fy_json_text(args) : NULL;
}

void fy_contract_bad_input(struct fy_contract *contract, const struct ferry_verb *verb)
{
    /* what is not there is removed already */
    if (strcmp(verb->name, "remove") == 0)
        return;
    FY_AUTO(fy_free_ptr) char *args = absent_instance(verb, json_object_get(contract->calls, verb->name));
    if (args == NULL)
        return;
    struct fy_answer answer;
    fy_contract_trying(contract, "bad input", verb->name);
    fy_contract_call(contract, verb, args, ++contract->steps, &answer);
    if (answer.reply.status != FY_REPLY_FAILED)
        (void)broken(contract, "an instance that is not there must fail", &answer);
    else if (answer.reply.failure == FY_ERR_TRANSIENT || answer.reply.failure == FY_ERR_TIMEOUT)
        (void)broken(contract, "an instance that is not there is no passing trouble", &answer);
    else
        (void)fy_contract_holds(contract, "an instance that is not there is refused");
    fy_answer_free(&answer);
}

static const struct ferry_verb *inventory_of(const struct fy_contract *contract)
{
    const struct ferry_verb *verb = contract->adapter->verbs;
    while (verb->name != NULL && strcmp(verb->name, "inventory") != 0)
        verb++;
    return verb->name != NULL ? verb : NULL;
}

/* The world as far as it can be compared: the inventory. Empty if there is none. */
static char *world(struct fy_contract *contract)
{
    const struct ferry_verb *verb = inventory_of(contract);
    struct fy_answer answer = {0};
    if (verb != NULL)
        fy_contract_call(contract, verb, "{}", 0, &answer);
    char *text = fy_strdup(answer.reply.result != NULL ? answer.reply.result : "");
    fy_answer_free(&answer);
    return text;
}

/* Arguments for a verb: those given, or none where none are needed. NULL: it cannot be called. */
static char *arguments(const struct fy_contract *contract, const struct ferry_verb *verb)
{
    const json_t *given = json_object_get(contract->calls, verb->name);
    if (given != NULL)
        return fy_json_text(given);
    struct fy_schema *schema = verb->kind == FERRY_OBSERVE ? fy_schema_parse(verb->schema, NULL) : NULL;
    FY_AUTO(fy_json_unref) json_t *none = json_object();
    bool callable = schema != NULL && fy_schema_check(schema, none, NULL);
    fy_schema_free(schema);
    return callable ? fy_strdup("{}") : NULL;
}

void fy_contract_observe(struct fy_contract *contract, const struct ferry_verb *verb)
{
    FY_AUTO(fy_free_ptr) char *args = arguments(contract, verb);
    struct fy_answer answer;
    fy_contract_trying(contract, "observe", verb->name);
    if (args == NULL) {
        (void)fy_contract_skipped(contract, "no arguments were given for it");
        return;
    }
    FY_AUTO(fy_free_ptr) char *before = world(contract);
    fy_contract_call(contract, verb, args, 0, &answer);
    FY_AUTO(fy_free_ptr) char *after = world(contract);
    if (answer.reply.status != FY_REPLY_DONE)
        (void)broken(contract, "an observation is answered at once", &answer);
    else if (strcmp(before, after) != 0)
        (void)fy_contract_broken(contract,
                                 "the inventory is another one after it: an observation changes nothing");
    else
        (void)fy_contract_holds(contract, "answered, and nothing changed");
    fy_answer_free(&answer);
}

/* One call, a restart, then until it is so: what the next ferryd does after a crash. */
static bool survives_restart(struct fy_contract *contract, const struct ferry_verb *verb, const char *args,
                             uint64_t step)
{
    struct fy_answer answer;
    struct fy_err err;
    fy_contract_trying(contract, "restart", verb->name);
    fy_contract_call(contract, verb, args, step, &answer);
    bool middle = answer.reply.status == FY_REPLY_AGAIN;
    if (middle)
        fy_contract_wait(contract, answer.reply.after_ms);
    if (!middle && answer.reply.status != FY_REPLY_DONE) {
        (void)broken(contract, "the arguments given for it should work", &answer);
        fy_answer_free(&answer);
        return false;
    }
    fy_answer_free(&answer);
    if (!fy_contract_reopen(contract, &err))
        return fy_contract_broken(contract, err.message);
    fy_contract_until(contract, verb, args, step, &answer);
    bool done = answer.reply.status == FY_REPLY_DONE;
    if (done)
        (void)fy_contract_holds(contract, middle ? "closed and opened in the middle, then done"
                                                 : "still done after a restart");
    else
        (void)broken(contract, "after a restart it must become so", &answer);
    fy_answer_free(&answer);
    return done;
}

static void stays_as_it_is(struct fy_contract *contract, const struct ferry_verb *verb, const char *args,
                           uint64_t step)
{
    struct fy_answer answer;
    fy_contract_trying(contract, "idempotent", verb->name);
    FY_AUTO(fy_free_ptr) char *before = world(contract);
    fy_contract_call(contract, verb, args, step, &answer);
    FY_AUTO(fy_free_ptr) char *after = world(contract);
    if (answer.reply.status != FY_REPLY_DONE)
        (void)broken(contract, "what is so must be done at once when asked again with the same key", &answer);
    else if (strcmp(before, after) != 0)
        (void)fy_contract_broken(contract, "the second call with the same key changed the inventory");
    else
        (void)fy_contract_holds(contract, "the second call changed nothing");
    fy_answer_free(&answer);
}

void fy_contract_ensure(struct fy_contract *contract, const struct ferry_verb *verb)
{
    FY_AUTO(fy_free_ptr) char *args = arguments(contract, verb);
    uint64_t step = ++contract->steps;
    if (args == NULL) {
        fy_contract_trying(contract, "idempotent", verb->name);
        (void)fy_contract_skipped(contract, "no arguments were given for it");
        return;
    }
    if (contract->bound != NULL && survives_restart(contract, verb, args, step))
        stays_as_it_is(contract, verb, args, step);
}

/* Observing from a second thread while the first one acts. */

struct looker {
    struct fy_contract contract; /* a copy: its counters are its own */
    const struct ferry_verb *verb;
    unsigned failed;
};

static void *look(void *argument)
{
    struct looker *looker = argument;
    for (int i = 0; i < LOOKS; i++) {
        struct fy_answer answer;
        fy_contract_call(&looker->contract, looker->verb, "{}", 0, &answer);
        looker->failed += answer.reply.status != FY_REPLY_DONE;
        fy_answer_free(&answer);
    }
    return NULL;
}

static const struct ferry_verb *first_given(const struct fy_contract *contract)
{
    const struct ferry_verb *verb = contract->adapter->verbs;
    while (verb->name != NULL &&
           (verb->kind != FERRY_ENSURE || json_object_get(contract->calls, verb->name) == NULL))
        verb++;
    return verb->name != NULL ? verb : NULL;
}

void fy_contract_threads(struct fy_contract *contract)
{
    const struct ferry_verb *act = first_given(contract);
    struct looker looker = {.verb = inventory_of(contract), .contract = *contract};
    pthread_t thread;
    fy_contract_trying(contract, "two threads", looker.verb != NULL ? looker.verb->name : NULL);
    if (act == NULL || looker.verb == NULL || contract->bound == NULL ||
        pthread_create(&thread, NULL, look, &looker) != 0) {
        (void)fy_contract_skipped(contract, "it needs an inventory and arguments for a verb that acts");
        return;
    }
    FY_AUTO(fy_free_ptr) char *args = arguments(contract, act);
    uint64_t step = ++contract->steps;
    for (int i = 0; i < LOOKS; i++) {
        struct fy_answer answer;
        fy_contract_call(contract, act, args, step, &answer);
        fy_answer_free(&answer);
    }
    (void)pthread_join(thread, NULL);
    if (looker.failed > 0)
        (void)fy_contract_broken(contract, "observing failed while another thread acted");
    else
        (void)fy_contract_holds(contract, "observed from a second thread while the first one acted");
}

void fy_contract_time(struct fy_contract *contract)
{
    fy_contract_trying(contract, "time", contract->slowest);
    FY_AUTO(fy_free_ptr)
    char *why = fy_format("the slowest call took %lld ms of the %d it may", (long long)contract->slowest_ms,
                          FY_ADAPTER_CALL_LIMIT_MS);
    if (contract->slowest_ms > FY_ADAPTER_CALL_LIMIT_MS)
        (void)fy_contract_broken(contract, why);
    else
        (void)fy_contract_holds(contract, why);
}
