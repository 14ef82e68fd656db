/* SPDX-License-Identifier: Apache-2.0 */
#include "base/sha256.h"

#include <openssl/evp.h>
#include <stdlib.h>

void fy_sha256(const struct fy_span *spans, size_t count, unsigned char digest[FY_SHA256_BYTES])
{
    static _Thread_local EVP_MD_CTX *context; /* one a thread: making it costs more than hashing a record */
    if (context == NULL && (context = EVP_MD_CTX_new()) == NULL)
        abort();
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
