/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Adapters in host processes, one for each connection, on a libuv loop. All calls made in one turn of the
 * loop leave as one message for each host; whatever a host finished comes back as one.
 *
 * A host that dies is started again, at once the first time, then with growing pauses (100 ms to 30 s). Its
 * calls are answered UNKNOWN. After three deaths without an answer in between the connection is DOWN with
 * the reason in one sentence, and calls fail at once, transient, until a start succeeds.
 */
#ifndef FY_ADAPTER_REMOTE_H
#define FY_ADAPTER_REMOTE_H

#include "adapter/adapter.h"
#include "adapter/connections.h"

#include <uv.h>

struct fy_remote;

struct fy_remote_options {
    uv_loop_t *loop;
    const char *host_path;              /* the ferry-host program */
    const char *plugin_dir;             /* where plugin names are looked up */
    struct fy_connections *connections; /* taken over */
    int64_t call_limit_ms;              /* 0: FY_ADAPTER_CALL_LIMIT_MS; tests use less */
    bool log_stderr;                    /* what hosts print goes to the log */
};

struct fy_remote *fy_remote_new(const struct fy_remote_options *options); /* starts every host */
struct fy_adapters *fy_remote_adapters(struct fy_remote *remote);

/*
 * Was every connection heard of: ready, down or refused? Until then it is not known what an adapter can do;
 * a run waits for its own connections (watch tells); this is for whoever wants all of them. True if there are
 * no connections.
 */
bool fy_remote_settled(const struct fy_remote *remote);

/* Kill all hosts, answer nothing more. Memory goes once the loop has turned. */
void fy_remote_free(struct fy_remote *remote);

#endif
