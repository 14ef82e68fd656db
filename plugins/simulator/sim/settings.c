/* SPDX-License-Identifier: Apache-2.0 */
/* A world's settings: the trial's values, then what the file says, each member checked. */
#include "sim/model.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const char *const sim_vdu_names[VDUS] = {"OMU", "LB", "SDB", "SVC"};
static const char *const mobility_names[] = {"none", "live", "on-idle", "new-only", "reattach"};
static const char *const curve_names[] = {"night", "clock", "flat"};
static const char *const shape_names[] = {"AMF", "SMF"};

static const struct {
    const char *name;
    size_t at;
    int64_t value, least, most;
} numbers[] = {
#define SETTING(name, value, least, most, help)                                                              \
    {#name, offsetof(struct sim_settings, name), value, least, most},
#include "sim/settings.def"
#undef SETTING
};

const char *sim_mobility_name(enum ferry_mobility mobility)
{
    return mobility_names[mobility];
}

struct reader {
    struct sim_settings *set;
    json_t **faults, **chance;
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

static void *field(struct sim_settings *set, size_t at)
{
    return (char *)set + at;
}

static void trial(struct sim_settings *set)
{
    static const struct {
        const char *ref, *digest;
    } image[VDUS] = {{"amf-omu:1.2.0", "sha256:0d1a"},
                     {"amf-lb:1.2.0", "sha256:11aa"},
                     {"amf-sdb:1.2.0", "sha256:2b0c"},
                     {"amf-svc:1.2.0", "sha256:5e61"}};
    memset(set, 0, sizeof(*set));
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
        *(int64_t *)field(set, numbers[i].at) = numbers[i].value;
    set->mobility = FERRY_MOBILITY_LIVE;
    set->utc_offset_min = 480;
    sim_copy(set->version, sizeof(set->version), "1.2.0");
    for (int vdu = 0; vdu < VDUS; vdu++) {
        sim_copy(set->image[vdu].ref, sizeof(set->image[vdu].ref), image[vdu].ref);
        sim_copy(set->image[vdu].digest, sizeof(set->image[vdu].digest), image[vdu].digest);
    }
}

static void shape_defaults(struct sim_settings *set)
{
    if (set->nf[0] == '\0')
        sim_copy(set->nf, sizeof(set->nf), set->shape == SHAPE_AMF ? "amf-east-1" : "smf-east-1");
    for (int vdu = 0; set->shape == SHAPE_SMF && vdu < VDUS; vdu++)
        if (strncmp(set->image[vdu].ref, "amf-", 4) == 0)
            set->image[vdu].ref[0] = 's';
}

static bool read_word(const struct reader *reader, const char *member, const json_t *value,
                      const char *const *words, size_t count, int *ret)
{
    const char *word = json_string_value(value);
    for (size_t i = 0; word && i < count; i++)
        if (strcmp(word, words[i]) == 0) {
            *ret = (int)i;
            return true;
        }
    return refuse(reader, "%s is not one of its words (the first is \"%s\")", member, words[0]);
}

static bool read_text(const struct reader *reader, const char *member, const json_t *value, char *to,
                      size_t room)
{
    if (!json_is_string(value) || json_string_length(value) >= room)
        return refuse(reader, "%s is not a text of less than %zu bytes", member, room);
    sim_copy(to, room, json_string_value(value));
    return true;
}

static bool read_images(const struct reader *reader, const json_t *images)
{
    for (int vdu = 0; vdu < VDUS; vdu++) {
        const json_t *image = json_object_get(images, sim_vdu_names[vdu]);
        if (!image)
            continue;
        if (!read_text(reader, "images.ref", json_object_get(image, "ref"), reader->set->image[vdu].ref,
                       sizeof(reader->set->image[vdu].ref)) ||
            !read_text(reader, "images.digest", json_object_get(image, "digest"),
                       reader->set->image[vdu].digest, sizeof(reader->set->image[vdu].digest)))
            return false;
    }
    return true;
}

static bool read_number(const struct reader *reader, const char *member, const json_t *value)
{
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        if (strcmp(member, numbers[i].name) != 0)
            continue;
        int64_t number = json_integer_value(value);
        if (!json_is_integer(value) || number < numbers[i].least || number > numbers[i].most)
            return refuse(reader, "%s is not an integer of %lld to %lld", member, (long long)numbers[i].least,
                          (long long)numbers[i].most);
        *(int64_t *)field(reader->set, numbers[i].at) = number;
        return true;
    }
    return refuse(reader, "there is no setting \"%s\"; settings.def lists them all", member);
}

static bool read_member(const struct reader *reader, const char *member, json_t *value)
{
    struct sim_settings *set = reader->set;
    int word = 0;
    if (strcmp(member, "shape") == 0) {
        bool ok = read_word(reader, member, value, shape_names, 2, &word);
        set->shape = word ? SHAPE_SMF : SHAPE_AMF;
        return ok;
    }
    if (strcmp(member, "mobility") == 0) {
        bool ok = read_word(reader, member, value, mobility_names + 1, 4, &word);
        set->mobility = (enum ferry_mobility)(word + 1);
        return ok;
    }
    if (strcmp(member, "curve") == 0) {
        bool ok = read_word(reader, member, value, curve_names, 3, &word);
        set->curve = word == 0 ? CURVE_NIGHT : word == 1 ? CURVE_CLOCK : CURVE_FLAT;
        return ok;
    }
    if (strcmp(member, "utc_offset_min") == 0) {
        set->utc_offset_min = json_integer_value(value);
        return json_is_integer(value) || refuse(reader, "utc_offset_min is not an integer");
    }
    if (strcmp(member, "nf") == 0)
        return read_text(reader, member, value, set->nf, sizeof(set->nf));
    if (strcmp(member, "version") == 0)
        return read_text(reader, member, value, set->version, sizeof(set->version));
    if (strcmp(member, "password") == 0)
        return read_text(reader, member, value, set->password, sizeof(set->password));
    if (strcmp(member, "images") == 0)
        return read_images(reader, value);
    if (strcmp(member, "instances") == 0) {
        set->instances = json_incref(value);
        return json_is_array(value) || refuse(reader, "instances is not a list");
    }
    if (strcmp(member, "faults") == 0 || strcmp(member, "chance") == 0) { /* of a world that is there */
        json_t **ret = member[0] == 'f' ? reader->faults : reader->chance;
        *ret = json_incref(value);
        return true;
    }
    return read_number(reader, member, value);
}

static bool consistent(const struct reader *reader)
{
    const struct sim_settings *set = reader->set;
    if (set->omu % 2 || set->lb % 2)
        return refuse(reader, "omu and lb stand in pairs: give even numbers");
    if (set->svc_min > set->svc_max)
        return refuse(reader, "svc_min %lld is above svc_max %lld", (long long)set->svc_min,
                      (long long)set->svc_max);
    if (set->build_min_ms > set->build_max_ms)
        return refuse(reader, "build_min_ms is above build_max_ms");
    return true;
}

bool sim_settings_read(const char *text, struct sim_settings *ret, json_t **ret_faults, json_t **ret_chance,
                       char *why, size_t why_size)
{
    struct reader reader = {ret, ret_faults, ret_chance, why, why_size};
    *ret_faults = *ret_chance = NULL;
    trial(ret);
    if (text) {
        json_error_t error;
        json_t *file = json_loads(text, JSON_REJECT_DUPLICATES, &error);
        if (!json_is_object(file)) {
            json_decref(file);
            return refuse(&reader, "not a JSON object: line %d: %s", error.line, error.text);
        }
        const char *member;
        json_t *value;
        bool ok = true;
        json_object_foreach(file, member, value)
        {
            ok = ok && read_member(&reader, member, value);
        }
        json_decref(file);
        if (!ok)
            return false;
    }
    shape_defaults(ret);
    return consistent(&reader);
}
