/* SPDX-License-Identifier: Apache-2.0 */
#include "base/time.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define SECOND_MS INT64_C(1000)
#define MINUTE_MS (60 * SECOND_MS)
#define HOUR_MS   (60 * MINUTE_MS)
#define DAY_MS    (24 * HOUR_MS)
#define MAX_DAYS  10000

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Exactly "count" digits at *at, moved past them. */
static bool take_digits(const char **at, int count, int *ret)
{
    int value = 0;
    for (int i = 0; i < count; i++) {
        if (!is_digit((*at)[i]))
            return false;
        value = value * 10 + ((*at)[i] - '0');
    }
    *at += count;
    *ret = value;
    return true;
}

static bool take_char(const char **at, char c)
{
    if (**at != c)
        return false;
    (*at)++;
    return true;
}

/* ".25" is 250 ms; nothing at all is 0. A fourth digit that is not zero would be lost, so it is refused. */
static bool take_fraction(const char **at, int *ret_ms)
{
    *ret_ms = 0;
    if (!take_char(at, '.'))
        return true;
    if (!is_digit(**at))
        return false;
    for (int unit = 100; is_digit(**at); (*at)++, unit /= 10) {
        if (unit == 0 && **at != '0')
            return false;
        *ret_ms += (**at - '0') * unit;
    }
    return true;
}

/* Days since 1970-01-01 of a proleptic Gregorian date, counted in years that begin in March. */
static int64_t days_from_civil(int year, int month, int day)
{
    int y = month <= 2 ? year - 1 : year;
    int era = y / 400;
    int year_of_era = y - era * 400;
    int day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
    int day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return (int64_t)era * 146097 + day_of_era - 719468;
}

static void civil_from_days(int64_t days, int *ret_year, int *ret_month, int *ret_day)
{
    int64_t z = days + 719468;
    int64_t era = z / 146097;
    int64_t day_of_era = z - era * 146097;
    int64_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t shifted = (5 * day_of_year + 2) / 153;
    *ret_day = (int)(day_of_year - (153 * shifted + 2) / 5 + 1);
    *ret_month = (int)(shifted < 10 ? shifted + 3 : shifted - 9);
    *ret_year = (int)(year_of_era + era * 400 + (*ret_month <= 2 ? 1 : 0));
}

static int days_in_month(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return month == 2 && leap ? 29 : days[month - 1];
}

struct moment {
    int year, month, day, hour, minute, second, ms;
};

static bool take_moment(const char **at, struct moment *m)
{
    return take_digits(at, 4, &m->year) && take_char(at, '-') && take_digits(at, 2, &m->month) &&
           take_char(at, '-') && take_digits(at, 2, &m->day) && take_char(at, 'T') &&
           take_digits(at, 2, &m->hour) && take_char(at, ':') && take_digits(at, 2, &m->minute) &&
           take_char(at, ':') && take_digits(at, 2, &m->second) && take_fraction(at, &m->ms);
}

static bool moment_exists(const struct moment *m)
{
    return m->year >= 1970 && m->month >= 1 && m->month <= 12 && m->day >= 1 &&
           m->day <= days_in_month(m->year, m->month) && m->hour <= 23 && m->minute <= 59 && m->second <= 59;
}

static bool take_offset(const char **at, int *ret_minutes)
{
    *ret_minutes = 0;
    if (take_char(at, 'Z'))
        return true;
    int sign = **at == '+' ? 1 : -1;
    int hours;
    int minutes;
    if (!(take_char(at, '+') || take_char(at, '-')) || !take_digits(at, 2, &hours) || !take_char(at, ':') ||
        !take_digits(at, 2, &minutes) || hours > 14 || minutes > 59)
        return false;
    *ret_minutes = sign * (hours * 60 + minutes);
    return true;
}

bool fy_time_parse(const char *text, int64_t *ret_ms, struct fy_err *err)
{
    const char *at = text;
    struct moment m = {0};
    int offset;
    if (!take_moment(&at, &m))
        return fy_fail(err, FY_ERR_INVALID,
                       "\"%.60s\" is not a date-time; write it like 2026-11-23T00:00:00+08:00", text);
    if (!moment_exists(&m))
        return fy_fail(err, FY_ERR_INVALID, "\"%.60s\" is not a moment of the calendar from 1970 on", text);
    if (*at == '\0')
        return fy_fail(err, FY_ERR_INVALID,
                       "\"%.60s\" has no offset from UTC; put Z or one like +08:00 behind it", text);
    if (!take_offset(&at, &offset) || *at != '\0')
        return fy_fail(err, FY_ERR_INVALID,
                       "\"%.60s\" does not end in an offset from UTC; write Z or one like +08:00", text);
    *ret_ms = days_from_civil(m.year, m.month, m.day) * DAY_MS + m.hour * HOUR_MS + m.minute * MINUTE_MS +
              m.second * SECOND_MS + m.ms - offset * MINUTE_MS;
    return true;
}

char *fy_time_format(int64_t ms, char text[FY_TIME_TEXT])
{
    int64_t days = ms / DAY_MS - (ms % DAY_MS < 0 ? 1 : 0);
    int64_t rest = ms - days * DAY_MS;
    int year;
    int month;
    int day;
    civil_from_days(days, &year, &month, &day);
    int used = snprintf(text, FY_TIME_TEXT, "%04d-%02d-%02dT%02d:%02d:%02d", year, month, day,
                        (int)(rest / HOUR_MS), (int)(rest / MINUTE_MS % 60), (int)(rest / SECOND_MS % 60));
    if (rest % SECOND_MS != 0)
        used += snprintf(text + used, FY_TIME_TEXT - (size_t)used, ".%03d", (int)(rest % SECOND_MS));
    (void)snprintf(text + used, FY_TIME_TEXT - (size_t)used, "Z");
    return text;
}

/* The units of a duration in the only order in which they may stand. */
static const struct unit {
    char letter;
    bool in_time; /* behind the T */
    int64_t ms;
    const char *word;
} units[] = {
    {'D', false, DAY_MS, "day"},
    {'H', true, HOUR_MS, "h"},
    {'M', true, MINUTE_MS, "min"},
    {'S', true, SECOND_MS, "s"},
};
#define UNIT_COUNT (sizeof units / sizeof units[0])

/* One "15M" or "0.5S": the unit must come after those already seen. */
static bool take_part(const char **at, bool in_time, size_t *next_unit, int64_t *total)
{
    int64_t number = 0;
    int fraction_ms = 0;
    if (!is_digit(**at))
        return false;
    for (; is_digit(**at); (*at)++) {
        number = number * 10 + (**at - '0');
        if (number > MAX_DAYS * DAY_MS)
            return false;
    }
    bool fraction = **at == '.';
    if (!take_fraction(at, &fraction_ms))
        return false;
    size_t i = *next_unit;
    while (i < UNIT_COUNT && !(units[i].letter == **at && units[i].in_time == in_time))
        i++;
    if (i == UNIT_COUNT || (fraction && units[i].ms != SECOND_MS) || number > MAX_DAYS * DAY_MS / units[i].ms)
        return false;
    (*at)++;
    *next_unit = i + 1;
    *total += number * units[i].ms + fraction_ms;
    return *total <= MAX_DAYS * DAY_MS;
}

static bool take_duration(const char *text, int64_t *ret_ms)
{
    const char *at = text;
    size_t next_unit = 0;
    int64_t total = 0;
    if (!take_char(&at, 'P') || *at == '\0')
        return false;
    bool in_time = false;
    while (*at != '\0') {
        if (!in_time && take_char(&at, 'T')) {
            in_time = true;
            if (*at == '\0')
                return false;
        }
        if (!take_part(&at, in_time, &next_unit, &total))
            return false;
    }
    *ret_ms = total;
    return true;
}

/* A year or a month stands before the T. */
static bool names_year_or_month(const char *text)
{
    size_t date_part = strcspn(text, "T");
    size_t unit = strcspn(text, "YM");
    return text[0] == 'P' && unit < date_part;
}

bool fy_duration_parse(const char *text, int64_t *ret_ms, struct fy_err *err)
{
    if (names_year_or_month(text))
        return fy_fail(err, FY_ERR_INVALID,
                       "\"%.60s\" counts years or months, which have no fixed length; use days, like P30D",
                       text);
    if (text[0] == '-')
        return fy_fail(err, FY_ERR_INVALID, "\"%.60s\" is negative; a duration here is not", text);
    if (!take_duration(text, ret_ms))
        return fy_fail(err, FY_ERR_INVALID,
                       "\"%.60s\" is not a duration up to %d days; write it like PT15M, PT4H or P7D", text,
                       MAX_DAYS);
    return true;
}

char *fy_duration_format(int64_t ms, char text[FY_TIME_TEXT])
{
    int64_t rest = ms;
    bool in_time = false;
    int used = snprintf(text, FY_TIME_TEXT, "P");
    for (size_t i = 0; i < UNIT_COUNT && rest > 0; i++) {
        int64_t number = rest / units[i].ms;
        rest -= number * units[i].ms;
        bool last_ms = units[i].ms == SECOND_MS && rest > 0;
        if (number == 0 && !last_ms)
            continue;
        used += snprintf(text + used, FY_TIME_TEXT - (size_t)used, "%s%lld",
                         units[i].in_time && !in_time ? "T" : "", (long long)number);
        in_time = in_time || units[i].in_time;
        if (last_ms)
            used += snprintf(text + used, FY_TIME_TEXT - (size_t)used, ".%03d", (int)rest);
        used += snprintf(text + used, FY_TIME_TEXT - (size_t)used, "%c", units[i].letter);
    }
    if (ms <= 0)
        (void)snprintf(text, FY_TIME_TEXT, "PT0S");
    return text;
}

char *fy_duration_words(int64_t ms, char text[FY_TIME_TEXT])
{
    int64_t rest = ms;
    int used = 0;
    text[0] = '\0';
    for (size_t i = 0; i < UNIT_COUNT; i++) {
        int64_t number = rest / units[i].ms;
        rest -= number * units[i].ms;
        if (number > 0)
            used += snprintf(text + used, FY_TIME_TEXT - (size_t)used, "%s%lld %s%s", used > 0 ? " " : "",
                             (long long)number, units[i].word, units[i].in_time || number == 1 ? "" : "s");
    }
    if (rest > 0 || used == 0)
        (void)snprintf(text + used, FY_TIME_TEXT - (size_t)used, "%s%lld ms", used > 0 ? " " : "",
                       (long long)rest);
    return text;
}

bool fy_zone_spelt(const char *zone)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    static const char others[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_+-";
    if (strlen(zone) > 64)
        return false;
    for (const char *at = zone;; at++) {
        /* Each part begins with a letter and has no dot: it can be neither ".." nor absolute. */
        if (*at == '\0' || strchr(letters, *at) == NULL)
            return false;
        at += strspn(at, others);
        if (*at == '\0')
            return true;
        if (*at != '/')
            return false;
    }
}

bool fy_zone_exists(const char *zone)
{
    char path[PATH_MAX];
    struct stat info;
    if (!fy_zone_spelt(zone))
        return false;
    (void)snprintf(path, sizeof path, "/usr/share/zoneinfo/%s", zone);
    return stat(path, &info) == 0 && S_ISREG(info.st_mode);
}
