/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Talking to the ferryd of a store over its UNIX socket. When none answers one is started, also in the middle
 * of a command: a dead engine is the next one's beginning. Or to one on another machine over HTTPS
 * (server.h); when that one is lost in the middle of a command it is waited for.
 */
#ifndef FY_CLI_CLIENT_H
#define FY_CLI_CLIENT_H

#include "base/buf.h"
#include "base/json.h"

#include <sys/types.h>

struct fy_client;

struct fy_client *fy_client_new(const char *store);

/* From now on talk to this ferryd over HTTPS; the server is taken over. None is started for it. */
struct fy_server;
void fy_client_use(struct fy_client *client, struct fy_server *server);
bool fy_client_is_remote(const struct fy_client *client);
void fy_client_free(struct fy_client *client);
void fy_client_may_start(struct fy_client *client, bool may); /* it may unless told otherwise */

struct fy_request {
    const char *method;
    const char *path; /* "/v1/upgrades/CHG-0007" */
    const char *body; /* NULL: none */
    size_t body_length;
    const char *content_type;
    const char *accept;
    bool once;       /* a POST that the key of this request makes repeatable: it is done once */
    bool repeatable; /* a GET always is; a POST only if asking twice is the same as once */
};

struct fy_answer {
    long status;
    struct fy_buf text;
};
void fy_answer_free(struct fy_answer *answer);

/*
 * Ask. A status of 400 and more is a failure, err then has the problem's words and *answer its text; NULL
 * problem fields stay empty. FY_ERR_TRANSIENT means that no ferryd could be reached.
 */
bool fy_client_ask(struct fy_client *client, const struct fy_request *request, struct fy_answer *answer,
                   struct fy_err *err) FY_MUST_CHECK;

/* GET a JSON document; NULL on failure. */
json_t *fy_client_get(struct fy_client *client, struct fy_err *err, const char *format, ...) FY_PRINTF(3, 4);

/*
 * Follow an event stream (its path has a query) until its end, which comes when ferryd dies or `line` returns
 * false. line gets the data of each event. True also when it ended early; the caller goes on from its cursor.
 */
bool fy_client_follow(struct fy_client *client, const char *path,
                      bool (*line)(void *context, const char *data), void *context,
                      struct fy_err *err) FY_MUST_CHECK;

/* How often an engine was lost under this client, and how long it last took from then to the next answer. */
uint64_t fy_client_losses(const struct fy_client *client);
int64_t fy_client_gap_ms(const struct fy_client *client);

/* Make sure that a ferryd answers, starting one if need be. */
bool fy_client_wake(struct fy_client *client, struct fy_err *err) FY_MUST_CHECK;

#endif
