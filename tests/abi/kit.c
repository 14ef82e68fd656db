/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/abi/kit.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define GUARD_MS 20000
#define TICK_MS  10 /* UV_RUN_ONCE waits for I/O even when a timer has just done what was waited for */

static void on_tick(uv_timer_t *timer)
{
    struct kit *kit = timer->data;
    if (++kit->ticks > GUARD_MS / TICK_MS)
        fail_msg("nothing happened for %d ms", GUARD_MS);
}

static void start_guard(struct kit *kit)
{
    kit->ticks = 0;
    kit->guard.data = kit;
    (void)uv_timer_start(&kit->guard, on_tick, TICK_MS, TICK_MS);
}

void kit_open(struct kit *kit, const char *plugin_dir, const char *connections, int64_t limit_ms)
{
    struct fy_err err = {0};
    FY_AUTO(fy_free_ptr) char *text = fy_format("{\"connections\":{%s}}", connections);
    struct fy_connections *parsed = fy_connections_parse(text, strlen(text), "/", "the test's file", &err);
    if (parsed == NULL)
        fail_msg("%s", err.message);
    assert_int_equal(uv_loop_init(&kit->loop), 0);
    (void)uv_timer_init(&kit->loop, &kit->guard);
    const struct fy_remote_options options = {.loop = &kit->loop,
                                              .host_path = BINARY_DIR "/engine/host/ferry-host",
                                              .plugin_dir = plugin_dir,
                                              .connections = parsed,
                                              .call_limit_ms = limit_ms,
                                              .log_stderr = true};
    kit->remote = fy_remote_new(&options);
    kit->adapters = fy_remote_adapters(kit->remote);
}

void kit_close(struct kit *kit)
{
    fy_remote_free(kit->remote);
    uv_close((uv_handle_t *)&kit->guard, NULL);
    (void)uv_run(&kit->loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&kit->loop), 0); /* no handle was forgotten */
}

static void keep(void *ctx, const struct fy_adapter_reply *reply)
{
    struct kept *kept = ctx;
    assert_false(kept->came);
    kept->came = true;
    kept->reply = *reply;
    kept->result = reply->result != NULL ? fy_strdup(reply->result) : NULL;
    kept->message = fy_strdup(reply->message != NULL ? reply->message : "");
}

uint64_t kit_call(struct kit *kit, const char *connection, const char *verb, const char *args,
                  struct kept *kept)
{
    const struct fy_adapter_call call = {.connection = connection,
                                         .verb = verb,
                                         .run = "run-1",
                                         .step = 7,
                                         .attempt = 1,
                                         .fence = 3,
                                         .key = "run-1/7",
                                         .now = {1000},
                                         .deadline = {61000},
                                         .scale = 1,
                                         .args = args};
    *kept = (struct kept){0};
    return kit->adapters->call(kit->adapters->self, &call, keep, kept);
}

void kit_wait(struct kit *kit, const bool *until)
{
    start_guard(kit);
    while (!*until)
        (void)uv_run(&kit->loop, UV_RUN_ONCE);
    (void)uv_timer_stop(&kit->guard);
}

void kit_wait_state(struct kit *kit, const char *connection, enum fy_adapter_state state)
{
    start_guard(kit);
    while (kit->adapters->describe(kit->adapters->self, connection)->state != state)
        (void)uv_run(&kit->loop, UV_RUN_ONCE);
    (void)uv_timer_stop(&kit->guard);
}

void kit_ask(struct kit *kit, const char *connection, const char *verb, const char *args, struct kept *kept)
{
    (void)kit_call(kit, connection, verb, args, kept);
    kit_wait(kit, &kept->came);
}

void kept_free(struct kept *kept)
{
    free(kept->result);
    free(kept->message);
    *kept = (struct kept){0};
}
