/* SPDX-License-Identifier: Apache-2.0 */
/* Without the library's calendar, which looks for the machine's time zone in a file: there are none in the
 * sandbox. */
#include "pmfiles/rows.h"

#include <string.h>

/* A number of so many digits at most, at *at, which moves behind it and behind "then". -1: there is none. */
static int64_t number(const char **at, size_t digits, char then)
{
    int64_t value = 0;
    size_t count = 0;
    while (count < digits && **at >= '0' && **at <= '9') {
        value = value * 10 + (*(*at)++ - '0');
        count++;
    }
    if (count == 0 || (then != '\0' && **at != then))
        return -1;
    *at += then != '\0';
    return value;
}

static int64_t offset_ms(const char *text)
{
    char sign = *text;
    if (strcmp(text, "Z") == 0)
        return 0;
    if (sign != '+' && sign != '-')
        return INT64_MIN;
    text++;
    int64_t hours = number(&text, 2, ':'), minutes = number(&text, 2, '\0');
    if (hours < 0 || hours > 14 || minutes < 0 || minutes > 59 || *text != '\0')
        return INT64_MIN;
    int64_t ms = (hours * 60 + minutes) * 60000;
    return sign == '-' ? -ms : ms;
}

/* Days since 1970 of a date of the Gregorian calendar; its year begins in March here. */
static int64_t days_of(int64_t year, int64_t month, int64_t day)
{
    year -= month <= 2;
    int64_t century = year / 100, of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    return 365 * year + year / 4 - century + century / 4 + of_year - 719468;
}

int64_t pm_time(const char *text)
{
    const char *rest = text;
    int64_t year = number(&rest, 4, '-'), month = number(&rest, 2, '-'), day = number(&rest, 2, 'T');
    int64_t hour = number(&rest, 2, ':'), minute = number(&rest, 2, ':'), second = number(&rest, 2, '\0');
    if (year < 1970 || month < 1 || month > 12 || day < 1 || day > 31 || hour < 0 || hour > 24 ||
        minute < 0 || minute > 59 || second < 0 || second > 60)
        return -1;
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
        if (*text == 'T' && !timed) {
            timed = true;
            text++;
            continue;
        }
        int64_t count = number(&text, 7, '\0');
        char unit = *text;
        if (count < 0 || unit == '\0')
            return -1;
        text++;
        int64_t seconds = unit == 'D' && !timed ? 86400
                          : unit == 'H'         ? 3600
                          : unit == 'M'         ? 60
                          : unit == 'S'         ? 1
                                                : 0;
        if (seconds == 0 || (unit != 'D' && !timed))
            return -1;
        total += count * seconds * 1000;
    }
    return total > 0 ? total : -1;
}
