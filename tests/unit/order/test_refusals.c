/* SPDX-License-Identifier: Apache-2.0 */
/* Every refusal: a good order is changed in one place; line, element, words and remedy are looked at. */
#include "base/mem.h"
#include "tests/unit/order/refusals.h"
#include "tests/unit/order/support.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const char *good;

/* The first thing that is not as the row says; NULL if all is. */
static const char *difference(const struct refusal_row *row, const char *text,
                              const struct fy_refusal *refusal, const struct fy_err *err)
{
    const char *at = row->at != NULL ? row->at : row->put;
    if (strstr(err->message, row->words) == NULL)
        return "words";
    if (strcmp(refusal->element, row->element) != 0)
        return "element";
    if (at[0] != '\0' && refusal->line != line_of(text, at))
        return "line";
    if (row->hint != NULL && strstr(err->hint, row->hint) == NULL)
        return "hint";
    return NULL;
}

static int check_row(const struct refusal_row *row)
{
    struct fy_refusal refusal;
    struct fy_err err = {0};
    struct fy_order *order = NULL;
    FY_AUTO(fy_free_ptr) char *text = replaced(good, row->find, row->put);
    if (fy_order_read(text, strlen(text), &order, &refusal, &err)) {
        fy_order_free(order);
        print_error("%s -> %s\n    was accepted\n", row->find, row->put);
        return 1;
    }
    const char *wrong = difference(row, text, &refusal, &err);
    if (wrong == NULL)
        return 0;
    const char *at = row->at != NULL ? row->at : row->put;
    print_error("%s -> %s\n    %s differs (line %d expected): %s\n    hint: %s\n", row->find, row->put, wrong,
                line_of(text, at), err.message, err.hint);
    return 1;
}

static void check_rows(const struct refusal_row *rows)
{
    int wrong = 0;
    for (const struct refusal_row *row = rows; row->find != NULL; row++)
        wrong += check_row(row);
    assert_int_equal(wrong, 0);
}

static void test_tosca_that_is_no_sound_order_is_refused_in_one_sentence(void **state)
{
    (void)state;
    check_rows(refusals_of_tosca);
}

static void test_an_element_that_is_unknown_or_out_of_range_is_refused(void **state)
{
    (void)state;
    check_rows(refusals_of_bodies);
}

static void test_an_order_that_contradicts_itself_is_refused(void **state)
{
    (void)state;
    check_rows(refusals_of_meaning);
}

static int load(void **state)
{
    (void)state;
    good = load_order(AMF);
    fy_order_free(read_good(good));
    return 0;
}

static int unload(void **state)
{
    (void)state;
    free((char *)(uintptr_t)good);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tosca_that_is_no_sound_order_is_refused_in_one_sentence),
        cmocka_unit_test(test_an_element_that_is_unknown_or_out_of_range_is_refused),
        cmocka_unit_test(test_an_order_that_contradicts_itself_is_refused),
    };
    return cmocka_run_group_tests(tests, load, unload);
}
