/* SPDX-License-Identifier: Apache-2.0 */
#include "adapter/contract.h"

#include "adapter/contract_checks.h"
#include "adapter/host.h"

#include "base/frame.h"
#include "base/mem.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define WAIT_MAX_MS 2000 /* real time between two calls that answered AGAIN; a simulated world needs none */
#define ROUNDS_MAX  1000

/* Messages. */

static void send_text(const struct fy_contract *contract, struct fy_buf *buf)
{
    if (!fy_frame_send(contract->fd, buf->data, buf->length, NULL))
        _exit(1); /* nobody listens */
    fy_buf_free(buf);
}

void fy_contract_trying(struct fy_contract *contract, const char *check, const char *verb)
{
    struct fy_buf buf = {0};
    contract->check = check;
    contract->verb = verb;
    fy_buf_open(&buf, '{');
    fy_buf_key(&buf, "trying");
    fy_buf_open(&buf, '{');
    fy_buf_member(&buf, "check", check);
    fy_buf_member(&buf, "verb", verb);
    fy_buf_text(&buf, "}}");
    send_text(contract, &buf);
}

static bool row(struct fy_contract *contract, bool good, bool skipped, const char *why)
{
    struct fy_buf buf = {0};
    fy_buf_open(&buf, '{');
    fy_buf_key(&buf, "row");
    fy_buf_open(&buf, '{');
    fy_buf_member(&buf, "check", contract->check);
    fy_buf_member(&buf, "verb", contract->verb);
    fy_buf_member_bool(&buf, "ok", good);
    fy_buf_member_bool(&buf, "skipped", skipped);
    fy_buf_member(&buf, "why", why);
    fy_buf_text(&buf, "}}");
    send_text(contract, &buf);
    contract->rows++;
    contract->failed += !good;
    return good;
}

bool fy_contract_holds(struct fy_contract *contract, const char *why)
{
    return row(contract, true, false, why);
}

bool fy_contract_broken(struct fy_contract *contract, const char *why)
{
    return row(contract, false, false, why);
}

bool fy_contract_skipped(struct fy_contract *contract, const char *why)
{
    return row(contract, true, true, why);
}

/* The adapter under test. */

bool fy_contract_open(struct fy_contract *contract, struct fy_err *err)
{
    contract->bound = fy_bound_open(contract->adapter, contract->connection, contract->filled, err);
    return contract->bound != NULL;
}

bool fy_contract_reopen(struct fy_contract *contract, struct fy_err *err)
{
    fy_bound_close(contract->bound);
    return fy_contract_open(contract, err);
}

void fy_contract_call(struct fy_contract *contract, const struct ferry_verb *verb, const char *args,
                      uint64_t step, struct fy_answer *ret)
{
    char key[96];
    struct timespec from, to;
    (void)snprintf(key, sizeof key, "%s/%llu", contract->run, (unsigned long long)step);
    const struct fy_adapter_call call = {.connection = contract->connection,
                                         .verb = verb->name,
                                         .run = contract->run,
                                         .step = step,
                                         .attempt = 1,
                                         .fence = 1,
                                         .key = key,
                                         .now = {contract->now_ms},
                                         .deadline = {contract->now_ms + verb->deadline_ms},
                                         .scale = 1,
                                         .args = args};
    (void)clock_gettime(CLOCK_MONOTONIC, &from);
    fy_bound_serve(contract->bound, &call, ret);
    (void)clock_gettime(CLOCK_MONOTONIC, &to);
    int64_t took_ms = (to.tv_sec - from.tv_sec) * 1000 + (to.tv_nsec - from.tv_nsec) / 1000000;
    if (took_ms > contract->slowest_ms) {
        contract->slowest_ms = took_ms;
        contract->slowest = verb->name;
    }
}

void fy_contract_wait(struct fy_contract *contract, int64_t after_ms)
{
    contract->now_ms += after_ms;
    if (contract->adapter->simulated)
        return;
    int64_t ms = after_ms < WAIT_MAX_MS ? after_ms : WAIT_MAX_MS;
    struct timespec wait = {.tv_sec = ms / 1000, .tv_nsec = (ms % 1000) * 1000000};
    (void)nanosleep(&wait, NULL);
}

void fy_contract_until(struct fy_contract *contract, const struct ferry_verb *verb, const char *args,
                       uint64_t step, struct fy_answer *ret)
{
    int64_t deadline_ms = contract->now_ms + verb->deadline_ms;
    for (int i = 0; i < ROUNDS_MAX; i++) {
        fy_contract_call(contract, verb, args, step, ret);
        if (ret->reply.status != FY_REPLY_AGAIN || contract->now_ms > deadline_ms)
            return;
        int64_t after_ms = ret->reply.after_ms;
        fy_answer_free(ret);
        fy_contract_wait(contract, after_ms);
    }
    fy_contract_call(contract, verb, args, step, ret);
}

/* The whole of it. */

/* Acts in the order in which their arguments were given: one may need another, as an upgrade its guard. */
static void ensure_all(struct fy_contract *contract)
{
    const char *name;
    json_t *args, *calls = (json_t *)(uintptr_t)contract->calls; /* jansson's iterators take no const */
    json_object_foreach(calls, name, args)
    {
        const struct ferry_verb *verb = contract->bound != NULL ? fy_bound_verb(contract->bound, name) : NULL;
        if (verb != NULL && verb->kind == FERRY_ENSURE)
            fy_contract_ensure(contract, verb);
    }
    for (const struct ferry_verb *verb = contract->adapter->verbs; verb->name != NULL; verb++)
        if (verb->kind == FERRY_ENSURE && json_object_get(contract->calls, verb->name) == NULL)
            fy_contract_ensure(contract, verb);
}

static void run(struct fy_contract *contract)
{
    struct fy_err err;
    fy_contract_trying(contract, "complete", NULL);
    (void)fy_contract_holds(contract, "every piece of its table is there");
    fy_contract_schemas(contract);
    fy_contract_trying(contract, "open", NULL);
    if (!fy_contract_open(contract, &err)) {
        (void)fy_contract_broken(contract, err.message);
        return;
    }
    (void)fy_contract_holds(contract, "it connects");
    for (const struct ferry_verb *verb = contract->adapter->verbs; verb->name != NULL; verb++) {
        fy_contract_bad_input(contract, verb);
        if (verb->kind == FERRY_OBSERVE)
            fy_contract_observe(contract, verb);
    }
    ensure_all(contract);
    fy_contract_threads(contract);
    fy_contract_time(contract);
    fy_bound_close(contract->bound);
}

static int finish(struct fy_contract *contract)
{
    struct fy_buf buf = {0};
    fy_buf_format(&buf, "{\"done\":{\"rows\":%u,\"failed\":%u}}", contract->rows, contract->failed);
    send_text(contract, &buf);
    return contract->failed == 0 ? 0 : 1;
}

int fy_adapter_contract_main(int fd, int secrets_fd)
{
    struct fy_err err;
    struct fy_buf scratch = {0};
    struct fy_host_setup setup;
    struct timespec now;
    size_t length;
    struct fy_contract contract = {.fd = fd};
    const char *message = fy_frame_receive(fd, &scratch, &length, &err);
    if (message == NULL)
        return 1;
    fy_contract_trying(&contract, "load", NULL);
    if (!fy_host_set_up(message, length, secrets_fd, &setup, &err)) {
        FY_AUTO(fy_free_ptr)
        char *why = fy_format("%s%s%s", err.message, err.hint[0] != '\0' ? "; " : "", err.hint);
        (void)fy_contract_broken(&contract, why);
        fy_buf_free(&scratch);
        return finish(&contract);
    }
    (void)fy_contract_holds(&contract, setup.plugin.sha256);
    FY_AUTO(fy_json_unref) json_t *document = fy_json_parse(message, length, "the configuration", NULL);
    (void)clock_gettime(CLOCK_REALTIME, &now);
    contract.adapter = setup.plugin.adapter;
    contract.connection = setup.connection;
    contract.filled = setup.filled;
    contract.calls = json_object_get(json_object_get(document, "config"), "calls");
    contract.now_ms = (int64_t)now.tv_sec * 1000;
    (void)snprintf(contract.run, sizeof contract.run, "contract-%lld-%d", (long long)contract.now_ms,
                   (int)getpid());
    run(&contract);
    fy_host_setup_free(&setup);
    fy_buf_free(&scratch);
    return finish(&contract);
}
