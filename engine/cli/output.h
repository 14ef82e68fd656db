/* SPDX-License-Identifier: Apache-2.0 */
/* Small things that most commands print. */
#ifndef FY_CLI_OUTPUT_H
#define FY_CLI_OUTPUT_H

#include "base/buf.h"
#include "base/file.h"
#include "base/json.h"

void fy_print_json(const json_t *doc);        /* indented, members in their order */
void fy_print_buf(const struct fy_buf *text); /* as it is */

/* "31,000". Returns text. */
char *fy_number_words(int64_t number, char text[32]);

/* "2 h 05 min", "14 min", "40 s"; for what is left. Returns text. */
char *fy_left_words(int64_t ms, char text[32]);

/* "16:04:31", "22 Nov 16:04"; UTC. Returns text. */
char *fy_clock_words(int64_t ms, char text[16]);
char *fy_date_words(int64_t ms, char text[32]);

/* "50 %", "12.5 %". Returns text. */
char *fy_permille_words(int64_t permille, char text[32]);

#endif
