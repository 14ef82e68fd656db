/* SPDX-License-Identifier: Apache-2.0 */
/* Chosen instances of a workload get a new image: the verbs upgrade and replace. */
#ifndef KUBE_UPGRADE_H
#define KUBE_UPGRADE_H

#include "workload.h"

struct kube_wish {
    const char *image, *digest, *version;
    const char *verb; /* "upgrade" or "replace" */
};

kube_verb kube_upgrade;

/* One workload's share, by kind. op->done counts instances that are as wished. */
typedef enum kube_end kube_upgrader(struct kube_op *op, const struct kube_view *view,
                                    struct kube_workload *workload, const struct kube_wish *wish);

/* StatefulSets and DaemonSets: the template gets the image, OnDelete keeps it from everybody else. */
kube_upgrader kube_ondelete_upgrade;

/* OnDelete for a workload that one of them is about to change, and this step noted on it. */
bool kube_ondelete_hold(struct kube_op *op, struct kube_workload *workload, const struct kube_wish *wish);

enum kube_stand {
    KUBE_RIGHT,  /* runs the image, and is ready */
    KUBE_OLD,    /* runs another one, or a former attempt's ruin: to be ended */
    KUBE_COMING, /* on its way */
    KUBE_RUINED, /* it will not become so: err says why */
};

/*
 * Where an instance stands. pod NULL: it has none now. renewed: this is a new attempt, for which what did not
 * get ready is made anew. Pure but for the events it asks for once something is ruined.
 */
enum kube_stand kube_instance_stand(struct kube_op *op, const struct kube_workload *workload,
                                    const struct kube_pod *pod, const struct kube_wish *wish, bool renewed);

#endif
