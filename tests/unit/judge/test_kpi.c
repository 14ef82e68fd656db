/* SPDX-License-Identifier: Apache-2.0 */
#include "judge/kpi.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void test_catalogue_says_everything_of_each_kpi(void **state)
{
    (void)state;
    for (const struct fy_kpi *kpi = fy_kpis; kpi->name != NULL; kpi++) {
        const char *const said[] = {kpi->title,     kpi->nf,          kpi->segment,
                                    kpi->numerator, kpi->denominator, kpi->standard};
        for (size_t i = 0; i < sizeof said / sizeof said[0]; i++)
            if (said[i] == NULL || said[i][0] == '\0')
                fail_msg("%s lacks something", kpi->name);
        assert_int_not_equal(strcmp(kpi->numerator, kpi->denominator), 0);
        assert_in_range(kpi->margin_bp, 1, 5000);
        assert_false(kpi->causes != NULL && kpi->failures == NULL);
    }
}

static void test_catalogue_has_each_name_once(void **state)
{
    (void)state;
    for (const struct fy_kpi *kpi = fy_kpis; kpi->name != NULL; kpi++)
        assert_ptr_equal(fy_kpi_find(kpi->name), kpi);
    assert_null(fy_kpi_find("amf.registration"));
    assert_null(fy_kpi_find(""));
}

static void test_catalogue_has_every_ratio_of_table_1(void **state)
{
    (void)state;
    static const char *const rows[] = {"mme.attach",
                                       "mme.tracking_area_update",
                                       "mme.pdn_connectivity",
                                       "amf.handover_4g_to_5g",
                                       "amf.handover_5g_to_4g",
                                       "amf.pdu_session_establishment",
                                       "amf.paging",
                                       "amf.initial_registration"};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_non_null(fy_kpi_find(rows[i]));
}

static void test_catalogue_serves_amf_smf_and_sip(void **state)
{
    (void)state;
    static const char *const functions[] = {"AMF", "SMF", "SIP"};
    for (size_t i = 0; i < sizeof functions / sizeof functions[0]; i++) {
        size_t count = 0, critical = 0;
        for (const struct fy_kpi *kpi = fy_kpis; kpi->name != NULL; kpi++) {
            count += strcmp(kpi->nf, functions[i]) == 0;
            critical += strcmp(kpi->nf, functions[i]) == 0 && kpi->critical;
        }
        assert_true(count >= 4 && critical >= 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_catalogue_says_everything_of_each_kpi),
        cmocka_unit_test(test_catalogue_has_each_name_once),
        cmocka_unit_test(test_catalogue_has_every_ratio_of_table_1),
        cmocka_unit_test(test_catalogue_serves_amf_smf_and_sip),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
