/* SPDX-License-Identifier: Apache-2.0 */
#include "kube.h"

#include <openssl/evp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

bool kube_fail(struct kube_err *err, enum ferry_failure failure, const char *hint, const char *format, ...)
{
    if (err == NULL)
        return false;
    va_list args;
    err->failure = failure;
    va_start(args, format);
    (void)vsnprintf(err->message, sizeof err->message, format, args);
    va_end(args);
    (void)snprintf(err->hint, sizeof err->hint, "%s", hint != NULL ? hint : "");
    return false;
}

bool kube_no_memory(struct kube_err *err)
{
    return kube_fail(err, FERRY_FAILURE_TRANSIENT, NULL, "the adapter's host is out of memory");
}

json_t *kube_at(const json_t *json, const char *const path[])
{
    for (size_t i = 0; json != NULL && path[i] != NULL; i++)
        json = json_object_get(json, path[i]);
    return (json_t *)(uintptr_t)json; /* jansson's getters take const and give none back, too */
}

const char *kube_text(const json_t *json)
{
    const char *text = json_string_value(json);
    return text != NULL ? text : "";
}

json_int_t kube_int(const json_t *json)
{
    return json_integer_value(json);
}

char *kube_format(const char *format, ...)
{
    char *text = NULL;
    va_list args;
    va_start(args, format);
    int length = vasprintf(&text, format, args);
    va_end(args);
    return length >= 0 ? text : NULL;
}

int64_t kube_time(const char *text)
{
    struct tm tm = {0};
    const char *end = text != NULL ? strptime(text, "%Y-%m-%dT%H:%M:%S", &tm) : NULL;
    return end != NULL ? (int64_t)timegm(&tm) * 1000 : 0;
}

void kube_time_text(int64_t ms, char text[32])
{
    time_t seconds = (time_t)(ms / 1000);
    struct tm tm;
    if (gmtime_r(&seconds, &tm) == NULL || strftime(text, 32, "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
        text[0] = '\0';
}

void kube_digest(const char *text, char digest[17])
{
    unsigned char hash[EVP_MAX_MD_SIZE] = {0};
    unsigned length = 0;
    (void)EVP_Digest(text, strlen(text), hash, &length, EVP_sha256(), NULL);
    for (size_t i = 0; i < 8; i++)
        (void)snprintf(digest + i * 2, 3, "%02x", hash[i]);
}

void kube_image_tag(const char *image, char *tag, size_t size)
{
    size_t end = strcspn(image, "@"), start = end;
    while (start > 0 && image[start - 1] != '/' && image[start - 1] != ':')
        start--;
    bool tagged = start > 0 && image[start - 1] == ':';
    (void)snprintf(tag, size, "%.*s", tagged ? (int)(end - start) : 0, image + start);
}
