/* SPDX-License-Identifier: Apache-2.0 */
/* Verbs that belong to another engine, and the list of engines. Private to api/. */
#ifndef FY_API_FLEET_H
#define FY_API_FLEET_H

#include "api/exchange.h"

/* If another engine drives the run of this exchange, the verb goes there; true: an answer will come. */
bool fy_fleet_pass_on(struct fy_exchange *exchange, const char *verb, const struct fy_caller *caller);

/* False: this engine is being drained, and err says where to go. */
bool fy_fleet_takes_orders(const struct fy_exchange *exchange, struct fy_err *err) FY_MUST_CHECK;

/* post.c: says in which state the run is, and what would be possible. */
void fy_refuse_verb(struct fy_exchange *exchange, const struct fy_err *err);

#endif
