/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/gate.h"

#include "base/log.h"
#include "base/mem.h"

#define REFUSED_BIT (UINT64_C(1) << 63) /* of a handle: the call never reached an adapter */

struct refused {
    struct fy_gate *gate;
    struct refused *next;
    uv_timer_t timer;
    uint64_t handle;
    fy_adapter_replied *replied; /* NULL: forgotten */
    void *context;
};

struct fy_gate {
    struct fy_adapters adapters; /* what is handed out */
    struct fy_adapters *behind;
    uv_loop_t *loop;
    bool (*open)(void *context);
    void *context;
    struct refused *refused;
    uint64_t last;
    bool told;
};

static const struct fy_adapter_info *describe(void *self, const char *connection)
{
    struct fy_gate *gate = self;
    return gate->behind->describe(gate->behind->self, connection);
}

static const struct fy_adapter_info *at(void *self, size_t index)
{
    struct fy_gate *gate = self;
    return gate->behind->at(gate->behind->self, index);
}

static void kill_host(void *self, const char *connection)
{
    struct fy_gate *gate = self;
    gate->behind->kill(gate->behind->self, connection);
}

static void watch(void *self, void (*changed)(void *ctx, const struct fy_adapter_info *info), void *ctx)
{
    struct fy_gate *gate = self;
    if (gate->behind->watch != NULL)
        gate->behind->watch(gate->behind->self, changed, ctx);
}

static bool observes(struct fy_gate *gate, const struct fy_adapter_call *call)
{
    const struct fy_adapter_info *info = describe(gate, call->connection);
    const struct fy_adapter_verb *verb = info != NULL ? fy_adapter_verb(info, call->verb) : NULL;
    return verb == NULL || verb->observe; /* an unknown one is refused behind the gate */
}

static void on_closed(uv_handle_t *handle)
{
    free(handle->data);
}

static void on_refused(uv_timer_t *timer)
{
    struct refused *refused = timer->data;
    struct refused **link = &refused->gate->refused;
    while (*link != refused)
        link = &(*link)->next;
    *link = refused->next;
    uv_close((uv_handle_t *)timer, on_closed);
    if (refused->replied == NULL)
        return;
    const struct fy_adapter_reply reply = {
        .status = FY_REPLY_FAILED,
        .failure = FY_ERR_TRANSIENT,
        .message =
            "this engine's lease is not known to last, and another engine may own the run: nothing acts",
        .hint = "it goes on by itself when the store answers",
    };
    refused->replied(refused->context, &reply);
}

static uint64_t refuse(struct fy_gate *gate, fy_adapter_replied *replied, void *context)
{
    struct refused *refused = FY_NEW(struct refused);
    *refused = (struct refused){.gate = gate,
                                .next = gate->refused,
                                .handle = REFUSED_BIT | ++gate->last,
                                .replied = replied,
                                .context = context};
    gate->refused = refused;
    (void)uv_timer_init(gate->loop, &refused->timer);
    refused->timer.data = refused;
    (void)uv_timer_start(&refused->timer, on_refused, 0, 0);
    if (!gate->told)
        fy_log(FY_LOG_WARNING, "the lease is not known to last: nothing acts until it is renewed");
    gate->told = true;
    return refused->handle;
}

static uint64_t call(void *self, const struct fy_adapter_call *asked, fy_adapter_replied *replied,
                     void *context)
{
    struct fy_gate *gate = self;
    bool open = gate->open(gate->context);
    if (!open && !observes(gate, asked))
        return refuse(gate, replied, context);
    gate->told = gate->told && !open;
    return gate->behind->call(gate->behind->self, asked, replied, context);
}

static void forget(void *self, uint64_t handle)
{
    struct fy_gate *gate = self;
    if ((handle & REFUSED_BIT) == 0) {
        gate->behind->forget(gate->behind->self, handle);
        return;
    }
    for (struct refused *refused = gate->refused; refused != NULL; refused = refused->next)
        if (refused->handle == handle)
            refused->replied = NULL;
}

struct fy_gate *fy_gate_new(uv_loop_t *loop, struct fy_adapters *behind, bool (*open)(void *context),
                            void *context)
{
    struct fy_gate *gate = FY_NEW(struct fy_gate);
    gate->loop = loop;
    gate->behind = behind;
    gate->open = open;
    gate->context = context;
    gate->adapters = (struct fy_adapters){.self = gate,
                                          .describe = describe,
                                          .at = at,
                                          .call = call,
                                          .forget = forget,
                                          .kill = kill_host,
                                          .watch = watch};
    return gate;
}

struct fy_adapters *fy_gate_adapters(struct fy_gate *gate)
{
    return &gate->adapters;
}
