/* SPDX-License-Identifier: Apache-2.0 */
#include "prometheus/http.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REPLY_MAX ((size_t)32 * 1024 * 1024)

struct prom_http {
    CURL *easy;
    struct curl_slist *headers;
    char *url, *user, *password, *ca;
    char words[CURL_ERROR_SIZE];
};

struct reply {
    char *text;
    size_t length, room;
    bool too_large;
};

static char *copy(const char *text)
{
    return text != NULL ? strdup(text) : NULL;
}

struct prom_http *prom_http_new(const char *url, const char *token, const char *user, const char *password,
                                const char *ca)
{
    struct prom_http *http = calloc(1, sizeof *http);
    char bearer[8192] = "";
    if (http == NULL)
        return NULL;
    if (token != NULL)
        (void)snprintf(bearer, sizeof bearer, "Authorization: Bearer %.*s", (int)strcspn(token, "\r\n"),
                       token);
    http->headers = curl_slist_append(NULL, token != NULL ? bearer : "Accept: application/json");
    explicit_bzero(bearer, sizeof bearer);
    http->easy = curl_easy_init();
    http->url = copy(url);
    http->user = copy(user);
    http->password = copy(password);
    http->ca = copy(ca);
    if (http->easy != NULL && http->headers != NULL && http->url != NULL &&
        (user == NULL || http->user != NULL) && (password == NULL || http->password != NULL) &&
        (ca == NULL || http->ca != NULL))
        return http;
    prom_http_free(http);
    return NULL;
}

static void forget(char *secret)
{
    if (secret != NULL)
        explicit_bzero(secret, strlen(secret));
    free(secret);
}

void prom_http_free(struct prom_http *http)
{
    if (http == NULL)
        return;
    curl_easy_cleanup(http->easy);
    for (struct curl_slist *header = http->headers; header != NULL; header = header->next)
        explicit_bzero(header->data, strlen(header->data));
    curl_slist_free_all(http->headers);
    free(http->url);
    free(http->user);
    forget(http->password);
    free(http->ca);
    free(http);
}

static size_t gather(char *data, size_t size, size_t count, void *context)
{
    struct reply *reply = context;
    size_t length = size * count;
    reply->too_large = length > REPLY_MAX - reply->length;
    if (reply->too_large)
        return 0;
    if (reply->length + length + 1 > reply->room) {
        size_t room = (reply->length + length + 1) * 2;
        char *grown = realloc(reply->text, room);
        if (grown == NULL)
            return 0;
        reply->text = grown;
        reply->room = room;
    }
    memcpy(reply->text + reply->length, data, length);
    reply->length += length;
    reply->text[reply->length] = '\0';
    return length;
}

static json_t *failed(struct prom_error *error, enum ferry_failure failure, const char *message,
                      const char *hint)
{
    *error = (struct prom_error){.failure = failure};
    (void)snprintf(error->message, sizeof error->message, "%s", message);
    (void)snprintf(error->hint, sizeof error->hint, "%s", hint);
    return NULL;
}

static json_t *not_reached(const struct prom_http *http, CURLcode code, const struct reply *reply,
                           struct prom_error *error)
{
    char message[400];
    const char *words = http->words[0] != '\0' ? http->words : curl_easy_strerror(code);
    (void)snprintf(message, sizeof message, "%s: %s", http->url,
                   reply->too_large ? "the answer is larger than 32 MiB" : words);
    if (code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_SSL_CACERT_BADFILE)
        return failed(error, FERRY_FAILURE_PERMANENT, message,
                      "the setting ca names the file of the authority that signed the server's certificate");
    if (reply->too_large)
        return failed(error, FERRY_FAILURE_PERMANENT, message, "narrow it down with the setting match");
    if (code == CURLE_OPERATION_TIMEDOUT)
        return failed(error, FERRY_FAILURE_TIMEOUT, message, "is the server overloaded?");
    return failed(error, FERRY_FAILURE_TRANSIENT, message, "is the setting url right, and the server up?");
}

static enum ferry_failure failure_of(long status)
{
    if (status == 401 || status == 403)
        return FERRY_FAILURE_REFUSED;
    if (status == 400 || status == 404 || status == 405 || status == 422)
        return FERRY_FAILURE_PERMANENT;
    return status == 504 ? FERRY_FAILURE_TIMEOUT : FERRY_FAILURE_TRANSIENT;
}

/* Prometheus says {"status":"error","errorType","error"}; what stands before it may say anything. */
static json_t *refused(const struct prom_http *http, long status, const struct reply *reply,
                       const json_t *document, struct prom_error *error)
{
    char message[400];
    const char *words = json_string_value(json_object_get(document, "error"));
    const char *type = json_string_value(json_object_get(document, "errorType"));
    if (words != NULL)
        (void)snprintf(message, sizeof message, "%.120s answered %ld, %s: %.200s", http->url, status,
                       type != NULL ? type : "error", words);
    else
        (void)snprintf(message, sizeof message, "%.120s answered %ld: %.120s", http->url, status,
                       reply->text != NULL ? reply->text : "nothing");
    return failed(error, failure_of(status), message,
                  status == 401 || status == 403 ? "the secrets token or password of the connection" : "");
}

static json_t *read_reply(const struct prom_http *http, const struct reply *reply, struct prom_error *error)
{
    long status = 0;
    (void)curl_easy_getinfo(http->easy, CURLINFO_RESPONSE_CODE, &status);
    json_t *document = reply->text != NULL ? json_loadb(reply->text, reply->length, 0, NULL) : NULL;
    const char *said = json_string_value(json_object_get(document, "status"));
    json_t *data = json_incref(json_object_get(document, "data"));
    if (status != 200 || said == NULL || strcmp(said, "success") != 0 || !json_is_object(data)) {
        json_decref(data);
        data = refused(http, status, reply, document, error);
    }
    json_decref(document);
    return data;
}

static void set_options(struct prom_http *http, const char *url, const char *form, int64_t timeout_ms,
                        struct reply *reply)
{
    CURL *easy = http->easy;
    curl_easy_reset(easy); /* the connection stays open */
    http->words[0] = '\0';
    (void)curl_easy_setopt(easy, CURLOPT_URL, url);
    (void)curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    (void)curl_easy_setopt(easy, CURLOPT_POSTFIELDS, form);
    (void)curl_easy_setopt(easy, CURLOPT_HTTPHEADER, http->headers);
    (void)curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, gather);
    (void)curl_easy_setopt(easy, CURLOPT_WRITEDATA, reply);
    (void)curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, http->words);
    (void)curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)timeout_ms);
    (void)curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    (void)curl_easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, "");
    if (http->ca != NULL)
        (void)curl_easy_setopt(easy, CURLOPT_CAINFO, http->ca);
    if (http->user != NULL)
        (void)curl_easy_setopt(easy, CURLOPT_USERNAME, http->user);
    if (http->password != NULL)
        (void)curl_easy_setopt(easy, CURLOPT_PASSWORD, http->password);
}

json_t *prom_http_ask(struct prom_http *http, const char *endpoint, const char *form, int64_t timeout_ms,
                      struct prom_error *error)
{
    char url[2048];
    struct reply reply = {0};
    size_t base = strlen(http->url);
    while (base > 0 && http->url[base - 1] == '/')
        base--;
    int length = snprintf(url, sizeof url, "%.*s/api/v1/%s", (int)base, http->url, endpoint);
    if (length < 0 || (size_t)length >= sizeof url)
        return failed(error, FERRY_FAILURE_PERMANENT, "the setting url is too long", "");
    set_options(http, url, form, timeout_ms > 1 ? timeout_ms : 1, &reply);
    CURLcode code = curl_easy_perform(http->easy);
    json_t *data =
        code == CURLE_OK ? read_reply(http, &reply, error) : not_reached(http, code, &reply, error);
    free(reply.text);
    return data;
}

bool prom_form_add(char **form, const char *name, const char *value)
{
    char *escaped = curl_easy_escape(NULL, value, 0), *longer = NULL;
    if (escaped != NULL && asprintf(&longer, "%s%s%s=%s", *form != NULL ? *form : "",
                                    *form != NULL ? "&" : "", name, escaped) < 0)
        longer = NULL;
    curl_free(escaped);
    if (longer == NULL)
        return false;
    free(*form);
    *form = longer;
    return true;
}
