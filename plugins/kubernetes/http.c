/* SPDX-License-Identifier: Apache-2.0 */
#include "http.h"

#include <curl/curl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define TOGETHER_MAX 32
#define CONNECT_MS   5000L
#define BACK_OFF_MS  1000 /* a server that is overloaded and does not say for how long */
#define REST_MAX_MS  30000

struct kube_http {
    CURLM *multi;
    const struct kube_target *target;
    int64_t rest_until; /* machine time: the server asked for a rest */
    _Atomic uint64_t requests, sent, received;
};

/* A request on its way. */
struct transfer {
    CURL *easy;
    struct curl_slist *headers;
    struct kube_http *http;
    struct kube_request *request;
    kube_on_data *on_data; /* or NULL: gather */
    void *context;
    size_t room;
    bool too_large;
    char words[CURL_ERROR_SIZE];
};

static int64_t machine_ms(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

struct kube_http *kube_http_new(const struct kube_target *target)
{
    struct kube_http *http = calloc(1, sizeof *http);
    if (http == NULL)
        return NULL;
    http->target = target;
    http->multi = curl_multi_init();
    if (http->multi == NULL) {
        free(http);
        return NULL;
    }
    (void)curl_multi_setopt(http->multi, CURLMOPT_PIPELINING, CURLPIPE_MULTIPLEX);
    (void)curl_multi_setopt(http->multi, CURLMOPT_MAX_HOST_CONNECTIONS, 4L);
    return http;
}

void kube_http_free(struct kube_http *http)
{
    if (http == NULL)
        return;
    (void)curl_multi_cleanup(http->multi);
    free(http);
}

void kube_http_wake(struct kube_http *http)
{
    (void)curl_multi_wakeup(http->multi);
}

struct kube_traffic kube_http_traffic(const struct kube_http *http)
{
    return (struct kube_traffic){http->requests, http->sent, http->received};
}

void kube_request_clear(struct kube_request *request)
{
    free(request->path);
    free(request->body);
    free(request->reply);
    *request = (struct kube_request){0};
}

/* ---- what comes ------------------------------------------------------------------------------------------
 */

static size_t gather(struct transfer *transfer, const char *data, size_t length)
{
    struct kube_request *request = transfer->request;
    if (length > KUBE_REPLY_MAX - request->length) {
        transfer->too_large = true;
        return 0;
    }
    if (request->length + length >= transfer->room) {
        size_t room = (request->length + length + 1) * 2;
        char *grown = realloc(request->reply, room);
        if (grown == NULL)
            return 0;
        request->reply = grown;
        transfer->room = room;
    }
    memcpy(request->reply + request->length, data, length);
    request->length += length;
    request->reply[request->length] = '\0';
    return length;
}

static size_t on_body(char *data, size_t size, size_t count, void *context)
{
    struct transfer *transfer = context;
    size_t length = size * count;
    long status = 0;
    (void)curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &status);
    if (transfer->on_data == NULL || status != 200)
        return gather(transfer, data, length);
    transfer->http->received += length;
    return transfer->on_data(transfer->context, data, length) ? length : 0;
}

/* ---- what goes -------------------------------------------------------------------------------------------
 */

static bool add_header(struct transfer *transfer, const char *line)
{
    struct curl_slist *longer = line != NULL ? curl_slist_append(transfer->headers, line) : NULL;
    if (longer != NULL)
        transfer->headers = longer;
    return longer != NULL;
}

static bool set_headers(struct transfer *transfer, const struct kube_target *target)
{
    struct kube_request *request = transfer->request;
    bool bearer = target->token != NULL || target->token_file != NULL;
    char *token = bearer ? kube_target_token(target, &request->err) : NULL;
    if (bearer && token == NULL)
        return false;
    char *credentials = bearer ? kube_format("Authorization: Bearer %s", token) : NULL;
    char *type = kube_format("Content-Type: %s", request->type != NULL ? request->type : KUBE_JSON);
    bool good = add_header(transfer, "Accept: application/json") && add_header(transfer, "Expect:") &&
                (request->body == NULL || add_header(transfer, type)) &&
                (!bearer || add_header(transfer, credentials));
    if (credentials != NULL)
        explicit_bzero(credentials, strlen(credentials));
    if (token != NULL)
        explicit_bzero(token, strlen(token));
    free(credentials);
    free(token);
    free(type);
    return good || kube_no_memory(&request->err);
}

static void blob(CURL *easy, CURLoption option, const char *pem)
{
    struct curl_blob data = {.data = (char *)(uintptr_t)pem, .len = strlen(pem), .flags = CURL_BLOB_NOCOPY};
    (void)curl_easy_setopt(easy, option, &data);
}

static void set_tls(CURL *easy, const struct kube_target *target)
{
    (void)curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    (void)curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L);
    (void)curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L);
    if (target->ca != NULL) {
        blob(easy, CURLOPT_CAINFO_BLOB, target->ca);
        (void)curl_easy_setopt(easy, CURLOPT_CAPATH, NULL); /* this authority and no other */
    }
    if (target->cert != NULL) {
        blob(easy, CURLOPT_SSLCERT_BLOB, target->cert);
        blob(easy, CURLOPT_SSLKEY_BLOB, target->key);
    }
}

static bool prepare(struct transfer *transfer, struct kube_http *http, struct kube_request *request)
{
    char *url = kube_format("%s%s", http->target->server, request->path);
    transfer->http = http;
    transfer->request = request;
    transfer->easy = curl_easy_init();
    CURL *easy = transfer->easy;
    if (url == NULL || easy == NULL || !set_headers(transfer, http->target)) {
        free(url);
        return request->err.message[0] == '\0' ? kube_no_memory(&request->err) : false;
    }
    (void)curl_easy_setopt(easy, CURLOPT_URL, url);
    free(url);
    set_tls(easy, http->target);
    (void)curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "https");
    (void)curl_easy_setopt(easy, CURLOPT_PROXY, http->target->proxy != NULL ? http->target->proxy : "");
    (void)curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS);
    (void)curl_easy_setopt(easy, CURLOPT_PIPEWAIT, 1L);
    (void)curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    (void)curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
    (void)curl_easy_setopt(easy, CURLOPT_TCP_KEEPIDLE, 15L);
    (void)curl_easy_setopt(easy, CURLOPT_TCP_KEEPINTVL, 5L);
    (void)curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, CONNECT_MS);
    (void)curl_easy_setopt(easy, CURLOPT_USERAGENT, "ferry/" FERRY_VERSION);
    (void)curl_easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, "");
    (void)curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request->method);
    if (request->body != NULL) {
        (void)curl_easy_setopt(easy, CURLOPT_POSTFIELDS, request->body);
        (void)curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)strlen(request->body));
    }
    (void)curl_easy_setopt(easy, CURLOPT_HTTPHEADER, transfer->headers);
    (void)curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
    (void)curl_easy_setopt(easy, CURLOPT_WRITEDATA, transfer);
    (void)curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, transfer->words);
    (void)curl_easy_setopt(easy, CURLOPT_PRIVATE, transfer);
    return curl_multi_add_handle(http->multi, easy) == CURLM_OK || kube_no_memory(&request->err);
}

/* ---- how it ended ----------------------------------------------------------------------------------------
 */

static void explain(struct transfer *transfer, CURLcode code)
{
    struct kube_err *err = &transfer->request->err;
    const char *server = transfer->http->target->server;
    const char *words = transfer->words[0] != '\0' ? transfer->words : curl_easy_strerror(code);
    if (transfer->too_large)
        (void)kube_fail(err, FERRY_FAILURE_PERMANENT, NULL,
                        "the API server's answer to %s is larger than 48 MiB", transfer->request->path);
    else if (code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_SSL_CERTPROBLEM ||
             code == CURLE_SSL_CACERT_BADFILE)
        (void)kube_fail(
            err, FERRY_FAILURE_REFUSED,
            "the kubeconfig's certificate-authority, or its client certificate, is not this server's",
            "no trusted connection to %s: %s", server, words);
    else if (code == CURLE_OPERATION_TIMEDOUT)
        (void)kube_fail(err, FERRY_FAILURE_TIMEOUT, NULL, "%s: %s", server, words);
    else
        (void)kube_fail(err, FERRY_FAILURE_TRANSIENT, NULL, "%s: %s", server, words);
}

/* How long the server wants to be left alone. */
static int64_t wish(const struct transfer *transfer)
{
    curl_off_t seconds = 0;
    (void)curl_easy_getinfo(transfer->easy, CURLINFO_RETRY_AFTER, &seconds);
    int64_t ms = seconds > 0 && seconds < 3600 ? (int64_t)seconds * 1000 : 0;
    return ms > REST_MAX_MS ? REST_MAX_MS : ms;
}

/* A refused eviction is a 429, too: it is about one pod, and says so with a cause. */
static bool is_overload(const struct kube_request *request)
{
    return request->status == 503 || (request->status == 429 && strstr(request->path, "/eviction") == NULL);
}

static void finish(struct transfer *transfer, CURLcode code)
{
    struct kube_request *request = transfer->request;
    struct kube_http *http = transfer->http;
    long status = 0;
    curl_off_t header = 0;
    (void)curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &status);
    (void)curl_easy_getinfo(transfer->easy, CURLINFO_HEADER_SIZE, &header);
    bool ended_by_us = code == CURLE_WRITE_ERROR && transfer->on_data != NULL && !transfer->too_large;
    if (code == CURLE_OK || ended_by_us)
        request->status = (int)status;
    else
        explain(transfer, code);
    request->after_ms = wish(transfer);
    if (is_overload(request)) {
        if (request->after_ms == 0)
            request->after_ms = BACK_OFF_MS;
        http->rest_until = machine_ms() + request->after_ms;
    }
    http->requests++;
    http->sent += strlen(request->path) + (request->body != NULL ? strlen(request->body) : 0);
    http->received += request->length + (uint64_t)header;
}

static void drop(struct transfer *transfer)
{
    if (transfer->easy != NULL) {
        (void)curl_multi_remove_handle(transfer->http->multi, transfer->easy);
        curl_easy_cleanup(transfer->easy);
    }
    curl_slist_free_all(transfer->headers);
    *transfer = (struct transfer){0};
}

/* Finish what is through; how many these are. */
static size_t reap(struct kube_http *http)
{
    size_t reaped = 0;
    int left;
    for (CURLMsg *message; (message = curl_multi_info_read(http->multi, &left)) != NULL;) {
        char *private_data = NULL;
        if (message->msg != CURLMSG_DONE)
            continue;
        CURLcode code = message->data.result;
        (void)curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &private_data);
        struct transfer *transfer = (struct transfer *)(void *)private_data;
        finish(transfer, code);
        drop(transfer);
        reaped++;
    }
    return reaped;
}

/* ---- sending ---------------------------------------------------------------------------------------------
 */

static bool rests(struct kube_http *http, struct kube_request *requests, size_t count)
{
    int64_t left = http->rest_until - machine_ms();
    for (size_t i = 0; i < count && left > 0; i++) {
        requests[i].status = 429;
        requests[i].after_ms = left;
        (void)kube_fail(&requests[i].err, FERRY_FAILURE_TRANSIENT, NULL,
                        "the API server has asked for a rest of %lld ms", (long long)left);
    }
    return left > 0;
}

static size_t start_some(struct kube_http *http, struct transfer *transfers, struct kube_request *requests,
                         size_t count, size_t *next)
{
    size_t started = 0;
    for (size_t slot = 0; slot < TOGETHER_MAX && *next < count; slot++) {
        if (transfers[slot].easy != NULL)
            continue;
        if (prepare(&transfers[slot], http, &requests[*next]))
            started++;
        else
            drop(&transfers[slot]);
        (*next)++;
    }
    return started;
}

void kube_http_send(struct kube_http *http, struct kube_request *requests, size_t count, long limit_ms)
{
    struct transfer transfers[TOGETHER_MAX] = {0};
    int64_t until = machine_ms() + limit_ms;
    size_t next = 0, under_way = 0;
    if (rests(http, requests, count))
        return;
    do {
        int running;
        under_way += start_some(http, transfers, requests, count, &next);
        (void)curl_multi_perform(http->multi, &running);
        size_t through = reap(http);
        under_way -= through;
        if (through == 0 && under_way > 0)
            (void)curl_multi_poll(http->multi, NULL, 0, 200, NULL);
    } while ((under_way > 0 || next < count) && machine_ms() < until);
    for (size_t slot = 0; slot < TOGETHER_MAX; slot++) {
        if (transfers[slot].easy == NULL)
            continue;
        explain(&transfers[slot], CURLE_OPERATION_TIMEDOUT);
        drop(&transfers[slot]);
    }
    for (; next < count; next++)
        (void)kube_fail(&requests[next].err, FERRY_FAILURE_TIMEOUT, NULL, "%s did not answer within %ld ms",
                        http->target->server, limit_ms);
}

void kube_http_stream(struct kube_http *http, struct kube_request *request, const _Atomic bool *stop,
                      kube_on_data *on_data, void *context)
{
    struct transfer transfer = {.on_data = on_data, .context = context};
    if (!rests(http, request, 1) && prepare(&transfer, http, request))
        for (int running = 1; !*stop && transfer.easy != NULL;) {
            (void)curl_multi_perform(http->multi, &running);
            if (reap(http) == 0)
                (void)curl_multi_poll(http->multi, NULL, 0, 10000, NULL);
        }
    drop(&transfer);
}
