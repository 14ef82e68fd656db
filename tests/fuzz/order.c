/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as an order: they are refused with a message, or they give an order whose JSON reads back to the
 * same order and which can be explained. Built with -DFERRY_FUZZ=ON (clang) for libFuzzer; always replayed
 * over tests/fuzz/corpus/order as a test.
 */
#include "base/mem.h"
#include "order/explain.h"
#include "order/read.h"

#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_order(const struct fy_order *order)
{
    FY_AUTO(fy_buf_free) struct fy_buf first = {0};
    FY_AUTO(fy_buf_free) struct fy_buf second = {0};
    FY_AUTO(fy_buf_free) struct fy_buf page = {0};
    FY_AUTO(fy_order_unref) struct fy_order *again = NULL;
    struct fy_err err;
    fy_order_to_json(order, &first);
    if (!fy_order_from_json(first.data, first.length, &again, &err))
        abort();
    fy_order_to_json(again, &second);
    if (first.length != second.length || memcmp(first.data, second.data, first.length) != 0)
        abort();
    fy_order_explain(order, &page);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    FY_AUTO(fy_order_unref) struct fy_order *order = NULL;
    struct fy_err err = {0};
    struct fy_refusal refusal;
    if (fy_order_read((const char *)data, size, &order, &refusal, &err))
        check_order(order);
    else if (err.message[0] == '\0' || err.kind != FY_ERR_INVALID || refusal.line < 0)
        abort();
    return 0;
}
