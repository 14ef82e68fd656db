/* SPDX-License-Identifier: Apache-2.0 */
/* Accepting an order: can it be done here, does anything stand in its way, and its first record. */
#include "base/mem.h"
#include "base/point.h"
#include "base/time.h"
#include "order/read.h"
#include "run/ask.h"
#include "run/check/conflict.h"
#include "run/live.h"
#include "run/phase/handover.h"
#include "run/planning.h"
#include "run/step/step.h"

#include <ctype.h>
#include <string.h>

/* ---- can it be done here (order/read.h)
 * --------------------------------------------------------------------- */

struct known {
    struct fy_known_connection *connections;
    struct fy_known_workflow *workflows;
    const char **kpis;
    struct fy_order_known lists;
};

static unsigned kinds_of(const struct fy_adapter_info *info)
{
    unsigned kinds = 0;
    if (info->kinds & FERRY_KIND_VIM)
        kinds |= 1u << FY_CONNECTION_VIM;
    if (info->kinds & FERRY_KIND_NF)
        kinds |= 1u << FY_CONNECTION_NF | 1u << FY_CONNECTION_KPI | 1u << FY_CONNECTION_EMS;
    if (info->kinds & FERRY_KIND_KPI)
        kinds |= 1u << FY_CONNECTION_KPI;
    return kinds;
}

static void know_connections(const struct fy_adapters *adapters, struct known *known)
{
    const struct fy_adapter_info *info;
    size_t count = 0;
    for (; (info = adapters->at(adapters->self, count)) != NULL; count++) {
        known->connections = fy_realloc(known->connections, (count + 1) * sizeof *known->connections);
        struct fy_known_connection *connection = &known->connections[count];
        *connection = (struct fy_known_connection){
            .name = info->connection, .kinds = kinds_of(info), .tenants = info->tenants};
        while (info->tenants != NULL && info->tenants[connection->tenant_count] != NULL)
            connection->tenant_count++;
    }
    known->lists.connections = known->connections;
    known->lists.connection_count = count;
}

static void know_workflows(const struct fy_engine_world *world, struct known *known)
{
    known->workflows = FY_NEW_ARRAY(struct fy_known_workflow, world->workflow_count + 1);
    for (size_t i = 0; i < world->workflow_count; i++)
        known->workflows[i] = (struct fy_known_workflow){.name = world->workflows[i].name,
                                                         .version = world->workflows[i].version};
    known->lists.workflows = known->workflows;
    known->lists.workflow_count = world->workflow_count;
}

static void know_kpis(struct known *known)
{
    size_t count = 0;
    while (fy_kpis[count].name != NULL)
        count++;
    known->kpis = FY_NEW_ARRAY(const char *, count + 1);
    for (size_t i = 0; i < count; i++)
        known->kpis[i] = fy_kpis[i].name;
    known->lists.kpis = known->kpis;
    known->lists.kpi_count = count;
}

/* Receivers of callbacks are not part of this engine yet: each that is named is taken as known. */
static const char **know_receivers(const struct fy_order *order, struct known *known)
{
    size_t count = order->request.callback_count;
    const char **receivers = FY_NEW_ARRAY(const char *, count + 1);
    for (size_t i = 0; i < count; i++)
        receivers[i] = order->request.callbacks[i].ref;
    known->lists.receivers = receivers;
    known->lists.receiver_count = count;
    return receivers;
}

static bool admit(const struct fy_engine_world *world, const struct fy_order *order, int64_t now_ms,
                  struct fy_err *err)
{
    struct known known = {.lists = {.now_ms = now_ms, .zone_exists = fy_zone_exists}};
    know_connections(world->adapters, &known);
    know_workflows(world, &known);
    know_kpis(&known);
    const char **receivers = know_receivers(order, &known);
    bool ok = fy_order_admit(order, &known.lists, NULL, err);
    free(receivers);
    free(known.connections);
    free(known.workflows);
    free(known.kpis);
    return ok;
}

/* ---- does anything stand in its way
 * ----------------------------------------------------------------------------- */

struct before {
    const struct fy_engine *engine;
    const struct fy_order *order;
    const char *sha256;
    char *same, *other; /* ids of runs with this requestId and these bytes, or other bytes */
    char *elsewhere;    /* a run of the same network function that lives in another engine */
    char *last;         /* the newest run of the same network function that is over */
};

static bool seen_before(void *context, const struct fy_run_line *line)
{
    struct before *before = context;
    const struct fy_order_request *request = &before->order->request;
    bool same_nf = strcmp(line->tenant, request->tenant) == 0 && line->vnf_instance_id != NULL &&
                   strcmp(line->vnf_instance_id, request->vnf_instance) == 0;
    if (before->last == NULL && line->final && same_nf)
        before->last = fy_strdup(line->run);
    if (before->elsewhere == NULL && !line->final && same_nf &&
        fy_live_find(before->engine, line->run) == NULL)
        before->elsewhere = fy_strdup(line->run);
    if (strcmp(line->request_id, request->id) != 0 || strcmp(line->tenant, request->tenant) != 0)
        return true;
    char **place = strcmp(line->order_sha256, before->sha256) == 0 ? &before->same : &before->other;
    free(*place);
    *place = fy_strdup(line->run);
    return true;
}

/* Accepted in this process, perhaps not durable yet. */
static void seen_live(struct fy_engine *engine, struct before *before)
{
    for (const struct fy_live *live = engine->lives; live != NULL; live = live->next) {
        if (live->line_request == NULL)
            continue;
        struct fy_run_line line = {.run = live->run->id,
                                   .request_id = live->line_request,
                                   .tenant = live->line_tenant,
                                   .vnf_instance_id = live->line_nf,
                                   .order_sha256 = live->line_sha256};
        (void)seen_before(before, &line);
    }
}

/* What the last run of this network function has left as a known fact. The caller frees it. */
static char *known_facts(struct fy_engine *engine, const char *last)
{
    struct fy_err err;
    char *facts = NULL;
    if (last == NULL || fy_live_find(engine, last) != NULL)
        return NULL;
    struct fy_run *run = fy_run_new(last);
    if (fy_run_read(engine->world.store, run, &err))
        facts = fy_handover_facts(run);
    fy_run_free(run);
    return facts;
}

/* ---- commit and go on ------------------------------------------------------------------------------- */

static bool is_of(const struct fy_order *order, const char *tenant, const char *nf, const char *group)
{
    const struct fy_order_request *request = &order->request;
    bool same_group =
        group != NULL && order->vnf.exclusion_group != NULL && strcmp(group, order->vnf.exclusion_group) == 0;
    return same_group || (strcmp(tenant, request->tenant) == 0 && strcmp(nf, request->vnf_instance) == 0);
}

/* It was committed already, perhaps by the same request that comes once more. */
static bool was_committed(struct fy_engine *engine, const struct fy_order *order, const char *id,
                          struct fy_err *err)
{
    struct fy_run *run = fy_run_new(id);
    bool ok = fy_run_read(engine->world.store, run, err);
    if (ok && !is_of(order, run->order->request.tenant, run->order->request.vnf_instance,
                     run->order->vnf.exclusion_group))
        ok = fy_fail(err, FY_ERR_INVALID, "run %s is not one of %s", id, order->request.vnf_instance);
    else if (ok && run->state != FY_STATE_COMMITTED) {
        ok = fy_fail(err, FY_ERR_REFUSED, "run %s cannot be committed: it is over (%s)", id,
                     fy_state_name(run->state));
        fy_hint(err, "send the order without commit");
    }
    fy_run_free(run);
    return ok;
}

/* The run that is to be committed before this order, if one is named; NULL as well if it is committed. */
static bool find_committed(struct fy_engine *engine, const struct fy_submission *submission,
                           struct fy_live **ret, struct fy_err *err)
{
    struct fy_live *live = submission->commit != NULL ? fy_live_find(engine, submission->commit) : NULL;
    *ret = live;
    if (submission->commit == NULL)
        return true;
    if (live == NULL)
        return was_committed(engine, submission->order, submission->commit, err);
    if (live->line_nf == NULL ||
        !is_of(submission->order, live->line_tenant, live->line_nf, live->line_group)) {
        fy_fail(err, FY_ERR_INVALID, "run %s is not one of %s", submission->commit,
                submission->order->request.vnf_instance);
        return fy_hint(err, "name the completed run of the network function that this order upgrades");
    }
    if (live->tail == FY_STATE_COMPLETED)
        return true;
    fy_fail(err, FY_ERR_REFUSED, "run %s cannot be committed: it is %s (%s)", submission->commit,
            fy_state_name(live->tail), fy_state_means(live->tail));
    return fy_hint(err, "only a COMPLETED run is committed; \"ferry show %s\" says what can be done",
                   submission->commit);
}

/* Its records are handed over before the order's, so that no crash leaves the order without the commit. */
static bool commit_first(struct fy_live *live, const struct fy_submission *submission, struct fy_err *err)
{
    struct fy_buf args = {0};
    FY_AUTO(fy_free_ptr) char *why = fy_format("to go on with order %s", submission->order->request.id);
    if (live == NULL)
        return true;
    fy_buf_open(&args, '{');
    fy_buf_member(&args, "why", why);
    fy_buf_close(&args, '}');
    bool ok = fy_command(live, "commit", args.data, &submission->caller, err);
    fy_buf_free(&args);
    if (ok)
        fy_flush(live);
    return ok;
}

static bool time_allowed(const struct fy_engine_world *world, const struct fy_submission *submission,
                         struct fy_err *err)
{
    if (submission->scale <= 1 && submission->epoch_ms == 0)
        return true;
    if (submission->scale < 0 || submission->scale > 100000)
        return fy_fail(err, FY_ERR_INVALID, "a scale is 1 to 100,000, not %lld",
                       (long long)submission->scale);
    const struct fy_order_vnf *vnf = &submission->order->vnf;
    for (size_t i = 0; i < vnf->connection_count; i++) {
        const char *ref = vnf->connections[i].ref;
        const struct fy_adapter_info *info = world->adapters->describe(world->adapters->self, ref);
        if (info == NULL || info->state == FY_ADAPTER_STARTING)
            return fy_fail(err, FY_ERR_TRANSIENT, "connection %s has not said yet whether it is simulated",
                           ref);
        if (info->name == NULL) { /* never heard of: what is wrong with it, not what it might be */
            fy_fail(err, info->state == FY_ADAPTER_REFUSED ? FY_ERR_REFUSED : FY_ERR_TRANSIENT, "%s",
                    info->problem != NULL ? info->problem : ref);
            return fy_hint(
                err, "mend it, then send the order again; \"ferry adapter show %s\" says how it is", ref);
        }
        if (!info->simulated) {
            fy_fail(err, FY_ERR_REFUSED, "time may only be scaled or moved in a trial; connection %s is real",
                    ref);
            return fy_hint(err, "leave --scale and --epoch away, or use simulated connections only");
        }
    }
    return true;
}

static const struct fy_workflow *find_workflow(const struct fy_engine_world *world,
                                               const struct fy_order *order)
{
    for (size_t i = 0; i < world->workflow_count; i++)
        if (strcmp(world->workflows[i].name, order->workflow.name) == 0 &&
            world->workflows[i].version == order->workflow.version)
            return &world->workflows[i];
    return NULL;
}

/* ---- the first record
 * ---------------------------------------------------------------------------------------------- */

static bool any_row(void *context, const struct fy_row *row)
{
    (void)row;
    *(bool *)context = true;
    return false;
}

/* False: that cannot be known just now. */
static bool is_taken(const struct fy_engine *engine, const char *id, bool *ret, struct fy_err *err)
{
    struct fy_store *store = engine->world.store;
    bool any = false;
    *ret = fy_live_find(engine, id) != NULL;
    if (*ret)
        return true;
    bool known = store->read(store, id, 0, any_row, &any, err);
    *ret = any;
    return known || err->kind == FY_ERR_NOT_FOUND;
}

/* The request's id, so that people know it again; made a plain name, and unique. NULL: the store cannot be
 * read. */
static char *make_id(struct fy_engine *engine, const struct fy_order *order, struct fy_err *err)
{
    FY_AUTO(fy_free_ptr) char *name = fy_strndup(order->request.id, 40);
    for (char *at = name; *at != '\0'; at++)
        if (!isalnum((unsigned char)*at) && strchr("-_.", *at) == NULL)
            *at = '-';
    char *id = fy_strdup(name);
    for (int number = 2;; number++) {
        bool taken = false;
        bool known = is_taken(engine, id, &taken, err);
        if (known && !taken)
            return id;
        free(id);
        if (!known)
            return NULL;
        id = fy_format("%s-%d", name, number);
    }
}

static void put_workflow(struct fy_buf *buf, const struct fy_workflow *workflow)
{
    fy_buf_key(buf, "workflow");
    fy_buf_open(buf, '{');
    fy_buf_member(buf, "name", workflow->name);
    fy_buf_member_int(buf, "version", workflow->version);
    fy_buf_member_int(buf, "api", workflow->api);
    fy_buf_key(buf, "texts");
    fy_buf_open(buf, '[');
    for (size_t i = 0; i < workflow->text_count; i++) {
        fy_buf_open(buf, '{');
        fy_buf_member(buf, "role", workflow->texts[i].role);
        fy_buf_member(buf, "sha256", workflow->texts[i].sha256);
        fy_buf_close(buf, '}');
    }
    fy_buf_close(buf, ']');
    fy_buf_close(buf, '}');
}

static void put_accepted(struct fy_live *live, const struct fy_submission *submission,
                         const struct fy_workflow *workflow, const char *sha256, const char *known)
{
    const struct fy_timebase *base = &live->run->base;
    struct fy_buf body = {0};
    fy_buf_open(&body, '{');
    fy_buf_key(&body, "order");
    fy_order_to_json(submission->order, &body);
    fy_buf_member(&body, "order_sha256", sha256);
    fy_put_caller(&body, &submission->caller);
    fy_buf_key(&body, "timebase");
    fy_buf_open(&body, '{');
    fy_buf_member_int(&body, "epoch_ms", base->epoch_ms);
    fy_buf_member_int(&body, "wall0_ms", base->wall0_ms);
    fy_buf_member_int(&body, "scale", base->scale);
    fy_buf_close(&body, '}');
    put_workflow(&body, workflow);
    fy_buf_member_raw(&body, "known", known);
    fy_buf_close(&body, '}');
    fy_put(live, FY_REC_ORDER_ACCEPTED, &body);
}

void fy_live_keep_line(struct fy_live *live, const struct fy_order *order, const char *sha256)
{
    live->line_request = fy_strdup(order->request.id);
    live->line_tenant = fy_strdup(order->request.tenant);
    live->line_nf = fy_strdup(order->request.vnf_instance);
    live->line_group = order->vnf.exclusion_group != NULL ? fy_strdup(order->vnf.exclusion_group) : NULL;
    (void)snprintf(live->line_sha256, sizeof live->line_sha256, "%s", sha256);
}

void fy_live_line(const struct fy_live *live, bool final, struct fy_run_line *line)
{
    *line = (struct fy_run_line){.run = live->run->id,
                                 .request_id = live->line_request,
                                 .tenant = live->line_tenant,
                                 .vnf_instance_id = live->line_nf,
                                 .order_sha256 = live->line_sha256,
                                 .accepted_ms = live->run->base.wall0_ms,
                                 .final = final};
}

static void write_first(struct fy_live *live, const struct fy_submission *submission,
                        const struct fy_workflow *workflow, const char *sha256)
{
    size_t count = workflow->text_count + 1;
    struct fy_text *texts = FY_NEW_ARRAY(struct fy_text, count);
    struct fy_run_line line;
    for (size_t i = 0; i < workflow->text_count; i++) {
        const struct fy_script_text *text = &workflow->texts[i];
        (void)snprintf(texts[i].sha256, sizeof texts[i].sha256, "%s", text->sha256);
        texts[i].bytes = text->bytes;
        texts[i].length = text->length;
    }
    (void)snprintf(texts[count - 1].sha256, sizeof texts[0].sha256, "%s", sha256);
    texts[count - 1].bytes = submission->xml;
    texts[count - 1].length = submission->xml_length;
    fy_live_line(live, false, &line);
    FY_POINT(run_before_accept);
    fy_flush_first(live, &line, texts, count);
    free(texts);
}

static struct fy_timebase timebase(const struct fy_engine *engine, const struct fy_submission *submission)
{
    int64_t wall = engine->world.clock.wall_ms(engine->world.clock.self);
    return (struct fy_timebase){.epoch_ms = submission->epoch_ms != 0 ? submission->epoch_ms : wall,
                                .wall0_ms = wall,
                                .scale = submission->scale > 0 ? submission->scale : 1};
}

static bool existing(struct fy_engine *engine, const struct fy_order *order, const char *sha256,
                     const char **ret_run, char **ret_last, struct fy_err *err)
{
    struct before before = {.engine = engine, .order = order, .sha256 = sha256};
    bool ok = engine->world.store->runs(engine->world.store, false, seen_before, &before, err);
    seen_live(engine, &before);
    FY_AUTO(fy_free_ptr) char *other = before.other;
    FY_AUTO(fy_free_ptr) char *elsewhere = before.elsewhere;
    *ret_last = before.last;
    *ret_run = NULL;
    if (ok && before.same != NULL) {
        free(engine->found);
        *ret_run = engine->found = before.same;
        return true;
    }
    free(before.same);
    if (ok && other != NULL) {
        fy_fail(err, FY_ERR_CONFLICT, "request %s is known with another order: run %s", order->request.id,
                other);
        return fy_hint(err, "give a changed order a requestId of its own");
    }
    if (ok && elsewhere != NULL) {
        fy_fail(err, FY_ERR_CONFLICT, "%s is being upgraded by run %s, which another engine drives",
                order->request.vnf_instance, elsewhere);
        return fy_hint(err, "\"ferry show %s\" says what can be done with that run", elsewhere);
    }
    return ok;
}

bool fy_engine_submit(struct fy_engine *engine, struct fy_submission *submission, const char **ret_run,
                      bool *ret_existed, void (*done)(void *context), void *context, struct fy_err *err)
{
    const struct fy_order *order = submission->order;
    struct fy_timebase base = timebase(engine, submission);
    char sha256[FY_SHA256_HEX];
    fy_sha256_text(submission->xml, submission->xml_length, sha256);
    FY_AUTO(fy_free_ptr) char *last = NULL;
    if (!existing(engine, order, sha256, ret_run, &last, err))
        return false;
    *ret_existed = *ret_run != NULL;
    if (*ret_existed) {
        fy_order_free(submission->order);
        fy_when_durable(fy_live_find(engine, *ret_run), done, context);
        return true;
    }
    const struct fy_workflow *workflow = find_workflow(&engine->world, order);
    struct fy_live *former;
    if (!find_committed(engine, submission, &former, err))
        return false;
    if (!admit(&engine->world, order, base.epoch_ms, err) || !time_allowed(&engine->world, submission, err) ||
        !fy_conflict_none(engine, order, former, err) || !fy_engine_may_change(engine, err))
        return false;
    if (workflow == NULL)
        return fy_fail(err, FY_ERR_NOT_FOUND, "there is no workflow %s", order->workflow.name);
    FY_AUTO(fy_free_ptr) char *id = make_id(engine, order, err);
    if (id == NULL)
        return false;
    if (!commit_first(former, submission, err))
        return false;
    struct fy_live *live = fy_live_new(engine, fy_run_new(id));
    live->run->base = base;
    live->tail = FY_STATE_SCHEDULED;
    fy_live_keep_line(live, order, sha256);
    FY_AUTO(fy_free_ptr) char *known = known_facts(engine, last);
    put_accepted(live, submission, workflow, sha256, known);
    fy_put_done(live, done, context);
    write_first(live, submission, workflow, sha256);
    fy_order_free(submission->order);
    *ret_run = live->run->id;
    return true;
}
