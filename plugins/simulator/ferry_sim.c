/* SPDX-License-Identifier: Apache-2.0 */
/* ferry-sim: the simulated cloud and 5G core as a process, and the questions people and tests ask it. */
#include "reader.h"
#include "scrape.h"
#include "server.h"

#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

static const char usage[] =
    "usage: ferry-sim --socket PATH [--world FILE] [--seed N] [--metrics PORT] [--parent-death]\n"
    "       ferry-sim status|counters|users|guards|faults --socket PATH [--json]\n"
    "       ferry-sim trace SUBSCRIBER --socket PATH [--json]\n"
    "       ferry-sim fault NAME [VALUE] [ARGUMENT=VALUE ...] --socket PATH\n"
    "       ferry-sim clear [NAME] --socket PATH\n"
    "       ferry-sim instances --socket PATH < LIST.json     (a world on somebody else's instances)\n"
    "       ferry-sim chance SEED [calm|rough|wild|wire|harmless] --socket PATH\n"
    "       ferry-sim call vim|nf VERB [ARGUMENTS [KEY]] --socket PATH [--json]\n"
    "\n"
    "Simulates a 5G core network function and the cloud it runs on, every user an individual. Without a "
    "world\n"
    "file it is the AMF of the paper's trial: 31,000 users at night on 16 service instances.\n"
    "\n"
    "  --socket PATH   UNIX socket to serve or to ask; ferry-sim ends when it is removed, or on SIGTERM\n"
    "  --world FILE    settings of the world, a JSON object\n"
    "  --seed N        another course of chance\n"
    "  --metrics PORT  serve GET /metrics on 127.0.0.1:PORT, for Prometheus; 0 takes a free port and says "
    "which\n"
    "  --parent-death  end when the parent process does\n"
    "  --password WORD for call, if the world asks for one\n"
    "  --json          print for programs\n"
    "\n"
    "example:\n"
    "  ferry-sim --socket /tmp/sim.sock &\n"
    "  ferry-sim call nf health --socket /tmp/sim.sock --json\n"
    "  ferry-sim counters --socket /tmp/sim.sock\n"
    "\n"
    "exit codes: 0 done, 1 refused, 2 wrong usage or world file, 3 no ferry-sim answers\n";

struct options {
    const char *socket, *world, *seed, *password, *metrics;
    bool json, parent_death;
};

static char *read_file(const char *path)
{
    FILE *file = fopen(path, "re");
    char *text = NULL;
    size_t room = 0;
    ssize_t got = file ? getdelim(&text, &room, '\0', file) : -1;
    if (file)
        (void)fclose(file);
    if (got >= 0)
        return text;
    free(text);
    return NULL;
}

/* The world file's text, with the seed of the command line in it. */
static char *settings_text(const struct options *options)
{
    char *text = options->world ? read_file(options->world) : strdup("{}");
    if (!text) {
        fprintf(stderr, "ferry-sim: could not read %s: %s\n", options->world, strerror(errno));
        return NULL;
    }
    if (!options->seed)
        return text;
    json_t *settings = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
    if (!json_is_object(settings)) {
        json_decref(settings);
        return text; /* sim_world_new says what is wrong with it */
    }
    json_object_set_new(settings, "seed", json_integer(strtoll(options->seed, NULL, 10)));
    free(text);
    text = json_dumps(settings, JSON_COMPACT);
    json_decref(settings);
    return text;
}

static void announce(const struct sim_world *world, const char *socket)
{
    json_t *status = sim_world_truth(world, "status");
    const json_t *source = json_object_get(json_object_get(status, "domains"), "source");
    fprintf(stderr, "ferry-sim: %s %s, %lld users, on %s\n", json_string_value(json_object_get(status, "nf")),
            json_string_value(json_object_get(status, "version")),
            (long long)json_integer_value(json_object_get(source, "users")), socket);
    json_decref(status);
}

/* -1 in *ret_fd if nobody asked for it. */
static bool open_metrics(const char *text, int *ret_fd, char *why, size_t why_size)
{
    char *end = NULL;
    long port = text ? strtol(text, &end, 10) : 0;
    int taken = 0;
    *ret_fd = -1;
    if (!text)
        return true;
    if (end == text || *end != '\0' || port < 0 || port > 65535) {
        (void)snprintf(why, why_size, "--metrics is a port, 0 to 65535, not \"%s\"", text);
        return false;
    }
    *ret_fd = sim_scrape_listen((int)port, &taken, why, why_size);
    if (*ret_fd >= 0)
        fprintf(stderr, "ferry-sim: metrics on http://127.0.0.1:%d/metrics\n", taken);
    return *ret_fd >= 0;
}

static int serve(const struct options *options)
{
    char why[256] = "";
    char *settings = settings_text(options);
    if (!settings)
        return 2;
    struct sim_world *world = sim_world_new(settings, why, sizeof(why));
    free(settings);
    if (!world) {
        fprintf(stderr, "ferry-sim: %s: %s\n", options->world ? options->world : "--seed", why);
        return 2;
    }
    int scraper = -1, listener = -1;
    if (open_metrics(options->metrics, &scraper, why, sizeof(why)))
        listener = sim_server_listen(options->socket, why, sizeof(why));
    if (listener < 0) {
        fprintf(stderr, "ferry-sim: %s\n", why);
        if (scraper >= 0)
            (void)close(scraper);
        sim_world_free(world);
        return 2;
    }
    announce(world, options->socket);
    sim_server_run(world, listener, scraper, options->socket);
    if (scraper >= 0)
        (void)close(scraper);
    (void)close(listener);
    sim_world_free(world);
    return 0;
}

static bool tied_to_parent(void)
{
    pid_t parent = getppid();
    (void)prctl(PR_SET_PDEATHSIG, SIGTERM);
    return getppid() == parent; /* it may have gone in between */
}

static bool read_options(int count, char **words, struct options *options)
{
    static const struct option known[] = {
        {"socket", required_argument, NULL, 's'},
        {"world", required_argument, NULL, 'w'},
        {"seed", required_argument, NULL, 'n'},
        {"password", required_argument, NULL, 'p'},
        {"parent-death", no_argument, NULL, 'd'},
        {"json", no_argument, NULL, 'j'},
        {"metrics", required_argument, NULL, 'm'},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    int letter;
    while ((letter = getopt_long(count, words, "h", known, NULL)) != -1) {
        switch (letter) {
        case 's':
            options->socket = optarg;
            break;
        case 'w':
            options->world = optarg;
            break;
        case 'n':
            options->seed = optarg;
            break;
        case 'p':
            options->password = optarg;
            break;
        case 'm':
            options->metrics = optarg;
            break;
        case 'd':
            options->parent_death = true;
            break;
        case 'j':
            options->json = true;
            break;
        case 'h':
            fputs(usage, stdout);
            exit(0);
        default:
            return false;
        }
    }
    return true;
}

static bool is_command(const char *word, int follow)
{
    static const struct {
        const char *name;
        int least, most;
    } commands[] = {{"status", 0, 0}, {"counters", 0, 0},  {"users", 0, 0}, {"guards", 0, 0},
                    {"faults", 0, 0}, {"instances", 0, 0}, {"trace", 1, 1}, {"fault", 1, 9},
                    {"clear", 0, 1},  {"chance", 1, 2},    {"call", 2, 4}};
    for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
        if (strcmp(word, commands[i].name) == 0)
            return follow >= commands[i].least && follow <= commands[i].most;
    return false;
}

int main(int count, char **words)
{
    struct options options = {0};
    if (!read_options(count, words, &options)) {
        fprintf(stderr, "try ferry-sim --help\n");
        return 2;
    }
    if (!options.socket || (optind < count && !is_command(words[optind], count - optind - 1))) {
        fputs(usage, stderr);
        return 2;
    }
    if (optind < count) {
        struct sim_question question = {words[optind],      options.socket,     options.password,
                                        words + optind + 1, count - optind - 1, options.json};
        return sim_reader(&question);
    }
    if (options.parent_death && !tied_to_parent())
        return 0;
    return serve(&options);
}
