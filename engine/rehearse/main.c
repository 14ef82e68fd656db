/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ferry-rehearse: what `ferry rehearse` runs. It touches no network and no store: order, workflow, engine and
 * a simulated core are all in this process, on a clock that does not wait.
 */
#include "base/beside.h"
#include "base/buf.h"
#include "base/log.h"
#include "base/mem.h"
#include "order/read.h"
#include "rehearse/pool.h"
#include "script/catalog.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { OK, FAILED, USAGE, NOT_FOUND }; /* exit codes, those of ferry */

struct wish {
    const char *order, *workflows, *only, *faults;
    int64_t users, capacity;
    int jobs;
    bool json, journal;
};

static int fail(const struct fy_err *err)
{
    (void)fprintf(stderr, "ferry: %s\n", err->message);
    if (err->hint[0] != '\0')
        (void)fprintf(stderr, "  %s\n", err->hint);
    return err->kind == FY_ERR_NOT_FOUND ? NOT_FOUND : USAGE;
}

/* ---- what is asked for ---- */

static bool take_number(const char *text, const char *option, int64_t *ret, struct fy_err *err)
{
    char *end = NULL;
    long long value = strtoll(text, &end, 10);
    if (*text == '\0' || *end != '\0' || value < 1)
        return fy_fail(err, FY_ERR_INVALID, "--%s %s: not a whole number above 0", option, text);
    *ret = value;
    return true;
}

static bool read_wish(int argc, char **argv, struct wish *wish, struct fy_err *err)
{
    static const struct option options[] = {{"only", required_argument, NULL, 'o'},
                                            {"faults", required_argument, NULL, 'f'},
                                            {"users", required_argument, NULL, 'u'},
                                            {"capacity", required_argument, NULL, 'c'},
                                            {"jobs", required_argument, NULL, 'j'},
                                            {"workflows", required_argument, NULL, 'w'},
                                            {"json", no_argument, NULL, 'J'},
                                            {"journal", no_argument, NULL, 'r'},
                                            {NULL, 0, NULL, 0}};
    int64_t jobs = sysconf(_SC_NPROCESSORS_ONLN);
    bool ok = true;
    int option;
    opterr = 0;
    while (ok && (option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (option == 'o')
            wish->only = optarg;
        else if (option == 'f')
            wish->faults = optarg;
        else if (option == 'w')
            wish->workflows = optarg;
        else if (option == 'J')
            wish->json = true;
        else if (option == 'r')
            wish->journal = true;
        else if (option == 'u')
            ok = take_number(optarg, "users", &wish->users, err);
        else if (option == 'c')
            ok = take_number(optarg, "capacity", &wish->capacity, err);
        else if (option == 'j')
            ok = take_number(optarg, "jobs", &jobs, err);
        else
            ok = fy_fail(err, FY_ERR_INVALID, "%s is not an option, or lacks its value", argv[optind - 1]);
    }
    wish->jobs = wish->journal ? 1 : (int)jobs; /* one journal after the other */
    wish->order = argv[optind];
    return ok &&
           (wish->order != NULL || fy_fail(err, FY_ERR_INVALID, "which order? ferry rehearse ORDER.xml"));
}

static bool wanted(const char *list, const char *name)
{
    const size_t length = strlen(name);
    for (const char *at = list; (at = strstr(at, name)) != NULL; at++)
        if ((at == list || at[-1] == ',') && (at[length] == ',' || at[length] == '\0'))
            return true;
    return false;
}

static bool choose_troubles(const char *list, struct fy_programme *programme, struct fy_err *err)
{
    size_t found = 0, named = 1;
    for (const char *at = list; at != NULL && *at != '\0'; at++)
        named += *at == ',';
    for (int t = 0; t < FY_TROUBLES; t++) {
        programme->wanted[t] = list == NULL || wanted(list, fy_troubles[t].name);
        found += programme->wanted[t];
    }
    if (list == NULL || found == named)
        return true;
    struct fy_buf names = {0};
    for (int t = 0; t < FY_TROUBLES; t++)
        fy_buf_format(&names, "%s%s", t > 0 ? ", " : "", fy_troubles[t].name);
    fy_fail(err, FY_ERR_INVALID, "--faults %s: not all of these are known", list);
    fy_hint(err, "there are %s", names.data);
    fy_buf_free(&names);
    return false;
}

/* ---- what is rehearsed ---- */

static char *read_text(const char *path, struct fy_err *err)
{
    char part[8192];
    size_t count;
    struct fy_buf text = {0};
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        (void)fy_fail_errno(err, "%s", path);
        err->kind = FY_ERR_NOT_FOUND;
        return NULL;
    }
    while (text.length <= FY_ORDER_MAX_BYTES && (count = fread(part, 1, sizeof part, file)) > 0)
        fy_buf_put(&text, part, count);
    (void)fclose(file);
    return fy_buf_take(&text);
}

/* The workflow that the order names, and nothing else of the catalogue. */
static bool open_workflow(const char *directory, const char *name, struct fy_catalog_entry *entry,
                          struct fy_err *err)
{
    static const char *const places[] = {"share/ferry/workflows", "workflows", NULL};
    FY_AUTO(fy_free_ptr) char *beside = directory == NULL ? fy_find_beside(places) : NULL;
    if (directory == NULL && beside == NULL)
        return fy_fail(err, FY_ERR_NOT_FOUND, "the catalogue of workflows was not found beside this program");
    FY_AUTO(fy_free_ptr)
    char *path = fy_format("%s/%s/%s.lua", directory != NULL ? directory : beside, name, name);
    entry->name = fy_strdup(name);
    if (!fy_catalog_read_file(path, entry, err))
        return false;
    FY_AUTO(fy_free_ptr) char *described = fy_script_describe(entry->texts, entry->text_count, err);
    return described != NULL && fy_catalog_declare(entry, described, err);
}

/* A vendor's verbs that the workflow needs: the simulated core has none of them, so they just succeed. */
static const char **dotted_of(const struct fy_score *score, json_t **ret_keeps)
{
    const char **dotted = FY_NEW_ARRAY(const char *, 65);
    size_t count = 0, index;
    json_t *verb;
    *ret_keeps = json_loads(score->workflows[0].needs, 0, NULL);
    json_array_foreach(*ret_keeps, index, verb)
    {
        if (json_is_string(verb) && strchr(json_string_value(verb), '.') != NULL && count < 64)
            dotted[count++] = json_string_value(verb);
    }
    return dotted;
}

/* ---- the programme ---- */

static bool is_chosen(const struct fy_acting *acting, const char *only)
{
    char number[24];
    (void)snprintf(number, sizeof number, "%llu", (unsigned long long)acting->step);
    return only == NULL || wanted(only, number) || wanted(only, acting->call);
}

static void add_cases(struct fy_programme *programme, const char *only)
{
    const size_t most = programme->actings.count * FY_TROUBLES;
    programme->cases = FY_NEW_ARRAY(struct fy_case, most + 1);
    for (size_t i = 0; i < programme->actings.count; i++) {
        const struct fy_acting *acting = &programme->actings.list[i];
        for (int t = 0; t < FY_TROUBLES && is_chosen(acting, only); t++)
            if (programme->wanted[t] && (fy_troubles[t].steps & acting->kinds) != 0)
                programme->cases[programme->count++] =
                    (struct fy_case){.acting = acting, .trouble = (enum fy_trouble)t};
    }
}

static void progress(size_t done, size_t count)
{
    if (isatty(STDERR_FILENO))
        (void)fprintf(stderr, "\r%zu of %zu rehearsals%s", done, count, done == count ? "\r\033[K" : "");
}

static int perform(const struct wish *wish, const struct fy_score *score)
{
    struct fy_programme programme = {0};
    struct fy_err err = {0};
    if (!choose_troubles(wish->faults, &programme, &err))
        return fail(&err);
    fy_rehearse(score, FY_TROUBLE_NONE, 0, &programme.undisturbed, &programme.actings);
    if (programme.undisturbed.acceptable) /* what does not work undisturbed is not disturbed */
        add_cases(&programme, wish->only);
    fy_pool_run(score, &programme, wish->jobs, progress);
    if (wish->json)
        fy_table_json(&programme, score);
    else
        fy_table_print(&programme, score);
    const bool failed = fy_programme_failures(&programme) > 0;
    free(programme.cases);
    fy_actings_free(&programme.actings);
    return failed ? FAILED : OK;
}

int main(int argc, char **argv)
{
    struct wish wish = {0};
    struct fy_err err = {0};
    struct fy_catalog_entry entry = {0};
    FY_AUTO(fy_order_unref) struct fy_order *order = NULL;
    fy_json_init();
    fy_log_open("ferry-rehearse", FY_LOG_ERROR);
    if (!read_wish(argc, argv, &wish, &err))
        return fail(&err);
    FY_AUTO(fy_free_ptr) char *xml = read_text(wish.order, &err);
    if (xml == NULL || !fy_order_read(xml, strlen(xml), &order, NULL, &err) ||
        !open_workflow(wish.workflows, order->workflow.name, &entry, &err))
        return fail(&err);
    const struct fy_workflow workflow = {.name = entry.name,
                                         .version = entry.version,
                                         .api = entry.api,
                                         .texts = entry.texts,
                                         .text_count = entry.text_count,
                                         .params = entry.params,
                                         .needs = entry.needs};
    FY_AUTO(fy_json_unref) json_t *needs = NULL;
    struct fy_score score = {.xml = xml,
                             .order = order,
                             .workflows = &workflow,
                             .workflow_count = 1,
                             .users = wish.users,
                             .capacity = wish.capacity,
                             .journal = wish.journal};
    score.dotted = dotted_of(&score, &needs);
    int code = perform(&wish, &score);
    free((void *)score.dotted);
    fy_catalog_free_entry(&entry);
    return code;
}
