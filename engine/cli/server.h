/* SPDX-License-Identifier: Apache-2.0 */
/* A ferryd on another machine: where it is, who we are there ("ferry help servers"). */
#ifndef FY_CLI_SERVER_H
#define FY_CLI_SERVER_H

#include "base/err.h"

struct fy_server {
    char *url;               /* "https://ferry.example:8443" */
    char *token;             /* NULL: none */
    char *ca;                /* file; NULL: the system's */
    char *certificate, *key; /* files; NULL: none */
};

/* By URL, or by the name of a profile; what the environment says is in it. NULL on failure. */
struct fy_server *fy_server_find(const char *name, struct fy_err *err);
void fy_server_free(struct fy_server *server);

#endif
