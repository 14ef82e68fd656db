/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What runs in an adapter host: one plugin, one connection, the messages of wire.h on fd.
 *
 * The main thread reads. One thread acts and one observes, each in the order of the calls; an adapter that
 * declared itself thread-safe gets four and two. When the socket closes the process ends at once, whatever
 * its threads are doing.
 */
#ifndef FY_ADAPTER_HOST_H
#define FY_ADAPTER_HOST_H

#include "adapter/bound.h"
#include "adapter/load.h"

#define FY_HOST_ACT_THREADS     4 /* of a thread-safe adapter */
#define FY_HOST_OBSERVE_THREADS 2

/* Serve until the socket closes. secrets_fd is the memfd with the secrets, closed after reading; -1: none. */
int fy_adapter_host_main(int fd, int secrets_fd);

/* The configuration message, carried out: plugin loaded and checked, settings filled. */
struct fy_host_setup {
    char *connection, *filled; /* filled: with secrets, wipe it with fy_settings_free */
    struct fy_plugin plugin;
};
bool fy_host_set_up(const char *message, size_t length, int secrets_fd, struct fy_host_setup *ret,
                    struct fy_err *err) FY_MUST_CHECK;
void fy_host_setup_free(struct fy_host_setup *setup);

#endif
