/* SPDX-License-Identifier: Apache-2.0 */
#include "base/point.h"

#ifdef FERRY_POINTS

#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *const names[] = {
#define X(name, where) #name,
#include "base/point.def"
#undef X
};

static atomic_long reached[FY_POINT_COUNT];

static void note_seen(const char *name)
{
    const char *path = getenv("FERRY_POINTS_SEEN");
    if (path == NULL)
        return;
    int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (fd < 0)
        return;
    char line[128];
    int length = snprintf(line, sizeof line, "%s\n", name);
    if (write(fd, line, (size_t)length) != length)
        (void)fprintf(stderr, "could not note crash point %s in %s\n", name, path);
    (void)close(fd);
}

/* How often the plan names this. */
static int asked_to_die(const char *name, long count)
{
    const char *plan = getenv("FERRY_CRASH");
    size_t length = strlen(name);
    int times = 0;
    while (plan != NULL && *plan != '\0') {
        times += strncmp(plan, name, length) == 0 && plan[length] == ':' &&
                 strtol(plan + length + 1, NULL, 10) == count;
        plan = strchr(plan, ',');
        plan = plan != NULL ? plan + 1 : NULL;
    }
    return times;
}

/* With tokens, only so many processes die as the plan says, each taking one: the next in its place lives on.
 */
static bool may_die(const char *name, long count, int times)
{
    const char *tokens = getenv("FERRY_CRASH_TOKENS");
    bool taken = tokens == NULL && times > 0;
    for (int i = 1; i <= times && !taken; i++) {
        char path[512];
        (void)snprintf(path, sizeof path, "%s/%s:%ld.%d", tokens, name, count, i);
        int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
        taken = fd >= 0;
        if (taken)
            (void)close(fd);
    }
    return taken;
}

void fy_point_reached(enum fy_point point)
{
    long count = atomic_fetch_add(&reached[point], 1) + 1;
    if (count == 1)
        note_seen(names[point]);
    if (may_die(names[point], count, asked_to_die(names[point], count)))
        (void)kill(getpid(), SIGKILL);
}

#endif
