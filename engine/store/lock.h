/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One engine for one store: a lock file, locked by the kernel for as long as its descriptor is open. The
 * owner's death is the lock's death; a file left behind means nothing.
 */
#ifndef FY_STORE_LOCK_H
#define FY_STORE_LOCK_H

#include "base/err.h"

/* Lock STORE.lock; *ret_fd holds it until closed. FY_ERR_CONFLICT names the process that has it. */
bool fy_lock_store(const char *store_path, int *ret_fd, struct fy_err *err) FY_MUST_CHECK;

#endif
