/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ferry-host: the process in which foreign code and foreign documents are looked at, so that none are in
 * ferryd. It is started by ferryd (base/child.h) and speaks with it over descriptor 3.
 *
 *     ferry-host script     workflows; 4 is the page that names the run being served
 *     ferry-host adapter    one plugin for one connection; 4 is a memfd with its secrets, if it has any
 *     ferry-host contract   `ferry adapter test`: as adapter
 *     ferry-host reader     one untrusted document, then it exits
 *
 * By hand: ferry-host test PLUGIN.so [TRIAL.json] (adapter_test.h), ferry-host lint WORKFLOW.lua
 * (script/lint.h), ferry-host workflow-test FOLDER (script/transcript.h).
 */
#include "host/adapter_test.h"
#include "host/profile.h"

#include "adapter/contract.h"
#include "adapter/host.h"
#ifdef FERRY_HOST_READER
#include "order/reader.h"
#endif
#ifdef FERRY_HOST_SCRIPT
#include "script/host.h"
#include "script/lint.h"
#include "script/transcript.h"
#endif

#include "base/child.h"
#include "base/json.h"
#include "base/log.h"
#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#define GIGABYTE ((size_t)1024 * 1024 * 1024)

static int adapter_main(int socket, int given)
{
    return fy_adapter_host_main(socket, given);
}

static int contract_main(int socket, int given)
{
    return fy_adapter_contract_main(socket, given);
}

#ifdef FERRY_HOST_READER
static int reader_main(int socket, int given)
{
    (void)given;
    return fy_reader_main(socket, socket);
}
#endif

#ifdef FERRY_HOST_SCRIPT
static int script_main(int socket, int given)
{
    return fy_script_host_main(socket, given);
}
#endif

/* prepare runs before the profile is entered, for libraries that must open something once. */
static const struct mode {
    const char *name;
    struct fy_profile profile;
    void (*prepare)(void);
    int (*main)(int socket, int given);
} modes[] = {
    {"adapter", {.memory = 16 * GIGABYTE, .descriptors = 1024}, NULL, adapter_main},
    {"contract", {.memory = 16 * GIGABYTE, .descriptors = 1024}, NULL, contract_main},
#ifdef FERRY_HOST_READER
    {"reader",
     {.strict = true, .memory = FY_READER_MEMORY, .cpu_seconds = FY_READER_CPU_SECONDS, .descriptors = 8},
     fy_reader_start,
     reader_main},
#endif
#ifdef FERRY_HOST_SCRIPT
    {"script", {.strict = true, .memory = 4 * GIGABYTE, .descriptors = 16}, NULL, script_main},
#endif
};

/* These are for people, run no foreign code themselves and start a host like any other. */
static const struct {
    const char *name;
    int (*main)(int argc, char **argv);
} tools[] = {
    {"test", fy_adapter_test_main},
#ifdef FERRY_HOST_SCRIPT
    {"lint", fy_lint_main},
    {"workflow-test", fy_transcripts_main},
#endif
};

static const struct mode *find_mode(int argc, char **argv)
{
    for (size_t i = 0; argc == 2 && i < FY_COUNT(modes); i++)
        if (strcmp(modes[i].name, argv[1]) == 0)
            return &modes[i];
    (void)fprintf(stderr, "ferry-host is started by ferryd, not by hand. Its modes:");
    for (size_t i = 0; i < FY_COUNT(modes); i++)
        (void)fprintf(stderr, " %s", modes[i].name);
    (void)fprintf(stderr, "\n");
    return NULL;
}

/* Descriptor 4 if it was given; everything behind is closed, and nothing is passed to what a plugin starts.
 */
static int given_descriptor(void)
{
    (void)close_range(FY_CHILD_FIRST + 1, ~0u, 0);
    (void)fcntl(FY_CHILD_SOCKET, F_SETFD, FD_CLOEXEC);
    return fcntl(FY_CHILD_FIRST, F_SETFD, FD_CLOEXEC) == 0 ? FY_CHILD_FIRST : -1;
}

int main(int argc, char **argv)
{
    struct fy_err err;
    fy_json_init();
    for (size_t i = 0; argc > 1 && i < FY_COUNT(tools); i++)
        if (strcmp(tools[i].name, argv[1]) == 0)
            return tools[i].main(argc - 2, argv + 2);
    const struct mode *mode = find_mode(argc, argv);
    if (mode == NULL)
        return 2;
    fy_log_open("ferry-host", FY_LOG_INFO);
    if (!fy_profile_follow_parent(FY_CHILD_SOCKET, &err)) {
        fy_log_err(&err, "%s", mode->name);
        return 2;
    }
    int given = given_descriptor();
    if (mode->prepare != NULL)
        mode->prepare();
    if (!fy_profile_enter(&mode->profile, &err)) {
        fy_log_err(&err, "%s: could not enter its profile", mode->name);
        return 2;
    }
    return mode->main(FY_CHILD_SOCKET, given);
}
