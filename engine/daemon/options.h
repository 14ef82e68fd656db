/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What ferryd was told, on its command line and in its configuration file, and where it found the rest. One
 * table (option.def) has every option: what --help says, what a configuration file may hold, and the sample
 * that --sample-config prints are all made from it. Private to daemon/.
 *
 * A configuration file has a line "name = value" for each option; '#' begins a comment. Relative paths in it
 * are meant from its own folder. The command line wins over the file.
 */
#ifndef FY_DAEMON_OPTIONS_H
#define FY_DAEMON_OPTIONS_H

#include "base/buf.h"
#include "base/log.h"

struct fy_options {
    char *config;      /* file; NULL: there is none */
    char *store;       /* the directory */
    char *database;    /* a PostgreSQL's address; NULL: SQLite */
    char *audit_key;   /* file; NULL: nothing is signed */
    char *engine;      /* its name among those of the database; NULL: HOST-FOLDER */
    int64_t lease_ms;  /* how long it may be silent */
    char *connections; /* file */
    char *plugins;     /* directory */
    char *workflows;   /* directory */
    char *host;        /* the ferry-host program */
    char *access;      /* file: who may do what */
    char *listen;      /* "ADDRESS:PORT"; NULL: the UNIX socket only */
    char *tls_certificate, *tls_key, *tls_clients; /* files; NULL: not given */
    char *socket_group;                       /* its members may use the UNIX socket, too; NULL: nobody */
    int64_t max_connections, max_per_address; /* over TCP */
    int log;                                  /* enum fy_log_level; -1 until it is known */
    int64_t ready_fd;                         /* gets one byte when the API answers; -1: none */
    bool check_config, sample_config, help, version;
};

enum fy_option_type { FY_OPTION_PATH, FY_OPTION_TEXT, FY_OPTION_NUMBER, FY_OPTION_LEVEL, FY_OPTION_SWITCH };

struct fy_option_row {
    const char *name, *value; /* "store", "DIR"; a switch has no value */
    size_t offset;            /* in struct fy_options */
    const char *otherwise;    /* its default, in words; a number's is read */
    const char *help;
    enum fy_option_type type;
    bool in_file; /* a configuration file may have it */
};

extern const struct fy_option_row fy_option_rows[]; /* ends with a NULL name */

/* The command line, then the configuration file, then what lies beside this program. */
bool fy_options_read(int argc, char **argv, struct fy_options *options, struct fy_err *err) FY_MUST_CHECK;
void fy_options_begin(struct fy_options *options); /* nothing was said yet */
void fy_options_free(struct fy_options *options);

void fy_options_help(struct fy_buf *buf);
void fy_options_sample(struct fy_buf *buf); /* a configuration file with every option and its default */

/* config.c: what a file says is set where nothing was said before. An error names file and line. */
bool fy_config_read(const char *path, struct fy_options *options, struct fy_err *err) FY_MUST_CHECK;

/* Give an option its value. directory, if not NULL, is where relative paths begin. */
bool fy_option_set(const struct fy_option_row *row, const char *value, const char *directory,
                   struct fy_options *options, struct fy_err *err) FY_MUST_CHECK;
bool fy_option_is_set(const struct fy_option_row *row, const struct fy_options *options);

#endif
