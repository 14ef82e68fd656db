/* SPDX-License-Identifier: Apache-2.0 */
/* libcurl in the libuv loop: its sockets are polled, its time-out is a timer. */
#include "notify/inside.h"

#include "base/clock.h"
#include "base/mem.h"

#include <stdio.h>
#include <string.h>

#define CONNECT_MS 5000L
#define ANSWER_MS  15000L

struct fy_sending {
    CURL *curl;
    struct curl_slist *headers;
    char *body;
    char error[CURL_ERROR_SIZE];
    void (*done)(void *context, long status, const char *why);
    void *context;
};

struct watched {
    struct fy_notify *notify;
    uv_poll_t poll;
    curl_socket_t fd;
};

static void on_poll_closed(uv_handle_t *handle)
{
    free(handle->data);
}

static void finish(struct fy_sending *sending, CURLcode code)
{
    long status = 0;
    (void)curl_easy_getinfo(sending->curl, CURLINFO_RESPONSE_CODE, &status);
    const char *why = sending->error[0] != '\0' ? sending->error : curl_easy_strerror(code);
    sending->done(sending->context, code == CURLE_OK ? status : 0, why);
    curl_easy_cleanup(sending->curl);
    curl_slist_free_all(sending->headers);
    free(sending->body);
    free(sending);
}

static void take_finished(struct fy_notify *notify)
{
    CURLMsg *message = NULL;
    int left = 0;
    while ((message = curl_multi_info_read(notify->multi, &left)) != NULL) {
        struct fy_sending *sending = NULL;
        CURLcode code = message->data.result;
        if (message->msg != CURLMSG_DONE)
            continue;
        (void)curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&sending);
        (void)curl_multi_remove_handle(notify->multi, message->easy_handle);
        finish(sending, code);
    }
}

static void on_socket_ready(uv_poll_t *poll, int status, int events)
{
    struct watched *watched = poll->data;
    struct fy_notify *notify = watched->notify;
    int running = 0;
    int action = status < 0 ? CURL_CSELECT_ERR : 0;
    action |= (events & UV_READABLE) != 0 ? CURL_CSELECT_IN : 0;
    action |= (events & UV_WRITABLE) != 0 ? CURL_CSELECT_OUT : 0;
    (void)curl_multi_socket_action(notify->multi, watched->fd, action, &running);
    take_finished(notify);
}

static int on_socket(CURL *curl, curl_socket_t fd, int what, void *context, void *socket_context)
{
    struct fy_notify *notify = context;
    struct watched *watched = socket_context;
    (void)curl;
    if (what == CURL_POLL_REMOVE) {
        (void)curl_multi_assign(notify->multi, fd, NULL);
        if (watched != NULL)
            uv_close((uv_handle_t *)&watched->poll, on_poll_closed);
        return 0;
    }
    if (watched == NULL) {
        watched = FY_NEW(struct watched);
        watched->notify = notify;
        watched->fd = fd;
        watched->poll.data = watched;
        (void)uv_poll_init(notify->loop, &watched->poll, fd);
        (void)curl_multi_assign(notify->multi, fd, watched);
    }
    (void)uv_poll_start(&watched->poll,
                        (what & CURL_POLL_IN ? UV_READABLE : 0) | (what & CURL_POLL_OUT ? UV_WRITABLE : 0),
                        on_socket_ready);
    return 0;
}

static void on_time_out(uv_timer_t *timer)
{
    struct fy_notify *notify = timer->data;
    int running = 0;
    (void)curl_multi_socket_action(notify->multi, CURL_SOCKET_TIMEOUT, 0, &running);
    take_finished(notify);
}

static int on_timer(CURLM *multi, long wait_ms, void *context)
{
    struct fy_notify *notify = context;
    (void)multi;
    if (wait_ms < 0)
        (void)uv_timer_stop(&notify->curl_timer);
    else
        (void)uv_timer_start(&notify->curl_timer, on_time_out, (uint64_t)wait_ms, 0);
    return 0;
}

bool fy_send_open(struct fy_notify *notify)
{
    if (curl_global_init(CURL_GLOBAL_SSL) != CURLE_OK || (notify->multi = curl_multi_init()) == NULL)
        return false;
    (void)uv_timer_init(notify->loop, &notify->curl_timer);
    notify->curl_timer.data = notify;
    (void)curl_multi_setopt(notify->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
    (void)curl_multi_setopt(notify->multi, CURLMOPT_SOCKETDATA, notify);
    (void)curl_multi_setopt(notify->multi, CURLMOPT_TIMERFUNCTION, on_timer);
    (void)curl_multi_setopt(notify->multi, CURLMOPT_TIMERDATA, notify);
    (void)curl_multi_setopt(notify->multi, CURLMOPT_MAX_HOST_CONNECTIONS, 8L);
    return true;
}

/* What a receiver answers beside its status is of no interest. */
static size_t on_answer(char *data, size_t size, size_t count, void *context)
{
    (void)data;
    (void)context;
    return size * count;
}

static void add_header(struct fy_sending *sending, const char *name, const char *value)
{
    FY_AUTO(fy_free_ptr) char *line = fy_format("%s: %s", name, value);
    sending->headers = curl_slist_append(sending->headers, line);
}

static bool set_body(struct fy_sending *sending, const struct fy_receiver *receiver, const char *body,
                     size_t length, const char *event_id, struct fy_err *err)
{
    char signature[96];
    int64_t now_s = fy_system_clock.wall_ms(fy_system_clock.self) / 1000;
    if (body == NULL)
        return true;
    if (!fy_receiver_sign(receiver, now_s, body, length, signature, err))
        return false;
    sending->body = fy_strndup(body, length);
    add_header(sending, "Content-Type", "application/json");
    add_header(sending, "Ferry-Event-Id", event_id);
    add_header(sending, "Ferry-Signature", signature);
    (void)curl_easy_setopt(sending->curl, CURLOPT_POSTFIELDS, sending->body);
    (void)curl_easy_setopt(sending->curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)length);
    return true;
}

static void set_target(const struct fy_sending *sending, const struct fy_receiver *receiver)
{
    CURL *curl = sending->curl;
    (void)curl_easy_setopt(curl, CURLOPT_URL, receiver->url);
    (void)curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    (void)curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
    (void)curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    (void)curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, CONNECT_MS);
    (void)curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, ANSWER_MS);
    (void)curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_answer);
    (void)curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, sending->error);
    (void)curl_easy_setopt(curl, CURLOPT_HTTPHEADER, sending->headers);
    (void)curl_easy_setopt(curl, CURLOPT_PRIVATE, sending);
    if (receiver->ca != NULL)
        (void)curl_easy_setopt(curl, CURLOPT_CAINFO, receiver->ca);
}

struct fy_sending *fy_send(struct fy_receiver *receiver, const char *body, size_t length,
                           const char *event_id, void (*done)(void *context, long status, const char *why),
                           void *context)
{
    struct fy_sending *sending = FY_NEW(struct fy_sending);
    struct fy_err err;
    sending->curl = curl_easy_init();
    sending->done = done;
    sending->context = context;
    add_header(sending, "Expect", "");
    if (!set_body(sending, receiver, body, length, event_id, &err)) {
        (void)snprintf(sending->error, sizeof sending->error, "%.200s", err.message);
        finish(sending, CURLE_READ_ERROR);
        return NULL;
    }
    set_target(sending, receiver);
    (void)curl_multi_add_handle(receiver->notify->multi, sending->curl);
    return sending;
}
