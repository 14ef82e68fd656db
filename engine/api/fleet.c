/* SPDX-License-Identifier: Apache-2.0 */
#include "api/fleet.h"

#include "api/route.h"
#include "api/server.h"
#include "base/json.h"
#include "base/mem.h"

#include <string.h>

/* An exchange whose answer comes from another engine. */
struct fy_passed {
    struct fy_exchange *exchange;
    uint64_t id;
    char *run; /* shown when the verb was accepted; NULL: it was for an engine */
    struct fy_passed *next;
};

static void wait_for(struct fy_exchange *exchange, uint64_t id, const char *run)
{
    struct fy_passed *passed = FY_NEW(struct fy_passed);
    *passed = (struct fy_passed){.exchange = exchange,
                                 .id = id,
                                 .run = run != NULL ? fy_strdup(run) : NULL,
                                 .next = exchange->api->passed};
    exchange->api->passed = passed;
}

/* Who asks, with the roles found here: the owner takes our word for it. */
static void put_caller(const struct fy_caller *caller, struct fy_buf *buf)
{
    fy_buf_open(buf, '{');
    fy_buf_member(buf, "who", caller->who);
    fy_buf_member(buf, "from", caller->from);
    fy_buf_member(buf, "key", caller->key);
    if (caller->roles != NULL) {
        fy_buf_key(buf, "roles");
        fy_buf_open(buf, '[');
        for (const char *const *role = caller->roles; *role != NULL; role++) {
            fy_buf_text(buf, role == caller->roles ? "" : ",");
            fy_buf_json_string(buf, *role, strlen(*role));
        }
        fy_buf_close(buf, ']');
    }
    fy_buf_close(buf, '}');
}

bool fy_fleet_pass_on(struct fy_exchange *exchange, const char *verb, const struct fy_caller *caller)
{
    const struct fy_api_fleet *fleet = exchange->api->world.fleet;
    const char *run = exchange->args[0];
    if (fleet == NULL || !fy_engine_elsewhere(exchange->api->world.engine, run))
        return false;
    FY_AUTO(fy_buf_free) struct fy_buf who = {0};
    put_caller(caller, &who);
    const char *args = exchange->body.length > 0 ? exchange->body.data : NULL;
    wait_for(exchange, fleet->post(fleet->self, run, verb, args, who.data), run);
    return true;
}

bool fy_fleet_takes_orders(const struct fy_exchange *exchange, struct fy_err *err)
{
    const struct fy_api_fleet *fleet = exchange->api->world.fleet;
    if (fleet == NULL || !fleet->draining(fleet->self))
        return true;
    (void)fy_fail(err, FY_ERR_TRANSIENT, "this engine (%s) is being drained and takes no orders",
                  fleet->name);
    return fy_hint(err, "send it to another engine of this store; \"ferry engine list\" shows them");
}

/* ---- what came back -------------------------------------------------------------------------------------
 */

static void show(struct fy_passed *passed)
{
    FY_AUTO(fy_buf_free) struct fy_buf buf = {0};
    struct fy_err err;
    if (passed->run == NULL)
        fy_buf_text(&buf, "{}");
    if (passed->run == NULL || fy_engine_show(passed->exchange->api->world.engine, passed->run, &buf, &err))
        fy_answer_json(passed->exchange, 202, &buf);
    else
        fy_answer_problem(passed->exchange, &err, NULL);
}

/* The other engine's error as it made it; or one of the way there, in words. */
static void refuse(struct fy_passed *passed, int status, const char *text)
{
    struct fy_err ignored;
    struct fy_err err = {0};
    FY_AUTO(fy_json_unref) json_t *doc = fy_json_parse(text, strlen(text), "the answer", &ignored);
    if (!json_is_object(doc)) {
        fy_answer_status(passed->exchange, (unsigned)status, text,
                         status == 404 ? "\"ferry engine list\" shows the engines of this store" : "");
        return;
    }
    (void)fy_fail(&err, fy_err_kind_parse(fy_json_string_or(doc, "kind", "")), "%s",
                  fy_json_string_or(doc, "message", "?"));
    (void)fy_hint(&err, "%s", fy_json_string_or(doc, "hint", ""));
    if (passed->run != NULL)
        fy_refuse_verb(passed->exchange, &err);
    else
        fy_answer_problem(passed->exchange, &err, NULL);
}

void fy_api_answer(struct fy_api *api, uint64_t id, int status, const char *text)
{
    struct fy_passed **at = &api->passed;
    while (*at != NULL && (*at)->id != id)
        at = &(*at)->next;
    struct fy_passed *passed = *at;
    if (passed == NULL)
        return;
    *at = passed->next;
    if (status < 300)
        show(passed);
    else
        refuse(passed, status, text);
    free(passed->run);
    free(passed);
}

/* ---- routes ---------------------------------------------------------------------------------------------
 */

static bool has_fleet(struct fy_exchange *exchange)
{
    if (exchange->api->world.fleet != NULL)
        return true;
    fy_answer_status(exchange, 409, "this engine has its store to itself",
                     "several engines share a store that lies in PostgreSQL (docs/operator-guide.md)");
    return false;
}

void fy_get_engines(struct fy_exchange *exchange)
{
    const struct fy_api_fleet *fleet = exchange->api->world.fleet;
    FY_AUTO(fy_buf_free) struct fy_buf buf = {0};
    if (!has_fleet(exchange))
        return;
    fy_buf_text(&buf, "{\"engines\":");
    fleet->list(fleet->self, &buf);
    fy_buf_text(&buf, "}");
    fy_answer_json(exchange, 200, &buf);
}

void fy_post_engine_verb(struct fy_exchange *exchange)
{
    const struct fy_api_fleet *fleet = exchange->api->world.fleet;
    bool drain = strcmp(exchange->args[1], "drain") == 0;
    if (!has_fleet(exchange))
        return;
    if (!drain && strcmp(exchange->args[1], "resume") != 0) {
        fy_answer_status(exchange, 404, "an engine knows drain and resume",
                         "\"ferry engine --help\" says what they do");
        return;
    }
    wait_for(exchange, fleet->drain(fleet->self, exchange->args[0], drain), NULL);
}
