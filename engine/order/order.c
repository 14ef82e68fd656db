/* SPDX-License-Identifier: Apache-2.0 */
#include "order/order.h"

#include "base/json.h"
#include "base/mem.h"
#include "order/form.h"
#include "order/words.h"

#include <string.h>

void fy_order_free(struct fy_order *order)
{
    if (order == NULL)
        return;
    fy_form_done(&fy_form_order, order);
    free(order);
}

void fy_order_unref(struct fy_order **order)
{
    fy_order_free(*order);
    *order = NULL;
}

void fy_order_to_json(const struct fy_order *order, struct fy_buf *buf)
{
    fy_form_write(&fy_form_order, order, buf);
}

bool fy_order_from_doc(const json_t *doc, struct fy_order **ret_order, struct fy_err *err)
{
    FY_AUTO(fy_order_unref) struct fy_order *order = FY_NEW(struct fy_order);
    fy_form_init(&fy_form_order, order);
    if (!fy_form_parse(&fy_form_order, order, doc, err))
        return fy_wrap(err, "the order's JSON");
    *ret_order = fy_steal(&order);
    return true;
}

bool fy_order_from_json(const char *text, size_t length, struct fy_order **ret_order, struct fy_err *err)
{
    FY_AUTO(fy_json_unref) json_t *doc = fy_json_parse(text, length, "the order", err);
    return doc != NULL && fy_order_from_doc(doc, ret_order, err);
}

const struct fy_order_vdu *fy_order_find_vdu(const struct fy_order *order, const char *vdu_id)
{
    for (size_t i = 0; i < order->vdu_count; i++)
        if (strcmp(order->vdus[i].vdu_id, vdu_id) == 0)
            return &order->vdus[i];
    return NULL;
}

const struct fy_order_connection *fy_order_find_connection(const struct fy_order *order,
                                                           enum fy_order_connection_kind kind)
{
    for (size_t i = 0; i < order->vnf.connection_count; i++)
        if (order->vnf.connections[i].kind == (int)kind)
            return &order->vnf.connections[i];
    return NULL;
}

static bool same(const char *a, const char *b)
{
    return a != NULL && b != NULL ? strcmp(a, b) == 0 : a == b;
}

bool fy_order_vdu_unchanged(const struct fy_order_vdu *vdu)
{
    return same(vdu->source.ref, vdu->target.ref) && same(vdu->source.digest, vdu->target.digest);
}

bool fy_words_have(const struct fy_words *words, const char *word)
{
    for (size_t i = 0; i < words->count; i++)
        if (strcmp(words->word[i], word) == 0)
            return true;
    return false;
}

const char *fy_order_role_name(int role)
{
    return fy_role_words[role];
}

const char *fy_order_domain_name(int domain)
{
    return fy_domain_words[domain];
}

const char *fy_order_basis_name(int basis)
{
    return fy_basis_words[basis];
}

const char *fy_order_use_name(int use)
{
    return fy_use_words[use];
}

const char *fy_order_connection_kind_name(int kind)
{
    return fy_connection_kind_words[kind];
}

const char *fy_order_severity_name(int severity)
{
    return fy_severity_words[severity];
}
