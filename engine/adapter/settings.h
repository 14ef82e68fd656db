/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A connection's settings against the table its adapter declared: unknown ones are refused (with what was
 * probably meant), missing ones filled in or refused, relative paths completed, secrets put in.
 */
#ifndef FY_ADAPTER_SETTINGS_H
#define FY_ADAPTER_SETTINGS_H

#include "base/json.h"
#include "ferry/adapter.h"

/*
 * The JSON object an adapter's open() gets; fy_settings_free wipes it. secrets may be NULL. directory is
 * where relative paths start. A secret among the settings, or a setting among the secrets, is refused.
 */
char *fy_settings_fill(const struct ferry_setting *table, const json_t *settings, const json_t *secrets,
                       const char *directory, struct fy_err *err);
void fy_settings_free(char *filled);

#endif
