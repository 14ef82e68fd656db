/* SPDX-License-Identifier: Apache-2.0 */
#include "plan/estimate.h"

#include "base/mem.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

int64_t fy_upgrade_ms(int role)
{
    static const int64_t minutes[] = {
        [FY_ROLE_OAM] = 4,
        [FY_ROLE_ACTIVE_STANDBY] = 4,
        [FY_ROLE_DATA_STORAGE] = 5,
        [FY_ROLE_LOAD_SHARING] = 3,
    };
    return minutes[role] * 60 * 1000;
}

enum fy_mobility fy_mobility_of(const struct fy_landscape *landscape)
{
    static const char *const words[] = {"live", "on-idle", "new-only", "reattach"};
    for (size_t i = 0; i < FY_COUNT(words); i++)
        if (strcmp(landscape->mobility, words[i]) == 0)
            return (enum fy_mobility)i;
    return FY_REATTACH; /* an unknown word: believe the worst */
}

/*
 * New-only: nobody is moved, sessions end by themselves with the mean life L. Until a share x of them has
 * ended takes L ln(1/(1-x)); the table has ln(1/(1-x)) in thousandths at every tenth. The last hundredth is
 * not waited for (it would take for ever) but moved.
 */
static int64_t waiting_for_ends_ms(int64_t users, int64_t of)
{
    static const int64_t decay[] = {0, 105, 223, 357, 511, 693, 916, 1204, 1609, 2303, 4605};
    const int64_t tenths = of > 0 ? (users * 10 + of - 1) / of : 0;
    return FY_SESSION_LIFE_MS / 1000 * decay[tenths > 10 ? 10 : tenths];
}

int64_t fy_moving_ms(enum fy_mobility mobility, int64_t users, int64_t of, int64_t rate)
{
    const int64_t at_rate = users * 1000 / rate;
    if (users == 0)
        return 0;
    if (mobility == FY_ON_IDLE)
        return at_rate > FY_IDLE_MS ? at_rate : FY_IDLE_MS;
    if (mobility == FY_NEW_ONLY) {
        const int64_t waiting = waiting_for_ends_ms(users, of);
        return at_rate > waiting ? at_rate : waiting;
    }
    return at_rate;
}

int64_t fy_moving_disturbs(enum fy_mobility mobility, int64_t users, int64_t of)
{
    if (mobility == FY_REATTACH)
        return users;
    if (mobility == FY_NEW_ONLY && users * 10 > of * 9) /* the hundredth that was not waited for */
        return (of + 99) / 100;
    return 0;
}

const char *fy_text_duration(int64_t ms, char text[FY_TIME_TEXT])
{
    const int64_t minutes = (ms + 30000) / 60000;
    if (ms < 0)
        snprintf(text, FY_TIME_TEXT, "none");
    else if (ms < 60000)
        snprintf(text, FY_TIME_TEXT, "%lld s", (long long)(ms + 999) / 1000);
    else if (minutes < 60)
        snprintf(text, FY_TIME_TEXT, "%lld min", (long long)minutes);
    else
        snprintf(text, FY_TIME_TEXT, "%lld h %02lld min", (long long)minutes / 60, (long long)minutes % 60);
    return text;
}

const char *fy_text_clock(struct fy_rtime time, char text[FY_TIME_TEXT])
{
    const int64_t minutes = time.ms / 60000;
    snprintf(text, FY_TIME_TEXT, "%02lld:%02lldZ", (long long)(minutes / 60 % 24), (long long)(minutes % 60));
    return text;
}

const char *fy_text_moment(struct fy_rtime time, char text[FY_TIME_TEXT])
{
    const time_t seconds = time.ms / 1000;
    struct tm tm;
    gmtime_r(&seconds, &tm);
    strftime(text, FY_TIME_TEXT, "%Y-%m-%d %H:%MZ", &tm);
    return text;
}
