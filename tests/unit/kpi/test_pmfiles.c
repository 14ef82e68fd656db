/* SPDX-License-Identifier: Apache-2.0 */
/* Files of measurements: what counts, what does not, and what strangers may put into them. */
#include "pmfiles/files.h"

#include "tests/unit/kpi/support.h"

#include <dirent.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define HEAD                                                                                                 \
    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"                                                           \
    "<measCollecFile xmlns=\"http://www.3gpp.org/ftp/specs/archive/32_series/32.435#measCollec\">"           \
    "<fileHeader fileFormatVersion=\"32.435 V10.0\" vendorName=\"acme\"><measCollec beginTime=\""            \
    "2025-11-22T16:00:00Z\"/></fileHeader>"
#define TAIL                 "<fileFooter><measCollec endTime=\"2025-11-22T16:00:05Z\"/></fileFooter></measCollecFile>\n"
#define ELEMENT(dn, version) "<measData><managedElement localDn=\"" dn "\" swVersion=\"" version "\"/>"
#define TYPES                                                                                                \
    "<measTypes>RM.RegInitReq Other.Counter RM.RegInitSucc RM.RegInitFail.3 RM.RegInitFail.22 "              \
    "RM.RegisteredSubNbrMean</measTypes>"
#define INFO(end) "<measInfo><job jobId=\"1\"/><granPeriod duration=\"PT5S\" endTime=\"" end "\"/>" TYPES
#define VALUE(ldn, results, suspect)                                                                         \
    "<measValue measObjLdn=\"" ldn "\"><measResults>" results "</measResults>" suspect "</measValue>"
#define SUSPECT "<suspect>true</suspect>"

/* START is 16:00:00. */
#define TICK_5  "2025-11-22T16:00:05Z"
#define TICK_10 "2025-11-23T00:00:10+08:00"

struct folder {
    char path[64];
    struct kpi_ask ask;
    struct pm_folder folder;
    struct pm_reader reader;
};

static void folder_begin(struct folder *folder, int64_t now_s)
{
    *folder = (struct folder){.path = "/tmp/ferry-pmfiles-XXXXXX"};
    assert_non_null(mkdtemp(folder->path));
    ask_at(&folder->ask, now_s);
    folder->reader =
        (struct pm_reader){.ask = &folder->ask, .version_key = "", .users = {"RM.RegisteredSubNbrMean", ""}};
}

static void deliver(const struct folder *folder, const char *name, const char *text)
{
    char path[128];
    (void)snprintf(path, sizeof path, "%s/%s", folder->path, name);
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    (void)fputs(text, file);
    (void)fclose(file);
}

static json_t *counted(struct folder *folder)
{
    struct kpi_table table;
    char why[200] = "";
    if (!pm_folder_look(&folder->folder, folder->path, &folder->reader, 0, 10000, why, sizeof why))
        fail_msg("%s", why);
    assert_true(kpi_table_make(&table, &folder->ask, START - 60000));
    table.complete = folder->ask.now_ms;
    if (!pm_folder_fill(&folder->folder, &table, why, sizeof why))
        fail_msg("%s", why);
    json_t *answer = answer_of(&table);
    kpi_table_done(&table);
    return answer;
}

static void folder_end(struct folder *folder)
{
    DIR *directory = opendir(folder->path);
    assert_non_null(directory);
    for (const struct dirent *entry; (entry = readdir(directory)) != NULL;)
        (void)unlinkat(dirfd(directory), entry->d_name, 0);
    (void)closedir(directory);
    assert_int_equal(rmdir(folder->path), 0);
    pm_folder_done(&folder->folder);
    kpi_ask_done(&folder->ask);
}

static void test_figures_of_a_period_are_a_tick(void **state)
{
    (void)state;
    struct folder folder;
    folder_begin(&folder, 12);
    deliver(&folder, "A.xml",
            HEAD ELEMENT("AMF=1", "1.2.0") INFO(TICK_5) VALUE("S=1", "100 7 90 4 6 500", "")
                VALUE("S=2", "50 7 49 0 1 100",
                      "<suspect>false</suspect>") "</measInfo></measData>" ELEMENT("AMF=2", "1.3.0")
                    INFO(TICK_10) VALUE("S=1", "20 7 20 0 0 300", "") "</measInfo></measData>" TAIL);
    json_t *answer = counted(&folder);
    assert_row(answer, 5, "source", "amf.initial_registration", 146, 7);
    assert_row(answer, 10, "target", "amf.initial_registration", 20, 0);
    assert_null(row_of(answer, 5, "target", "amf.initial_registration"));
    const json_t *tick = json_array_get(json_object_get(answer, "ticks"), 0);
    assert_int_equal(
        json_integer_value(json_object_get(json_object_get(json_object_get(tick, "source"), "users"), "5g")),
        600);
    json_decref(answer);
    folder_end(&folder);
}

static void test_places_by_number_say_the_same(void **state)
{
    (void)state;
    struct folder folder;
    folder_begin(&folder, 12);
    deliver(&folder, "A.xml",
            HEAD ELEMENT("AMF=1", "1.2.0") "<measInfo><granPeriod duration=\"PT5S\" endTime=\"" TICK_5
                                           "\"/><measType p=\"7\">RM.RegInitReq</measType><measType "
                                           "p=\"3\">RM.RegInitSucc</measType>"
                                           "<measValue measObjLdn=\"S=1\"><r p=\"3\">90</r><r "
                                           "p=\"7\">100</r><r p=\"8\">5</r></measValue>"
                                           "</measInfo></measData>" TAIL);
    json_t *answer = counted(&folder);
    assert_row(answer, 5, "source", "amf.initial_registration", 100, 10);
    json_decref(answer);
    folder_end(&folder);
}

static void test_suspect_figures_do_not_count(void **state)
{
    (void)state;
    struct folder folder;
    folder_begin(&folder, 12);
    deliver(&folder, "A.xml",
            HEAD ELEMENT("AMF=1", "1.2.0") INFO(TICK_5) VALUE("S=1", "100 7 90 0 0 1", SUSPECT)
                VALUE("S=2", "10 0 9 0 0 1", "") "</measInfo></measData>" TAIL);
    deliver(&folder, "B.xml",
            HEAD ELEMENT("AMF=1", "1.2.0") INFO(TICK_10)
                VALUE("S=1", "100 7 90 0 0 1", SUSPECT) "</measInfo></measData>" TAIL);
    json_t *answer = counted(&folder);
    assert_row(answer, 5, "source", "amf.initial_registration", 10, 1);
    assert_int_equal(json_array_size(json_object_get(answer, "ticks")),
                     1); /* of the second nothing is left */
    json_decref(answer);
    folder_end(&folder);
}

static void test_a_file_counts_when_it_is_whole(void **state)
{
    (void)state;
    struct folder folder;
    folder_begin(&folder, 12);
    const char *half =
        HEAD ELEMENT("AMF=1", "1.2.0") INFO(TICK_5) VALUE("S=1", "100 7 90 0 0 1", "") "</measInfo>";
    const char *whole = HEAD ELEMENT("AMF=1", "1.2.0") INFO(TICK_5)
        VALUE("S=1", "100 7 90 0 0 1", "") "</measInfo></measData>" TAIL;
    deliver(&folder, "A.xml", half);
    deliver(&folder, ".B.xml", whole);
    deliver(&folder, "B.xml.part", whole);
    json_t *answer = counted(&folder);
    assert_int_equal(json_array_size(json_object_get(answer, "ticks")), 0);
    assert_non_null(strstr(folder.folder.broken, "A.xml: it is not well-formed XML, or not whole yet"));
    json_decref(answer);
    deliver(&folder, "A.xml", whole);
    answer = counted(&folder);
    assert_row(answer, 5, "source", "amf.initial_registration", 100, 10);
    json_decref(answer);
    folder_end(&folder);
}

static void test_a_period_that_is_delivered_twice_counts_once(void **state)
{
    (void)state;
    struct folder folder;
    folder_begin(&folder, 12);
    const char *first = HEAD ELEMENT("AMF=1", "1.2.0") INFO(TICK_5)
        VALUE("S=1", "100 7 90 0 0 1", "") "</measInfo></measData>" TAIL;
    const char *second = HEAD ELEMENT("AMF=1", "1.2.0") INFO(TICK_5)
        VALUE("S=1", "104 7 93 0 0 1", "") "</measInfo></measData>" TAIL;
    deliver(&folder, "A.xml", first);
    struct timespec old[2] = {{.tv_sec = 1000000000}, {.tv_sec = 1000000000}};
    char path[128];
    (void)snprintf(path, sizeof path, "%s/A.xml", folder.path);
    assert_int_equal(utimensat(0, path, old, 0), 0);
    deliver(&folder, "A-again.xml", second);
    json_t *answer = counted(&folder);
    assert_row(answer, 5, "source", "amf.initial_registration", 104, 11); /* the later one */
    json_decref(answer);
    folder_end(&folder);
}

static void test_versions_may_stand_in_the_object(void **state)
{
    (void)state;
    struct folder folder;
    folder_begin(&folder, 12);
    folder.reader.version_key = "Version";
    deliver(
        &folder, "A.xml",
        HEAD ELEMENT("AMF=1", "") INFO(TICK_5) VALUE("AmfFunction=1,Version=1.2.0", "100 7 90 0 0 1", "")
            VALUE("AmfFunction=1,Version=1.3.0,Slice=2", "30 7 30 0 0 1", "") "</measInfo></measData>" TAIL);
    json_t *answer = counted(&folder);
    assert_row(answer, 5, "source", "amf.initial_registration", 100, 10);
    assert_row(answer, 5, "target", "amf.initial_registration", 30, 0);
    json_decref(answer);
    folder_end(&folder);
}

static void test_another_period_than_the_orders_is_refused(void **state)
{
    (void)state;
    struct folder folder;
    struct kpi_table table;
    char why[200] = "";
    folder_begin(&folder, 12);
    deliver(&folder, "A.xml",
            HEAD ELEMENT("AMF=1", "1.2.0") "<measInfo><granPeriod duration=\"PT5M\" endTime=\"" TICK_5
                                           "\"/>" TYPES VALUE("S=1", "1 1 1 1 1 1", "") "</measInfo>"
                                                                                        "</measData>" TAIL);
    assert_true(pm_folder_look(&folder.folder, folder.path, &folder.reader, 0, 10000, why, sizeof why));
    assert_true(kpi_table_make(&table, &folder.ask, START - 60000));
    assert_false(pm_folder_fill(&folder.folder, &table, why, sizeof why));
    assert_non_null(strstr(why, "periods of 300 s"));
    kpi_table_done(&table);
    folder_end(&folder);
}

static void test_hostile_files_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *text, *says;
    } cases[] = {
        {"", "not well-formed"},
        {"\x7f"
         "ELF",
         "not well-formed"},
        {"<html/>", "no measCollecFile"},
        {"<!DOCTYPE m [<!ENTITY a \"aaaa\"><!ENTITY b \"&a;&a;&a;\">]><measCollecFile>&b;</measCollecFile>",
         "DTD"},
        {"<!DOCTYPE m SYSTEM \"file:///etc/passwd\"><measCollecFile/>", "DTD"},
        {"<measCollecFile><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a></a></a></a></a></a></a></"
         "a></a>"
         "</a></a></a></a></a></a></a></a></a></a></measCollecFile>",
         "too deep"},
        {"<measCollecFile>"
         "<measInfo>" TYPES VALUE("S=1", "1 1 1 1 1 1", "") "</measInfo></measCollecFile>",
         "granPeriod"},
        {"<measCollecFile><measInfo><granPeriod duration=\"PT5S\" endTime=\"yesterday\"/>" TYPES VALUE(
             "S=1", "1 1 1 1 1 1", "") "</measInfo></measCollecFile>",
         "granPeriod"},
    };
    struct kpi_ask ask;
    ask_at(&ask, 12);
    struct pm_reader reader = {.ask = &ask, .version_key = "", .users = {"", ""}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct pm_rows rows;
        char why[200] = "";
        if (pm_parse_apart(&reader, cases[i].text, strlen(cases[i].text), &rows, why, sizeof why) ||
            strstr(why, cases[i].says) == NULL)
            fail_msg("case %zu: %s", i, why);
    }
    kpi_ask_done(&ask);
}

/* A thread's heap grows by other calls than the first thread's. */
static void *parse_much(void *context)
{
    static const char value[] = VALUE("S=1", "100 7 90 0 0 1", "");
    struct pm_reader *reader = context;
    struct pm_rows rows = {0};
    char why[200] = "", *text = malloc(3u << 20), *end = text;
    assert_non_null(text);
    end = stpcpy(end, HEAD ELEMENT("AMF=1", "1.2.0") INFO(TICK_5));
    for (size_t i = 0; i < 20000; i++)
        end = stpcpy(end, value);
    (void)stpcpy(end, "</measInfo></measData>" TAIL);
    bool good = pm_parse_apart(reader, text, strlen(text), &rows, why, sizeof why);
    free(text);
    pm_rows_free(&rows);
    return good ? NULL : strdup(why);
}

static void test_a_large_file_is_read_from_any_thread(void **state)
{
    (void)state;
    struct kpi_ask ask;
    ask_at(&ask, 12);
    struct pm_reader reader = {.ask = &ask, .version_key = "", .users = {"", ""}};
    pthread_t thread;
    void *why = NULL;
    assert_int_equal(pthread_create(&thread, NULL, parse_much, &reader), 0);
    assert_int_equal(pthread_join(thread, &why), 0);
    if (why != NULL)
        fail_msg("%s", (char *)why);
    kpi_ask_done(&ask);
}

static void test_figures_that_are_none_are_passed_over(void **state)
{
    (void)state;
    struct folder folder;
    folder_begin(&folder, 12);
    deliver(&folder, "A.xml",
            HEAD ELEMENT("AMF=1", "1.2.0") INFO(TICK_5) VALUE("S=1", "NIL 7 1e999 0 0 1", "")
                VALUE("S=2", "-5 7 nan 0 0 1", "")
                    VALUE("S=3", "12.0 7 12 0 0 1", "") "</measInfo></measData>" TAIL);
    json_t *answer = counted(&folder);
    assert_row(answer, 5, "source", "amf.initial_registration", 12, 0);
    json_decref(answer);
    folder_end(&folder);
}

static void test_times_and_durations(void **state)
{
    (void)state;
    assert_int_equal(pm_time("2025-11-22T16:00:00Z"), START);
    assert_int_equal(pm_time("2025-11-23T00:00:00+08:00"), START);
    assert_int_equal(pm_time("2025-11-22T12:30:00.000-03:30"), START);
    assert_int_equal(pm_time("2025-11-22T16:00:00"), -1);
    assert_int_equal(pm_time("2025-11-22"), -1);
    assert_int_equal(pm_duration("PT300S"), 300000);
    assert_int_equal(pm_duration("PT1H5M"), 3900000);
    assert_int_equal(pm_duration("P1DT1S"), 86401000);
    assert_int_equal(pm_duration("P1M"), -1);
    assert_int_equal(pm_duration("PT"), -1);
    assert_int_equal(pm_duration("300"), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_figures_of_a_period_are_a_tick),
        cmocka_unit_test(test_places_by_number_say_the_same),
        cmocka_unit_test(test_suspect_figures_do_not_count),
        cmocka_unit_test(test_a_file_counts_when_it_is_whole),
        cmocka_unit_test(test_a_period_that_is_delivered_twice_counts_once),
        cmocka_unit_test(test_versions_may_stand_in_the_object),
        cmocka_unit_test(test_another_period_than_the_orders_is_refused),
        cmocka_unit_test(test_hostile_files_are_refused),
        cmocka_unit_test(test_a_large_file_is_read_from_any_thread),
        cmocka_unit_test(test_figures_that_are_none_are_passed_over),
        cmocka_unit_test(test_times_and_durations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
