/* SPDX-License-Identifier: Apache-2.0 */
#include "notes.h"

#include <string.h>

json_t *kube_note_read(const json_t *object)
{
    json_t *note = json_loads(KUBE_TEXT(object, "metadata", "annotations", KUBE_NOTE_STEP), 0, NULL);
    return json_is_object(note) ? note : json_object();
}

char *kube_note_new(const struct kube_op *op, const char *verb)
{
    const struct ferry_call *call = op->call;
    json_t *note = json_pack("{s:s,s:I,s:I,s:I,s:s,s:I}", "run", call->run, "step", (json_int_t)call->step,
                             "fence", (json_int_t)call->fence, "attempt", (json_int_t)call->attempt, "verb",
                             verb, "since_ms", (json_int_t)call->now_ms);
    char *text = note != NULL ? kube_api_body(note) : NULL;
    json_decref(note);
    return text;
}

static bool of_this_run(const struct kube_op *op, const json_t *note)
{
    return op->call->run[0] != '\0' && strcmp(KUBE_TEXT(note, "run"), op->call->run) == 0;
}

bool kube_note_is_mine(const struct kube_op *op, const json_t *object)
{
    json_t *note = kube_note_read(object);
    bool mine = of_this_run(op, note) && KUBE_INT(note, "step") == (json_int_t)op->call->step &&
                KUBE_INT(note, "fence") == (json_int_t)op->call->fence &&
                KUBE_INT(note, "attempt") == (json_int_t)op->call->attempt;
    json_decref(note);
    return mine;
}

uint32_t kube_note_attempt(const struct kube_op *op, const json_t *object)
{
    json_t *note = kube_note_read(object);
    bool same = of_this_run(op, note) && KUBE_INT(note, "step") == (json_int_t)op->call->step;
    uint32_t attempt = same ? (uint32_t)KUBE_INT(note, "attempt") : 0;
    json_decref(note);
    return attempt;
}

bool kube_note_fence(struct kube_op *op, const json_t *object)
{
    json_t *note = kube_note_read(object);
    const json_int_t fence = (json_int_t)op->call->fence, step = (json_int_t)op->call->step;
    json_int_t noted_fence = KUBE_INT(note, "fence"), noted_step = KUBE_INT(note, "step");
    bool late = of_this_run(op, note) && (fence < noted_fence || (fence == noted_fence && step < noted_step));
    json_decref(note);
    return !late ||
           kube_fail(
               &op->err, FERRY_FAILURE_REFUSED, "another engine has taken the run over",
               "%s %s has seen step %lld of fence %lld of this run; step %lld of fence %lld comes too late",
               KUBE_TEXT(object, "kind"), KUBE_TEXT(object, "metadata", "name"), (long long)noted_step,
               (long long)noted_fence, (long long)step, (long long)fence);
}
