/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Crash points: named places where a test kills the process. FY_POINT(journal_before_commit) stands where
 * dying must be harmless. point.def is the one table of names; tests/crash kills at each of them, and
 * a point that no test hits fails the build. Release builds have none.
 *
 * FERRY_CRASH="NAME:N[,NAME:N...]" kills this process (SIGKILL) the Nth time it reaches NAME.
 * FERRY_CRASH_TOKENS=DIR makes each of those deaths happen once, whichever process gets there first; named
 * twice, it happens twice. FERRY_POINTS_SEEN=FILE appends each name the first time this process reaches it.
 */
#ifndef FY_BASE_POINT_H
#define FY_BASE_POINT_H

#ifdef FERRY_POINTS
enum fy_point {
#define X(name, where) FY_POINT_##name,
#include "base/point.def"
#undef X
    FY_POINT_COUNT
};
void fy_point_reached(enum fy_point point);
#define FY_POINT(name) fy_point_reached(FY_POINT_##name)
#else
#define FY_POINT(name) ((void)0)
#endif

#endif
