/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The logic of "ferry-host reader": one untrusted XML body in, one answer out, gone. The process around it
 * sets limits and a system call filter first; nothing is opened here after the start.
 *
 * In: one frame (base/frame.h) with the bytes of the document.
 * Out: one frame of JSON: {"ok":true,"order":{...}} with the canonical JSON of order/order.h, or
 *      {"ok":false,"kind":"invalid","message":"...","hint":"...","line":12,"element":"f:Stage"}.
 */
#ifndef FY_ORDER_READER_H
#define FY_ORDER_READER_H

#include "base/buf.h"

#define FY_READER_CPU_SECONDS 1
#define FY_READER_MEMORY      (256u * 1024 * 1024)

/* Set libxml2 up; call before the process gives up its rights. Harmless when called again. */
void fy_reader_start(void);

/* Serve the one body and return the exit status: 0 if an answer was written. */
int fy_reader_main(int in_fd, int out_fd);

/* The answer to one body, as fy_reader_main writes it. */
void fy_reader_answer(const char *bytes, size_t length, struct fy_buf *buf);

/* For the parent: the order in an answer, or the refusal in it as an error. */
struct fy_order;
struct fy_refusal;
bool fy_reader_take(const char *answer, size_t length, struct fy_order **ret_order,
                    struct fy_refusal *ret_refusal, struct fy_err *err) FY_MUST_CHECK;

#endif
