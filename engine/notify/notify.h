/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Callbacks: what happens to a run is posted to the receivers its order names. They follow the journal: per
 * receiver and run there is a cursor, the last record that was delivered, and what is next is read from the
 * store. At least once, in order per run; an event's id is RUN:SEQ, the same each time it is sent.
 *
 * Receivers are configured beside the connections; an order names them and never a URL:
 *
 *    "receivers":{"oss-east":{"url":"https://oss.example/ferry","secret":{"file":"oss-east.key"},
 *                             "ca":"oss-ca.pem","give_up_s":86400}}
 *
 * A receiver is tested first: it must answer a GET with 2xx. What it does not take is tried again with
 * back-off and jitter, and after give_up_s put aside as a dead letter, which stays visible and can be sent
 * again; what comes after it is sent. Cursors are lines of a file: dying at any moment costs at most an event
 * sent twice.
 *
 * The body is JSON (docs/northbound.md, "Callbacks"). Ferry-Signature is "t=SECONDS,v1=HEX", HEX the
 * HMAC-SHA256 of "SECONDS.BODY" with the receiver's secret.
 */
#ifndef FY_NOTIFY_NOTIFY_H
#define FY_NOTIFY_NOTIFY_H

#include "base/buf.h"
#include "journal/journal.h"

#include <uv.h>

struct fy_notify;

/*
 * config is the JSON object of receivers, directory where their relative paths begin, path the file of
 * cursors. A receiver without a url is known by name, and nothing is sent to it. It lives as long as its
 * process.
 */
struct fy_notify *fy_notify_new(uv_loop_t *loop, struct fy_store *store, const char *config,
                                const char *directory, const char *path, struct fy_err *err);

/* What stands in the configuration, and whether its secrets can be read. Touches nothing. */
bool fy_notify_check(const char *config, const char *directory, struct fy_err *err) FY_MUST_CHECK;

/* A record became durable. */
void fy_notify_record(struct fy_notify *notify, const struct fy_row *row);

/* Receivers as JSON: what was delivered, what is behind and why, the dead letters. */
void fy_notify_show(struct fy_notify *notify, struct fy_buf *buf);

/* Send the dead letters of a receiver again, now. FY_ERR_NOT_FOUND: there is no such receiver. */
bool fy_notify_resend(struct fy_notify *notify, const char *receiver, size_t *ret_count,
                      struct fy_err *err) FY_MUST_CHECK;

/* For metrics: events delivered, tries that failed, flows that are behind, dead letters. */
struct fy_notify_counts {
    uint64_t delivered, failed, behind, dead;
};
struct fy_notify_counts fy_notify_count(const struct fy_notify *notify);

#endif
