/* SPDX-License-Identifier: Apache-2.0 */
/* How names and numbers of the telecom world are spelt. Private to order/. */
#ifndef FY_ORDER_SPELT_H
#define FY_ORDER_SPELT_H

#include <stdbool.h>

bool fy_spelt_token(const char *text);  /* letters, digits and . _ : / @ + = , - */
bool fy_spelt_text(const char *text);   /* up to 512 bytes without control characters */
bool fy_spelt_name(const char *text);   /* letters, digits and . _ -, beginning with a letter or digit */
bool fy_spelt_digest(const char *text); /* sha256:0d1a... */
bool fy_spelt_supi(const char *text);   /* imsi-460001234567890 */
bool fy_spelt_mcc(const char *text);
bool fy_spelt_mnc(const char *text);
bool fy_spelt_tac(const char *text);
bool fy_spelt_sd(const char *text);

#endif
