/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/options.h"

#include "base/beside.h"
#include "base/mem.h"

#include <getopt.h>
#include <string.h>

const char *const fy_options_help =
    "usage: ferryd --store DIR [options]\n"
    "\n"
    "Runs the upgrades of one store. \"ferry\" starts it when needed; there is seldom a reason to do it by "
    "hand.\n"
    "\n"
    "  --store DIR          where the journal lies (ferry.db) and the socket (ferry.sock)\n"
    "  --connections FILE   adapters that may be used; default DIR/connections.json\n"
    "  --plugins DIR        where their plugins are; default lib/ferry/plugins of this installation\n"
    "  --workflows DIR      the catalogue of workflows; default share/ferry/workflows\n"
    "  --host FILE          the ferry-host program; default lib/ferry/ferry-host\n"
    "  --log LEVEL          error, warning, info (default) or debug, to stderr\n"
    "  --ready-fd N         write one byte to descriptor N when the socket answers\n"
    "  --version, --help\n";

static const struct option long_options[] = {
    {"store", required_argument, NULL, 's'},    {"connections", required_argument, NULL, 'c'},
    {"plugins", required_argument, NULL, 'p'},  {"workflows", required_argument, NULL, 'w'},
    {"host", required_argument, NULL, 'H'},     {"log", required_argument, NULL, 'l'},
    {"ready-fd", required_argument, NULL, 'r'}, {"version", no_argument, NULL, 'v'},
    {"help", no_argument, NULL, 'h'},           {NULL, 0, NULL, 0},
};

static bool read_level(const char *text, enum fy_log_level *ret, struct fy_err *err)
{
    static const char *const names[] = {"error", "warning", "info", "debug"};
    for (size_t i = 0; i < FY_COUNT(names); i++)
        if (strcmp(text, names[i]) == 0) {
            *ret = (enum fy_log_level)i;
            return true;
        }
    return fy_fail(err, FY_ERR_INVALID, "--log %s: not one of error, warning, info, debug", text);
}

static void replace(char **text, const char *with)
{
    free(*text);
    *text = fy_strdup(with);
}

static bool take_option(int option, struct fy_options *options, struct fy_err *err)
{
    switch (option) {
    case 's':
        options->store = optarg;
        return true;
    case 'c':
        replace(&options->connections, optarg);
        return true;
    case 'p':
        replace(&options->plugins, optarg);
        return true;
    case 'w':
        replace(&options->workflows, optarg);
        return true;
    case 'H':
        replace(&options->host, optarg);
        return true;
    case 'l':
        return read_level(optarg, &options->log, err);
    case 'r':
        options->ready_fd = (int)strtol(optarg, NULL, 10);
        return true;
    case 'v':
        options->version = true;
        return true;
    case 'h':
        options->help = true;
        return true;
    default:
        return fy_fail(err, FY_ERR_INVALID, "%s", "the options are not right");
    }
}

static bool find(char **path, const char *const *candidates, const char *option, struct fy_err *err)
{
    if (*path == NULL)
        *path = fy_find_beside(candidates);
    if (*path != NULL)
        return true;
    (void)fy_fail(err, FY_ERR_NOT_FOUND, "%s was not found beside this program", candidates[0]);
    return fy_hint(err, "give it with --%s", option);
}

static bool find_the_rest(struct fy_options *options, struct fy_err *err)
{
    static const char *const hosts[] = {"lib/ferry/ferry-host", "engine/host/ferry-host", NULL};
    static const char *const plugins[] = {"lib/ferry/plugins", "plugins", NULL};
    static const char *const workflows[] = {"share/ferry/workflows", "workflows", NULL};
    if (options->connections == NULL)
        options->connections = fy_format("%s/connections.json", options->store);
    return find(&options->host, hosts, "host", err) && find(&options->plugins, plugins, "plugins", err) &&
           find(&options->workflows, workflows, "workflows", err);
}

bool fy_options_read(int argc, char **argv, struct fy_options *options, struct fy_err *err)
{
    int option = 0;
    *options = (struct fy_options){.log = FY_LOG_INFO, .ready_fd = -1};
    opterr = 0;
    while ((option = getopt_long(argc, argv, "", long_options, NULL)) != -1) {
        if (option == '?')
            return fy_fail(err, FY_ERR_INVALID, "%s is not an option of ferryd, or lacks its value",
                           argv[optind - 1]);
        if (!take_option(option, options, err))
            return false;
    }
    if (options->help || options->version)
        return true;
    if (optind < argc)
        return fy_fail(err, FY_ERR_INVALID, "%s: ferryd takes options only", argv[optind]);
    if (options->store == NULL) {
        (void)fy_fail(err, FY_ERR_INVALID, "no store was given");
        return fy_hint(err, "ferryd --store DIR");
    }
    return find_the_rest(options, err);
}
