/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Parameters of a statement in PostgreSQL's binary form: nothing is quoted, nothing is parsed, and an array
 * of a thousand bodies is one copy of each. Integers are bigint, dates days since 2000-01-01.
 */
#ifndef FY_STORE_PG_PARAM_H
#define FY_STORE_PG_PARAM_H

#include "base/buf.h"

#define FY_PG_BOOL     16
#define FY_PG_BYTEA    17
#define FY_PG_INT8     20
#define FY_PG_INT4     23
#define FY_PG_TEXT     25
#define FY_PG_DATE     1082
#define FY_PG_EPOCH_MS INT64_C(946684800000) /* 2000-01-01 in milliseconds since 1970 */

struct fy_pg_param {
    uint32_t type; /* of the value or the elements */
    bool array;
    uint32_t count; /* elements so far */
    struct fy_buf bytes;
};

/* A single value; the room of an earlier one is used again. */
void fy_pg_set_int(struct fy_pg_param *param, uint32_t type, int64_t value);
void fy_pg_set_bytes(struct fy_pg_param *param, uint32_t type, const void *bytes, size_t length);
void fy_pg_set_text(struct fy_pg_param *param, const char *text);

/* An array: begin it, add its elements. */
void fy_pg_begin(struct fy_pg_param *param, uint32_t element_type);
void fy_pg_add_int(struct fy_pg_param *param, int64_t value); /* int8, int4, date or bool, as the array is */
void fy_pg_add_bytes(struct fy_pg_param *param, const void *bytes, size_t length); /* text or bytea */
void fy_pg_add_text(struct fy_pg_param *param, const char *text);                  /* NULL is "" */

uint32_t fy_pg_type_oid(const struct fy_pg_param *param); /* of the array, if it is one */

/* The first day of the month of a wall clock time, in days since 2000-01-01. */
int32_t fy_pg_month_of(int64_t wall_ms);

#endif
