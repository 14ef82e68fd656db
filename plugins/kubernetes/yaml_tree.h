/* SPDX-License-Identifier: Apache-2.0 */
/* YAML as far as a kubeconfig needs it: one document of maps, lists and scalars. */
#ifndef KUBE_YAML_H
#define KUBE_YAML_H

#include "kube.h"

/*
 * Every scalar becomes a string, quoted or not. Refused: more than 1 MiB, more than 16 levels, aliases (a
 * small text could become a large tree), a key twice, a second document. NULL and err on any of these.
 * Messages name a line and never quote the text: it holds keys and tokens.
 */
json_t *kube_yaml_parse(const char *text, struct kube_err *err);

#endif
