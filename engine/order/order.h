/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The order: an upgrade request as it came in, parsed and checked, never changed afterwards. order/read.h
 * makes one from TOSCA XML; from then on its canonical JSON is what is journalled, what crosses process
 * borders and what workflows see.
 *
 * Units, everywhere: times are milliseconds since 1970 UTC, durations milliseconds, shares permille
 * (50 % is 500), KPI percentages basis points (0.3 % is 30, 99.5 % is 9950), rates users a second. There are
 * no floats: decimals of the XML are converted exactly or refused.
 * FY_ABSENT stands in an optional number that the order does not give, NULL in an optional text.
 * Defaults of the order are already filled in.
 *
 * The JSON has one object per struct and one member per field, with the names used here; enums are the
 * words of the XML, absent numbers and texts are left out, lists are always there, even when empty, and an
 * optional struct is left out when its pointer is NULL:
 *
 *   {"format":1,
 *    "request":{"line":12,"id":"CHG-0007","revision":1,"tenant":"core-east","vnf_instance":"amf-east-1",
 *               "qualifier":"UP","dry_run":false,"ticket":{"system","id","requester","risk"},
 *               "source":{"line","vnfd","version"},"target":{...},
 *               "window":{"line","start_ms","end_ms","zone","latest_rollback_end_ms","on_window_end"},
 *               "callbacks":[{"line","ref","events":[...]}],"inputs":[{"line","name","value"}]},
 *    "vnf":{"line","node","nf_type","exclusion_group","mates":[{"vnf_instance","min_headroom_permille"}],
 *           "connections":[{"line","kind","ref"}],"sites":[{"id","on_link_loss","after_ms"}]},
 *    "vdus":[{"line","node","min_instances","max_instances","vdu_id","role","step","min_preserved",
 *             "max_simplex_ms","verbs_from","source":{"ref","digest"},"target":{"ref","digest"},
 *             "anti_affinity":[{"scope"}],"locator":{"tag","group","label","stack"}}],
 *    "gray":{"line","basis","tolerance_bp",
 *            "stages":[{"line","ratio_permille","soak_ms","max_soak_ms","max_move_rate"}],
 *            "approvals":[{"line","before_permille" or "after_permille","role","count","timeout_ms",
 *                          "on_timeout"}],
 *            "selectors":[{"line","use","supis":[{"first","last"}],"tais":[{"mcc","mnc","tac"}],
 *                          "dnns":[{"name"}],"slices":[{"sst","sd"}]}]},
 *    "gate":{"line","period_ms","on_violation","dry_run","exclude_causes":[...],
 *            "definitions":[{"line","name","title","segment","numerator":[...],"denominator":[...],"exclude":[...],
 *                            "failures","direction"}],
 *            "kpis":[{"line","name","margin_bp","floor_bp","critical","min_users","segment"}],
 *            "alarm":{"severity"},"security":{"counters":[...]}},
 *    "dial_tests":[{"line","when","by",
 *                   "subscribers":[{"line","ref","steer","peer","services":[...]}],
 *                   "expect":{"located_in","success_bp"}}],
 *    "limits":{"max_users_at_risk","max_simplex_ms","min_headroom_permille","max_duration_ms",
 *              "busy_hour_profile"},
 *    "backup":{"what":[...],"keep_until"},"guards":{"take":[...]},
 *    "rollback":{"on_failure","move_rate","data"},
 *    "commit":{"line","observe_ms","remind_before_ms","on_expiry"},
 *    "workflow":{"line","name","version","inputs":[{"line","name","type","required","value"}]}}
 *
 * "line" is the line of the XML an operator is pointed to.
 */
#ifndef FY_ORDER_ORDER_H
#define FY_ORDER_ORDER_H

#include "base/buf.h"

#include <jansson.h>

#define FY_ABSENT (-1)

struct fy_words {
    char **word;
    size_t count;
};

/* Each enum's words, in its order, are in order/words.c. */
enum fy_order_qualifier { FY_ORDER_UP, FY_ORDER_DOWN };
enum fy_order_on_end { FY_ON_END_ROLLBACK, FY_ON_END_HOLD }; /* window's end, a failed step, lost approval */
enum fy_order_connection_kind { FY_CONNECTION_VIM, FY_CONNECTION_NF, FY_CONNECTION_KPI, FY_CONNECTION_EMS };
enum fy_order_role { FY_ROLE_OAM, FY_ROLE_ACTIVE_STANDBY, FY_ROLE_DATA_STORAGE, FY_ROLE_LOAD_SHARING };
enum fy_order_verbs_from { FY_VERBS_FROM_VIM, FY_VERBS_FROM_NF };
enum fy_order_link_loss { FY_LINK_LOSS_HOLD, FY_LINK_LOSS_CONTINUE, FY_LINK_LOSS_ROLLBACK };
enum fy_order_affinity_scope { FY_SCOPE_HOST, FY_SCOPE_ZONE };
enum fy_order_basis { FY_BASIS_USERS, FY_BASIS_SESSIONS };
enum fy_order_use { FY_USE_FIRST, FY_USE_LAST, FY_USE_NEVER };
enum fy_order_on_violation { FY_VIOLATION_ROLLBACK, FY_VIOLATION_HOLD, FY_VIOLATION_ASK };
enum fy_order_severity { FY_SEVERITY_CRITICAL, FY_SEVERITY_MAJOR, FY_SEVERITY_MINOR, FY_SEVERITY_WARNING };
enum fy_order_dial_when { FY_DIAL_BEFORE_MIGRATION, FY_DIAL_AFTER_COMPLETION };
enum fy_order_dial_by { FY_DIAL_BY_ADAPTER, FY_DIAL_BY_PERSON };
enum fy_order_steer { FY_STEER_TARGET, FY_STEER_NONE };
enum fy_order_domain { FY_ORDER_SOURCE, FY_ORDER_TARGET };
enum fy_order_keep_until { FY_KEEP_COMPLETION, FY_KEEP_COMMIT, FY_KEEP_MANUAL };
enum fy_order_data { FY_DATA_NONE, FY_DATA_CONVERT, FY_DATA_RESTORE };
enum fy_order_on_expiry { FY_EXPIRY_HOLD, FY_EXPIRY_COMMIT, FY_EXPIRY_ROLLBACK };
enum fy_order_input_type {
    FY_INPUT_STRING,
    FY_INPUT_INTEGER,
    FY_INPUT_DECIMAL,
    FY_INPUT_BOOLEAN,
    FY_INPUT_DURATION
};

struct fy_order_ticket {
    char *system, *id, *requester, *risk; /* system and id always, the others may be NULL */
};

struct fy_order_version {
    int64_t line;
    char *vnfd, *version;
};

struct fy_order_window {
    int64_t line;
    int64_t start_ms, end_ms;
    char *zone;                     /* IANA name, for showing times */
    int64_t latest_rollback_end_ms; /* end_ms if the order gives none; may be later */
    int on_window_end;              /* enum fy_order_on_end */
};

struct fy_order_callback {
    int64_t line;
    char *ref; /* a receiver configured in ferryd */
    struct fy_words events;
};

/* The value of a workflow input as the XML gives it; typed and checked it is in workflow.inputs. */
struct fy_order_given {
    int64_t line;
    char *name, *value;
};

struct fy_order_request {
    int64_t line;
    char *id;
    int64_t revision;
    char *tenant;
    char *vnf_instance;
    int qualifier; /* enum fy_order_qualifier */
    bool dry_run;
    struct fy_order_ticket *ticket; /* or NULL */
    struct fy_order_version source, target;
    struct fy_order_window window;
    struct fy_order_callback *callbacks;
    size_t callback_count;
    struct fy_order_given *inputs;
    size_t input_count;
};

struct fy_order_mate {
    char *vnf_instance;
    int64_t min_headroom_permille; /* or FY_ABSENT */
};

struct fy_order_connection {
    int64_t line;
    int kind; /* enum fy_order_connection_kind */
    char *ref;
};

struct fy_order_site {
    char *id;
    int on_link_loss; /* enum fy_order_link_loss */
    int64_t after_ms;
};

struct fy_order_vnf {
    int64_t line;
    char *node; /* id of its NodeTemplate */
    char *nf_type;
    char *exclusion_group; /* or NULL */
    struct fy_order_mate *mates;
    size_t mate_count;
    struct fy_order_connection *connections;
    size_t connection_count;
    struct fy_order_site *sites;
    size_t site_count;
};

struct fy_order_image {
    char *ref;
    char *digest; /* or NULL */
};

struct fy_order_affinity {
    int scope; /* enum fy_order_affinity_scope */
};

struct fy_order_locator {
    char *tag, *group, *label, *stack; /* at least one */
};

struct fy_order_vdu {
    int64_t line;
    char *node; /* id of its NodeTemplate */
    char *vdu_id;
    int role;               /* enum fy_order_role */
    int64_t step;           /* instances a batch; 0: the planner computes it */
    int64_t min_preserved;  /* or FY_ABSENT */
    int64_t max_simplex_ms; /* or FY_ABSENT: the limit of the order */
    int verbs_from;         /* enum fy_order_verbs_from: who upgrades its instances */
    int64_t min_instances;
    int64_t max_instances; /* FY_ABSENT: unbounded */
    struct fy_order_image source, target;
    struct fy_order_affinity *anti_affinity;
    size_t anti_affinity_count;
    struct fy_order_locator *locator; /* or NULL */
};

struct fy_order_stage {
    int64_t line;
    int64_t ratio_permille; /* rises from stage to stage; the last is 1000 */
    int64_t soak_ms, max_soak_ms;
    int64_t max_move_rate; /* or FY_ABSENT */
};

struct fy_order_approval {
    int64_t line;
    int64_t before_permille, after_permille; /* the stage it belongs to; the other one is FY_ABSENT */
    char *role;
    int64_t count; /* people who must approve */
    int64_t timeout_ms;
    int on_timeout; /* enum fy_order_on_end */
};

struct fy_order_supi_range {
    char *first, *last; /* "imsi-" and digits, both ends included */
};

struct fy_order_tai {
    char *mcc, *mnc, *tac;
};

struct fy_order_dnn {
    char *name;
};

struct fy_order_slice {
    int64_t sst;
    char *sd; /* six hexadecimal digits, or NULL */
};

/* A user is selected who is in one of the listed values of every kind that is listed at all. */
struct fy_order_selector {
    int64_t line;
    int use; /* enum fy_order_use: move these first, last, or not at all */
    struct fy_order_supi_range *supis;
    size_t supi_count;
    struct fy_order_tai *tais;
    size_t tai_count;
    struct fy_order_dnn *dnns;
    size_t dnn_count;
    struct fy_order_slice *slices;
    size_t slice_count;
};

struct fy_order_gray {
    int64_t line;
    int basis; /* enum fy_order_basis */
    int64_t tolerance_bp;
    struct fy_order_stage *stages;
    size_t stage_count;
    struct fy_order_approval *approvals;
    size_t approval_count;
    struct fy_order_selector *selectors;
    size_t selector_count;
};

enum fy_order_kpi_direction { FY_ORDER_KPI_HIGHER, FY_ORDER_KPI_LOWER };

/* A KPI of the order's own, in counters of its sources. */
struct fy_order_kpi_definition {
    int64_t line;
    char *name;
    char *title;   /* or NULL: the name */
    char *segment; /* or NULL */
    struct fy_words numerator, denominator, exclude;
    char *failures; /* or NULL: there are no subcounters by cause */
    int direction;  /* enum fy_order_kpi_direction */
};

struct fy_order_kpi {
    int64_t line;
    char *name;
    int64_t margin_bp;
    int64_t floor_bp; /* or FY_ABSENT */
    bool critical;
    int64_t min_users; /* or FY_ABSENT: the judge's own minimum */
    char *segment;     /* or NULL: everybody */
};

struct fy_order_alarm_gate {
    int severity; /* enum fy_order_severity: this one and worse */
};

struct fy_order_security_gate {
    struct fy_words counters; /* empty: all that the adapter reports */
};

struct fy_order_gate {
    int64_t line;
    int64_t period_ms;
    int on_violation; /* enum fy_order_on_violation */
    bool dry_run;     /* verdicts are recorded, nothing follows from them */
    struct fy_words exclude_causes;
    struct fy_order_kpi_definition *definitions;
    size_t definition_count;
    struct fy_order_kpi *kpis;
    size_t kpi_count;
    struct fy_order_alarm_gate *alarm;       /* or NULL */
    struct fy_order_security_gate *security; /* or NULL */
};

struct fy_order_subscriber {
    int64_t line;
    char *ref;
    int steer;  /* enum fy_order_steer */
    char *peer; /* ref of the subscriber it calls, or NULL */
    struct fy_words services;
};

struct fy_order_expect {
    int located_in; /* enum fy_order_domain */
    int64_t success_bp;
};

struct fy_order_dial_test {
    int64_t line;
    int when; /* enum fy_order_dial_when */
    int by;   /* enum fy_order_dial_by */
    struct fy_order_subscriber *subscribers;
    size_t subscriber_count;
    struct fy_order_expect *expect; /* or NULL: nothing but that the services work */
};

struct fy_order_limits {
    int64_t max_users_at_risk;
    int64_t max_simplex_ms;        /* or FY_ABSENT */
    int64_t min_headroom_permille; /* or FY_ABSENT */
    int64_t max_duration_ms;       /* or FY_ABSENT */
    char *busy_hour_profile;       /* or NULL */
};

struct fy_order_backup {
    struct fy_words what;
    int keep_until; /* enum fy_order_keep_until */
};

struct fy_order_guards {
    struct fy_words take;
};

struct fy_order_rollback {
    int64_t line;
    int on_failure;    /* enum fy_order_on_end */
    int64_t move_rate; /* or FY_ABSENT: as fast as the neighbours bear */
    int data;          /* enum fy_order_data */
};

struct fy_order_commit {
    int64_t line;
    int64_t observe_ms, remind_before_ms;
    int on_expiry; /* enum fy_order_on_expiry */
};

struct fy_order_input {
    int64_t line;
    char *name;
    int type; /* enum fy_order_input_type */
    bool required;
    char *value; /* or NULL. Canonical text: durations in ms, "true" or "false". In JSON a number or boolean
                    where the type is one; decimals stay text */
};

struct fy_order_workflow {
    int64_t line;
    char *name;
    int64_t version; /* major */
    struct fy_order_input *inputs;
    size_t input_count;
};

struct fy_order {
    int64_t format; /* of the JSON: 1 */
    struct fy_order_request request;
    struct fy_order_vnf vnf;
    struct fy_order_vdu *vdus;
    size_t vdu_count;
    struct fy_order_gray gray;
    struct fy_order_gate gate;
    struct fy_order_dial_test *dial_tests;
    size_t dial_test_count;
    struct fy_order_limits limits;
    struct fy_order_backup backup;
    struct fy_order_guards guards;
    struct fy_order_rollback rollback;
    struct fy_order_commit commit;
    struct fy_order_workflow workflow;
};

void fy_order_free(struct fy_order *order);   /* NULL is allowed */
void fy_order_unref(struct fy_order **order); /* for FY_AUTO */

/* The canonical JSON: the same order always gives the same bytes, and they read back to the same order. */
void fy_order_to_json(const struct fy_order *order, struct fy_buf *buf);

/* Back from that JSON. Refuses unknown members and what is missing, so that two versions of Ferry never
 * read one journalled order differently. */
bool fy_order_from_json(const char *text, size_t length, struct fy_order **ret_order,
                        struct fy_err *err) FY_MUST_CHECK;
bool fy_order_from_doc(const json_t *doc, struct fy_order **ret_order, struct fy_err *err) FY_MUST_CHECK;

/* NULL if there is none. */
const struct fy_order_vdu *fy_order_find_vdu(const struct fy_order *order, const char *vdu_id);
const struct fy_order_connection *fy_order_find_connection(const struct fy_order *order,
                                                           enum fy_order_connection_kind kind);

/* True if source and target run the same image: such a VDU is skipped and listed. */
bool fy_order_vdu_unchanged(const struct fy_order_vdu *vdu);

/*
 * Source and target change places: the order that takes a completed upgrade back, with the same stages, gates
 * and guards and a window of the same length from at_ms. Approvals are dropped, because going back never
 * needs one; mirrored twice they stay away.
 */
void fy_order_mirror(struct fy_order *order, int64_t at_ms);

/* The words of the XML and the JSON. */
const char *fy_order_role_name(int role);
const char *fy_order_domain_name(int domain);
const char *fy_order_basis_name(int basis);
const char *fy_order_use_name(int use);
const char *fy_order_connection_kind_name(int kind);
const char *fy_order_severity_name(int severity);
bool fy_words_have(const struct fy_words *words, const char *word);

#endif
