/* SPDX-License-Identifier: Apache-2.0 */
/* This engine's row in ferry.engine, which each commit checks and renews. */
#include "base/mem.h"
#include "store/pg.h"

bool fy_pg_join(struct fy_pg *s, struct fy_err *err)
{
    struct fy_pg_param params[2] = {0};
    fy_pg_set_text(&params[0], s->engine_name);
    fy_pg_set_text(&params[1], s->engine_home);
    FY_AUTO(fy_pg_clear) PGresult *row = fy_pg_ask(&s->writer, FY_PG_JOIN, params, 2, err);
    fy_buf_free(&params[0].bytes);
    fy_buf_free(&params[1].bytes);
    if (row == NULL)
        return false;
    s->store.epoch = (uint64_t)fy_pg_int(row, 0, 0);
    s->session = 1;
    return true;
}

bool fy_pg_fenced(struct fy_pg *s, struct fy_err *err)
{
    (void)fy_fail(err, FY_ERR_REFUSED,
                  "epoch %llu of this engine was fenced in the %s: another engine has its runs",
                  (unsigned long long)s->store.epoch, s->title);
    return fy_hint(err, "nothing is lost; start ferryd again, and it takes part with a new epoch");
}

bool fy_pg_next_session(struct fy_pg *s, struct fy_err *err)
{
    struct fy_pg_param epoch = {0};
    fy_pg_set_int(&epoch, FY_PG_INT8, (int64_t)s->store.epoch);
    s->writer.warned = false;
    FY_AUTO(fy_pg_clear) PGresult *row = fy_pg_ask(&s->writer, FY_PG_NEXT_SESSION, &epoch, 1, err);
    fy_buf_free(&epoch.bytes);
    if (row == NULL)
        return false;
    if (PQntuples(row) == 0)
        return fy_pg_fenced(s, err);
    if (s->writer.warned) /* it is durable here only; what came before it may be, too */
        return fy_fail(err, FY_ERR_TRANSIENT, "the %s could not replicate a commit", s->title);
    s->session = (uint64_t)fy_pg_int(row, 0, 0);
    return true;
}

bool fy_store_leave_postgresql(struct fy_store *store, uint64_t epoch, struct fy_err *err)
{
    struct fy_pg *s = fy_pg_of(store);
    struct fy_pg_param params[2] = {0};
    fy_pg_set_int(&params[0], FY_PG_INT8, (int64_t)store->epoch);
    fy_pg_set_int(&params[1], FY_PG_INT8, (int64_t)epoch);
    FY_AUTO(fy_pg_clear) PGresult *left = fy_pg_ask(&s->writer, FY_PG_LEAVE, params, 2, err);
    fy_buf_free(&params[0].bytes);
    fy_buf_free(&params[1].bytes);
    return left != NULL;
}
