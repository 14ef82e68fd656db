/* SPDX-License-Identifier: Apache-2.0 */
/* Ten steps through journal, script seam and adapter seam. */
#include "tests/support/harness.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const char ten_steps[] = "local wf = workflow { name = 'gray_upgrade', version = '1.0', api = 1 }\n"
                                "function wf:upgrade(nf, plan)\n"
                                "  phase 'ten'\n"
                                "  nf:stage_image()\n"
                                "  nf:suspend 'healing'\n"
                                "  nf:load() nf:split()\n"
                                "  for i = 1, 3 do sleep '1s' end\n"
                                "  note('health', nf:observe('health').ready)\n"
                                "  nf:release_guards()\n"
                                "end\n"
                                "return wf\n";

static void test_ten_steps_reach_completed(void **state)
{
    (void)state;
    struct harness *h = harness_new(&(struct harness_options){.workflow = ten_steps});
    char *run = harness_submit(h, "amf");
    bool ok = harness_until(h, run, "COMPLETED");
    char *text = harness_transcript(h, run);
    if (!ok || getenv("SHOW") != NULL)
        puts(text);
    free(text);
    assert_true(ok);
    free(run);
    harness_free(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ten_steps_reach_completed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
