/* SPDX-License-Identifier: Apache-2.0 */
/* "ferry show": a run in some lines. */
#include "cli/layout.h"

#include "cli/output.h"

#include <stdio.h>

static void put_line(struct fy_buf *buf, const char *label, const char *text)
{
    if (text != NULL && text[0] != '\0')
        fy_buf_format(buf, "  %-10s %s\n", label, text);
}

static void put_times(const json_t *view, struct fy_buf *buf)
{
    const json_t *window = json_object_get(view, "window");
    char start[32];
    char end[32];
    char safe[32];
    if (window == NULL)
        return;
    fy_buf_format(buf, "  %-10s %s to %s UTC", "window",
                  fy_date_words(fy_json_int_or(window, "start_ms", 0), start),
                  fy_date_words(fy_json_int_or(window, "end_ms", 0), end));
    if (json_object_get(view, "last_safe_ms") != NULL)
        fy_buf_format(buf, "; last safe moment to go back %s",
                      fy_date_words(fy_json_int_or(view, "last_safe_ms", 0), safe));
    fy_buf_text(buf, "\n");
}

static void put_users(const json_t *view, struct fy_buf *buf)
{
    const json_t *users = json_object_get(view, "users");
    char source[32];
    char target[32];
    if (users != NULL)
        fy_buf_format(buf, "  %-10s %s on %s, %s on %s\n", "users",
                      fy_number_words(fy_json_int_or(users, "source", 0), source),
                      fy_json_string_or(view, "source", "?"),
                      fy_number_words(fy_json_int_or(users, "target", 0), target),
                      fy_json_string_or(view, "target", "?"));
}

static void put_step(const json_t *view, struct fy_buf *buf)
{
    const json_t *step = json_object_get(view, "step");
    if (step == NULL)
        return;
    fy_buf_format(buf, "  %-10s %lld %s", "step", (long long)fy_json_int_or(step, "number", 0),
                  fy_json_string_or(step, "call", "?"));
    if (fy_json_int_or(step, "total", 0) > 0)
        fy_buf_format(buf, ", %lld of %lld", (long long)fy_json_int_or(step, "done", 0),
                      (long long)fy_json_int_or(step, "total", 0));
    const char *text = fy_json_string_or(step, "text", "");
    fy_buf_format(buf, "%s%s\n", text[0] != '\0' ? ": " : "", text);
}

static void put_guards(const json_t *view, struct fy_buf *buf)
{
    const json_t *guards = json_object_get(view, "guards");
    const json_t *guard = NULL;
    size_t index = 0;
    if (json_array_size(guards) == 0)
        return;
    fy_buf_format(buf, "  %-10s", "guards");
    json_array_foreach(guards, index, guard)
        fy_buf_format(buf, "%s %s %s", index > 0 ? "," : "", fy_json_string_or(guard, "guard", "?"),
                      fy_json_bool_or(guard, "held", false)       ? "off"
                      : fy_json_bool_or(guard, "as_it_was", true) ? "back on"
                                                                  : "changed by somebody else");
    fy_buf_text(buf, "\n");
}

void fy_show_checks(const json_t *view, struct fy_buf *buf)
{
    const json_t *checks = json_object_get(view, "checks");
    const json_t *failed = json_object_get(checks, "failed");
    const json_t *one = NULL;
    size_t index = 0;
    char at[32];
    long long count = (long long)fy_json_int_or(checks, "count", 0);
    if (count > 0)
        fy_buf_format(buf, "  %-10s %lld of %lld are well (%s, %s UTC)\n", "checks",
                      count - (long long)json_array_size(failed), count,
                      fy_json_string_or(checks, "when", "?"),
                      fy_date_words(fy_json_int_or(checks, "at_ms", 0), at));
    json_array_foreach(failed, index, one)
        fy_buf_format(buf, "  %-10s %s: %s\n", fy_json_bool_or(one, "waived", false) ? "waived" : "ALARM",
                      fy_json_string_or(one, "check", "?"), fy_json_string_or(one, "why", "?"));
    json_array_foreach(json_object_get(checks, "waivers"), index, one)
        fy_buf_format(buf, "  %-10s %s, by %s: %s\n", "waiver", fy_json_string_or(one, "check", "?"),
                      fy_json_string_or(one, "who", "?"), fy_json_string_or(one, "why", "?"));
}

/* Who took over, what stood there then, and what is owed. */
static void put_handed_over(const json_t *list, struct fy_buf *buf)
{
    const json_t *one = NULL;
    size_t index = 0;
    char share[32];
    if (list == NULL)
        return;
    put_line(buf, "given to", fy_json_string_or(list, "to", NULL));
    put_line(buf, "because", fy_json_string_or(list, "why", NULL));
    if (json_object_get(list, "permille") != NULL)
        fy_buf_format(buf, "  %-10s %s of the users on the target, %s\n", "users",
                      fy_permille_words(fy_json_int_or(list, "permille", 0), share),
                      fy_json_bool_or(list, "split", false) ? "two domains" : "one domain");
    json_array_foreach(json_object_get(list, "versions"), index, one)
        fy_buf_format(buf, "  %-10s %lld on %s\n", index == 0 ? "instances" : "",
                      (long long)fy_json_int_or(one, "instances", 0), fy_json_string_or(one, "version", "?"));
    const json_t *step = json_object_get(list, "step");
    if (step != NULL)
        fy_buf_format(buf, "  %-10s step %lld, %s\n", "in doubt",
                      (long long)fy_json_int_or(step, "number", 0), fy_json_string_or(step, "call", "?"));
    json_array_foreach(json_object_get(list, "backups"), index, one) fy_buf_format(
        buf, "  %-10s %s (%s, step %lld)\n", index == 0 ? "backups" : "", fy_json_string_or(one, "id", "?"),
        fy_json_string_or(one, "call", "?"), (long long)fy_json_int_or(one, "step", 0));
    json_array_foreach(json_object_get(list, "owed"), index, one)
        put_line(buf, index == 0 ? "owed" : "", json_string_value(one));
}

static double percent(const json_t *pair)
{
    const json_int_t users = json_integer_value(json_array_get(pair, 0));
    return users > 0 ? 100.0 * (double)json_integer_value(json_array_get(pair, 1)) / (double)users : 0;
}

/* One KPI's numbers: what failed where, how the odds compare, and what could have been seen. */
static void put_evidence(const json_t *kpi, struct fy_buf *buf)
{
    const json_t *source = json_object_get(kpi, "source"), *target = json_object_get(kpi, "target");
    const json_t *range = json_object_get(kpi, "odds_ratio_95");
    const char *high = json_string_value(json_array_get(range, 1));
    fy_buf_format(buf, "  %-10s %-30s %.2f %% of %lld against %.2f %% of %lld failed", "",
                  fy_json_string_or(kpi, "kpi", "?"), percent(target),
                  (long long)json_integer_value(json_array_get(target, 0)), percent(source),
                  (long long)json_integer_value(json_array_get(source, 0)));
    if (range != NULL)
        fy_buf_format(buf, "; odds ratio %s (%s to %s), e %s, could see %s points",
                      fy_json_string_or(kpi, "odds_ratio", "?"), json_string_value(json_array_get(range, 0)),
                      high != NULL ? high : "any", fy_json_string_or(kpi, "e", "?"),
                      fy_json_string_or(kpi, "smallest_points", "?"));
    const int64_t missing_ms = fy_json_int_or(kpi, "missing_ms", 0);
    if (missing_ms > 0 && fy_json_bool_or(kpi, "critical", false))
        fy_buf_format(buf, "; %lld min more to exclude the margin", (long long)(missing_ms + 59999) / 60000);
    fy_buf_text(buf, "\n");
}

/* As of now while gates are open, else the last verdict. */
static void put_judge(const json_t *view, struct fy_buf *buf)
{
    const json_t *now = json_object_get(view, "judge"), *last = json_object_get(view, "verdict"), *one = NULL;
    const json_t *judged = now != NULL ? now : last;
    size_t index = 0;
    if (now != NULL)
        put_line(buf, "verdict", fy_json_string_or(last, "sentence", NULL));
    put_line(buf, "judge", fy_json_string_or(judged, "sentence", NULL));
    json_array_foreach(json_object_get(json_object_get(judged, "evidence"), "kpis"), index, one)
        put_evidence(one, buf);
    json_array_foreach(json_object_get(view, "gate_waivers"), index, one)
        fy_buf_format(buf, "  %-10s %s, by %s (%s): %s\n", "waived", fy_json_string_or(one, "gate", "?"),
                      fy_json_string_or(one, "who", "?"), fy_json_string_or(one, "role", "?"),
                      fy_json_string_or(one, "why", "?"));
}

static void put_verbs(const json_t *view, struct fy_buf *buf)
{
    const json_t *verbs = json_object_get(view, "verbs");
    const json_t *verb = NULL;
    size_t index = 0;
    if (json_array_size(verbs) == 0)
        return;
    fy_buf_format(buf, "  %-10s", "possible");
    json_array_foreach(verbs, index, verb) fy_buf_format(buf, " %s", json_string_value(verb));
    fy_buf_text(buf, "\n");
}

static void put_amended(const json_t *amended, struct fy_buf *buf)
{
    const json_t *change = NULL;
    size_t index = 0;
    json_array_foreach(json_object_get(amended, "changes"), index, change) fy_buf_format(
        buf, "  %-10s %s from %s to %s, by %s\n", "amended", fy_json_string_or(change, "what", "?"),
        fy_json_string_or(change, "before", "?"), fy_json_string_or(change, "after", "?"),
        fy_json_string_or(json_object_get(amended, "caller"), "who", "?"));
}

void fy_show_text(const json_t *view, struct fy_buf *buf)
{
    const json_t *error = json_object_get(view, "error");
    fy_buf_format(buf, "%s  %s %s, %s to %s: %s\n", fy_json_string_or(view, "id", "?"),
                  fy_json_string_or(view, "nf_type", ""), fy_json_string_or(view, "vnf_instance_id", "?"),
                  fy_json_string_or(view, "source", "?"), fy_json_string_or(view, "target", "?"),
                  fy_json_string_or(view, "state", "?"));
    put_line(buf, "phase", fy_json_string_or(view, "phase", NULL));
    put_step(view, buf);
    put_line(buf, "waiting", fy_json_string_or(view, "waiting", NULL));
    put_line(buf, "asked", fy_json_string_or(json_object_get(view, "approval"), "question", NULL));
    put_line(buf, "error", fy_json_string_or(error, "message", NULL));
    put_line(buf, "", fy_json_string_or(error, "hint", NULL));
    put_amended(json_object_get(view, "amended"), buf);
    fy_show_checks(view, buf);
    put_handed_over(json_object_get(view, "hand_over"), buf);
    put_users(view, buf);
    put_judge(view, buf);
    put_guards(view, buf);
    put_times(view, buf);
    put_line(buf, "store", fy_json_string_or(view, "store_trouble", NULL));
    put_verbs(view, buf);
}
