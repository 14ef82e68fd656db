/* SPDX-License-Identifier: Apache-2.0 */
/* The log of this program (base/log.h, in place of base/log.c): kept, not printed; some lines are findings.
 */
#include "base/log.h"

#include "tests/simulation/play.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static char complaint[768];

static void keep(const char *line)
{
    static const char *const never[] = {"stands still", "cannot be taken over", "cannot go on with"};
    for (size_t i = 0; i < sizeof never / sizeof never[0]; i++)
        if (complaint[0] == '\0' && strstr(line, never[i]) != NULL)
            (void)snprintf(complaint, sizeof complaint, "%s", line);
    if (points_play != NULL && !points_play->dying)
        play_tell(points_play, "log: %s", line);
}

void fy_log_open(const char *process, enum fy_log_level up_to)
{
    (void)process;
    (void)up_to;
}

void fy_log(enum fy_log_level level, const char *format, ...)
{
    (void)level;
    char line[1600];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(line, sizeof line, format, args);
    va_end(args);
    keep(line);
}

void fy_log_err(const struct fy_err *err, const char *format, ...)
{
    char text[512], line[1600];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    (void)snprintf(line, sizeof line, "%s: %s", text, err->message);
    keep(line);
}

const char *log_complaint(void)
{
    static char given[sizeof complaint];
    memcpy(given, complaint, sizeof given);
    complaint[0] = '\0';
    return given[0] != '\0' ? given : NULL;
}
