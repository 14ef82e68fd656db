/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/catalogue.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* A script host that answers when the test says so. */
static struct {
    struct fy_script script;
    const char *asked[16]; /* runs; lent by the catalogue */
    size_t count;
} host;

static void start(struct fy_script *self, const struct fy_script_start *start)
{
    (void)self;
    host.asked[host.count++] = start->run;
}

static void drop(struct fy_script *self, const char *run)
{
    (void)self;
    (void)run;
}

static void new_host(void)
{
    host.script = (struct fy_script){.start = start, .drop = drop};
    host.count = 0;
}

static void tell(const struct fy_script_event *event)
{
    host.script.on_event(host.script.context, event);
}

static void describe(const char *run)
{
    FY_AUTO(fy_free_ptr)
    char *result = fy_format("{\"name\":\"%s\",\"version\":\"1.0\",\"api\":1,\"needs\":[],\"params\":{},"
                             "\"functions\":[\"upgrade\"]}",
                             strchr(run, '/') + 1);
    tell(&(struct fy_script_event){.kind = FY_SCRIPT_DONE, .run = run, .result = result});
}

static void fail_with(const char *run, const char *reason)
{
    struct fy_script_event event = {.kind = FY_SCRIPT_ERROR, .run = run, .reason = reason};
    fy_fail(&event.err, FY_ERR_INVALID, "a test says so");
    tell(&event);
}

static void count_event(void *context, const struct fy_script_event *event)
{
    (void)event;
    ++*(int *)context;
}

static void count_growth(void *context)
{
    ++*(int *)context;
}

/* Asked and settled; the events are the engine's by now. */
static struct fy_catalogue opened(int *engine_events)
{
    struct fy_catalogue catalogue = {0};
    struct fy_err err;
    new_host();
    assert_true(fy_catalogue_ask(&catalogue, SOURCE_DIR "/workflows", &host.script, &err));
    assert_true(catalogue.waiting > 0);
    assert_int_equal(host.count, catalogue.waiting);
    fy_catalogue_settle(&catalogue);
    host.script.on_event = count_event;
    host.script.context = engine_events;
    return catalogue;
}

static void test_a_workflow_that_did_not_answer_is_asked_again(void **state)
{
    (void)state;
    int events = 0, growth = 0;
    struct fy_catalogue catalogue = opened(&events);
    size_t all = catalogue.read->count;
    assert_int_equal(catalogue.count, 0);
    fy_catalogue_follow(&catalogue, count_growth, &growth);
    describe(host.asked[0]); /* too late: it was dropped */
    assert_int_equal(growth, 0);
    assert_true(fy_catalogue_again(&catalogue));
    assert_int_equal(host.count, 2 * all);
    for (size_t i = 0; i < all; i++)
        describe(host.asked[all + i]);
    assert_int_equal(growth, all);
    assert_int_equal(catalogue.count, all);
    assert_string_equal(catalogue.workflows[0].name, catalogue.read->entry[0].name);
    assert_false(fy_catalogue_again(&catalogue)); /* nobody is left */
    tell(&(struct fy_script_event){.kind = FY_SCRIPT_CALL, .run = "CHG-1"});
    assert_int_equal(events, 1); /* what is not its own is passed on */
    fy_catalogue_free(&catalogue);
}

static void test_a_text_that_hangs_is_asked_a_few_times_and_a_wrong_one_is_not(void **state)
{
    (void)state;
    int events = 0, growth = 0;
    struct fy_catalogue catalogue = opened(&events);
    fy_catalogue_follow(&catalogue, count_growth, &growth);
    assert_true(fy_catalogue_again(&catalogue));
    size_t before = host.count;
    for (size_t i = 0; i < catalogue.read->count; i++)
        fail_with(catalogue.runs[i], i == 0 ? "hung" : "workflow");
    int again = 0;
    while (fy_catalogue_again(&catalogue)) {
        again++;
        fail_with(catalogue.runs[0], "hung");
    }
    assert_int_equal(again, FY_CATALOGUE_TRIES - 2);
    assert_int_equal(host.count - before, again);
    assert_int_equal(growth, 0);
    fy_catalogue_free(&catalogue);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_workflow_that_did_not_answer_is_asked_again),
        cmocka_unit_test(test_a_text_that_hangs_is_asked_a_few_times_and_a_wrong_one_is_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
