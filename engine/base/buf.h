/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A growing byte buffer, and JSON text written straight into it for the paths a step takes (building a
 * tree of nodes for each record costs more than the record; docs/adr/0004-json.md has the figures).
 */
#ifndef FY_BASE_BUF_H
#define FY_BASE_BUF_H

#include "base/err.h"

#include <stdint.h>

struct fy_buf {
    char *data;    /* always NUL-terminated once something was put */
    size_t length; /* without the NUL */
    size_t room;
};

void fy_buf_free(struct fy_buf *buf); /* leaves an empty buffer; for FY_AUTO */
void fy_buf_clear(struct fy_buf *buf);
void fy_buf_put(struct fy_buf *buf, const void *bytes, size_t count);
void fy_buf_text(struct fy_buf *buf, const char *text);
void fy_buf_format(struct fy_buf *buf, const char *format, ...) FY_PRINTF(2, 3);
void fy_buf_drop(struct fy_buf *buf, size_t count);   /* forget the first count bytes */
void fy_buf_reserve(struct fy_buf *buf, size_t more); /* room for that many bytes behind the text */
char *fy_buf_take(struct fy_buf *buf); /* the text, the caller's to free; the buffer is empty */

/*
 * JSON. fy_buf_json_string puts a quoted, escaped string (invalid UTF-8 becomes U+FFFD). The member
 * functions put a comma first where one is needed (the byte before is not an opening bracket or colon).
 */
void fy_buf_json_string(struct fy_buf *buf, const char *text, size_t length);
void fy_buf_open(struct fy_buf *buf, char bracket);   /* an element or the top: { or [ */
void fy_buf_close(struct fy_buf *buf, char bracket);  /* } or ] */
void fy_buf_key(struct fy_buf *buf, const char *key); /* "key": ; the key is a literal of ours */
void fy_buf_member(struct fy_buf *buf, const char *key, const char *text); /* "key":"text"; nothing if NULL */
void fy_buf_member_int(struct fy_buf *buf, const char *key, int64_t number);
void fy_buf_member_bool(struct fy_buf *buf, const char *key, bool value);
void fy_buf_member_raw(struct fy_buf *buf, const char *key,
                       const char *json); /* JSON text as it is; nothing if NULL */

#endif
