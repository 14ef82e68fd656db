/* SPDX-License-Identifier: Apache-2.0 */
/* One question to a Prometheus server, over HTTP or HTTPS. */
#ifndef KPI_PROMETHEUS_HTTP_H
#define KPI_PROMETHEUS_HTTP_H

#include "ferry/adapter.h"

#include <jansson.h>

#define PROM_TIMEOUT_MS 20000 /* machine time, of all requests of a call together; a call may take 30 s */

struct prom_http;

/* What is wrong, in the server's own words where it had any. */
struct prom_error {
    enum ferry_failure failure;
    char message[400], hint[200];
};

/* token, user, password and ca may be NULL. NULL: no memory. */
struct prom_http *prom_http_new(const char *url, const char *token, const char *user, const char *password,
                                const char *ca);
void prom_http_free(struct prom_http *http);

/*
 * POST a form to an endpoint ("query", "query_range") and take its "data". The caller owns it. timeout_ms is
 * machine time.
 */
json_t *prom_http_ask(struct prom_http *http, const char *endpoint, const char *form, int64_t timeout_ms,
                      struct prom_error *error);

/* "name=value" with the value escaped; behind "&" if the form has something. False: no memory. */
bool prom_form_add(char **form, const char *name, const char *value);

#endif
