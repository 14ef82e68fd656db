/* SPDX-License-Identifier: Apache-2.0 */
#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <time.h>

static const char *process_name = "ferry";
static enum fy_log_level threshold = FY_LOG_INFO;
static const char *const level_names[] = {"error", "warning", "info", "debug"};

void fy_log_open(const char *process, enum fy_log_level up_to)
{
    process_name = process;
    threshold = up_to;
}

static void put_line(enum fy_log_level level, const char *text)
{
    struct timespec now;
    struct tm parts;
    char stamp[32];
    (void)clock_gettime(CLOCK_REALTIME, &now);
    (void)gmtime_r(&now.tv_sec, &parts);
    (void)strftime(stamp, sizeof stamp, "%Y-%m-%dT%H:%M:%S", &parts);
    (void)fprintf(stderr, "%s.%03ldZ %s %s: %s\n", stamp, now.tv_nsec / 1000000, process_name,
                  level_names[level], text);
}

FY_PRINTF(3, 0)
static void log_formatted(enum fy_log_level level, const struct fy_err *err, const char *format, va_list args)
{
    char text[1600];
    int used = vsnprintf(text, sizeof text, format, args);
    size_t at = used < 0 ? 0 : (size_t)used < sizeof text ? (size_t)used : sizeof text - 1;
    if (err != NULL)
        (void)snprintf(text + at, sizeof text - at, ": %s%s%s", err->message, err->hint[0] ? "; " : "",
                       err->hint);
    for (char *c = text; *c != '\0'; c++)
        if ((unsigned char)*c < 0x20)
            *c = ' '; /* one event, one line, whatever a peer put into its words */
    put_line(level, text);
}

void fy_log(enum fy_log_level level, const char *format, ...)
{
    if (level > threshold)
        return;
    va_list args;
    va_start(args, format);
    log_formatted(level, NULL, format, args);
    va_end(args);
}

void fy_log_err(const struct fy_err *err, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    log_formatted(FY_LOG_ERROR, err, format, args);
    va_end(args);
}
