/* SPDX-License-Identifier: Apache-2.0 */
/* What the two adapters share: a connection is two lanes to one ferry-sim, one that acts and one that looks.
 */
#ifndef SIM_ADAPTER_H
#define SIM_ADAPTER_H

#include "ferry/adapter.h"

/* Of a plugin: all of it that is not in facts.h. */
#define SIM_ADAPTER(table)                                                                                   \
    .thread_safe = true, .settings = sim_adapter_settings, .verbs = (table), .open = sim_adapter_open,       \
    .close = sim_adapter_close

extern const struct ferry_setting sim_adapter_settings[];

void *sim_adapter_open(const struct ferry_host *host, const char *settings, char *why, size_t why_size);
void sim_adapter_close(void *self);

/* Pass a call on; part is "vim" or "nf". */
void sim_adapter_call(void *self, const char *part, const char *verb, enum ferry_verb_kind kind,
                      const struct ferry_call *call, struct ferry_reply *reply);

#endif
