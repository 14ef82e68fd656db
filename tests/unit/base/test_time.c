/* SPDX-License-Identifier: Apache-2.0 */
#include "base/time.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void test_a_time_with_offset_is_read_exactly(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t ms;
        const char *utc;
    } cases[] = {
        {"1970-01-01T00:00:00Z", 0, "1970-01-01T00:00:00Z"},
        {"2026-11-23T00:00:00+08:00", INT64_C(1795363200000), "2026-11-22T16:00:00Z"},
        {"2024-02-29T23:59:59.25-05:30", INT64_C(1709270999250), "2024-03-01T05:29:59.250Z"},
        {"2000-02-29T12:00:00.000000Z", INT64_C(951825600000), "2000-02-29T12:00:00Z"},
        {"9999-12-31T23:59:59.999Z", INT64_C(253402300799999), "9999-12-31T23:59:59.999Z"},
        {"1970-01-01T00:00:00+01:00", -3600000, "1969-12-31T23:00:00Z"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        int64_t ms = 0;
        char text[FY_TIME_TEXT];
        assert_true(fy_time_parse(cases[i].text, &ms, NULL));
        assert_int_equal(ms, cases[i].ms);
        assert_string_equal(fy_time_format(ms, text), cases[i].utc);
    }
}

static void test_every_day_of_the_calendar_reads_back(void **state)
{
    (void)state;
    for (int64_t day = 0; day < 60000; day += 7) {
        char text[FY_TIME_TEXT];
        char expected[FY_TIME_TEXT];
        int64_t ms = -1;
        time_t seconds = (time_t)(day * 86400);
        struct tm utc;
        assert_non_null(gmtime_r(&seconds, &utc));
        assert_true(strftime(expected, sizeof expected, "%Y-%m-%dT%H:%M:%SZ", &utc) > 0);
        assert_string_equal(fy_time_format(day * 86400000, text), expected);
        assert_true(fy_time_parse(text, &ms, NULL));
        assert_int_equal(ms, day * 86400000);
    }
}

static void assert_time_refused(const char *text, const char *words)
{
    struct fy_err err = {0};
    int64_t ms = 7;
    assert_false(fy_time_parse(text, &ms, &err));
    assert_int_equal(err.kind, FY_ERR_INVALID);
    assert_int_equal(ms, 7);
    if (strstr(err.message, words) == NULL)
        fail_msg("\"%s\" is not in: %s", words, err.message);
}

static void test_a_time_that_is_none_is_refused(void **state)
{
    (void)state;
    assert_time_refused("", "is not a date-time");
    assert_time_refused("2026-11-23", "is not a date-time");
    assert_time_refused("2026-11-23 00:00:00Z", "is not a date-time");
    assert_time_refused("2026-11-23T00:00:00.0001Z", "is not a date-time"); /* finer than we keep */
    assert_time_refused("2026-11-23T00:00:00", "has no offset from UTC");
    assert_time_refused("2026-11-23T00:00:00+8", "does not end in an offset");
    assert_time_refused("2026-11-23T00:00:00+15:00", "does not end in an offset");
    assert_time_refused("2026-11-23T00:00:00Zulu", "does not end in an offset");
    assert_time_refused("2026-02-29T00:00:00Z", "not a moment of the calendar");
    assert_time_refused("2100-02-29T00:00:00Z", "not a moment of the calendar");
    assert_time_refused("2026-13-01T00:00:00Z", "not a moment of the calendar");
    assert_time_refused("2026-11-23T24:00:00Z", "not a moment of the calendar");
    assert_time_refused("2026-11-23T23:59:60Z", "not a moment of the calendar"); /* leap second */
    assert_time_refused("1969-12-31T23:59:59Z", "not a moment of the calendar");
}

static void test_a_duration_of_days_and_smaller_is_exact(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t ms;
        const char *canonical, *words;
    } cases[] = {
        {"PT0S", 0, "PT0S", "0 ms"},
        {"PT15M", 900000, "PT15M", "15 min"},
        {"PT4H30M", 16200000, "PT4H30M", "4 h 30 min"},
        {"P7D", 604800000, "P7D", "7 days"},
        {"P1DT1S", 86401000, "P1DT1S", "1 day 1 s"},
        {"PT90M", 5400000, "PT1H30M", "1 h 30 min"},
        {"PT0.5S", 500, "PT0.500S", "500 ms"},
        {"PT1.25S", 1250, "PT1.250S", "1 s 250 ms"},
        {"P0DT0H0M1S", 1000, "PT1S", "1 s"},
        {"P10000D", INT64_C(864000000000), "P10000D", "10000 days"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        int64_t ms = -1;
        int64_t again = -1;
        char text[FY_TIME_TEXT];
        assert_true(fy_duration_parse(cases[i].text, &ms, NULL));
        assert_int_equal(ms, cases[i].ms);
        assert_string_equal(fy_duration_format(ms, text), cases[i].canonical);
        assert_true(fy_duration_parse(text, &again, NULL));
        assert_int_equal(again, ms);
        assert_string_equal(fy_duration_words(ms, text), cases[i].words);
    }
}

static void test_a_duration_that_is_none_is_refused(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"P1Y", "years or months"},
        {"P1M", "years or months"},
        {"P1Y2M3DT4H", "years or months"},
        {"-PT5M", "is negative"},
        {"", "is not a duration"},
        {"P", "is not a duration"},
        {"PT", "is not a duration"},
        {"P1DT", "is not a duration"},
        {"15min", "is not a duration"},
        {"PT15", "is not a duration"},
        {"P1H", "is not a duration"},
        {"PT1D", "is not a duration"},
        {"PT1S2M", "is not a duration"},
        {"PT1M1M", "is not a duration"},
        {"PT1.5M", "is not a duration"},
        {"PT1.S", "is not a duration"},
        {"PT0.0001S", "is not a duration"},
        {"P10001D", "is not a duration"},
        {"PT99999999999999999999S", "is not a duration"},
        {"P1W", "is not a duration"},
        {"PT 5M", "is not a duration"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct fy_err err = {0};
        int64_t ms = 7;
        if (fy_duration_parse(cases[i][0], &ms, &err))
            fail_msg("%s was accepted", cases[i][0]);
        assert_int_equal(ms, 7);
        if (strstr(err.message, cases[i][1]) == NULL)
            fail_msg("\"%s\" is not in: %s", cases[i][1], err.message);
    }
}

static void test_a_zone_cannot_leave_its_directory(void **state)
{
    (void)state;
    static const char *const good[] = {"UTC", "Asia/Shanghai", "America/Argentina/Buenos_Aires", "Etc/GMT+8",
                                       "America/Port-au-Prince"};
    static const char *const bad[] = {
        "",  "/etc/passwd", "../x",           "Asia/../x", "Asia//Shanghai", "Asia/",
        ".", "a.b",         "Asia/ Shanghai", "+08:00",    "Asia/\xc3\xbc"};
    for (size_t i = 0; i < COUNT(good); i++)
        assert_true(fy_zone_spelt(good[i]));
    for (size_t i = 0; i < COUNT(bad); i++) {
        assert_false(fy_zone_spelt(bad[i]));
        assert_false(fy_zone_exists(bad[i]));
    }
    assert_false(fy_zone_exists("Asia")); /* a directory */
    assert_false(fy_zone_exists("Asia/Nowhere"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_time_with_offset_is_read_exactly),
        cmocka_unit_test(test_every_day_of_the_calendar_reads_back),
        cmocka_unit_test(test_a_time_that_is_none_is_refused),
        cmocka_unit_test(test_a_duration_of_days_and_smaller_is_exact),
        cmocka_unit_test(test_a_duration_that_is_none_is_refused),
        cmocka_unit_test(test_a_zone_cannot_leave_its_directory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
