/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The subset of JSON Schema in which verbs declare their arguments: type, required, properties, items,
 * enum, minimum, maximum, additionalProperties. title, description, default and examples are notes. Any
 * other keyword is refused: one that is silently not checked would be worse than none.
 */
#ifndef FY_ADAPTER_SCHEMA_H
#define FY_ADAPTER_SCHEMA_H

#include "base/json.h"

struct fy_schema;

/* NULL if the text is not a schema of this subset; the message names the place, as in properties.rate. */
struct fy_schema *fy_schema_parse(const char *text, struct fy_err *err);
void fy_schema_free(struct fy_schema *schema);

/* INVALID with the path of the first fault: "instances[2] is an integer, must be a string". */
bool fy_schema_check(const struct fy_schema *schema, const json_t *value, struct fy_err *err) FY_MUST_CHECK;

bool fy_schema_is_object(const struct fy_schema *schema); /* does it ask for an object and nothing else? */
bool fy_schema_is_closed(const struct fy_schema *schema); /* does it refuse members it does not name? */
const json_t *fy_schema_document(const struct fy_schema *schema);

#endif
