/* SPDX-License-Identifier: Apache-2.0 */
/* Opening and closing the PostgreSQL store. */
#include "store/pg.h"

#include "base/mem.h"
#include "base/point.h"

#include <string.h>
#include <unistd.h>

static void close_store(struct fy_store *store)
{
    struct fy_pg *s = fy_pg_of(store);
    fy_pg_disconnect(&s->writer);
    fy_pg_disconnect(&s->reader);
    fy_pg_free_runs(s);
    for (size_t i = 0; i < FY_COUNT(s->params); i++)
        fy_buf_free(&s->params[i].bytes);
    free(s->address);
    free(s->title);
    free(s->engine_name);
    free(s->engine_home);
    free(s);
}

static char *host_name(void)
{
    char name[256] = "";
    if (gethostname(name, sizeof name - 1) != 0 || name[0] == '\0')
        return fy_strdup("localhost");
    return fy_strdup(name);
}

static struct fy_pg *new_store(const struct fy_pg_options *options, char *title)
{
    struct fy_pg *s = FY_NEW(struct fy_pg);
    FY_AUTO(fy_free_ptr) char *host = host_name();
    s->address = fy_strdup(options->address);
    s->title = title;
    s->engine_home = fy_format("%s:%s", host, options->home != NULL ? options->home : "");
    s->engine_name = fy_strdup(options->name != NULL ? options->name : s->engine_home);
    s->next_number = 1;
    s->writer = s->reader = (struct fy_pg_conn){.address = s->address, .title = s->title};
    s->writer.patience_ms = 10000;
    s->reader.patience_ms = 3000; /* the loop waits */
    s->store = (struct fy_store){
        .name = s->title,
        .commit = fy_pg_commit,
        .name_kinds = fy_pg_name_kinds,
        .read = fy_pg_read,
        .read_live = fy_pg_read_live,
        .runs = fy_pg_runs,
        .text = fy_pg_text,
        .texts = fy_pg_texts,
        .close = close_store,
    };
    return s;
}

static bool join(struct fy_pg *s, const struct fy_pg_options *options, struct fy_err *err)
{
    s->session = 1;
    if (options->join != NULL)
        return options->join(options->context, &s->store.epoch, err);
    return fy_pg_join(s, err);
}

bool fy_store_open_postgresql(const struct fy_pg_options *options, struct fy_store **ret, struct fy_err *err)
{
    char *title = NULL;
    if (!fy_pg_check_address(options->address, &title, err))
        return false;
    struct fy_pg *s = new_store(options, title);
    if (!fy_pg_connect(&s->writer, err) || !fy_pg_check_schema(&s->writer, err) ||
        !fy_pg_check_rights(&s->writer, err) || !join(s, options, err) || !fy_pg_connect(&s->reader, err)) {
        close_store(&s->store);
        return false;
    }
    FY_POINT(store_opened);
    *ret = &s->store;
    return true;
}

void fy_store_renews_postgresql(struct fy_store *store, void (*renewed)(void *context, int64_t asked_ns),
                                void *context)
{
    struct fy_pg *s = fy_pg_of(store);
    s->context = context;
    s->renewed = renewed;
}
