/* SPDX-License-Identifier: Apache-2.0 */
#include "api/records.h"

#include "api/server.h"
#include "base/mem.h"

#define BYTES_AT_ONCE (32u * 1024 * 1024)

static void put_head(const struct fy_row *row, struct fy_buf *buf)
{
    fy_buf_open(buf, '{');
    fy_buf_member(buf, "run", row->run);
    fy_buf_member_int(buf, "seq", (int64_t)row->seq);
    fy_buf_member_int(buf, "kind", row->kind);
    fy_buf_member(buf, "name", fy_record_name(row->kind));
    fy_buf_member_int(buf, "time_ms", row->time_ms);
    fy_buf_member_int(buf, "epoch", (int64_t)row->epoch);
}

static void put_hash(const struct fy_row *row, struct fy_buf *buf)
{
    char hex[FY_SHA256_HEX];
    fy_sha256_hex(row->hash, hex);
    fy_buf_member(buf, "hash", hex);
    fy_buf_close(buf, '}');
}

void fy_record_json(const struct fy_row *row, struct fy_buf *buf)
{
    FY_AUTO(fy_buf_free) struct fy_buf text = {0};
    fy_describe(row, &text);
    put_head(row, buf);
    fy_buf_member(buf, "text", text.data);
    fy_buf_key(buf, "body");
    fy_buf_put(buf, row->body, row->body_length);
    put_hash(row, buf);
}

struct reading {
    uint64_t left, last;
    void (*put)(const struct fy_row *row, struct fy_buf *buf);
    struct fy_buf *buf;
};

static bool on_row(void *context, const struct fy_row *row)
{
    struct reading *reading = context;
    reading->put(row, reading->buf);
    reading->last = row->seq;
    return --reading->left > 0 && reading->buf->length < BYTES_AT_ONCE;
}

bool fy_records_read(struct fy_api *api, const char *run, uint64_t after, uint64_t limit,
                     void (*put)(const struct fy_row *row, struct fy_buf *buf), struct fy_buf *buf,
                     uint64_t *ret_last, struct fy_err *err)
{
    struct reading reading = {.left = limit, .last = after, .put = put, .buf = buf};
    struct fy_store *store = api->world.store;
    if (!store->read(store, run, after, on_row, &reading, err))
        return fy_wrap(err, "could not read the journal of %s", run);
    *ret_last = reading.last;
    return true;
}
