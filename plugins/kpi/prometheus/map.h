/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which metric a 3GPP counter is. By rule, RM.RegInitReq is PREFIXrm_reginitreqSUFFIX; a file of exceptions
 * says otherwise: {"MM.Paging5GReq": "amf_paging_total{type=\"5g\"}"}. A value in parentheses is an
 * expression of PromQL that Prometheus itself evaluates: {"RM.RegInitReq": "(sum by (version)
 * (registrations_total))"}.
 */
#ifndef KPI_PROMETHEUS_MAP_H
#define KPI_PROMETHEUS_MAP_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

struct prom_map {
    const char *prefix, *suffix;
    const json_t *exceptions; /* or NULL */
};

#define PROM_NAME_MAX 160

/* Name of the metric; "" if it is an expression, or if the name is too long. */
void prom_map_name(const struct prom_map *map, const char *counter, char name[PROM_NAME_MAX]);

/* The expression, or NULL if it is a metric. */
const char *prom_map_expression(const struct prom_map *map, const char *counter);

/* Do the labels of a series fit what the exception asks in braces? */
bool prom_map_fits(const struct prom_map *map, const char *counter, const json_t *labels);

/* One sentence in why if an exception can never be understood. */
bool prom_map_check(const json_t *exceptions, char *why, size_t why_size);

#endif
