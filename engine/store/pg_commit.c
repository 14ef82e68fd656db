/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The writer's side: one batch of any number of runs is one statement, which is a transaction of its own. So
 * a process that is stopped in the middle holds nothing open, and the server never waits for this one between
 * BEGIN and COMMIT.
 */
#include "base/mem.h"
#include "base/point.h"
#include "store/pg.h"

#include <string.h>
#include <time.h>

enum param {
    EPOCH,
    SESSION,
    MONTH,
    RUN,
    SEQ,
    KIND,
    TIME,
    ROW_EPOCH,
    HASH,
    BODY,
    RECORD_PARAMS,
    LINE_NUMBER = RECORD_PARAMS,
    LINE_NAME,
    LINE_MONTH,
    LINE_REQUEST,
    LINE_TENANT,
    LINE_VNF,
    LINE_ORDER,
    LINE_ACCEPTED,
    LINE_FINAL,
    TEXT_SHA256,
    TEXT_BYTES,
};

static void begin_arrays(struct fy_pg *s)
{
    static const uint32_t types[FY_PG_COMMIT_PARAMS] = {
        [MONTH] = FY_PG_DATE,         [RUN] = FY_PG_INT8,        [SEQ] = FY_PG_INT8,
        [KIND] = FY_PG_INT4,          [TIME] = FY_PG_INT8,       [ROW_EPOCH] = FY_PG_INT8,
        [HASH] = FY_PG_BYTEA,         [BODY] = FY_PG_TEXT,       [LINE_NUMBER] = FY_PG_INT8,
        [LINE_NAME] = FY_PG_TEXT,     [LINE_MONTH] = FY_PG_DATE, [LINE_REQUEST] = FY_PG_TEXT,
        [LINE_TENANT] = FY_PG_TEXT,   [LINE_VNF] = FY_PG_TEXT,   [LINE_ORDER] = FY_PG_TEXT,
        [LINE_ACCEPTED] = FY_PG_INT8, [LINE_FINAL] = FY_PG_BOOL, [TEXT_SHA256] = FY_PG_TEXT,
        [TEXT_BYTES] = FY_PG_BYTEA,
    };
    fy_pg_set_int(&s->params[EPOCH], FY_PG_INT8, (int64_t)s->store.epoch);
    fy_pg_set_int(&s->params[SESSION], FY_PG_INT8, (int64_t)s->session);
    for (size_t i = MONTH; i < FY_PG_COMMIT_PARAMS; i++)
        fy_pg_begin(&s->params[i], types[i]);
}

static void add_line(struct fy_pg *s, const struct fy_pg_run *run, const struct fy_run_line *line)
{
    fy_pg_add_int(&s->params[LINE_NUMBER], run->number);
    fy_pg_add_text(&s->params[LINE_NAME], line->run);
    fy_pg_add_int(&s->params[LINE_MONTH], run->month);
    fy_pg_add_text(&s->params[LINE_REQUEST], line->request_id);
    fy_pg_add_text(&s->params[LINE_TENANT], line->tenant);
    fy_pg_add_text(&s->params[LINE_VNF], line->vnf_instance_id);
    fy_pg_add_text(&s->params[LINE_ORDER], line->order_sha256);
    fy_pg_add_int(&s->params[LINE_ACCEPTED], line->accepted_ms);
    fy_pg_add_int(&s->params[LINE_FINAL], run->line->final ? 1 : 0);
}

/* A run may begin and end in one batch: it has one line there, the first, as final as the last. */
static bool add_lines(struct fy_pg *s, const struct fy_store_batch *batch, struct fy_err *err)
{
    for (size_t i = 0; i < batch->line_count; i++) {
        const struct fy_run_line *line = &batch->lines[i];
        struct fy_pg_run *run = fy_pg_find_run(s, line->run, err);
        if (run == NULL && err->kind == FY_ERR_NOT_FOUND)
            run = fy_pg_add_run(s, line, err);
        if (run == NULL)
            return false;
        fy_pg_touch_run(s, run);
        run->line = line;
    }
    for (size_t i = 0; i < batch->line_count; i++) {
        struct fy_pg_run *run = fy_map_get(&s->runs, batch->lines[i].run);
        if (run->line == NULL)
            continue;
        add_line(s, run, &batch->lines[i]);
        run->line = NULL;
    }
    return true;
}

static void add_texts(struct fy_pg *s, const struct fy_store_batch *batch)
{
    for (size_t i = 0; i < batch->text_count; i++) {
        fy_pg_add_text(&s->params[TEXT_SHA256], batch->texts[i].sha256);
        fy_pg_add_bytes(&s->params[TEXT_BYTES], batch->texts[i].bytes, batch->texts[i].length);
    }
}

static void add_row(struct fy_pg *s, const struct fy_pg_run *run, const struct fy_row *row)
{
    fy_pg_add_int(&s->params[MONTH], run->month);
    fy_pg_add_int(&s->params[RUN], run->number);
    fy_pg_add_int(&s->params[SEQ], (int64_t)row->seq);
    fy_pg_add_int(&s->params[KIND], row->kind);
    fy_pg_add_int(&s->params[TIME], row->time_ms);
    fy_pg_add_int(&s->params[ROW_EPOCH], (int64_t)row->epoch);
    fy_pg_add_bytes(&s->params[HASH], row->hash, FY_SHA256_BYTES);
    fy_pg_add_bytes(&s->params[BODY], row->body, row->body_length);
}

static bool refuse_row(const struct fy_pg *s, const struct fy_row *row, const struct fy_pg_run *run,
                       struct fy_err *err)
{
    if (run == NULL)
        return fy_fail(err, FY_ERR_INTERNAL, "record %llu of run %s has no line in the index of the %s",
                       (unsigned long long)row->seq, row->run, s->title);
    return fy_fail(err, FY_ERR_INTERNAL, "record %llu of run %s does not follow record %llu in the %s",
                   (unsigned long long)row->seq, row->run, (unsigned long long)run->next_seq, s->title);
}

static bool add_rows(struct fy_pg *s, const struct fy_store_batch *batch, struct fy_err *err)
{
    struct fy_pg_run *run = NULL;
    for (size_t i = 0; i < batch->row_count; i++) {
        const struct fy_row *row = &batch->rows[i];
        if (run == NULL || strcmp(run->name, row->run) != 0)
            run = fy_pg_find_run(s, row->run, err);
        if (run == NULL && err->kind != FY_ERR_NOT_FOUND)
            return false;
        if (run != NULL && row->seq != run->next_seq + 1 && run->next_seq == run->seq &&
            !fy_pg_reload_run(s, run, err))
            return false;
        if (run == NULL || row->seq != run->next_seq + 1)
            return refuse_row(s, row, run, err);
        add_row(s, run, row);
        fy_pg_touch_run(s, run);
        run->next_seq++;
    }
    return true;
}

/*
 * The connection was lost before the answer came. This engine's session is raised first: that waits for what
 * the old connection still has under way, and voids it. What is not there now can never come.
 */
static bool settle(struct fy_pg *s, const struct fy_store_batch *batch, bool *ret_done, struct fy_err *err)
{
    *ret_done = false;
    if (!fy_pg_connect(&s->writer, err) || !fy_pg_next_session(s, err))
        return false;
    s->unsure = false;
    if (batch->row_count == 0)
        return true; /* lines and texts may be written twice */
    const struct fy_row *first = &batch->rows[0];
    const struct fy_pg_run *run = fy_pg_find_run(s, first->run, err);
    if (run == NULL)
        return err->kind == FY_ERR_NOT_FOUND; /* it would have come with its line */
    struct fy_pg_param params[3] = {0};
    fy_pg_set_int(&params[0], FY_PG_DATE, run->month);
    fy_pg_set_int(&params[1], FY_PG_INT8, run->number);
    fy_pg_set_int(&params[2], FY_PG_INT8, (int64_t)first->seq);
    FY_AUTO(fy_pg_clear) PGresult *row = fy_pg_ask(&s->writer, FY_PG_FIND_RECORD, params, 3, err);
    for (size_t i = 0; i < FY_COUNT(params); i++)
        fy_buf_free(&params[i].bytes);
    if (row == NULL) {
        s->unsure = true; /* asked again, with the batch */
        return false;
    }
    if (PQntuples(row) == 0)
        return true;
    if (memcmp(PQgetvalue(row, 0, 0), first->hash, FY_SHA256_BYTES) != 0)
        return fy_pg_fenced(s, err);
    *ret_done = true;
    return true;
}

/* The rows are on their way: was the fence there, and is all of it durable? */
static bool await(struct fy_pg *s, const struct fy_store_batch *batch, bool more, struct fy_err *err)
{
    FY_AUTO(fy_pg_clear) PGresult *result = fy_pg_receive(&s->writer, "could not write to", err);
    if (result == NULL || s->writer.warned) {
        s->unsure = result != NULL || err->kind == FY_ERR_UNSURE;
        if (!s->unsure)
            return false;
        if (result != NULL)
            (void)fy_fail(err, FY_ERR_TRANSIENT, "the %s gave up waiting for its standby", s->title);
        err->kind = FY_ERR_TRANSIENT;
        fy_pg_disconnect(&s->writer);
        return fy_hint(
            err, "how the commit ended is asked when the store answers again; the engine goes on by itself");
    }
    int64_t fence = more ? fy_pg_int(result, 0, 0) : strtol(PQcmdTuples(result), NULL, 10) > 0;
    int64_t rows = more ? fy_pg_int(result, 0, 1) : strtol(PQcmdTuples(result), NULL, 10);
    if (fence == 0)
        return fy_pg_fenced(s, err);
    return rows == (int64_t)batch->row_count ||
           fy_fail(err, FY_ERR_INTERNAL, "the %s took %lld records of %zu", s->title, (long long)rows,
                   batch->row_count);
}

static int64_t now_ns(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_BOOTTIME, &now);
    return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

static bool write_batch(struct fy_pg *s, const struct fy_store_batch *batch, struct fy_err *err)
{
    bool more = batch->line_count > 0 || batch->text_count > 0;
    int64_t asked_ns = now_ns();
    begin_arrays(s);
    if (!add_lines(s, batch, err) || !add_rows(s, batch, err))
        return false;
    add_texts(s, batch);
    s->writer.warned = false;
    if (!fy_pg_send(&s->writer, more ? FY_PG_COMMIT_MORE : FY_PG_COMMIT, s->params,
                    more ? FY_PG_COMMIT_PARAMS : RECORD_PARAMS, err)) {
        s->unsure = err->kind == FY_ERR_TRANSIENT; /* some of it may have left, perhaps all */
        return false;
    }
    FY_POINT(journal_after_insert);
    if (!await(s, batch, more, err))
        return false;
    if (s->renewed != NULL)
        s->renewed(s->context, asked_ns);
    return true;
}

bool fy_pg_commit(struct fy_store *store, const struct fy_store_batch *batch, struct fy_err *err)
{
    struct fy_pg *s = fy_pg_of(store);
    bool done = false;
    if (s->unsure && !settle(s, batch, &done, err))
        return false;
    if (batch->row_count + batch->line_count + batch->text_count == 0)
        return true;
    if (done) /* it was durable all the time; what is remembered of its runs is older */
        for (size_t i = 0; i < batch->row_count; i++) {
            struct fy_pg_run *run = fy_pg_find_run(s, batch->rows[i].run, err);
            if (run == NULL)
                return false;
            run->seq = run->next_seq = batch->rows[i].seq;
        }
    bool good = done || write_batch(s, batch, err);
    fy_pg_settle_runs(s, good);
    return good;
}

bool fy_pg_name_kinds(struct fy_store *store, const char *const *names, size_t count, struct fy_err *err)
{
    struct fy_pg *s = fy_pg_of(store);
    struct fy_pg_param params[2] = {0};
    fy_pg_begin(&params[0], FY_PG_INT4);
    fy_pg_begin(&params[1], FY_PG_TEXT);
    for (size_t i = 0; i < count; i++) {
        if (names[i] == NULL)
            continue;
        fy_pg_add_int(&params[0], (int64_t)i);
        fy_pg_add_text(&params[1], names[i]);
    }
    FY_AUTO(fy_pg_clear) PGresult *done = fy_pg_ask(&s->writer, FY_PG_NAME_KINDS, params, 2, err);
    fy_buf_free(&params[0].bytes);
    fy_buf_free(&params[1].bytes);
    return done != NULL;
}
