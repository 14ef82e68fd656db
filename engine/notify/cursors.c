/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The file of cursors: a line "WHAT RECEIVER RUN SEQ" for each step forward, the last one counts; written
 * anew when it is opened. It is not synced: after a loss of power its end may be missing, and events are sent
 * twice.
 */
#include "notify/inside.h"

#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void take_line(struct fy_notify *notify, char *line)
{
    const char *words[4] = {NULL};
    char *rest = line;
    size_t count = 0;
    while (count < FY_COUNT(words) && (words[count] = strsep(&rest, " \n")) != NULL)
        count++;
    if (count == FY_COUNT(words))
        fy_flow_restore(notify, words[1], words[2], strtoull(words[3], NULL, 10), words[0]);
}

static void take_lines(struct fy_notify *notify, FILE *file)
{
    char line[512];
    while (fgets(line, sizeof line, file) != NULL)
        if (strchr(line, '\n') != NULL) /* a torn last line is none */
            take_line(notify, line);
}

static bool put_now(const struct fy_notify *notify, FILE *out)
{
    for (const struct fy_flow *flow = notify->flows; flow != NULL; flow = flow->next)
        if (fprintf(out, "at %s %s %llu\n", flow->receiver->name, flow->run,
                    (unsigned long long)flow->cursor) < 0)
            return false;
    for (size_t i = 0; i < notify->letter_count; i++)
        if (fprintf(out, "dead %s %s %llu\n", notify->letters[i].flow->receiver->name,
                    notify->letters[i].flow->run, (unsigned long long)notify->letters[i].seq) < 0)
            return false;
    return fflush(out) == 0 && fsync(fileno(out)) == 0;
}

/* What is done with needs no line: its run is over, and nothing of it comes again. */
static bool write_anew(const struct fy_notify *notify, const char *path, struct fy_err *err)
{
    FY_AUTO(fy_free_ptr) char *fresh = fy_format("%s.new", path);
    FILE *out = fopen(fresh, "we");
    bool written = out != NULL && put_now(notify, out);
    if (out != NULL)
        written = fclose(out) == 0 && written;
    return (written && rename(fresh, path) == 0) || fy_fail_errno(err, "could not write %s", fresh);
}

bool fy_cursors_open(struct fy_notify *notify, const char *path, struct fy_err *err)
{
    FILE *file = fopen(path, "re");
    if (file == NULL && errno != ENOENT)
        return fy_fail_errno(err, "could not read %s", path);
    if (file != NULL) {
        take_lines(notify, file);
        (void)fclose(file);
    }
    if (!write_anew(notify, path, err))
        return false;
    notify->cursors_fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
    return notify->cursors_fd >= 0 || fy_fail_errno(err, "could not write %s", path);
}

void fy_cursors_note(struct fy_notify *notify, const char *receiver, const char *run, uint64_t seq,
                     const char *what)
{
    FY_AUTO(fy_free_ptr)
    char *line = fy_format("%s %s %s %llu\n", what, receiver, run, (unsigned long long)seq);
    ssize_t length = (ssize_t)strlen(line);
    if (write(notify->cursors_fd, line, (size_t)length) != length)
        fy_log(FY_LOG_WARNING,
               "callbacks: the cursor of %s for %s could not be written (%s): it may be sent twice", run,
               receiver, strerror(errno));
}
