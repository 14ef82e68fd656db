/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/order/support.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

char *load_order(const char *name)
{
    FY_AUTO(fy_free_ptr) char *path = fy_format("%s/tests/support/orders/%s", SOURCE_DIR, name);
    struct fy_buf text = {0};
    char part[4096];
    FILE *file = fopen(path, "re");
    if (file == NULL)
        fail_msg("cannot open %s", path);
    for (size_t got = fread(part, 1, sizeof part, file); got > 0; got = fread(part, 1, sizeof part, file))
        fy_buf_put(&text, part, got);
    (void)fclose(file);
    return fy_buf_take(&text);
}

char *replaced(const char *text, const char *find, const char *put)
{
    const char *at = strstr(text, find);
    if (at == NULL)
        fail_msg("the good order has no %s", find);
    return fy_format("%.*s%s%s", (int)(at - text), text, put, at + strlen(find));
}

int line_of(const char *text, const char *what)
{
    const char *at = strstr(text, what);
    int line = at == NULL ? 0 : 1;
    for (const char *c = text; at != NULL && c < at; c++)
        line += *c == '\n' ? 1 : 0;
    return line;
}

struct fy_order *read_good(const char *text)
{
    struct fy_order *order = NULL;
    struct fy_err err = {0};
    if (!fy_order_read(text, strlen(text), &order, NULL, &err))
        fail_msg("%s (%s)", err.message, err.hint);
    return order;
}

void read_refused(const char *text, size_t length, struct fy_refusal *refusal, struct fy_err *err)
{
    struct fy_order *order = NULL;
    if (fy_order_read(text, length, &order, refusal, err)) {
        fy_order_free(order);
        fail_msg("it was accepted");
    }
    assert_null(order);
    assert_int_equal(err->kind, FY_ERR_INVALID);
}
