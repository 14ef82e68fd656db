/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A table of verbs with a function for each; included once for every table. Before it are defined:
 *
 *     SIM_VERBS             the .def file, as "vim_verbs.def"
 *     SIM_TABLE             the table's name
 *     SIM_FUNCTION(name)    the name of a verb's function
 *     SIM_PASS(name, kind)  what it does with (connection, call, reply)
 */
#define VERB(name, kind, deadline, settle, schema)                                                           \
    static void SIM_FUNCTION(name)(void *connection, const struct ferry_call *call,                          \
                                   struct ferry_reply *reply)                                                \
    {                                                                                                        \
        SIM_PASS(name, kind);                                                                                \
    }
#include SIM_VERBS
#undef VERB

static const struct ferry_verb SIM_TABLE[] = {
#define VERB(name, kind, deadline, settle, schema)                                                           \
    {#name, FERRY_##kind, schema, deadline, settle, SIM_FUNCTION(name)},
#include SIM_VERBS
#undef VERB
    {NULL, FERRY_OBSERVE, NULL, 0, 0, NULL},
};

#undef SIM_VERBS
#undef SIM_TABLE
#undef SIM_FUNCTION
#undef SIM_PASS
