/* SPDX-License-Identifier: Apache-2.0 */
#include "order/reader.h"

#include "base/frame.h"
#include "base/json.h"
#include "base/mem.h"
#include "order/read.h"
#include "order/xml.h"

#include <stdio.h>
#include <stdlib.h>

void fy_reader_start(void)
{
    fy_json_init();
    fy_xml_start();
}

static void put_refusal(const struct fy_refusal *refusal, const struct fy_err *err, struct fy_buf *buf)
{
    fy_buf_open(buf, '{');
    fy_buf_member_bool(buf, "ok", false);
    fy_buf_member(buf, "kind", fy_err_kind_name(err->kind));
    fy_buf_member(buf, "message", err->message);
    fy_buf_member(buf, "hint", err->hint);
    fy_buf_member_int(buf, "line", refusal->line);
    fy_buf_member(buf, "element", refusal->element);
    fy_buf_close(buf, '}');
}

void fy_reader_answer(const char *bytes, size_t length, struct fy_buf *buf)
{
    FY_AUTO(fy_order_unref) struct fy_order *order = NULL;
    struct fy_refusal refusal;
    struct fy_err err;
    if (!fy_order_read(bytes, length, &order, &refusal, &err)) {
        put_refusal(&refusal, &err, buf);
        return;
    }
    fy_buf_open(buf, '{');
    fy_buf_member_bool(buf, "ok", true);
    fy_buf_key(buf, "order");
    fy_order_to_json(order, buf);
    fy_buf_close(buf, '}');
}

int fy_reader_main(int in_fd, int out_fd)
{
    FY_AUTO(fy_buf_free) struct fy_buf scratch = {0};
    FY_AUTO(fy_buf_free) struct fy_buf answer = {0};
    struct fy_err err;
    size_t length;
    fy_reader_start();
    const char *body = fy_frame_receive(in_fd, &scratch, &length, &err);
    if (body == NULL)
        return EXIT_FAILURE;
    fy_reader_answer(body, length, &answer);
    return fy_frame_send(out_fd, answer.data, answer.length, &err) ? EXIT_SUCCESS : EXIT_FAILURE;
}

static void take_refusal(const json_t *doc, struct fy_refusal *refusal, struct fy_err *err)
{
    fy_fail(err, fy_err_kind_parse(fy_json_string_or(doc, "kind", "internal")), "%s",
            fy_json_string_or(doc, "message", "the reader refused the document without a word"));
    fy_hint(err, "%s", fy_json_string_or(doc, "hint", ""));
    if (refusal == NULL)
        return;
    refusal->line = (int)fy_json_int_or(doc, "line", 0);
    (void)snprintf(refusal->element, sizeof refusal->element, "%s", fy_json_string_or(doc, "element", ""));
}

bool fy_reader_take(const char *answer, size_t length, struct fy_order **ret_order,
                    struct fy_refusal *ret_refusal, struct fy_err *err)
{
    if (ret_refusal != NULL)
        *ret_refusal = (struct fy_refusal){0};
    FY_AUTO(fy_json_unref) json_t *doc = fy_json_parse(answer, length, "the reader's answer", err);
    if (doc == NULL)
        return false;
    if (fy_json_bool_or(doc, "ok", false))
        return fy_order_from_doc(json_object_get(doc, "order"), ret_order, err);
    take_refusal(doc, ret_refusal, err);
    return false;
}
