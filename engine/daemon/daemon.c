/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/daemon.h"

#include "adapter/remote.h"
#include "api/api.h"
#include "base/mem.h"
#include "daemon/catalogue.h"
#include "daemon/gate.h"
#include "daemon/northbound.h"
#include "daemon/peers.h"
#include "daemon/systemd.h"
#include "daemon/timers.h"
#include "journal/checkpoint.h"
#include "judge/judge.h"
#include "notify/notify.h"
#include "script/remote.h"
#include "store/lock.h"

#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DESCRIBE_MS 5000 /* for the whole catalogue; it takes a few */
#define SIGN_MS     60000
#define QUIET_MS    1000 /* without a record: what a burst of runs left in the heap goes back */

struct fy_daemon {
    uv_loop_t loop;
    uv_async_t wake;      /* from the journal's writer */
    uv_prepare_t turn;    /* once in each turn of the loop */
    uv_signal_t end[2];   /* SIGTERM, SIGINT */
    uv_signal_t again;    /* SIGHUP: read certificates and access again */
    uv_timer_t ask_again; /* the workflows that could not say what they are */
    uv_timer_t quiet;     /* runs from the first record of a burst until QUIET_MS after its last */
    bool busy;            /* a record since it was last looked at */
    char *socket;
    struct fy_store *store;
    int lock_fd;           /* of the folder, where the store is elsewhere */
    struct fy_peers peers; /* the other engines of the store, if it can have any */
    struct fy_journal *journal;
    struct fy_notary *notary; /* NULL: there is no key */
    uv_timer_t sign;
    struct fy_adapters *adapters;
    struct fy_remote *remote;
    struct fy_script *script;
    struct fy_catalogue catalogue;
    struct fy_timer_set timers;
    struct fy_engine *engine;
    struct fy_notify *notify;
    struct fy_api *api;
    const char **kpis;
    const struct fy_connections *connections; /* the remote's */
    const struct fy_options *options;
};

/* On the writer's thread. */
static void wake_loop(void *context)
{
    struct fy_daemon *daemon = context;
    (void)uv_async_send(&daemon->wake);
}

static void on_wake(uv_async_t *async)
{
    struct fy_daemon *daemon = async->data;
    fy_journal_turn(daemon->journal);
}

/* Before the loop waits: what this turn handed over goes to the writer together. What is delivered here was
 * announced by a wake as well, so whoever is made busy by it is not kept waiting. */
static void on_turn(uv_prepare_t *prepare)
{
    struct fy_daemon *daemon = prepare->data;
    fy_journal_turn(daemon->journal);
}

static void on_quiet(uv_timer_t *timer)
{
    struct fy_daemon *daemon = timer->data;
    if (!daemon->busy) {
        fy_journal_trim(daemon->journal);
        fy_timers_trim(&daemon->timers);
        (void)malloc_trim(0);
        return;
    }
    daemon->busy = false;
    (void)uv_timer_start(timer, on_quiet, QUIET_MS, 0);
}

static void on_record(void *context, const struct fy_row *row)
{
    struct fy_daemon *daemon = context;
    daemon->busy = true;
    if (!uv_is_active((uv_handle_t *)&daemon->quiet))
        (void)uv_timer_start(&daemon->quiet, on_quiet, QUIET_MS, 0);
    if (daemon->notify != NULL)
        fy_notify_record(daemon->notify, row);
    if (daemon->api != NULL)
        fy_api_record(daemon->api, row);
}

static void on_end(uv_signal_t *signal, int number)
{
    struct fy_daemon *daemon = signal->data;
    fy_log(FY_LOG_INFO, "told to stop (%s); live runs go on with the next start", strsignal(number));
    (void)unlink(daemon->socket);
    _exit(0);
}

static void on_sign(uv_timer_t *timer)
{
    struct fy_daemon *daemon = timer->data;
    fy_notary_turn(daemon->notary);
}

static bool start_notary(struct fy_daemon *daemon, const struct fy_options *options, struct fy_err *err)
{
    struct fy_signer *signer = NULL;
    if (options->audit_key == NULL)
        return true;
    if (!fy_signer_open(options->audit_key, &signer, err))
        return false;
    daemon->notary = fy_notary_new(daemon->journal, signer, &fy_system_clock);
    (void)uv_timer_init(&daemon->loop, &daemon->sign);
    daemon->sign.data = daemon;
    return uv_timer_start(&daemon->sign, on_sign, SIGN_MS, SIGN_MS) == 0;
}

struct joining {
    struct fy_daemon *daemon;
    const struct fy_options *options;
};

static bool join_peers(void *context, uint64_t *ret_epoch, struct fy_err *err)
{
    const struct joining *joining = context;
    const struct fy_options *options = joining->options;
    const struct fy_peers_options as = {.loop = &joining->daemon->loop,
                                        .database = options->database,
                                        .name = options->engine,
                                        .home = options->store,
                                        .lease_ms = options->lease_ms};
    return fy_peers_join(&joining->daemon->peers, &as, ret_epoch, err);
}

/* A store that is elsewhere: the folder is still this process' alone. */
static bool open_database(struct fy_daemon *daemon, const struct fy_options *options, struct fy_err *err)
{
    FY_AUTO(fy_free_ptr) char *mine = fy_format("%s/ferryd", options->store);
    struct joining joining = {.daemon = daemon, .options = options};
    const struct fy_pg_options database = {
        .address = options->database,
        .name = options->engine,
        .home = options->store,
        .join = join_peers,
        .context = &joining,
    };
    if (!fy_lock_store(mine, &daemon->lock_fd, err) ||
        !fy_store_open_postgresql(&database, &daemon->store, err))
        return false;
    fy_store_renews_postgresql(daemon->store, fy_peers_renewed, &daemon->peers);
    return true;
}

static bool open_embedded(struct fy_daemon *daemon, const struct fy_options *options, struct fy_err *err)
{
    FY_AUTO(fy_free_ptr) char *path = fy_format("%s/ferry.db", options->store);
    return fy_store_open_sqlite(path, &daemon->store, err);
}

static bool open_store(struct fy_daemon *daemon, const struct fy_options *options, struct fy_err *err)
{
    const struct fy_journal_loop loop = {.wake = wake_loop, .context = daemon, .gathers = true};
    (void)mkdir(options->store, 0700); /* opening says what is wrong, if it is */
    if (options->database != NULL ? !open_database(daemon, options, err)
                                  : !open_embedded(daemon, options, err))
        return false;
    (void)uv_async_init(&daemon->loop, &daemon->wake, on_wake);
    (void)uv_prepare_init(&daemon->loop, &daemon->turn);
    (void)uv_timer_init(&daemon->loop, &daemon->quiet);
    daemon->wake.data = daemon->turn.data = daemon->quiet.data = daemon;
    if (!fy_journal_open(daemon->store, loop, &daemon->journal, err))
        return false;
    (void)uv_prepare_start(&daemon->turn, on_turn);
    fy_journal_follow(daemon->journal, on_record, daemon);
    return start_notary(daemon, options, err);
}

/* No file is no connections: orders are then refused with the name of the one they want. */
static bool start_adapters(struct fy_daemon *daemon, const struct fy_options *options, struct fy_err *err)
{
    static const char none[] = "{\"connections\":{}}";
    struct fy_connections *connections =
        access(options->connections, F_OK) == 0
            ? fy_connections_read(options->connections, err)
            : fy_connections_parse(none, sizeof none - 1, options->store, options->connections, err);
    if (connections == NULL)
        return false;
    daemon->connections = connections;
    const struct fy_remote_options remote = {
        .loop = &daemon->loop,
        .host_path = options->host,
        .plugin_dir = options->plugins,
        .connections = connections,
        .log_stderr = true,
    };
    daemon->remote = fy_remote_new(&remote);
    daemon->adapters = fy_remote_adapters(daemon->remote);
    if (daemon->peers.fleet != NULL)
        daemon->adapters =
            fy_gate_adapters(fy_gate_new(&daemon->loop, daemon->adapters, fy_peers_may_act, &daemon->peers));
    return true;
}

static void on_patience_over(uv_timer_t *timer)
{
    *(bool *)timer->data = true;
}

static void on_timer_closed(uv_handle_t *handle)
{
    free(handle);
}

/* The catalogue is described by a script host; what else starts up meanwhile does so in parallel. */
static void wait_for_descriptions(struct fy_daemon *daemon)
{
    bool over = false;
    uv_timer_t *patience = FY_NEW(uv_timer_t);
    (void)uv_timer_init(&daemon->loop, patience);
    patience->data = &over;
    (void)uv_timer_start(patience, on_patience_over, DESCRIBE_MS, 0);
    while (daemon->catalogue.waiting > 0 && !over)
        (void)uv_run(&daemon->loop, UV_RUN_ONCE);
    uv_close((uv_handle_t *)patience, on_timer_closed);
    fy_catalogue_settle(&daemon->catalogue);
}

static void on_catalogue_grown(void *context)
{
    struct fy_daemon *daemon = context;
    fy_engine_workflows(daemon->engine, daemon->catalogue.count);
    fy_api_workflows(daemon->api, daemon->catalogue.count);
}

/* Each time after twice as long. */
static void on_ask_again(uv_timer_t *timer)
{
    struct fy_daemon *daemon = timer->data;
    if (fy_catalogue_again(&daemon->catalogue))
        (void)uv_timer_start(timer, on_ask_again, (uint64_t)DESCRIBE_MS << daemon->catalogue.tries, 0);
}

static void ask_again_later(struct fy_daemon *daemon)
{
    fy_catalogue_follow(&daemon->catalogue, on_catalogue_grown, daemon);
    (void)uv_timer_init(&daemon->loop, &daemon->ask_again);
    daemon->ask_again.data = daemon;
    if (daemon->catalogue.count < daemon->catalogue.read->count)
        (void)uv_timer_start(&daemon->ask_again, on_ask_again, DESCRIBE_MS, 0);
}

static void list_kpis(struct fy_daemon *daemon)
{
    size_t count = 0;
    while (fy_kpis[count].name != NULL)
        count++;
    daemon->kpis = FY_NEW_ARRAY(const char *, count + 1);
    for (size_t i = 0; i < count; i++)
        daemon->kpis[i] = fy_kpis[i].name;
}

static bool start_engine(struct fy_daemon *daemon, struct fy_err *err)
{
    bool alone = daemon->peers.fleet == NULL;
    const struct fy_engine_world world = {
        .clock = fy_system_clock,
        .timers = fy_timers_of(&daemon->timers),
        .store = daemon->store,
        .journal = daemon->journal,
        .script = daemon->script,
        .adapters = daemon->adapters,
        .workflows = daemon->catalogue.workflows,
        .workflow_count = daemon->catalogue.count,
        .left = alone ? NULL : fy_peers_left,
        .left_context = &daemon->peers,
    };
    daemon->engine = fy_engine_new(&world);
    return !alone || fy_engine_recover(daemon->engine, err); /* among others, runs are claimed first */
}

static bool start_notify(struct fy_daemon *daemon, const struct fy_options *options, struct fy_err *err)
{
    FY_AUTO(fy_free_ptr) char *cursors = fy_format("%s/callbacks.cursors", options->store);
    const struct fy_connections *connections = daemon->connections;
    if (connections->receivers[0] == NULL)
        return true;
    daemon->notify = fy_notify_new(&daemon->loop, daemon->store, connections->receivers_json,
                                   connections->directory, cursors, err);
    return daemon->notify != NULL || fy_wrap(err, "%s", options->connections);
}

static void show_callbacks(void *self, struct fy_buf *buf)
{
    fy_notify_show(self, buf);
}

static bool resend_callbacks(void *self, const char *receiver, size_t *ret_count, struct fy_err *err)
{
    return fy_notify_resend(self, receiver, ret_count, err);
}

static void count_callbacks(void *self, struct fy_callback_counts *ret)
{
    const struct fy_notify_counts counts = fy_notify_count(self);
    *ret = (struct fy_callback_counts){counts.delivered, counts.failed, counts.behind, counts.dead};
}

static bool start_api(struct fy_daemon *daemon, const struct fy_options *options, struct fy_err *err)
{
    list_kpis(daemon);
    const struct fy_api_world world = {
        .loop = &daemon->loop,
        .engine = daemon->engine,
        .store = daemon->store,
        .journal = daemon->journal,
        .adapters = daemon->adapters,
        .workflows = daemon->catalogue.workflows,
        .workflow_count = daemon->catalogue.count,
        .receivers = (const char *const *)daemon->connections->receivers,
        .kpis = daemon->kpis,
        .host_path = options->host,
        .fleet = daemon->peers.fleet != NULL ? &daemon->peers.for_api : NULL,
        .started_ms = fy_system_clock.wall_ms(fy_system_clock.self),
        .callbacks = daemon->notify != NULL ? (struct fy_callbacks){daemon->notify, show_callbacks,
                                                                    resend_callbacks, count_callbacks}
                                            : (struct fy_callbacks){0},
        .socket_group = options->socket_group,
    };
    const struct fy_api_limits limits = {.tls_connections = (unsigned)options->max_connections,
                                         .per_address = (unsigned)options->max_per_address};
    return fy_api_open(&world, daemon->socket, &limits, &daemon->api, err) &&
           fy_northbound_open(daemon->api, options, err);
}

static void on_again(uv_signal_t *signal, int number)
{
    struct fy_daemon *daemon = signal->data;
    (void)number;
    fy_systemd_reloading();
    if (daemon->api != NULL)
        fy_northbound_reload(daemon->api, daemon->options);
    fy_systemd_reloaded();
}

static void take_signals(struct fy_daemon *daemon)
{
    static const int numbers[] = {SIGTERM, SIGINT};
    (void)signal(SIGPIPE, SIG_IGN);
    (void)signal(SIGXFSZ, SIG_IGN); /* a limit on the size of files is a full disk like any other */
    for (size_t i = 0; i < FY_COUNT(numbers); i++) {
        (void)uv_signal_init(&daemon->loop, &daemon->end[i]);
        daemon->end[i].data = daemon;
        (void)uv_signal_start(&daemon->end[i], on_end, numbers[i]);
    }
    (void)uv_signal_init(&daemon->loop, &daemon->again);
    daemon->again.data = daemon;
    (void)uv_signal_start(&daemon->again, on_again, SIGHUP);
}

static void tell_ready(int fd)
{
    if (fd < 0)
        return;
    if (write(fd, "r", 1) != 1)
        fy_log(FY_LOG_WARNING, "nobody waits for this daemon any more");
    (void)close(fd);
}

struct fy_daemon *fy_daemon_start(const struct fy_options *options, struct fy_err *err)
{
    struct fy_daemon *daemon = FY_NEW(struct fy_daemon);
    (void)uv_loop_init(&daemon->loop);
    daemon->lock_fd = -1;
    daemon->timers.loop = &daemon->loop;
    daemon->options = options;
    daemon->socket = fy_format("%s/ferry.sock", options->store);
    take_signals(daemon);
    if (!open_store(daemon, options, err)) /* first: it may belong to another ferryd */
        return NULL;
    daemon->script = fy_script_remote_new(&(struct fy_script_remote_options){.loop = &daemon->loop,
                                                                             .host_path = options->host,
                                                                             .log_stderr = true},
                                          err);
    if (daemon->script == NULL)
        return NULL;
    if (!start_adapters(daemon, options, err) ||
        !fy_catalogue_ask(&daemon->catalogue, options->workflows, daemon->script, err))
        return NULL;
    wait_for_descriptions(daemon);
    if (!start_notify(daemon, options, err) || !start_engine(daemon, err) || !start_api(daemon, options, err))
        return NULL;
    ask_again_later(daemon);
    if (daemon->peers.fleet != NULL)
        fy_peers_begin(&daemon->peers, daemon->engine, daemon->api);
    fy_log(FY_LOG_INFO, "%s, epoch %llu, %zu workflows, listening on %s", daemon->store->name,
           (unsigned long long)daemon->store->epoch, daemon->catalogue.count, daemon->socket);
    tell_ready((int)options->ready_fd);
    fy_systemd_begin(&daemon->loop);
    return daemon;
}

void fy_daemon_serve(struct fy_daemon *daemon)
{
    (void)uv_run(&daemon->loop, UV_RUN_DEFAULT);
}
