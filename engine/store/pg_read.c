/* SPDX-License-Identifier: Apache-2.0 */
/* The loop's side: rows, lines and texts back out. Records are read by the page, so that a long run needs no
 * memory. */
#include "base/mem.h"
#include "store/pg.h"

#include <string.h>

static bool damaged(const struct fy_pg *s, const char *run, uint64_t seq, struct fy_err *err)
{
    (void)fy_fail(err, FY_ERR_INTERNAL, "record %llu of run %s is missing or damaged in the %s",
                  (unsigned long long)seq, run, s->title);
    return fy_hint(err, "stop the engines, keep a copy of the store, restore the last backup");
}

static PGresult *ask_name(struct fy_pg *s, enum fy_pg_statement statement, const char *name, int64_t after,
                          size_t count, struct fy_err *err)
{
    struct fy_pg_param params[2] = {0};
    fy_pg_set_text(&params[0], name);
    fy_pg_set_int(&params[1], FY_PG_INT8, after);
    PGresult *result = fy_pg_ask(&s->reader, statement, params, count, err);
    fy_buf_free(&params[0].bytes);
    fy_buf_free(&params[1].bytes);
    return result;
}

static bool row_of(const PGresult *page, int at, const char *run, struct fy_row *ret)
{
    *ret = (struct fy_row){.run = run,
                           .seq = (uint64_t)fy_pg_int(page, at, 0),
                           .kind = (uint32_t)fy_pg_int(page, at, 1),
                           .time_ms = fy_pg_int(page, at, 2),
                           .epoch = (uint64_t)fy_pg_int(page, at, 3),
                           .body = PQgetvalue(page, at, 5),
                           .body_length = (size_t)PQgetlength(page, at, 5)};
    if (PQgetlength(page, at, 4) != FY_SHA256_BYTES)
        return false;
    memcpy(ret->hash, PQgetvalue(page, at, 4), FY_SHA256_BYTES);
    return true;
}

static bool check_known(struct fy_pg *s, const char *run, struct fy_err *err)
{
    FY_AUTO(fy_pg_clear) PGresult *found = ask_name(s, FY_PG_HAS_RUN, run, 0, 1, err);
    if (found == NULL)
        return false;
    if (PQntuples(found) > 0)
        return true;
    (void)fy_fail(err, FY_ERR_NOT_FOUND, "there is no run %.100s in the %s", run, s->title);
    return fy_hint(err, "\"ferry list\" shows the runs of this store");
}

struct reading {
    const char *run;
    uint64_t seq;
    bool (*visit)(void *context, const struct fy_row *row);
    void *context;
    bool stopped, ended;
};

static bool read_page(struct fy_pg *s, struct reading *reading, struct fy_err *err)
{
    FY_AUTO(fy_pg_clear)
    PGresult *page = ask_name(s, FY_PG_READ, reading->run, (int64_t)reading->seq, 2, err);
    if (page == NULL)
        return false;
    int count = PQntuples(page);
    reading->ended = count == 0;
    for (int i = 0; i < count && !reading->stopped; i++) {
        struct fy_row row;
        if (!row_of(page, i, reading->run, &row) || row.seq != reading->seq + 1)
            return damaged(s, reading->run, reading->seq + 1, err);
        reading->seq++;
        reading->stopped = !reading->visit(reading->context, &row);
    }
    return true;
}

static bool read_run(struct fy_pg *s, struct reading *reading, struct fy_err *err)
{
    while (!reading->stopped && !reading->ended)
        if (!read_page(s, reading, err))
            return false;
    return true;
}

bool fy_pg_read(struct fy_store *store, const char *run, uint64_t after,
                bool (*visit)(void *context, const struct fy_row *row), void *context, struct fy_err *err)
{
    struct fy_pg *s = fy_pg_of(store);
    struct reading reading = {.run = run, .seq = after, .visit = visit, .context = context};
    if (after > INT64_MAX)
        return check_known(s, run, err);
    return read_run(s, &reading, err) && (reading.seq > after || check_known(s, run, err));
}

bool fy_pg_read_live(struct fy_store *store, bool (*visit)(void *context, const struct fy_row *row),
                     void *context, struct fy_err *err)
{
    struct fy_pg *s = fy_pg_of(store);
    FY_AUTO(fy_pg_clear) PGresult *runs = fy_pg_ask(&s->reader, FY_PG_LIVE_RUNS, NULL, 0, err);
    struct reading reading = {.visit = visit, .context = context};
    for (int i = runs != NULL ? PQntuples(runs) - 1 : -1; i >= 0 && !reading.stopped; i--) {
        reading.run = PQgetvalue(runs, i, 0);
        reading.seq = 0;
        reading.ended = false;
        if (!read_run(s, &reading, err))
            return false;
    }
    return runs != NULL;
}

bool fy_pg_runs(struct fy_store *store, bool live_only,
                bool (*visit)(void *context, const struct fy_run_line *line), void *context,
                struct fy_err *err)
{
    struct fy_pg *s = fy_pg_of(store);
    FY_AUTO(fy_pg_clear)
    PGresult *lines = fy_pg_ask(&s->reader, live_only ? FY_PG_LIVE_RUNS : FY_PG_RUNS, NULL, 0, err);
    for (int i = 0; lines != NULL && i < PQntuples(lines); i++) {
        struct fy_run_line line = {.run = PQgetvalue(lines, i, 0),
                                   .request_id = PQgetvalue(lines, i, 1),
                                   .tenant = PQgetvalue(lines, i, 2),
                                   .vnf_instance_id = PQgetvalue(lines, i, 3),
                                   .order_sha256 = PQgetvalue(lines, i, 4),
                                   .accepted_ms = fy_pg_int(lines, i, 5),
                                   .final = fy_pg_int(lines, i, 6) != 0};
        if (!visit(context, &line))
            return true;
    }
    return lines != NULL;
}

bool fy_pg_text(struct fy_store *store, const char *sha256, char **ret_bytes, size_t *ret_length,
                struct fy_err *err)
{
    struct fy_pg *s = fy_pg_of(store);
    FY_AUTO(fy_pg_clear) PGresult *found = ask_name(s, FY_PG_TEXT_OF, sha256, 0, 1, err);
    char hex[FY_SHA256_HEX];
    if (found == NULL)
        return false;
    if (PQntuples(found) == 0)
        return fy_fail(err, FY_ERR_NOT_FOUND, "there is no text %s in the %s", sha256, s->title);
    size_t length = (size_t)PQgetlength(found, 0, 0);
    fy_sha256_text(PQgetvalue(found, 0, 0), length, hex);
    if (strcmp(hex, sha256) != 0)
        return fy_fail(err, FY_ERR_INTERNAL, "the text %s in the %s is damaged: its digest is %s", sha256,
                       s->title, hex);
    *ret_bytes = fy_alloc(length + 1);
    memcpy(*ret_bytes, PQgetvalue(found, 0, 0), length);
    *ret_length = length;
    return true;
}

bool fy_pg_texts(struct fy_store *store, bool (*visit)(void *context, const struct fy_text *text),
                 void *context, struct fy_err *err)
{
    struct fy_pg *s = fy_pg_of(store);
    FY_AUTO(fy_pg_clear) PGresult *rows = fy_pg_ask(&s->reader, FY_PG_TEXTS, NULL, 0, err);
    for (int i = 0; rows != NULL && i < PQntuples(rows); i++) {
        struct fy_text text = {.bytes = PQgetvalue(rows, i, 1), .length = (size_t)PQgetlength(rows, i, 1)};
        (void)strncpy(text.sha256, PQgetvalue(rows, i, 0), sizeof text.sha256 - 1);
        if (!visit(context, &text))
            return true;
    }
    return rows != NULL;
}
