/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The journal as server-sent events. A stream has a cursor and nothing else: it reads what comes next from
 * the store when its client can take it, so a slow client holds nobody up and a new one may begin anywhere.
 */
#include "api/records.h"
#include "api/server.h"
#include "base/mem.h"

#include <string.h>

#define RECORDS_AT_ONCE 64
#define ALIVE_EVERY_MS  15000 /* a comment that shows whether somebody still listens */

struct fy_stream {
    struct fy_api *api;
    struct MHD_Connection *connection;
    char *run;
    uint64_t cursor;
    int64_t until_ms;  /* when its reader's credential ends */
    struct fy_buf out; /* read, not yet sent */
    size_t sent;
    bool waiting; /* suspended until there is more */
    uv_timer_t *alive;
    struct fy_stream *next, **link;
};

static void put_event(const struct fy_row *row, struct fy_buf *buf)
{
    FY_AUTO(fy_buf_free) struct fy_buf json = {0};
    fy_record_json(row, &json);
    fy_buf_format(buf, "id: %llu\nevent: record\ndata: ", (unsigned long long)row->seq);
    fy_buf_put(buf, json.data, json.length); /* JSON text has no line breaks */
    fy_buf_text(buf, "\n\n");
}

static void wake(struct fy_stream *stream)
{
    if (!stream->waiting)
        return;
    stream->waiting = false;
    fy_api_resume(stream->api, stream->connection);
}

static void on_alive(uv_timer_t *timer)
{
    struct fy_stream *stream = timer->data;
    if (fy_system_clock.wall_ms(fy_system_clock.self) >= stream->until_ms)
        fy_peer_cut(fy_peer_of(stream->connection));
    if (!stream->waiting)
        return;
    fy_buf_text(&stream->out, ":\n\n");
    wake(stream);
}

static bool refill(struct fy_stream *stream)
{
    struct fy_err err;
    fy_buf_clear(&stream->out);
    stream->sent = 0;
    return fy_records_read(stream->api, stream->run, stream->cursor, RECORDS_AT_ONCE, put_event, &stream->out,
                           &stream->cursor, &err);
}

static ssize_t on_send(void *context, uint64_t position, char *out, size_t room)
{
    (void)position;
    struct fy_stream *stream = context;
    if (stream->sent == stream->out.length && !refill(stream))
        return MHD_CONTENT_READER_END_WITH_ERROR; /* the client comes again with its cursor */
    size_t count = stream->out.length - stream->sent;
    if (count == 0) {
        stream->waiting = true;
        MHD_suspend_connection(stream->connection);
        return 0;
    }
    if (count > room)
        count = room;
    memcpy(out, stream->out.data + stream->sent, count);
    stream->sent += count;
    return (ssize_t)count;
}

static void on_timer_closed(uv_handle_t *handle)
{
    free(handle);
}

static void on_end(void *context)
{
    struct fy_stream *stream = context;
    *stream->link = stream->next;
    if (stream->next != NULL)
        stream->next->link = stream->link;
    uv_close((uv_handle_t *)stream->alive, on_timer_closed);
    free(stream->run);
    fy_buf_free(&stream->out);
    free(stream);
}

void fy_stream_begin(struct fy_exchange *exchange, const char *run, uint64_t after)
{
    struct fy_api *api = exchange->api;
    struct fy_stream *stream = FY_NEW(struct fy_stream);
    stream->api = api;
    stream->connection = exchange->connection;
    stream->run = fy_strdup(run);
    stream->cursor = after;
    stream->until_ms = exchange->principal != NULL ? exchange->until_ms : INT64_MAX;
    stream->alive = FY_NEW(uv_timer_t);
    stream->alive->data = stream;
    (void)uv_timer_init(api->world.loop, stream->alive);
    (void)uv_timer_start(stream->alive, on_alive, ALIVE_EVERY_MS, ALIVE_EVERY_MS);
    stream->next = api->streams;
    stream->link = &api->streams;
    if (stream->next != NULL)
        stream->next->link = &stream->next;
    api->streams = stream;
    struct MHD_Response *response =
        MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, 16384, on_send, stream, on_end);
    (void)MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, "text/event-stream");
    (void)MHD_add_response_header(response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
    fy_answer_response(exchange, 200, response);
}

void fy_streams_end(struct fy_api *api)
{
    for (struct fy_stream *stream = api->streams; stream != NULL; stream = stream->next) {
        struct fy_peer *peer = fy_peer_of(stream->connection);
        if (peer->door->kind == FY_DOOR_TLS)
            fy_peer_cut(peer);
        wake(stream); /* libmicrohttpd sees that it is cut when it goes on */
    }
}

uint64_t fy_streams_count(const struct fy_api *api)
{
    uint64_t count = 0;
    for (const struct fy_stream *stream = api->streams; stream != NULL; stream = stream->next)
        count++;
    return count;
}

void fy_stream_wake(struct fy_api *api, const char *run)
{
    for (struct fy_stream *stream = api->streams; stream != NULL; stream = stream->next)
        if (strcmp(stream->run, run) == 0)
            wake(stream);
}
