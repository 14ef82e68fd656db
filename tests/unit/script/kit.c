/* SPDX-License-Identifier: Apache-2.0 */
#include "kit.h"

#include "base/buf.h"
#include "base/mem.h"
#include "base/sha256.h"
#include "script/event.h"

#include <stdio.h>
#include <string.h>

const char *const kit_args =
    "{\"order\":{\"request\":{\"id\":\"CHG-1\",\"source\":{\"version\":\"1.2.0\"},\"target\":{\"version\":"
    "\"1.3.0\"}},"
    "\"vdus\":[{\"vdu_id\":\"LB\",\"source\":{\"ref\":\"lb:1\",\"digest\":\"sha256:1\"},"
    "\"target\":{\"ref\":\"lb:1\",\"digest\":\"sha256:1\"}},"
    "{\"vdu_id\":\"SVC\",\"source\":{\"ref\":\"svc:1\",\"digest\":\"sha256:5\"},"
    "\"target\":{\"ref\":\"svc:2\",\"digest\":\"sha256:6\"}}],"
    "\"gray\":{\"basis\":\"users\",\"selectors\":[]},\"backup\":{\"what\":[\"config\",\"data\",\"image\"]},"
    "\"dial_tests\":[{\"line\":7,\"when\":\"before-migration\",\"by\":\"adapter\",\"subscribers\":["
    "{\"ref\":\"test-1\",\"steer\":\"target\",\"peer\":\"test-2\",\"services\":[\"voice\",\"data\"]},"
    "{\"ref\":\"test-2\",\"steer\":\"target\",\"peer\":\"test-1\",\"services\":[\"voice\",\"data\"]},"
    "{\"ref\":\"test-3\",\"steer\":\"none\",\"peer\":\"test-4\",\"services\":[\"voice\"]}],"
    "\"expect\":{\"located_in\":\"target\",\"success_bp\":10000}}]},"
    "\"plan\":{\"guards\":[\"healing\",\"scaling\"],\"checks\":[\"health\",\"alarms\"],"
    "\"final_checks\":[\"health\"],\"revision\":1},\"params\":{},\"program\":{}}";

static void on_event(void *context, const struct fy_script_event *event)
{
    struct kit *kit = context;
    fy_event_free(&kit->event);
    fy_event_copy(event, &kit->event);
}

void kit_open(struct kit *kit, const struct fy_limits *limits)
{
    *kit = (struct kit){.script = fy_script_local_new(limits)};
    kit->script->on_event = on_event;
    kit->script->context = kit;
}

void kit_close(struct kit *kit)
{
    fy_event_free(&kit->event);
    kit->script->close(kit->script);
}

struct fy_script_text kit_text(const char *role, const char *bytes)
{
    static char digest[16][FY_SHA256_HEX];
    static size_t next;
    char *hex = digest[next++ % 16];
    fy_sha256_text(bytes, strlen(bytes), hex);
    return (struct fy_script_text){.role = role, .sha256 = hex, .bytes = bytes, .length = strlen(bytes)};
}

void kit_start_with(struct kit *kit, const struct fy_script_text *texts, size_t count, const char *function,
                    const struct fy_script_past *history, size_t history_count)
{
    struct fy_script_start start = {.run = "r1",
                                    .texts = texts,
                                    .text_count = count,
                                    .api = FY_SCRIPT_API,
                                    .function = function,
                                    .args = kit_args,
                                    .history = history,
                                    .history_count = history_count};
    kit->script->start(kit->script, &start);
    assert_int_equal(fy_script_local_turn(kit->script), 1);
}

void kit_start(struct kit *kit, const char *workflow)
{
    struct fy_script_text texts[] = {*fy_script_prelude(), kit_text("workflow", workflow)};
    kit_start_with(kit, texts, 2, "upgrade", NULL, 0);
}

void kit_resume(struct kit *kit, const char *outcome)
{
    kit->script->resume(kit->script, "r1", outcome);
    assert_int_equal(fy_script_local_turn(kit->script), 1);
}

void kit_result(struct kit *kit, const char *result)
{
    FY_AUTO(fy_free_ptr) char *outcome = fy_format("{\"ok\":true,\"result\":%s}", result);
    kit_resume(kit, outcome);
}

char *kit_read(const char *path)
{
    FY_AUTO(fy_free_ptr) char *whole = fy_format("%s/%s", SOURCE_DIR, path);
    FILE *file = fopen(whole, "re");
    assert_non_null(file);
    struct fy_buf buf = {0};
    char part[4096];
    for (size_t got; (got = fread(part, 1, sizeof part, file)) > 0;)
        fy_buf_put(&buf, part, got);
    assert_int_equal(fclose(file), 0);
    return fy_buf_take(&buf);
}

static void no_error(const struct kit *kit)
{
    if (kit->event.kind == FY_SCRIPT_ERROR)
        fail_msg("%s: %s", kit->event.reason, kit->event.err.message);
}

void kit_is_call(const struct kit *kit, const char *call, const char *args)
{
    no_error(kit);
    assert_int_equal(kit->event.kind, FY_SCRIPT_CALL);
    assert_string_equal(kit->event.call, call);
    if (args != NULL)
        assert_string_equal(kit->event.args, args);
}

void kit_is_done(const struct kit *kit, const char *result)
{
    no_error(kit);
    assert_int_equal(kit->event.kind, FY_SCRIPT_DONE);
    assert_string_equal(kit->event.result, result);
}

void kit_is_error(const struct kit *kit, const char *reason, const char *part_of_message)
{
    assert_int_equal(kit->event.kind, FY_SCRIPT_ERROR);
    if (strstr(kit->event.err.message, part_of_message) == NULL)
        fail_msg("\"%s\" is not in: %s", part_of_message, kit->event.err.message);
    if (reason[0] != '\0')
        assert_string_equal(kit->event.reason, reason);
}

static void run_body(struct kit *kit, const char *body)
{
    FY_AUTO(fy_free_ptr)
    char *text = fy_format("local wf = workflow { name = 'test', version = '1.0', api = 1 }\n"
                           "function wf:upgrade(nf, plan) %s\nend\nreturn wf\n",
                           body);
    kit_open(kit, NULL);
    kit_start(kit, text);
}

void kit_gives(const char *body, const char *result)
{
    struct kit kit;
    run_body(&kit, body);
    kit_is_done(&kit, result);
    kit_close(&kit);
}

void kit_fails(const char *body, const char *reason, const char *part_of_message)
{
    struct kit kit;
    run_body(&kit, body);
    kit_is_error(&kit, reason, part_of_message);
    kit_close(&kit);
}
