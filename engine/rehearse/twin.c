/* SPDX-License-Identifier: Apache-2.0 */
#include "rehearse/twin.h"

#include "adapter/local.h"
#include "base/buf.h"
#include "base/mem.h"
#include "linked.h"
#include "order/read.h"
#include "script/local.h"

#include <stdio.h>
#include <string.h>

#define FOREVER_MS (400LL * 24 * 60 * 60 * 1000)
#define CAPACITY   6250 /* the trial's users an instance, and how full it is */
#define FULL       310  /* permille */

struct fy_twin {
    const struct fy_score *score;
    struct virtual_time *time;
    struct sim_world *world;
    struct fy_store *store;
    struct fy_journal *journal;
    struct fy_script *script;
    struct fy_local *local;
    struct fy_seam *seam;
    struct fy_engine *engine;
    char name[32], *run;
    char state[32];
    int commands;
};

/* ---- the simulated core, in the order's shape ---- */

static const struct kind {
    int role;
    const char *vdu, *count; /* the simulated core's VDU of that role, and its setting */
} kinds[] = {{FY_ROLE_OAM, "OMU", "omu"},
             {FY_ROLE_ACTIVE_STANDBY, "LB", "lb"},
             {FY_ROLE_DATA_STORAGE, "SDB", "sdb"},
             {FY_ROLE_LOAD_SHARING, "SVC", "svc"}};

static bool of_role(const struct fy_order *order, int role, const struct fy_order_vdu **ret,
                    struct fy_err *err)
{
    const struct fy_order_vdu *found = NULL;
    for (size_t i = 0; i < order->vdu_count; i++) {
        if (order->vdus[i].role != role)
            continue;
        if (found != NULL) {
            fy_fail(err, FY_ERR_INVALID,
                    "VDUs %s and %s are both %s: the simulated core has one VDU of each role", found->vdu_id,
                    order->vdus[i].vdu_id, fy_order_role_name(role));
            return fy_hint(err, "rehearse an order without one of them");
        }
        found = &order->vdus[i];
    }
    *ret = found;
    return true;
}

static void set_vdu(json_t *settings, json_t *images, const struct kind *kind, const struct fy_order_vdu *vdu)
{
    const int64_t count = vdu->min_instances;
    json_object_set_new(settings, kind->count, json_integer(count));
    json_t *image = json_pack("{s:s}", "ref", vdu->source.ref);
    if (vdu->source.digest != NULL)
        json_object_set_new(image, "digest", json_string(vdu->source.digest));
    json_object_set_new(images, kind->vdu, image);
    if (kind->role != FY_ROLE_LOAD_SHARING)
        return;
    const int64_t most = vdu->max_instances == FY_ABSENT ? count + 8 : vdu->max_instances;
    json_object_set_new(settings, "svc_min", json_integer(count));
    json_object_set_new(settings, "svc_max", json_integer(most > count ? most : count));
}

static char *settings_of(const struct fy_score *score, struct fy_err *err)
{
    const struct fy_order *order = score->order;
    const int64_t capacity = score->capacity > 0 ? score->capacity : CAPACITY;
    FY_AUTO(fy_json_unref)
    json_t *settings = json_pack("{s:s,s:s,s:s,s:I}", "nf", order->request.vnf_instance, "shape",
                                 strcmp(order->vnf.nf_type, "SMF") == 0 ? "SMF" : "AMF", "version",
                                 order->request.source.version, "svc_capacity", (json_int_t)capacity);
    json_t *images = json_object();
    int64_t services = 16;
    json_object_set_new(settings, "images", images);
    for (size_t i = 0; i < FY_COUNT(kinds); i++) {
        const struct fy_order_vdu *vdu = NULL;
        if (!of_role(order, kinds[i].role, &vdu, err))
            return NULL;
        if (vdu == NULL)
            continue;
        set_vdu(settings, images, &kinds[i], vdu);
        services = kinds[i].role == FY_ROLE_LOAD_SHARING ? vdu->min_instances : services;
    }
    const int64_t users = score->users > 0 ? score->users : services * capacity * FULL / 1000;
    json_object_set_new(settings, "users", json_integer(users));
    json_object_set_new(settings, "hosts", json_integer(services < 12 ? 12 : services));
    return fy_json_text(settings);
}

static bool make_world(struct fy_twin *twin, struct fy_err *err)
{
    char why[256] = "";
    static int worlds;
    FY_AUTO(fy_free_ptr) char *settings = settings_of(twin->score, err);
    if (settings == NULL)
        return false;
    twin->world = sim_world_new(settings, why, sizeof why);
    if (twin->world == NULL)
        return fy_fail(err, FY_ERR_INVALID, "no simulated core has the order's shape: %s", why);
    (void)snprintf(twin->name, sizeof twin->name, "twin-%d", ++worlds);
    sim_linked_put(twin->name, twin->world);
    return true;
}

/* Names of the order for what the simulated core calls otherwise: VDUs by role, test subscribers by place. */
static void translate(struct fy_twin *twin)
{
    const struct fy_order *order = twin->score->order;
    char name[32];
    size_t number = 0;
    for (size_t i = 0; i < order->vdu_count; i++)
        for (size_t k = 0; k < FY_COUNT(kinds); k++)
            if (order->vdus[i].role == kinds[k].role)
                fy_seam_translate(twin->seam, order->vdus[i].vdu_id, kinds[k].vdu);
    for (size_t t = 0; t < order->dial_test_count && t < 1; t++)
        for (size_t i = 0; i < order->dial_tests[t].subscriber_count; i++) {
            (void)snprintf(name, sizeof name, "test-%zu", ++number);
            fy_seam_translate(twin->seam, order->dial_tests[t].subscribers[i].ref, name);
        }
}

/* ---- the engine ---- */

static bool open_engine(struct fy_twin *twin, struct fy_err *err)
{
    struct fy_clock clock = virtual_clock(twin->time);
    if (!fy_journal_open(twin->store, (struct fy_journal_loop){.clock = &clock}, &twin->journal, err))
        return false;
    twin->script = fy_script_local_new(NULL);
    struct fy_engine_world world = {.clock = clock,
                                    .timers = virtual_timers(twin->time),
                                    .store = twin->store,
                                    .journal = twin->journal,
                                    .script = twin->script,
                                    .adapters = fy_seam_adapters(twin->seam),
                                    .workflows = twin->score->workflows,
                                    .workflow_count = twin->score->workflow_count};
    twin->engine = fy_engine_new(&world);
    return fy_engine_recover(twin->engine, err);
}

static void close_engine(struct fy_twin *twin)
{
    if (twin->journal != NULL)
        fy_journal_close(twin->journal);
    fy_engine_free(twin->engine);
    if (twin->script != NULL)
        twin->script->close(twin->script);
    twin->journal = NULL;
    twin->engine = NULL;
    twin->script = NULL;
}

static bool refuse_commit(struct fy_store *self, const struct fy_store_batch *batch, struct fy_err *err)
{
    (void)self;
    (void)batch;
    return fy_fail(err, FY_ERR_TRANSIENT, "the engine is dead");
}

/* What is not durable is lost, calls in flight have no answer. Another engine takes over. */
static bool crash(struct fy_twin *twin)
{
    struct fy_err err;
    bool (*commit)(struct fy_store * self, const struct fy_store_batch *batch, struct fy_err *failure) =
        twin->store->commit;
    twin->store->commit = refuse_commit;
    close_engine(twin);
    twin->store->commit = commit;
    fy_local_drop(twin->local);
    fy_seam_drop(twin->seam);
    virtual_time_drop(twin->time);
    twin->store->epoch++;
    return open_engine(twin, &err);
}

/* ---- making ---- */

static bool connect(struct fy_twin *twin, struct fy_err *err)
{
    const struct fy_order_vnf *vnf = &twin->score->order->vnf;
    char settings[64];
    (void)snprintf(settings, sizeof settings, "{\"socket\":\"%s\"}", twin->name);
    twin->local = fy_local_new();
    for (size_t i = 0; i < vnf->connection_count; i++) {
        const struct fy_order_connection *connection = &vnf->connections[i];
        struct fy_adapters *known = fy_local_adapters(twin->local);
        if (known->describe(known->self, connection->ref) != NULL)
            continue;
        const struct ferry_adapter *adapter =
            connection->kind == FY_CONNECTION_VIM ? &sim_linked_vim : &sim_linked_nf;
        if (!fy_local_add(twin->local, connection->ref, adapter, settings, err))
            return false;
    }
    twin->seam = fy_seam_new(fy_local_adapters(twin->local), twin->score->dotted);
    translate(twin);
    return true;
}

bool fy_twin_new(const struct fy_score *score, struct fy_twin **ret, struct fy_err *err)
{
    struct fy_twin *twin = FY_NEW(struct fy_twin);
    twin->score = score;
    twin->time = virtual_time_new(score->order->request.window.start_ms + 1000);
    if (make_world(twin, err) && fy_store_open_sqlite(":memory:", &twin->store, err) && connect(twin, err) &&
        open_engine(twin, err)) {
        *ret = twin;
        return true;
    }
    fy_twin_free(twin);
    return false;
}

void fy_twin_free(struct fy_twin *twin)
{
    if (twin == NULL)
        return;
    close_engine(twin);
    fy_local_free(twin->local);
    fy_seam_free(twin->seam);
    if (twin->store != NULL)
        twin->store->close(twin->store);
    if (twin->name[0] != '\0')
        sim_linked_put(twin->name, NULL);
    if (twin->world != NULL)
        sim_world_free(twin->world);
    virtual_time_free(twin->time);
    free(twin->run);
    free(twin);
}

bool fy_twin_submit(struct fy_twin *twin, struct fy_err *err)
{
    struct fy_order *order;
    const char *run;
    bool existed;
    const size_t length = strlen(twin->score->xml);
    if (!fy_order_read(twin->score->xml, length, &order, NULL, err))
        return false;
    struct fy_submission submission = {.order = order,
                                       .xml = twin->score->xml,
                                       .xml_length = length,
                                       .caller = {.who = "rehearsal", .from = "rehearsal"}};
    if (!fy_engine_submit(twin->engine, &submission, &run, &existed, NULL, NULL, err)) {
        fy_order_free(order);
        return false;
    }
    twin->run = fy_strdup(run);
    return true;
}

/* ---- happening ---- */

bool fy_twin_event(struct fy_twin *twin)
{
    uint64_t commits, before, rows;
    if (fy_seam_wants_crash(twin->seam))
        return crash(twin);
    fy_journal_counts(twin->journal, &before, &rows);
    fy_journal_turn(twin->journal);
    fy_journal_counts(twin->journal, &commits, &rows);
    return commits != before || fy_script_local_turn(twin->script) > 0 || fy_seam_turn(twin->seam) > 0 ||
           fy_local_turn(twin->local) > 0 || virtual_time_next(twin->time, FOREVER_MS);
}

struct fy_seam *fy_twin_seam(struct fy_twin *twin)
{
    return twin->seam;
}

struct sim_world *fy_twin_world(struct fy_twin *twin)
{
    return twin->world;
}

int64_t fy_twin_now_ms(struct fy_twin *twin)
{
    struct fy_clock clock = virtual_clock(twin->time);
    return clock.wall_ms(clock.self);
}

json_t *fy_twin_view(struct fy_twin *twin)
{
    struct fy_buf buf = {0};
    struct fy_err err = {0};
    json_t *view = NULL;
    if (fy_engine_show(twin->engine, twin->run, &buf, &err))
        view = fy_json_parse(buf.data, buf.length, "view", &err);
    fy_buf_free(&buf);
    return view;
}

const char *fy_twin_state(struct fy_twin *twin)
{
    const char *live = fy_engine_state(twin->engine, twin->run);
    if (live != NULL)
        return live;
    FY_AUTO(fy_json_unref) json_t *view = fy_twin_view(twin);
    (void)snprintf(twin->state, sizeof twin->state, "%s", fy_json_string_or(view, "state", ""));
    return twin->state;
}

bool fy_twin_command(struct fy_twin *twin, const char *verb, struct fy_err *err)
{
    char who[48]; /* somebody else each time: an approval may want several people */
    (void)snprintf(who, sizeof who, "uid:%d (operator %d)", twin->commands + 1, twin->commands + 1);
    struct fy_caller caller = {.who = who, .from = "rehearsal"};
    twin->commands++;
    return fy_engine_command(twin->engine, twin->run, verb, "{\"why\":\"rehearsal\"}", &caller, NULL, NULL,
                             err);
}

bool fy_twin_read(struct fy_twin *twin, bool (*visit)(void *context, const struct fy_row *row), void *context)
{
    struct fy_err err;
    return twin->store->read(twin->store, twin->run, 0, visit, context, &err);
}
