/* SPDX-License-Identifier: Apache-2.0 */
#include "order/order.h"

static void swap_text(char **a, char **b)
{
    char *kept = *a;
    *a = *b;
    *b = kept;
}

static void free_approvals(struct fy_order_gray *gray)
{
    for (size_t i = 0; i < gray->approval_count; i++)
        free(gray->approvals[i].role);
    gray->approval_count = 0;
}

static void move_window(struct fy_order_window *window, int64_t at_ms)
{
    int64_t by_ms = at_ms - window->start_ms;
    window->start_ms += by_ms;
    window->end_ms += by_ms;
    window->latest_rollback_end_ms += by_ms;
}

void fy_order_mirror(struct fy_order *order, int64_t at_ms)
{
    struct fy_order_request *request = &order->request;
    swap_text(&request->source.vnfd, &request->target.vnfd);
    swap_text(&request->source.version, &request->target.version);
    for (size_t i = 0; i < order->vdu_count; i++) {
        struct fy_order_image kept = order->vdus[i].source;
        order->vdus[i].source = order->vdus[i].target;
        order->vdus[i].target = kept;
    }
    request->qualifier = request->qualifier == FY_ORDER_UP ? FY_ORDER_DOWN : FY_ORDER_UP;
    move_window(&request->window, at_ms);
    free_approvals(&order->gray);
}
