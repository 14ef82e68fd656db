/* SPDX-License-Identifier: Apache-2.0 */
/* From a question to series: which queries, and what their answers mean. */
#ifndef KPI_PROMETHEUS_FETCH_H
#define KPI_PROMETHEUS_FETCH_H

#include "prometheus/http.h"
#include "prometheus/map.h"
#include "prometheus/series.h"

struct prom_settings {
    struct prom_map map;
    const char *match;         /* matchers that every query has, job="amf"; or "" */
    const char *version_label; /* its value is the version */
    const char *cause_label;
    const char *users;         /* metric of attached users; "" if there is none */
    const char *segment_label; /* its value is 5g or 4g */
    const char *clock; /* metric of the exporter's own time in seconds; "": the scrape's time counts */
    int64_t lag_ms, max_skew_ms; /* machine time */
};

/* One call's state. */
struct prom_fetch {
    const struct prom_settings *set;
    struct prom_http *http;
    const struct kpi_ask *ask;
    uint32_t scale;
    int64_t began_ms; /* machine time, when the call came */
    int64_t reach_ms; /* run time from which samples are wanted */
    int64_t *skew_ms; /* of the server's clock, as believed; kept by the connection */
    struct prom_look look;
    char **targets;
};

/* Machine time, monotonic. */
int64_t prom_machine_ms(void);

/* Everything that the ticks need. On failure: false and error. */
bool prom_fetch_all(struct prom_fetch *fetch, struct prom_error *error);
void prom_fetch_done(struct prom_fetch *fetch);

#endif
