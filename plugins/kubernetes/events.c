/* SPDX-License-Identifier: Apache-2.0 */
#include "events.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *time_of(const json_t *event)
{
    const char *last = KUBE_TEXT(event, "lastTimestamp");
    return last[0] != '\0' ? last : KUBE_TEXT(event, "eventTime");
}

void kube_events_newest(struct kube_op *op, const char *kind, const char *name, char *words, size_t size)
{
    struct kube_err ignored = {0}; /* without events the words are fewer, nothing else */
    char *path =
        kube_path(op, "/api/v1",
                  "events?fieldSelector=involvedObject.kind%%3D%s,involvedObject.name%%3D%s,type%%3DWarning",
                  kind, name);
    json_t *events = path != NULL ? kube_api_list(op->http, path, &ignored) : NULL, *event;
    const char *when = "";
    size_t i;
    words[0] = '\0';
    json_array_foreach(events, i, event)
    {
        if (strcmp(time_of(event), when) < 0)
            continue;
        when = time_of(event);
        (void)snprintf(words, size, "%s: %s", KUBE_TEXT(event, "reason"), KUBE_TEXT(event, "message"));
    }
    json_decref(events);
    free(path);
}

void kube_events_tell(struct kube_op *op, const char *kind, const char *name)
{
    char words[300], *message = op->err.message;
    kube_events_newest(op, kind, name, words, sizeof words);
    const char *text = strstr(words, ": ");
    size_t used = strlen(message);
    if (text != NULL && strstr(message, text + 2) == NULL)
        (void)snprintf(message + used, sizeof op->err.message - used, "; event %s", words);
}
