/* SPDX-License-Identifier: Apache-2.0 */
/* An order as a page of plain sentences, for the person who lets it pass. */
#include "order/explain.h"

#include "base/time.h"
#include "order/check.h"

#include <stdlib.h>
#include <string.h>

static void heading(struct fy_buf *buf, const char *text)
{
    fy_buf_format(buf, "\n%s\n", text);
}

static void put_words(struct fy_buf *buf, const struct fy_words *words, const char *if_none)
{
    if (words->count == 0)
        fy_buf_text(buf, if_none);
    for (size_t i = 0; i < words->count; i++)
        fy_buf_format(buf, "%s%s", i > 0 ? ", " : "", words->word[i]);
}

static void explain_request(const struct fy_order *order, struct fy_buf *buf)
{
    const struct fy_order_request *request = &order->request;
    fy_buf_format(buf, "%s %s %s from %s to %s%s.\n",
                  request->qualifier == FY_ORDER_UP ? "Upgrade" : "Downgrade", order->vnf.nf_type,
                  request->vnf_instance, request->source.version, request->target.version,
                  request->dry_run ? " (dry run: it is planned, nothing is touched)" : "");
    fy_buf_format(buf, "Request %s, revision %lld, for the tenant %s", request->id,
                  (long long)request->revision, request->tenant);
    if (request->ticket != NULL)
        fy_buf_format(buf, "; ticket %s in %s%s%s", request->ticket->id, request->ticket->system,
                      request->ticket->requester != NULL ? ", asked for by " : "",
                      request->ticket->requester != NULL ? request->ticket->requester : "");
    fy_buf_text(buf, ".\n");
    if (order->vnf.exclusion_group != NULL)
        fy_buf_format(buf, "Nothing else of the group %s is upgraded meanwhile.\n",
                      order->vnf.exclusion_group);
}

static void explain_window(const struct fy_order_window *window, struct fy_buf *buf)
{
    char start[FY_TIME_TEXT];
    char end[FY_TIME_TEXT];
    char back[FY_TIME_TEXT];
    heading(buf, "When");
    fy_buf_format(buf, "  From %s to %s (zone %s).\n", fy_time_format(window->start_ms, start),
                  fy_time_format(window->end_ms, end), window->zone);
    fy_buf_format(buf, "  A rollback must be over by %s. If the window ends first: an alarm, then %s.\n",
                  fy_time_format(window->latest_rollback_end_ms, back),
                  window->on_window_end == FY_ON_END_ROLLBACK ? "roll back" : "hold where it is");
}

static void explain_vdu(const struct fy_order_vdu *vdu, struct fy_buf *buf)
{
    fy_buf_format(buf, "  %-8s %-15s ", vdu->vdu_id, fy_order_role_name(vdu->role));
    if (fy_order_vdu_unchanged(vdu)) {
        fy_buf_format(buf, "unchanged (%s): skipped\n", vdu->source.ref);
        return;
    }
    fy_buf_format(buf, "%s -> %s", vdu->source.ref, vdu->target.ref);
    if (vdu->role != FY_ROLE_LOAD_SHARING)
        fy_buf_text(buf, ", half and half");
    else if (vdu->step > 0)
        fy_buf_format(buf, ", %lld at a time", (long long)vdu->step);
    else
        fy_buf_text(buf, ", as many at a time as load allows");
    if (vdu->min_preserved != FY_ABSENT)
        fy_buf_format(buf, ", never fewer than %lld running", (long long)vdu->min_preserved);
    fy_buf_text(buf, "\n");
}

static void explain_input(const struct fy_order_input *input, struct fy_buf *buf)
{
    char duration[FY_TIME_TEXT];
    if (input->value == NULL)
        return;
    const char *value = input->value;
    if (input->type == FY_INPUT_DURATION)
        value = fy_duration_words(strtoll(input->value, NULL, 10), duration);
    fy_buf_format(buf, "  with %s = %s\n", input->name, value);
}

static void explain_network(const struct fy_order *order, struct fy_buf *buf)
{
    heading(buf, "What");
    for (size_t i = 0; i < order->vdu_count; i++)
        explain_vdu(&order->vdus[i], buf);
    fy_buf_text(buf, "  through");
    for (size_t i = 0; i < order->vnf.connection_count; i++)
        fy_buf_format(buf, "%s %s (%s)", i > 0 ? "," : "", order->vnf.connections[i].ref,
                      fy_order_connection_kind_name(order->vnf.connections[i].kind));
    fy_buf_format(buf, ", by the workflow %s %lld\n", order->workflow.name,
                  (long long)order->workflow.version);
    for (size_t i = 0; i < order->workflow.input_count; i++)
        explain_input(&order->workflow.inputs[i], buf);
}

static void explain_approvals(const struct fy_order_gray *gray, int64_t permille, bool before,
                              struct fy_buf *buf)
{
    char time[FY_TIME_TEXT];
    for (size_t i = 0; i < gray->approval_count; i++) {
        const struct fy_order_approval *approval = &gray->approvals[i];
        if ((before ? approval->before_permille : approval->after_permille) != permille)
            continue;
        fy_buf_format(buf, "     %s it: %lld with the role %s must approve within %s, else %s\n",
                      before ? "before" : "after", (long long)approval->count, approval->role,
                      fy_duration_words(approval->timeout_ms, time),
                      approval->on_timeout == FY_ON_END_HOLD ? "it waits, with an alarm" : "it goes back");
    }
}

static void explain_stages(const struct fy_order_gray *gray, struct fy_buf *buf)
{
    char ratio[FY_PERCENT_TEXT];
    char soak[FY_TIME_TEXT];
    char longest[FY_TIME_TEXT];
    heading(buf, "How");
    for (size_t i = 0; i < gray->stage_count; i++) {
        const struct fy_order_stage *stage = &gray->stages[i];
        fy_buf_format(buf, "  %zu. %s %% of the %s on the new version", i + 1,
                      fy_permille_text(stage->ratio_permille, ratio), fy_order_basis_name(gray->basis));
        if (stage->max_move_rate != FY_ABSENT)
            fy_buf_format(buf, ", at most %lld a second", (long long)stage->max_move_rate);
        if (stage->soak_ms > 0)
            fy_buf_format(buf, "; watched for %s (at most %s)\n", fy_duration_words(stage->soak_ms, soak),
                          fy_duration_words(stage->max_soak_ms, longest));
        else
            fy_buf_text(buf, "; not watched further\n");
        explain_approvals(gray, stage->ratio_permille, true, buf);
        explain_approvals(gray, stage->ratio_permille, false, buf);
    }
}

static void explain_selectors(const struct fy_order_gray *gray, struct fy_buf *buf)
{
    static const char *const uses[] = {"first", "last", "not at all"};
    for (size_t i = 0; i < gray->selector_count; i++) {
        const struct fy_order_selector *selector = &gray->selectors[i];
        fy_buf_format(buf, "  Moved %s:", uses[selector->use]);
        if (selector->supi_count > 0) /* the numbers themselves stay out of pages and logs */
            fy_buf_format(buf, " users of %zu number range%s;", selector->supi_count,
                          selector->supi_count > 1 ? "s" : "");
        for (size_t j = 0; j < selector->tai_count; j++)
            fy_buf_format(buf, " area %s-%s-%s;", selector->tais[j].mcc, selector->tais[j].mnc,
                          selector->tais[j].tac);
        for (size_t j = 0; j < selector->dnn_count; j++)
            fy_buf_format(buf, " data network %s;", selector->dnns[j].name);
        for (size_t j = 0; j < selector->slice_count; j++)
            fy_buf_format(buf, " slice %lld%s%s;", (long long)selector->slices[j].sst,
                          selector->slices[j].sd != NULL ? "/" : "",
                          selector->slices[j].sd != NULL ? selector->slices[j].sd : "");
        fy_buf_text(buf, "\n");
    }
}

static void explain_kpi(const struct fy_order_kpi *kpi, struct fy_buf *buf)
{
    char number[FY_PERCENT_TEXT];
    fy_buf_format(buf, "  %s", kpi->name);
    if (kpi->segment != NULL)
        fy_buf_format(buf, " of %s", kpi->segment);
    fy_buf_format(buf, " may be at most %s point%s worse than on the old version",
                  fy_bp_text(kpi->margin_bp, number), kpi->margin_bp == 100 ? "" : "s");
    if (kpi->floor_bp != FY_ABSENT)
        fy_buf_format(buf, " and never below %s %%", fy_bp_text(kpi->floor_bp, number));
    fy_buf_text(buf, kpi->critical ? "; critical: it fails alone\n" : "\n");
}

static void explain_gate(const struct fy_order_gate *gate, struct fy_buf *buf)
{
    static const char *const then[] = {"go back at once", "hold", "ask a person"};
    char period[FY_TIME_TEXT];
    heading(buf, "Gates");
    fy_buf_format(buf, "  Every %s, new against old; on a violation %s%s.\n",
                  fy_duration_words(gate->period_ms, period), then[gate->on_violation],
                  gate->dry_run ? " - but this is a dry run: verdicts are only recorded" : "");
    for (size_t i = 0; i < gate->kpi_count; i++)
        explain_kpi(&gate->kpis[i], buf);
    if (gate->exclude_causes.count > 0) {
        fy_buf_text(buf, "  Failures of these causes do not count: ");
        put_words(buf, &gate->exclude_causes, "");
        fy_buf_text(buf, "\n");
    }
    if (gate->alarm != NULL)
        fy_buf_format(buf, "  No new alarm of severity %s or worse.\n",
                      fy_order_severity_name(gate->alarm->severity));
    if (gate->security != NULL) {
        fy_buf_text(buf, "  Security counters do not rise: ");
        put_words(buf, &gate->security->counters, "all that are reported");
        fy_buf_text(buf, "\n");
    }
}

static void explain_test(const struct fy_order_dial_test *test, struct fy_buf *buf)
{
    fy_buf_format(buf, "  %s, by %s:\n",
                  test->when == FY_DIAL_BEFORE_MIGRATION ? "Before anybody else moves" : "After completion",
                  test->by == FY_DIAL_BY_ADAPTER ? "the NF's adapter" : "a person");
    for (size_t i = 0; i < test->subscriber_count; i++) {
        const struct fy_order_subscriber *subscriber = &test->subscribers[i];
        fy_buf_format(buf, "     %s%s: ", subscriber->ref,
                      subscriber->steer == FY_STEER_TARGET ? ", on the new version"
                                                           : ", moves with everybody else");
        put_words(buf, &subscriber->services, "");
        if (subscriber->peer != NULL)
            fy_buf_format(buf, ", with %s", subscriber->peer);
        fy_buf_text(buf, "\n");
    }
    if (test->expect != NULL)
        fy_buf_format(buf, "     expected: found in the %s domain\n",
                      fy_order_domain_name(test->expect->located_in));
}

static void explain_limits(const struct fy_order *order, struct fy_buf *buf)
{
    const struct fy_order_limits *limits = &order->limits;
    char text[FY_TIME_TEXT];
    heading(buf, "Limits");
    fy_buf_format(buf, "  Users at risk at any time: at most %lld.\n", (long long)limits->max_users_at_risk);
    if (limits->max_simplex_ms != FY_ABSENT)
        fy_buf_format(buf, "  A pair without its mate: at most %s.\n",
                      fy_duration_words(limits->max_simplex_ms, text));
    if (limits->min_headroom_permille != FY_ABSENT)
        fy_buf_format(buf, "  Capacity kept free: at least %s %%.\n",
                      fy_permille_text(limits->min_headroom_permille, text));
    if (limits->max_duration_ms != FY_ABSENT)
        fy_buf_format(buf, "  The whole: at most %s.\n", fy_duration_words(limits->max_duration_ms, text));
    fy_buf_text(buf, "  Switched off meanwhile and back on afterwards: ");
    put_words(buf, &order->guards.take, "nothing");
    fy_buf_text(buf, ".\n  Backed up first: ");
    put_words(buf, &order->backup.what, "nothing");
    fy_buf_text(buf, ".\n");
}

static void explain_end(const struct fy_order *order, struct fy_buf *buf)
{
    static const char *const expiry[] = {"hold and alarm", "commit", "roll back"};
    char observe[FY_TIME_TEXT];
    heading(buf, "Going back, and the end");
    fy_buf_format(buf, "  A failure %s; data is %s on the way back.\n",
                  order->rollback.on_failure == FY_ON_END_ROLLBACK ? "rolls back"
                                                                   : "holds and waits for a person",
                  order->rollback.data == FY_DATA_NONE ? "left alone" : "restored, while nobody has moved");
    fy_buf_format(buf, "  Completed, it is observed for %s and can still go back; then: %s.\n",
                  fy_duration_words(order->commit.observe_ms, observe), expiry[order->commit.on_expiry]);
}

void fy_order_explain(const struct fy_order *order, struct fy_buf *buf)
{
    explain_request(order, buf);
    explain_window(&order->request.window, buf);
    explain_network(order, buf);
    explain_stages(&order->gray, buf);
    explain_selectors(&order->gray, buf);
    explain_gate(&order->gate, buf);
    if (order->dial_test_count > 0)
        heading(buf, "Dial tests");
    for (size_t i = 0; i < order->dial_test_count; i++)
        explain_test(&order->dial_tests[i], buf);
    explain_limits(order, buf);
    explain_end(order, buf);
}
