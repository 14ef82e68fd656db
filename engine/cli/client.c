/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/client.h"

#include "base/clock.h"
#include "base/mem.h"
#include "cli/server.h"
#include "cli/start.h"

#include <curl/curl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define STARTS_AT_MOST 5 /* of one request: an engine that dies at once again and again is reported */
#define PAUSE_NS       2000000

#define SERVER_BACK_NS  (60 * INT64_C(1000000000)) /* a server that was there is waited for this long */
#define SERVER_PAUSE_NS 250000000
#define KEY_DIGITS      32

struct fy_client {
    char *store, *socket;
    struct fy_server *server; /* NULL: the socket */
    CURL *curl;
    bool may_start, answered; /* some ferryd has answered before */
    uint64_t losses;
    int64_t lost_ns, gap_ms;
};

struct fy_client *fy_client_new(const char *store)
{
    struct fy_client *client = FY_NEW(struct fy_client);
    client->store = fy_strdup(store);
    client->socket = fy_format("%s/ferry.sock", store);
    client->curl = curl_easy_init();
    client->may_start = true;
    return client;
}

void fy_client_free(struct fy_client *client)
{
    if (client == NULL)
        return;
    curl_easy_cleanup(client->curl);
    free(client->store);
    free(client->socket);
    fy_server_free(client->server);
    free(client);
}

void fy_client_use(struct fy_client *client, struct fy_server *server)
{
    fy_server_free(client->server);
    client->server = server;
}

bool fy_client_is_remote(const struct fy_client *client)
{
    return client->server != NULL;
}

void fy_client_may_start(struct fy_client *client, bool may)
{
    client->may_start = may;
}

void fy_answer_free(struct fy_answer *answer)
{
    fy_buf_free(&answer->text);
}

static size_t on_body(char *data, size_t size, size_t count, void *context)
{
    struct fy_answer *answer = context;
    fy_buf_put(&answer->text, data, size * count);
    return size * count;
}

static struct curl_slist *headers_of(const struct fy_client *client, const struct fy_request *request,
                                     const char *key)
{
    struct curl_slist *headers = curl_slist_append(NULL, "Expect:");
    char line[512];
    if (client->server != NULL && client->server->token != NULL) {
        (void)snprintf(line, sizeof line, "Authorization: Bearer %s", client->server->token);
        headers = curl_slist_append(headers, line);
        explicit_bzero(line, sizeof line);
    }
    if (key != NULL) {
        (void)snprintf(line, sizeof line, "Idempotency-Key: %s", key);
        headers = curl_slist_append(headers, line);
    }
    if (request->content_type != NULL) {
        (void)snprintf(line, sizeof line, "Content-Type: %s", request->content_type);
        headers = curl_slist_append(headers, line);
    }
    if (request->accept != NULL) {
        (void)snprintf(line, sizeof line, "Accept: %s", request->accept);
        headers = curl_slist_append(headers, line);
    }
    return headers;
}

static char *url_of(const struct fy_client *client, const char *path)
{
    return fy_format("%s%s", client->server != NULL ? client->server->url : "http://ferryd", path);
}

/* Where ferryd is, and how it is proven to be the one that is meant. */
static void aim(const struct fy_client *client, CURL *curl)
{
    const struct fy_server *server = client->server;
    (void)curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    if (server == NULL) {
        (void)curl_easy_setopt(curl, CURLOPT_UNIX_SOCKET_PATH, client->socket);
        (void)curl_easy_setopt(curl, CURLOPT_NOPROXY, "*");
        return;
    }
    (void)curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "https");
    (void)curl_easy_setopt(curl, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    (void)curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, 10L);
    if (server->ca != NULL)
        (void)curl_easy_setopt(curl, CURLOPT_CAINFO, server->ca);
    if (server->certificate != NULL)
        (void)curl_easy_setopt(curl, CURLOPT_SSLCERT, server->certificate);
    if (server->key != NULL)
        (void)curl_easy_setopt(curl, CURLOPT_SSLKEY, server->key);
}

static CURLcode perform(struct fy_client *client, const struct fy_request *request, const char *key,
                        struct fy_answer *answer)
{
    CURL *curl = client->curl;
    FY_AUTO(fy_free_ptr) char *url = url_of(client, request->path);
    struct curl_slist *headers = headers_of(client, request, key);
    fy_buf_clear(&answer->text);
    curl_easy_reset(curl);
    aim(client, curl);
    (void)curl_easy_setopt(curl, CURLOPT_URL, url);
    (void)curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    (void)curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_body);
    (void)curl_easy_setopt(curl, CURLOPT_WRITEDATA, answer);
    if (strcmp(request->method, "GET") != 0) {
        (void)curl_easy_setopt(curl, CURLOPT_POSTFIELDS, request->body != NULL ? request->body : "");
        (void)curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body_length);
    }
    CURLcode code = curl_easy_perform(curl);
    curl_slist_free_all(headers);
    if (code == CURLE_OK)
        (void)curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &answer->status);
    return code;
}

/* The words of a problem document, or what there is instead. */
static bool fail_with_problem(const struct fy_answer *answer, struct fy_err *err)
{
    static const char type_prefix[] = "urn:ferry:problem:";
    json_t *doc =
        answer->text.length > 0 ? json_loadb(answer->text.data, answer->text.length, 0, NULL) : NULL;
    const char *type = fy_json_string_or(doc, "type", "");
    const char *hint = fy_json_string_or(doc, "hint", "");
    enum fy_err_kind kind = FY_ERR_INTERNAL;
    if (strncmp(type, type_prefix, sizeof type_prefix - 1) == 0)
        kind = fy_err_kind_parse(type + sizeof type_prefix - 1);
    if (answer->status == 404)
        kind = FY_ERR_NOT_FOUND;
    if (answer->status == 413 || answer->status == 405)
        kind = FY_ERR_INVALID;
    if (answer->status == 401 || answer->status == 403)
        kind = FY_ERR_REFUSED;
    (void)fy_fail(err, kind, "%s", fy_json_string_or(doc, "detail", "ferryd refused without a word"));
    if (hint[0] != '\0')
        (void)fy_hint(err, "%s", hint);
    json_decref(doc);
    return false;
}

static bool nobody_there(const struct fy_client *client, struct fy_err *err)
{
    (void)fy_fail(err, FY_ERR_TRANSIENT, "no ferryd is running on the store %s", client->store);
    return fy_hint(err, "any command that needs one starts it: \"ferry list\"");
}

static int64_t now_ns(void)
{
    return fy_system_clock.machine(fy_system_clock.self).ns;
}

/* One on another machine was there and is gone: its successor is on its way, or somebody is restarting it. */
static bool await_server(struct fy_client *client, CURLcode code, struct fy_err *err)
{
    const struct fy_request hello = {.method = "GET", .path = "/healthz"};
    FY_AUTO(fy_answer_free) struct fy_answer answer = {0};
    int64_t end_ns = now_ns() + SERVER_BACK_NS;
    while (client->lost_ns != 0 && now_ns() < end_ns) {
        if (perform(client, &hello, NULL, &answer) == CURLE_OK)
            return true;
        (void)nanosleep(&(struct timespec){.tv_nsec = SERVER_PAUSE_NS}, NULL);
    }
    (void)fy_fail(err, FY_ERR_TRANSIENT, "no ferryd answers at %s: %s", client->server->url,
                  curl_easy_strerror(code));
    return fy_hint(
        err, "the address, \"ca\" and \"token-file\" of a server are explained by \"ferry help servers\"");
}

/* Another client may be starting one at this very moment, so what counts is that one answers. */
bool fy_client_wake(struct fy_client *client, struct fy_err *err)
{
    const struct fy_request hello = {.method = "GET", .path = "/healthz"};
    FY_AUTO(fy_answer_free) struct fy_answer answer = {0};
    struct fy_err first = {0};
    if (client->server != NULL)
        return await_server(client, CURLE_COULDNT_CONNECT, err);
    if (!client->may_start)
        return nobody_there(client, err);
    if (fy_start_ferryd(client->store, &first))
        return true;
    for (int i = 0; i < 250; i++) {
        if (perform(client, &hello, NULL, &answer) == CURLE_OK)
            return true;
        (void)nanosleep(&(struct timespec){.tv_nsec = PAUSE_NS}, NULL);
    }
    if (err != NULL)
        *err = first;
    return false;
}

uint64_t fy_client_losses(const struct fy_client *client)
{
    return client->losses;
}

int64_t fy_client_gap_ms(const struct fy_client *client)
{
    return client->gap_ms;
}

/* One that answered is gone: note since when, and when another answers, how long that took. */
static void note_answer(struct fy_client *client, bool answers)
{
    if (!answers && client->answered) {
        client->lost_ns = now_ns();
        client->losses++;
    } else if (answers && client->lost_ns != 0) {
        client->gap_ms = (now_ns() - client->lost_ns) / 1000000;
        client->lost_ns = 0;
    }
    client->answered = answers;
}

/* So that what was asked for twice, because an answer was lost, is done once. */
static void make_key(char key[KEY_DIGITS + 1])
{
    unsigned char random[KEY_DIGITS / 2] = {0};
    if (getentropy(random, sizeof random) != 0)
        abort(); /* a key that was used before would have its answer */
    for (size_t i = 0; i < sizeof random; i++)
        (void)snprintf(key + 2 * i, 3, "%02x", random[i]);
}

bool fy_client_ask(struct fy_client *client, const struct fy_request *request, struct fy_answer *answer,
                   struct fy_err *err)
{
    bool repeatable = request->repeatable || request->once || strcmp(request->method, "GET") == 0;
    char key[KEY_DIGITS + 1];
    make_key(key);
    for (int start = 0; start <= STARTS_AT_MOST; start++) {
        CURLcode code = perform(client, request, request->once ? key : NULL, answer);
        note_answer(client, code == CURLE_OK);
        if (code == CURLE_OK)
            return answer->status < 400 || fail_with_problem(answer, err);
        if (code != CURLE_COULDNT_CONNECT && !repeatable) {
            (void)fy_fail(err, FY_ERR_UNSURE, "ferryd ended while it was asked for %s", request->path);
            return fy_hint(err, "\"ferry journal RUN\" shows whether it was done");
        }
        if (client->server != NULL ? !await_server(client, code, err) : !fy_client_wake(client, err))
            return false;
    }
    return fy_fail(err, FY_ERR_TRANSIENT,
                   "ferryd ends each time it is asked for %s; its log is %s/ferryd.log", request->path,
                   client->store);
}

json_t *fy_client_get(struct fy_client *client, struct fy_err *err, const char *format, ...)
{
    char path[512];
    FY_AUTO(fy_answer_free) struct fy_answer answer = {0};
    va_list args;
    va_start(args, format);
    (void)vsnprintf(path, sizeof path, format, args);
    va_end(args);
    const struct fy_request request = {.method = "GET", .path = path};
    if (!fy_client_ask(client, &request, &answer, err))
        return NULL;
    return fy_json_parse(answer.text.data, answer.text.length, path, err);
}

struct following {
    struct fy_buf pending; /* what is not yet a whole line */
    bool (*line)(void *context, const char *data);
    void *context;
    bool stopped;
};

/* Of an event stream only the data lines matter: a record carries its own number. */
static size_t on_events(char *data, size_t size, size_t count, void *context)
{
    struct following *following = context;
    struct fy_buf *pending = &following->pending;
    char *end = NULL;
    fy_buf_put(pending, data, size * count);
    while (!following->stopped && (end = strchr(pending->data, '\n')) != NULL) {
        *end = '\0';
        if (strncmp(pending->data, "data: ", 6) == 0)
            following->stopped = !following->line(following->context, pending->data + 6);
        fy_buf_drop(pending, (size_t)(end - pending->data) + 1);
    }
    return following->stopped ? 0 : size * count;
}

bool fy_client_follow(struct fy_client *client, const char *path,
                      bool (*line)(void *context, const char *data), void *context, struct fy_err *err)
{
    FY_AUTO(fy_answer_free) struct fy_answer answer = {0};
    FY_AUTO(fy_free_ptr) char *first = fy_format("%s&limit=1", path);
    const struct fy_request look = {.method = "GET", .path = first};
    struct following following = {.line = line, .context = context};
    if (!fy_client_ask(client, &look, &answer, err)) /* wakes it; says what is wrong with the path */
        return false;
    const struct fy_request request = {.method = "GET", .path = path, .accept = "text/event-stream"};
    CURL *curl = client->curl;
    FY_AUTO(fy_free_ptr) char *url = url_of(client, request.path);
    struct curl_slist *headers = headers_of(client, &request, NULL);
    (void)curl_easy_setopt(curl, CURLOPT_URL, url);
    (void)curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    (void)curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_events);
    (void)curl_easy_setopt(curl, CURLOPT_WRITEDATA, &following);
    (void)curl_easy_perform(curl);
    curl_slist_free_all(headers);
    fy_buf_free(&following.pending);
    return true;
}
