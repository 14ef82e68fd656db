/* SPDX-License-Identifier: Apache-2.0 */
#include "run/watch/kpis.h"

#include "base/json.h"
#include "base/mem.h"
#include "run/step/step.h"

#include <string.h>

const struct fy_kpi *fy_run_kpis(const struct fy_run *run)
{
    return run->kpis != NULL ? run->kpis : fy_kpis;
}

int fy_run_kpi_index(const struct fy_run *run, const char *name)
{
    const struct fy_kpi *kpis = fy_run_kpis(run);
    for (int i = 0; i < FY_RUN_KPIS && kpis[i].name != NULL; i++)
        if (strcmp(kpis[i].name, name) == 0)
            return i;
    return -1;
}

const struct fy_kpi *fy_run_kpi_find(const struct fy_run *run, const char *name)
{
    int index = fy_run_kpi_index(run, name);
    return index >= 0 ? &fy_run_kpis(run)[index] : NULL;
}

/* ---- the order's own -------------------------------------------------------------------------------- */

static char *joined(const struct fy_words *words)
{
    struct fy_buf buf = {0};
    for (size_t i = 0; i < words->count; i++)
        fy_buf_format(&buf, "%s%s", i > 0 ? " " : "", words->word[i]);
    return buf.length > 0 ? buf.data : NULL;
}

static struct fy_kpi defined(const struct fy_order *order, const struct fy_order_kpi_definition *definition)
{
    return (struct fy_kpi){.name = fy_strdup(definition->name),
                           .title =
                               fy_strdup(definition->title != NULL ? definition->title : definition->name),
                           .nf = fy_strdup(order->vnf.nf_type),
                           .segment = fy_strdup(definition->segment != NULL ? definition->segment : ""),
                           .numerator = joined(&definition->numerator),
                           .denominator = joined(&definition->denominator),
                           .failures = definition->failures != NULL ? fy_strdup(definition->failures) : NULL,
                           .causes = joined(&definition->exclude),
                           .direction = (enum fy_kpi_direction)definition->direction,
                           .margin_bp = 50,
                           .standard = "the order"};
}

static size_t catalogue_size(void)
{
    size_t count = 0;
    while (fy_kpis[count].name != NULL)
        count++;
    return count;
}

void fy_run_kpis_read(struct fy_run *run)
{
    const struct fy_order_gate *gate = &run->order->gate;
    size_t count = catalogue_size();
    if (run->kpis != NULL || gate->definition_count == 0)
        return;
    run->kpis = FY_NEW_ARRAY(struct fy_kpi, FY_RUN_KPIS + 1);
    memcpy(run->kpis, fy_kpis, count * sizeof *fy_kpis);
    for (size_t i = 0; i < gate->definition_count && count < FY_RUN_KPIS; i++)
        run->kpis[count++] = defined(run->order, &gate->definitions[i]);
}

static void free_text(const char *text)
{
    free((void *)(uintptr_t)text);
}

void fy_run_kpis_free(struct fy_run *run)
{
    for (size_t i = catalogue_size(); run->kpis != NULL && run->kpis[i].name != NULL; i++) {
        const struct fy_kpi *kpi = &run->kpis[i];
        const char *const texts[] = {kpi->name,      kpi->title,       kpi->nf,       kpi->segment,
                                     kpi->numerator, kpi->denominator, kpi->failures, kpi->causes};
        for (size_t text = 0; text < FY_COUNT(texts); text++)
            free_text(texts[text]);
    }
    free(run->kpis);
    run->kpis = NULL;
}

/* ---- asking ------------------------------------------------------------------------------------------ */

const char *fy_counters_source(const struct fy_order *order)
{
    const char *kpi = fy_bind_kind(order, FY_CONNECTION_KPI);
    return kpi != NULL ? kpi : fy_bind_kind(order, FY_CONNECTION_NF);
}

static void put_names(struct fy_buf *buf, const char *words, bool *first)
{
    for (const char *at = words; at != NULL && *at != '\0';) {
        size_t length = strcspn(at, " ");
        if (length > 0) {
            fy_buf_text(buf, *first ? "" : ",");
            fy_buf_json_string(buf, at, length);
            *first = false;
        }
        at += length + strspn(at + length, " ");
    }
}

static void put_list(struct fy_buf *buf, const char *key, const char *words, const struct fy_words *more)
{
    bool first = true;
    fy_buf_key(buf, key);
    fy_buf_text(buf, "[");
    put_names(buf, words, &first);
    for (size_t i = 0; more != NULL && i < more->count; i++)
        put_names(buf, more->word[i], &first);
    fy_buf_text(buf, "]");
}

static void put_kpis(const struct fy_run *run, struct fy_buf *buf)
{
    const struct fy_kpi *kpi = fy_run_kpis(run);
    fy_buf_key(buf, "kpis");
    fy_buf_open(buf, '[');
    for (size_t i = 0; i < FY_RUN_KPIS && kpi->name != NULL; i++, kpi++) {
        fy_buf_open(buf, '{');
        fy_buf_member(buf, "name", kpi->name);
        put_list(buf, "numerator", kpi->numerator, NULL);
        put_list(buf, "denominator", kpi->denominator, NULL);
        fy_buf_member(buf, "failures", kpi->failures);
        put_list(buf, "exclude", kpi->causes, &run->order->gate.exclude_causes);
        fy_buf_member(buf, "direction", fy_kpi_direction_name(kpi->direction));
        fy_buf_close(buf, '}');
    }
    fy_buf_close(buf, ']');
}

/* Adapters refuse members they do not know, so they are sent only what they declare. */
static json_t *declared(const struct fy_run *run, const struct fy_adapters *adapters)
{
    const char *source = fy_counters_source(run->order);
    const struct fy_adapter_info *info = source != NULL ? adapters->describe(adapters->self, source) : NULL;
    const struct fy_adapter_verb *verb =
        info != NULL && info->name != NULL ? fy_adapter_verb(info, "counters") : NULL;
    return verb != NULL && verb->schema != NULL ? json_loads(verb->schema, 0, NULL) : NULL;
}

void fy_counters_args(const struct fy_run *run, const struct fy_adapters *adapters, int64_t after_ms,
                      struct fy_buf *buf)
{
    FY_AUTO(fy_json_unref) json_t *schema = declared(run, adapters);
    const json_t *properties = json_object_get(schema, "properties");
    fy_buf_open(buf, '{');
    fy_buf_member_int(buf, "after", after_ms);
    fy_buf_member_int(buf, "period_ms", run->order->gate.period_ms);
    if (json_object_get(properties, "versions") != NULL) {
        fy_buf_key(buf, "versions");
        fy_buf_open(buf, '{');
        fy_buf_member(buf, "source", run->order->request.source.version);
        fy_buf_member(buf, "target", run->order->request.target.version);
        fy_buf_close(buf, '}');
    }
    if (json_object_get(properties, "kpis") != NULL)
        put_kpis(run, buf);
    fy_buf_close(buf, '}');
}
