/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From TOSCA XML to an order. The bytes come from strangers: fy_order_read() is meant for the one-shot
 * reader host (order/reader.h), which may die; ferryd itself calls fy_order_admit() only.
 *
 * Nothing is fetched, no DTD is accepted, no entity is expanded, and whatever libxml2 complains about
 * refuses the whole document. Sizes are limited before they cost anything.
 */
#ifndef FY_ORDER_READ_H
#define FY_ORDER_READ_H

#include "order/order.h"

#define FY_ORDER_NAMESPACE "urn:ferry:tosca:upgrade:1"
#define FY_TOSCA_NAMESPACE "http://docs.oasis-open.org/tosca/ns/2011/12"

#define FY_ORDER_MAX_BYTES      (64u * 1024)
#define FY_ORDER_MAX_DEPTH      24   /* elements inside each other */
#define FY_ORDER_MAX_ATTRIBUTES 64   /* on one element, namespace declarations included */
#define FY_ORDER_MAX_ELEMENTS   4000 /* in the document */

/* Why a document is refused, where it can be told: 0 and "" where it cannot. */
struct fy_refusal {
    int line;
    char element[128]; /* "f:Stage" as it should be written, not as the document prefixes it */
};

/*
 * Parse and check one document. On failure err has one sentence that begins with line and element, and the
 * hint says what would be right; *ret_refusal (NULL is allowed) has line and element apart.
 */
bool fy_order_read(const char *bytes, size_t length, struct fy_order **ret_order,
                   struct fy_refusal *ret_refusal, struct fy_err *err) FY_MUST_CHECK;

/* What ferryd knows, for the refusals that need it. Lists end where their count says. */
struct fy_known_connection {
    const char *name;
    unsigned kinds;             /* bits: 1u << enum fy_order_connection_kind */
    const char *const *tenants; /* who may use it */
    size_t tenant_count;        /* 0: everybody */
};

struct fy_known_workflow {
    const char *name;
    int64_t version; /* major */
};

struct fy_order_known {
    const struct fy_known_connection *connections;
    size_t connection_count;
    const struct fy_known_workflow *workflows;
    size_t workflow_count;
    const char *const *receivers;
    size_t receiver_count;
    const char *const *kpis;
    size_t kpi_count;
    int64_t now_ms;
    bool (*zone_exists)(const char *zone); /* fy_zone_exists; NULL: not checked */
};

/* Refuse what is well written but cannot be done here: unknown KPI, workflow, connection or receiver, a
 * connection of another kind or of another tenant, a window that is over, an unknown time zone. */
bool fy_order_admit(const struct fy_order *order, const struct fy_order_known *known,
                    struct fy_refusal *ret_refusal, struct fy_err *err) FY_MUST_CHECK;

#endif
