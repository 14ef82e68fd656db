/* SPDX-License-Identifier: Apache-2.0 */
#include "base/mem.h"
#include "order/explain.h"

#include <string.h>

static const char *const lines[] = {
#define X(line) line,
#include "order/template.def"
#undef X
};

#define KPI(name, rest) "      <f:Kpi name=\"" name "\" " rest "/>\n"

/* What differs from one kind of network function to the next. */
static const struct kind {
    const char *kind, *nf_type, *basis, *kpis;
} kinds[] = {
    {"amf", "AMF", "users",
     KPI("amf.initial_registration", "critical=\"true\" margin=\"0.3\"")
         KPI("amf.pdu_session_establishment", "critical=\"true\" margin=\"0.3\"")
             KPI("amf.paging", "margin=\"1\"") KPI("amf.handover_5g_to_4g", "margin=\"3\"")
                 KPI("amf.handover_4g_to_5g", "margin=\"1\"") KPI("mme.attach", "margin=\"0.5\"")
                     KPI("mme.tracking_area_update", "margin=\"0.5\"")
                         KPI("mme.pdn_connectivity", "margin=\"0.5\"")},
    {"smf", "SMF", "sessions",
     KPI("smf.pdu_session_establishment",
         "critical=\"true\" margin=\"0.3\"") KPI("smf.pdu_session_modification", "margin=\"0.5\"")
         KPI("smf.n4_session_establishment", "margin=\"0.3\"") KPI("smf.pdn_connectivity", "margin=\"0.5\"")
             KPI("smf.n4_session_modification", "margin=\"0.5\"")},
};

static const char *value_of(const struct kind *kind, const char *name, size_t length)
{
    const struct {
        const char *name, *value;
    } values[] = {{"NF", kind->nf_type}, {"nf", kind->kind}, {"BASIS", kind->basis}, {"KPIS", kind->kpis}};
    for (size_t i = 0; i < FY_COUNT(values); i++)
        if (strlen(values[i].name) == length && memcmp(values[i].name, name, length) == 0)
            return values[i].value;
    return NULL;
}

/* The text with each @NAME@ replaced; an @ that begins none stays. */
static void put_line(struct fy_buf *buf, const struct kind *kind, const char *line)
{
    while (*line != '\0') {
        size_t plain = strcspn(line, "@");
        fy_buf_put(buf, line, plain);
        line += plain;
        if (*line == '\0')
            return;
        size_t length = strcspn(line + 1, "@");
        const char *value = line[1 + length] == '@' ? value_of(kind, line + 1, length) : NULL;
        fy_buf_text(buf, value != NULL ? value : "@");
        line += value != NULL ? length + 2 : 1;
    }
}

bool fy_order_template(const char *kind, struct fy_buf *buf, struct fy_err *err)
{
    for (size_t i = 0; i < FY_COUNT(kinds); i++) {
        if (strcmp(kinds[i].kind, kind) != 0)
            continue;
        for (size_t j = 0; j < FY_COUNT(lines); j++)
            put_line(buf, &kinds[i], lines[j]);
        return true;
    }
    fy_fail(err, FY_ERR_NOT_FOUND, "there is no order to start from for \"%.60s\"", kind);
    return fy_hint(err, "there is one for amf and one for smf; both can be changed to any other");
}
