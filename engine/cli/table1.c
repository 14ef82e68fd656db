/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/table1.h"

#include "base/mem.h"
#include "cli/output.h"

#include <stdio.h>
#include <string.h>

#define SHOTS 3

/* L and R at 0 %, 50 % and 100 %, as the paper prints them; 100.00 in an empty domain meant "no attempts". */
static const struct row {
    const char *title;
    const char *segment; /* of a row of users */
    const char *kpi;     /* of a row of success rates */
    const char *paper[2 * SHOTS];
} rows[] = {
    {"4G attached users", "4g", NULL, {"3,259", "0", "1,696", "1,608", "0", "3,320"}},
    {"4G attach", NULL, "mme.attach", {"99.66", "100.00", "99.68", "99.69", "100.00", "99.71"}},
    {"4G location update",
     NULL,
     "mme.tracking_area_update",
     {"99.98", "100.00", "99.98", "99.97", "100.00", "99.97"}},
    {"PDN connection request",
     NULL,
     "mme.pdn_connectivity",
     {"99.57", "100.00", "99.51", "99.53", "100.00", "99.59"}},
    {"5G registered users", "5g", NULL, {"27,359", "0", "13,856", "13,961", "0", "27,950"}},
    {"4G to 5G", NULL, "amf.handover_4g_to_5g", {"100.00", "100.00", "100.00", "100.00", "100.00", "100.00"}},
    {"5G to 4G", NULL, "amf.handover_5g_to_4g", {"92.15", "100.00", "92.67", "92.29", "100.00", "92.34"}},
    {"PDU session establishment",
     NULL,
     "amf.pdu_session_establishment",
     {"99.98", "100.00", "99.99", "99.97", "100.00", "99.98"}},
    {"Paging", NULL, "amf.paging", {"99.33", "100.00", "99.41", "99.30", "100.00", "99.35"}},
    {"Initial registration",
     NULL,
     "amf.initial_registration",
     {"100.00", "100.00", "100.00", "100.00", "100.00", "100.00"}},
};

static void user_cell(const json_t *pair, size_t domain, char text[32])
{
    const json_t *number = json_array_get(pair, domain);
    if (json_is_integer(number))
        (void)fy_number_words(json_integer_value(number), text);
    else
        (void)snprintf(text, 32, "-");
}

static void rate_cell(const json_t *counts, size_t domain, char text[32])
{
    int64_t users = json_integer_value(json_array_get(counts, 2 * domain));
    int64_t failed = json_integer_value(json_array_get(counts, 2 * domain + 1));
    if (users <= 0)
        (void)snprintf(text, 32, "no data");
    else
        (void)snprintf(text, 32, "%.2f", 100.0 * (double)(users - failed) / (double)users);
}

static void put_row(struct fy_page *page, const json_t *const shots[SHOTS], const struct row *row, bool paper)
{
    char texts[2 * SHOTS][32];
    const char *cells[1 + 2 * SHOTS] = {row->title};
    for (size_t i = 0; i < 2 * SHOTS; i++) {
        const json_t *shot = shots[i / 2];
        if (row->segment != NULL)
            user_cell(json_object_get(json_object_get(shot, "users"), row->segment), i % 2, texts[i]);
        else
            rate_cell(json_object_get(json_object_get(shot, "kpis"), row->kpi), i % 2, texts[i]);
        cells[1 + i] = texts[i];
    }
    fy_page_row(page, cells);
    if (!paper)
        return;
    cells[0] = "  the paper's trial";
    memcpy(&cells[1], row->paper, sizeof row->paper);
    fy_page_row(page, cells);
}

void fy_table1(struct fy_page *page, const json_t *kpis, bool paper)
{
    static const char *const heads[] = {"", "0 % L", "0 % R", "50 % L", "50 % R", "100 % L", "100 % R"};
    static const int widths[] = {26, 9, 9, 9, 9, 9, 9};
    const json_t *shots[SHOTS] = {NULL, NULL, NULL};
    const json_t *shot = NULL;
    size_t index = 0;
    json_array_foreach(json_object_get(kpis, "snapshots"), index, shot)
    {
        static const char *const labels[] = {"0 %", "50 %", "100 %"};
        for (size_t i = 0; i < SHOTS; i++)
            if (strcmp(fy_json_string_or(shot, "label", ""), labels[i]) == 0)
                shots[i] = shot;
    }
    fy_page_table(page, FY_COUNT(heads), heads, widths);
    for (size_t i = 0; i < FY_COUNT(rows); i++)
        put_row(page, shots, &rows[i], paper);
    fy_page_table_end(page);
}
