/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Moving in: every run and text of an SQLite store into a PostgreSQL one, record by record as they are, so
 * that every chain, export and checkpoint stays good. It can be broken off and begun again.
 */
#include "daemon/store_copy.h"

#include "base/buf.h"
#include "base/mem.h"
#include "journal/journal.h"

#include <string.h>

#define AT_ONCE 500 /* records a commit */

struct copy {
    struct fy_store *from, *to;
    struct fy_copied *counts;
    struct fy_err *err;
};

/* Rows that wait for the next commit; their bodies are copies. */
struct pile {
    struct copy *copy;
    const struct fy_run_line *line;
    struct fy_row rows[AT_ONCE];
    size_t count;
    struct fy_verifier there; /* what the target has of this run, then what was verified of the source */
    uint64_t has;             /* records the target has already */
    unsigned char has_hash[FY_SHA256_BYTES];
    bool failed;
};

static bool put_pile(struct pile *pile, bool last)
{
    struct fy_run_line line = *pile->line;
    line.final = pile->line->final && last;
    bool first = pile->count > 0 && pile->rows[0].seq == 1;
    const struct fy_store_batch batch = {.rows = pile->rows,
                                         .row_count = pile->count,
                                         .lines = &line,
                                         .line_count = first || line.final ? 1 : 0};
    struct fy_store *to = pile->copy->to;
    bool good = batch.row_count + batch.line_count == 0 || to->commit(to, &batch, pile->copy->err);
    for (size_t i = 0; i < pile->count; i++)
        free((void *)(uintptr_t)pile->rows[i].body);
    pile->copy->counts->records += good ? pile->count : 0;
    pile->count = 0;
    return good;
}

static bool is_another_run(struct pile *pile)
{
    pile->failed = true;
    (void)fy_fail(pile->copy->err, FY_ERR_CONFLICT, "run %.100s is in the %s already, and is another one",
                  pile->line->run, pile->copy->to->name);
    return !fy_hint(pile->copy->err, "copy into an empty store") && false;
}

static bool take_row(void *context, const struct fy_row *row)
{
    struct pile *pile = context;
    if (!fy_verify_row(&pile->there, pile->line->run, row, pile->copy->err)) {
        pile->failed = true;
        return false;
    }
    if (row->seq == pile->has && memcmp(row->hash, pile->has_hash, FY_SHA256_BYTES) != 0)
        return is_another_run(pile);
    if (row->seq <= pile->has)
        return true;
    struct fy_row *kept = &pile->rows[pile->count++];
    *kept = *row;
    kept->body = fy_strndup(row->body, row->body_length);
    pile->failed = pile->count == AT_ONCE && !put_pile(pile, false);
    return !pile->failed;
}

static bool see_there(void *context, const struct fy_row *row)
{
    struct pile *pile = context;
    pile->has = row->seq;
    memcpy(pile->has_hash, row->hash, FY_SHA256_BYTES);
    return true;
}

/* What the target has of a run, from an earlier try. */
static bool look_there(struct pile *pile)
{
    struct fy_store *to = pile->copy->to;
    struct fy_err why = {0};
    if (to->read(to, pile->line->run, 0, see_there, pile, &why) || why.kind == FY_ERR_NOT_FOUND)
        return true;
    *pile->copy->err = why;
    return false;
}

/* Read it back from where it is now: the same chain to the same end. */
static bool check_there(void *context, const struct fy_row *row)
{
    struct pile *pile = context;
    pile->failed = !fy_verify_row(&pile->there, pile->line->run, row, pile->copy->err);
    return !pile->failed;
}

static bool read_back(struct pile *pile)
{
    struct fy_store *to = pile->copy->to;
    const struct fy_verifier wanted = pile->there;
    pile->there = (struct fy_verifier){0};
    if (!to->read(to, pile->line->run, 0, check_there, pile, pile->copy->err) || pile->failed)
        return false;
    return (pile->there.seq == wanted.seq && memcmp(pile->there.hash, wanted.hash, FY_SHA256_BYTES) == 0) ||
           fy_fail(pile->copy->err, FY_ERR_INTERNAL, "run %.100s is not the same in the %s", pile->line->run,
                   to->name);
}

static bool copy_run(struct copy *copy, const struct fy_run_line *line)
{
    struct pile *pile = FY_NEW(struct pile);
    *pile = (struct pile){.copy = copy, .line = line};
    bool good = look_there(pile) && copy->from->read(copy->from, line->run, 0, take_row, pile, copy->err) &&
                !pile->failed && put_pile(pile, true) && read_back(pile);
    for (size_t i = 0; i < pile->count; i++)
        free((void *)(uintptr_t)pile->rows[i].body);
    free(pile);
    copy->counts->runs += good ? 1 : 0;
    return good;
}

static bool copy_text(void *context, const struct fy_text *text)
{
    struct copy *copy = context;
    const struct fy_store_batch batch = {.texts = text, .text_count = 1};
    bool good = copy->to->commit(copy->to, &batch, copy->err);
    copy->counts->texts += good ? 1 : 0;
    return good;
}

/* Lines of the index, newest first as they are read. */
struct lines {
    struct fy_run_line *list;
    size_t count;
};

static bool keep_line(void *context, const struct fy_run_line *line)
{
    struct lines *lines = context;
    lines->list = fy_realloc(lines->list, (lines->count + 1) * sizeof *lines->list);
    lines->list[lines->count++] = (struct fy_run_line){.run = fy_strdup(line->run),
                                                       .request_id = fy_strdup(line->request_id),
                                                       .tenant = fy_strdup(line->tenant),
                                                       .vnf_instance_id = fy_strdup(line->vnf_instance_id),
                                                       .order_sha256 = fy_strdup(line->order_sha256),
                                                       .accepted_ms = line->accepted_ms,
                                                       .final = line->final};
    return true;
}

static void free_lines(struct lines *lines)
{
    for (size_t i = 0; i < lines->count; i++) {
        const char *const strings[] = {lines->list[i].run, lines->list[i].request_id, lines->list[i].tenant,
                                       lines->list[i].vnf_instance_id, lines->list[i].order_sha256};
        for (size_t j = 0; j < FY_COUNT(strings); j++)
            free((void *)(uintptr_t)strings[j]);
    }
    free(lines->list);
}

bool fy_store_copy(struct fy_store *from, struct fy_store *to, struct fy_copied *ret, struct fy_err *err)
{
    struct fy_copied counts = {0};
    struct copy copy = {.from = from, .to = to, .counts = &counts, .err = err};
    FY_AUTO(free_lines) struct lines lines = {0};
    *err = (struct fy_err){0};
    if (!from->texts(from, copy_text, &copy, err) || err->kind != FY_ERR_NONE ||
        !from->runs(from, false, keep_line, &lines, err))
        return false;
    for (size_t i = lines.count; i-- > 0;)
        if (!copy_run(&copy, &lines.list[i]))
            return false;
    *ret = counts;
    return true;
}
