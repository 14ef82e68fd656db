/* SPDX-License-Identifier: Apache-2.0 */
/* What the two adapters are, as plugins and linked in: initializers of a struct ferry_adapter. */
#ifndef SIM_FACTS_H
#define SIM_FACTS_H

#include "ferry/adapter.h"

#define SIM_FACTS                                                                                            \
    .abi = FERRY_ADAPTER_ABI, .size = sizeof(struct ferry_adapter), .version = FERRY_VERSION,                \
    .simulated = true

#define SIM_VIM_FACTS                                                                                        \
    SIM_FACTS, .name = "sim_vim", .summary = "A simulated cloud: the instances of ferry-sim.",               \
               .kinds = FERRY_KIND_VIM, .mobility = FERRY_MOBILITY_NONE

/* The mobility is the trial's; health tells the one the world file sets. */
#define SIM_NF_FACTS                                                                                         \
    SIM_FACTS, .name = "sim_nf", .summary = "A simulated AMF or SMF: the users of ferry-sim.",               \
               .kinds = FERRY_KIND_NF | FERRY_KIND_KPI, .mobility = FERRY_MOBILITY_LIVE

#endif
