/* SPDX-License-Identifier: Apache-2.0 */
/* Records as they leave the API. Private to api/. */
#ifndef FY_API_RECORDS_H
#define FY_API_RECORDS_H

#include "api/exchange.h"

/* One record as an object (docs/architecture.md, "Views"). */
void fy_record_json(const struct fy_row *row, struct fy_buf *buf);

/*
 * Records of a run behind "after", at most "limit" and about 32 MiB, each put into buf by "put".
 * *ret_last is the last one's number ("after" if there was none).
 */
bool fy_records_read(struct fy_api *api, const char *run, uint64_t after, uint64_t limit,
                     void (*put)(const struct fy_row *row, struct fy_buf *buf), struct fy_buf *buf,
                     uint64_t *ret_last, struct fy_err *err) FY_MUST_CHECK;

#endif
