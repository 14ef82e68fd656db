/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How fast a program is replayed: the benchmark's workflow with a history of STEPS steps that have all ended,
 * engine steps and then adapter steps, by the code of the script host (without its process).
 */
#include "figures.h"

#include "base/mem.h"
#include "base/sha256.h"
#include "script/local.h"
#include "script/prelude.h"

#include <string.h>

#define STEPS         50000
#define WORKFLOW_FILE SOURCE_DIR "/tests/bench/workflows/bench/bench.lua"

struct past {
    const char *what, *params;
    const char *call, *outcome;
    bool numbered; /* its arguments are {"number":i} */
};

static const struct past pasts[] = {
    {"replay, engine steps",
     "{\"engine_steps\":50000,\"adapter_steps\":0,\"hold_at\":0,\"hold_ms\":0,\"report\":0}", "sleep",
     "{\"ok\":true,\"result\":{}}", false},
    {"replay, adapter steps",
     "{\"engine_steps\":0,\"adapter_steps\":50000,\"hold_at\":0,\"hold_ms\":0,\"report\":0}", "bench.touch",
     "{\"ok\":true,\"result\":{\"instances\":[\"svc-1\",\"svc-2\"],\"version\":\"1.3.0\",\"users\":0}}",
     true},
};

static char *read_text(const char *path, size_t *ret_length)
{
    char *text = fy_alloc(1u << 16);
    FILE *file = fopen(path, "re");
    if (file == NULL)
        give_up("cannot read " WORKFLOW_FILE);
    *ret_length = fread(text, 1, (1u << 16) - 1, file);
    (void)fclose(file);
    text[*ret_length] = '\0';
    return text;
}

static struct fy_script_past *history_of(const struct past *past)
{
    struct fy_script_past *history = FY_NEW_ARRAY(struct fy_script_past, STEPS);
    for (size_t i = 0; i < STEPS; i++) {
        char *args = past->numbered ? fy_format("{\"number\":%zu}", i + 1) : fy_strdup("{\"ms\":0}");
        history[i] = (struct fy_script_past){.call = past->call, .args = args, .outcome = past->outcome};
    }
    return history;
}

static void on_event(void *context, const struct fy_script_event *event)
{
    bool *done = context;
    *done = event->kind == FY_SCRIPT_DONE;
    if (event->kind == FY_SCRIPT_ERROR)
        give_up(event->err.message);
}

static void replay(const struct past *past, const struct fy_script_text *texts)
{
    bool done = false;
    struct fy_script_past *history = history_of(past);
    FY_AUTO(fy_free_ptr)
    char *args =
        fy_format("{\"order\":{},\"plan\":{\"guards\":[],\"checks\":[],\"final_checks\":[],\"revision\":1},"
                  "\"params\":%s,\"program\":{}}",
                  past->params);
    struct fy_script_start start = {.run = "r1",
                                    .texts = texts,
                                    .text_count = 2,
                                    .api = FY_SCRIPT_API,
                                    .function = "upgrade",
                                    .args = args,
                                    .history = history,
                                    .history_count = STEPS};
    struct fy_script *script = fy_script_local_new(NULL);
    script->on_event = on_event;
    script->context = &done;
    double begin = seconds();
    script->start(script, &start);
    (void)fy_script_local_turn(script);
    double taken = seconds() - begin;
    if (!done)
        give_up("the replay did not come to its end");
    figure(past->what, STEPS / taken, "/s");
    script->close(script);
    for (size_t i = 0; i < STEPS; i++)
        free((void *)(uintptr_t)history[i].args); /* ours */
    free(history);
}

int main(void)
{
    size_t length;
    char sha256[FY_SHA256_HEX];
    FY_AUTO(fy_free_ptr) char *workflow = read_text(WORKFLOW_FILE, &length);
    fy_sha256_text(workflow, length, sha256);
    const struct fy_script_text texts[] = {
        *fy_script_prelude(), {.role = "workflow", .sha256 = sha256, .bytes = workflow, .length = length}};
    for (size_t i = 0; i < FY_COUNT(pasts); i++)
        replay(&pasts[i], texts);
    return 0;
}
