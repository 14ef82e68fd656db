/* SPDX-License-Identifier: Apache-2.0 */
#include "store/pg_param.h"

#include "base/mem.h"

#include <endian.h>
#include <string.h>
#include <time.h>

#define DAY_MS   INT64_C(86400000)
#define COUNT_AT 12 /* where the number of elements stands in an array's header */

static void put32(struct fy_buf *buf, uint32_t value)
{
    uint32_t wire = htobe32(value);
    fy_buf_put(buf, &wire, sizeof wire);
}

static size_t width_of(uint32_t type)
{
    return type == FY_PG_INT8 ? 8 : type == FY_PG_BOOL ? 1 : 4;
}

static void put_int(struct fy_buf *buf, uint32_t type, int64_t value)
{
    uint64_t wire = htobe64((uint64_t)value);
    size_t width = width_of(type);
    fy_buf_put(buf, (const char *)&wire + sizeof wire - width, width);
}

void fy_pg_set_int(struct fy_pg_param *param, uint32_t type, int64_t value)
{
    fy_buf_clear(&param->bytes);
    param->type = type;
    param->array = false;
    put_int(&param->bytes, type, value);
}

void fy_pg_set_bytes(struct fy_pg_param *param, uint32_t type, const void *bytes, size_t length)
{
    fy_buf_clear(&param->bytes);
    param->type = type;
    param->array = false;
    fy_buf_put(&param->bytes, length > 0 ? bytes : "", length);
}

void fy_pg_set_text(struct fy_pg_param *param, const char *text)
{
    fy_pg_set_bytes(param, FY_PG_TEXT, text, strlen(text));
}

/* Dimensions, NULLs, element type, then of the one dimension its length and first index. */
void fy_pg_begin(struct fy_pg_param *param, uint32_t element_type)
{
    fy_buf_clear(&param->bytes);
    param->type = element_type;
    param->array = true;
    param->count = 0;
    put32(&param->bytes, 1);
    put32(&param->bytes, 0);
    put32(&param->bytes, element_type);
    put32(&param->bytes, 0);
    put32(&param->bytes, 1);
}

static void count_one(struct fy_pg_param *param)
{
    uint32_t wire = htobe32(++param->count);
    memcpy(param->bytes.data + COUNT_AT, &wire, sizeof wire);
}

void fy_pg_add_int(struct fy_pg_param *param, int64_t value)
{
    count_one(param);
    put32(&param->bytes, (uint32_t)width_of(param->type));
    put_int(&param->bytes, param->type, value);
}

void fy_pg_add_bytes(struct fy_pg_param *param, const void *bytes, size_t length)
{
    count_one(param);
    put32(&param->bytes, (uint32_t)length);
    fy_buf_put(&param->bytes, length > 0 ? bytes : "", length);
}

void fy_pg_add_text(struct fy_pg_param *param, const char *text)
{
    fy_pg_add_bytes(param, text, text != NULL ? strlen(text) : 0);
}

uint32_t fy_pg_type_oid(const struct fy_pg_param *param)
{
    static const struct {
        uint32_t element, array;
    } arrays[] = {{FY_PG_BOOL, 1000}, {FY_PG_BYTEA, 1001}, {FY_PG_INT8, 1016},
                  {FY_PG_INT4, 1007}, {FY_PG_TEXT, 1009},  {FY_PG_DATE, 1182}};
    for (size_t i = 0; param->array && i < FY_COUNT(arrays); i++)
        if (arrays[i].element == param->type)
            return arrays[i].array;
    return param->type;
}

int32_t fy_pg_month_of(int64_t wall_ms)
{
    time_t seconds = (time_t)(wall_ms / 1000);
    struct tm date = {0};
    (void)gmtime_r(&seconds, &date);
    date.tm_mday = 1;
    date.tm_hour = date.tm_min = date.tm_sec = 0;
    return (int32_t)(((int64_t)timegm(&date) * 1000 - FY_PG_EPOCH_MS) / DAY_MS);
}
