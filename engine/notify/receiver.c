/* SPDX-License-Identifier: Apache-2.0 */
/* Receivers: their configuration and their signature. */
#include "notify/inside.h"

#include "base/file.h"
#include "base/mem.h"
#include "base/sha256.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <string.h>

#define SECRET_MAX      ((size_t)4096)
#define GIVE_UP_S       INT64_C(86400)
#define GIVE_UP_MAX_S   (30 * GIVE_UP_S)
#define SIGNATURE_BYTES 32

static char *beside(const char *directory, const char *file)
{
    return file[0] == '/' ? fy_strdup(file) : fy_format("%s/%s", directory, file);
}

static bool only_members(const json_t *object, struct fy_err *err)
{
    static const char *const known[] = {"url", "secret", "ca", "give_up_s"};
    const char *name = NULL;
    json_t *value = NULL;
    json_t *all = (json_t *)(uintptr_t)object; /* jansson's iterators take no const */
    json_object_foreach(all, name, value)
    {
        bool found = false;
        for (size_t i = 0; i < FY_COUNT(known); i++)
            found = found || strcmp(known[i], name) == 0;
        if (!found)
            return fy_fail(err, FY_ERR_INVALID, "\"%.60s\" is none of url, secret, ca, give_up_s", name);
    }
    return true;
}

static bool read_one(struct fy_receiver *receiver, const json_t *from, const char *directory,
                     struct fy_err *err)
{
    const char *url = fy_json_string_or(from, "url", NULL);
    const char *ca = fy_json_string_or(from, "ca", NULL);
    const char *secret = fy_json_string_or(json_object_get(from, "secret"), "file", NULL);
    int64_t give_up_s = fy_json_int_or(from, "give_up_s", GIVE_UP_S);
    if (!only_members(from, err) || json_object_size(from) == 0)
        return json_object_size(from) == 0;
    if (url == NULL || (strncmp(url, "https://", 8) != 0 && strncmp(url, "http://", 7) != 0))
        return fy_fail(err, FY_ERR_INVALID, "\"url\" must be an http:// or https:// address");
    if (secret == NULL) {
        (void)fy_fail(err, FY_ERR_INVALID, "it has no \"secret\" to sign with");
        return fy_hint(
            err, "\"secret\": {\"file\": \"NAME.key\"}, a file of mode 0600 with 32 random bytes in hex");
    }
    if (give_up_s < 1 || give_up_s > GIVE_UP_MAX_S)
        return fy_fail(err, FY_ERR_INVALID, "\"give_up_s\" must be seconds, 30 days at most");
    receiver->url = fy_strdup(url);
    receiver->ca = ca != NULL ? beside(directory, ca) : NULL;
    receiver->secret_file = beside(directory, secret);
    receiver->give_up_ms = give_up_s * 1000;
    return true;
}

bool fy_receivers_read(struct fy_notify *notify, const char *config, const char *directory,
                       struct fy_err *err)
{
    const char *name = NULL;
    json_t *one = NULL;
    FY_AUTO(fy_json_unref) json_t *all = fy_json_parse(config, strlen(config), "receivers", err);
    if (all == NULL)
        return false;
    notify->receivers = FY_NEW_ARRAY(struct fy_receiver, json_object_size(all) + 1);
    json_object_foreach(all, name, one)
    {
        char signature[96];
        struct fy_receiver *receiver = &notify->receivers[notify->receiver_count++];
        receiver->notify = notify;
        receiver->name = fy_strdup(name);
        if (!read_one(receiver, one, directory, err) ||
            (receiver->url != NULL && !fy_receiver_sign(receiver, 0, "", 0, signature, err)))
            return fy_wrap(err, "receiver %s", name);
    }
    return true;
}

void fy_receivers_free(struct fy_notify *notify)
{
    for (size_t i = 0; i < notify->receiver_count; i++) {
        struct fy_receiver *receiver = &notify->receivers[i];
        free(receiver->name);
        free(receiver->url);
        free(receiver->ca);
        free(receiver->secret_file);
        free(receiver->trouble);
    }
    free(notify->receivers);
}

struct fy_receiver *fy_receiver_find(const struct fy_notify *notify, const char *name)
{
    for (size_t i = 0; i < notify->receiver_count; i++)
        if (strcmp(notify->receivers[i].name, name) == 0)
            return &notify->receivers[i];
    return NULL;
}

/* The secret is read each time: it is in memory no longer than needed, and may be changed on disk. */
bool fy_receiver_sign(const struct fy_receiver *receiver, int64_t now_s, const char *body, size_t length,
                      char signature[96], struct fy_err *err)
{
    FY_AUTO(fy_buf_free) struct fy_buf secret = {0};
    FY_AUTO(fy_buf_free) struct fy_buf signed_text = {0};
    unsigned char digest[SIGNATURE_BYTES];
    unsigned size = 0;
    char hex[FY_SHA256_HEX];
    if (!fy_read_private_file(receiver->secret_file, SECRET_MAX, &secret, err))
        return false;
    if (secret.length < 16)
        return fy_fail(err, FY_ERR_INVALID, "the secret in %s is shorter than 16 bytes",
                       receiver->secret_file);
    fy_buf_format(&signed_text, "%lld.", (long long)now_s);
    fy_buf_put(&signed_text, body, length);
    const unsigned char *made =
        HMAC(EVP_sha256(), secret.data, (int)secret.length, (const unsigned char *)signed_text.data,
             signed_text.length, digest, &size);
    explicit_bzero(secret.data, secret.room);
    if (made == NULL)
        return fy_fail(err, FY_ERR_INTERNAL, "could not sign");
    fy_sha256_hex(digest, hex);
    (void)snprintf(signature, 96, "t=%lld,v1=%s", (long long)now_s, hex);
    return true;
}

bool fy_notify_check(const char *config, const char *directory, struct fy_err *err)
{
    struct fy_notify notify = {0};
    bool good = fy_receivers_read(&notify, config, directory, err);
    fy_receivers_free(&notify);
    return good;
}
