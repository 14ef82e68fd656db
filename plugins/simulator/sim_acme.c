/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The simulated NF as a vendor called Acme would serve it: every verb of the NF, and one of Acme's own. Such
 * a verb has a dot in its name, a row like any other, and a schema; a workflow calls it as
 * nf:call("acme.issu_check", {...}). workflows/acme_gray does.
 */
#include "adapter.h"
#include "facts.h"
#include "schema.h"

#define VERB(name, kind, deadline, settle, schema)                                                           \
    static void call_##name(void *connection, const struct ferry_call *call, struct ferry_reply *reply)      \
    {                                                                                                        \
        sim_adapter_call(connection, "nf", #name, FERRY_##kind, call, reply);                                \
    }
#include "nf_verbs.def"
#undef VERB

static void issu_check(void *connection, const struct ferry_call *call, struct ferry_reply *reply)
{
    sim_adapter_call(connection, "nf", "issu_check", FERRY_ENSURE, call, reply);
}

static const struct ferry_verb verbs[] = {
#define VERB(name, kind, deadline, settle, schema)                                                           \
    {#name, FERRY_##kind, schema, deadline, settle, call_##name},
#include "nf_verbs.def"
#undef VERB
    {"acme.issu_check", FERRY_ENSURE, OBJECT("\"to\"", "\"to\":" TEXT), 600000, 5000, issu_check},
    {NULL, FERRY_OBSERVE, NULL, 0, 0, NULL},
};

FERRY_ADAPTER_EXPORT const struct ferry_adapter ferry_adapter = {
    SIM_FACTS,
    .name = "sim_acme",
    .summary = "The simulated AMF or SMF with a verb of a vendor's own, acme.issu_check.",
    .kinds = FERRY_KIND_NF | FERRY_KIND_KPI,
    .mobility = FERRY_MOBILITY_LIVE,
    SIM_ADAPTER(verbs)};
