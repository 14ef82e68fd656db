/* SPDX-License-Identifier: Apache-2.0 */
/* A question to a KPI source, and its table's answer taken apart. */
#ifndef TESTS_KPI_SUPPORT_H
#define TESTS_KPI_SUPPORT_H

#include "ask.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define PERIOD 5000
#define START  INT64_C(1763827200000) /* a multiple of the period */

#define PAGING                                                                                               \
    "{\"name\":\"amf.paging\",\"numerator\":[\"MM.Paging5GSucc\"],\"denominator\":[\"MM.Paging5GReq\"],"     \
    "\"exclude\":[],\"direction\":\"higher\"}"
#define REGISTRATION                                                                                         \
    "{\"name\":\"amf.initial_registration\",\"numerator\":[\"RM.RegInitSucc\"],\"denominator\":[\"RM."       \
    "RegInitReq\"],\"failures\":\"RM.RegInitFail\",\"exclude\":[\"3\",\"user\"],\"direction\":\"higher\"}"
#define DROPS                                                                                                \
    "{\"name\":\"acme.drops\",\"numerator\":[\"D\"],\"denominator\":[\"C1\",\"C2\"],\"direction\":"          \
    "\"lower\"}"

/* What was asked, for ticks after START, at so many seconds after it. */
static inline void ask_at(struct kpi_ask *ask, int64_t seconds)
{
    char why[200], args[1024];
    (void)snprintf(
        args, sizeof args,
        "{\"after\":%lld,\"period_ms\":%d,\"versions\":{\"source\":\"1.2.0\",\"target\":\"1.3.0\"},"
        "\"kpis\":[" PAGING "," REGISTRATION "," DROPS "]}",
        (long long)START, PERIOD);
    struct ferry_call call = {
        .size = sizeof call, .args = args, .now_ms = START + seconds * 1000, .scale = 1};
    if (!kpi_ask_read(ask, &call, why, sizeof why))
        fail_msg("%s", why);
}

static inline size_t cell_of(const struct kpi_ask *ask, const char *counter, const char *cause)
{
    size_t cell = kpi_ask_cell(ask, counter, cause);
    assert_int_not_equal(cell, KPI_NONE);
    return cell;
}

/* The row of a KPI in the answer's tick that ends so many seconds after START; NULL if there is none. */
static inline const json_t *row_of(const json_t *answer, int64_t seconds, const char *side, const char *kpi)
{
    size_t i;
    json_t *tick;
    json_array_foreach(json_object_get(answer, "ticks"), i, tick)
    {
        if (json_integer_value(json_object_get(tick, "end")) != START + seconds * 1000)
            continue;
        return json_object_get(json_object_get(json_object_get(tick, side), "kpis"), kpi);
    }
    return NULL;
}

static inline void assert_row(const json_t *answer, int64_t seconds, const char *side, const char *kpi,
                              int attempts, int failures)
{
    const json_t *row = row_of(answer, seconds, side, kpi);
    if (row == NULL)
        fail_msg("no %s of the %s at %lld s", kpi, side, (long long)seconds);
    assert_int_equal(json_integer_value(json_array_get(row, 0)), attempts);
    assert_int_equal(json_integer_value(json_array_get(row, 1)), failures);
}

static inline json_t *answer_of(const struct kpi_table *table)
{
    char *text = kpi_table_answer(table);
    json_t *answer = json_loads(text, 0, NULL);
    free(text);
    assert_non_null(answer);
    return answer;
}

#endif
