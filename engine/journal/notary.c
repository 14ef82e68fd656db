/* SPDX-License-Identifier: Apache-2.0 */
/* Signs where each run stands while it moves. Only what is durable is signed. */
#include "base/map.h"
#include "base/mem.h"
#include "journal/checkpoint.h"

#include <string.h>

#define SIGN_EVERY 100 /* records of a run */

struct standing {
    char *run;
    uint64_t seq, signed_seq;
    int64_t time_ms; /* run time of the last record */
    unsigned char hash[FY_SHA256_BYTES];
};

struct fy_notary {
    struct fy_journal *journal;
    struct fy_signer *signer;
    struct fy_clock clock;
    struct fy_map runs;
};

static void sign(struct fy_notary *notary, struct standing *run)
{
    struct fy_record record = {.kind = FY_REC_CHECKPOINT,
                               .time = {run->time_ms},
                               .body = fy_checkpoint_body(notary->signer, run->run, run->seq, run->hash,
                                                          notary->clock.wall_ms(notary->clock.self))};
    run->signed_seq = run->seq;
    fy_journal_append(notary->journal, run->run, &record, 1, NULL, NULL, 0, NULL, NULL);
}

static void on_row(void *context, const struct fy_row *row)
{
    struct fy_notary *notary = context;
    if (row->kind == FY_REC_CHECKPOINT)
        return; /* what it says is no news */
    struct standing *run = fy_map_get(&notary->runs, row->run);
    if (run == NULL) {
        run = FY_NEW(struct standing);
        run->run = fy_strdup(row->run);
        run->signed_seq = row->seq - 1;
        fy_map_put(&notary->runs, run->run, run);
    }
    run->seq = row->seq;
    run->time_ms = row->time_ms;
    memcpy(run->hash, row->hash, sizeof run->hash);
    if (row->kind == FY_REC_STATE_CHANGED || run->seq - run->signed_seq >= SIGN_EVERY)
        sign(notary, run);
}

struct fy_notary *fy_notary_new(struct fy_journal *journal, struct fy_signer *signer,
                                const struct fy_clock *clock)
{
    struct fy_notary *notary = FY_NEW(struct fy_notary);
    *notary = (struct fy_notary){.journal = journal, .signer = signer, .clock = *clock};
    fy_journal_follow(journal, on_row, notary);
    return notary;
}

static void forget(struct fy_notary *notary, struct standing *run)
{
    (void)fy_map_remove(&notary->runs, run->run);
    free(run->run);
    free(run);
}

/* Who has not moved since the last turn is forgotten until it does: a store has many runs that ended. */
void fy_notary_turn(struct fy_notary *notary)
{
    struct standing **all = FY_NEW_ARRAY(struct standing *, notary->runs.count + 1);
    size_t count = 0;
    for (size_t i = 0; i < notary->runs.room; i++)
        if (notary->runs.slots[i].value != NULL)
            all[count++] = notary->runs.slots[i].value;
    for (size_t i = 0; i < count; i++)
        if (all[i]->seq > all[i]->signed_seq)
            sign(notary, all[i]);
        else
            forget(notary, all[i]);
    free(all);
}

void fy_notary_free(struct fy_notary *notary)
{
    if (notary == NULL)
        return;
    fy_journal_unfollow(notary->journal, on_row, notary);
    for (size_t i = 0; i < notary->runs.room; i++) {
        struct standing *run = notary->runs.slots[i].value;
        if (run != NULL)
            free(run->run);
        free(run);
    }
    fy_map_free(&notary->runs);
    fy_signer_free(notary->signer);
    free(notary);
}
