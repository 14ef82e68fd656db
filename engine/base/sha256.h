/* SPDX-License-Identifier: Apache-2.0 */
/* SHA-256 (OpenSSL), as raw bytes and as the lower-case hex in which digests are written everywhere. */
#ifndef FY_BASE_SHA256_H
#define FY_BASE_SHA256_H

#include <stddef.h>

#define FY_SHA256_BYTES 32
#define FY_SHA256_HEX   65 /* with the NUL */

struct fy_span {
    const void *bytes;
    size_t length;
};

/* Hash the concatenation of spans. */
void fy_sha256(const struct fy_span *spans, size_t count, unsigned char digest[FY_SHA256_BYTES]);
void fy_sha256_hex(const unsigned char digest[FY_SHA256_BYTES], char hex[FY_SHA256_HEX]);
void fy_sha256_text(const char *text, size_t length, char hex[FY_SHA256_HEX]);

#endif
