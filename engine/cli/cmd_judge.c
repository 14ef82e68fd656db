/* SPDX-License-Identifier: Apache-2.0 */
/* ferry judge replay, judge power. */
#include "cli/client.h"

#include "base/mem.h"
#include "cli/cli.h"
#include "cli/output.h"
#include "judge/power.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- replay ---- */

/* "0.3" in hundredths, -1 if it was not given. */
static bool hundredths(const struct fy_cli *cli, const char *name, int64_t *ret)
{
    const char *text = fy_cli_option(cli, name);
    char *end = NULL;
    *ret = -1;
    if (text == NULL)
        return true;
    const double value = strtod(text, &end);
    if (end != text && *end == '\0' && value > 0 && value <= 50) {
        *ret = (int64_t)floor(value * 100 + 0.5);
        return true;
    }
    (void)fprintf(stderr, "ferry: --%s is a number above 0, at most 50: \"%s\"\n", name, text);
    return false;
}

static int print_replay(const json_t *doc)
{
    const json_t *verdicts = json_object_get(doc, "verdicts"), *rollbacks = json_object_get(doc, "rollbacks");
    const json_t *one = NULL;
    size_t index = 0;
    long long same = 0;
    char at[32];
    json_array_foreach(verdicts, index, one)
    {
        const bool equal = fy_json_bool_or(one, "same", false);
        same += equal;
        (void)printf("%s  stage %lld  %-12s %s%s\n", fy_date_words(fy_json_int_or(one, "at_ms", 0), at),
                     (long long)fy_json_int_or(one, "stage", 0) + 1, fy_json_string_or(one, "now", "?"),
                     equal ? "" : "(the journal has another) ", fy_json_string_or(one, "sentence", ""));
    }
    json_array_foreach(rollbacks, index, one)(void)
        printf("%s  stage %lld  first would be rolled back here: %s\n",
               fy_date_words(fy_json_int_or(one, "at_ms", 0), at),
               (long long)fy_json_int_or(one, "stage", 0) + 1, fy_json_string_or(one, "sentence", ""));
    (void)printf("%lld of %zu verdicts are the same to the last bit%s\n", same, json_array_size(verdicts),
                 json_array_size(rollbacks) == 0 ? "; nowhere would it have been rolled back" : "");
    const bool others = json_object_get(doc, "margin_bp") != NULL || json_object_get(doc, "alpha_bp") != NULL;
    return others || same == (long long)json_array_size(verdicts) ? FY_EXIT_OK : FY_EXIT_FAILED;
}

int fy_cmd_judge_replay(struct fy_cli *cli)
{
    struct fy_err err = {0};
    int64_t margin_bp = -1, alpha_bp = -1;
    if (!hundredths(cli, "margin", &margin_bp) || !hundredths(cli, "alpha", &alpha_bp))
        return FY_EXIT_USAGE;
    FY_AUTO(fy_buf_free) struct fy_buf query = {0};
    fy_buf_text(&query, "?");
    if (margin_bp >= 0)
        fy_buf_format(&query, "margin_bp=%lld&", (long long)margin_bp);
    if (alpha_bp >= 0)
        fy_buf_format(&query, "alpha_bp=%lld", (long long)alpha_bp);
    FY_AUTO(fy_json_unref)
    json_t *doc = fy_client_get(cli->client, &err, "/v1/upgrades/%s/judge%s", cli->args[0], query.data);
    if (doc == NULL)
        return fy_cli_fail(&err);
    if (!cli->json)
        return print_replay(doc);
    fy_print_json(doc);
    return FY_EXIT_OK;
}

/* ---- power ---- */

static bool number(const struct fy_cli *cli, const char *name, double otherwise, double most, double *ret)
{
    const char *text = fy_cli_option(cli, name);
    char *end = NULL;
    *ret = text != NULL ? strtod(text, &end) : otherwise;
    if (text == NULL || (end != text && *end == '\0' && *ret >= 0 && *ret <= most))
        return true;
    (void)fprintf(stderr, "ferry: --%s is a number from 0 to %g: \"%s\"\n", name, most, text);
    return false;
}

struct question {
    double users, failing, ratio, margin, alpha, kpis;
};

static const double spans[] = {5, 10, 15, 30, 45, 60, 120}; /* minutes */
static const double gaps[] = {0.001, 0.003, 0.01, 0.05};

struct answer {
    double target, smallest, found[FY_COUNT(gaps)];
};

/* What so many minutes show: half of the error is for the exact test at the end, shared by the KPIs. */
static struct answer after(const struct question *q, double minutes)
{
    const double all = q->users * minutes, alpha = q->alpha / 2 / q->kpis;
    struct answer answer = {.target = all * q->ratio};
    const double source = all - answer.target;
    answer.smallest = fy_power_smallest(source, answer.target, q->failing, alpha);
    for (size_t i = 0; i < FY_COUNT(gaps); i++)
        answer.found[i] = fy_power_of(source, answer.target, q->failing, gaps[i], alpha);
    return answer;
}

/* Users on the target until a version that is as good is shown not to be worse by the margin. */
static double users_to_pass(const struct question *q)
{
    return fy_power_users_to_pass((1 - q->ratio) / q->ratio, q->failing, q->margin, 20);
}

static void print_answer(const struct question *q)
{
    const double users = users_to_pass(q);
    (void)printf(
        "%.0f users a minute try in both domains, %.2f %% fail, %.0f %% are on the target; %.0f KPIs, false "
        "rollback %.2f %% a soak\n\n",
        q->users, 100 * q->failing, 100 * q->ratio, q->kpis, 100 * q->alpha);
    (void)printf("%10s %12s %16s %9s %9s %9s %9s\n", "soak", "target users", "could see (80 %)", "0.1 pts",
                 "0.3 pts", "1 pt", "5 pts");
    for (size_t i = 0; i < FY_COUNT(spans); i++) {
        const struct answer answer = after(q, spans[i]);
        (void)printf("%6.0f min %12.0f %12.2f pts", spans[i], answer.target, 100 * answer.smallest);
        for (size_t g = 0; g < FY_COUNT(gaps); g++)
            (void)printf(" %7.0f %%", 100 * answer.found[g]);
        (void)printf("\n");
    }
    if (isfinite(users))
        (void)printf("\nTo show that it is not %.2f points worse takes about %.0f users on the target: %.0f "
                     "min at this "
                     "traffic.\n",
                     100 * q->margin, users, ceil(users / (q->users * q->ratio)));
}

static void print_answer_json(const struct question *q)
{
    json_t *rows = json_array();
    const double users = users_to_pass(q);
    for (size_t i = 0; i < FY_COUNT(spans); i++) {
        const struct answer answer = after(q, spans[i]);
        json_t *found = json_object();
        for (size_t g = 0; g < FY_COUNT(gaps); g++) {
            char points[16];
            (void)snprintf(points, sizeof points, "%g", 100 * gaps[g]);
            json_object_set_new(found, points, json_real(answer.found[g]));
        }
        json_array_append_new(rows, json_pack("{s:f,s:f,s:f,s:o}", "minutes", spans[i], "target_users",
                                              answer.target, "smallest_points", 100 * answer.smallest,
                                              "found", found));
    }
    json_t *doc = json_pack("{s:o,s:f,s:f}", "soaks", rows, "users_to_pass", users, "minutes_to_pass",
                            users / (q->users * q->ratio));
    fy_print_json(doc);
    json_decref(doc);
}

int fy_cmd_judge_power(struct fy_cli *cli)
{
    struct question q;
    if (!number(cli, "users", 2000, 1e9, &q.users) || !number(cli, "failing", 0.3, 100, &q.failing) ||
        !number(cli, "ratio", 50, 99, &q.ratio) || !number(cli, "margin", 0.3, 50, &q.margin) ||
        !number(cli, "alpha", 1, 50, &q.alpha) || !number(cli, "kpis", 1, 64, &q.kpis))
        return FY_EXIT_USAGE;
    if (q.users <= 0 || q.ratio <= 0 || q.margin <= 0 || q.alpha <= 0 || q.kpis < 1) {
        (void)fprintf(stderr, "ferry: users, ratio, margin and alpha are above 0, kpis at least 1\n");
        return FY_EXIT_USAGE;
    }
    q.failing /= 100;
    q.ratio /= 100;
    q.margin /= 100;
    q.alpha /= 100;
    if (cli->json)
        print_answer_json(&q);
    else
        print_answer(&q);
    return FY_EXIT_OK;
}
