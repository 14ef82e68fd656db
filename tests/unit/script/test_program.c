/* SPDX-License-Identifier: Apache-2.0 */
/* A workflow to calls, outcomes to a workflow. */
#include "kit.h"

#include "base/mem.h"

static void test_program_yields_calls_in_order(void **state)
{
    (void)state;
    struct kit kit;
    kit_open(&kit, NULL);
    kit_start(&kit, KIT_WORKFLOW("phase 'prepare' nf:check(plan.checks) note('a', 1) nf:load()"));
    kit_is_call(&kit, "check", "{\"checks\":[\"health\",\"alarms\"]}");
    assert_int_equal(kit.event.note_count, 1);
    assert_true(kit.event.notes[0].phase);
    assert_string_equal(kit.event.notes[0].text, "prepare");
    kit_result(&kit, "{\"results\":[]}");
    kit_is_call(&kit, "load", "{\"version\":\"1.3.0\"}");
    assert_int_equal(kit.event.note_count, 1);
    assert_false(kit.event.notes[0].phase);
    assert_string_equal(kit.event.notes[0].text, "a 1");
    kit_result(&kit, "{}");
    kit_is_done(&kit, "{}");
    kit_close(&kit);
}

static void test_program_hands_results_to_the_workflow(void **state)
{
    (void)state;
    struct kit kit;
    kit_open(&kit, NULL);
    kit_start(
        &kit,
        KIT_WORKFLOW(
            "local a = nf:collect() return { first = a.items[1].name, empty = a.list, none = a.nil_ }"));
    kit_result(&kit, "{\"items\":[{\"name\":\"q\\\"\\u00e4\\n\"}],\"list\":[]}");
    kit_is_done(&kit, "{\"empty\":[],\"first\":\"q\\\"\xc3\xa4\\n\"}");
    kit_close(&kit);
}

static void test_program_keeps_a_state_it_only_hands_on(void **state)
{
    (void)state;
    struct kit kit;
    kit_open(&kit, NULL);
    kit_start(&kit, KIT_WORKFLOW("nf:suspend 'healing'"));
    kit_is_call(&kit, "take_guard", "{\"guard\":\"healing\"}");
    kit_result(&kit, "{\"guard\":\"healing\",\"prior\":{\"z\":null,\"a\":[],\"m\":{},\"n\":[1,[]]},\"off\":{"
                     "\"enabled\":false}}");
    kit_is_call(&kit, "guard_set",
                "{\"guard\":\"healing\",\"prior\":{\"a\":[],\"m\":{},\"n\":[1,[]],\"z\":null},\"state\":{"
                "\"enabled\":false}}");
    kit_close(&kit);
}

static void test_program_shows_failures_to_try_only(void **state)
{
    (void)state;
    struct kit kit;
    kit_open(&kit, NULL);
    kit_start(
        &kit,
        KIT_WORKFLOW(
            "local ok, result, err = nf:try_load() return { ok = ok, kind = err.kind, result = result }"));
    kit_is_call(&kit, "load", "{\"version\":\"1.3.0\"}");
    assert_true(kit.event.tolerant);
    kit_resume(&kit, "{\"ok\":false,\"error\":{\"kind\":\"permanent\",\"message\":\"no disk\"}}");
    kit_is_done(&kit, "{\"kind\":\"permanent\",\"ok\":false}");
    kit_close(&kit);
}

static void test_program_yields_across_pcall(void **state)
{
    (void)state;
    struct kit kit;
    kit_open(&kit, NULL);
    kit_start(
        &kit,
        KIT_WORKFLOW(
            "local ok, r = pcall(function() return nf:load() end) local no, why = pcall(error, {code = 7})"
            " return { ok = ok, r = r, no = no, code = why.code }"));
    kit_is_call(&kit, "load", NULL);
    assert_false(kit.event.tolerant);
    kit_result(&kit, "{\"x\":1}");
    kit_is_done(&kit, "{\"code\":7,\"no\":false,\"ok\":true,\"r\":{\"x\":1}}");
    kit_close(&kit);
}

static void test_program_names_the_line_of_an_error(void **state)
{
    (void)state;
    kit_fails("\n\n local x = nil\n return x.y", "workflow",
              "workflow:5: attempt to index a nil value (local 'x')");
    kit_fails("\n nf:drain({})", "workflow", "workflow:3: nf:drain: give it a batch with instances");
    kit_fails("nf:fly()", "workflow", "workflow:2: nf has no method 'fly'");
    kit_fails("return nope", "workflow", "workflow:2: unknown name 'nope'");
    kit_fails("typo = 1", "workflow", "'typo' is not declared: write local typo");
    kit_fails("nf:call('upgrade', {})", "workflow", "write nf:upgrade");
    kit_fails("nf:call('acme.x', { f = 0.5 })", "workflow", "numbers are whole");
    kit_fails("nf:call('acme.x', { f = print })", "workflow", "unknown name 'print'");
    kit_fails("nf:call('acme.x', { f = phase })", "workflow", "a function cannot be handed to a step");
    kit_fails("local t = {} t.t = t nf:call('acme.x', t)", "workflow", "contain itself");
    kit_fails("nf:call('acme.x', { 1, a = 2 })", "workflow", "not both");
    kit_fails("return end", "workflow", "workflow:3: <eof> expected");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_program_yields_calls_in_order),
        cmocka_unit_test(test_program_hands_results_to_the_workflow),
        cmocka_unit_test(test_program_keeps_a_state_it_only_hands_on),
        cmocka_unit_test(test_program_shows_failures_to_try_only),
        cmocka_unit_test(test_program_yields_across_pcall),
        cmocka_unit_test(test_program_names_the_line_of_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
