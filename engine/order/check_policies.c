/* SPDX-License-Identifier: Apache-2.0 */
#include "base/time.h"
#include "order/check.h"

#include <stdio.h>
#include <string.h>

const char *fy_permille_text(int64_t permille, char text[FY_PERCENT_TEXT])
{
    return fy_bp_text(permille * 10, text);
}

const char *fy_bp_text(int64_t bp, char text[FY_PERCENT_TEXT])
{
    int used = snprintf(text, FY_PERCENT_TEXT, "%lld", (long long)(bp / 100));
    int rest = (int)(bp % 100);
    if (rest % 10 != 0)
        (void)snprintf(text + used, FY_PERCENT_TEXT - (size_t)used, ".%02d", rest);
    else if (rest != 0)
        (void)snprintf(text + used, FY_PERCENT_TEXT - (size_t)used, ".%d", rest / 10);
    return text;
}

static bool check_soak(struct fy_order_stage *stage, const struct fy_refuser *to)
{
    if (stage->max_soak_ms == FY_ABSENT)
        stage->max_soak_ms = 3 * stage->soak_ms;
    if (stage->max_soak_ms >= stage->soak_ms)
        return true;
    fy_refuse(to, stage->line, "f:Stage", "maxSoak is shorter than soak");
    return fy_refuse_hint(to, NULL,
                          "a soak is extended up to maxSoak; leave it out for three times the soak");
}

static bool check_stages(struct fy_order_gray *gray, const struct fy_refuser *to)
{
    char here[FY_PERCENT_TEXT];
    char before[FY_PERCENT_TEXT];
    for (size_t i = 0; i < gray->stage_count; i++) {
        struct fy_order_stage *stage = &gray->stages[i];
        if (!check_soak(stage, to))
            return false;
        if (i == 0 || stage->ratio_permille > gray->stages[i - 1].ratio_permille)
            continue;
        fy_refuse(to, stage->line, "f:Stage", "ratio %s comes after %s: stages must rise",
                  fy_permille_text(stage->ratio_permille, here),
                  fy_permille_text(gray->stages[i - 1].ratio_permille, before));
        return fy_refuse_hint(to, NULL, "order the stages by ratio, up to 100");
    }
    const struct fy_order_stage *last = &gray->stages[gray->stage_count - 1];
    if (last->ratio_permille == 1000)
        return true;
    fy_refuse(to, last->line, "f:Stage", "the last stage ends at %s: stages must rise to 100",
              fy_permille_text(last->ratio_permille, here));
    return fy_refuse_hint(to, NULL, "add <f:Stage ratio=\"100\" soak=\"...\"/>");
}

static bool is_stage(const struct fy_order_gray *gray, int64_t permille)
{
    for (size_t i = 0; i < gray->stage_count; i++)
        if (gray->stages[i].ratio_permille == permille)
            return true;
    return false;
}

static bool check_approval(const struct fy_order_gray *gray, const struct fy_order_approval *approval,
                           const struct fy_refuser *to)
{
    bool before = approval->before_permille != FY_ABSENT;
    bool after = approval->after_permille != FY_ABSENT;
    char ratio[FY_PERCENT_TEXT];
    if (before == after) {
        fy_refuse(to, approval->line, "f:Approval", "it has %s",
                  before ? "both before and after" : "neither before nor after");
        return fy_refuse_hint(to, NULL, "give before or after, with the ratio of a stage");
    }
    int64_t permille = before ? approval->before_permille : approval->after_permille;
    if (is_stage(gray, permille))
        return true;
    fy_refuse(to, approval->line, "f:Approval", "%s=\"%s\" is not the ratio of a stage",
              before ? "before" : "after", fy_permille_text(permille, ratio));
    return fy_refuse_hint(to, NULL, "give the ratio of an f:Stage");
}

static bool check_approvals(const struct fy_order_gray *gray, const struct fy_refuser *to)
{
    for (size_t i = 0; i < gray->approval_count; i++) {
        const struct fy_order_approval *approval = &gray->approvals[i];
        if (!check_approval(gray, approval, to))
            return false;
        for (size_t j = 0; j < i; j++) {
            const struct fy_order_approval *other = &gray->approvals[j];
            if (other->before_permille != approval->before_permille ||
                other->after_permille != approval->after_permille || strcmp(other->role, approval->role) != 0)
                continue;
            fy_refuse(to, approval->line, "f:Approval",
                      "the role \"%.60s\" is asked for the same stage in line %lld, too", approval->role,
                      (long long)other->line);
            return fy_refuse_hint(to, NULL, "leave one out; count says how many people must approve");
        }
    }
    return true;
}

static bool check_supis(const struct fy_order_selector *selector, const struct fy_refuser *to)
{
    for (size_t i = 0; i < selector->supi_count; i++) {
        const struct fy_order_supi_range *range = &selector->supis[i];
        if (strlen(range->first) == strlen(range->last) && strcmp(range->first, range->last) <= 0)
            continue;
        fy_refuse(to, selector->line, "f:SupiRange",
                  "it is empty: its last is before its first, or of another length");
        return fy_refuse_hint(to, NULL, "give two numbers of the same length, the smaller one first");
    }
    return true;
}

static bool check_selectors(const struct fy_order_gray *gray, const struct fy_refuser *to)
{
    for (size_t i = 0; i < gray->selector_count; i++) {
        const struct fy_order_selector *selector = &gray->selectors[i];
        if (selector->supi_count + selector->tai_count + selector->dnn_count + selector->slice_count == 0) {
            fy_refuse(to, selector->line, "f:Selector", "it is empty, so it would select everybody");
            return fy_refuse_hint(to, NULL, "put f:SupiRange, f:Tai, f:Dnn or f:Slice into it");
        }
        if (!check_supis(selector, to))
            return false;
    }
    return true;
}

bool fy_check_gray(struct fy_order_gray *gray, const struct fy_refuser *to)
{
    return check_stages(gray, to) && check_approvals(gray, to) && check_selectors(gray, to);
}

static bool same_segment(const char *a, const char *b)
{
    return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static bool check_definitions(const struct fy_order_gate *gate, const struct fy_refuser *to)
{
    for (size_t i = 0; i < gate->definition_count; i++)
        for (size_t j = 0; j < i; j++) {
            if (strcmp(gate->definitions[i].name, gate->definitions[j].name) != 0)
                continue;
            fy_refuse(to, gate->definitions[i].line, "f:KpiDefinition",
                      "\"%.100s\" is defined in line %lld, too", gate->definitions[i].name,
                      (long long)gate->definitions[j].line);
            return fy_refuse_hint(to, NULL, "leave one out, or give it another name");
        }
    return true;
}

bool fy_check_gate(const struct fy_order_gate *gate, const struct fy_refuser *to)
{
    if (!check_definitions(gate, to))
        return false;
    for (size_t i = 0; i < gate->kpi_count; i++)
        for (size_t j = 0; j < i; j++) {
            if (strcmp(gate->kpis[i].name, gate->kpis[j].name) != 0 ||
                !same_segment(gate->kpis[i].segment, gate->kpis[j].segment))
                continue;
            fy_refuse(to, gate->kpis[i].line, "f:Kpi", "\"%.100s\" is in line %lld, too", gate->kpis[i].name,
                      (long long)gate->kpis[j].line);
            return fy_refuse_hint(to, NULL, "leave one out");
        }
    return true;
}

static const struct fy_order_subscriber *find_subscriber(const struct fy_order_dial_test *test,
                                                         const char *ref)
{
    for (size_t i = 0; i < test->subscriber_count; i++)
        if (strcmp(test->subscribers[i].ref, ref) == 0)
            return &test->subscribers[i];
    return NULL;
}

static bool check_subscriber(const struct fy_order_dial_test *test,
                             const struct fy_order_subscriber *subscriber, const struct fy_refuser *to)
{
    if (subscriber->services.count == 0) {
        fy_refuse(to, subscriber->line, "f:Subscriber", "it tests no service");
        return fy_refuse_hint(to, NULL, "give services=\"voice data\"");
    }
    const struct fy_order_subscriber *peer =
        subscriber->peer != NULL ? find_subscriber(test, subscriber->peer) : NULL;
    if (subscriber->peer == NULL || (peer != NULL && peer != subscriber))
        return true;
    fy_refuse(to, subscriber->line, "f:Subscriber",
              peer == NULL ? "its peer \"%.100s\" is not a subscriber of this test"
                           : "its peer \"%.100s\" is itself",
              subscriber->peer);
    return fy_refuse_hint(to, NULL, "give the ref of another f:Subscriber of the same f:DialTest");
}

static bool check_refs(const struct fy_order_dial_test *test, const struct fy_refuser *to)
{
    for (size_t i = 0; i < test->subscriber_count; i++) {
        const struct fy_order_subscriber *subscriber = &test->subscribers[i];
        if (find_subscriber(test, subscriber->ref) == subscriber)
            continue;
        fy_refuse(to, subscriber->line, "f:Subscriber", "\"%.100s\" is in this test twice", subscriber->ref);
        return fy_refuse_hint(to, NULL, "leave one out");
    }
    return true;
}

static bool check_dial_test(const struct fy_order_dial_test *test, const struct fy_refuser *to)
{
    bool steered = false;
    if (!check_refs(test, to))
        return false;
    for (size_t i = 0; i < test->subscriber_count; i++) {
        if (!check_subscriber(test, &test->subscribers[i], to))
            return false;
        steered = steered || test->subscribers[i].steer == FY_STEER_TARGET;
    }
    if (steered || test->when != FY_DIAL_BEFORE_MIGRATION)
        return true;
    fy_refuse(to, test->line, "f:DialTest",
              "before the migration nobody is on the new version, and it steers nobody there");
    return fy_refuse_hint(to, NULL, "give at least one f:Subscriber steer=\"target\"");
}

bool fy_check_dial_tests(const struct fy_order *order, const struct fy_refuser *to)
{
    for (size_t i = 0; i < order->dial_test_count; i++)
        if (!check_dial_test(&order->dial_tests[i], to))
            return false;
    return true;
}

bool fy_check_commit(const struct fy_order *order, const struct fy_refuser *to)
{
    if (order->commit.remind_before_ms <= order->commit.observe_ms)
        return true;
    char observe[FY_TIME_TEXT];
    fy_refuse(to, order->commit.line, "f:Commit", "remindBefore is longer than the observation of %s",
              fy_duration_words(order->commit.observe_ms, observe));
    return fy_refuse_hint(to, NULL, "give a reminder within the observation");
}
