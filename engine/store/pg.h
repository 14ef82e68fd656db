/* SPDX-License-Identifier: Apache-2.0 */
/* Inside the PostgreSQL store: what its files share. */
#ifndef FY_STORE_PG_H
#define FY_STORE_PG_H

#include "base/map.h"
#include "store/pg_param.h"
#include "store/store.h"

#include <libpq-fe.h>

/* The statements; each connection prepares one the first time it uses it (pg_conn.c has the texts). */
enum fy_pg_statement {
#define X(name, text) FY_PG_##name,
#include "store/pg_statement.def"
#undef X
    FY_PG_STATEMENTS
};

/* One connection, made again when it is lost. Used by one thread. */
struct fy_pg_conn {
    const char *address; /* lent */
    const char *title;   /* lent */
    PGconn *raw;         /* NULL: not connected */
    bool prepared[FY_PG_STATEMENTS];
    int patience_ms; /* for an answer; 0: for ever */
    bool warned;     /* the server has warned: a commit may be durable here only */
};

#define FY_PG_COMMIT_PARAMS 21

/* What the writer knows of a run. */
struct fy_pg_run {
    char *name;
    int64_t number;
    int32_t month; /* days since 2000-01-01, as PostgreSQL counts */
    uint64_t seq;
    uint64_t next_seq; /* in the batch being written */
    bool touched;
    const struct fy_run_line *line; /* the last one of the batch in hand */
};

struct fy_pg {
    struct fy_store store; /* first: the vtable's self */
    char *address, *title;
    char *engine_name, *engine_home;
    void (*renewed)(void *context, int64_t asked_ns); /* NULL: nobody wants to know */
    void *context;
    struct fy_pg_conn writer, reader;
    uint64_t session; /* ferry.engine.session that commits of this connection carry */
    struct fy_map runs;
    struct fy_pg_run **touched;
    size_t touched_count, touched_room;
    int64_t next_number, last_number; /* taken from the sequence, not used yet */
    int32_t made_month;               /* its partition is there */
    bool unsure;                      /* how the last commit ended is not known; its batch comes again */
    struct fy_pg_param params[FY_PG_COMMIT_PARAMS]; /* the writer's, kept for their room */
};

static inline struct fy_pg *fy_pg_of(struct fy_store *store)
{
    return (struct fy_pg *)store;
}

/* pg_address.c: refuses passwords; the title for messages is the caller's to free. */
bool fy_pg_check_address(const char *address, char **ret_title, struct fy_err *err);

/* pg_conn.c */
bool fy_pg_connect(struct fy_pg_conn *conn, struct fy_err *err); /* if it is not */
void fy_pg_disconnect(struct fy_pg_conn *conn);
/* Ask and wait. NULL is a failure; otherwise rows (perhaps none), to be cleared with PQclear. */
PGresult *fy_pg_ask(struct fy_pg_conn *conn, enum fy_pg_statement statement, const struct fy_pg_param *params,
                    size_t count, struct fy_err *err);
/* The two halves of it. A statement that was sent and has no answer may have happened: FY_ERR_UNSURE. */
bool fy_pg_send(struct fy_pg_conn *conn, enum fy_pg_statement statement, const struct fy_pg_param *params,
                size_t count, struct fy_err *err);
PGresult *fy_pg_receive(struct fy_pg_conn *conn, const char *what, struct fy_err *err);
bool fy_pg_script(struct fy_pg_conn *conn, const char *sql, const char *what, struct fy_err *err);
void fy_pg_clear(PGresult **result); /* for FY_AUTO */

/* Binary columns. */
int64_t fy_pg_int(const PGresult *result, int row, int column); /* int4, int8, date or bool */

/* pg_check.c: settings and rights that the promise needs. FY_ERR_REFUSED says which is wrong. */
bool fy_pg_check_server(struct fy_pg_conn *conn, struct fy_err *err);
bool fy_pg_check_rights(struct fy_pg_conn *conn, struct fy_err *err);

/* pg_migrate.c */
bool fy_pg_check_schema(struct fy_pg_conn *conn, struct fy_err *err);

/* pg_engine.c: this engine's row in ferry.engine. */
bool fy_pg_join(struct fy_pg *s, struct fy_err *err);
bool fy_pg_next_session(struct fy_pg *s, struct fy_err *err); /* what earlier ones have under way is void */
bool fy_pg_fenced(struct fy_pg *s, struct fy_err *err);       /* says by whom; returns false */

/* pg_run.c: the writer's index of runs. */
struct fy_pg_run *fy_pg_find_run(struct fy_pg *s, const char *name, struct fy_err *err);
struct fy_pg_run *fy_pg_add_run(struct fy_pg *s, const struct fy_run_line *line, struct fy_err *err);
void fy_pg_touch_run(struct fy_pg *s, struct fy_pg_run *run);
void fy_pg_settle_runs(struct fy_pg *s, bool durable);
void fy_pg_free_runs(struct fy_pg *s);
bool fy_pg_reload_run(struct fy_pg *s, struct fy_pg_run *run, struct fy_err *err);

/* pg_commit.c */
bool fy_pg_commit(struct fy_store *store, const struct fy_store_batch *batch, struct fy_err *err);
bool fy_pg_name_kinds(struct fy_store *store, const char *const *names, size_t count, struct fy_err *err);

/* pg_read.c */
bool fy_pg_read(struct fy_store *store, const char *run, uint64_t after,
                bool (*visit)(void *context, const struct fy_row *row), void *context, struct fy_err *err);
bool fy_pg_read_live(struct fy_store *store, bool (*visit)(void *context, const struct fy_row *row),
                     void *context, struct fy_err *err);
bool fy_pg_runs(struct fy_store *store, bool live_only,
                bool (*visit)(void *context, const struct fy_run_line *line), void *context,
                struct fy_err *err);
bool fy_pg_text(struct fy_store *store, const char *sha256, char **ret_bytes, size_t *ret_length,
                struct fy_err *err);
bool fy_pg_texts(struct fy_store *store, bool (*visit)(void *context, const struct fy_text *text),
                 void *context, struct fy_err *err);

#endif
