/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Times as people and XML write them, exactly: RFC 3339 date-times with an offset, XML durations of days and
 * smaller, and names of time zones. Milliseconds throughout; a finer fraction is refused, not rounded.
 */
#ifndef FY_BASE_TIME_H
#define FY_BASE_TIME_H

#include "base/err.h"

#include <stdint.h>

#define FY_TIME_TEXT 40 /* room for what the format functions write */

/*
 * "2026-11-23T00:00:00+08:00" to milliseconds since 1970 UTC. The offset (or Z) is required: a local time
 * without one happens twice a year. Years 1970 to 9999; leap seconds are refused.
 */
bool fy_time_parse(const char *text, int64_t *ret_ms, struct fy_err *err) FY_MUST_CHECK;

/* "2026-11-22T16:00:00Z", with ".250" only where there are milliseconds. Returns text. */
char *fy_time_format(int64_t ms, char text[FY_TIME_TEXT]);

/* "PT15M", "P1DT2H", "PT0.5S" to milliseconds. Years and months are refused (they have no fixed length), and
 * so are negative durations and more than 10,000 days. */
bool fy_duration_parse(const char *text, int64_t *ret_ms, struct fy_err *err) FY_MUST_CHECK;

/* 900000 to "PT15M"; 0 to "PT0S". Returns text. */
char *fy_duration_format(int64_t ms, char text[FY_TIME_TEXT]);

/* For sentences: "15 min", "4 h 30 min", "7 days", "250 ms". Returns text. */
char *fy_duration_words(int64_t ms, char text[FY_TIME_TEXT]);

/* Spelt like a zone of the IANA database ("Asia/Shanghai", "UTC"); cannot name a path outside it. */
bool fy_zone_spelt(const char *zone);

/* Known on this machine (a file of /usr/share/zoneinfo). Does I/O. */
bool fy_zone_exists(const char *zone);

#endif
