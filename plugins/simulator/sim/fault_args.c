/* SPDX-License-Identifier: Apache-2.0 */
/* What a fault's arguments say, checked: numbers may come as texts, and times as "90s" or "10m". */
#include "sim/model.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct reader {
    const struct sim_world *world;
    const struct sim_fault_row *row;
    struct sim_trouble *to;
    char *why;
    size_t why_size;
};

__attribute__((format(printf, 2, 3))) static bool refuse(const struct reader *reader, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    (void)vsnprintf(reader->why, reader->why_size, format, list);
    va_end(list);
    return false;
}

static bool read_number(const struct reader *reader, const char *member, const json_t *given, int64_t least,
                        int64_t most, int64_t *ret)
{
    const char *text = json_string_value(given);
    char *end = NULL;
    int64_t number = text ? strtoll(text, &end, 10) : json_integer_value(given);
    bool is_one = text ? end != text && *end == '\0' : json_is_integer(given);
    if (!is_one || number < least || number > most)
        return refuse(reader, "%s of %s is not an integer of %lld to %lld", member, reader->row->name,
                      (long long)least, (long long)most);
    *ret = number;
    return true;
}

/* "500ms", "90s", "10m", "2h", or milliseconds as a number. */
static bool read_time(const struct reader *reader, const char *member, const json_t *given, int64_t *ret)
{
    static const struct {
        const char *unit;
        int64_t ms;
    } units[] = {{"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}};
    const char *text = json_string_value(given);
    char *end = NULL;
    int64_t number = text ? strtoll(text, &end, 10) : 0;
    if (!text)
        return read_number(reader, member, given, 0, (int64_t)400 * 86400000, ret);
    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
        if (end != text && strcmp(end, units[i].unit) == 0 && number >= 0 && number <= 10000000) {
            *ret = number * units[i].ms;
            return true;
        }
    return refuse(reader, "%s=%s of %s is not a time like 90s, 10m or 2h", member, text, reader->row->name);
}

static bool read_value(struct reader *reader, const char *member, const json_t *given)
{
    return read_number(reader, member, given, reader->row->least, reader->row->most, &reader->to->value);
}

static bool names_kpi(const struct sim_world *world, const char *word)
{
    for (size_t i = 0; i < world->kpi_count; i++)
        if (strcmp(world->kpi[i].name, word) == 0)
            return true;
    return false;
}

static bool names_place(const struct sim_world *world, const char *word)
{
    char host[16];
    for (int vdu = 0; vdu < VDUS; vdu++)
        if (strcmp(sim_vdu_names[vdu], word) == 0)
            return true;
    for (uint32_t i = 0; i < world->set.hosts; i++) {
        sim_host_name(i, host);
        if (strcmp(host, word) == 0)
            return true;
    }
    return sim_instance_find(world, word) != SIM_NONE;
}

static bool names_victim(const struct sim_world *world, const char *word)
{
    return strcmp(word, "any") == 0 || strcmp(word, "batch") == 0 ||
           sim_instance_find(world, word) != SIM_NONE;
}

static bool names_guard(const struct sim_world *world, const char *word)
{
    (void)world;
    return sim_guard_find(word) >= 0;
}

static bool names_nothing(const struct sim_world *world, const char *word)
{
    (void)world;
    (void)word;
    return false;
}

static bool read_on(struct reader *reader, const char *member, const json_t *given)
{
    static const struct {
        bool (*names)(const struct sim_world *world, const char *word);
        const char *what;
    } kinds[] = {[ON_NONE] = {names_nothing, "something in particular"},
                 [ON_KPI] = {names_kpi, "a KPI of this NF"},
                 [ON_PLACE] = {names_place, "an instance, a host or a VDU of this world"},
                 [ON_VICTIM] = {names_victim, "an instance of this world, \"any\" or \"batch\""},
                 [ON_GUARD] = {names_guard, "a guard of this world"}};
    const char *word = json_string_value(given);
    if (reader->row->on == ON_NONE)
        return refuse(reader, "%s takes no argument \"%s\"", reader->row->name, member);
    if (!word || strlen(word) >= sizeof(reader->to->on) || !kinds[reader->row->on].names(reader->world, word))
        return refuse(reader, "\"%s\" is not %s", word ? word : "", kinds[reader->row->on].what);
    sim_copy(reader->to->on, sizeof(reader->to->on), word);
    return true;
}

static bool read_version(struct reader *reader, const char *member, const json_t *given)
{
    const char *word = json_string_value(given);
    if (reader->row->on != ON_KPI || !word || strlen(word) >= sizeof(reader->to->version))
        return refuse(reader, "%s takes no \"%s\", or it is not a version like 1.3.0", reader->row->name,
                      member);
    sim_copy(reader->to->version, sizeof(reader->to->version), word);
    return true;
}

static bool read_part(struct reader *reader, const char *member, const json_t *given)
{
    const char *word = json_string_value(given);
    bool vim = word && strcmp(word, "vim") == 0, nf = word && strcmp(word, "nf") == 0;
    reader->to->parts = vim ? SIM_VIM : SIM_NF;
    return vim || nf || refuse(reader, "%s of %s is neither vim nor nf", member, reader->row->name);
}

static bool read_verb(struct reader *reader, const char *member, const json_t *given)
{
    const char *word = json_string_value(given);
    if (!word || strlen(word) >= sizeof(reader->to->verb))
        return refuse(reader, "%s of %s is not the name of a verb", member, reader->row->name);
    sim_copy(reader->to->verb, sizeof(reader->to->verb), word);
    return true;
}

static bool read_answer(struct reader *reader, const char *member, const json_t *given)
{
    const char *word = json_string_value(given);
    reader->to->again = word && strcmp(word, "again") == 0;
    return reader->to->again || (word && strcmp(word, "timeout") == 0) ||
           refuse(reader, "%s of %s is neither again nor timeout", member, reader->row->name);
}

static bool read_count(struct reader *reader, const char *member, const json_t *given)
{
    return read_number(reader, member, given, 1, 1000000, &reader->to->left);
}

static bool read_permille(struct reader *reader, const char *member, const json_t *given)
{
    return read_number(reader, member, given, 1, 1000, &reader->to->permille);
}

static bool read_after(struct reader *reader, const char *member, const json_t *given)
{
    int64_t after = 0;
    if (!read_time(reader, member, given, &after))
        return false;
    reader->to->at = (reader->world->begun ? reader->world->now : 0) + after;
    return true;
}

static bool read_for(struct reader *reader, const char *member, const json_t *given)
{
    return read_time(reader, member, given, &reader->to->until); /* from its beginning, for now */
}

static bool read_state(struct reader *reader, const char *member, const json_t *given)
{
    const char *text = json_string_value(given);
    json_decref(reader->to->state);
    reader->to->state = text ? json_loads(text, JSON_DECODE_ANY, NULL) : json_deep_copy(given);
    return reader->to->state || refuse(reader, "%s of %s is not JSON", member, reader->row->name);
}

#define ALL                                                                                                  \
    ((1u << FAULT_IS_LEVEL) | (1u << FAULT_IS_CALLS) | (1u << FAULT_IS_BUILDS) | (1u << FAULT_IS_MOMENT))
#define LEVEL  (1u << FAULT_IS_LEVEL)
#define CALLS  (1u << FAULT_IS_CALLS)
#define BUILDS (1u << FAULT_IS_BUILDS)
#define MOMENT (1u << FAULT_IS_MOMENT)

static bool read_member(struct reader *reader, const char *member, const json_t *given)
{
    static const struct {
        const char *name;
        unsigned shapes;
        bool (*read)(struct reader *reader, const char *member, const json_t *given);
    } members[] = {
        {"value", LEVEL | CALLS, read_value},
        {"on", LEVEL | BUILDS | MOMENT, read_on},
        {"version", LEVEL, read_version},
        {"part", CALLS, read_part},
        {"verb", CALLS, read_verb},
        {"answer", CALLS, read_answer},
        {"count", CALLS | BUILDS, read_count},
        {"permille", CALLS | BUILDS, read_permille},
        {"after", ALL, read_after},
        {"for", LEVEL | CALLS | BUILDS, read_for},
        {"state", MOMENT, read_state},
    };
    for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++)
        if (strcmp(members[i].name, member) == 0 && (members[i].shapes & (1u << reader->row->shape)))
            return members[i].read(reader, member, given);
    return refuse(reader, "%s takes no argument \"%s\"; `ferry sim faults` lists what each takes",
                  reader->row->name, member);
}

static const struct sim_fault_row *row_find(const char *name)
{
    for (int i = 0; i < FAULTS; i++)
        if (strcmp(sim_fault_rows[i].name, name) == 0)
            return &sim_fault_rows[i];
    return NULL;
}

/* Said how often, for how long or where: it bites then. Otherwise it bites once. */
static void count_once(struct sim_trouble *to, const struct sim_fault_row *row)
{
    bool told = to->permille < 1000 || to->until > 0 || to->on[0] || to->fault == FAULT_password_wrong;
    if (to->left < 0 && !told && (row->shape == FAULT_IS_CALLS || row->shape == FAULT_IS_BUILDS))
        to->left = 1;
}

bool sim_trouble_read(const struct sim_world *world, const char *name, const json_t *args,
                      struct sim_trouble *ret, char *why, size_t why_size)
{
    const struct sim_fault_row *row = row_find(name);
    struct reader reader = {world, row, ret, why, why_size};
    const char *member;
    json_t *given;
    if (!row)
        return refuse(&reader, "there is no fault \"%s\"; `ferry sim faults` lists them", name);
    *ret = (struct sim_trouble){.fault = (enum sim_fault)(row - sim_fault_rows),
                                .value = row->usual,
                                .permille = 1000,
                                .left = -1,
                                .parts = SIM_VIM | SIM_NF,
                                .at = world->begun ? world->now : 0};
    json_object_foreach((json_t *)(uintptr_t)args, member, given)
    {
        if (!read_member(&reader, member, given)) {
            json_decref(ret->state);
            return false;
        }
    }
    count_once(ret, row);
    if (ret->until > 0)
        ret->until += ret->at;
    return true;
}

/* ---- what a world file says ---- */

static bool read_one(struct sim_world *world, const char *name, json_t *given, char *why, size_t why_size)
{
    struct sim_trouble trouble;
    json_t *args = json_is_object(given) ? json_incref(given) : json_pack("{s:O}", "value", given);
    bool ok = sim_trouble_read(world, name, args, &trouble, why, why_size);
    json_decref(args);
    if (ok)
        sim_trouble_add(world, &trouble);
    return ok;
}

/* {"name": value or arguments, ...}, or [{"fault": "name", arguments}, ...] for more than one of a kind. */
bool sim_faults_read(struct sim_world *world, const json_t *faults, char *why, size_t why_size)
{
    const char *name;
    json_t *item;
    size_t i;
    bool ok = json_is_object(faults) || json_is_array(faults);
    if (!ok)
        (void)snprintf(why, why_size, "faults is neither an object nor a list");
    json_object_foreach((json_t *)(uintptr_t)faults, name, item)
    {
        ok = ok && read_one(world, name, item, why, why_size);
    }
    json_array_foreach(faults, i, item)
    {
        json_t *args = json_is_object(item) ? json_copy(item) : json_object();
        (void)json_object_del(args, "fault");
        ok = ok && read_one(world, sim_text(item, "fault"), args, why, why_size);
        json_decref(args);
    }
    return ok;
}
