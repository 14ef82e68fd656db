/* SPDX-License-Identifier: Apache-2.0 */
/* What ferry can do. To add a command: a row here, its function in a cmd_*.c, its line in cli.h. */
#include "cli/cli.h"

#include <stddef.h>

static const struct fy_option run_options[] = {
    {"scale", "N", "a trial: N seconds of run time for one of yours; simulated functions only"},
    {"at", "TIME", "a trial begins at this time: \"window\" or 2026-11-23T00:00:00+08:00"},
    {"commit", "RUN", "commit this completed run of the same function first, and go on with the order"},
    {"yes", NULL, "approve whatever the run asks"},
    {"no-wait", NULL, "leave with exit code 5 when a person has to decide"},
    {"plain", NULL, "lines instead of the live picture, also on a terminal"},
    {NULL, NULL, NULL},
};
static const struct fy_option submit_options[] = {
    {"scale", "N", "as for run"},
    {"at", "TIME", "as for run"},
    {"commit", "RUN", "as for run"},
    {"wait", NULL,
     "stay until the run ends, or a person has to decide; for pipelines: the exit code says how"},
    {"no-wait", NULL, "with --wait: leave with exit code 5 when a person has to decide"},
    {"plain", NULL, "with --wait: lines, also on a terminal"},
    {NULL, NULL, NULL},
};
static const struct fy_option plan_options[] = {
    {"at", "TIME", "plan as if it were this time: \"window\", or 2026-11-23T00:00:00+08:00"},
    {NULL, NULL, NULL},
};
static const struct fy_option watch_options[] = {
    {"yes", NULL, "approve whatever the run asks"},
    {"no-wait", NULL, "leave with exit code 5 when a person has to decide"},
    {"plain", NULL, "lines instead of the live picture, also on a terminal"},
    {NULL, NULL, NULL},
};
static const struct fy_option journal_options[] = {
    {"follow", NULL, "stay, and show what comes; through a restart of ferryd too"},
    {"after", "SEQ", "only records behind this one"},
    {NULL, NULL, NULL},
};
static const struct fy_option why_options[] = {
    {"why", "TEXT", "the reason, for the journal"},
    {NULL, NULL, NULL},
};
static const struct fy_option cancel_options[] = {
    {"force", NULL, "do not wait for the end of the step, only for its call to return"},
    {"why", "TEXT", "the reason, for the journal"},
    {NULL, NULL, NULL},
};
static const struct fy_option approve_options[] = {
    {"why", "TEXT", "the reason, for the journal"},
    {"break-glass", NULL,
     "approve one's own request because nobody else is there; it is alarmed and reviewed"},
    {NULL, NULL, NULL},
};
static const struct fy_option set_aside_options[] = {
    {"instances", "A,B", "the instances to go on without"},
    {"why", "TEXT", "the reason: they are owed, and everybody sees why"},
    {NULL, NULL, NULL},
};
static const struct fy_option retarget_options[] = {
    {"package", "FILE",
     "JSON: "
     "{\"version\":\"1.3.1\",\"images\":{\"SVC\":{\"ref\":\"amf-svc:1.3.1\",\"digest\":\"sha256:...\"}}}"},
    {"why", "TEXT", "what was fixed, for the journal"},
    {NULL, NULL, NULL},
};
static const struct fy_option by_hand_options[] = {
    {"step", "N", "the number of the failed step; \"ferry show RUN\" has it"},
    {"why", "TEXT", "what was done, for the journal"},
    {NULL, NULL, NULL},
};
static const struct fy_option waive_options[] = {
    {"check", "NAME", "the check to be waived; \"ferry show RUN\" names those that fail"},
    {"why", "TEXT", "the reason: it stands in the record and the report, with your name"},
    {NULL, NULL, NULL},
};
static const struct fy_option unwaive_options[] = {
    {"check", "NAME", "the check that counts again"},
    {"why", "TEXT", "the reason, for the journal"},
    {NULL, NULL, NULL},
};
static const struct fy_option waive_gate_options[] = {
    {"gate", "NAME", "a KPI of the order, alarms, security, ratio or attempts"},
    {"minutes", "N", "for so long; then it counts again. 0 ends a waiver"},
    {"role", "ROLE", "in which role; operator, unless told otherwise"},
    {"why", "TEXT", "the reason: it stands in the record and the report, with your name"},
    {NULL, NULL, NULL},
};
static const struct fy_option replay_options[] = {
    {"margin", "POINTS", "as if every KPI had this margin"},
    {"alpha", "PERCENT", "as if a good upgrade might be rolled back this often"},
    {NULL, NULL, NULL},
};
static const struct fy_option power_options[] = {
    {"users", "N", "users a minute that try, in both domains together; 2000"},
    {"failing", "PERCENT", "of them fail; 0.3"},
    {"ratio", "PERCENT", "of them are on the target; 50"},
    {"margin", "POINTS", "that the target may be worse; 0.3"},
    {"alpha", "PERCENT", "of good upgrades that may be rolled back; 1"},
    {"kpis", "N", "that are judged together; 1"},
    {NULL, NULL, NULL},
};
static const struct fy_option fail_options[] = {
    {"to", "WHO", "who takes over; you, if nobody is named"},
    {"why", "TEXT", "the reason, for the journal"},
    {NULL, NULL, NULL},
};
static const struct fy_option rollback_options[] = {
    {"why", "TEXT", "the reason, for the journal"},
    {"at-ms", "MS", "a completed upgrade: at this run time (ms since 1970), not now"},
    {NULL, NULL, NULL},
};
static const struct fy_option adjust_options[] = {
    {"step", "N", "instances a batch, from the next move on"},
    {"ratio", "PERCENT",
     "of the users, for the stage the run is in: down or up, as far as nobody has to be asked"},
    {"why", "TEXT", "the reason, for the journal"},
    {NULL, NULL, NULL},
};
static const struct fy_option report_options[] = {
    {"md", NULL, "Markdown"},
    {"html", NULL, "one HTML page without anything outside it"},
    {"paper", NULL, "table 1 beside the figures of the paper's trial"},
    {NULL, NULL, NULL},
};

static const struct fy_option verify_options[] = {
    {"key", "FILE", "the public key (PEM) that the checkpoints must have been signed with"},
    {"checkpoint", "FILE",
     "a checkpoint that was kept elsewhere: nothing before it was cut off or rewritten"},
    {NULL, NULL, NULL},
};

static const struct fy_option sim_options[] = {
    {"sim", "SOCKET", "socket of the ferry-sim; default sim.sock in the store"},
    {NULL, NULL, NULL},
};

static const struct fy_option rehearse_options[] = {
    {"only", "STEPS", "only these steps, by number or by call: 24,drain"},
    {"faults", "NAMES", "only these troubles: fail,never,blip,lost,host,crash,dial,stray,worse"},
    {"users", "N", "users attached; otherwise the twin is as full as the trial's core"},
    {"capacity", "N", "users that a load-sharing instance carries; otherwise 6250"},
    {"jobs", "N", "rehearsals at a time; otherwise one for each processor"},
    {"journal", NULL, "print the journal of every disturbed rehearsal, too"},
    {"workflows", "DIR", "the catalogue to take the workflow from; otherwise this Ferry's"},
    {NULL, NULL, NULL},
};

#define VERB(name, summary, options, example)                                                                \
    {                                                                                                        \
        name, "RUN", 1, 1, summary, options, NULL, example, fy_cmd_verb                                      \
    }

const struct fy_command fy_commands[] = {
    {"run", "ORDER.xml", 1, 1, "Send an order and watch its run to the end", run_options,
     "Ctrl-C leaves the run going; \"ferry watch RUN\" comes back. If ferryd dies meanwhile, it is started "
     "again\n"
     "and the run goes on where it was.",
     "ferry run plugins/simulator/trial/amf-order.xml --at window --scale 60", fy_cmd_run},
    {"submit", "ORDER.xml", 1, 1, "Send an order and leave; prints the run's name", submit_options,
     "An order that is here already starts nothing new: its run's name is printed.",
     "ferry submit plugins/simulator/trial/amf-order.xml --at window --scale 60 --wait --no-wait",
     fy_cmd_submit},
    {"plan", "ORDER.xml", 1, 1, "Show which instances would go when, without running anything", plan_options,
     NULL, "ferry plan plugins/simulator/trial/amf-order.xml --at window", fy_cmd_plan},
    {"order check", "ORDER.xml", 1, 1, "Explain an order, or say what is wrong with it and where",
     plan_options, NULL, "ferry order check plugins/simulator/trial/amf-order.xml --at window",
     fy_cmd_order_check},
    {"order new", "KIND", 1, 1, "Write a commented order to start from (amf, smf)", NULL, NULL,
     "ferry order new amf > my-order.xml", fy_cmd_order_new},
    {"rehearse", "ORDER.xml", 1, 1, "Fail each step of an order in turn, on a simulated twin",
     rehearse_options,
     "The real workflow, planner and engine on a simulated core of the order's shape; no store, network or "
     "connection\n"
     "is touched. Prints a table of step and trouble, and how each ends; exit code 1 if an end is not "
     "acceptable.",
     "ferry rehearse plugins/simulator/trial/amf-issu-order.xml --only drain,upgrade", fy_cmd_rehearse},
    {"list", "", 0, 0, "The runs of this store", NULL, NULL, "ferry list --json", fy_cmd_list},
    {"show", "RUN", 1, 1, "Where a run stands, what it waits for, what can be done", NULL, NULL,
     "ferry show CHG-0007", fy_cmd_show},
    {"watch", "RUN", 1, 1, "Watch a run that is under way", watch_options, NULL, "ferry watch CHG-0007",
     fy_cmd_watch},
    {"journal", "RUN", 1, 1, "What happened, a line a record", journal_options, NULL,
     "ferry journal CHG-0007 --follow", fy_cmd_journal},
    VERB("approve", "Say yes to what the run asks", approve_options, "ferry approve CHG-0007"),
    VERB("reject", "Say no to what the run asks; it parks", why_options,
         "ferry reject CHG-0007 --why \"paging looks wrong\""),
    VERB("pause", "Stop between two steps; the gates stay live", why_options, "ferry pause CHG-0007"),
    VERB("resume", "Go on after a pause", why_options, "ferry resume CHG-0007"),
    VERB("cancel", "Stop and park; retry goes on, rollback goes back", cancel_options,
         "ferry cancel CHG-0007"),
    VERB("retry", "Take the failed step again", why_options, "ferry retry CHG-0007"),
    VERB("retarget", "Go on with a fixed package: new images, a new dial test, nothing lost",
         retarget_options, "ferry retarget CHG-0007 --package fixed.json --why \"paging fixed\""),
    VERB("replace", "Build the instances of the failed step on another host", why_options,
         "ferry replace CHG-0007 --why \"host 7 is broken\""),
    VERB("set-aside", "Go on without these instances, if the checker agrees", set_aside_options,
         "ferry set-aside CHG-0007 --instances amf-svc-03 --why \"its host is broken, ticket 4711\""),
    VERB("done-by-hand", "The failed step was done by a person; proven where it can be", by_hand_options,
         "ferry done-by-hand CHG-0007 --step 34 --why \"rebuilt in the cloud's console\""),
    VERB("rollback", "Take the users back to the old version; the report says how it went", rollback_options,
         "ferry rollback CHG-0007 --why \"complaints from the east\""),
    VERB("adjust", "Change the instances a batch, or the share of users of this stage", adjust_options,
         "ferry adjust CHG-0007 --ratio 30"),
    VERB("recheck", "Check a scheduled run again now, and say what fails", why_options,
         "ferry recheck CHG-0007"),
    {"amend", "RUN WHAT=VALUE...", 2, FY_CLI_ARGS, "Change an order that waits: window, soaks, steps, limits",
     why_options,
     "WHAT: window.start, window.end, window.latestRollbackEnd, stage.RATIO.soak, stage.RATIO.maxSoak,\n"
     "vdu.ID.step, limits.maxUsersAtRisk, limits.maxSimplex, limits.minHeadroom, limits.maxDuration.\n"
     "Values as in the order's XML. Anything else is a new order.",
     "ferry amend CHG-0007 window.start=2026-11-23T01:00:00+08:00 stage.50.soak=PT20M --why \"ticket 4711\"",
     fy_cmd_verb},
    VERB("waive", "Start all the same though this check fails", waive_options,
         "ferry waive CHG-0007 --check no_critical_alarms --why \"known, ticket 4711\""),
    VERB("unwaive", "Take a waiver back", unwaive_options, "ferry unwaive CHG-0007 --check guards_free"),
    VERB("waive-gate", "Let a gate not count for a time; it is watched and shown all the same",
         waive_gate_options,
         "ferry waive-gate CHG-0007 --gate amf.paging --minutes 30 --why \"known, ticket 4711\""),
    VERB("start-now", "Do not wait for the window", why_options, "ferry start-now CHG-0007"),
    VERB("commit", "The new version stays", why_options, "ferry commit CHG-0007"),
    VERB("fail", "Give a parked run up: somebody takes over, with a list of what is owed", fail_options,
         "ferry fail CHG-0007 --to \"vendor's second level\" --why \"stores do not come in sync\""),
    VERB("clean", "Prove that what a failed run left is uniform, so that orders are taken again", why_options,
         "ferry clean CHG-0007"),
    VERB("adopt", "Take what a failed run left as it stands; the next order knows of it", why_options,
         "ferry adopt CHG-0007 --why \"svc-03 stays on 1.3.0, ticket 4711\""),
    {"report", "RUN", 1, 1, "One page for the morning meeting", report_options, NULL,
     "ferry report CHG-0007 --md > report.md", fy_cmd_report},
    {"judge replay", "RUN", 1, 1, "Judge a run again from its records, with other settings if you like",
     replay_options,
     "Without options each verdict must be the one in the journal, its evidence to the last bit (exit code 1 "
     "otherwise).\n"
     "What happened after the run took another way is not known to anybody: replay only sees what was "
     "counted.",
     "ferry judge replay CHG-0007 --margin 0.1", fy_cmd_judge_replay},
    {"judge power", "", 0, 0, "What could be seen in 15 minutes at this traffic?", power_options,
     "Differences that the exact test at the end of a soak finds, within a tenth; the sequential test sees "
     "large ones sooner.",
     "ferry judge power --users 500 --failing 0.7 --margin 0.5", fy_cmd_judge_power},
    {"audit verify", "RUN|FILE", 1, 1, "Prove that a run's journal is whole and untouched", verify_options,
     "A FILE that \"ferry audit export\" wrote is verified without any ferryd or store.",
     "ferry audit verify CHG-0007", fy_cmd_audit_verify},
    {"audit checkpoint", "RUN", 1, 1, "The latest signature over where a run stands, to be kept elsewhere",
     NULL,
     "ferryd signs when it has a key (\"audit-key\"). What is kept outside the store shows that nothing was "
     "cut off.",
     "ferry audit checkpoint CHG-0007 > CHG-0007.checkpoint", fy_cmd_audit_checkpoint},
    {"audit export", "RUN", 1, 1, "A run's journal as lines of JSON, each with its hash", NULL, NULL,
     "ferry audit export CHG-0007 > CHG-0007.ndjson", fy_cmd_audit_export},
    {"kpis", "", 0, 0, "The KPIs that an order may name, and what each is counted from", NULL,
     "An order may define others beside its gates (f:KpiDefinition, docs/kpis.md).", "ferry kpis",
     fy_cmd_kpis},
    {"adapter list", "", 0, 0, "The connections of this store and their adapters", NULL, NULL,
     "ferry adapter list", fy_cmd_adapter_list},
    {"adapter show", "CONNECTION", 1, 1, "One connection: settings, verbs, arguments", NULL, NULL,
     "ferry adapter show sim-cloud", fy_cmd_adapter_show},
    {"adapter test", "PLUGIN.so [TRIAL.json]", 1, 2, "Run an adapter through its contract", NULL,
     "TRIAL.json says where to connect and which acts may be tried; plugins/example/README.md writes one.",
     "ferry adapter test build/release/plugins/example.so trial.json", fy_cmd_adapter_test},
    {"workflow list", "", 0, 0, "The catalogue of workflows", NULL,
     "ferryd reads it when it starts: after a change, \"ferry engine stop\"; the next command starts it "
     "again.",
     "ferry workflow list", fy_cmd_workflow_list},
    {"workflow show", "NAME", 1, 1, "A workflow's text, parameters and needs", NULL, NULL,
     "ferry workflow show gray_upgrade", fy_cmd_workflow_show},
    {"workflow lint", "FILE.lua", 1, 1, "Find mistakes in a workflow before it runs", NULL, NULL,
     "ferry workflow lint workflows/gray_upgrade/gray_upgrade.lua", fy_cmd_workflow_lint},
    {"workflow test", "FOLDER...", 1, FY_CLI_ARGS, "Hold the conversations of a workflow's test.lua with it",
     NULL,
     "Nothing is touched: the engine's part is read from the test. Modules are found beside the workflow, in "
     "the folder\nabove, and in Ferry's own catalogue.",
     "ferry workflow test workflows/gray_upgrade", fy_cmd_workflow_test},
    {"engine status", "", 0, 0, "Is ferryd running on this store?", NULL, NULL, "ferry engine status",
     fy_cmd_engine_status},
    {"engine stop", "", 0, 0, "Stop ferryd; its runs go on when it starts again", NULL, NULL,
     "ferry engine stop", fy_cmd_engine_stop},
    {"engine list", "", 0, 0, "The engines that share this store, and how many runs each owns", NULL,
     "Only where the journal is in PostgreSQL can there be more than one.", "ferry engine list",
     fy_cmd_engine_list},
    {"engine drain", "NAME", 1, 1, "Give all runs of an engine to the others; it takes no order from then on",
     NULL, "For maintenance: drain it, wait until \"ferry engine list\" says 0 runs, then stop it.",
     "ferry engine drain site-a-1", fy_cmd_engine_drain},
    {"engine resume", "NAME", 1, 1, "Let a drained engine work again", NULL, NULL,
     "ferry engine resume site-a-1", fy_cmd_engine_resume},
    {"store migrate", "ADDRESS", 1, 1, "Bring a PostgreSQL store to the schema of this Ferry", NULL,
     "As its owner. ADDRESS: postgresql://USER@HOST/NAME or service=NAME; passwords come from ~/.pgpass.",
     "ferry store migrate postgresql://owner@db/ferry", fy_cmd_store},
    {"store copy", "DIR ADDRESS", 2, 2, "Copy an SQLite store that no ferryd uses into a PostgreSQL one",
     NULL, "Record by record, so that every chain and export stays good. Broken off, it can be begun again.",
     "ferry store copy ~/.local/state/ferry postgresql://ferryd@db/ferry", fy_cmd_store},
    {"store retire", "ADDRESS YYYY-MM", 2, 2, "Take the records of runs accepted before that month, all over",
     NULL,
     "As the owner of a PostgreSQL store. Their lines stay, with where each ended; export what is to be kept "
     "before.",
     "ferry store retire postgresql://owner@db/ferry 2026-01", fy_cmd_store},
    {"sim fault", "NAME [ARGUMENT=VALUE ...]", 1, FY_CLI_ARGS, "Make something go wrong in a simulated core",
     sim_options,
     "Arguments: value=N (or N alone); on=WHAT (or WHAT alone); part=vim|nf and verb=VERB for calls; count=N "
     "or\n"
     "permille=N, how often it bites; after=10m, for=90s in run time. Without them it begins at once, bites "
     "once\n"
     "if it bites calls or builds, and otherwise lasts until it is cleared. \"ferry sim faults\" lists the "
     "names.",
     "ferry sim fault site_cut after=5m for=10m", fy_cmd_sim_fault},
    {"sim faults", "", 0, 0, "The faults there are, and what became of those asked for", sim_options, NULL,
     "ferry sim faults", fy_cmd_sim_faults},
    {"sim clear", "[NAME]", 0, 1, "End a fault of a simulated core, or all of them", sim_options, NULL,
     "ferry sim clear site_cut", fy_cmd_sim_clear},
    {"sim chance", "SEED [PROFILE]", 1, 2, "Draw faults of the next 12 hours of run time from a seed",
     sim_options,
     "Profiles: calm, rough (unless told otherwise), wild, wire (only calls), harmless (none drops users by "
     "itself).\nThe same seed draws the same faults.",
     "ferry sim chance 7 wire", fy_cmd_sim_chance},
    {"version", "", 0, 0, "The version of this program", NULL, NULL, "ferry version", fy_cmd_version},
    {"help", "[COMMAND]", 0, 2, "The commands, or one of them explained", NULL, NULL, "ferry help run",
     fy_cmd_help},
    {NULL, NULL, 0, 0, NULL, NULL, NULL, NULL, NULL},
};
