/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files that belong to this installation, found from where the running program lies, so that an installed
 * Ferry, one unpacked somewhere and a build tree all work without being told.
 */
#ifndef FY_BASE_BESIDE_H
#define FY_BASE_BESIDE_H

/*
 * The first of the candidates (relative paths, ends with NULL) that exists below the program's folder or one
 * of the four folders above it, nearest first: "lib/ferry/ferry-host" finds /usr/lib/ferry/ferry-host for
 * /usr/bin/ferryd. The caller frees it; NULL if there is none.
 */
char *fy_find_beside(const char *const *candidates);

#endif
