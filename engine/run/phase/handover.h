/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A run that is given up. `fail` gives back what can be given back, looks once at what stands there, and
 * writes the hand-over list: who takes over, what is still off, where the users are, which instances run
 * what, the step in doubt, the backups, what is owed. The run is FAILED, and its network function is dirty:
 * the next order for it, or for its exclusion group, waits until somebody says
 *
 *     clean   the network function is looked at, and proven to be uniform: one version, no split, guards on
 *     adopt   it is taken as it stands; who and why are recorded, and the versions its instances run become
 *             known facts for the next order
 *
 * A dirty run stays in the index of live runs, so a restarted engine knows of it without looking for it.
 */
#ifndef FY_RUN_HANDOVER_H
#define FY_RUN_HANDOVER_H

#include "run/live.h"

/* What the records say of it; NULL in a run that was never given up. */
struct fy_handover {
    char *to, *by, *why;    /* who takes over, who said so */
    char *step;             /* JSON: the step that was open then; NULL: none was */
    char *list;             /* JSON of "handed over"; NULL: not yet */
    char *freed;            /* JSON of "freed" */
    char *how_by, *how_why; /* who asked for adopt or clean last */
    bool dirty;
};

void fy_handover_free(struct fy_handover *handover); /* NULL is allowed */

/* FAILED_TEMP, `fail` was asked, the guards are back or cannot be: look, write the list, and be FAILED. */
void fy_handover_drive(struct fy_live *live);

/* FAILED: wait for adopt or clean while the network function is dirty; then it is over. */
void fy_handover_failed_drive(struct fy_live *live);

/* Of the fold. */
void fy_handover_fold_list(struct fy_run *run, const struct fy_row *row, const json_t *doc);
void fy_handover_fold_freed(struct fy_run *run, const struct fy_row *row, const json_t *doc);

/* For the view: "dirty", "hand_over":{...}, "freed":{...}; nothing in a run that was never given up. */
void fy_handover_view(const struct fy_run *run, struct fy_buf *buf);

/* "1.2.0: 12, 1.3.0: 4" of the list; nothing if it is not known. The caller frees nothing: appended to buf.
 */
void fy_handover_versions(const json_t *list, struct fy_buf *buf);

/*
 * What the next order may take for granted, from the last run of its network function: JSON
 * {"run","who","why","instances":[{"id","version"}]}, or NULL. The caller frees it.
 */
char *fy_handover_facts(const struct fy_run *run);

#endif
