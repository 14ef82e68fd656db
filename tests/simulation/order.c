/* SPDX-License-Identifier: Apache-2.0 */
/* A scenario's landscape and order, as the world and the engine read them. */
#include "base/mem.h"
#include "base/time.h"
#include "tests/simulation/scenario.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const char *const shapes[] = {"AMF", "SMF"};
static const char *const lower[] = {"amf", "smf"};
static const char *const mobilities[] = {"live", "on-idle", "new-only", "reattach"};
static const char *const ends[] = {"rollback", "hold"};

char *scenario_world(const struct scenario *s)
{
    struct fy_buf buf = {0};
    int64_t capacity = s->users * s->room / 100 / s->svc + 1;
    fy_buf_open(&buf, '{');
    fy_buf_member(&buf, "shape", shapes[s->shape]);
    fy_buf_member(&buf, "mobility", mobilities[s->mobility]);
    fy_buf_member(&buf, "curve", "flat");
    const struct {
        const char *name;
        int64_t value;
    } settings[] = {
        {"seed", s->seed & INT64_MAX},
        {"users", s->users},
        {"svc", s->svc},
        {"svc_min", s->svc},
        {"svc_max", s->svc + 2},
        {"svc_capacity", capacity},
        {"sdb", s->sdb},
        {"hosts", 8},
        {"tick_ms", s->period_s * 1000},
        {"build_min_ms", s->build_s * 1000},
        {"build_max_ms", s->build_s * 1500},
        {"stage_ms", 3000},
        {"backup_ms", 3000},
        {"nf_ms", 1000},
        {"sync_ms", s->sync_s * 1000},
        {"dial_ms", 2000},
        {"churn_permille", scenario_is_short(s) ? 0 : 100},
        {"activity_permille", 500},
    };
    for (size_t i = 0; i < FY_COUNT(settings); i++)
        fy_buf_format(&buf, ",\"%s\":%" PRId64, settings[i].name, settings[i].value);
    if (s->worse > 0)
        fy_buf_format(&buf, ",\"faults\":{\"target_failure_permyriad\":%" PRId64 "}", s->worse);
    fy_buf_close(&buf, '}');
    return fy_buf_take(&buf);
}

/* ---- the order ------------------------------------------------------------------------------------------
 */

static void words(struct fy_buf *buf, int64_t bits, const char *const *names, size_t count)
{
    const char *between = "";
    for (size_t i = 0; i < count; i++)
        if (bits >> i & 1) {
            fy_buf_format(buf, "%s%s", between, names[i]);
            between = " ";
        }
}

static void put_request(struct fy_buf *buf, const struct scenario *s)
{
    char start[FY_TIME_TEXT], end[FY_TIME_TEXT], latest[FY_TIME_TEXT];
    int64_t end_ms = SCENARIO_OPENS_MS + s->window_min * 60000;
    (void)fy_time_format(SCENARIO_OPENS_MS, start);
    (void)fy_time_format(end_ms, end);
    (void)fy_time_format(end_ms + 3600000, latest);
    fy_buf_format(
        buf,
        "<f:UpgradeRequest requestId=\"SIM-1\" revision=\"1\" tenant=\"core-east\">"
        "<f:VnfInstanceId>%s-east-1</f:VnfInstanceId><f:ModificationQualifier>UP</f:ModificationQualifier>"
        "<f:Source vnfdId=\"vnfd-1.2.0\" softwareVersion=\"1.2.0\"/>"
        "<f:Target vnfdId=\"vnfd-1.3.0\" softwareVersion=\"1.3.0\"/>"
        "<f:Window start=\"%s\" end=\"%s\" timeZone=\"UTC\" latestRollbackEnd=\"%s\" onWindowEnd=\"%s\"/>"
        "</f:UpgradeRequest>",
        lower[s->shape], start, end, latest, ends[s->on_window_end]);
}

static void put_head(struct fy_buf *buf, const struct scenario *s)
{
    static const char *const policies[] = {"GrayStages", "KpiGate", "DialTest", "Limits",
                                           "Backup",     "Guards",  "Rollback", "Commit"};
    fy_buf_text(buf, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
                     "<Definitions xmlns=\"http://docs.oasis-open.org/tosca/ns/2011/12\" "
                     "xmlns:f=\"urn:ferry:tosca:upgrade:1\" xmlns:o=\"urn:example:oss:orders\" "
                     "id=\"order-SIM-1\" targetNamespace=\"urn:example:oss:orders\">"
                     "<Extensions><Extension namespace=\"urn:ferry:tosca:upgrade:1\" mustUnderstand=\"yes\"/>"
                     "</Extensions><ServiceTemplate id=\"upgrade\"><BoundaryDefinitions><Properties>");
    put_request(buf, s);
    fy_buf_text(buf, "</Properties><Policies>");
    for (size_t i = 0; i < FY_COUNT(policies); i++) {
        if ((i == 2 && !s->dial) || (i == 5 && s->guards == 0))
            continue;
        fy_buf_format(buf, "<Policy name=\"p%zu\" policyType=\"f:%s\" policyRef=\"o:p%zu\"/>", i, policies[i],
                      i);
    }
    fy_buf_text(buf,
                "</Policies><Interfaces><Interface name=\"urn:ferry:interface:upgrade\">"
                "<Operation name=\"upgrade\"><Plan planRef=\"gray\"/></Operation></Interface></Interfaces>"
                "</BoundaryDefinitions>");
}

struct vdu {
    const char *id, *role, *more;
    const char *source, *target; /* digests */
    int64_t count, most;
    bool same; /* source and target run the same */
};

static void put_vdu(struct fy_buf *buf, const struct scenario *s, const struct vdu *vdu)
{
    char image[32];
    (void)snprintf(image, sizeof image, "%s-%s", lower[s->shape], vdu->id);
    fy_buf_format(buf,
                  "<NodeTemplate id=\"%s\" type=\"f:Vdu\" minInstances=\"%" PRId64
                  "\" maxInstances=\"%" PRId64 "\"><Properties><f:Vdu vduId=\"",
                  vdu->id, vdu->count, vdu->most);
    for (const char *at = vdu->id; *at != '\0'; at++)
        fy_buf_format(buf, "%c", *at - 'a' + 'A');
    fy_buf_format(buf,
                  "\" role=\"%s\" %s><f:Image domain=\"source\" ref=\"%s:1.2.0\" digest=\"sha256:%s\"/>"
                  "<f:Image domain=\"target\" ref=\"%s:%s\" digest=\"sha256:%s\"/></f:Vdu></Properties>"
                  "</NodeTemplate>",
                  vdu->role, vdu->more, image, vdu->source, image, vdu->same ? "1.2.0" : "1.3.0",
                  vdu->target);
}

static void put_topology(struct fy_buf *buf, const struct scenario *s)
{
    char step[32] = "auto", service[96], storage[64];
    if (s->step > 0)
        (void)snprintf(step, sizeof step, "%" PRId64, s->step);
    (void)snprintf(service, sizeof service, "step=\"%s\" minPreserved=\"%" PRId64 "\"", step, s->preserved);
    (void)snprintf(storage, sizeof storage, "minPreserved=\"%" PRId64 "\"", s->sdb / 2);
    const struct vdu vdus[] = {
        {"omu", "oam", "maxSimplex=\"PT9H\"", "0d1a", "7c42", 2, 2, false},
        {"lb", "active-standby", "maxSimplex=\"PT9H\"", "11aa", "11aa", 2, 2, true},
        {"sdb", "data-storage", storage, "2b0c", "93f0", s->sdb, s->sdb, false},
        {"svc", "load-sharing", service, "5e61", "a8d7", s->svc, s->svc + 2, false},
    };
    fy_buf_format(buf,
                  "<TopologyTemplate><NodeTemplate id=\"nf\" type=\"f:Vnf\"><Properties><f:Vnf nfType=\"%s\" "
                  "exclusionGroup=\"set-1\"><f:Connection kind=\"vim\" ref=\"sim-cloud\"/>"
                  "<f:Connection kind=\"nf\" ref=\"sim-amf\"/><f:Connection kind=\"kpi\" ref=\"sim-amf\"/>"
                  "</f:Vnf></Properties></NodeTemplate>",
                  shapes[s->shape]);
    for (size_t i = 0; i < FY_COUNT(vdus); i++)
        put_vdu(buf, s, &vdus[i]);
    for (size_t i = 0; i < FY_COUNT(vdus); i++)
        fy_buf_format(buf,
                      "<RelationshipTemplate id=\"in-%zu\" type=\"f:PartOf\"><SourceElement ref=\"%s\"/>"
                      "<TargetElement ref=\"nf\"/></RelationshipTemplate>",
                      i, vdus[i].id);
    fy_buf_text(buf, "</TopologyTemplate>");
}

static void put_workflow(struct fy_buf *buf, const struct scenario *s)
{
    static const char *const workflows[] = {"gray_upgrade", "gray_upgrade", "issu",
                                            "acme_gray",    "gray_upgrade", "gray_upgrade"};
    fy_buf_format(buf,
                  "<Plans><Plan id=\"gray\" planType=\"urn:ferry:plantype:upgrade\" "
                  "planLanguage=\"urn:ferry:planlanguage:lua:5.4\">"
                  "<PlanModelReference reference=\"ferry:%s@1\"/></Plan></Plans></ServiceTemplate>",
                  workflows[(size_t)s->workflow % FY_COUNT(workflows)]);
}

static int64_t ratio(const struct scenario *s, int64_t stage)
{
    return 100 * (stage + 1) / s->stages;
}

static void put_stages(struct fy_buf *buf, const struct scenario *s)
{
    fy_buf_format(buf,
                  "<PolicyTemplate id=\"p0\" type=\"f:GrayStages\"><Properties><f:GrayStages basis=\"%s\" "
                  "tolerance=\"5\">",
                  s->shape == 1 ? "sessions" : "users");
    for (int64_t i = 0; i < s->stages; i++)
        fy_buf_format(buf,
                      "<f:Stage ratio=\"%" PRId64 "\" soak=\"PT%" PRId64 "S\" maxSoak=\"PT%" PRId64
                      "S\" maxMoveRate=\"%" PRId64 "\"/>",
                      ratio(s, i), s->soak_s, 4 * s->soak_s + 600, s->rate);
    for (int64_t i = 0; i < s->stages; i++)
        if (s->approvals >> i & 1)
            fy_buf_format(buf,
                          "<f:Approval before=\"%" PRId64 "\" role=\"approver\" timeout=\"PT%" PRId64
                          "S\" onTimeout=\"%s\"/>",
                          ratio(s, i), s->approval_s, s->late_answer ? "rollback" : "hold");
    fy_buf_text(buf, "</f:GrayStages></Properties></PolicyTemplate>");
}

static void put_gates(struct fy_buf *buf, const struct scenario *s)
{
    static const char *const violations[] = {"rollback", "hold", "ask"};
    static const char *const kpis[] = {"amf.paging", "smf.pdu_session_establishment"};
    fy_buf_format(buf,
                  "<PolicyTemplate id=\"p1\" type=\"f:KpiGate\"><Properties><f:KpiGate period=\"PT%" PRId64
                  "S\" onViolation=\"%s\"><f:Kpi name=\"%s\" critical=\"true\" margin=\"%s\" minUsers=\"1\"/>"
                  "<f:ExcludeCause>user</f:ExcludeCause></f:KpiGate></Properties></PolicyTemplate>",
                  s->period_s, violations[s->on_violation], kpis[s->shape], s->worse > 0 ? "1" : "50");
    if (s->dial)
        fy_buf_text(
            buf,
            "<PolicyTemplate id=\"p2\" type=\"f:DialTest\"><Properties>"
            "<f:DialTest when=\"before-migration\" by=\"adapter\">"
            "<f:Subscriber ref=\"test-1\" steer=\"target\" peer=\"test-2\" services=\"voice data\"/>"
            "<f:Subscriber ref=\"test-2\" steer=\"target\" peer=\"test-1\" services=\"voice data\"/>"
            "<f:Subscriber ref=\"test-3\" steer=\"none\" services=\"voice\"/>"
            "<f:Expect locatedIn=\"target\" success=\"100\"/></f:DialTest></Properties></PolicyTemplate>");
}

static void put_rest(struct fy_buf *buf, const struct scenario *s)
{
    static const char *const guards[] = {"healing", "scaling", "alarm-mark", "config-freeze",
                                         "scheduled-backup"};
    static const char *const backups[] = {"config", "data", "image"};
    static const char *const expiries[] = {"hold", "commit", "rollback"};
    fy_buf_text(buf, "<PolicyTemplate id=\"p3\" type=\"f:Limits\"><Properties><f:Limits maxUsersAtRisk=\"0\" "
                     "minHeadroom=\"20\"/></Properties></PolicyTemplate>"
                     "<PolicyTemplate id=\"p4\" type=\"f:Backup\"><Properties><f:Backup what=\"");
    words(buf, s->backup, backups, FY_COUNT(backups));
    fy_buf_text(buf, "\" keepUntil=\"commit\"/></Properties></PolicyTemplate>");
    if (s->guards != 0) {
        fy_buf_text(buf, "<PolicyTemplate id=\"p5\" type=\"f:Guards\"><Properties><f:Guards take=\"");
        words(buf, s->guards, guards, FY_COUNT(guards));
        fy_buf_text(buf, "\"/></Properties></PolicyTemplate>");
    }
    fy_buf_format(buf,
                  "<PolicyTemplate id=\"p6\" type=\"f:Rollback\"><Properties><f:Rollback onFailure=\"%s\" "
                  "moveRate=\"%" PRId64 "\" data=\"none\"/></Properties></PolicyTemplate>"
                  "<PolicyTemplate id=\"p7\" type=\"f:Commit\"><Properties><f:Commit observe=\"PT%" PRId64
                  "M\" onExpiry=\"%s\"/></Properties></PolicyTemplate></Definitions>\n",
                  ends[s->on_failure], 2 * s->rate, s->observe_min, expiries[s->on_expiry]);
}

char *scenario_order(const struct scenario *scenario)
{
    struct fy_buf buf = {0};
    put_head(&buf, scenario);
    put_topology(&buf, scenario);
    put_workflow(&buf, scenario);
    put_stages(&buf, scenario);
    put_gates(&buf, scenario);
    put_rest(&buf, scenario);
    return fy_buf_take(&buf);
}
