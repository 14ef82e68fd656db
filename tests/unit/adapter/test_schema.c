/* SPDX-License-Identifier: Apache-2.0 */
#include "adapter/schema.h"

#include "base/buf.h"
#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define STEER                                                                                                \
    "{\"type\":\"object\",\"required\":[\"permille\"],\"additionalProperties\":false,\"properties\":{"       \
    "\"permille\":{\"type\":\"integer\",\"minimum\":0,\"maximum\":1000},"                                    \
    "\"basis\":{\"enum\":[\"users\",\"sessions\"]},"                                                         \
    "\"rate\":{\"type\":[\"number\",\"null\"]},"                                                             \
    "\"selectors\":{\"type\":\"array\",\"items\":{\"type\":\"object\",\"required\":[\"tac\"]}},"             \
    "\"labels\":{\"type\":\"object\",\"additionalProperties\":{\"type\":\"string\"}}}}"

static void test_a_value_is_refused_with_its_path(void **state)
{
    (void)state;
    static const struct {
        const char *value, *message;
    } cases[] = {
        {"{\"permille\":500,\"basis\":\"users\",\"rate\":null,\"selectors\":[{\"tac\":1}],\"labels\":{\"a\":"
         "\"b\"}}",
         ""},
        {"{\"permille\":0,\"rate\":1.5}", ""},
        {"[]", "it is an array; it must be an object"},
        {"{}", "permille is missing"},
        {"{\"permille\":1.5}", "permille is a number; it must be an integer"},
        {"{\"permille\":-1}", "permille is -1; it must be at least 0"},
        {"{\"permille\":1001}", "permille is 1001; it must be at most 1000"},
        {"{\"permille\":1,\"basis\":\"pods\"}",
         "basis is \"pods\"; it must be one of [\"users\",\"sessions\"]"},
        {"{\"permille\":1,\"rate\":\"fast\"}", "rate is a string; it must be an integer or null or a number"},
        {"{\"permille\":1,\"selectors\":[{\"tac\":1},{}]}", "selectors[1].tac is missing"},
        {"{\"permille\":1,\"selectors\":[7]}", "selectors[0] is an integer; it must be an object"},
        {"{\"permille\":1,\"labels\":{\"a\":1}}", "labels.a is an integer; it must be a string"},
        {"{\"permille\":1,\"speed\":1}", "speed is not an argument of this verb"},
    };
    struct fy_err err;
    struct fy_schema *schema = fy_schema_parse(STEER, &err);
    assert_non_null(schema);
    assert_true(fy_schema_is_object(schema) && fy_schema_is_closed(schema));
    for (size_t i = 0; i < FY_COUNT(cases); i++) {
        FY_AUTO(fy_json_unref)
        json_t *value = fy_json_parse(cases[i].value, strlen(cases[i].value), "case", NULL);
        assert_non_null(value);
        bool good = fy_schema_check(schema, value, &err);
        assert_string_equal(good ? "" : err.message, cases[i].message);
    }
    fy_schema_free(schema);
}

static void test_a_schema_outside_the_subset_is_refused_with_its_place(void **state)
{
    (void)state;
    static const struct {
        const char *schema, *message;
    } cases[] = {
        {"{\"properties\":{\"a\":{\"pattern\":\"x\"}}}",
         "properties.a.pattern is not a keyword that Ferry checks"},
        {"{\"oneOf\":[]}", "oneOf is not a keyword that Ferry checks"},
        {"{\"type\":\"text\"}", "type must be object, array, string, integer, number, boolean or null"},
        {"{\"type\":[]}", "type names no type"},
        {"{\"required\":\"a\"}", "required must be a list of names"},
        {"{\"properties\":[1]}", "properties must be an object of schemas"},
        {"{\"items\":{\"minimum\":\"0\"}}", "items.minimum must be a number"},
        {"{\"enum\":[]}", "enum must be a list of values"},
        {"{\"items\":7}", "items must be a schema (an object)"},
        {"[]", "it must be a schema (an object)"},
    };
    for (size_t i = 0; i < FY_COUNT(cases); i++) {
        struct fy_err err;
        assert_null(fy_schema_parse(cases[i].schema, &err));
        assert_string_equal(err.message, cases[i].message);
    }
}

static void test_a_schema_nested_for_ever_is_refused(void **state)
{
    (void)state;
    struct fy_buf deep = {0};
    for (int i = 0; i < 60; i++)
        fy_buf_text(&deep, "{\"items\":");
    fy_buf_text(&deep, "{}");
    for (int i = 0; i < 60; i++)
        fy_buf_text(&deep, "}");
    struct fy_err err;
    assert_null(fy_schema_parse(deep.data, &err));
    assert_non_null(strstr(err.message, "is nested too deep"));
    fy_buf_free(&deep);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_value_is_refused_with_its_path),
        cmocka_unit_test(test_a_schema_outside_the_subset_is_refused_with_its_place),
        cmocka_unit_test(test_a_schema_nested_for_ever_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
