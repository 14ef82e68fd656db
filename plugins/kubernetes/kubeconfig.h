/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where the API server is and how to show who we are: a context of a kubeconfig, or the service account of
 * the pod that Ferry itself runs in.
 */
#ifndef KUBE_KUBECONFIG_H
#define KUBE_KUBECONFIG_H

#include "kube.h"

struct kube_target {
    char *server;          /* "https://host:port", without a slash at the end */
    char *server_name;     /* tls-server-name; or NULL */
    char *proxy;           /* proxy-url; or NULL */
    char *name_space;      /* of the context; or NULL */
    char *ca, *cert, *key; /* PEM; or NULL. Without ca the system's authorities count */
    char *token;           /* or NULL */
    char *token_file;      /* read anew before it is used: service account tokens are rotated; or NULL */
};

/*
 * Read a kubeconfig. context NULL or "": its current-context. Refused, each with its reason: plain HTTP,
 * insecure-skip-tls-verify, exec and auth-provider plugins (a foreign program would run with Ferry's
 * rights), basic passwords, impersonation, relative file names (the text has no folder).
 */
bool kube_target_read(const char *text, const char *context, struct kube_target *ret, struct kube_err *err);

/* The service account mounted at folder (usually /var/run/secrets/kubernetes.io/serviceaccount). */
bool kube_target_in_cluster(const char *folder, const char *host, const char *port, struct kube_target *ret,
                            struct kube_err *err);

/* The first line of token_file; the caller's to free. */
char *kube_target_token(const struct kube_target *target, struct kube_err *err);

/* Wipes keys and tokens first. */
void kube_target_free(struct kube_target *target);

#endif
