/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a host may still do once it starts its work.
 *
 *   strict   scripts and readers: memory, the descriptors it has, the clock. No file, socket, process or
 *            executable page can be had any more; trying ends the process (files: refused).
 *   adapter  a plugin talks to its network, so no filter: no new privileges, no capabilities, no core dump.
 */
#ifndef FY_HOST_PROFILE_H
#define FY_HOST_PROFILE_H

#include "base/err.h"

#include <stddef.h>

struct fy_profile {
    bool strict;
    size_t memory;        /* bytes of address space; 0: unlimited */
    unsigned cpu_seconds; /* 0: unlimited */
    unsigned descriptors; /* that may be open */
};

/*
 * Die with the process that holds the other end of `socket` and did start us; refused when it is not our
 * parent (any more), so that a host never outlives its ferryd.
 */
bool fy_profile_follow_parent(int socket, struct fy_err *err) FY_MUST_CHECK;

/* Give up everything the profile does not allow. There is no way back. */
bool fy_profile_enter(const struct fy_profile *profile, struct fy_err *err) FY_MUST_CHECK;

#endif
