/* SPDX-License-Identifier: Apache-2.0 */
/* An event of one's own: a copy that outlives the program it came from. */
#ifndef FY_SCRIPT_EVENT_H
#define FY_SCRIPT_EVENT_H

#include "script/script.h"

void fy_event_copy(const struct fy_script_event *event, struct fy_script_event *ret_copy);
void fy_event_free(struct fy_script_event *copy);

#endif
