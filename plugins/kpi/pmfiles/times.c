/* SPDX-License-Identifier: Apache-2.0 */
/* Without the library's calendar, which looks for the machine's time zone in a file: there are none in the
 * sandbox. */
#include "pmfiles/rows.h"

#include <stdio.h>
#include <string.h>

static int64_t offset_ms(const char *text)
{
    int hours, minutes;
    char sign, end;
    if (strcmp(text, "Z") == 0)
        return 0;
    if (sscanf(text, "%c%2d:%2d%c", &sign, &hours, &minutes, &end) != 3 || (sign != '+' && sign != '-') ||
        hours < 0 || hours > 14 || minutes < 0 || minutes > 59)
        return INT64_MIN;
    int64_t ms = ((int64_t)hours * 60 + minutes) * 60000;
    return sign == '-' ? -ms : ms;
}

/* Days since 1970 of a date of the Gregorian calendar; its year begins in March here. */
static int64_t days_of(int64_t year, int month, int day)
{
    year -= month <= 2;
    int64_t century = year / 100, of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    return 365 * year + year / 4 - century + century / 4 + of_year - 719468;
}

int64_t pm_time(const char *text)
{
    int year, month, day, hour, minute, second, used = 0;
    if (sscanf(text, "%4d-%2d-%2dT%2d:%2d:%2d%n", &year, &month, &day, &hour, &minute, &second, &used) != 6 ||
        used == 0)
        return -1;
    if (year < 1970 || month < 1 || month > 12 || day < 1 || day > 31 || hour < 0 || hour > 24 ||
        minute < 0 || minute > 59 || second < 0 || second > 60)
        return -1;
    const char *rest = text + used;
    if (*rest == '.') /* fractions of a second do not matter for the end of a period */
        rest += 1 + strspn(rest + 1, "0123456789");
    int64_t offset = offset_ms(rest);
    if (offset == INT64_MIN)
        return -1;
    return (((days_of(year, month, day) * 24 + hour) * 60 + minute) * 60 + second) * 1000 - offset;
}

int64_t pm_duration(const char *text)
{
    int64_t total = 0;
    bool timed = false;
    if (*text++ != 'P')
        return -1;
    while (*text != '\0') {
        long number;
        char unit;
        int used = 0;
        if (*text == 'T' && !timed) {
            timed = true;
            text++;
            continue;
        }
        if (sscanf(text, "%7ld%c%n", &number, &unit, &used) != 2 || used == 0 || number < 0)
            return -1;
        int64_t seconds = unit == 'D' && !timed ? 86400
                          : unit == 'H'         ? 3600
                          : unit == 'M'         ? 60
                          : unit == 'S'         ? 1
                                                : 0;
        if (seconds == 0 || (unit != 'D' && !timed))
            return -1;
        total += number * seconds * 1000;
        text += used;
    }
    return total > 0 ? total : -1;
}
