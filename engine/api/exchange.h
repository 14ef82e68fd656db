/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One request and its answer. A handler either answers before it returns or keeps the exchange and answers
 * later; meanwhile the connection is suspended and costs nothing. An exchange lives until it was answered and
 * the answer is gone, also when its client has hung up. Private to api/.
 */
#ifndef FY_API_EXCHANGE_H
#define FY_API_EXCHANGE_H

#include "api/api.h"
#include "base/buf.h"

#include <microhttpd.h>

#define FY_API_BODY_MAX  65536u
#define FY_API_PATH_ARGS 2

struct fy_access;
struct fy_peer;
struct fy_principal;
struct fy_route;

struct fy_exchange {
    struct fy_api *api;
    struct MHD_Connection *connection;
    struct fy_peer *peer;
    const struct fy_route *route;
    char *args[FY_API_PATH_ARGS];         /* what stood where the route has a star */
    struct fy_access *access;             /* held, so that a reload does not take it away */
    const struct fy_principal *principal; /* who asks; NULL: ferryd's own user or root, or nobody yet */
    bool trusted;                         /* somebody who may */
    char *from;                           /* where they are, for the journal */
    int64_t until_ms;                     /* when their credential ends */
    const char *roles[7];                 /* that they have for the run named in the path */
    struct fy_buf body;
    bool complete;  /* the whole request is here */
    bool suspended; /* waits for its answer */
    bool queued;    /* MHD has the answer */
    unsigned status;
    struct MHD_Response *response;
    struct fy_exchange *next, **link; /* all of an API's exchanges */
};

/* Query parameters and headers; NULL if absent. Borrowed. */
const char *fy_exchange_query(const struct fy_exchange *exchange, const char *name);
const char *fy_exchange_header(const struct fy_exchange *exchange, const char *name);
bool fy_exchange_accepts(const struct fy_exchange *exchange, const char *type); /* named in Accept */

/* A query parameter that is an integer from min up; "otherwise" if absent. */
bool fy_exchange_number(const struct fy_exchange *exchange, const char *name, int64_t min, int64_t otherwise,
                        int64_t *ret, struct fy_err *err) FY_MUST_CHECK;

/* Who asks, for the journal (auth.c). Borrowed for as long as the exchange lives. */
struct fy_caller fy_exchange_caller(const struct fy_exchange *exchange);

/* Answers. Exactly one of them, once. The text is copied; a buffer is emptied. */
void fy_answer_json(struct fy_exchange *exchange, unsigned status, struct fy_buf *json);
void fy_answer_text(struct fy_exchange *exchange, unsigned status, const char *type, struct fy_buf *text);
void fy_answer_response(struct fy_exchange *exchange, unsigned status, struct MHD_Response *response);

/* A problem document (RFC 9457) made from an error. extra, if given, is more members: "\"line\":12,...". */
void fy_answer_problem(struct fy_exchange *exchange, const struct fy_err *err, const char *extra);
void fy_answer_status(struct fy_exchange *exchange, unsigned status, const char *detail, const char *hint);

#endif
