/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A backup is a ConfigMap ferry-backup-DIGEST, named by the step's key, with what the workloads of the
 * instances were: their manifests and the names (never the values) of the Secrets they use. Each ConfigMap
 * they use is copied into one of its own beside it. The one that names the others is written last: if it is
 * there, the backup is whole.
 */
#ifndef KUBE_BACKUP_H
#define KUBE_BACKUP_H

#include "workload.h"

kube_verb kube_backup, kube_restore;

/* Pure: what of a workload is kept: no status, nothing of the server's, nothing of Ferry's. NULL: no memory.
 */
json_t *kube_backup_manifest(const json_t *object);

/* Pure: names that a pod template uses, into two objects used as sets. */
void kube_backup_uses(const json_t *template, json_t *config_maps, json_t *secrets);

#endif
