/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An API on a socket of its own, in a process of its own: an engine without workflows or adapters, a store in
 * memory, one run "R1" with three records. Slow clients are reaped after a fraction of a second.
 */
#ifndef TESTS_API_KIT_H
#define TESTS_API_KIT_H

#include "base/buf.h"
#include "base/json.h"

#include <sys/types.h>

struct kit {
    char dir[64];
    char socket[96];
    pid_t pid;
    int orders; /* a byte written here makes the server append one more record to R1 */
};

struct kit kit_start(void);
void kit_stop(struct kit *kit);
void kit_append(struct kit *kit);

int kit_connect(const struct kit *kit);
void kit_send(int fd, const char *text);

/* Everything until the server closes the connection. */
void kit_read_all(int fd, struct fy_buf *ret);
/* Read until the text so far contains what is looked for; false if the connection ends before. */
bool kit_read_until(int fd, struct fy_buf *ret, const char *wanted);

/* Send one request on a connection of its own; returns the status, the body goes to ret. */
int kit_ask(const struct kit *kit, const char *method, const char *path, const char *body,
            struct fy_buf *ret);
json_t *kit_ask_json(const struct kit *kit, const char *method, const char *path, const char *body,
                     int wanted_status);

#endif
