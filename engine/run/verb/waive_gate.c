/* SPDX-License-Identifier: Apache-2.0 */
/*
 * waive-gate {"gate","minutes","why","role"}: this gate does not count for so long. It is watched and shown
 * all the same; when the time is over it counts again, with all it has seen. 0 minutes end a waiver.
 */
#include "run/verb/command.h"

#include "base/mem.h"
#include "run/verb/wish.h"
#include "run/watch/signs.h"

#include <string.h>

#define MINUTE_MS    60000
#define MOST_MINUTES (24 * 60)

static bool is_gate(const struct fy_order_gate *gate, const char *name)
{
    for (size_t i = 0; i < gate->kpi_count; i++)
        if (strcmp(gate->kpis[i].name, name) == 0)
            return true;
    return strcmp(name, "ratio") == 0 || strcmp(name, "attempts") == 0 ||
           (gate->alarm != NULL && strcmp(name, "alarms") == 0) ||
           (gate->security != NULL && strcmp(name, "security") == 0);
}

static bool check(const struct fy_command *command, struct fy_err *err)
{
    const char *gate = fy_json_string_or(command->args, "gate", "");
    const int64_t minutes = fy_json_int_or(command->args, "minutes", -1);
    if (!is_gate(&command->live->run->order->gate, gate)) {
        fy_fail(err, FY_ERR_INVALID, "the order has no gate \"%.100s\"", gate);
        return fy_hint(
            err, "a gate is a KPI of the order, \"ratio\", \"attempts\", or \"alarms\" and \"security\" "
                 "if the order has them");
    }
    if (minutes < 0 || minutes > MOST_MINUTES) {
        fy_fail(err, FY_ERR_INVALID, "a gate is waived for a time: 0 to %d minutes", MOST_MINUTES);
        return fy_hint(err, "for example {\"gate\":\"%s\",\"minutes\":30,\"why\":\"known, ticket 4711\"}",
                       gate);
    }
    return fy_wish_has_why(command->args, "waive-gate", err);
}

static struct fy_gate_waiver *place_for(struct fy_run *run, const char *gate)
{
    for (size_t i = 0; i < run->gate_waiver_count; i++)
        if (strcmp(run->gate_waivers[i].gate, gate) == 0)
            return &run->gate_waivers[i];
    run->gate_waivers =
        fy_realloc(run->gate_waivers, (run->gate_waiver_count + 1) * sizeof *run->gate_waivers);
    run->gate_waivers[run->gate_waiver_count] = (struct fy_gate_waiver){.gate = fy_strdup(gate)};
    return &run->gate_waivers[run->gate_waiver_count++];
}

static void set(char **place, const char *value)
{
    free(*place);
    *place = fy_strdup(value);
}

static void fold(struct fy_run *run, const struct fy_row *row, const json_t *doc)
{
    const json_t *args = json_object_get(doc, "args");
    struct fy_gate_waiver *waiver = place_for(run, fy_json_string_or(args, "gate", ""));
    set(&waiver->who, fy_json_string_or(json_object_get(doc, "caller"), "who", "somebody"));
    set(&waiver->role, fy_json_string_or(args, "role", "operator"));
    set(&waiver->why, fy_json_string_or(args, "why", ""));
    waiver->until_ms = row->time_ms + fy_json_int_or(args, "minutes", 0) * MINUTE_MS;
    fy_signs_waive(run);
}

const struct fy_verb fy_verbs_waive_gate[] = {
    {"waive-gate", check, NULL, fold},
    {NULL, NULL, NULL, NULL},
};
