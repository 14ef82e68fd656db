/* SPDX-License-Identifier: Apache-2.0 */
/* Copying a store into another one. Private to daemon/. */
#ifndef FY_DAEMON_STORE_COPY_H
#define FY_DAEMON_STORE_COPY_H

#include "store/store.h"

struct fy_copied {
    uint64_t runs, records, texts;
};

/*
 * Every run, oldest first, and every text of "from" into "to"; each run is verified as it is read and once
 * more as it is read back. What is there already is left as it is. FY_ERR_CONFLICT: "to" has another run of
 * that name; FY_ERR_INVALID: a run of "from" is not what was written.
 */
bool fy_store_copy(struct fy_store *from, struct fy_store *to, struct fy_copied *ret,
                   struct fy_err *err) FY_MUST_CHECK;

#endif
