/* SPDX-License-Identifier: Apache-2.0 */
/* What no element alone can tell: fields that must fit each other. Request, VNF and VDUs. */
#include "order/check.h"
#include "order/dom.h"

#include <string.h>

static bool check_window(struct fy_order *order, const struct fy_refuser *to)
{
    struct fy_order_window *window = &order->request.window;
    if (window->latest_rollback_end_ms == FY_ABSENT)
        window->latest_rollback_end_ms = window->end_ms;
    if (window->end_ms <= window->start_ms) {
        fy_refuse(to, window->line, "f:Window", "it ends before it starts");
        return fy_refuse_hint(to, NULL, "give an end after the start; mind the offsets from UTC");
    }
    if (window->latest_rollback_end_ms > window->start_ms)
        return true;
    fy_refuse(to, window->line, "f:Window", "latestRollbackEnd is before the start");
    return fy_refuse_hint(to, NULL, "give the moment when a rollback must be over, after the start");
}

static bool check_versions(const struct fy_order *order, const struct fy_refuser *to)
{
    const struct fy_order_request *request = &order->request;
    if (strcmp(request->source.version, request->target.version) != 0)
        return true;
    fy_refuse(to, request->target.line, "f:Target",
              "its softwareVersion \"%.60s\" is that of f:Source: there is "
              "nothing to upgrade",
              request->target.version);
    return fy_refuse_hint(to, NULL, "give the version that is to run afterwards");
}

static bool check_connections(const struct fy_order *order, const struct fy_refuser *to)
{
    const struct fy_order_vnf *vnf = &order->vnf;
    bool vim_needed = false;
    for (size_t i = 0; i < order->vdu_count; i++)
        vim_needed = vim_needed || order->vdus[i].verbs_from == FY_VERBS_FROM_VIM;
    for (size_t i = 0; i < vnf->connection_count; i++) {
        const struct fy_order_connection *connection = &vnf->connections[i];
        if (fy_order_find_connection(order, (enum fy_order_connection_kind)connection->kind) == connection)
            continue;
        fy_refuse(to, connection->line, "f:Connection",
                  "it is a second one of kind %s, and nothing says which is for what",
                  fy_order_connection_kind_name(connection->kind));
        return fy_refuse_hint(to, NULL, "leave one out");
    }
    bool nf = fy_order_find_connection(order, FY_CONNECTION_NF) != NULL;
    bool vim = fy_order_find_connection(order, FY_CONNECTION_VIM) != NULL || !vim_needed;
    if (nf && vim)
        return true;
    fy_refuse(to, vnf->line, "f:Vnf", "it has no f:Connection of kind %s", nf ? "vim" : "nf");
    return fy_refuse_hint(to, NULL, "add <f:Connection kind=\"%s\" ref=\"...\"/>", nf ? "vim" : "nf");
}

static bool check_mates(const struct fy_order *order, const struct fy_refuser *to)
{
    for (size_t i = 0; i < order->vnf.mate_count; i++)
        if (strcmp(order->vnf.mates[i].vnf_instance, order->request.vnf_instance) == 0) {
            fy_refuse(to, order->vnf.line, "f:Mate", "it is the VNF instance that is upgraded");
            return fy_refuse_hint(to, NULL,
                                  "name the instances that carry its users meanwhile, if there are any");
        }
    return true;
}

static bool has_locator(const struct fy_order_locator *at)
{
    return at == NULL || at->tag != NULL || at->group != NULL || at->label != NULL || at->stack != NULL;
}

static bool check_role(const struct fy_order_vdu *vdu, const struct fy_refuser *to)
{
    bool pair = vdu->role == FY_ROLE_ACTIVE_STANDBY || vdu->role == FY_ROLE_OAM;
    const char *role = fy_order_role_name(vdu->role);
    if (pair && vdu->max_instances != FY_ABSENT && vdu->max_instances < 2) {
        fy_refuse(to, vdu->line, "f:Vdu", "role=\"%s\" goes half and half, but its node has maxInstances 1",
                  role);
        return fy_refuse_hint(to, NULL, "give maxInstances=\"2\" on the NodeTemplate, or another role");
    }
    if (vdu->role == FY_ROLE_LOAD_SHARING || vdu->step == 0)
        return true;
    fy_refuse(to, vdu->line, "f:Vdu", "role=\"%s\" goes half and half, so a step of %lld would not count",
              role, (long long)vdu->step);
    return fy_refuse_hint(to, NULL, "leave step out; it is for load-sharing");
}

static bool check_counts(const struct fy_order_vdu *vdu, const struct fy_refuser *to)
{
    if (vdu->max_instances == FY_ABSENT)
        return true;
    if (vdu->min_instances > vdu->max_instances) {
        fy_refuse(to, vdu->line, "f:Vdu", "its node has minInstances %lld above maxInstances %lld",
                  (long long)vdu->min_instances, (long long)vdu->max_instances);
        return fy_refuse_hint(to, NULL, "TOSCA takes 1 where one of them is missing; give both");
    }
    if (vdu->min_preserved >= vdu->max_instances) {
        fy_refuse(to, vdu->line, "f:Vdu",
                  "minPreserved %lld of at most %lld instances leaves none to upgrade",
                  (long long)vdu->min_preserved, (long long)vdu->max_instances);
        return fy_refuse_hint(to, NULL, "give less than maxInstances");
    }
    if (vdu->step <= vdu->max_instances)
        return true;
    fy_refuse(to, vdu->line, "f:Vdu", "step %lld is more than its %lld instances", (long long)vdu->step,
              (long long)vdu->max_instances);
    return fy_refuse_hint(to, NULL, "give less, or step=\"auto\"");
}

static bool check_vdu(const struct fy_order *order, const struct fy_order_vdu *vdu,
                      const struct fy_refuser *to)
{
    if (fy_order_find_vdu(order, vdu->vdu_id) != vdu) {
        fy_refuse(to, vdu->line, "f:Vdu", "the vduId \"%.100s\" is that of line %lld, too", vdu->vdu_id,
                  (long long)fy_order_find_vdu(order, vdu->vdu_id)->line);
        return fy_refuse_hint(to, NULL, "give each VDU its own vduId");
    }
    if (!has_locator(vdu->locator)) {
        fy_refuse(to, vdu->line, "f:Locator", "it is empty");
        return fy_refuse_hint(to, NULL, "give tag, group, label or stack");
    }
    return check_counts(vdu, to) && check_role(vdu, to);
}

static bool check_vdus(const struct fy_order *order, const struct fy_refuser *to)
{
    size_t unchanged = 0;
    for (size_t i = 0; i < order->vdu_count; i++) {
        if (!check_vdu(order, &order->vdus[i], to))
            return false;
        unchanged += fy_order_vdu_unchanged(&order->vdus[i]) ? 1 : 0;
    }
    if (unchanged < order->vdu_count)
        return true;
    fy_refuse(to, order->vdus[0].line, "f:Vdu",
              "every VDU has the same image as source and as target: there is "
              "nothing to upgrade");
    return fy_refuse_hint(to, NULL, "give the new image of at least one VDU");
}

/* The word is reserved: what converts data is the network function's, and no adapter verb asks it to yet. */
static bool check_rollback(const struct fy_order *order, const struct fy_refuser *to)
{
    if (order->rollback.data != FY_DATA_CONVERT)
        return true;
    fy_refuse(
        to, order->rollback.line, "f:Rollback",
        "data=\"convert\" asks for data to be converted on the way back, and no adapter can do that yet");
    return fy_refuse_hint(
        to, NULL,
        "give \"none\" if the source version reads what the target has written, \"restore\" to "
        "take the backup back while nobody has moved");
}

bool fy_check_order(struct fy_order *order, const struct fy_refuser *to)
{
    return check_window(order, to) && check_versions(order, to) && check_vdus(order, to) &&
           check_connections(order, to) && check_mates(order, to) && fy_check_gray(&order->gray, to) &&
           fy_check_gate(&order->gate, to) && fy_check_dial_tests(order, to) && check_rollback(order, to) &&
           fy_check_commit(order, to);
}
