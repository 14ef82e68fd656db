/* SPDX-License-Identifier: Apache-2.0 */
#include "judge/kpi.h"

#include <stddef.h>
#include <string.h>

const struct fy_kpi fy_kpis[] = {
#define KPI(name_, title_, nf_, segment_, numerator_, denominator_, failures_, causes_, direction_,          \
            critical_, margin_, standard_)                                                                   \
    {.name = (name_),                                                                                        \
     .title = (title_),                                                                                      \
     .nf = (nf_),                                                                                            \
     .segment = (segment_),                                                                                  \
     .numerator = (numerator_),                                                                              \
     .denominator = (denominator_),                                                                          \
     .failures = (failures_),                                                                                \
     .causes = (causes_),                                                                                    \
     .direction = FY_KPI_##direction_,                                                                       \
     .critical = (critical_),                                                                                \
     .margin_bp = (margin_),                                                                                 \
     .standard = (standard_)},
#include "judge/kpi.def"
#undef KPI
    {.name = NULL},
};

const struct fy_kpi *fy_kpi_find(const char *name)
{
    for (const struct fy_kpi *kpi = fy_kpis; kpi->name != NULL; kpi++)
        if (strcmp(kpi->name, name) == 0)
            return kpi;
    return NULL;
}

const char *fy_kpi_direction_name(enum fy_kpi_direction direction)
{
    return direction == FY_KPI_LOWER ? "lower" : "higher";
}
