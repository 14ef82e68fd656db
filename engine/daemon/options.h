/* SPDX-License-Identifier: Apache-2.0 */
/* What ferryd was told on its command line, and where it found the rest. Private to daemon/. */
#ifndef FY_DAEMON_OPTIONS_H
#define FY_DAEMON_OPTIONS_H

#include "base/log.h"

struct fy_options {
    const char *store; /* the directory */
    char *connections; /* file */
    char *plugins;     /* directory */
    char *workflows;   /* directory */
    char *host;        /* the ferry-host program */
    enum fy_log_level log;
    int ready_fd; /* gets one byte when the API answers; -1: none */
    bool help, version;
};

bool fy_options_read(int argc, char **argv, struct fy_options *options, struct fy_err *err) FY_MUST_CHECK;
extern const char *const fy_options_help;

#endif
