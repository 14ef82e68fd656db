/* SPDX-License-Identifier: Apache-2.0 */
/* The inside of notify/. Private to it. */
#ifndef FY_NOTIFY_INSIDE_H
#define FY_NOTIFY_INSIDE_H

#include "base/json.h"
#include "base/log.h"
#include "notify/notify.h"

#include <curl/curl.h>

/* Kinds of event that an order may want, as bits in the order of docs/order.md. */
enum {
    FY_EVENT_STATE = 1,
    FY_EVENT_STAGE = 2,
    FY_EVENT_BATCH = 4,
    FY_EVENT_APPROVAL = 8,
    FY_EVENT_VERDICT = 16,
    FY_EVENT_ALARM = 32,
    FY_EVENT_GUARD = 64,
    FY_EVENT_REPORT = 128,
    FY_EVENT_ALL = 255
};

struct fy_sending;

/* Where callbacks go. */
struct fy_receiver {
    struct fy_notify *notify;
    char *name, *url, *ca; /* url NULL: nothing is sent */
    char *secret_file;
    int64_t give_up_ms;
    bool tested;       /* it has answered in the life of this process */
    char *trouble;     /* why nothing gets through; NULL: it does */
    unsigned failures; /* of the test, in a row */
    uint64_t delivered, failed;
    uv_timer_t again; /* the test */
    struct fy_sending *testing;
};

/* A run's events on their way to a receiver. */
struct fy_flow {
    struct fy_notify *notify;
    struct fy_receiver *receiver;
    char *run;
    unsigned wanted;         /* FY_EVENT_..., as its order says */
    char *function;          /* VnfInstanceId */
    uint64_t cursor, looked; /* delivered (or given up); nothing of interest up to here */
    uint64_t sending_seq;
    bool final, more; /* the run is over; there is something behind looked */
    unsigned failures;
    int64_t failing_since_ms;
    uv_timer_t again;
    struct fy_sending *sending;
    struct fy_flow *next;
};

struct fy_letter {        /* a dead one */
    struct fy_flow *flow; /* where it goes when it is sent again */
    uint64_t seq;
    char *why;
    bool again;
};

struct fy_notify {
    uv_loop_t *loop;
    struct fy_store *store;
    struct fy_receiver *receivers;
    size_t receiver_count;
    struct fy_flow *flows;
    struct fy_letter *letters;
    size_t letter_count;
    int cursors_fd;
    CURLM *multi;
    uv_timer_t curl_timer;
};

/* receiver.c */
bool fy_receivers_read(struct fy_notify *notify, const char *config, const char *directory,
                       struct fy_err *err);
void fy_receivers_free(struct fy_notify *notify);
struct fy_receiver *fy_receiver_find(const struct fy_notify *notify, const char *name);
bool fy_receiver_sign(const struct fy_receiver *receiver, int64_t now_s, const char *body, size_t length,
                      char signature[96], struct fy_err *err);

/* event.c: which event a record is, 0: none; and what is posted for it. */
unsigned fy_event_of(const struct fy_row *row, bool *ret_final);
void fy_event_body(const struct fy_flow *flow, const struct fy_row *row, unsigned event, struct fy_buf *buf);
unsigned fy_events_wanted(const json_t *list); /* of an order's callback; none named: all but batch */

/* send.c: one request; done is told the status, 0 and why if there was none. */
bool fy_send_open(struct fy_notify *notify);
struct fy_sending *fy_send(struct fy_receiver *receiver, const char *body, size_t length,
                           const char *event_id, void (*done)(void *context, long status, const char *why),
                           void *context);

/* cursors.c */
bool fy_cursors_open(struct fy_notify *notify, const char *path, struct fy_err *err);
void fy_cursors_note(struct fy_notify *notify, const char *receiver, const char *run, uint64_t seq,
                     const char *what); /* "at", "dead", "sent", "done" */

/* notify.c: as the file of cursors says. */
void fy_flow_restore(struct fy_notify *notify, const char *receiver, const char *run, uint64_t seq,
                     const char *what);

#endif
