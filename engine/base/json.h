/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading JSON documents (jansson), with errors that name the member. "where" in each message is the
 * caller's name for the document, for example "reply of sim-cloud to inventory".
 */
#ifndef FY_BASE_JSON_H
#define FY_BASE_JSON_H

#include "base/err.h"

#include <jansson.h>
#include <stdint.h>

/* Parse text of a known length; duplicate members are refused; NULL on failure. Free with json_decref. */
json_t *fy_json_parse(const char *text, size_t length, const char *where, struct fy_err *err);

/* Compact text of a document, members in their order; the caller frees it. */
char *fy_json_text(const json_t *doc);

/* A required member of the wanted type. The value is borrowed from the document. */
bool fy_json_string(const json_t *object, const char *member, const char **ret,
                    struct fy_err *err) FY_MUST_CHECK;
bool fy_json_int(const json_t *object, const char *member, int64_t *ret, struct fy_err *err) FY_MUST_CHECK;
bool fy_json_array(const json_t *object, const char *member, json_t **ret, struct fy_err *err) FY_MUST_CHECK;
bool fy_json_object(const json_t *object, const char *member, json_t **ret, struct fy_err *err) FY_MUST_CHECK;

/* An optional member: the value, or what is given for a missing one or one of another type. */
const char *fy_json_string_or(const json_t *object, const char *member, const char *otherwise);
int64_t fy_json_int_or(const json_t *object, const char *member, int64_t otherwise);
bool fy_json_bool_or(const json_t *object, const char *member, bool otherwise);

/* Abort on a failed allocation inside jansson too; call once at the start of ferryd, a host or the CLI. */
void fy_json_init(void);

void fy_json_unref(json_t **doc); /* for FY_AUTO */

#endif
