/* SPDX-License-Identifier: Apache-2.0 */
#include "run/check/dial.h"

#include "base/json.h"
#include "base/mem.h"

#include <string.h>

/* Where this subscriber must have been found; NULL: anywhere. */
static const char *expected(const json_t *args, const char *ref)
{
    const char *located = fy_json_string_or(json_object_get(args, "expect"), "located_in", NULL);
    size_t index;
    json_t *subscriber;
    json_array_foreach(json_object_get(args, "subscribers"), index, subscriber)
    {
        if (strcmp(fy_json_string_or(subscriber, "ref", ""), ref) == 0 &&
            strcmp(fy_json_string_or(subscriber, "steer", "none"), "none") != 0)
            return located != NULL ? located : fy_json_string_or(subscriber, "steer", NULL);
    }
    return NULL;
}

static bool test_passed(const json_t *args, const json_t *test, struct fy_err *err)
{
    const char *ref = fy_json_string_or(test, "ref", "?");
    const char *service = fy_json_string_or(test, "service", "?");
    const char *where = fy_json_string_or(test, "located_in", "nowhere");
    const char *wanted = expected(args, ref);
    if (!fy_json_bool_or(test, "ok", false))
        return fy_fail(err, FY_ERR_PERMANENT,
                       "dial test: %s of subscriber %s does not work (found in %s): %s", service, ref, where,
                       fy_json_string_or(test, "detail", "no reason given"));
    if (wanted != NULL && strcmp(where, wanted) != 0)
        return fy_fail(err, FY_ERR_PERMANENT, "dial test: subscriber %s was found in %s, not in %s", ref,
                       where, wanted);
    return true;
}

bool fy_dial_passed(const char *args, const char *result, struct fy_err *err)
{
    FY_AUTO(fy_json_unref) json_t *asked = fy_json_parse(args, strlen(args), "dial_test", err);
    FY_AUTO(fy_json_unref)
    json_t *answer = asked != NULL ? fy_json_parse(result, strlen(result), "result of dial_test", err) : NULL;
    json_t *tests;
    if (answer == NULL || !fy_json_array(answer, "tests", &tests, err))
        return false;
    if (json_array_size(tests) == 0 && json_array_size(json_object_get(asked, "subscribers")) > 0)
        return fy_fail(err, FY_ERR_PERMANENT, "dial test: no subscriber was tested");
    for (size_t i = 0; i < json_array_size(tests); i++)
        if (!test_passed(asked, json_array_get(tests, i), err))
            return fy_hint(err, "nobody else has moved because of it; look at the trace of the subscriber");
    return true;
}
