/* SPDX-License-Identifier: Apache-2.0 */
/* A run that is given over to people. */
#include "base/mem.h"
#include "tests/support/harness.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define ENOUGH 20000 /* events; the run is over after some hundred */

static const char acts_twice[] = "local wf = workflow { name = 'gray_upgrade', version = '1.0', api = 1 }\n"
                                 "function wf:upgrade(nf, plan)\n"
                                 "  nf:suspend 'healing' nf:load() nf:split()\n"
                                 "end\nreturn wf\n";

static bool at_step(struct harness *h, const char *run, const char *call)
{
    json_t *view = harness_view(h, run);
    bool there = strcmp(fy_json_string_or(json_object_get(view, "step"), "call", ""), call) == 0;
    json_decref(view);
    return there;
}

static bool come_to(struct harness *h, const char *run, const char *state)
{
    for (int i = 0; i < ENOUGH; i++) {
        if (strcmp(harness_state(h, run), state) == 0)
            return true;
        if (!harness_event(h))
            return false;
    }
    return false;
}

static size_t count_in(const char *text, const char *part)
{
    size_t count = 0;
    for (const char *at = strstr(text, part); at != NULL; at = strstr(at + 1, part))
        count++;
    return count;
}

/*
 * Cancelled while a step acts, a run parks with the workflow's next call in hand. An outcome in the tray then
 * waits for nothing but its own commit: it was taken for one that the next intent would carry, and the
 * release was begun anew instead, without end.
 */
static void test_a_run_given_over_with_a_call_in_hand_releases_its_guards_once(void **state)
{
    (void)state;
    struct fy_err err = {0};
    struct harness *h = harness_new(&(struct harness_options){.workflow = acts_twice});
    FY_AUTO(fy_free_ptr) char *run = harness_submit(h, "amf");
    while (harness_state(h, run)[0] == '\0' || !at_step(h, run, "load"))
        assert_true(harness_event(h));
    assert_true(harness_command(h, run, "cancel", NULL, &err));
    assert_true(come_to(h, run, "FAILED_TEMP"));
    assert_true(harness_command(h, run, "fail", NULL, &err));
    assert_true(come_to(h, run, "FAILED"));
    FY_AUTO(fy_free_ptr) char *transcript = harness_transcript(h, run);
    assert_int_equal(count_in(transcript, "give the guards back"), 1);
    assert_int_equal(count_in(transcript, "given back as it was"), 1);
    /* whoever takes it over still sees what stands there; once that is adopted the run is over for good */
    assert_true(harness_command(h, run, "adopt", "{\"why\":\"as it stands\"}", &err));
    while (fy_engine_state(h->engine, run) != NULL)
        assert_true(harness_event(h));
    FY_AUTO(fy_buf_free) struct fy_buf instances = {0};
    assert_true(fy_engine_show_instances(h->engine, run, &instances, &err));
    assert_non_null(strstr(instances.data, "\"why\":\"the run is over"));
    harness_free(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_run_given_over_with_a_call_in_hand_releases_its_guards_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
