/* SPDX-License-Identifier: Apache-2.0 */
/* The simulated NF as an adapter: each verb is passed on to ferry-sim as it is. */
#include "adapter.h"
#include "facts.h"
#include "schema.h"

#define SIM_VERBS            "nf_verbs.def"
#define SIM_TABLE            verbs
#define SIM_FUNCTION(name)   call_##name
#define SIM_PASS(name, kind) sim_adapter_call(connection, "nf", #name, FERRY_##kind, call, reply)
#include "verb_table.h"

FERRY_ADAPTER_EXPORT const struct ferry_adapter ferry_adapter = {SIM_NF_FACTS, SIM_ADAPTER(verbs)};
