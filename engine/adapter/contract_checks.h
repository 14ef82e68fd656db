/* SPDX-License-Identifier: Apache-2.0 */
/* The checks of the contract test, and what they stand on. Private to contract.c. */
#ifndef FY_ADAPTER_CONTRACT_CHECKS_H
#define FY_ADAPTER_CONTRACT_CHECKS_H

#include "adapter/bound.h"
#include "base/json.h"

struct fy_contract {
    int fd;
    const struct ferry_adapter *adapter;
    const char *connection, *filled;
    const json_t *calls; /* example arguments by verb; NULL: none */
    struct fy_bound *bound;
    int64_t now_ms; /* run time of the test */
    char run[64];   /* of this test and no other: peers remember keys */
    uint64_t steps;
    int64_t slowest_ms;
    const char *slowest;      /* verb that took longest */
    const char *check, *verb; /* being tried */
    unsigned rows, failed;
};

/* The checks; each tells what it tries, then gives its row. */
void fy_contract_schemas(struct fy_contract *contract);
void fy_contract_bad_input(struct fy_contract *contract, const struct ferry_verb *verb);
void fy_contract_observe(struct fy_contract *contract, const struct ferry_verb *verb);
void fy_contract_ensure(struct fy_contract *contract, const struct ferry_verb *verb);
void fy_contract_threads(struct fy_contract *contract);
void fy_contract_time(struct fy_contract *contract);

/* What they are made of. */
void fy_contract_trying(struct fy_contract *contract, const char *check, const char *verb);
bool fy_contract_holds(struct fy_contract *contract, const char *why);   /* true */
bool fy_contract_broken(struct fy_contract *contract, const char *why);  /* false */
bool fy_contract_skipped(struct fy_contract *contract, const char *why); /* true */
bool fy_contract_open(struct fy_contract *contract, struct fy_err *err) FY_MUST_CHECK;
bool fy_contract_reopen(struct fy_contract *contract,
                        struct fy_err *err) FY_MUST_CHECK; /* as after a crash */
void fy_contract_call(struct fy_contract *contract, const struct ferry_verb *verb, const char *args,
                      uint64_t step, struct fy_answer *ret);
void fy_contract_wait(struct fy_contract *contract, int64_t after_ms); /* run time passes */
void fy_contract_until(struct fy_contract *contract, const struct ferry_verb *verb, const char *args,
                       uint64_t step,
                       struct fy_answer *ret); /* asked again as long as it says AGAIN, within its deadline */

#endif
