/* SPDX-License-Identifier: Apache-2.0 */
/* Refusals that need what ferryd knows. */
#include "base/mem.h"
#include "base/time.h"
#include "tests/unit/order/support.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const char *const tenants[] = {"core-east", "core-west"};
static const char *const others[] = {"core-south"};
static const char *const receivers[] = {"oss-east"};
static const char *const kpis[] = {"amf.initial_registration", "amf.pdu_session_establishment", "amf.paging",
                                   "amf.handover_5g_to_4g",    "amf.handover_4g_to_5g",         "mme.attach",
                                   "mme.tracking_area_update", "mme.pdn_connectivity"};
static const struct fy_known_workflow workflows[] = {{"issu", 1}, {"gray_upgrade", 1}};

#define KIND(kind) (1U << FY_CONNECTION_##kind)

static struct fy_known_connection connections[] = {
    {"sim-cloud", KIND(VIM), tenants, 2},
    {"sim-amf", KIND(NF) | KIND(KPI), NULL, 0},
};

static bool zone_is_known(const char *zone)
{
    return strcmp(zone, "Asia/Shanghai") == 0;
}

static struct fy_order_known everything(void)
{
    return (struct fy_order_known){
        .connections = connections,
        .connection_count = FY_COUNT(connections),
        .workflows = workflows,
        .workflow_count = FY_COUNT(workflows),
        .receivers = receivers,
        .receiver_count = FY_COUNT(receivers),
        .kpis = kpis,
        .kpi_count = FY_COUNT(kpis),
        .now_ms = INT64_C(1795363200000),
        .zone_exists = zone_is_known,
    };
}

static struct fy_order *order;

static void assert_refused(const struct fy_order_known *known, enum fy_err_kind kind, int line,
                           const char *words, const char *hint)
{
    struct fy_err err = {0};
    struct fy_refusal refusal;
    assert_false(fy_order_admit(order, known, &refusal, &err));
    assert_int_equal(err.kind, kind);
    if (strstr(err.message, words) == NULL || strstr(err.hint, hint) == NULL)
        fail_msg("%s (%s)", err.message, err.hint);
    assert_int_equal(refusal.line, line);
}

static void test_an_order_for_what_is_here_is_admitted(void **state)
{
    (void)state;
    struct fy_order_known known = everything();
    struct fy_err err = {0};
    if (!fy_order_admit(order, &known, NULL, &err))
        fail_msg("%s", err.message);
}

static void test_a_window_that_is_over_is_refused(void **state)
{
    (void)state;
    struct fy_order_known known = everything();
    known.now_ms = order->request.window.end_ms;
    assert_refused(&known, FY_ERR_INVALID, (int)order->request.window.line,
                   "f:Window: it is over: it ended at 2026-11-22T21:00:00Z", "again");
}

static bool no_zone(const char *zone)
{
    (void)zone;
    return false;
}

static void test_a_zone_nobody_knows_is_refused(void **state)
{
    (void)state;
    struct fy_order_known known = everything();
    known.zone_exists = no_zone;
    assert_refused(&known, FY_ERR_INVALID, (int)order->request.window.line,
                   "the time zone \"Asia/Shanghai\" is not known here", "IANA");
}

static void test_a_kpi_out_of_the_catalogue_is_refused(void **state)
{
    (void)state;
    static const char *const catalogue[] = {"amf.initial_registrations"};
    struct fy_order_known known = everything();
    known.kpis = catalogue;
    known.kpi_count = 1;
    assert_refused(&known, FY_ERR_INVALID, (int)order->gate.kpis[0].line,
                   "f:Kpi: the catalogue has no KPI \"amf.initial_registration\"",
                   "did you mean \"amf.initial_registrations\"");
}

/* The order's own beside those of the catalogue, until the test is over. */
static void define(struct fy_order_kpi_definition *definition, const char *name)
{
    *definition = (struct fy_order_kpi_definition){.line = 77, .name = (char *)(uintptr_t)name};
    order->gate.definitions = definition;
    order->gate.definition_count = 1;
}

static void test_a_kpi_that_the_order_defines_is_admitted(void **state)
{
    (void)state;
    struct fy_order_known known = everything();
    struct fy_order_kpi_definition definition;
    struct fy_err err = {0};
    char *kept = order->gate.kpis[0].name;
    order->gate.kpis[0].name = (char *)(uintptr_t) "acme.slices";
    assert_refused(&known, FY_ERR_INVALID, (int)order->gate.kpis[0].line, "no KPI \"acme.slices\"",
                   "f:KpiDefinition");
    define(&definition, "acme.slices");
    bool ok = fy_order_admit(order, &known, NULL, &err);
    order->gate.kpis[0].name = kept;
    order->gate.definition_count = 0;
    order->gate.definitions = NULL;
    if (!ok)
        fail_msg("%s", err.message);
}

static void test_a_kpi_of_the_catalogue_means_what_it_means(void **state)
{
    (void)state;
    struct fy_order_known known = everything();
    struct fy_order_kpi_definition definition;
    define(&definition, "amf.paging");
    assert_refused(&known, FY_ERR_INVALID, 77, "f:KpiDefinition: \"amf.paging\" is in the catalogue already",
                   "acme.amf.paging");
    order->gate.definition_count = 0;
    order->gate.definitions = NULL;
}

static void test_a_workflow_out_of_the_catalogue_is_refused(void **state)
{
    (void)state;
    static const struct fy_known_workflow newer[] = {{"gray_upgrade", 2}};
    struct fy_order_known known = everything();
    known.workflow_count = 1;
    assert_refused(&known, FY_ERR_INVALID, (int)order->workflow.line, "no workflow \"gray_upgrade\"",
                   "ferry workflow");
    known.workflows = newer;
    assert_refused(&known, FY_ERR_INVALID, (int)order->workflow.line, "has gray_upgrade in version 2, not 1",
                   "ferry:gray_upgrade@2");
}

static void test_a_receiver_nobody_configured_is_refused(void **state)
{
    (void)state;
    struct fy_order_known known = everything();
    known.receiver_count = 0;
    assert_refused(&known, FY_ERR_INVALID, (int)order->request.callbacks[0].line, "no receiver \"oss-east\"",
                   "configure");
}

static void test_a_connection_must_exist_be_of_its_kind_and_allowed(void **state)
{
    (void)state;
    struct fy_order_known known = everything();
    known.connection_count = 1;
    assert_refused(&known, FY_ERR_INVALID, (int)order->vnf.connections[1].line, "no connection \"sim-amf\"",
                   "");
    known.connection_count = 2;
    connections[1].kinds = KIND(NF);
    assert_refused(&known, FY_ERR_INVALID, (int)order->vnf.connections[2].line,
                   "\"sim-amf\" is not one of kind kpi", "");
    connections[1].kinds = 0; /* not heard of yet: nothing is known against it */
    assert_true(fy_order_admit(order, &known, NULL, NULL));
    connections[0].tenants = others;
    connections[0].tenant_count = 1;
    assert_refused(&known, FY_ERR_REFUSED, (int)order->vnf.connections[0].line,
                   "the tenant \"core-east\" may not use the connection \"sim-cloud\"", "ask");
}

static int load(void **state)
{
    (void)state;
    FY_AUTO(fy_free_ptr) char *text = load_order(AMF);
    order = read_good(text);
    return 0;
}

static int unload(void **state)
{
    (void)state;
    fy_order_free(order);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_order_for_what_is_here_is_admitted),
        cmocka_unit_test(test_a_window_that_is_over_is_refused),
        cmocka_unit_test(test_a_zone_nobody_knows_is_refused),
        cmocka_unit_test(test_a_kpi_out_of_the_catalogue_is_refused),
        cmocka_unit_test(test_a_kpi_that_the_order_defines_is_admitted),
        cmocka_unit_test(test_a_kpi_of_the_catalogue_means_what_it_means),
        cmocka_unit_test(test_a_workflow_out_of_the_catalogue_is_refused),
        cmocka_unit_test(test_a_receiver_nobody_configured_is_refused),
        cmocka_unit_test(test_a_connection_must_exist_be_of_its_kind_and_allowed),
    };
    return cmocka_run_group_tests(tests, load, unload);
}
