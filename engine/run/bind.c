/* SPDX-License-Identifier: Apache-2.0 */
/* Which connection of the order serves a call: call.def's side, a VDU's verbsFrom, guard.def, or who has it.
 */
#include "base/buf.h"
#include "base/json.h"
#include "base/mem.h"
#include "run/step/step.h"

#include <string.h>

enum side { ENGINE, VIM, NF, GUARD };

static const struct {
    const char *call, *verb;
    enum side side;
} calls[] = {
#define CALL(name, side, verb, needs) {name, verb, side},
#include "run/step/call.def"
#undef CALL
};

static const struct {
    const char *guard, *off;
    enum side side;
} guards[] = {
#define GUARD(name, side, off) {name, off, side},
#include "run/step/guard.def"
#undef GUARD
};

const char *fy_bind_kind(const struct fy_order *order, int kind)
{
    const struct fy_order_connection *connection =
        fy_order_find_connection(order, (enum fy_order_connection_kind)kind);
    return connection != NULL ? connection->ref : NULL;
}

static bool bind_side(const struct fy_order *order, enum side side, const char *call,
                      const char **ret_connection, struct fy_err *err)
{
    *ret_connection = fy_bind_kind(order, side == VIM ? FY_CONNECTION_VIM : FY_CONNECTION_NF);
    if (*ret_connection != NULL)
        return true;
    fy_fail(err, FY_ERR_PERMANENT, "the order has no connection of kind \"%s\" to serve %s",
            side == VIM ? "vim" : "nf", call);
    return fy_hint(err, "add a Connection of that kind to the Vnf of the order");
}

static bool unknown_guard(const char *guard, struct fy_err *err)
{
    struct fy_buf names = {0};
    for (size_t i = 0; i < FY_COUNT(guards); i++)
        fy_buf_format(&names, "%s%s", i > 0 ? ", " : "", guards[i].guard);
    fy_fail(err, FY_ERR_INVALID, "there is no guard \"%s\"", guard);
    fy_hint(err, "the guards there are: %s", names.data);
    fy_buf_free(&names);
    return false;
}

bool fy_bind_guard(const struct fy_order *order, const char *guard, const char **ret_connection,
                   const char **ret_off, struct fy_err *err)
{
    for (size_t i = 0; i < FY_COUNT(guards); i++)
        if (strcmp(guards[i].guard, guard) == 0) {
            if (ret_off != NULL)
                *ret_off = guards[i].off;
            return bind_side(order, guards[i].side, guard, ret_connection, err);
        }
    return unknown_guard(guard, err);
}

/* A VDU whose vendor's manager owns the instances is upgraded by the NF adapter; the image tells the VDU. */
static enum side side_of_image(const struct fy_order *order, const json_t *args, enum side otherwise)
{
    const char *image = fy_json_string_or(args, "image", NULL);
    for (size_t i = 0; image != NULL && i < order->vdu_count; i++) {
        const struct fy_order_vdu *vdu = &order->vdus[i];
        if (strcmp(vdu->target.ref, image) == 0 || strcmp(vdu->source.ref, image) == 0)
            return vdu->verbs_from == FY_VERBS_FROM_NF ? NF : otherwise;
    }
    return otherwise;
}

static bool has_verb(const struct fy_adapters *adapters, const char *connection, const char *verb)
{
    const struct fy_adapter_info *info =
        connection != NULL ? adapters->describe(adapters->self, connection) : NULL;
    return info != NULL && fy_adapter_verb(info, verb) != NULL;
}

const char *fy_bind_observe(const struct fy_order *order, const struct fy_adapters *adapters,
                            const char *verb)
{
    static const int kinds[] = {FY_CONNECTION_NF, FY_CONNECTION_VIM, FY_CONNECTION_KPI, FY_CONNECTION_EMS};
    for (size_t i = 0; i < FY_COUNT(kinds); i++) {
        const char *connection = fy_bind_kind(order, kinds[i]);
        if (has_verb(adapters, connection, verb))
            return connection;
    }
    /* Nobody is known to have it, perhaps because its adapter has not started yet. */
    bool of_cloud = strcmp(verb, "inventory") == 0;
    return fy_bind_kind(order, of_cloud ? FY_CONNECTION_VIM : FY_CONNECTION_NF);
}

const struct fy_adapter_info *fy_bind_unknown(const struct fy_order *order,
                                              const struct fy_adapters *adapters)
{
    for (size_t i = 0; i < order->vnf.connection_count; i++) {
        const struct fy_adapter_info *info =
            adapters->describe(adapters->self, order->vnf.connections[i].ref);
        if (info != NULL && info->name == NULL && info->state != FY_ADAPTER_REFUSED)
            return info;
    }
    return NULL;
}

static bool bind_row(size_t row, const struct fy_order *order, const char *args, const char **ret_connection,
                     struct fy_err *err)
{
    enum side side = calls[row].side;
    if (side != GUARD && side != VIM)
        return bind_side(order, side, calls[row].call, ret_connection, err);
    FY_AUTO(fy_json_unref) json_t *doc = fy_json_parse(args, strlen(args), calls[row].call, err);
    if (doc == NULL)
        return false;
    if (side == GUARD)
        return fy_bind_guard(order, fy_json_string_or(doc, "guard", ""), ret_connection, NULL, err);
    return bind_side(order, side_of_image(order, doc, side), calls[row].call, ret_connection, err);
}

bool fy_bind(const struct fy_order *order, const struct fy_adapters *adapters, const char *call,
             const char *args, const char **ret_connection, const char **ret_verb, struct fy_err *err)
{
    for (size_t i = 0; i < FY_COUNT(calls); i++) {
        if (strcmp(calls[i].call, call) != 0)
            continue;
        *ret_connection = NULL;
        *ret_verb = calls[i].side == ENGINE ? NULL : calls[i].verb;
        return calls[i].side == ENGINE || bind_row(i, order, args, ret_connection, err);
    }
    *ret_verb = call; /* a verb of the adapter's own */
    *ret_connection = fy_bind_observe(order, adapters, call);
    return *ret_connection != NULL || bind_side(order, NF, call, ret_connection, err);
}
