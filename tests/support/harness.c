/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/harness.h"

#include "base/log.h"
#include "base/mem.h"
#include "order/read.h"
#include "script/catalog.h"
#include "script/local.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define WINDOW_OPENS_MS 1795363200000 /* 2026-11-22T16:00:00Z, as the orders of tests/support/orders say */
#define MANY_EVENTS     2000000

static void give_up(const struct fy_err *err, const char *what)
{
    (void)fprintf(stderr, "harness: %s: %s (%s)\n", what, err->message, err->hint);
    abort();
}

/* ---- parts ----------------------------------------------------------------------------------------------
 */

static void write_workflow(struct harness *h)
{
    char path[128];
    (void)snprintf(h->directory, sizeof h->directory, "/tmp/ferry-harness-XXXXXX");
    if (mkdtemp(h->directory) == NULL)
        abort();
    (void)snprintf(path, sizeof path, "%s/gray_upgrade", h->directory);
    if (mkdir(path, 0700) != 0)
        abort();
    (void)snprintf(path, sizeof path, "%s/gray_upgrade/gray_upgrade.lua", h->directory);
    FILE *file = fopen(path, "we");
    if (file == NULL || fputs(h->options.workflow, file) < 0 || fclose(file) != 0)
        abort();
}

static void remove_workflow(struct harness *h)
{
    char path[128];
    if (h->directory[0] == '\0')
        return;
    (void)snprintf(path, sizeof path, "%s/gray_upgrade/gray_upgrade.lua", h->directory);
    (void)unlink(path);
    (void)snprintf(path, sizeof path, "%s/gray_upgrade", h->directory);
    (void)rmdir(path);
    (void)rmdir(h->directory);
}

/* A folder of workflows is read once for all harnesses of a process. */
static struct shelf {
    struct shelf *next;
    const char *directory;
    struct fy_catalog *catalog;
} * shelves;

static struct fy_catalog *shelved(const char *directory)
{
    struct fy_err err;
    struct shelf *shelf = shelves;
    while (shelf != NULL && strcmp(shelf->directory, directory) != 0)
        shelf = shelf->next;
    if (shelf != NULL)
        return shelf->catalog;
    shelf = FY_NEW(struct shelf);
    *shelf = (struct shelf){.next = shelves, .directory = fy_strdup(directory)};
    shelves = shelf;
    if (!fy_catalog_open(directory, &shelf->catalog, &err))
        give_up(&err, "catalogue");
    return shelf->catalog;
}

static void open_catalog(struct harness *h)
{
    struct fy_err err;
    const char *directory = h->options.directory != NULL ? h->options.directory : SOURCE_DIR "/workflows";
    if (h->options.workflow == NULL) {
        h->catalog = shelved(directory);
    } else {
        write_workflow(h);
        if (!fy_catalog_open(h->directory, &h->catalog, &err))
            give_up(&err, "catalogue");
    }
    h->workflows = FY_NEW_ARRAY(struct fy_workflow, h->catalog->count + 1);
    for (size_t i = 0; i < h->catalog->count; i++) {
        const struct fy_catalog_entry *entry = &h->catalog->entry[i];
        h->workflows[i] = (struct fy_workflow){.name = entry->name,
                                               .version = entry->version,
                                               .api = entry->api,
                                               .texts = entry->texts,
                                               .text_count = entry->text_count,
                                               .params = entry->params,
                                               .needs = entry->needs};
    }
}

/* Where workflows are compiled: once for all engines of a process, as pinned texts never change. */
static struct fy_workshop *workshop(void)
{
    static struct fy_workshop *shop;
    if (shop == NULL)
        shop = fy_workshop_new(NULL);
    return shop;
}

/* False: the store cannot be read just now; the engine ends as ferryd does, and another one is started. */
static bool try_engine(struct harness *h)
{
    struct fy_err err;
    struct fy_clock clock = virtual_clock(h->time);
    if (!fy_journal_open(h->store, (struct fy_journal_loop){.clock = &clock}, &h->journal, &err))
        give_up(&err, "journal");
    h->script = fy_script_local_in(workshop());
    struct fy_engine_world world = {.clock = clock,
                                    .timers = virtual_timers(h->time),
                                    .store = h->store,
                                    .journal = h->journal,
                                    .script = h->script,
                                    .adapters = fy_local_adapters(h->local),
                                    .workflows = h->workflows,
                                    .workflow_count = h->catalog->count};
    h->engine = fy_engine_new(&world);
    if (fy_engine_recover(h->engine, &err))
        return true;
    if (err.kind != FY_ERR_TRANSIENT)
        give_up(&err, "recover");
    return false;
}

static void close_engine(struct harness *h)
{
    fy_journal_close(h->journal);
    fy_engine_free(h->engine);
    h->script->close(h->script);
}

static void open_engine(struct harness *h)
{
    while (!try_engine(h)) {
        close_engine(h);
        h->store->epoch++;
    }
}

/* A workflow of a test's own rarely cares for users, and thirty thousand of them take a while. */
static const char *world_of(const struct harness_options *options)
{
    bool few = options->world == NULL && options->workflow != NULL;
    return few ? "{\"users\":400,\"svc_capacity\":84}" : options->world;
}

struct harness *harness_new(const struct harness_options *options)
{
    struct harness *h = FY_NEW(struct harness);
    struct fy_err err;
    char why[256] = "", settings[64];
    static int worlds;
    h->options = *options;
    h->time = virtual_time_new(options->start_ms != 0 ? options->start_ms : WINDOW_OPENS_MS + 1000);
    h->world = sim_world_new(world_of(options), why, sizeof why);
    if (h->world == NULL) {
        (void)fprintf(stderr, "harness: world: %s\n", why);
        abort();
    }
    (void)snprintf(h->name, sizeof h->name, "harness-%d", ++worlds);
    sim_linked_put(h->name, h->world);
    (void)snprintf(settings, sizeof settings, "{\"socket\":\"%s\"}", h->name);
    h->store = options->store;
    if (h->store == NULL && !fy_store_open_sqlite(":memory:", &h->store, &err))
        give_up(&err, "store");
    h->local = fy_local_new();
    const struct ferry_adapter *vim = options->vim != NULL ? options->vim : &sim_linked_vim;
    const struct ferry_adapter *nf = options->nf != NULL ? options->nf : &sim_linked_nf;
    if (!fy_local_add(h->local, "sim-cloud", vim, settings, &err) ||
        !fy_local_add(h->local, "sim-amf", nf, settings, &err))
        give_up(&err, "adapter");
    open_catalog(h);
    open_engine(h);
    return h;
}

void harness_free(struct harness *h)
{
    close_engine(h);
    fy_local_free(h->local);
    h->store->close(h->store);
    if (h->options.workflow != NULL)
        fy_catalog_free(h->catalog);
    free(h->workflows);
    remove_workflow(h);
    sim_linked_put(h->name, NULL);
    sim_world_free(h->world);
    virtual_time_free(h->time);
    free(h);
}

/* ---- happening --------------------------------------------------------------------------------------------
 */

bool harness_event(struct harness *h)
{
    uint64_t commits, rows, commits_before, rows_before;
    fy_journal_counts(h->journal, &commits_before, &rows_before);
    fy_journal_turn(h->journal);
    fy_journal_counts(h->journal, &commits, &rows);
    h->rows += rows - rows_before;
    if (commits != commits_before)
        return true;
    bool hears = h->slow_scripts == 0 || h->slow_scripts-- == 0;
    return (hears && fy_script_local_turn(h->script) > 0) || fy_local_turn(h->local) > 0 ||
           virtual_time_next(h->time, 400LL * 24 * 60 * 60 * 1000);
}

bool harness_until(struct harness *h, const char *run, const char *state)
{
    for (long events = 0; events < MANY_EVENTS; events++) {
        if (strcmp(harness_state(h, run), state) == 0)
            return true;
        if (!harness_event(h))
            return false;
    }
    return false;
}

static bool refuse_commit(struct fy_store *self, const struct fy_store_batch *batch, struct fy_err *err)
{
    (void)self;
    (void)batch;
    return fy_fail(err, FY_ERR_TRANSIENT, "the engine is dead");
}

void harness_kill(struct harness *h)
{
    bool (*commit)(struct fy_store * self, const struct fy_store_batch *batch, struct fy_err *err) =
        h->store->commit;
    h->store->commit = refuse_commit;
    close_engine(h);
    h->store->commit = commit;
    fy_local_drop(h->local);
    virtual_time_drop(h->time);
    h->crashes++;
}

void harness_take_over(struct harness *h)
{
    h->store->epoch++;
    open_engine(h);
}

void harness_crash(struct harness *h)
{
    harness_kill(h);
    harness_take_over(h);
}

/* ---- asking for things
 * --------------------------------------------------------------------------------------- */

char *harness_order_text(const char *order)
{
    char path[512];
    static const char *const of_trial[][2] = {{"trial", "amf-order"}, {"issu", "amf-issu-order"}};
    const char *folder = "tests/support/orders", *file_name = order;
    for (size_t i = 0; i < FY_COUNT(of_trial); i++)
        if (strcmp(order, of_trial[i][0]) == 0) {
            folder = "plugins/simulator/trial";
            file_name = of_trial[i][1];
        }
    (void)snprintf(path, sizeof path, "%s/%s/%s.xml", SOURCE_DIR, folder, file_name);
    FILE *file = fopen(path, "re");
    if (file == NULL)
        abort();
    struct fy_buf text = {0};
    char part[4096];
    size_t count;
    while ((count = fread(part, 1, sizeof part, file)) > 0)
        fy_buf_put(&text, part, count);
    (void)fclose(file);
    return fy_buf_take(&text);
}

bool harness_submit_text(struct harness *h, const char *xml, const char **ret_run, bool *ret_existed,
                         struct fy_err *err)
{
    struct fy_order *parsed;
    if (!fy_order_read(xml, strlen(xml), &parsed, NULL, err))
        return false;
    struct fy_submission submission = {.order = parsed,
                                       .xml = xml,
                                       .xml_length = strlen(xml),
                                       .commit = h->commit,
                                       .caller = {.who = "uid:1000 (ana)", .from = "unix"}};
    if (fy_engine_submit(h->engine, &submission, ret_run, ret_existed, NULL, NULL, err))
        return true;
    fy_order_free(parsed);
    return false;
}

bool harness_try_submit(struct harness *h, const char *order, const char **ret_run, bool *ret_existed,
                        struct fy_err *err)
{
    FY_AUTO(fy_free_ptr) char *xml = harness_order_text(order);
    return harness_submit_text(h, xml, ret_run, ret_existed, err);
}

char *harness_submit(struct harness *h, const char *order)
{
    struct fy_err err;
    const char *run;
    bool existed;
    if (!harness_try_submit(h, order, &run, &existed, &err))
        give_up(&err, "submit");
    return fy_strdup(run);
}

bool harness_command(struct harness *h, const char *run, const char *verb, const char *args,
                     struct fy_err *err)
{
    struct fy_caller caller = {.who = "uid:1001 (otto)", .from = "unix"};
    return fy_engine_command(h->engine, run, verb, args, &caller, NULL, NULL, err);
}

json_t *harness_view(struct harness *h, const char *run)
{
    struct fy_buf buf = {0};
    struct fy_err err = {0};
    if (!fy_engine_show(h->engine, run, &buf, &err))
        give_up(&err, "show");
    json_t *view = fy_json_parse(buf.data, buf.length, "view", &err);
    if (view == NULL)
        give_up(&err, "view");
    fy_buf_free(&buf);
    return view;
}

const char *harness_state(struct harness *h, const char *run)
{
    static char state[64];
    const char *live = fy_engine_state(h->engine, run);
    if (live != NULL)
        return live;
    json_t *view = harness_view(h, run);
    (void)snprintf(state, sizeof state, "%s", fy_json_string_or(view, "state", ""));
    json_decref(view);
    return state;
}

static bool add_line(void *context, const struct fy_row *row)
{
    struct fy_buf *buf = context;
    fy_buf_format(buf, "%3llu ", (unsigned long long)row->seq);
    fy_describe(row, buf);
    fy_buf_text(buf, "\n");
    return true;
}

char *harness_transcript(struct harness *h, const char *run)
{
    struct fy_buf buf = {0};
    struct fy_err err = {0};
    if (!h->store->read(h->store, run, 0, add_line, &buf, &err))
        give_up(&err, "transcript");
    return fy_buf_take(&buf);
}
