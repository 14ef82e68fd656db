/* SPDX-License-Identifier: Apache-2.0 */
/* COMPLETED: a line a day, the reminder, the end of the observation, and committing with the next order. */
#include "base/mem.h"
#include "tests/support/harness.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define SMALL_WORLD "{\"users\":60}"
#define SHORT                                                                                                \
    "local wf = workflow { name = 'gray_upgrade', version = '1.0', api = 1 }\n"                              \
    "function wf:upgrade(nf, plan)\n  sleep '1s'\nend\nreturn wf\n"
#define MANY 200000

static struct harness *completed(char **ret_run)
{
    struct harness *h = harness_new(&(struct harness_options){.workflow = SHORT, .world = SMALL_WORLD});
    /* two days instead of seven: the simulated core really lives through them */
    FY_AUTO(fy_free_ptr) char *xml = harness_order_text("amf");
    char *observe = strstr(xml, "observe=\"P7D\" remindBefore=\"P1D\"");
    assert_non_null(observe);
    observe[strlen("observe=\"P")] = '2';
    const char *run;
    bool existed;
    struct fy_err err;
    assert_true(harness_submit_text(h, xml, &run, &existed, &err));
    *ret_run = fy_strdup(run);
    assert_true(harness_until(h, *ret_run, "COMPLETED"));
    return h;
}

static size_t count_in(struct harness *h, const char *run, const char *part)
{
    size_t count = 0;
    FY_AUTO(fy_free_ptr) char *text = harness_transcript(h, run);
    for (const char *at = strstr(text, part); at != NULL; at = strstr(at + 1, part))
        count++;
    return count;
}

static void until_text(struct harness *h, const char *run, const char *part)
{
    for (int i = 0; i < MANY; i++) {
        if (i % 50 == 0 && count_in(h, run, part) > 0)
            return;
        assert_true(harness_event(h));
    }
    fail_msg("%s", part);
}

static char *next_order(const char *nf)
{
    FY_AUTO(fy_free_ptr) char *xml = harness_order_text("amf");
    char *id = strstr(xml, "requestId=\"CHG-0007\""), *name = strstr(xml, "<f:VnfInstanceId>amf-east-1");
    assert_non_null(id);
    assert_non_null(name);
    id[strlen("requestId=\"CHG-000")] = '8';
    name += strlen("<f:VnfInstanceId>");
    return fy_format("%.*s%s%s", (int)(name - xml), xml, nf, name + strlen("amf-east-1"));
}

static bool submit(struct harness *h, const char *xml, const char *commit, const char **ret_run,
                   struct fy_err *err)
{
    bool existed;
    h->commit = commit;
    bool ok = harness_submit_text(h, xml, ret_run, &existed, err);
    h->commit = NULL;
    return ok;
}

static void test_every_day_under_observation_has_one_line_also_after_crashes(void **state)
{
    (void)state;
    char *run;
    struct harness *h = completed(&run);
    until_text(h, run, "day 1 of 2 on 1.3.0: ");
    harness_crash(h);
    until_text(h, run, "REMINDER");
    harness_crash(h);
    until_text(h, run, "ALARM: the observation period is over");
    assert_int_equal(count_in(h, run, " of 2 on 1.3.0"), 2);
    assert_int_equal(count_in(h, run, "REMINDER: the observation ends at"), 1);
    assert_int_equal(count_in(h, run, "ALARM: the observation period is over"), 1);
    assert_string_equal(harness_state(h, run), "COMPLETED");
    FY_AUTO(fy_json_unref) json_t *view = harness_view(h, run);
    assert_non_null(strstr(fy_json_string_or(view, "waiting", ""), "ALARM"));
    free(run);
    harness_free(h);
}

static void test_days_without_an_engine_have_one_line_together(void **state)
{
    (void)state;
    char *run;
    struct harness *h = completed(&run);
    harness_crash(h);
    virtual_time_pass(h->time, 2 * 24 * 3600000LL + 3600000);
    until_text(h, run, "day 2 of 2");
    assert_int_equal(count_in(h, run, " of 2 on 1.3.0"), 1);
    free(run);
    harness_free(h);
}

static void test_an_order_may_commit_the_run_before_it_and_go_on(void **state)
{
    (void)state;
    char *run;
    const char *next;
    struct fy_err err = {0};
    struct harness *h = completed(&run);
    FY_AUTO(fy_free_ptr) char *xml = next_order("amf-east-1");
    assert_false(submit(h, xml, NULL, &next, &err));
    assert_non_null(strstr(err.hint, "--commit CHG-0007"));
    assert_true(submit(h, xml, run, &next, &err));
    FY_AUTO(fy_free_ptr) char *second = fy_strdup(next);
    assert_true(harness_until(h, run, "COMMITTED"));
    assert_int_equal(count_in(h, run, "to go on with order CHG-0008"), 1);
    assert_true(harness_until(h, second, "COMPLETED"));
    free(run);
    harness_free(h);
}

static void test_committed_and_not_accepted_the_same_request_goes_on(void **state)
{
    (void)state;
    char *run;
    const char *next;
    struct fy_err err = {0};
    struct harness *h = completed(&run);
    FY_AUTO(fy_free_ptr) char *xml = next_order("amf-east-1");
    assert_true(submit(h, xml, run, &next, &err));
    harness_crash(h); /* neither was durable */
    assert_string_equal(harness_state(h, run), "COMPLETED");
    while (harness_event(h) && fy_engine_state(h->engine, run) == NULL)
        ;
    (void)harness_event(h);
    assert_true(harness_command(h, run, "commit", NULL, &err));
    assert_true(harness_until(h, run, "COMMITTED"));
    assert_true(submit(h, xml, run, &next, &err)); /* the commit is there already */
    assert_string_equal(next, "CHG-0008");
    free(run);
    harness_free(h);
}

static void test_only_a_completed_run_of_the_same_function_is_committed_so(void **state)
{
    (void)state;
    char *run;
    const char *next;
    struct fy_err err = {0};
    struct harness *h = completed(&run);
    FY_AUTO(fy_free_ptr) char *same = next_order("amf-east-1");
    FY_AUTO(fy_free_ptr) char *other = next_order("amf-west-9");
    char *group = strstr(other, "amf-set-1");
    assert_non_null(group);
    group[8] = '9';
    assert_false(submit(h, other, run, &next, &err));
    assert_non_null(strstr(err.message, "is not one of amf-west-9"));
    assert_false(submit(h, same, "NOBODY", &next, &err));
    assert_int_equal(err.kind, FY_ERR_NOT_FOUND);
    assert_string_equal(harness_state(h, run), "COMPLETED");
    assert_true(submit(h, same, run, &next, &err));
    assert_false(submit(h, other, next, &next, &err));
    free(run);
    harness_free(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_day_under_observation_has_one_line_also_after_crashes),
        cmocka_unit_test(test_days_without_an_engine_have_one_line_together),
        cmocka_unit_test(test_an_order_may_commit_the_run_before_it_and_go_on),
        cmocka_unit_test(test_committed_and_not_accepted_the_same_request_goes_on),
        cmocka_unit_test(test_only_a_completed_run_of_the_same_function_is_committed_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
