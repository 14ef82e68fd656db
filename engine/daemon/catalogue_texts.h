/* SPDX-License-Identifier: Apache-2.0 */
/* The texts a workflow is made of. Private to daemon/. */
#ifndef FY_DAEMON_CATALOGUE_TEXTS_H
#define FY_DAEMON_CATALOGUE_TEXTS_H

#include "script/script.h"

#define FY_WORKFLOW_TEXT_MAX (256u * 1024) /* bytes of one text */
#define FY_WORKFLOW_TEXTS    16            /* prelude, workflow and its modules */

struct fy_workflow_texts {
    struct fy_script_text texts[FY_WORKFLOW_TEXTS];
    size_t count;
};

/* Read directory/name/name.lua and, as far as it asks for them, its modules. */
bool fy_workflow_texts_read(struct fy_workflow_texts *texts, const char *directory, const char *name,
                            struct fy_err *err) FY_MUST_CHECK;
void fy_workflow_texts_free(struct fy_workflow_texts *texts);

#endif
