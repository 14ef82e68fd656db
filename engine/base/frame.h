/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages between ferryd and its hosts: a 32-bit little-endian length, then that many bytes of JSON.
 * A reader is fed whatever arrived and gives back whole messages.
 */
#ifndef FY_BASE_FRAME_H
#define FY_BASE_FRAME_H

#include "base/buf.h"

#define FY_FRAME_MAX (64u * 1024 * 1024) /* a larger length is a broken or hostile peer */

/* Start a frame in buf and finish it once its payload was put behind: returns where the frame begins. */
size_t fy_frame_begin(struct fy_buf *buf);
void fy_frame_end(struct fy_buf *buf, size_t begin);

/*
 * Look for a whole message at the front of buf. Sets *ret_payload and *ret_length (borrowed from buf)
 * and *ret_total, the bytes to drop when done. Returns 1 if there is one, 0 if more bytes are needed,
 * -1 if the length is over FY_FRAME_MAX.
 */
int fy_frame_peek(const struct fy_buf *buf, const char **ret_payload, size_t *ret_length, size_t *ret_total);

/* Blocking, for hosts: write one whole frame; read one whole frame (NULL at end of file or on error). */
bool fy_frame_send(int fd, const char *payload, size_t length, struct fy_err *err) FY_MUST_CHECK;
char *fy_frame_receive(int fd, struct fy_buf *scratch, size_t *ret_length, struct fy_err *err);

#endif
