/* SPDX-License-Identifier: Apache-2.0 */
/* What is worth a callback, and what it says. */
#include "notify/inside.h"

#include "base/mem.h"
#include "base/time.h"

#include <string.h>

static const char *const words[] = {"state",   "stage", "batch", "approval",
                                    "verdict", "alarm", "guard", "report"};

/* SOL003 has no pause and no commit. */
static const struct {
    const char *state, *operation_state;
    bool final, report;
} states[] = {
    {"SCHEDULED", "STARTING", false, false},      {"STARTING", "STARTING", false, false},
    {"PROCESSING", "PROCESSING", false, false},   {"PAUSED", "PROCESSING", false, false},
    {"FAILED_TEMP", "FAILED_TEMP", false, false}, {"ROLLING_BACK", "ROLLING_BACK", false, false},
    {"COMPLETED", "COMPLETED", false, true},      {"COMMITTED", "COMPLETED", true, true},
    {"ROLLED_BACK", "ROLLED_BACK", true, true},   {"FAILED", "FAILED", true, true},
};

static const struct {
    enum fy_record_kind kind;
    unsigned event;
} kinds[] = {
    {FY_REC_ORDER_ACCEPTED, FY_EVENT_STATE},    {FY_REC_STATE_CHANGED, FY_EVENT_STATE},
    {FY_REC_APPROVAL_ASKED, FY_EVENT_APPROVAL}, {FY_REC_APPROVAL_GIVEN, FY_EVENT_APPROVAL},
    {FY_REC_VERDICT, FY_EVENT_VERDICT},         {FY_REC_ALARM, FY_EVENT_ALARM},
    {FY_REC_GUARD_TAKEN, FY_EVENT_GUARD},       {FY_REC_GUARD_RELEASED, FY_EVENT_GUARD},
};

static json_t *parse(const struct fy_row *row)
{
    struct fy_err ignored;
    return fy_json_parse(row->body, row->body_length, "record", &ignored);
}

static size_t state_index(const char *name)
{
    size_t i = 0;
    while (i < FY_COUNT(states) - 1 && strcmp(states[i].state, name) != 0)
        i++;
    return i;
}

unsigned fy_event_of(const struct fy_row *row, bool *ret_final)
{
    unsigned event = 0;
    for (size_t i = 0; i < FY_COUNT(kinds); i++)
        if (kinds[i].kind == row->kind)
            event = kinds[i].event;
    if (row->kind != FY_REC_STATE_CHANGED && row->kind != FY_REC_INTENT)
        return event;
    FY_AUTO(fy_json_unref) json_t *doc = parse(row);
    const char *call = fy_json_string_or(doc, "call", "");
    if (row->kind == FY_REC_INTENT)
        return strcmp(call, "next_stage") == 0  ? FY_EVENT_STAGE
               : strcmp(call, "next_move") == 0 ? FY_EVENT_BATCH
                                                : 0;
    size_t state = state_index(fy_json_string_or(doc, "to", ""));
    *ret_final = *ret_final || states[state].final;
    return states[state].report ? event | FY_EVENT_REPORT : event;
}

unsigned fy_events_wanted(const json_t *list)
{
    unsigned wanted = 0;
    const json_t *one = NULL;
    size_t index = 0;
    json_array_foreach(list, index, one)
    {
        for (size_t i = 0; i < FY_COUNT(words); i++)
            if (json_is_string(one) && strcmp(json_string_value(one), words[i]) == 0)
                wanted |= 1u << i;
    }
    return wanted != 0 ? wanted : FY_EVENT_ALL & ~(unsigned)FY_EVENT_BATCH;
}

static void put_state(const struct fy_row *row, struct fy_buf *buf)
{
    bool accepted = row->kind == FY_REC_ORDER_ACCEPTED;
    FY_AUTO(fy_json_unref) json_t *doc = parse(row);
    const char *to = accepted ? "SCHEDULED" : fy_json_string_or(doc, "to", "?");
    const char *operation_state = states[state_index(to)].operation_state;
    if (!accepted && row->kind != FY_REC_STATE_CHANGED)
        return;
    fy_buf_member(buf, "state", to);
    fy_buf_member(buf, "operationState", operation_state);
    fy_buf_member(buf, "notificationStatus", strcmp(operation_state, "STARTING") == 0 ? "START" : "RESULT");
}

void fy_event_body(const struct fy_flow *flow, const struct fy_row *row, unsigned event, struct fy_buf *buf)
{
    char time[FY_TIME_TEXT];
    FY_AUTO(fy_buf_free) struct fy_buf text = {0};
    FY_AUTO(fy_free_ptr) char *id = fy_format("%s:%llu", flow->run, (unsigned long long)row->seq);
    FY_AUTO(fy_free_ptr) char *report = fy_format("/v1/upgrades/%s/report", flow->run);
    size_t word = 0;
    while (word < FY_COUNT(words) - 1 && (event & flow->wanted & (1u << word)) == 0)
        word++;
    fy_describe(row, &text);
    fy_buf_open(buf, '{');
    fy_buf_member(buf, "id", id);
    fy_buf_member(buf, "event", words[word]);
    fy_buf_member(buf, "run", flow->run);
    fy_buf_member_int(buf, "seq", (int64_t)row->seq);
    fy_buf_member(buf, "timeStamp", fy_time_format(row->time_ms, time));
    fy_buf_member(buf, "text", text.data);
    fy_buf_member(buf, "notificationType", "VnfLcmOperationOccurrenceNotification");
    fy_buf_member(buf, "vnfLcmOpOccId", flow->run);
    fy_buf_member(buf, "vnfInstanceId", flow->function);
    fy_buf_member(buf, "operation", "CHANGE_VNFPKG");
    put_state(row, buf);
    if ((event & FY_EVENT_REPORT) != 0)
        fy_buf_member(buf, "report", report);
    if (row->kind != FY_REC_ORDER_ACCEPTED) { /* the receiver knows its own order */
        fy_buf_key(buf, "body");
        fy_buf_put(buf, row->body, row->body_length);
    }
    fy_buf_close(buf, '}');
}
