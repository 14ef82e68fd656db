/* SPDX-License-Identifier: Apache-2.0 */
#include "base/mem.h"
#include "base/walk.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static struct fy_piece piece_of(const char *text)
{
    return (struct fy_piece){text, strlen(text)};
}

static void test_members_come_as_the_text_they_are(void **state)
{
    (void)state;
    static const char text[] = " {\"a\": 1 , \"b\":{\"c\":[1,\"}\"]},\"d\":\"x\\\"y\" } ";
    struct fy_walk walk = fy_walk_object(text, sizeof text - 1);
    struct fy_piece key, value;
    static const char *const expected[][2] = {{"a", "1"}, {"b", "{\"c\":[1,\"}\"]}"}, {"d", "\"x\\\"y\""}};
    for (size_t i = 0; i < FY_COUNT(expected); i++) {
        assert_true(fy_walk_member(&walk, &key, &value));
        assert_true(fy_piece_is(key, expected[i][0]));
        assert_true(fy_piece_is(value, expected[i][1]));
    }
    assert_false(fy_walk_member(&walk, &key, &value));
    assert_true(fy_walk_ok(&walk));
    FY_AUTO(fy_free_ptr) char *decoded = fy_piece_string(value);
    assert_string_equal(decoded, "x\"y");
}

static void test_broken_text_ends_the_walk(void **state)
{
    (void)state;
    static const char *const broken[] = {
        "",         "1",           "{",           "{\"a\"",     "{\"a\":",
        "{\"a\":1", "{\"a\":1,}",  "{\"a\":1}}",  "{\"a\":[1}", "{\"a\":\"x}",
        "{a:1}",    "{\"a\":1 2}", "{\"a\":\"\\", "{,}",        "{\"a\":[[[[}"};
    for (size_t i = 0; i < FY_COUNT(broken); i++) {
        /* a copy that ends where the text ends, so that a sanitizer sees one byte too many */
        size_t length = strlen(broken[i]);
        char *copy = malloc(length + (length == 0));
        assert_non_null(copy);
        memcpy(copy, broken[i], length);
        struct fy_walk walk = fy_walk_object(copy, length);
        struct fy_piece key, value;
        while (fy_walk_member(&walk, &key, &value))
            continue;
        if (strcmp(broken[i], "{\"a\":[1}") != 0) /* brackets are counted, not matched: fy_piece_valid does */
            assert_false(fy_walk_ok(&walk));
        free(copy);
    }
}

static void test_what_is_nested_is_walked_step_by_step(void **state)
{
    (void)state;
    static const char text[] = "[ [1,\"a\"], [] ,[2 , {\"b\":[3]}]]";
    struct fy_walk walk = fy_walk_of(text, sizeof text - 1);
    size_t lists = 0, values = 0;
    assert_true(fy_walk_open(&walk, '['));
    for (; fy_walk_more(&walk, ']'); lists++) {
        assert_true(fy_walk_open(&walk, '['));
        for (; fy_walk_more(&walk, ']'); values++)
            assert_true(fy_walk_value(&walk).length > 0);
    }
    assert_true(fy_walk_ok(&walk));
    assert_int_equal(lists, 3);
    assert_int_equal(values, 4);
    static const char *const broken[] = {"[,1]", "[1 2]", "[1,]",      "[[1] [2]]",
                                         "[1",   "[1]]",  "{\"a\":1}", "["};
    for (size_t i = 0; i < FY_COUNT(broken); i++) {
        struct fy_piece value;
        walk = fy_walk_list(broken[i], strlen(broken[i]));
        while (fy_walk_element(&walk, &value))
            continue;
        if (fy_walk_ok(&walk))
            fail_msg("%s is not a list", broken[i]);
    }
}

static void test_a_string_is_decoded(void **state)
{
    (void)state;
    static const struct {
        const char *quoted, *text; /* NULL: it is none */
    } cases[] = {{"\"\"", ""},
                 {"\"a\\n\\u00e9\"", "a\n\xc3\xa9"},
                 {"\"\\ud83d\\ude00\"", "\xf0\x9f\x98\x80"},
                 {"\"\\ud83d\"", "\xef\xbf\xbd"}, /* half a pair */
                 {"\"\\u0000\"", NULL},
                 {"\"\xff\"", NULL},
                 {"\"\\x\"", NULL},
                 {"7", NULL},
                 {"\"", NULL}};
    for (size_t i = 0; i < FY_COUNT(cases); i++) {
        FY_AUTO(fy_free_ptr) char *text = fy_piece_string(piece_of(cases[i].quoted));
        if (cases[i].text == NULL)
            assert_null(text);
        else
            assert_string_equal(text, cases[i].text);
    }
    FY_AUTO(fy_buf_free) struct fy_buf whole = {0};
    assert_true(fy_piece_decode(piece_of("\"a\\u0000b\""), &whole));
    assert_int_equal(whole.length, 3);
}

static void test_numbers_and_truth_are_read(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t number;
    } cases[] = {{"0", 0},
                 {"-12", -12},
                 {"999999999999999999", 999999999999999999},
                 {"1e3", 7},
                 {"", 7},
                 {"-", 7},
                 {"12345678901234567890", 7}};
    for (size_t i = 0; i < FY_COUNT(cases); i++) {
        struct fy_piece piece = piece_of(cases[i].text);
        assert_int_equal(fy_piece_int(piece, 7), cases[i].number);
    }
    struct fy_piece yes = piece_of("true"), no = piece_of("false"), other = piece_of("1");
    assert_true(fy_piece_bool(yes, false));
    assert_false(fy_piece_bool(no, true));
    assert_true(fy_piece_bool(other, true));
}

static void test_validity_is_that_of_the_standard(void **state)
{
    (void)state;
    static const char *const good[] = {"{}",
                                       "[]",
                                       " [ ] ",
                                       "0",
                                       "-0.5e+10",
                                       "\"\"",
                                       "null",
                                       "true",
                                       "false",
                                       "[1,[2,[{\"a\":{}}]]]",
                                       "{\"a\":[],\"b\":\"\\u00e9\\n\"}",
                                       "\"gr\xc3\xbc\xc3\x9f\"",
                                       "[{},{},[[]]]"};
    static const char *const bad[] = {"",
                                      "{",
                                      "[1,]",
                                      "{\"a\":1,}",
                                      "01",
                                      "1.",
                                      "+1",
                                      "nul",
                                      "\"\\x\"",
                                      "\"a",
                                      "\"\t\"",
                                      "[1 2]",
                                      "{1:2}",
                                      "{\"a\"}",
                                      "[}",
                                      "{]",
                                      "\"\xff\"",
                                      "\"\xc0\xaf\"",
                                      "\"\xed\xa0\x80\"",
                                      "1 1",
                                      "\"\\u12g4\"",
                                      "[\"a\",,1]",
                                      "{\"a\":}",
                                      "-",
                                      "1e"};
    for (size_t i = 0; i < FY_COUNT(good); i++) {
        struct fy_piece piece = piece_of(good[i]);
        if (!fy_piece_valid(piece))
            fail_msg("%s is JSON", good[i]);
    }
    for (size_t i = 0; i < FY_COUNT(bad); i++) {
        struct fy_piece piece = piece_of(bad[i]);
        if (fy_piece_valid(piece))
            fail_msg("%s is not JSON", bad[i]);
    }
}

static void test_nesting_is_limited(void **state)
{
    (void)state;
    char text[200];
    for (size_t depth = 64; depth <= 65; depth++) {
        memset(text, '[', depth);
        memset(text + depth, ']', depth);
        struct fy_piece piece = {text, 2 * depth};
        assert_int_equal(fy_piece_valid(piece), depth == 64);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_members_come_as_the_text_they_are),
        cmocka_unit_test(test_broken_text_ends_the_walk),
        cmocka_unit_test(test_what_is_nested_is_walked_step_by_step),
        cmocka_unit_test(test_a_string_is_decoded),
        cmocka_unit_test(test_numbers_and_truth_are_read),
        cmocka_unit_test(test_validity_is_that_of_the_standard),
        cmocka_unit_test(test_nesting_is_limited),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
