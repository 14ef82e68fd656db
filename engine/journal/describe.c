/* SPDX-License-Identifier: Apache-2.0 */
/* What a record says, in a sentence: one table for the kinds, one for the calls of a workflow (call.def). */
#include "base/mem.h"
#include "journal/journal.h"
#include "journal/sentence.h"

#include <string.h>

/* The first row of the kind whose member is there (and reads so) gives the sentence. */
static const struct saying {
    uint32_t kind;
    const char *member; /* NULL: always */
    const char *reads;  /* NULL: anything; "true" and "false" for booleans */
    const char *sentence;
} sayings[] = {
    {FY_REC_ORDER_ACCEPTED, NULL, NULL,
     "order[ {order.request.id}] accepted[ from {caller.who}][: {order.request.vnf_instance}]"
     "[ from {order.request.source.version}][ to {order.request.target.version}]"
     "[, workflow {workflow.name}][ {workflow.version}][, time runs {timebase.scale} times as fast]"},
    {FY_REC_PROGRAM_STARTED, NULL, NULL, "program {program} started: {function}"},
    {FY_REC_STATE_CHANGED, "error", NULL, "{from} -> {to}[ ({event})]: {error.message}[; {error.hint}]"},
    {FY_REC_STATE_CHANGED, "from", NULL, "{from} -> {to}[ ({event})][: {why}]"},
    {FY_REC_STATE_CHANGED, NULL, NULL, "{to}[ ({event})][: {why}]"},
    {FY_REC_OUTCOME, "ok", "false", "step {step}[ (by {by.who})] failed: {error.message}[; {error.hint}]"},
    {FY_REC_OUTCOME, NULL, NULL,
     "step {step}[ settled by {by.who}][: {by.why}][; {by.proof}] done[: {result.verdict.sentence}][, "
     "{result.upgraded} upgraded]"
     "[, {result.moved} users moved][, {result.permille#percent} on the target][, {result.active} is active]"
     "[, answer: {result.answer}][, {result.batch.instances#list} next][, stage {result.stage.index}]"
     "[ at {result.stage.permille#percent}][, move to {result.move.permille#percent}]"
     "[, {result.tests#count} tests][, {result.results#count} checks][, {result.items#count} items]"},
    {FY_REC_PLAN_MADE, "why", "first",
     "plan made[: {plan.stages#count} stages][, {plan.batches#count} batches]"},
    {FY_REC_PLAN_MADE, NULL, NULL, "plan revision {revision}[: {why}]"},
    {FY_REC_PHASE, NULL, NULL, "phase: {text}"},
    {FY_REC_NOTE, "about", NULL, "{text#whole}"},
    {FY_REC_NOTE, NULL, NULL, "note: {text}"},
    {FY_REC_PROGRESS, "lease", NULL, "guard {guard}: lease {lease}, until {until_ms#time}"},
    {FY_REC_PROGRESS, NULL, NULL, "step {step}[: {done} of {total}][: {text}]"},
    {FY_REC_COMMAND, "verb", "adjust",
     "adjust[, {args.step} instances a batch][ by {caller.who}][: {args.why}]"},
    {FY_REC_COMMAND, NULL, NULL, "{verb}[ {args.check}][ by {caller.who}][: {args.why}]"},
    {FY_REC_APPROVAL_ASKED, NULL, NULL,
     "asked[ role {role}]: {question}[ Until {deadline_ms#time}][, then {on_timeout}]"},
    {FY_REC_APPROVAL_GIVEN, NULL, NULL, "approval[ {id}] is answered: {answer}"},
    {FY_REC_VERDICT, "final", "true", "verdict {verdict}[: {sentence}][ (after {covered_ms#span})]"},
    {FY_REC_VERDICT, NULL, NULL, "{verdict} so far[: {sentence}][ (after {covered_ms#span})]"},
    {FY_REC_GUARD_TAKEN, NULL, NULL, "guard {guard}[ on {connection}] taken; it was {prior#json}"},
    {FY_REC_GUARD_RELEASED, "as_it_was", "false",
     "guard {guard} given back, but it is {found#json}[: {why}]"},
    {FY_REC_GUARD_RELEASED, NULL, NULL, "guard {guard} given back as it was[: {found#json}]"},
    {FY_REC_ALARM, NULL, NULL, "ALARM: {text#whole}"},
    {FY_REC_DECIDED, "ok", "false", "{verb} refused: {refusal}[; {hint}]"},
    {FY_REC_DECIDED, NULL, NULL, "{verb} granted[: {proof}]"},
    {FY_REC_HANDED_OVER, NULL, NULL,
     "handed over to {to}[: {why}][; {permille#percent} of the users on the target][; owed: {owed#list}]"},
    {FY_REC_FREED, "how", "clean", "free for the next order: proven clean[, asked by {who}]"},
    {FY_REC_FREED, NULL, NULL, "free for the next order: adopted as it stands[ by {who}][: {why}]"},
    {FY_REC_AMENDED, NULL, NULL, "order amended[ by {caller.who}]: {text#whole}[: {why}]"},
    {FY_REC_OBSERVED, NULL, NULL, "{text#whole}"},
    {FY_REC_CHECKPOINT, NULL, NULL, "checkpoint: record {seq} is signed[ ({algorithm})]"},
    {FY_REC_RESUMED, "in_flight", NULL,
     "engine {epoch} took the run over; step {in_flight.step} ({in_flight.call}) was in flight[: {how}]"},
    {FY_REC_RESUMED, NULL, NULL, "engine {epoch} took the run over; nothing was in flight"},
};

/* What a step is about to do. Others say their call and its arguments. */
static const struct doing {
    const char *call;
    const char *sentence; /* from the arguments */
} doings[] = {
    {"check", "check[ {checks#list}]"},
    {"take_guard", "take guard {guard}"},
    {"release_guards", "give the guards back"},
    {"next_slice", "choose the next batch of the first slice"},
    {"next_stage", "choose the next stage"},
    {"next_move", "choose the next move[ of stage {stage}]"},
    {"next_rest", "choose the next batch of the rest"},
    {"ask", "ask[ role {role}][: {question}]"},
    {"soak", "soak[ stage {stage}]"},
    {"set_aside", "set {instances#list} aside[: {why}]"},
    {"sleep", "sleep[ {ms#span}]"},
    {"wait_until", "wait until {verb} reads {until#json}[, at most {within_ms#span}]"},
    {"observe", "look at {verb}"},
    {"stage_image", "stage[ {images#count}] images"},
    {"backup", "back up[ {what}][ of {instances#list}]"},
    {"upgrade", "upgrade {instances#list}[ of {vdu}][ to {version}]"},
    {"replace", "replace {instances#list}[ of {vdu}][ by {version}] on another host"},
    {"restore", "restore backup[ {id}]"},
    {"create", "create {count} instances of {vdu}"},
    {"remove", "remove {instances#list}"},
    {"collect_instances", "collect logs[ of {instances#list}]"},
    {"config_backup", "back up[ {what}] of the NF"},
    {"config_restore", "restore configuration backup[ {id}]"},
    {"load", "load version {version}"},
    {"split", "split into source and target domain[, target {version}]"},
    {"join", "join[ {instances#list}][ to the {domain} domain]"},
    {"steer", "steer[ {permille#percent}] of users to the target[ at {rate} a second]"
              "[, pinning {subscribers#list}]"},
    {"drain", "drain {instances#list}[ at {rate} a second]"},
    {"readmit", "readmit {instances#list}"},
    {"switchover", "switch {pair} over[ to {active}]"},
    {"dial_test", "dial test[ with {subscribers#count} subscribers]"},
    {"collect", "collect data"},
    {"guard_set", "set guard {guard}[ to {state#json}]"},
};

static bool reads(const json_t *value, const char *wanted)
{
    if (json_is_boolean(value))
        return strcmp(json_is_true(value) ? "true" : "false", wanted) == 0;
    return json_is_string(value) && strcmp(json_string_value(value), wanted) == 0;
}

static void describe_intent(const json_t *body, struct fy_buf *buf)
{
    const char *call = fy_json_string_or(body, "call", "?");
    const json_t *args = json_object_get(body, "args");
    fy_sentence("step {step}: ", body, buf);
    for (size_t i = 0; i < FY_COUNT(doings); i++)
        if (strcmp(doings[i].call, call) == 0) {
            fy_sentence(doings[i].sentence, args, buf);
            if (fy_json_int_or(body, "attempt", 1) > 1)
                fy_sentence(", attempt {attempt}", body, buf);
            return;
        }
    fy_sentence("{call}[ {args#json}][ on {connection}]", body, buf);
}

/* "checked (starting): 7 of 8 passed; failed: headroom (only 12 % free)" */
static void describe_checked(const json_t *body, struct fy_buf *buf)
{
    const json_t *results = json_object_get(body, "results");
    size_t count = json_array_size(results);
    size_t passed = 0;
    FY_AUTO(fy_buf_free) struct fy_buf failed = {0};
    for (size_t i = 0; i < count; i++) {
        const json_t *result = json_array_get(results, i);
        if (fy_json_bool_or(result, "ok", false)) {
            passed++;
            continue;
        }
        fy_buf_text(&failed, failed.length > 0 ? "; " : "; failed: ");
        fy_sentence("{check}[ ({why})][, waived by {waived.who}]", result, &failed);
    }
    fy_sentence("checked[ ({when})]", body, buf);
    fy_buf_format(buf, ": %zu of %zu passed%s", passed, count, failed.length > 0 ? failed.data : "");
}

static void describe_sample(const json_t *body, struct fy_buf *buf)
{
    const char *segment;
    json_t *users;
    size_t said = 0;
    fy_sentence("sample[ at {end#time}]:", body, buf);
    json_object_foreach(json_object_get(body, "users"), segment, users)
    {
        fy_buf_text(buf, said++ > 0 ? ", " : " ");
        FY_AUTO(fy_buf_free) struct fy_buf name = {0};
        for (const char *c = segment; *c != '\0'; c++)
            fy_buf_put(&name, (char[]){(char)(*c >= 'a' && *c <= 'z' ? *c - 'a' + 'A' : *c)}, 1);
        FY_AUTO(fy_json_unref)
        json_t *sides =
            json_pack("{s:O?,s:O?}", "s", json_array_get(users, 0), "t", json_array_get(users, 1));
        fy_sentence("{s} + {t} users in ", sides, buf);
        fy_buf_text(buf, name.data != NULL ? name.data : "?");
    }
    if (said == 0)
        fy_buf_text(buf, " no users counted");
}

static void describe_by_table(uint32_t kind, const json_t *body, struct fy_buf *buf)
{
    for (size_t i = 0; i < FY_COUNT(sayings); i++) {
        const struct saying *saying = &sayings[i];
        if (saying->kind != kind)
            continue;
        const json_t *member = saying->member != NULL ? json_object_get(body, saying->member) : NULL;
        bool fits = saying->member == NULL ||
                    (member != NULL && (saying->reads == NULL || reads(member, saying->reads)));
        if (fits) {
            fy_sentence(saying->sentence, body, buf);
            return;
        }
    }
    const char *name = fy_record_name(kind);
    if (name != NULL)
        fy_buf_format(buf, "%s ", name);
    else
        fy_buf_format(buf, "record of kind %u (made by a newer ferryd) ", kind);
    FY_AUTO(fy_json_unref) json_t *whole = json_pack("{s:O}", "body", body);
    fy_sentence("{body#json}", whole, buf);
}

void fy_describe(const struct fy_row *row, struct fy_buf *buf)
{
    struct fy_err err = {0};
    FY_AUTO(fy_json_unref) json_t *body = fy_json_parse(row->body, row->body_length, "record", &err);
    if (body == NULL || !json_is_object(body)) {
        const char *name = fy_record_name(row->kind);
        fy_buf_format(buf, "%s whose body cannot be read", name != NULL ? name : "record");
        return;
    }
    if (row->kind == FY_REC_INTENT)
        describe_intent(body, buf);
    else if (row->kind == FY_REC_CHECKED)
        describe_checked(body, buf);
    else if (row->kind == FY_REC_SAMPLE)
        describe_sample(body, buf);
    else
        describe_by_table(row->kind, body, buf);
}
