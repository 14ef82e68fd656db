/* SPDX-License-Identifier: Apache-2.0 */
#include "base/buf.h"
#include "journal/journal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const struct example {
    uint32_t kind;
    const char *body;
    const char *sentence;
} examples[] = {
    {FY_REC_ORDER_ACCEPTED,
     "{\"order\":{\"request\":{\"id\":\"CHG-7\",\"vnf_instance\":\"amf-east-1\",\"source\":{\"version\":\"1."
     "2.0\"},"
     "\"target\":{\"version\":\"1.3.0\"}}},\"caller\":{\"who\":\"uid:1000 (ana)\"},"
     "\"workflow\":{\"name\":\"gray_upgrade\",\"version\":1}}",
     "order CHG-7 accepted from uid:1000 (ana): amf-east-1 from 1.2.0 to 1.3.0, workflow gray_upgrade 1"},
    {FY_REC_PROGRAM_STARTED, "{\"program\":1,\"function\":\"upgrade\"}", "program 1 started: upgrade"},
    {FY_REC_STATE_CHANGED, "{\"from\":\"STARTING\",\"to\":\"PROCESSING\",\"event\":\"ready\"}",
     "STARTING -> PROCESSING (ready)"},
    {FY_REC_STATE_CHANGED,
     "{\"from\":\"PROCESSING\",\"to\":\"FAILED_TEMP\",\"event\":\"failure\",\"why\":\"w\",\"error\":{"
     "\"kind\":"
     "\"permanent\",\"message\":\"no such image\",\"hint\":\"load it\"}}",
     "PROCESSING -> FAILED_TEMP (failure): no such image; load it"},
    {FY_REC_INTENT,
     "{\"step\":12,\"attempt\":1,\"call\":\"upgrade\",\"args\":{\"instances\":[\"amf-svc-02\",\"amf-svc-03\","
     "\"amf-svc-04\",\"amf-svc-08\"],\"vdu\":\"SVC\",\"version\":\"1.3.0\"}}",
     "step 12: upgrade 4 (amf-svc-02 ... amf-svc-08) of SVC to 1.3.0"},
    {FY_REC_INTENT,
     "{\"step\":13,\"attempt\":2,\"call\":\"steer\",\"args\":{\"permille\":505,\"basis\":\"users\",\"rate\":"
     "2000}}",
     "step 13: steer 50.5 % of users to the target at 2,000 a second, attempt 2"},
    {FY_REC_INTENT, "{\"step\":1,\"call\":\"acme.issu_check\",\"connection\":\"amf\",\"args\":{\"x\":1}}",
     "step 1: acme.issu_check {\"x\":1} on amf"},
    {FY_REC_OUTCOME, "{\"step\":12,\"attempt\":1,\"ok\":true,\"result\":{\"upgraded\":7}}",
     "step 12 done, 7 upgraded"},
    {FY_REC_OUTCOME, "{\"step\":12,\"ok\":false,\"error\":{\"kind\":\"permanent\",\"message\":\"quota\"}}",
     "step 12 failed: quota"},
    {FY_REC_OUTCOME, "{\"step\":3,\"ok\":true,\"by\":{\"who\":\"ana\"},\"result\":{}}",
     "step 3 settled by ana done"},
    {FY_REC_PLAN_MADE, "{\"revision\":2,\"why\":\"load moved\",\"plan\":{}}", "plan revision 2: load moved"},
    {FY_REC_PHASE, "{\"text\":\"migrate\"}", "phase: migrate"},
    {FY_REC_NOTE, "{\"text\":\"a\\nb\"}", "note: a b"},
    {FY_REC_SAMPLE, "{\"end\":1763773925000,\"users\":{\"5g\":[13856,13961],\"4g\":[1696,1608]}}",
     "sample at 01:12:05: 13,856 + 13,961 users in 5G, 1,696 + 1,608 users in 4G"},
    {FY_REC_SAMPLE, "{\"end\":1763773925000}", "sample at 01:12:05: no users counted"},
    {FY_REC_PROGRESS, "{\"step\":4,\"done\":3,\"total\":7,\"text\":\"booting\"}", "step 4: 3 of 7: booting"},
    {FY_REC_COMMAND, "{\"verb\":\"pause\",\"caller\":{\"who\":\"ana\"}}", "pause by ana"},
    {FY_REC_APPROVAL_ASKED,
     "{\"id\":1,\"step\":9,\"question\":\"Go to 100 %?\",\"role\":\"approver\",\"deadline_ms\":1763773925000,"
     "\"on_timeout\":\"hold\"}",
     "asked role approver: Go to 100 %? Until 01:12:05, then hold"},
    {FY_REC_APPROVAL_GIVEN, "{\"id\":1,\"answer\":\"approve\",\"caller\":{\"who\":\"ben\"}}",
     "approval 1 is answered: approve"},
    {FY_REC_VERDICT,
     "{\"stage\":0,\"verdict\":\"pass\",\"sentence\":\"no KPI is "
     "worse\",\"covered_ms\":900000,\"final\":true}",
     "verdict pass: no KPI is worse (after 15 min)"},
    {FY_REC_VERDICT, "{\"verdict\":\"inconclusive\",\"final\":false}", "inconclusive so far"},
    {FY_REC_GUARD_TAKEN, "{\"guard\":\"healing\",\"connection\":\"vim\",\"prior\":{\"enabled\":true}}",
     "guard healing on vim taken; it was {\"enabled\":true}"},
    {FY_REC_GUARD_RELEASED, "{\"guard\":\"healing\",\"found\":{\"enabled\":true},\"as_it_was\":true}",
     "guard healing given back as it was: {\"enabled\":true}"},
    {FY_REC_GUARD_RELEASED, "{\"guard\":\"healing\",\"found\":false,\"as_it_was\":false,\"why\":\"changed\"}",
     "guard healing given back, but it is false: changed"},
    {FY_REC_RESUMED, "{\"epoch\":2,\"in_flight\":{\"step\":12,\"call\":\"upgrade\"},\"how\":\"asked again\"}",
     "engine 2 took the run over; step 12 (upgrade) was in flight: asked again"},
    {FY_REC_RESUMED, "{\"epoch\":2}", "engine 2 took the run over; nothing was in flight"},
    {FY_REC_CHECKED,
     "{\"when\":\"starting\",\"results\":[{\"check\":\"a\",\"ok\":true},{\"check\":\"headroom\",\"ok\":false,"
     "\"why\":\"12 % free\"}]}",
     "checked (starting): 1 of 2 passed; failed: headroom (12 % free)"},
    {FY_REC_ALARM, "{\"text\":\"nobody has answered yet\",\"about\":\"reminder\"}",
     "ALARM: nobody has answered yet"},
    {FY_REC_DECIDED, "{\"verb\":\"set-aside\",\"ok\":true,\"who\":\"ana\"}", "set-aside granted"},
    {FY_REC_DECIDED, "{\"verb\":\"set-aside\",\"ok\":false,\"refusal\":\"svc-1 still serves\"}",
     "set-aside refused: svc-1 still serves"},
    {FY_REC_HANDED_OVER,
     "{\"to\":\"ana\",\"why\":\"the rack is dark\",\"permille\":500,\"owed\":[\"svc-1 is on 1.2.0\"]}",
     "handed over to ana: the rack is dark; 50 % of the users on the target; owed: svc-1 is on 1.2.0"},
    {FY_REC_HANDED_OVER, "{\"to\":\"ana\",\"owed\":[]}", "handed over to ana"},
    {FY_REC_FREED, "{\"how\":\"clean\",\"who\":\"ana\"}",
     "free for the next order: proven clean, asked by ana"},
    {FY_REC_FREED, "{\"how\":\"adopt\",\"who\":\"ana\",\"why\":\"it serves\"}",
     "free for the next order: adopted as it stands by ana: it serves"},
    {FY_REC_OBSERVED, "{\"text\":\"day 1: quiet\"}", "day 1: quiet"},
    {FY_REC_CHECKPOINT, "{\"algorithm\":\"ed25519\",\"seq\":120}",
     "checkpoint: record 120 is signed (ed25519)"},
    {FY_REC_AMENDED,
     "{\"text\":\"window end 05:00 to 06:00\",\"why\":\"late start\",\"caller\":{\"who\":\"ana\"}}",
     "order amended by ana: window end 05:00 to 06:00: late start"},
    /* Bodies that somebody else wrote. */
    {FY_REC_PHASE, "{}", "phase: ?"},
    {FY_REC_PHASE, "[]", "phase whose body cannot be read"},
    {FY_REC_INTENT, "{\"step\":[],\"call\":7}", "step []: 7"},
    {FY_REC_SAMPLE, "{\"end\":-1,\"users\":{\"x\":7,\"y\":[1]}}",
     "sample at 23:59:59: ? + ? users in X, 1 + ? users in Y"},
    {99, "{\"a\":1}", "record of kind 99 (made by a newer ferryd) {\"a\":1}"},
};

static void assert_says(uint32_t kind, const char *body, const char *sentence)
{
    struct fy_row row = {.run = "r", .seq = 1, .kind = kind, .body = body, .body_length = strlen(body)};
    struct fy_buf buf = {0};
    fy_describe(&row, &buf);
    assert_string_equal(buf.data, sentence);
    fy_buf_free(&buf);
}

static void test_each_kind_has_its_sentence(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof examples / sizeof examples[0]; i++)
        assert_says(examples[i].kind, examples[i].body, examples[i].sentence);
}

static void test_every_kind_is_in_the_examples(void **state)
{
    (void)state;
    for (uint32_t kind = 1; fy_record_name(kind) != NULL; kind++) {
        bool found = false;
        for (size_t i = 0; i < sizeof examples / sizeof examples[0]; i++)
            found = found || examples[i].kind == kind;
        if (!found)
            fail_msg("%s has no example here", fy_record_name(kind));
    }
}

static void test_any_kind_bears_any_body(void **state)
{
    (void)state;
    static const char *const bodies[] = {"{}",
                                         "",
                                         "7",
                                         "null",
                                         "{\"step\":{\"a\":[1,[2]]},\"error\":1,\"ok\":false}",
                                         "{\"results\":7,\"when\":null,\"in_flight\":1,\"users\":[]}",
                                         "{\"a\":"};
    for (uint32_t kind = 0; kind < 40; kind++)
        for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
            struct fy_row row = {
                .run = "r", .kind = kind, .body = bodies[i], .body_length = strlen(bodies[i])};
            struct fy_buf buf = {0};
            fy_describe(&row, &buf);
            assert_true(buf.length > 0);
            fy_buf_free(&buf);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_kind_has_its_sentence),
        cmocka_unit_test(test_every_kind_is_in_the_examples),
        cmocka_unit_test(test_any_kind_bears_any_body),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
