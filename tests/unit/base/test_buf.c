/* SPDX-License-Identifier: Apache-2.0 */
#include "base/buf.h"
#include "base/json.h"
#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void assert_json(struct fy_buf *buf, const char *expected)
{
    assert_string_equal(buf->data, expected);
    fy_buf_clear(buf);
}

static void test_a_string_is_escaped_as_json_asks(void **state)
{
    (void)state;
    FY_AUTO(fy_buf_free) struct fy_buf buf = {0};
    static const struct {
        const char *text, *json;
        size_t length;
    } cases[] = {
        {"plain", "\"plain\"", 5},
        {"a\"b\\c", "\"a\\\"b\\\\c\"", 5},
        {"\n\t\x01\x7f", "\"\\n\\t\\u0001\\u007f\"", 4},
        {"gr\xc3\xbc\xc3\x9f", "\"gr\xc3\xbc\xc3\x9f\"", 6},
        {"\xf0\x9f\x9a\xa2", "\"\xf0\x9f\x9a\xa2\"", 4},
        {"\xff", "\"\xef\xbf\xbd\"", 1},                                 /* no such byte */
        {"\xc0\xaf", "\"\xef\xbf\xbd\xef\xbf\xbd\"", 2},                 /* overlong */
        {"\xed\xa0\x80", "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"", 3}, /* half a surrogate pair */
        {"x\xe2\x82", "\"x\xef\xbf\xbd\xef\xbf\xbd\"", 3},               /* cut off */
        {"a\0b", "\"a\\u0000b\"", 3},
    };
    for (size_t i = 0; i < FY_COUNT(cases); i++) {
        fy_buf_json_string(&buf, cases[i].text, cases[i].length);
        assert_json(&buf, cases[i].json);
    }
}

static void test_whatever_bytes_come_the_text_parses(void **state)
{
    (void)state;
    uint32_t seed = 7;
    for (int round = 0; round < 2000; round++) {
        FY_AUTO(fy_buf_free) struct fy_buf buf = {0};
        char bytes[40];
        for (size_t i = 0; i < sizeof bytes; i++)
            bytes[i] = (char)(unsigned char)((seed = seed * 1664525u + 1013904223u) >> 24);
        fy_buf_open(&buf, '[');
        fy_buf_json_string(&buf, bytes, sizeof bytes);
        fy_buf_close(&buf, ']');
        FY_AUTO(fy_json_unref) json_t *doc = fy_json_parse(buf.data, buf.length, "noise", NULL);
        if (memchr(bytes, 0, sizeof bytes) == NULL) /* jansson keeps NUL out of its strings */
            assert_non_null(doc);
    }
}

static void test_members_get_their_commas(void **state)
{
    (void)state;
    FY_AUTO(fy_buf_free) struct fy_buf buf = {0};
    fy_buf_open(&buf, '{');
    fy_buf_member(&buf, "a", "x");
    fy_buf_member(&buf, "absent", NULL);
    fy_buf_member_int(&buf, "n", -5);
    fy_buf_key(&buf, "list");
    fy_buf_open(&buf, '[');
    fy_buf_open(&buf, '{');
    fy_buf_member_bool(&buf, "yes", true);
    fy_buf_close(&buf, '}');
    fy_buf_open(&buf, '{');
    fy_buf_close(&buf, '}');
    fy_buf_close(&buf, ']');
    fy_buf_member_raw(&buf, "raw", "[1,2]");
    fy_buf_close(&buf, '}');
    assert_json(&buf, "{\"a\":\"x\",\"n\":-5,\"list\":[{\"yes\":true},{}],\"raw\":[1,2]}");
}

static void test_dropping_keeps_what_is_behind(void **state)
{
    (void)state;
    FY_AUTO(fy_buf_free) struct fy_buf buf = {0};
    fy_buf_format(&buf, "%s-%d", "abc", 42);
    fy_buf_drop(&buf, 4);
    assert_string_equal(buf.data, "42");
    char *text = fy_buf_take(&buf);
    assert_string_equal(text, "42");
    assert_int_equal(buf.length, 0);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_string_is_escaped_as_json_asks),
        cmocka_unit_test(test_whatever_bytes_come_the_text_parses),
        cmocka_unit_test(test_members_get_their_commas),
        cmocka_unit_test(test_dropping_keeps_what_is_behind),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
