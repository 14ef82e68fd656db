/* SPDX-License-Identifier: Apache-2.0 */
/* Who may approve what: several people, never the requester, unless the glass is broken; reminders. */
#include "base/mem.h"
#include "tests/support/harness.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define WORKFLOW(body)                                                                                       \
    "local wf = workflow { name = 'gray_upgrade', version = '1.0', api = 1 }\n"                              \
    "function wf:upgrade(nf, plan)\n" body "\nend\nreturn wf\n"

static struct harness *asking(const char *workflow, char **ret_run)
{
    struct harness *h = harness_new(&(struct harness_options){.workflow = workflow});
    *ret_run = harness_submit(h, "amf");
    for (int i = 0; i < 2000; i++) {
        assert_true(harness_event(h));
        if (strcmp(harness_state(h, *ret_run), "PROCESSING") != 0)
            continue;
        json_t *view = harness_view(h, *ret_run);
        bool open = json_object_get(view, "approval") != NULL;
        json_decref(view);
        if (open)
            return h;
    }
    fail();
    return h;
}

static bool say(struct harness *h, const char *run, const char *who, const char *verb, const char *args,
                struct fy_err *err)
{
    struct fy_caller caller = {.who = who, .from = "unix"};
    bool ok = fy_engine_command(h->engine, run, verb, args, &caller, NULL, NULL, err);
    for (int i = 0; i < 8; i++)
        (void)harness_event(h);
    return ok;
}

static void assert_transcript(struct harness *h, const char *run, const char *part)
{
    FY_AUTO(fy_free_ptr) char *text = harness_transcript(h, run);
    if (strstr(text, part) == NULL) {
        puts(text);
        fail_msg("the transcript lacks \"%s\"", part);
    }
}

static void done_with(struct harness *h, char *run)
{
    free(run);
    harness_free(h);
}

static void test_two_different_people_must_approve_and_the_requester_is_none(void **state)
{
    (void)state;
    char *run;
    struct fy_err err = {0};
    struct harness *h = asking(WORKFLOW("ask { 'Go on?', count = 2 }"), &run);
    assert_false(say(h, run, "uid:1000 (ana)", "approve", NULL, &err));
    assert_non_null(strstr(err.message, "uid:1000 (ana) requested this upgrade"));
    assert_non_null(strstr(err.hint, "break_glass"));
    assert_true(say(h, run, "uid:1001 (otto)", "approve", NULL, &err));
    assert_false(say(h, run, "uid:1001 (otto)", "approve", NULL, &err));
    assert_non_null(strstr(err.message, "2 different people"));
    harness_crash(h);
    for (int i = 0; i < 20; i++)
        (void)harness_event(h);
    assert_string_equal(harness_state(h, run), "PROCESSING");
    assert_false(say(h, run, "uid:1001 (otto)", "approve", NULL, &err)); /* nor after a restart */
    assert_true(say(h, run, "uid:1002 (ida)", "approve", NULL, &err));
    assert_true(harness_until(h, run, "COMPLETED"));
    done_with(h, run);
}

static void test_broken_glass_needs_a_reason_and_is_reviewed(void **state)
{
    (void)state;
    char *run;
    struct fy_err err = {0};
    struct harness *h = asking(WORKFLOW("ask { 'Go on?' }"), &run);
    assert_false(say(h, run, "uid:1000 (ana)", "approve", "{\"break_glass\":true}", &err));
    assert_non_null(strstr(err.message, "needs a reason"));
    assert_true(
        say(h, run, "uid:1000 (ana)", "approve", "{\"break_glass\":true,\"why\":\"alone on site\"}", &err));
    assert_true(harness_until(h, run, "COMPLETED"));
    struct fy_buf report = {0};
    assert_true(fy_engine_report(h->engine, run, &report, &err));
    assert_non_null(
        strstr(report.data, "break-glass: uid:1000 (ana) approved their own request: alone on site"));
    fy_buf_free(&report);
    done_with(h, run);
}

static void test_whoever_rejects_says_why(void **state)
{
    (void)state;
    char *run;
    struct fy_err err = {0};
    struct harness *h = asking(WORKFLOW("ask { 'Go on?' }"), &run);
    assert_true(say(h, run, "uid:1000 (ana)", "reject", "{\"why\":\"paging looks odd\"}", &err));
    assert_true(harness_until(h, run, "FAILED_TEMP"));
    assert_transcript(h, run, "rejected by uid:1000 (ana): paging looks odd");
    done_with(h, run);
}

static void test_somebody_is_reminded_once_before_the_deadline(void **state)
{
    (void)state;
    char *run;
    struct harness *h = asking(WORKFLOW("ask { 'Go on?', within = '20m' }"), &run);
    int64_t asked_ms = virtual_clock(h->time).wall_ms(h->time);
    while (virtual_clock(h->time).wall_ms(h->time) < asked_ms + 18LL * 60000)
        assert_true(harness_event(h));
    assert_transcript(h, run, "nobody has answered yet, and then it holds: Go on? (role approver, 0 of 1)");
    while (virtual_clock(h->time).wall_ms(h->time) < asked_ms + 25LL * 60000)
        assert_true(harness_event(h));
    assert_transcript(h, run, "nobody has answered in time");
    FY_AUTO(fy_free_ptr) char *text = harness_transcript(h, run);
    assert_null(strstr(strstr(text, "nobody has answered yet") + 1, "nobody has answered yet"));
    done_with(h, run);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_two_different_people_must_approve_and_the_requester_is_none),
        cmocka_unit_test(test_broken_glass_needs_a_reason_and_is_reviewed),
        cmocka_unit_test(test_whoever_rejects_says_why),
        cmocka_unit_test(test_somebody_is_reminded_once_before_the_deadline),
    };
    cmocka_set_test_filter(getenv("ONLY"));
    return cmocka_run_group_tests(tests, NULL, NULL);
}
