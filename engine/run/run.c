/* SPDX-License-Identifier: Apache-2.0 */
#include "base/mem.h"
#include "run/fold.h"
#include "run/phase/handover.h"
#include "run/prep.h"
#include "run/verb/approve.h"
#include "run/verb/aside.h"
#include "run/verb/retarget.h"
#include "run/verb/wish.h"
#include "run/watch/kpis.h"
#include "run/watch/signs.h"

#include <string.h>

struct fy_run *fy_run_new(const char *id)
{
    struct fy_run *run = FY_NEW(struct fy_run);
    run->id = fy_strdup(id);
    return run;
}

static void free_step(struct fy_run_step *step)
{
    free(step->call);
    free(step->connection);
    free(step->verb);
    free(step->args);
    free(step->text);
}

static void free_held(struct fy_run *run)
{
    for (size_t i = 0; i < run->held_count; i++) {
        free(run->held[i].guard);
        free(run->held[i].connection);
        free(run->held[i].prior);
        free(run->held[i].off);
        free(run->held[i].why);
    }
    free(run->held);
}

static void free_texts(struct fy_run *run)
{
    for (size_t i = 0; i < run->text_count; i++) {
        free(run->texts[i].role);
        free(run->texts[i].sha256);
    }
    free(run->texts);
}

void fy_run_free(struct fy_run *run)
{
    if (run == NULL)
        return;
    char *texts[] = {run->id,       run->order_sha256,  run->who,        run->from,
                     run->workflow, run->error.message, run->error.hint, run->function,
                     run->phase,    run->verdict,       run->sentence,   run->evidence,
                     run->backup,   run->asked_why};
    for (size_t i = 0; i < FY_COUNT(texts); i++)
        free(texts[i]);
    free_step(&run->step);
    fy_approve_free(&run->approval);
    free_held(run);
    free_texts(run);
    fy_aside_clear(run);
    fy_former_clear(run);
    fy_wish_drop(run);
    free(run->refusal);
    fy_order_free(run->order);
    fy_judge_free(run->judge);
    fy_run_kpis_free(run);
    fy_signs_free(run);
    fy_prep_free(run->prep);
    fy_handover_free(run->handover);
    free(run->observed);
    free(run->amended);
    free(run->known);
    free(run->foreseen);
    free(run->counts);
    free(run->snapshots);
    free(run);
}

bool fy_run_goes_back(const struct fy_run *run)
{
    return run->program_due || run->returns || run->mirrored;
}

size_t fy_run_held(const struct fy_run *run)
{
    size_t held = 0;
    for (size_t i = 0; i < run->held_count; i++)
        held += run->held[i].held;
    return held;
}

struct fy_held *fy_run_find_held(const struct fy_run *run, const char *guard)
{
    for (size_t i = 0; i < run->held_count; i++)
        if (strcmp(run->held[i].guard, guard) == 0)
            return &run->held[i];
    return NULL;
}
