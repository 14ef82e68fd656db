/* SPDX-License-Identifier: Apache-2.0 */
/*
 * KPIs as data: what is counted, in the words of 3GPP, and what is usually asked of it.
 *
 * The catalogue is compiled in from kpi.def (docs/kpis.md says why). An order may define KPIs of its own with
 * the same members (f:KpiDefinition); they are journalled with it.
 */
#ifndef FY_JUDGE_KPI_H
#define FY_JUDGE_KPI_H

#include <stdbool.h>
#include <stdint.h>

enum fy_kpi_direction {
    FY_KPI_HIGHER, /* the numerator counts successes: more is better */
    FY_KPI_LOWER,  /* the numerator counts what should not happen: less is better */
};

/*
 * Counters are names of 3GPP measurements, several separated by blanks and added up. Attempts of a tick are
 * the denominator, failures the rest of it (HIGHER) or the numerator (LOWER). "failures" is the measurement
 * whose subcounters (".cause") tell why; those of an excluded cause are taken out of both.
 */
struct fy_kpi {
    const char *name;    /* "amf.paging" */
    const char *title;   /* "AMF paging success" */
    const char *nf;      /* "AMF", "SMF", "SIP"; of an order's own KPI: its NF type */
    const char *segment; /* "5g", "4g", "ims": whose users */
    const char *numerator, *denominator;
    const char *failures; /* NULL: there are no subcounters by cause */
    const char *causes;   /* excluded because the user caused them; NULL: none */
    enum fy_kpi_direction direction;
    bool critical;        /* usually; the order decides */
    int64_t margin_bp;    /* usually, in hundredths of a point; the order decides */
    const char *standard; /* where the counters are defined; "usual name": in no standard we could read */
};

/* The catalogue; it ends with a NULL name. Every row of the paper's table 1 is in it. */
extern const struct fy_kpi fy_kpis[];

/* NULL if the catalogue has none of that name. */
const struct fy_kpi *fy_kpi_find(const char *name);

const char *fy_kpi_direction_name(enum fy_kpi_direction direction); /* "higher", "lower" */

#endif
