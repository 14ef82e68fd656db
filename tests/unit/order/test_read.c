/* SPDX-License-Identifier: Apache-2.0 */
/* Good orders in the shapes in which they come, and their JSON. */
#include "base/json.h"
#include "base/mem.h"
#include "order/explain.h"
#include "tests/unit/order/support.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static struct fy_order *read_file(const char *name)
{
    FY_AUTO(fy_free_ptr) char *text = load_order(name);
    return read_good(text);
}

static void test_an_order_is_read_into_its_structs(void **state)
{
    (void)state;
    FY_AUTO(fy_order_unref) struct fy_order *order = read_file(AMF);
    assert_string_equal(order->request.id, "CHG-0007");
    assert_string_equal(order->request.ticket->requester, "oss");
    assert_int_equal(order->request.window.start_ms, INT64_C(1795363200000));
    assert_int_equal(order->request.window.end_ms - order->request.window.start_ms, 5 * 3600 * 1000);
    assert_int_equal(order->vdu_count, 4);
    const struct fy_order_vdu *vdu = fy_order_find_vdu(order, "SVC");
    assert_string_equal(fy_order_role_name(vdu->role), "load-sharing");
    assert_int_equal(vdu->step, 0);
    assert_int_equal(vdu->max_instances, 24);
    assert_string_equal(vdu->target.digest, "sha256:a8d7");
    assert_false(fy_order_vdu_unchanged(vdu));
    assert_true(fy_order_vdu_unchanged(fy_order_find_vdu(order, "LB")));
    assert_null(fy_order_find_vdu(order, "XYZ"));
    assert_string_equal(fy_order_find_connection(order, FY_CONNECTION_VIM)->ref, "sim-cloud");
    assert_null(fy_order_find_connection(order, FY_CONNECTION_EMS));
    assert_int_equal(order->gray.stages[0].ratio_permille, 500);
    assert_int_equal(order->gray.approvals[0].before_permille, 1000);
    assert_int_equal(order->gate.kpis[0].margin_bp, 30);
    assert_true(fy_words_have(&order->guards.take, "config-freeze"));
    assert_string_equal(order->workflow.inputs[0].value, "2000");
}

static void test_prefixes_extensions_and_defaults_do_not_matter(void **state)
{
    (void)state;
    FY_AUTO(fy_order_unref) struct fy_order *order = read_file(SMF);
    assert_string_equal(order->request.vnf_instance, "smf-west-1");
    assert_true(order->request.dry_run);
    assert_int_equal(order->request.window.end_ms % 1000, 500);
    assert_int_equal(order->gray.basis, FY_BASIS_SESSIONS);
    assert_int_equal(order->gray.stages[0].ratio_permille, 5);
    assert_int_equal(order->gray.stages[0].max_soak_ms, 900000); /* three times the soak */
    assert_int_equal(order->gray.tolerance_bp, 125);
    assert_int_equal(order->vdus[1].max_instances, FY_ABSENT);
    assert_int_equal(order->vdus[1].step, 3);
    assert_int_equal(order->limits.max_users_at_risk, 0);
    assert_int_equal(order->limits.max_duration_ms, FY_ABSENT);
    assert_int_equal(order->guards.take.count, 2);
    assert_int_equal(order->backup.keep_until, FY_KEEP_COMMIT);
    assert_int_equal(order->dial_test_count, 2);
    assert_int_equal(order->dial_tests[1].expect->success_bp, 10000);
    assert_int_equal(order->workflow.input_count, 5);
    assert_string_equal(order->workflow.inputs[0].value, "250");
    assert_string_equal(order->workflow.inputs[1].value, "true");
    assert_null(order->workflow.inputs[4].value);
}

static void test_byte_order_mark_and_windows_lines_do_not_matter(void **state)
{
    (void)state;
    FY_AUTO(fy_free_ptr) char *good = load_order(AMF);
    FY_AUTO(fy_buf_free) struct fy_buf text = {0};
    fy_buf_text(&text, "\xef\xbb\xbf");
    for (const char *at = good; *at != '\0'; at++) {
        if (*at == '\n')
            fy_buf_text(&text, "\r");
        fy_buf_put(&text, at, 1);
    }
    FY_AUTO(fy_order_unref) struct fy_order *order = read_good(text.data);
    assert_int_equal(order->request.line, line_of(good, "<f:UpgradeRequest"));
    assert_int_equal(order->request.window.line, line_of(good, "<f:Window"));
}

static void assert_round_trip(const char *name)
{
    FY_AUTO(fy_order_unref) struct fy_order *order = read_file(name);
    FY_AUTO(fy_order_unref) struct fy_order *again = NULL;
    FY_AUTO(fy_buf_free) struct fy_buf first = {0};
    FY_AUTO(fy_buf_free) struct fy_buf second = {0};
    struct fy_err err = {0};
    fy_order_to_json(order, &first);
    if (!fy_order_from_json(first.data, first.length, &again, &err))
        fail_msg("%s", err.message);
    fy_order_to_json(again, &second);
    assert_string_equal(first.data, second.data);
}

static void test_json_reads_back_to_the_same_order(void **state)
{
    (void)state;
    assert_round_trip(AMF);
    assert_round_trip(SMF);
}

/* Each change of the JSON must be noticed, with the place in the message. */
static void test_json_that_is_not_an_order_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *find, *put, *words;
    } cases[] = {
        {"\"format\":1", "\"format\":2", "format"},
        {"\"tenant\":", "\"tenent\":", "member \"tenent\" is unknown"},
        {"\"tenant\":\"core-east\",", "", "request: member \"tenant\" is missing"},
        {"\"revision\":1", "\"revision\":\"1\"", "must be an integer"},
        {"\"ratio_permille\":500", "\"ratio_permille\":5000",
         "gray: stages[0]: member \"ratio_permille\" is out of range"},
        {"\"role\":\"oam\"", "\"role\":\"oma\"", "vdus[0]: member \"role\": \"oma\" is not one of"},
        {"\"critical\":true", "\"critical\":1", "must be true or false"},
        {"\"take\":[\"healing\"", "\"take\":[7", "must be a string"},
        {"\"value\":2000", "\"value\":\"2000\"", "must be of the input's type"},
        {"\"commit\":{", "\"comit\":{", "member \"comit\" is unknown"},
        {"\"dial_tests\":[", "\"dial_tests\":7,\"x\":[", "member \"x\" is unknown"},
    };
    FY_AUTO(fy_order_unref) struct fy_order *order = read_file(AMF);
    FY_AUTO(fy_buf_free) struct fy_buf json = {0};
    fy_order_to_json(order, &json);
    for (size_t i = 0; i < FY_COUNT(cases); i++) {
        FY_AUTO(fy_free_ptr) char *text = replaced(json.data, cases[i].find, cases[i].put);
        struct fy_order *none = NULL;
        struct fy_err err = {0};
        assert_false(fy_order_from_json(text, strlen(text), &none, &err));
        if (strstr(err.message, cases[i].words) == NULL)
            fail_msg("\"%s\" is not in: %s", cases[i].words, err.message);
        assert_null(none);
    }
}

static void test_a_page_explains_what_an_order_asks_for(void **state)
{
    (void)state;
    static const char *const sentences[] = {
        "Upgrade AMF amf-east-1 from 1.2.0 to 1.3.0.\n",
        "LB       active-standby  unchanged (amf-lb:1.2.0): skipped\n",
        "1. 50 % of the users on the new version, at most 200 a second; watched for 15 min",
        "before it: 1 with the role approver must approve within 30 min, else it waits, with an alarm\n",
        "Moved last: slice 1/00ff01;\n",
        "amf.paging may be at most 1 point worse than on the old version\n",
        "with db_lag = 2 s\n",
        "observed for 7 days",
    };
    FY_AUTO(fy_order_unref) struct fy_order *order = read_file(AMF);
    FY_AUTO(fy_order_unref) struct fy_order *other = read_file(SMF);
    FY_AUTO(fy_buf_free) struct fy_buf page = {0};
    fy_order_explain(order, &page);
    for (size_t i = 0; i < FY_COUNT(sentences); i++)
        if (strstr(page.data, sentences[i]) == NULL)
            fail_msg("the page lacks \"%s\":\n%s", sentences[i], page.data);
    fy_buf_clear(&page);
    fy_order_explain(other, &page);
    assert_non_null(strstr(page.data, "users of 1 number range;"));
    assert_null(strstr(page.data, "imsi-")); /* numbers of subscribers stay out of pages */
}

static void test_the_order_to_start_from_is_one(void **state)
{
    (void)state;
    static const char *const kinds[] = {"amf", "smf"};
    struct fy_err err = {0};
    for (size_t i = 0; i < FY_COUNT(kinds); i++) {
        FY_AUTO(fy_buf_free) struct fy_buf text = {0};
        assert_true(fy_order_template(kinds[i], &text, &err));
        FY_AUTO(fy_order_unref) struct fy_order *order = read_good(text.data);
        assert_int_equal(order->vdu_count, 4);
        assert_null(strchr(text.data, '@') != NULL ? strstr(text.data, "@nf@") : NULL);
    }
    FY_AUTO(fy_buf_free) struct fy_buf none = {0};
    assert_false(fy_order_template("toaster", &none, &err));
    assert_int_equal(err.kind, FY_ERR_NOT_FOUND);
}

static void test_the_orders_of_the_trial_are_read(void **state)
{
    (void)state;
    FY_AUTO(fy_order_unref)
    struct fy_order *amf = read_file("../../../plugins/simulator/trial/amf-order.xml");
    FY_AUTO(fy_order_unref)
    struct fy_order *smf = read_file("../../../plugins/simulator/trial/smf-order.xml");
    assert_int_equal(amf->gray.basis, FY_BASIS_USERS);
    assert_int_equal(smf->gray.basis, FY_BASIS_SESSIONS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_order_is_read_into_its_structs),
        cmocka_unit_test(test_prefixes_extensions_and_defaults_do_not_matter),
        cmocka_unit_test(test_byte_order_mark_and_windows_lines_do_not_matter),
        cmocka_unit_test(test_json_reads_back_to_the_same_order),
        cmocka_unit_test(test_json_that_is_not_an_order_is_refused),
        cmocka_unit_test(test_a_page_explains_what_an_order_asks_for),
        cmocka_unit_test(test_the_order_to_start_from_is_one),
        cmocka_unit_test(test_the_orders_of_the_trial_are_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
