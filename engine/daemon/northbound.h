/* SPDX-License-Identifier: Apache-2.0 */
/* The API for others than ferryd's own user: who they are, TLS, and both again on SIGHUP. Private to daemon/.
 */
#ifndef FY_DAEMON_NORTHBOUND_H
#define FY_DAEMON_NORTHBOUND_H

#include "api/api.h"
#include "daemon/options.h"

bool fy_northbound_open(struct fy_api *api, const struct fy_options *options,
                        struct fy_err *err) FY_MUST_CHECK;

/* Read access and certificates again. What is wrong is logged, and then what was there stays in force. */
void fy_northbound_reload(struct fy_api *api, const struct fy_options *options);

#endif
