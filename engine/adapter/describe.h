/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an adapter declared, as JSON: the host's first answer, `ferry adapter show`, GET /v1/adapters/NAME.
 *
 *     {"name","version","summary","sha256","kinds":["vim","nf"],"mobility":"live","simulated":bool,
 *      "thread_safe":bool,"settings":[{"name","type","required","secret","otherwise"?,"help"}],
 *      "verbs":[{"name","kind":"observe","deadline_ms","settle_ms","schema":{...}}],"missing":["replace",...]}
 *
 * missing has the standard verbs of its kinds that it lacks: a workflow that needs one is refused.
 */
#ifndef FY_ADAPTER_DESCRIBE_H
#define FY_ADAPTER_DESCRIBE_H

#include "adapter/adapter.h"
#include "base/buf.h"
#include "base/json.h"

void fy_adapter_describe(const struct ferry_adapter *adapter, const char *sha256, struct fy_buf *buf);

/*
 * Fill the adapter's part of info (name ... verb_count, description) from such a text; what was there is
 * freed. The text comes from a process that runs foreign code: anything odd is an error.
 */
bool fy_described(struct fy_adapter_info *info, const char *text, size_t length,
                  struct fy_err *err) FY_MUST_CHECK;
void fy_described_free(struct fy_adapter_info *info);

#endif
