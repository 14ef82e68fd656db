/* SPDX-License-Identifier: Apache-2.0 */
/* The faults there are, and those that were asked for or drawn: the truth "faults". */
#include "sim/model.h"

static const char *const shape_names[] = {"level", "calls", "builds", "moment"};
static const char *const on_names[] = {"", "a KPI", "an instance, a host or a VDU",
                                       "an instance, any or batch", "a guard"};

int64_t sim_fault_hits(const struct sim_world *world, enum sim_fault fault)
{
    int64_t hits = 0;
    for (uint32_t i = 0; i < world->trouble_count; i++)
        hits += world->troubles[i].fault == fault ? world->troubles[i].hits : 0;
    return hits;
}

static json_t *row_json(const struct sim_world *world, enum sim_fault fault)
{
    const struct sim_fault_row *row = &sim_fault_rows[fault];
    return json_pack("{s:s,s:s,s:s,s:I,s:I,s:I,s:I,s:b,s:I,s:s}", "name", row->name, "shape",
                     shape_names[row->shape], "on", on_names[row->on], "otherwise",
                     (json_int_t)row->otherwise, "usual", (json_int_t)row->usual, "least",
                     (json_int_t)row->least, "most", (json_int_t)row->most, "harms", row->harms, "hits",
                     (json_int_t)sim_fault_hits(world, fault), "help", row->help);
}

static const char *phase_of(const struct sim_world *world, const struct sim_trouble *trouble)
{
    bool ended = trouble->over || (world->begun && trouble->until > 0 && world->now >= trouble->until);
    bool begun = trouble->at <= (world->begun ? world->now : 0);
    return ended ? "over" : begun ? "active" : "to come";
}

static json_t *trouble_json(const struct sim_world *world, const struct sim_trouble *trouble)
{
    json_t *object =
        json_pack("{s:s,s:s,s:I,s:I,s:b,s:I}", "fault", sim_fault_rows[trouble->fault].name, "is",
                  phase_of(world, trouble), "at", (json_int_t)trouble->at, "hits", (json_int_t)trouble->hits,
                  "drawn", trouble->drawn, "value", (json_int_t)trouble->value);
    if (trouble->on[0])
        json_object_set_new(object, "on", json_string(trouble->on));
    if (trouble->version[0])
        json_object_set_new(object, "version", json_string(trouble->version));
    if (trouble->verb[0])
        json_object_set_new(object, "verb", json_string(trouble->verb));
    if (trouble->parts != (SIM_VIM | SIM_NF))
        json_object_set_new(object, "part", json_string(trouble->parts == SIM_VIM ? "vim" : "nf"));
    if (trouble->permille < 1000)
        json_object_set_new(object, "permille", json_integer(trouble->permille));
    if (trouble->left >= 0)
        json_object_set_new(object, "left", json_integer(trouble->left));
    if (trouble->until > 0)
        json_object_set_new(object, "until", json_integer(trouble->until));
    return object;
}

json_t *sim_faults_json(const struct sim_world *world)
{
    json_t *table = json_array(), *set = json_array();
    int64_t harmful = 0;
    for (int i = 0; i < FAULTS; i++) {
        json_array_append_new(table, row_json(world, (enum sim_fault)i));
        harmful += sim_fault_rows[i].harms ? sim_fault_hits(world, (enum sim_fault)i) : 0;
    }
    for (uint32_t i = 0; i < world->trouble_count; i++)
        json_array_append_new(set, trouble_json(world, &world->troubles[i]));
    return json_pack("{s:I,s:I,s:o,s:o}", "now_ms", (json_int_t)sim_world_now(world), "harmful",
                     (json_int_t)harmful, "table", table, "set", set);
}
