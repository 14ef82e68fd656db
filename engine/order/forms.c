/* SPDX-License-Identifier: Apache-2.0 */
/* The forms of every struct in order/order.h. */
#include "order/form.h"

#include "base/mem.h"
#include "base/time.h"
#include "order/spelt.h"
#include "order/words.h"

#define SECOND INT64_C(1000)
#define MINUTE (60 * SECOND)
#define HOUR   (60 * MINUTE)
#define DAY    (24 * HOUR)
#define MANY   INT64_C(1000000000)

#define AT(type, member) offsetof(struct type, member)

/* Fields that the mapper of TOSCA's own elements sets. */
#define OTHER_NUMBER(name, where, least, most)                                                               \
    {                                                                                                        \
        .json = (name), .place = FY_AT_OTHER, .type = FY_FIELD_NUMBER, .required = true, .offset = (where),  \
        .scale = 1, .min = (least), .max = (most)                                                            \
    }
#define LINE(record) OTHER_NUMBER("line", AT(record, line), 0, MANY)
#define OTHER_TOKEN(name, where)                                                                             \
    {                                                                                                        \
        .json = (name), .place = FY_AT_OTHER, .type = FY_FIELD_TOKEN, .required = true, .offset = (where)    \
    }

#define FIELD(x, j, where, kind, ...)                                                                        \
    {                                                                                                        \
        .xml = (x), .json = (j), .type = (kind), .offset = (where), __VA_ARGS__                              \
    }
#define NEEDED                      .required = true
#define IN_CHILD                    .place = FY_AT_CHILD
#define RANGE(s, least, most)       .scale = (s), .min = (least), .max = (most)
#define ANY_NUMBER                  RANGE(1, 0, MANY)
#define PERCENT_IN_PERMILLE         RANGE(10, 0, 1000), .right = "a percentage from 0 to 100, at most one decimal"
#define PERCENT_IN_BP               RANGE(100, 0, 10000), .right = "a percentage from 0 to 100, at most two decimals"
#define RATE                        RANGE(1, 1, MANY), .right = "users a second, a whole number from 1"
#define LENGTH(least, most, words_) .min = (least), .max = (most), .right = (words_)

#define FORM(name, element, type, fields_, parts_)                                                           \
    const struct fy_form name = {(element), sizeof(struct type), (fields_), FY_COUNT(fields_),               \
                                 (parts_),  FY_COUNT(parts_)}
#define LEAF(name, element, type, fields_)                                                                   \
    const struct fy_form name = {(element), sizeof(struct type), (fields_), FY_COUNT(fields_), NULL, 0}
#define ONE(x, j, form_, record, member)                                                                     \
    {                                                                                                        \
        .xml = (x), .json = (j), .form = (form_), .how_many = FY_PART_ONE, .in_xml = true,                   \
        .offset = AT(record, member), .min = 1, .max = 1                                                     \
    }
#define MAYBE(x, j, form_, record, member)                                                                   \
    {                                                                                                        \
        .xml = (x), .json = (j), .form = (form_), .how_many = FY_PART_MAYBE, .in_xml = true,                 \
        .offset = AT(record, member), .max = 1                                                               \
    }
#define LIST(x, j, form_, record, member, count, least, most)                                                \
    {                                                                                                        \
        .xml = (x), .json = (j), .form = (form_), .how_many = FY_PART_MANY, .in_xml = true,                  \
        .offset = AT(record, member), .count_offset = AT(record, count), .min = (least), .max = (most)       \
    }

/* f:UpgradeRequest */
static const struct fy_field ticket_fields[] = {
    FIELD("system", "system", AT(fy_order_ticket, system), FY_FIELD_TOKEN, NEEDED),
    FIELD("id", "id", AT(fy_order_ticket, id), FY_FIELD_TOKEN, NEEDED),
    FIELD("requester", "requester", AT(fy_order_ticket, requester), FY_FIELD_TEXT),
    FIELD("risk", "risk", AT(fy_order_ticket, risk), FY_FIELD_TOKEN),
};
static LEAF(form_ticket, "Ticket", fy_order_ticket, ticket_fields);

static const struct fy_field source_fields[] = {
    LINE(fy_order_version),
    FIELD("vnfdId", "vnfd", AT(fy_order_version, vnfd), FY_FIELD_TOKEN, NEEDED),
    FIELD("softwareVersion", "version", AT(fy_order_version, version), FY_FIELD_TOKEN, NEEDED),
};
static LEAF(form_source, "Source", fy_order_version, source_fields);
static LEAF(form_target, "Target", fy_order_version, source_fields);

static const struct fy_field window_fields[] = {
    LINE(fy_order_window),
    FIELD("start", "start_ms", AT(fy_order_window, start_ms), FY_FIELD_TIME, NEEDED),
    FIELD("end", "end_ms", AT(fy_order_window, end_ms), FY_FIELD_TIME, NEEDED),
    FIELD("timeZone", "zone", AT(fy_order_window, zone), FY_FIELD_TEXT, NEEDED, .spelt = fy_zone_spelt,
          .right = "an IANA time zone, like Asia/Shanghai"),
    FIELD("latestRollbackEnd", "latest_rollback_end_ms", AT(fy_order_window, latest_rollback_end_ms),
          FY_FIELD_TIME),
    FIELD("onWindowEnd", "on_window_end", AT(fy_order_window, on_window_end), FY_FIELD_ENUM,
          .words = fy_on_end_words, .otherwise = "rollback"),
};
static LEAF(form_window, "Window", fy_order_window, window_fields);

static const struct fy_field callback_fields[] = {
    LINE(fy_order_callback),
    FIELD("ref", "ref", AT(fy_order_callback, ref), FY_FIELD_TOKEN, NEEDED, .spelt = fy_spelt_name,
          .right = "the name of a receiver configured in ferryd, not a URL"),
    FIELD("events", "events", AT(fy_order_callback, events), FY_FIELD_WORDS, .words = fy_event_words,
          .otherwise = "state stage report"),
};
static LEAF(form_callback, "Callback", fy_order_callback, callback_fields);

static const struct fy_field given_fields[] = {
    LINE(fy_order_given),
    FIELD("name", "name", AT(fy_order_given, name), FY_FIELD_TOKEN, NEEDED, .spelt = fy_spelt_name),
    FIELD("value", "value", AT(fy_order_given, value), FY_FIELD_TEXT, NEEDED),
};
static LEAF(form_given, "Input", fy_order_given, given_fields);

static const struct fy_field request_fields[] = {
    LINE(fy_order_request),
    FIELD("requestId", "id", AT(fy_order_request, id), FY_FIELD_TOKEN, NEEDED),
    FIELD("revision", "revision", AT(fy_order_request, revision), FY_FIELD_NUMBER, RANGE(1, 1, MANY),
          .otherwise = "1", .right = "a whole number from 1"),
    FIELD("tenant", "tenant", AT(fy_order_request, tenant), FY_FIELD_TOKEN, NEEDED),
    FIELD("VnfInstanceId", "vnf_instance", AT(fy_order_request, vnf_instance), FY_FIELD_TOKEN, IN_CHILD,
          NEEDED),
    FIELD("ModificationQualifier", "qualifier", AT(fy_order_request, qualifier), FY_FIELD_ENUM, IN_CHILD,
          NEEDED, .words = fy_qualifier_words),
    FIELD("DryRun", "dry_run", AT(fy_order_request, dry_run), FY_FIELD_BOOL, IN_CHILD),
};
static const struct fy_part request_parts[] = {
    MAYBE("Ticket", "ticket", &form_ticket, fy_order_request, ticket),
    ONE("Source", "source", &form_source, fy_order_request, source),
    ONE("Target", "target", &form_target, fy_order_request, target),
    ONE("Window", "window", &form_window, fy_order_request, window),
    LIST("Callback", "callbacks", &form_callback, fy_order_request, callbacks, callback_count, 0, 8),
    LIST("Input", "inputs", &form_given, fy_order_request, inputs, input_count, 0, 64),
};
FORM(fy_form_request, "UpgradeRequest", fy_order_request, request_fields, request_parts);

/* f:Vnf */
static const struct fy_field mate_fields[] = {
    FIELD("vnfInstanceId", "vnf_instance", AT(fy_order_mate, vnf_instance), FY_FIELD_TOKEN, NEEDED),
    FIELD("minHeadroom", "min_headroom_permille", AT(fy_order_mate, min_headroom_permille), FY_FIELD_NUMBER,
          PERCENT_IN_PERMILLE),
};
static LEAF(form_mate, "Mate", fy_order_mate, mate_fields);

static const struct fy_field connection_fields[] = {
    LINE(fy_order_connection),
    FIELD("kind", "kind", AT(fy_order_connection, kind), FY_FIELD_ENUM, NEEDED,
          .words = fy_connection_kind_words),
    FIELD("ref", "ref", AT(fy_order_connection, ref), FY_FIELD_TOKEN, NEEDED, .spelt = fy_spelt_name,
          .right = "the name of a connection configured in ferryd, not a URL or a file"),
};
static LEAF(form_connection, "Connection", fy_order_connection, connection_fields);

static const struct fy_field site_fields[] = {
    FIELD("id", "id", AT(fy_order_site, id), FY_FIELD_TOKEN, NEEDED),
    FIELD("onLinkLoss", "on_link_loss", AT(fy_order_site, on_link_loss), FY_FIELD_ENUM,
          .words = fy_link_loss_words, .otherwise = "hold"),
    FIELD("after", "after_ms", AT(fy_order_site, after_ms), FY_FIELD_DURATION,
          LENGTH(SECOND, DAY, "PT1S to P1D"), .otherwise = "PT10M"),
};
static LEAF(form_site, "Site", fy_order_site, site_fields);

static const struct fy_field vnf_fields[] = {
    LINE(fy_order_vnf),
    OTHER_TOKEN("node", AT(fy_order_vnf, node)),
    FIELD("nfType", "nf_type", AT(fy_order_vnf, nf_type), FY_FIELD_TOKEN, NEEDED, .spelt = fy_spelt_name),
    FIELD("exclusionGroup", "exclusion_group", AT(fy_order_vnf, exclusion_group), FY_FIELD_TOKEN),
};
static const struct fy_part vnf_parts[] = {
    LIST("Mate", "mates", &form_mate, fy_order_vnf, mates, mate_count, 0, 32),
    LIST("Connection", "connections", &form_connection, fy_order_vnf, connections, connection_count, 1, 16),
    LIST("Site", "sites", &form_site, fy_order_vnf, sites, site_count, 0, 64),
};
FORM(fy_form_vnf, "Vnf", fy_order_vnf, vnf_fields, vnf_parts);

/* f:Vdu */
static const struct fy_field image_fields[] = {
    FIELD("ref", "ref", AT(fy_order_image, ref), FY_FIELD_TOKEN, NEEDED),
    FIELD("digest", "digest", AT(fy_order_image, digest), FY_FIELD_TOKEN, .spelt = fy_spelt_digest,
          .right = "algorithm:hexadecimal, like sha256:0d1a..."),
};
static LEAF(form_image, "Image", fy_order_image, image_fields);

static const struct fy_field affinity_fields[] = {
    FIELD("scope", "scope", AT(fy_order_affinity, scope), FY_FIELD_ENUM, .words = fy_scope_words,
          .otherwise = "host"),
};
static LEAF(form_affinity, "AntiAffinity", fy_order_affinity, affinity_fields);

static const struct fy_field locator_fields[] = {
    FIELD("tag", "tag", AT(fy_order_locator, tag), FY_FIELD_TEXT),
    FIELD("group", "group", AT(fy_order_locator, group), FY_FIELD_TEXT),
    FIELD("label", "label", AT(fy_order_locator, label), FY_FIELD_TEXT),
    FIELD("stack", "stack", AT(fy_order_locator, stack), FY_FIELD_TEXT),
};
static LEAF(form_locator, "Locator", fy_order_locator, locator_fields);

static const struct fy_field vdu_fields[] = {
    LINE(fy_order_vdu),
    OTHER_TOKEN("node", AT(fy_order_vdu, node)),
    OTHER_NUMBER("min_instances", AT(fy_order_vdu, min_instances), 0, MANY),
    {.json = "max_instances",
     .place = FY_AT_OTHER,
     .type = FY_FIELD_NUMBER,
     .offset = AT(fy_order_vdu, max_instances),
     RANGE(1, 1, MANY)},
    FIELD("vduId", "vdu_id", AT(fy_order_vdu, vdu_id), FY_FIELD_TOKEN, NEEDED),
    FIELD("role", "role", AT(fy_order_vdu, role), FY_FIELD_ENUM, NEEDED, .words = fy_role_words),
    FIELD("step", "step", AT(fy_order_vdu, step), FY_FIELD_STEP, RANGE(1, 1, MANY), .otherwise = "auto",
          .right = "\"auto\" or a whole number from 1"),
    FIELD("minPreserved", "min_preserved", AT(fy_order_vdu, min_preserved), FY_FIELD_NUMBER, ANY_NUMBER,
          .right = "a number of instances"),
    FIELD("maxSimplex", "max_simplex_ms", AT(fy_order_vdu, max_simplex_ms), FY_FIELD_DURATION,
          LENGTH(SECOND, 7 * DAY, "PT1S to P7D")),
    FIELD("verbsFrom", "verbs_from", AT(fy_order_vdu, verbs_from), FY_FIELD_ENUM,
          .words = fy_verbs_from_words, .otherwise = "vim"),
};
#define IMAGE(domain, member)                                                                                \
    {                                                                                                        \
        .xml = "Image", .json = (domain), .form = &form_image, .how_many = FY_PART_ONE, .in_xml = true,      \
        .offset = AT(fy_order_vdu, member), .min = 1, .max = 1, .key_xml = "domain", .key = (domain)         \
    }
static const struct fy_part vdu_parts[] = {
    IMAGE("source", source),
    IMAGE("target", target),
    LIST("AntiAffinity", "anti_affinity", &form_affinity, fy_order_vdu, anti_affinity, anti_affinity_count, 0,
         2),
    MAYBE("Locator", "locator", &form_locator, fy_order_vdu, locator),
};
FORM(fy_form_vdu, "Vdu", fy_order_vdu, vdu_fields, vdu_parts);

/* f:GrayStages */
#define SOAK_MAX (7 * DAY)
#define RATIO    RANGE(10, 1, 1000), .right = "a percentage above 0 and up to 100, at most one decimal"
static const struct fy_field stage_fields[] = {
    LINE(fy_order_stage),
    FIELD("ratio", "ratio_permille", AT(fy_order_stage, ratio_permille), FY_FIELD_NUMBER, NEEDED, RATIO),
    FIELD("soak", "soak_ms", AT(fy_order_stage, soak_ms), FY_FIELD_DURATION, NEEDED,
          LENGTH(0, SOAK_MAX, "PT0S to P7D")),
    FIELD("maxSoak", "max_soak_ms", AT(fy_order_stage, max_soak_ms), FY_FIELD_DURATION,
          LENGTH(0, 3 * SOAK_MAX, "PT0S to P21D")),
    FIELD("maxMoveRate", "max_move_rate", AT(fy_order_stage, max_move_rate), FY_FIELD_NUMBER, RATE),
};
static LEAF(form_stage, "Stage", fy_order_stage, stage_fields);

static const struct fy_field approval_fields[] = {
    LINE(fy_order_approval),
    FIELD("before", "before_permille", AT(fy_order_approval, before_permille), FY_FIELD_NUMBER, RATIO),
    FIELD("after", "after_permille", AT(fy_order_approval, after_permille), FY_FIELD_NUMBER, RATIO),
    FIELD("role", "role", AT(fy_order_approval, role), FY_FIELD_TOKEN, NEEDED, .spelt = fy_spelt_name),
    FIELD("count", "count", AT(fy_order_approval, count), FY_FIELD_NUMBER, RANGE(1, 1, 16), .otherwise = "1",
          .right = "a number of people from 1 to 16"),
    FIELD("timeout", "timeout_ms", AT(fy_order_approval, timeout_ms), FY_FIELD_DURATION,
          LENGTH(SECOND, 7 * DAY, "PT1S to P7D"), .otherwise = "PT30M"),
    FIELD("onTimeout", "on_timeout", AT(fy_order_approval, on_timeout), FY_FIELD_ENUM,
          .words = fy_on_end_words, .otherwise = "hold"),
};
static LEAF(form_approval, "Approval", fy_order_approval, approval_fields);

static const struct fy_field supi_fields[] = {
    FIELD("first", "first", AT(fy_order_supi_range, first), FY_FIELD_TOKEN, NEEDED, .spelt = fy_spelt_supi,
          .right = "imsi- and 5 to 15 digits"),
    FIELD("last", "last", AT(fy_order_supi_range, last), FY_FIELD_TOKEN, NEEDED, .spelt = fy_spelt_supi,
          .right = "imsi- and 5 to 15 digits"),
};
static LEAF(form_supi, "SupiRange", fy_order_supi_range, supi_fields);

static const struct fy_field tai_fields[] = {
    FIELD("mcc", "mcc", AT(fy_order_tai, mcc), FY_FIELD_TOKEN, NEEDED, .spelt = fy_spelt_mcc,
          .right = "three digits"),
    FIELD("mnc", "mnc", AT(fy_order_tai, mnc), FY_FIELD_TOKEN, NEEDED, .spelt = fy_spelt_mnc,
          .right = "two or three digits"),
    FIELD("tac", "tac", AT(fy_order_tai, tac), FY_FIELD_TOKEN, NEEDED, .spelt = fy_spelt_tac,
          .right = "four (4G) or six (5G) hexadecimal digits"),
};
static LEAF(form_tai, "Tai", fy_order_tai, tai_fields);

static const struct fy_field dnn_fields[] = {
    FIELD("name", "name", AT(fy_order_dnn, name), FY_FIELD_TOKEN, NEEDED),
};
static LEAF(form_dnn, "Dnn", fy_order_dnn, dnn_fields);

static const struct fy_field slice_fields[] = {
    FIELD("sst", "sst", AT(fy_order_slice, sst), FY_FIELD_NUMBER, NEEDED, RANGE(1, 0, 255),
          .right = "0 to 255"),
    FIELD("sd", "sd", AT(fy_order_slice, sd), FY_FIELD_TOKEN, .spelt = fy_spelt_sd,
          .right = "six hexadecimal digits"),
};
static LEAF(form_slice, "Slice", fy_order_slice, slice_fields);

static const struct fy_field selector_fields[] = {
    LINE(fy_order_selector),
    FIELD("use", "use", AT(fy_order_selector, use), FY_FIELD_ENUM, NEEDED, .words = fy_use_words),
};
static const struct fy_part selector_parts[] = {
    LIST("SupiRange", "supis", &form_supi, fy_order_selector, supis, supi_count, 0, 64),
    LIST("Tai", "tais", &form_tai, fy_order_selector, tais, tai_count, 0, 256),
    LIST("Dnn", "dnns", &form_dnn, fy_order_selector, dnns, dnn_count, 0, 64),
    LIST("Slice", "slices", &form_slice, fy_order_selector, slices, slice_count, 0, 64),
};
static FORM(form_selector, "Selector", fy_order_selector, selector_fields, selector_parts);

static const struct fy_field gray_fields[] = {
    LINE(fy_order_gray),
    FIELD("basis", "basis", AT(fy_order_gray, basis), FY_FIELD_ENUM, .words = fy_basis_words,
          .otherwise = "users"),
    FIELD("tolerance", "tolerance_bp", AT(fy_order_gray, tolerance_bp), FY_FIELD_NUMBER, RANGE(100, 0, 2000),
          .otherwise = "0.5", .right = "a percentage from 0 to 20, at most two decimals"),
};
static const struct fy_part gray_parts[] = {
    LIST("Stage", "stages", &form_stage, fy_order_gray, stages, stage_count, 1, 32),
    LIST("Approval", "approvals", &form_approval, fy_order_gray, approvals, approval_count, 0, 64),
    LIST("Selector", "selectors", &form_selector, fy_order_gray, selectors, selector_count, 0, 32),
};
FORM(fy_form_gray, "GrayStages", fy_order_gray, gray_fields, gray_parts);

/* f:KpiGate */
static const struct fy_field kpi_fields[] = {
    LINE(fy_order_kpi),
    FIELD("name", "name", AT(fy_order_kpi, name), FY_FIELD_TOKEN, NEEDED, .spelt = fy_spelt_name),
    FIELD("margin", "margin_bp", AT(fy_order_kpi, margin_bp), FY_FIELD_NUMBER, RANGE(100, 1, 5000),
          .otherwise = "0.5", .right = "percentage points from 0.01 to 50"),
    FIELD("floor", "floor_bp", AT(fy_order_kpi, floor_bp), FY_FIELD_NUMBER, PERCENT_IN_BP),
    FIELD("critical", "critical", AT(fy_order_kpi, critical), FY_FIELD_BOOL, .otherwise = "false"),
    FIELD("minUsers", "min_users", AT(fy_order_kpi, min_users), FY_FIELD_NUMBER, RANGE(1, 1, MANY),
          .right = "a number of users from 1"),
    FIELD("segment", "segment", AT(fy_order_kpi, segment), FY_FIELD_TOKEN, .spelt = fy_spelt_name),
};
static LEAF(form_kpi, "Kpi", fy_order_kpi, kpi_fields);

static const struct fy_field definition_fields[] = {
    LINE(fy_order_kpi_definition),
    FIELD("name", "name", AT(fy_order_kpi_definition, name), FY_FIELD_TOKEN, NEEDED, .spelt = fy_spelt_name),
    FIELD("title", "title", AT(fy_order_kpi_definition, title), FY_FIELD_TEXT, .spelt = fy_spelt_text),
    FIELD("segment", "segment", AT(fy_order_kpi_definition, segment), FY_FIELD_TOKEN, .spelt = fy_spelt_name),
    FIELD("numerator", "numerator", AT(fy_order_kpi_definition, numerator), FY_FIELD_WORDS, NEEDED,
          .right = "names of counters, separated by blanks"),
    FIELD("denominator", "denominator", AT(fy_order_kpi_definition, denominator), FY_FIELD_WORDS, NEEDED,
          .right = "names of counters, separated by blanks"),
    FIELD("failures", "failures", AT(fy_order_kpi_definition, failures), FY_FIELD_TOKEN,
          .right = "the counter whose subcounters are causes"),
    FIELD("exclude", "exclude", AT(fy_order_kpi_definition, exclude), FY_FIELD_WORDS),
    FIELD("direction", "direction", AT(fy_order_kpi_definition, direction), FY_FIELD_ENUM,
          .words = fy_kpi_direction_words, .otherwise = "higher"),
};
static LEAF(form_definition, "KpiDefinition", fy_order_kpi_definition, definition_fields);

static const struct fy_field alarm_fields[] = {
    FIELD("severity", "severity", AT(fy_order_alarm_gate, severity), FY_FIELD_ENUM,
          .words = fy_severity_words, .otherwise = "critical"),
};
static LEAF(form_alarm, "AlarmGate", fy_order_alarm_gate, alarm_fields);

static const struct fy_field security_fields[] = {
    FIELD("counters", "counters", AT(fy_order_security_gate, counters), FY_FIELD_WORDS),
};
static LEAF(form_security, "SecurityGate", fy_order_security_gate, security_fields);

static const struct fy_field gate_fields[] = {
    LINE(fy_order_gate),
    FIELD("period", "period_ms", AT(fy_order_gate, period_ms), FY_FIELD_DURATION,
          LENGTH(SECOND, 15 * MINUTE, "PT1S to PT15M"), .otherwise = "PT5S"),
    FIELD("onViolation", "on_violation", AT(fy_order_gate, on_violation), FY_FIELD_ENUM,
          .words = fy_violation_words, .otherwise = "rollback"),
    FIELD("dryRun", "dry_run", AT(fy_order_gate, dry_run), FY_FIELD_BOOL, .otherwise = "false"),
    FIELD("ExcludeCause", "exclude_causes", AT(fy_order_gate, exclude_causes), FY_FIELD_WORDS, IN_CHILD),
};
static const struct fy_part gate_parts[] = {
    LIST("KpiDefinition", "definitions", &form_definition, fy_order_gate, definitions, definition_count, 0,
         12),
    LIST("Kpi", "kpis", &form_kpi, fy_order_gate, kpis, kpi_count, 1, 64),
    MAYBE("AlarmGate", "alarm", &form_alarm, fy_order_gate, alarm),
    MAYBE("SecurityGate", "security", &form_security, fy_order_gate, security),
};
FORM(fy_form_gate, "KpiGate", fy_order_gate, gate_fields, gate_parts);

/* f:DialTest */
static const struct fy_field subscriber_fields[] = {
    LINE(fy_order_subscriber),
    FIELD("ref", "ref", AT(fy_order_subscriber, ref), FY_FIELD_TOKEN, NEEDED, .spelt = fy_spelt_name,
          .right = "the name under which ferryd knows the test subscriber, never its number"),
    FIELD("steer", "steer", AT(fy_order_subscriber, steer), FY_FIELD_ENUM, .words = fy_steer_words,
          .otherwise = "target"),
    FIELD("peer", "peer", AT(fy_order_subscriber, peer), FY_FIELD_TOKEN, .spelt = fy_spelt_name),
    FIELD("services", "services", AT(fy_order_subscriber, services), FY_FIELD_WORDS,
          .otherwise = "voice data"),
};
static LEAF(form_subscriber, "Subscriber", fy_order_subscriber, subscriber_fields);

static const struct fy_field expect_fields[] = {
    FIELD("locatedIn", "located_in", AT(fy_order_expect, located_in), FY_FIELD_ENUM, .words = fy_domain_words,
          .otherwise = "target"),
    FIELD("success", "success_bp", AT(fy_order_expect, success_bp), FY_FIELD_NUMBER, PERCENT_IN_BP,
          .otherwise = "100"),
};
static LEAF(form_expect, "Expect", fy_order_expect, expect_fields);

static const struct fy_field dial_fields[] = {
    LINE(fy_order_dial_test),
    FIELD("when", "when", AT(fy_order_dial_test, when), FY_FIELD_ENUM, .words = fy_dial_when_words,
          .otherwise = "before-migration"),
    FIELD("by", "by", AT(fy_order_dial_test, by), FY_FIELD_ENUM, .words = fy_dial_by_words,
          .otherwise = "adapter"),
};
static const struct fy_part dial_parts[] = {
    LIST("Subscriber", "subscribers", &form_subscriber, fy_order_dial_test, subscribers, subscriber_count, 1,
         64),
    MAYBE("Expect", "expect", &form_expect, fy_order_dial_test, expect),
};
FORM(fy_form_dial_test, "DialTest", fy_order_dial_test, dial_fields, dial_parts);

/* The short policies. */
static const struct fy_field limit_fields[] = {
    FIELD("maxUsersAtRisk", "max_users_at_risk", AT(fy_order_limits, max_users_at_risk), FY_FIELD_NUMBER,
          ANY_NUMBER, .otherwise = "0", .right = "a number of users"),
    FIELD("maxSimplex", "max_simplex_ms", AT(fy_order_limits, max_simplex_ms), FY_FIELD_DURATION,
          LENGTH(SECOND, 7 * DAY, "PT1S to P7D")),
    FIELD("minHeadroom", "min_headroom_permille", AT(fy_order_limits, min_headroom_permille), FY_FIELD_NUMBER,
          PERCENT_IN_PERMILLE),
    FIELD("maxDuration", "max_duration_ms", AT(fy_order_limits, max_duration_ms), FY_FIELD_DURATION,
          LENGTH(MINUTE, 30 * DAY, "PT1M to P30D")),
    FIELD("busyHourProfile", "busy_hour_profile", AT(fy_order_limits, busy_hour_profile), FY_FIELD_TOKEN,
          .spelt = fy_spelt_name),
};
LEAF(fy_form_limits, "Limits", fy_order_limits, limit_fields);

static const struct fy_field backup_fields[] = {
    FIELD("what", "what", AT(fy_order_backup, what), FY_FIELD_WORDS, .words = fy_backup_words,
          .otherwise = "config data image"),
    FIELD("keepUntil", "keep_until", AT(fy_order_backup, keep_until), FY_FIELD_ENUM,
          .words = fy_keep_until_words, .otherwise = "commit"),
};
LEAF(fy_form_backup, "Backup", fy_order_backup, backup_fields);

static const struct fy_field guard_fields[] = {
    FIELD("take", "take", AT(fy_order_guards, take), FY_FIELD_WORDS, .otherwise = "healing scaling"),
};
LEAF(fy_form_guards, "Guards", fy_order_guards, guard_fields);

static const struct fy_field rollback_fields[] = {
    LINE(fy_order_rollback),
    FIELD("onFailure", "on_failure", AT(fy_order_rollback, on_failure), FY_FIELD_ENUM,
          .words = fy_on_end_words, .otherwise = "rollback"),
    FIELD("moveRate", "move_rate", AT(fy_order_rollback, move_rate), FY_FIELD_NUMBER, RATE),
    FIELD("data", "data", AT(fy_order_rollback, data), FY_FIELD_ENUM, .words = fy_data_words,
          .otherwise = "none"),
};
LEAF(fy_form_rollback, "Rollback", fy_order_rollback, rollback_fields);

static const struct fy_field commit_fields[] = {
    LINE(fy_order_commit),
    FIELD("observe", "observe_ms", AT(fy_order_commit, observe_ms), FY_FIELD_DURATION,
          LENGTH(0, 90 * DAY, "PT0S to P90D"), .otherwise = "P7D"),
    FIELD("remindBefore", "remind_before_ms", AT(fy_order_commit, remind_before_ms), FY_FIELD_DURATION,
          LENGTH(0, 90 * DAY, "PT0S to P90D"), .otherwise = "PT0S"),
    FIELD("onExpiry", "on_expiry", AT(fy_order_commit, on_expiry), FY_FIELD_ENUM, .words = fy_expiry_words,
          .otherwise = "hold"),
};
LEAF(fy_form_commit, "Commit", fy_order_commit, commit_fields);

/* Plan and its inputs: TOSCA's own elements, mapped by plan.c. */
static const struct fy_field input_fields[] = {
    LINE(fy_order_input),
    OTHER_TOKEN("name", AT(fy_order_input, name)),
    {.json = "type",
     .place = FY_AT_OTHER,
     .type = FY_FIELD_ENUM,
     .offset = AT(fy_order_input, type),
     .words = fy_input_type_words},
    {.json = "required", .place = FY_AT_OTHER, .type = FY_FIELD_BOOL, .offset = AT(fy_order_input, required)},
    {.json = "value", .place = FY_AT_OTHER, .type = FY_FIELD_INPUT, .offset = AT(fy_order_input, value)},
};
LEAF(fy_form_input, "Input", fy_order_input, input_fields);

static const struct fy_field workflow_fields[] = {
    LINE(fy_order_workflow),
    OTHER_TOKEN("name", AT(fy_order_workflow, name)),
    OTHER_NUMBER("version", AT(fy_order_workflow, version), 0, MANY),
};
static const struct fy_part workflow_parts[] = {
    LIST("Input", "inputs", &fy_form_input, fy_order_workflow, inputs, input_count, 0, 64),
};
FORM(fy_form_workflow, "Plan", fy_order_workflow, workflow_fields, workflow_parts);

/* The whole. */
static const struct fy_field order_fields[] = {
    OTHER_NUMBER("format", AT(fy_order, format), 1, 1),
};
static const struct fy_part order_parts[] = {
    ONE("UpgradeRequest", "request", &fy_form_request, fy_order, request),
    ONE("Vnf", "vnf", &fy_form_vnf, fy_order, vnf),
    LIST("Vdu", "vdus", &fy_form_vdu, fy_order, vdus, vdu_count, 1, 64),
    ONE("GrayStages", "gray", &fy_form_gray, fy_order, gray),
    ONE("KpiGate", "gate", &fy_form_gate, fy_order, gate),
    LIST("DialTest", "dial_tests", &fy_form_dial_test, fy_order, dial_tests, dial_test_count, 0, 8),
    ONE("Limits", "limits", &fy_form_limits, fy_order, limits),
    ONE("Backup", "backup", &fy_form_backup, fy_order, backup),
    ONE("Guards", "guards", &fy_form_guards, fy_order, guards),
    ONE("Rollback", "rollback", &fy_form_rollback, fy_order, rollback),
    ONE("Commit", "commit", &fy_form_commit, fy_order, commit),
    ONE("Plan", "workflow", &fy_form_workflow, fy_order, workflow),
};
FORM(fy_form_order, NULL, fy_order, order_fields, order_parts);
