/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/systemd.h"

#include "base/clock.h"

#include <stdint.h>
#include <systemd/sd-daemon.h>

static uv_timer_t watchdog;

static void on_alive(uv_timer_t *timer)
{
    (void)timer;
    (void)sd_notify(0, "WATCHDOG=1");
}

void fy_systemd_begin(uv_loop_t *loop)
{
    uint64_t limit_us = 0;
    (void)sd_notify(0, "READY=1");
    if (sd_watchdog_enabled(0, &limit_us) <= 0)
        return;
    (void)uv_timer_init(loop, &watchdog);
    (void)uv_timer_start(&watchdog, on_alive, 0, limit_us / 3000);
}

void fy_systemd_reloading(void)
{
    (void)sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%lld",
                     (long long)(fy_system_clock.machine(fy_system_clock.self).ns / 1000));
}

void fy_systemd_reloaded(void)
{
    (void)sd_notify(0, "READY=1");
}
