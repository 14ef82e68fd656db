/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The page a script host shares with ferryd: which run it is working for. When a host has to be killed, or
 * dies, only that run is to blame.
 */
#ifndef FY_SCRIPT_PAGE_H
#define FY_SCRIPT_PAGE_H

#include <stdatomic.h>
#include <stdint.h>

struct fy_script_page {
    _Atomic uint32_t turn; /* counts; another value is other work */
    _Atomic uint32_t slot; /* of the run, from 1; 0: none */
};

#endif
