/* SPDX-License-Identifier: Apache-2.0 */
/* For tests that talk to adapter hosts: a loop, some connections, calls whose replies are kept. */
#ifndef FY_TESTS_ABI_KIT_H
#define FY_TESTS_ABI_KIT_H

#include "adapter/remote.h"

#include <uv.h>

#define PLUGINS BINARY_DIR "/tests/abi/plugins"

struct kit {
    uv_loop_t loop;
    struct fy_remote *remote;
    struct fy_adapters *adapters;
    uv_timer_t guard;
    unsigned ticks;
};

/* A reply that came, with copies of what it borrowed. */
struct kept {
    bool came;
    struct fy_adapter_reply reply;
    char *result, *message;
};

/* connections: the inside of the file's object, '"a":{"plugin":"probe"}'. limit_ms: 0 for the normal one. */
void kit_open(struct kit *kit, const char *plugin_dir, const char *connections, int64_t limit_ms);
void kit_close(struct kit *kit);

uint64_t kit_call(struct kit *kit, const char *connection, const char *verb, const char *args,
                  struct kept *kept);
void kit_wait(struct kit *kit,
              const bool *until); /* turns the loop until it is true; fails the test after 20 s */
void kit_wait_state(struct kit *kit, const char *connection, enum fy_adapter_state state);
void kit_ask(struct kit *kit, const char *connection, const char *verb, const char *args, struct kept *kept);
void kept_free(struct kept *kept);

#endif
