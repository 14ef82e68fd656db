/* SPDX-License-Identifier: Apache-2.0 */
/* Refusals that need what ferryd knows. */
#include "base/time.h"
#include "order/refuse.h"
#include "order/words.h"

#include "base/mem.h"

#include <string.h>

struct admission {
    const struct fy_order *order;
    const struct fy_order_known *known;
    struct fy_refuser to;
};

static bool contains(const char *const *list, size_t count, const char *text)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(list[i], text) == 0)
            return true;
    return false;
}

/* "did you mean" over a list that is counted; what else to do if nothing is near. */
static bool hint_near(const struct admission *in, const char *const *list, size_t count, const char *text,
                      const char *otherwise)
{
    const char **names = FY_NEW_ARRAY(const char *, count + 1);
    for (size_t i = 0; i < count; i++)
        names[i] = list[i];
    fy_refuse_hint(&in->to, fy_word_nearest(names, text), "%s", otherwise);
    free(names);
    return false;
}

static bool is_defined(const struct fy_order_gate *gate, const char *name)
{
    for (size_t i = 0; i < gate->definition_count; i++)
        if (strcmp(gate->definitions[i].name, name) == 0)
            return true;
    return false;
}

/* A name of the catalogue means the same in every order. */
static bool admit_definitions(const struct admission *in)
{
    const struct fy_order_gate *gate = &in->order->gate;
    for (size_t i = 0; i < gate->definition_count; i++) {
        const struct fy_order_kpi_definition *definition = &gate->definitions[i];
        if (!contains(in->known->kpis, in->known->kpi_count, definition->name))
            continue;
        fy_refuse(&in->to, definition->line, "f:KpiDefinition", "\"%.100s\" is in the catalogue already",
                  definition->name);
        return fy_refuse_hint(
            &in->to, NULL,
            "give yours a name of your own, as in acme.%.60s; \"ferry kpis\" lists the catalogue",
            definition->name);
    }
    return true;
}

static bool admit_kpis(const struct admission *in)
{
    const struct fy_order_known *known = in->known;
    if (!admit_definitions(in))
        return false;
    for (size_t i = 0; i < in->order->gate.kpi_count; i++) {
        const struct fy_order_kpi *kpi = &in->order->gate.kpis[i];
        if (contains(known->kpis, known->kpi_count, kpi->name) || is_defined(&in->order->gate, kpi->name))
            continue;
        fy_refuse(&in->to, kpi->line, "f:Kpi", "the catalogue has no KPI \"%.100s\"", kpi->name);
        return hint_near(in, known->kpis, known->kpi_count, kpi->name,
                         "\"ferry kpis\" lists them; an f:KpiDefinition beside it adds one of your own");
    }
    return true;
}

static bool admit_callbacks(const struct admission *in)
{
    const struct fy_order_known *known = in->known;
    for (size_t i = 0; i < in->order->request.callback_count; i++) {
        const struct fy_order_callback *callback = &in->order->request.callbacks[i];
        if (contains(known->receivers, known->receiver_count, callback->ref))
            continue;
        fy_refuse(&in->to, callback->line, "f:Callback", "no receiver \"%.100s\" is configured",
                  callback->ref);
        return hint_near(in, known->receivers, known->receiver_count, callback->ref,
                         "configure it in ferryd, or leave the callback out");
    }
    return true;
}

static bool admit_workflow(const struct admission *in)
{
    const struct fy_order_workflow *wanted = &in->order->workflow;
    const struct fy_order_known *known = in->known;
    const char **names = FY_NEW_ARRAY(const char *, known->workflow_count + 1);
    int64_t other = FY_ABSENT;
    bool found = false;
    for (size_t i = 0; i < known->workflow_count; i++) {
        names[i] = known->workflows[i].name;
        if (strcmp(names[i], wanted->name) != 0)
            continue;
        other = known->workflows[i].version;
        found = found || other == wanted->version;
    }
    if (!found && other != FY_ABSENT) {
        fy_refuse(&in->to, wanted->line, "PlanModelReference",
                  "the catalogue has %.100s in version %lld, not %lld", wanted->name, (long long)other,
                  (long long)wanted->version);
        fy_refuse_hint(&in->to, NULL, "write ferry:%.60s@%lld if that is meant", wanted->name,
                       (long long)other);
    } else if (!found) {
        fy_refuse(&in->to, wanted->line, "PlanModelReference", "the catalogue has no workflow \"%.100s\"",
                  wanted->name);
        fy_refuse_hint(&in->to, fy_word_nearest(names, wanted->name), "\"ferry workflow list\" shows them");
    }
    free(names);
    return found;
}

static const struct fy_known_connection *find_connection(const struct fy_order_known *known, const char *name)
{
    for (size_t i = 0; i < known->connection_count; i++)
        if (strcmp(known->connections[i].name, name) == 0)
            return &known->connections[i];
    return NULL;
}

static bool refuse_unknown(const struct admission *in, const struct fy_order_connection *wanted)
{
    const struct fy_order_known *known = in->known;
    const char **names = FY_NEW_ARRAY(const char *, known->connection_count + 1);
    for (size_t i = 0; i < known->connection_count; i++)
        names[i] = known->connections[i].name;
    fy_refuse(&in->to, wanted->line, "f:Connection", "no connection \"%.100s\" is configured", wanted->ref);
    fy_refuse_hint(&in->to, fy_word_nearest(names, wanted->ref), "\"ferry adapter list\" shows them");
    free(names);
    return false;
}

static bool admit_connection(const struct admission *in, const struct fy_order_connection *wanted)
{
    const struct fy_known_connection *connection = find_connection(in->known, wanted->ref);
    const char *tenant = in->order->request.tenant;
    if (connection == NULL)
        return refuse_unknown(in, wanted);
    if (connection->tenant_count > 0 && !contains(connection->tenants, connection->tenant_count, tenant)) {
        fy_refuse(&in->to, wanted->line, "f:Connection",
                  "the tenant \"%.100s\" may not use the connection \"%.100s\"", tenant, wanted->ref);
        if (in->to.err != NULL)
            in->to.err->kind = FY_ERR_REFUSED;
        return fy_refuse_hint(&in->to, NULL, "ask whoever configures ferryd to add the tenant");
    }
    if (connection->kinds == 0 || (connection->kinds & (1U << wanted->kind)) != 0)
        return true;
    fy_refuse(&in->to, wanted->line, "f:Connection", "the connection \"%.100s\" is not one of kind %s",
              wanted->ref, fy_order_connection_kind_name(wanted->kind));
    return fy_refuse_hint(&in->to, NULL, "\"ferry adapter list\" shows what each connection is");
}

static bool admit_connections(const struct admission *in)
{
    for (size_t i = 0; i < in->order->vnf.connection_count; i++)
        if (!admit_connection(in, &in->order->vnf.connections[i]))
            return false;
    return true;
}

static bool admit_window(const struct admission *in)
{
    const struct fy_order_window *window = &in->order->request.window;
    if (in->known->zone_exists != NULL && !in->known->zone_exists(window->zone)) {
        fy_refuse(&in->to, window->line, "f:Window", "the time zone \"%.60s\" is not known here",
                  window->zone);
        return fy_refuse_hint(&in->to, NULL, "give a name of the IANA database, like Asia/Shanghai or UTC");
    }
    if (window->end_ms > in->known->now_ms)
        return true;
    char end[FY_TIME_TEXT];
    char now[FY_TIME_TEXT];
    fy_refuse(&in->to, window->line, "f:Window", "it is over: it ended at %s, and it is %s now",
              fy_time_format(window->end_ms, end), fy_time_format(in->known->now_ms, now));
    return fy_refuse_hint(&in->to, NULL, "send the order again with a window to come");
}

bool fy_order_admit(const struct fy_order *order, const struct fy_order_known *known,
                    struct fy_refusal *ret_refusal, struct fy_err *err)
{
    struct fy_err unread;
    const struct admission in = {order, known, {ret_refusal, err != NULL ? err : &unread}};
    if (ret_refusal != NULL)
        *ret_refusal = (struct fy_refusal){0};
    return admit_window(&in) && admit_connections(&in) && admit_workflow(&in) && admit_kpis(&in) &&
           admit_callbacks(&in);
}
