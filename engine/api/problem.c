/* SPDX-License-Identifier: Apache-2.0 */
/* Errors as problem documents (RFC 9457). */
#include "api/exchange.h"

#include "base/mem.h"

#include <string.h>

static const unsigned status_of_kind[] = {
    [FY_ERR_NONE] = 500,      [FY_ERR_INVALID] = 400,   [FY_ERR_REFUSED] = 409, [FY_ERR_CONFLICT] = 409,
    [FY_ERR_NOT_FOUND] = 404, [FY_ERR_TRANSIENT] = 503, [FY_ERR_TIMEOUT] = 504, [FY_ERR_PERMANENT] = 502,
    [FY_ERR_UNSURE] = 502,    [FY_ERR_INTERNAL] = 500,
};

static const struct {
    unsigned status;
    const char *type, *title;
} titles[] = {
    {400, "invalid", "The input is wrong"},      {401, "unauthenticated", "Who are you?"},
    {403, "forbidden", "Not allowed"},           {404, "not_found", "Not found"},
    {405, "method", "Method not allowed"},       {409, "refused", "Not now"},
    {413, "too_large", "The body is too large"}, {431, "too_large", "The header is too large"},
    {500, "internal", "A fault of Ferry's own"}, {502, "peer", "A peer says no"},
    {503, "unavailable", "Not available"},       {504, "timeout", "A peer does not answer"},
};

static void put_problem(struct fy_exchange *exchange, unsigned status, const char *type,
                        const struct fy_err *err, const char *extra)
{
    const char *title = "Error";
    for (size_t i = 0; i < FY_COUNT(titles); i++)
        if (titles[i].status == status) {
            title = titles[i].title;
            type = type != NULL ? type : titles[i].type;
        }
    FY_AUTO(fy_buf_free) struct fy_buf buf = {0};
    struct fy_err said = *err;
    for (char *at = said.message; *at != '\0';
         at++) /* parts of it may be the asker's; people read it in a line */
        if ((unsigned char)*at < 0x20 || *at == 0x7f)
            *at = ' ';
    fy_buf_open(&buf, '{');
    FY_AUTO(fy_free_ptr) char *urn = fy_format("urn:ferry:problem:%s", type != NULL ? type : "error");
    fy_buf_member(&buf, "type", urn);
    fy_buf_member(&buf, "title", title);
    fy_buf_member_int(&buf, "status", status);
    fy_buf_member(&buf, "detail", said.message);
    if (err->hint[0] != '\0')
        fy_buf_member(&buf, "hint", err->hint);
    if (extra != NULL && extra[0] != '\0')
        fy_buf_format(&buf, ",%s", extra);
    fy_buf_close(&buf, '}');
    fy_answer_text(exchange, status, "application/problem+json", &buf);
}

void fy_answer_problem(struct fy_exchange *exchange, const struct fy_err *err, const char *extra)
{
    put_problem(exchange, status_of_kind[err->kind], fy_err_kind_name(err->kind), err, extra);
}

void fy_answer_status(struct fy_exchange *exchange, unsigned status, const char *detail, const char *hint)
{
    struct fy_err err = {.kind = FY_ERR_NONE};
    (void)fy_fail(&err, FY_ERR_NONE, "%s", detail);
    (void)fy_hint(&err, "%s", hint);
    put_problem(exchange, status, NULL, &err, NULL);
}
