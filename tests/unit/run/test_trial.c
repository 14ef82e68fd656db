/* SPDX-License-Identifier: Apache-2.0 */
/* The trial: the real workflow on the simulated core, from the order to COMPLETED, in one process. */
#include "tests/support/harness.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void test_the_trial_reaches_completed(void **state)
{
    (void)state;
    struct harness *h = harness_new(&(struct harness_options){0});
    char *run = harness_submit(h, "trial");
    bool asked = false, ok = false;
    for (long i = 0; i < 200000 && !ok; i++) {
        json_t *view = i % 10 == 9 ? harness_view(h, run) : NULL;
        if (!asked && view != NULL && json_object_get(view, "approval") != NULL) {
            struct fy_err err;
            assert_true(harness_command(h, run, "approve", NULL, &err));
            asked = true;
        }
        json_decref(view);
        ok = strcmp(harness_state(h, run), "COMPLETED") == 0;
        if (!ok && (!harness_event(h) || strcmp(harness_state(h, run), "FAILED_TEMP") == 0 ||
                    strcmp(harness_state(h, run), "ROLLED_BACK") == 0))
            break;
    }
    char *text = harness_transcript(h, run);
    if (!ok || getenv("SHOW") != NULL)
        puts(text);
    json_t *view = harness_view(h, run);
    if (!ok || getenv("SHOW") != NULL)
        (void)json_dumpf(view, stdout, JSON_INDENT(1));
    json_decref(view);
    free(text);
    assert_true(ok);
    assert_true(asked);
    free(run);
    harness_free(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_trial_reaches_completed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
