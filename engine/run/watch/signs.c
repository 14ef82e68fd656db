/* SPDX-License-Identifier: Apache-2.0 */
#include "run/watch/signs.h"

#include "base/mem.h"

#include <string.h>

/* ---- alarms ------------------------------------------------------------------------------------------ */

/* Severe enough: this one or worse. A severity nobody knows is as bad as any. */
static bool is_severe(const json_t *alarm, int severity)
{
    const char *name = fy_json_string_or(alarm, "severity", "");
    for (int worse = FY_SEVERITY_CRITICAL; worse <= FY_SEVERITY_WARNING; worse++)
        if (strcmp(name, fy_order_severity_name(worse)) == 0)
            return worse <= severity;
    return true;
}

char *fy_signs_alarm(const struct fy_order_gate *gate, const json_t *alarms)
{
    size_t index;
    json_t *alarm;
    if (gate->alarm == NULL)
        return NULL;
    json_array_foreach(json_object_get(alarms, "alarms"), index, alarm)
    {
        if (strcmp(fy_json_string_or(alarm, "domain", ""), "target") == 0 &&
            is_severe(alarm, gate->alarm->severity))
            return fy_format("%s: %s", fy_json_string_or(alarm, "id", "?"),
                             fy_json_string_or(alarm, "text", "?"));
    }
    return NULL;
}

/* ---- security counters ------------------------------------------------------------------------------- */

static bool is_counted(const struct fy_order_security_gate *gate, const char *name)
{
    return gate->counters.count == 0 || fy_words_have(&gate->counters, name);
}

static int64_t events_of(const struct fy_order_security_gate *gate, const json_t *domain)
{
    const char *name;
    json_t *value;
    int64_t sum = 0;
    json_object_foreach(json_object_get(domain, "security"), name, value)
    {
        if (is_counted(gate, name))
            sum += json_integer_value(value);
    }
    return sum;
}

void fy_signs_body(const struct fy_order_gate *gate, const json_t *ticks, size_t first, size_t count,
                   struct fy_buf *buf)
{
    int64_t sums[2] = {0, 0};
    for (size_t i = first; gate->security != NULL && i < first + count; i++) {
        const json_t *tick = json_array_get(ticks, i);
        sums[0] += events_of(gate->security, json_object_get(tick, "source"));
        sums[1] += events_of(gate->security, json_object_get(tick, "target"));
    }
    if (sums[0] + sums[1] == 0)
        return;
    fy_buf_key(buf, "security");
    fy_buf_format(buf, "[%lld,%lld]", (long long)sums[0], (long long)sums[1]);
}

void fy_signs_counts(const struct fy_run *run, const json_t *doc, struct fy_count counts[][2])
{
    const struct fy_order_gate *gate = &run->order->gate;
    const json_t *pair = json_object_get(doc, "security");
    const size_t last = gate->kpi_count < FY_RUN_KPIS ? gate->kpi_count : FY_RUN_KPIS;
    if (gate->security == NULL)
        return;
    for (size_t side = 0; side < 2; side++)
        counts[last][side] = (struct fy_count){.users = run->users[0][side] + run->users[1][side],
                                               .failed = json_integer_value(json_array_get(pair, side))};
}

/* ---- waivers ------------------------------------------------------------------------------------------- */

void fy_signs_waive(const struct fy_run *run)
{
    for (size_t i = 0; i < run->gate_waiver_count && run->judge != NULL; i++)
        (void)fy_judge_waive(run->judge, run->gate_waivers[i].gate, run->gate_waivers[i].until_ms);
}

void fy_signs_view(const struct fy_run *run, struct fy_buf *buf)
{
    bool any = false;
    for (size_t i = 0; i < run->gate_waiver_count; i++) {
        const struct fy_gate_waiver *waiver = &run->gate_waivers[i];
        if (waiver->until_ms <= run->sample_end_ms)
            continue;
        if (!any) {
            fy_buf_key(buf, "gate_waivers");
            fy_buf_open(buf, '[');
        }
        any = true;
        fy_buf_open(buf, '{');
        fy_buf_member(buf, "gate", waiver->gate);
        fy_buf_member(buf, "who", waiver->who);
        fy_buf_member(buf, "role", waiver->role);
        fy_buf_member(buf, "why", waiver->why);
        fy_buf_member_int(buf, "until_ms", waiver->until_ms);
        fy_buf_close(buf, '}');
    }
    if (any)
        fy_buf_close(buf, ']');
}

static void forget(struct fy_gate_waiver *waiver)
{
    free(waiver->gate);
    free(waiver->who);
    free(waiver->role);
    free(waiver->why);
}

void fy_signs_free(struct fy_run *run)
{
    for (size_t i = 0; i < run->gate_waiver_count; i++)
        forget(&run->gate_waivers[i]);
    free(run->gate_waivers);
}
