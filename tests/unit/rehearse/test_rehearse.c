/* SPDX-License-Identifier: Apache-2.0 */
/* Rehearsals: a twin of the order's shape, one trouble at one step, and what is made of its end. */
#include "rehearse/rehearsal.h"

#include "base/buf.h"
#include "base/mem.h"
#include "order/read.h"
#include "script/catalog.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

struct stage {
    char *xml;
    struct fy_order *order;
    struct fy_catalog *catalog;
    struct fy_workflow workflow;
    struct fy_score score;
    struct fy_actings actings;
};

static char *replaced(const char *text, const char *what, const char *with)
{
    struct fy_buf out = {0};
    for (const char *at; (at = strstr(text, what)) != NULL; text = at + strlen(what)) {
        fy_buf_put(&out, text, (size_t)(at - text));
        fy_buf_text(&out, with);
    }
    fy_buf_text(&out, text);
    return fy_buf_take(&out);
}

static void set_stage(struct stage *stage, const char *what, const char *with)
{
    struct fy_err err;
    char part[4096];
    size_t count;
    struct fy_buf text = {0};
    FILE *file = fopen(SOURCE_DIR "/plugins/simulator/trial/amf-issu-order.xml", "re");
    assert_non_null(file);
    while ((count = fread(part, 1, sizeof part, file)) > 0)
        fy_buf_put(&text, part, count);
    (void)fclose(file);
    char *xml = fy_buf_take(&text);
    *stage = (struct stage){.xml = what != NULL ? replaced(xml, what, with) : fy_strdup(xml)};
    free(xml);
    if (!fy_order_read(stage->xml, strlen(stage->xml), &stage->order, NULL, &err) ||
        !fy_catalog_open(SOURCE_DIR "/workflows", &stage->catalog, &err))
        fail_msg("%s", err.message);
    for (size_t i = 0; i < stage->catalog->count; i++) {
        const struct fy_catalog_entry *entry = &stage->catalog->entry[i];
        if (strcmp(entry->name, "issu") == 0)
            stage->workflow =
                (struct fy_workflow){entry->name,       entry->version, entry->api,  entry->texts,
                                     entry->text_count, entry->params,  entry->needs};
    }
    stage->score = (struct fy_score){
        .xml = stage->xml, .order = stage->order, .workflows = &stage->workflow, .workflow_count = 1};
}

static void strike(struct stage *stage)
{
    fy_actings_free(&stage->actings);
    fy_catalog_free(stage->catalog);
    fy_order_free(stage->order);
    free(stage->xml);
}

static uint64_t step_of(const struct stage *stage, const char *call)
{
    for (size_t i = 0; i < stage->actings.count; i++)
        if (strcmp(stage->actings.list[i].call, call) == 0)
            return stage->actings.list[i].step;
    fail_msg("no step %s", call);
    return 0;
}

static void undisturbed(struct stage *stage)
{
    struct fy_outcome outcome;
    fy_rehearse(&stage->score, FY_TROUBLE_NONE, 0, &outcome, &stage->actings);
    if (outcome.end != FY_END_DONE || !outcome.acceptable)
        fail_msg("%s", outcome.why);
    assert_true(stage->actings.count > 20);
}

static void test_a_step_whose_reply_is_lost_is_done_once_and_the_upgrade_goes_on(void **state)
{
    (void)state;
    static const enum fy_trouble passing[] = {FY_TROUBLE_lost, FY_TROUBLE_host, FY_TROUBLE_crash,
                                              FY_TROUBLE_blip};
    static const char *const calls[] = {"drain", "release_guards"};
    struct stage stage;
    set_stage(&stage, NULL, NULL);
    undisturbed(&stage);
    for (size_t i = 0; i < FY_COUNT(passing); i++)
        for (size_t k = 0; k < FY_COUNT(calls); k++) {
            struct fy_outcome outcome;
            fy_rehearse(&stage.score, passing[i], step_of(&stage, calls[k]), &outcome, NULL);
            assert_true(outcome.struck);
            if (outcome.end != FY_END_DONE || !outcome.acceptable)
                fail_msg("%s, %s: %s", calls[k], fy_troubles[passing[i]].name, outcome.why);
        }
    strike(&stage);
}

static void test_a_step_that_fails_for_good_goes_back(void **state)
{
    (void)state;
    struct stage stage;
    struct fy_outcome outcome;
    set_stage(&stage, NULL, NULL);
    undisturbed(&stage);
    fy_rehearse(&stage.score, FY_TROUBLE_fail, step_of(&stage, "drain"), &outcome, NULL);
    assert_true(outcome.struck);
    assert_int_equal(outcome.end, FY_END_BACK);
    assert_int_equal(outcome.dropped, 0);
    if (!outcome.acceptable)
        fail_msg("%s", outcome.why);
    strike(&stage);
}

/* The gate strikes after the soak, between the upgrade of the other stores and their return into service. */
static void test_a_target_that_is_worse_is_left(void **state)
{
    (void)state;
    struct stage stage;
    struct fy_outcome outcome;
    set_stage(&stage, NULL, NULL);
    undisturbed(&stage);
    fy_rehearse(&stage.score, FY_TROUBLE_worse, step_of(&stage, "soak"), &outcome, NULL);
    assert_true(outcome.struck);
    assert_int_not_equal(outcome.end, FY_END_DONE);
    if (!outcome.acceptable)
        fail_msg("%s", outcome.why);
    strike(&stage);
}

/* The twin has the order's names for what the simulated core calls otherwise. */
static void test_a_twin_answers_to_the_names_of_the_order(void **state)
{
    (void)state;
    struct stage stage;
    set_stage(&stage, "vduId=\"SVC\"", "vduId=\"amf-processing\"");
    undisturbed(&stage);
    strike(&stage);
}

static void test_an_order_with_two_vdus_of_a_role_has_no_twin(void **state)
{
    (void)state;
    struct stage stage;
    struct fy_outcome outcome;
    set_stage(&stage, "vduId=\"LB\" role=\"active-standby\"", "vduId=\"LB\" role=\"oam\"");
    fy_rehearse(&stage.score, FY_TROUBLE_NONE, 0, &outcome, NULL);
    assert_false(outcome.acceptable);
    assert_non_null(strstr(outcome.why, "one VDU of each role"));
    strike(&stage);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_step_whose_reply_is_lost_is_done_once_and_the_upgrade_goes_on),
        cmocka_unit_test(test_a_step_that_fails_for_good_goes_back),
        cmocka_unit_test(test_a_target_that_is_worse_is_left),
        cmocka_unit_test(test_a_twin_answers_to_the_names_of_the_order),
        cmocka_unit_test(test_an_order_with_two_vdus_of_a_role_has_no_twin),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
