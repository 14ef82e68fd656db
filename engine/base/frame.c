/* SPDX-License-Identifier: Apache-2.0 */
#include "base/frame.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#define HEADER 4u

static uint32_t header_length(const char *bytes)
{
    const unsigned char *b = (const unsigned char *)bytes;
    return (uint32_t)b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 | (uint32_t)b[3] << 24;
}

static void header_put(char *bytes, uint32_t length)
{
    for (unsigned i = 0; i < HEADER; i++)
        bytes[i] = (char)(unsigned char)(length >> (8 * i));
}

size_t fy_frame_begin(struct fy_buf *buf)
{
    size_t begin = buf->length;
    fy_buf_put(buf, "\0\0\0\0", HEADER);
    return begin;
}

void fy_frame_end(struct fy_buf *buf, size_t begin)
{
    header_put(buf->data + begin, (uint32_t)(buf->length - begin - HEADER));
}

int fy_frame_peek(const struct fy_buf *buf, const char **ret_payload, size_t *ret_length, size_t *ret_total)
{
    if (buf->length < HEADER)
        return 0;
    uint32_t length = header_length(buf->data);
    if (length > FY_FRAME_MAX)
        return -1;
    if (buf->length - HEADER < length)
        return 0;
    *ret_payload = buf->data + HEADER;
    *ret_length = length;
    *ret_total = HEADER + length;
    return 1;
}

static bool write_all(int fd, const char *bytes, size_t count, struct fy_err *err)
{
    while (count > 0) {
        ssize_t done = write(fd, bytes, count);
        if (done < 0 && errno == EINTR)
            continue;
        if (done < 0)
            return fy_fail_errno(err, "could not write a message");
        bytes += done;
        count -= (size_t)done;
    }
    return true;
}

static bool read_all(int fd, char *bytes, size_t count, struct fy_err *err)
{
    while (count > 0) {
        ssize_t done = read(fd, bytes, count);
        if (done < 0 && errno == EINTR)
            continue;
        if (done < 0)
            return fy_fail_errno(err, "could not read a message");
        if (done == 0)
            return fy_fail(err, FY_ERR_TRANSIENT, "the other side closed the connection");
        bytes += done;
        count -= (size_t)done;
    }
    return true;
}

bool fy_frame_send(int fd, const char *payload, size_t length, struct fy_err *err)
{
    char header[HEADER];
    header_put(header, (uint32_t)length);
    return write_all(fd, header, HEADER, err) && write_all(fd, payload, length, err);
}

char *fy_frame_receive(int fd, struct fy_buf *scratch, size_t *ret_length, struct fy_err *err)
{
    char header[HEADER];
    if (!read_all(fd, header, HEADER, err))
        return NULL;
    uint32_t length = header_length(header);
    if (length > FY_FRAME_MAX) {
        fy_fail(err, FY_ERR_INVALID, "a message of %u bytes is over the limit of %u", length, FY_FRAME_MAX);
        return NULL;
    }
    fy_buf_clear(scratch);
    static const char zeros[4096];
    for (size_t left = length; left > 0;) {
        size_t part = left < sizeof zeros ? left : sizeof zeros;
        size_t at = scratch->length;
        fy_buf_put(scratch, zeros, part);
        if (!read_all(fd, scratch->data + at, part, err))
            return NULL;
        left -= part;
    }
    fy_buf_put(scratch, "", 0);
    *ret_length = length;
    return scratch->data;
}
