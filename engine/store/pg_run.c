/* SPDX-License-Identifier: Apache-2.0 */
/* What the writer knows of runs: numbers, and where each one ends. Others may write a run that was theirs
 * meanwhile, so what is remembered is looked up again before anything is refused over it. */
#include "base/mem.h"
#include "store/pg.h"

#include <string.h>

static struct fy_pg_run *remember(struct fy_pg *s, const char *name, int64_t number, int32_t month,
                                  uint64_t seq)
{
    struct fy_pg_run *run = FY_NEW(struct fy_pg_run);
    *run = (struct fy_pg_run){
        .name = fy_strdup(name), .number = number, .month = month, .seq = seq, .next_seq = seq};
    fy_map_put(&s->runs, run->name, run);
    return run;
}

/* FY_ERR_NOT_FOUND in err->kind where there is none. */
static PGresult *look_up(struct fy_pg *s, const char *name, struct fy_err *err)
{
    struct fy_pg_param param = {0};
    fy_pg_set_text(&param, name);
    PGresult *row = fy_pg_ask(&s->writer, FY_PG_FIND_RUN, &param, 1, err);
    fy_buf_free(&param.bytes);
    if (row == NULL || PQntuples(row) > 0)
        return row;
    PQclear(row);
    (void)fy_fail(err, FY_ERR_NOT_FOUND, "there is no run %.100s in the %s", name, s->title);
    return NULL;
}

struct fy_pg_run *fy_pg_find_run(struct fy_pg *s, const char *name, struct fy_err *err)
{
    struct fy_pg_run *run = fy_map_get(&s->runs, name);
    if (run != NULL)
        return run;
    FY_AUTO(fy_pg_clear) PGresult *row = look_up(s, name, err);
    return row == NULL ? NULL
                       : remember(s, name, fy_pg_int(row, 0, 0), (int32_t)fy_pg_int(row, 0, 1),
                                  (uint64_t)fy_pg_int(row, 0, 2));
}

bool fy_pg_reload_run(struct fy_pg *s, struct fy_pg_run *run, struct fy_err *err)
{
    FY_AUTO(fy_pg_clear) PGresult *row = look_up(s, run->name, err);
    if (row == NULL)
        return err->kind == FY_ERR_NOT_FOUND; /* new, and not written yet */
    run->number = fy_pg_int(row, 0, 0);
    run->month = (int32_t)fy_pg_int(row, 0, 1);
    run->seq = run->next_seq = (uint64_t)fy_pg_int(row, 0, 2);
    return true;
}

static bool take_number(struct fy_pg *s, int64_t *ret, struct fy_err *err)
{
    if (s->next_number > s->last_number) {
        FY_AUTO(fy_pg_clear) PGresult *rows = fy_pg_ask(&s->writer, FY_PG_NUMBERS, NULL, 0, err);
        if (rows == NULL)
            return false;
        /* another engine may take some in between: only what follows without a gap is ours for certain */
        int taken = 1;
        while (taken < PQntuples(rows) && fy_pg_int(rows, taken, 0) == fy_pg_int(rows, 0, 0) + taken)
            taken++;
        s->next_number = fy_pg_int(rows, 0, 0);
        s->last_number = s->next_number + taken - 1;
    }
    *ret = s->next_number++;
    return true;
}

static bool make_month(struct fy_pg *s, int32_t month, struct fy_err *err)
{
    struct fy_pg_param param = {0};
    if (s->made_month == month && month != 0)
        return true;
    fy_pg_set_int(&param, FY_PG_DATE, month);
    FY_AUTO(fy_pg_clear) PGresult *done = fy_pg_ask(&s->writer, FY_PG_MAKE_MONTH, &param, 1, err);
    fy_buf_free(&param.bytes);
    if (done != NULL)
        s->made_month = month;
    return done != NULL;
}

struct fy_pg_run *fy_pg_add_run(struct fy_pg *s, const struct fy_run_line *line, struct fy_err *err)
{
    int64_t number = 0;
    int32_t month = fy_pg_month_of(line->accepted_ms);
    if (!make_month(s, month, err) || !take_number(s, &number, err))
        return NULL;
    return remember(s, line->run, number, month, 0); /* stays if this batch fails: it will be tried again */
}

void fy_pg_touch_run(struct fy_pg *s, struct fy_pg_run *run)
{
    if (run->touched)
        return;
    run->touched = true;
    if (s->touched_count == s->touched_room) {
        s->touched_room = s->touched_room == 0 ? 64 : 2 * s->touched_room;
        s->touched = fy_realloc(s->touched, s->touched_room * sizeof(struct fy_pg_run *));
    }
    s->touched[s->touched_count++] = run;
}

void fy_pg_settle_runs(struct fy_pg *s, bool durable)
{
    for (size_t i = 0; i < s->touched_count; i++) {
        struct fy_pg_run *run = s->touched[i];
        if (durable)
            run->seq = run->next_seq;
        else
            run->next_seq = run->seq;
        run->touched = false;
        run->line = NULL;
    }
    s->touched_count = 0;
}

void fy_pg_free_runs(struct fy_pg *s)
{
    for (size_t i = 0; i < s->runs.room; i++) {
        struct fy_pg_run *run = s->runs.slots[i].value;
        if (run != NULL)
            free(run->name);
        free(run);
    }
    fy_map_free(&s->runs);
    free(s->touched);
}
