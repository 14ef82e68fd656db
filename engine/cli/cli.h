/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ferry command: a client of a ferryd, and nothing else. commands.c is the table of what it can do; each
 * cmd_*.c does one of them.
 */
#ifndef FY_CLI_CLI_H
#define FY_CLI_CLI_H

#include "base/buf.h"
#include "base/json.h"

/* Exit codes; pipelines branch on them, so they do not change ("ferry help exit-codes"). */
enum fy_exit {
    FY_EXIT_OK = 0,
    FY_EXIT_FAILED = 1,    /* the run failed or was rolled back; the request was refused */
    FY_EXIT_USAGE = 2,     /* the command line, or a document it named, is wrong */
    FY_EXIT_NOT_FOUND = 3, /* no such run, file, connection, workflow */
    FY_EXIT_CONFLICT = 4,  /* something else stands in the way */
    FY_EXIT_WAITS = 5,     /* a person has to decide (--no-wait) */
    FY_EXIT_ENGINE = 6,    /* ferryd cannot be reached or started */
    FY_EXIT_PARKED = 7,    /* the run is parked with an error; a person has to decide */
};

struct fy_client;

#define FY_CLI_ARGS 17

struct fy_option {
    const char *name;  /* "scale", without dashes */
    const char *value; /* "N": what it is called in the help; NULL: a switch */
    const char *help;
};

struct fy_cli;

struct fy_command {
    const char *name;      /* one or two words */
    const char *arguments; /* "ORDER.xml" */
    size_t min_args, max_args;
    const char *summary;
    const struct fy_option *options; /* ends with a NULL name; may be NULL */
    const char *more;                /* further paragraphs of its help, or NULL */
    const char *example;
    int (*run)(struct fy_cli *cli); /* returns an exit code */
};

struct fy_cli {
    const struct fy_command *command;
    const char *args[FY_CLI_ARGS];
    size_t arg_count;
    const char *values[16]; /* of the command's options, in their order; a switch has "" */
    bool json;
    char *store;        /* directory */
    const char *server; /* a URL or the name of a profile; NULL: the ferryd of the store */
    struct fy_client *client;
};

extern const struct fy_command fy_commands[]; /* ends with a NULL name */

/* The value of an option of this command; NULL if it was not given. */
const char *fy_cli_option(const struct fy_cli *cli, const char *name);

/* A number from min up; "otherwise" if it was not given. Complains and returns false if it is none. */
bool fy_cli_number(const struct fy_cli *cli, const char *name, int64_t min, int64_t otherwise, int64_t *ret);

/* Read the command line: the command, its arguments and options. Complains and returns an exit code, or -1.
 */
int fy_cli_read(struct fy_cli *cli, int argc, char **argv);

/* Say what is wrong, on stderr, and what to do about it. Returns the exit code that goes with it. */
int fy_cli_fail(const struct fy_err *err);
int fy_exit_of(const struct fy_err *err);

/* "ferry help": all commands, or one of them. */
void fy_help_all(void);
void fy_help_one(const struct fy_command *command);

int fy_cmd_adapter_list(struct fy_cli *cli);
int fy_cmd_judge_power(struct fy_cli *cli);
int fy_cmd_judge_replay(struct fy_cli *cli);
int fy_cmd_kpis(struct fy_cli *cli);
int fy_cmd_adapter_show(struct fy_cli *cli);
int fy_cmd_adapter_test(struct fy_cli *cli);
int fy_cmd_audit_checkpoint(struct fy_cli *cli);
int fy_cmd_audit_export(struct fy_cli *cli);
int fy_cmd_audit_verify(struct fy_cli *cli);
int fy_cmd_engine_status(struct fy_cli *cli);
int fy_cmd_engine_stop(struct fy_cli *cli);
int fy_cmd_engine_list(struct fy_cli *cli);
int fy_cmd_engine_drain(struct fy_cli *cli);
int fy_cmd_engine_resume(struct fy_cli *cli);
int fy_cmd_help(struct fy_cli *cli);
int fy_cmd_journal(struct fy_cli *cli);
int fy_cmd_list(struct fy_cli *cli);
int fy_cmd_order_check(struct fy_cli *cli);
int fy_cmd_order_new(struct fy_cli *cli);
int fy_cmd_plan(struct fy_cli *cli);
int fy_cmd_rehearse(struct fy_cli *cli);
int fy_cmd_report(struct fy_cli *cli);
int fy_cmd_run(struct fy_cli *cli);
int fy_cmd_sim_chance(struct fy_cli *cli);
int fy_cmd_sim_clear(struct fy_cli *cli);
int fy_cmd_sim_fault(struct fy_cli *cli);
int fy_cmd_sim_faults(struct fy_cli *cli);
int fy_cmd_store(struct fy_cli *cli);
int fy_cmd_show(struct fy_cli *cli);
int fy_cmd_submit(struct fy_cli *cli);
int fy_cmd_verb(struct fy_cli *cli);
int fy_cmd_version(struct fy_cli *cli);
int fy_cmd_watch(struct fy_cli *cli);
int fy_cmd_workflow_lint(struct fy_cli *cli);
int fy_cmd_workflow_list(struct fy_cli *cli);
int fy_cmd_workflow_show(struct fy_cli *cli);
int fy_cmd_workflow_test(struct fy_cli *cli);

#endif
