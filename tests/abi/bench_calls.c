/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an adapter call costs: CPU of both sides for each call, and the time of one. Not a test: run it by
 * hand (build release first). Arguments: calls in one turn of the loop, and how many turns.
 */
#include "tests/abi/kit.h"

#include "base/mem.h"

#include <stdio.h>
#include <sys/resource.h>
#include <time.h>

static size_t outstanding;

static void replied(void *ctx, const struct fy_adapter_reply *reply)
{
    (void)ctx;
    outstanding--;
    if (reply->status != FY_REPLY_DONE)
        abort();
}

static double cpu_us(int who)
{
    struct rusage used;
    (void)getrusage(who, &used);
    return (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) * 1e6 +
           (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec);
}

int main(int argc, char **argv)
{
    size_t batch = argc > 1 ? strtoul(argv[1], NULL, 10) : 50,
           turns = argc > 2 ? strtoul(argv[2], NULL, 10) : 2000;
    struct kit kit;
    kit_open(&kit, PLUGINS, "\"a\":{\"plugin\":\"probe\"}", 0);
    kit_wait_state(&kit, "a", FY_ADAPTER_READY);
    const struct fy_adapter_call call = {
        .connection = "a",
        .verb = "test.act",
        .run = "01HF3Z4Q7R8S9T0V1W2X3Y4Z5A",
        .step = 17,
        .attempt = 1,
        .fence = 3,
        .key = "01HF3Z4Q7R8S9T0V1W2X3Y4Z5A/17",
        .now = {1763827205000},
        .deadline = {1763827805000},
        .scale = 1,
        .args = "{\"instances\":[\"amf-svc-01\",\"amf-svc-02\"],\"image\":\"registry/"
                "amf:1.3.0\",\"version\":\"1.3.0\"}"};
    double self = cpu_us(RUSAGE_SELF);
    struct timespec from, to;
    (void)clock_gettime(CLOCK_MONOTONIC, &from);
    for (size_t turn = 0; turn < turns; turn++) {
        for (outstanding = 0; outstanding < batch; outstanding++)
            (void)kit.adapters->call(kit.adapters->self, &call, replied, NULL);
        while (outstanding > 0)
            (void)uv_run(&kit.loop, UV_RUN_ONCE);
    }
    (void)clock_gettime(CLOCK_MONOTONIC, &to);
    self = cpu_us(RUSAGE_SELF) - self;
    kit_close(&kit);
    double calls = (double)(batch * turns), host = cpu_us(RUSAGE_CHILDREN);
    double wall = (double)(to.tv_sec - from.tv_sec) * 1e6 + (double)(to.tv_nsec - from.tv_nsec) / 1e3;
    (void)printf("%zu calls in a turn: ferryd %.2f us, host %.2f us, together %.2f us CPU a call; a turn "
                 "takes %.1f us\n",
                 batch, self / calls, host / calls, (self + host) / calls, wall / (double)turns);
    return 0;
}
