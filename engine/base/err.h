/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Errors are values: a kind that code decides on, one sentence for a person, and what to do next.
 *
 * A function that can fail takes "struct fy_err *err" last and returns bool (or a pointer, NULL on
 * failure). It fills err only when it fails; its other outputs are then untouched. Lower layers never
 * log: whoever gives up on an error logs it, once.
 *
 *     if (!fy_store_open(path, &store, err))
 *         return fy_wrap(err, "could not open the store %s", path);
 */
#ifndef FY_BASE_ERR_H
#define FY_BASE_ERR_H

#include <stdbool.h>
#include <stddef.h>

#define FY_MUST_CHECK   __attribute__((warn_unused_result))
#define FY_PRINTF(f, a) __attribute__((format(printf, f, a)))

enum fy_err_kind {
    FY_ERR_NONE = 0,
    FY_ERR_INVALID,   /* the input is wrong and will stay wrong: HTTP 400, exit code 2 */
    FY_ERR_REFUSED,   /* understood, but not allowed in this state or to this caller: HTTP 403 or 409 */
    FY_ERR_CONFLICT,  /* something else stands in the way: HTTP 409 */
    FY_ERR_NOT_FOUND, /* HTTP 404 */
    FY_ERR_TRANSIENT, /* may work if asked again later: HTTP 503 */
    FY_ERR_TIMEOUT,   /* took longer than it may */
    FY_ERR_PERMANENT, /* the peer says no, and will say it again */
    FY_ERR_UNSURE,    /* cannot tell whether it happened: a person decides */
    FY_ERR_INTERNAL,  /* a fault of Ferry's own */
};

struct fy_err {
    enum fy_err_kind kind;
    char message[768]; /* what happened, to which thing, why */
    char hint[256];    /* what to do next; may be empty */
};

/* Fill err (NULL is allowed) and return false, so that "return fy_fail(...)" reads well. */
bool fy_fail(struct fy_err *err, enum fy_err_kind kind, const char *format, ...) FY_PRINTF(3, 4);

/* The same for errno: the message gets ": " and its text; kind is TRANSIENT for EAGAIN, ENOSPC and EMFILE. */
bool fy_fail_errno(struct fy_err *err, const char *format, ...) FY_PRINTF(2, 3);

/* Put "text: " in front of the message of an error that is being passed up. Returns false. */
bool fy_wrap(struct fy_err *err, const char *format, ...) FY_PRINTF(2, 3);

/* Set the hint of an error just made. Returns false. */
bool fy_hint(struct fy_err *err, const char *format, ...) FY_PRINTF(2, 3);

/* "invalid", "refused", ... as it stands in records and JSON; and back (FY_ERR_INTERNAL if unknown). */
const char *fy_err_kind_name(enum fy_err_kind kind);
enum fy_err_kind fy_err_kind_parse(const char *name);

#endif
