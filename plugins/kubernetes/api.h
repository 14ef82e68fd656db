/* SPDX-License-Identifier: Apache-2.0 */
/* Requests that carry and answer JSON, and the API server's way of saying no. */
#ifndef KUBE_API_H
#define KUBE_API_H

#include "http.h"

/*
 * What an answer that is no 2xx means: a Status object's words, the kind of failure by its code. 401 and 403:
 * refused; 404, 422: permanent; 409, 410, 429, 5xx: transient, with after_ms.
 */
void kube_api_explain(const struct kube_request *request, struct kube_err *err);

/* One request; the answer, or NULL and err (err->status says which). body is stolen and may be NULL. */
json_t *kube_api_call(struct kube_http *http, const char *method, const char *path, const char *type,
                      json_t *body, struct kube_err *err);
json_t *kube_api_get(struct kube_http *http, const char *path, struct kube_err *err);

/* As get, but what is not there (404) is JSON null and no failure. */
json_t *kube_api_find(struct kube_http *http, const char *path, struct kube_err *err);

/* All items of a collection, in pages: an array. path may have a query. For what is few: no watch serves it.
 */
json_t *kube_api_list(struct kube_http *http, const char *path, struct kube_err *err);

/* A text for a query, percent-encoded; the caller's to free. */
char *kube_escape(const char *text);

/* The body of a request; the caller's to free. */
char *kube_api_body(const json_t *json);

#endif
