/* SPDX-License-Identifier: Apache-2.0 */
#include "base/sha256.h"

#include <openssl/evp.h>
#include <pthread.h>
#include <stdlib.h>

static pthread_key_t at_thread_end;

static void free_context(void *context)
{
    EVP_MD_CTX_free(context);
}

static void make_key(void)
{
    if (pthread_key_create(&at_thread_end, free_context) != 0)
        abort();
}

/* One a thread: making it costs more than hashing a record. It goes when the thread does. */
static EVP_MD_CTX *thread_context(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    static _Thread_local EVP_MD_CTX *context;
    if (context != NULL)
        return context;
    (void)pthread_once(&once, make_key);
    context = EVP_MD_CTX_new();
    if (context == NULL || pthread_setspecific(at_thread_end, context) != 0)
        abort();
    return context;
}

void fy_sha256(const struct fy_span *spans, size_t count, unsigned char digest[FY_SHA256_BYTES])
{
    EVP_MD_CTX *context = thread_context();
    int good = EVP_DigestInit_ex(context, EVP_sha256(), NULL);
    for (size_t i = 0; good == 1 && i < count; i++)
        good = EVP_DigestUpdate(context, spans[i].bytes, spans[i].length);
    if (good != 1 || EVP_DigestFinal_ex(context, digest, NULL) != 1)
        abort(); /* a missing SHA-256 is a broken installation; nothing may be journalled without it */
}

void fy_sha256_hex(const unsigned char digest[FY_SHA256_BYTES], char hex[FY_SHA256_HEX])
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < FY_SHA256_BYTES; i++) {
        hex[2 * i] = digits[digest[i] >> 4];
        hex[2 * i + 1] = digits[digest[i] & 15];
    }
    hex[2 * FY_SHA256_BYTES] = '\0';
}

void fy_sha256_text(const char *text, size_t length, char hex[FY_SHA256_HEX])
{
    unsigned char digest[FY_SHA256_BYTES];
    struct fy_span span = {text, length};
    fy_sha256(&span, 1, digest);
    fy_sha256_hex(digest, hex);
}
