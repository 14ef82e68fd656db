/* SPDX-License-Identifier: Apache-2.0 */
/* What a run does with the judge's verdicts: whole upgrades on the simulated core, a gate at a time. */
#include "run/live.h"
#include "run/view/rejudge.h"
#include "run/watch/signs.h"
#include "tests/support/harness.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define FAULT(fault)     "{\"seed\":7,\"faults\":[" fault "]}"
#define WORSE(permyriad) "{\"fault\":\"target_failure_permyriad\",\"value\":" permyriad "}"
#define UNCOUNTED        "{\"fault\":\"target_refuses_uncounted\"}"
#define EVENTS           400000

struct case_ {
    struct harness *h;
    char *run;
};

static struct case_ begin(const char *world)
{
    struct case_ c = {.h = harness_new(&(struct harness_options){.world = world})};
    c.run = harness_submit(c.h, "trial");
    return c;
}

static void end(struct case_ *c)
{
    free(c->run);
    harness_free(c->h);
}

static const struct fy_run *run_of(const struct case_ *c)
{
    const struct fy_live *live = fy_live_find(c->h->engine, c->run);
    return live != NULL ? live->run : NULL;
}

static bool in_soak(const struct fy_run *run)
{
    return run->step.open && strcmp(run->step.call, "soak") == 0 && run->step.covered_ms >= 60000;
}

/* Approves what is asked, until that holds; false if the run ended first. */
static bool go_on(const struct case_ *c, bool (*holds)(const struct fy_run *run))
{
    struct fy_err err;
    bool asked = false;
    for (long i = 0; i < EVENTS; i++) {
        const struct fy_run *run = run_of(c);
        if (run != NULL && holds(run))
            return true;
        if (run != NULL && (run->state == FY_STATE_FAILED_TEMP || run->state == FY_STATE_COMPLETED)) {
            printf("%s: %s\n", fy_state_name(run->state),
                   run->error.message != NULL ? run->error.message : "");
            return false;
        }
        if (run != NULL && run->approval.open && !asked)
            asked = harness_command(c->h, c->run, "approve", NULL, &err);
        asked &= run == NULL || run->approval.open;
        if (!harness_event(c->h))
            return false;
    }
    return false;
}

static bool goes_back(const struct fy_run *run)
{
    return run->state == FY_STATE_ROLLING_BACK;
}

static bool has_completed(const struct fy_run *run)
{
    return run->state == FY_STATE_COMPLETED;
}

static bool is_paused(const struct fy_run *run)
{
    return run->state == FY_STATE_PAUSED;
}

static void command(const struct case_ *c, const char *verb, const char *args)
{
    struct fy_err err;
    if (!harness_command(c->h, c->run, verb, args, &err))
        fail_msg("%s: %s (%s)", verb, err.message, err.hint);
}

static char *rejudged(const struct case_ *c, int64_t margin_bp)
{
    const struct fy_rejudge settings = {.margin_bp = margin_bp, .alpha_bp = FY_REJUDGE_AS_IT_WAS};
    struct fy_buf buf = {0};
    struct fy_err err;
    if (!fy_engine_rejudge(c->h->engine, c->run, &settings, &buf, &err))
        fail_msg("%s", err.message);
    return buf.data;
}

static void test_a_worse_target_is_rolled_back_with_evidence(void **state)
{
    (void)state;
    struct case_ c = begin(FAULT(WORSE("500")));
    assert_true(go_on(&c, goes_back));
    const struct fy_run *run = run_of(&c);
    printf("%s\n", run->sentence);
    assert_string_equal(run->verdict, "rollback");
    assert_non_null(strstr(run->sentence, "users were harmed"));
    assert_non_null(strstr(run->evidence, "\"odds_ratio_95\""));
    assert_non_null(strstr(run->evidence, "\"smallest_points\""));
    end(&c);
}

static void test_a_target_that_refuses_before_it_counts_is_missed(void **state)
{
    (void)state;
    struct case_ c = begin(FAULT(UNCOUNTED));
    assert_true(go_on(&c, goes_back));
    printf("%s\n", run_of(&c)->sentence);
    assert_non_null(strstr(run_of(&c)->sentence, "attempts are missing on the target"));
    end(&c);
}

static void test_gates_act_while_paused(void **state)
{
    (void)state;
    struct case_ c = begin(
        "{\"seed\":7,\"faults\":[{\"fault\":\"target_failure_permyriad\",\"value\":900,\"after\":\"75m\"}]}");
    if (go_on(&c, in_soak)) {
        command(&c, "pause", "{\"why\":\"test\"}");
        assert_true(go_on(&c, is_paused));
        assert_true(go_on(&c, goes_back));
        assert_string_equal(run_of(&c)->verdict, "rollback");
    } else {
        fail_msg("no soak");
    }
    end(&c);
}

static void test_a_waived_gate_does_not_count(void **state)
{
    (void)state;
    struct case_ c = begin("{\"seed\":7,\"faults\":[{\"fault\":\"target_failure_permyriad\",\"value\":300,"
                           "\"on\":\"amf.paging\",\"after\":\"52m\"}]}");
    struct fy_err err;
    assert_true(go_on(&c, in_soak));
    assert_false(harness_command(c.h, c.run, "waive-gate",
                                 "{\"gate\":\"amf.pager\",\"minutes\":5,\"why\":\"x\"}", &err));
    assert_non_null(strstr(err.message, "the order has no gate \"amf.pager\""));
    assert_false(harness_command(c.h, c.run, "waive-gate", "{\"gate\":\"amf.paging\",\"minutes\":5}", &err));
    command(&c, "waive-gate",
            "{\"gate\":\"amf.paging\",\"minutes\":600,\"role\":\"duty\",\"why\":\"known, ticket 4711\"}");
    for (int i = 0; i < 20; i++)
        assert_true(harness_event(c.h));
    json_t *view = harness_view(c.h, c.run);
    const json_t *waiver = json_array_get(json_object_get(view, "gate_waivers"), 0);
    assert_string_equal(fy_json_string_or(waiver, "gate", ""), "amf.paging");
    assert_string_equal(fy_json_string_or(waiver, "role", ""), "duty");
    assert_non_null(json_object_get(json_object_get(view, "judge"), "evidence"));
    json_decref(view);
    assert_true(go_on(&c, has_completed));
    end(&c);
}

static bool is_held(const struct fy_run *run)
{
    return run->verdict != NULL && strcmp(run->verdict, "hold") == 0;
}

/* A neighbour fails while users move: nobody's regression. Nobody is moved until it is over, then it goes on.
 */
static void test_a_storm_holds_the_moves_and_passes(void **state)
{
    (void)state;
    struct case_ c = begin("{\"seed\":7,\"faults\":[{\"fault\":\"neighbour_storm_permyriad\",\"value\":2000,"
                           "\"after\":\"24m\",\"for\":\"10m\"}]}");
    assert_true(go_on(&c, is_held));
    printf("%s\n", run_of(&c)->sentence);
    assert_int_equal(run_of(&c)->state, FY_STATE_PROCESSING);
    json_t *view = harness_view(c.h, c.run);
    printf("%s\n", fy_json_string_or(view, "waiting", "?"));
    json_decref(view);
    assert_true(go_on(&c, has_completed));
    end(&c);
}

static void test_signs_are_read_as_the_order_says(void **state)
{
    (void)state;
    struct fy_order_alarm_gate critical = {.severity = FY_SEVERITY_CRITICAL},
                               minor = {.severity = FY_SEVERITY_MINOR};
    struct fy_order_gate gate = {.alarm = &critical};
    json_t *alarms =
        json_loads("{\"alarms\":[{\"id\":\"a\",\"severity\":\"critical\",\"domain\":\"source\"},"
                   "{\"id\":\"b\",\"severity\":\"minor\",\"domain\":\"target\",\"text\":\"warm\"}]}",
                   0, NULL);
    assert_null(fy_signs_alarm(&gate, alarms));
    assert_null(fy_signs_alarm(&gate, NULL));
    gate.alarm = &minor;
    FY_AUTO(fy_free_ptr) char *alarm = fy_signs_alarm(&gate, alarms);
    assert_string_equal(alarm, "b: warm");
    struct fy_order_security_gate security = {0};
    gate.security = &security;
    json_t *ticks = json_loads(
        "[{\"source\":{\"security\":{\"x\":2}},\"target\":{\"security\":{\"x\":1,\"y\":4}}}]", 0, NULL);
    struct fy_buf buf = {0};
    fy_buf_open(&buf, '{');
    fy_signs_body(&gate, ticks, 0, 1, &buf);
    fy_buf_close(&buf, '}');
    assert_string_equal(buf.data, "{\"security\":[2,5]}");
    fy_buf_free(&buf);
    json_decref(ticks);
    json_decref(alarms);
}

static void test_a_verdict_judged_again_is_the_same_to_the_last_bit(void **state)
{
    (void)state;
    struct case_ c = begin("{\"seed\":3}");
    assert_true(go_on(&c, in_soak));
    harness_crash(c.h); /* what was judged before is folded again */
    assert_true(go_on(&c, has_completed));
    FY_AUTO(fy_free_ptr) char *again = rejudged(&c, FY_REJUDGE_AS_IT_WAS);
    printf("%s\n", again);
    assert_non_null(strstr(again, "\"same\":true"));
    assert_null(strstr(again, "\"same\":false"));
    assert_non_null(strstr(again, "\"rollbacks\":[]"));
    end(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_worse_target_is_rolled_back_with_evidence),
        cmocka_unit_test(test_a_target_that_refuses_before_it_counts_is_missed),
        cmocka_unit_test(test_gates_act_while_paused),
        cmocka_unit_test(test_a_waived_gate_does_not_count),
        cmocka_unit_test(test_a_storm_holds_the_moves_and_passes),
        cmocka_unit_test(test_signs_are_read_as_the_order_says),
        cmocka_unit_test(test_a_verdict_judged_again_is_the_same_to_the_last_bit),
    };
    return cmocka_run_group_tests_name("judged", tests, NULL, NULL);
}
