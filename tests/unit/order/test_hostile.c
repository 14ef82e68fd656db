/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Documents made to hurt. Each must be refused by the mechanism that is there for it; what it cost is
 * printed, never judged. Every document is read in a process with the reader's own limits on CPU and memory.
 */
#include "base/mem.h"
#include "order/reader.h"
#include "tests/unit/order/support.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define HEAD                                                                                                 \
    "<Definitions xmlns=\"http://docs.oasis-open.org/tosca/ns/2011/12\" id=\"a\" targetNamespace=\"urn:a\""

/* What comes back from the child. */
struct result {
    struct fy_err err;
    struct fy_refusal refusal;
    long cpu_ms, memory_kb;
};

static void limit_self(void)
{
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__) /* they reserve terabytes */
    const struct rlimit memory = {FY_READER_MEMORY, FY_READER_MEMORY};
    (void)setrlimit(RLIMIT_AS, &memory);
#endif
    const struct rlimit cpu = {FY_READER_CPU_SECONDS, FY_READER_CPU_SECONDS};
    (void)setrlimit(RLIMIT_CPU, &cpu);
}

static void read_in_child(int fd, const struct fy_buf *text)
{
    struct result result = {0};
    struct fy_order *order = NULL;
    limit_self();
    if (fy_order_read(text->data, text->length, &order, &result.refusal, &result.err))
        _exit(2);
    if (write(fd, &result, sizeof result) != (ssize_t)sizeof result)
        _exit(3);
    _exit(0);
}

static struct result read_guarded(const char *name, struct fy_buf *text)
{
    struct result result = {0};
    struct rusage usage;
    int pipes[2];
    int status;
    assert_int_equal(pipe(pipes), 0);
    pid_t child = fork();
    if (child == 0)
        read_in_child(pipes[1], text);
    (void)close(pipes[1]);
    ssize_t got = read(pipes[0], &result, sizeof result);
    (void)close(pipes[0]);
    assert_int_equal(wait4(child, &status, 0, &usage), child);
    if (got != (ssize_t)sizeof result)
        fail_msg("%s: the reader ended with %d", name, status);
    result.cpu_ms = (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000 +
                    (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1000;
    result.memory_kb = usage.ru_maxrss;
    print_message("%-44s %7zu bytes %4ld ms CPU %6ld KiB: %s\n", name, text->length, result.cpu_ms,
                  result.memory_kb, result.err.message);
    fy_buf_free(text);
    return result;
}

static void assert_refused(const char *name, struct fy_buf *text, const char *words)
{
    struct result result = read_guarded(name, text);
    if (strstr(result.err.message, words) == NULL)
        fail_msg("%s: \"%s\" is not in: %s", name, words, result.err.message);
}

static void put_times(struct fy_buf *buf, size_t times, const char *text)
{
    for (size_t i = 0; i < times; i++)
        fy_buf_text(buf, text);
}

static void test_a_dtd_is_never_read(void **state)
{
    (void)state;
    static const char *const dtds[] = {
        "<!DOCTYPE d [<!ENTITY x SYSTEM \"file:///etc/passwd\">]>" HEAD ">&x;</Definitions>",
        "<!DOCTYPE d SYSTEM \"http://127.0.0.1:1/x.dtd\">" HEAD "/>",
        "<!DOCTYPE d [<!ENTITY % p SYSTEM \"file:///etc/hostname\"> %p;]>" HEAD "/>",
        "<!DOCTYPE d [<!ATTLIST Definitions name CDATA \"x\">]>" HEAD "/>",
        "<?xml version=\"1.0\"?>\n<!-- -->\n<!DOCTYPE d>\n" HEAD "/>",
    };
    for (size_t i = 0; i < FY_COUNT(dtds); i++) {
        struct fy_buf text = {0};
        fy_buf_text(&text, dtds[i]);
        assert_refused("DTD", &text, "has a DTD");
    }
}

static void test_entities_that_multiply_are_not_expanded(void **state)
{
    (void)state;
    struct fy_buf laughs = {0};
    fy_buf_text(&laughs, "<!DOCTYPE d [<!ENTITY a0 \"ha\">");
    for (int i = 1; i < 12; i++)
        fy_buf_format(&laughs, "<!ENTITY a%d \"&a%d;&a%d;&a%d;&a%d;&a%d;&a%d;&a%d;&a%d;&a%d;&a%d;\">", i,
                      i - 1, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1);
    fy_buf_text(&laughs, "]>" HEAD ">&a11;</Definitions>");
    assert_refused("a thousand million laughs", &laughs, "has a DTD");

    struct fy_buf blow_up = {0};
    fy_buf_text(&blow_up, "<!DOCTYPE d [<!ENTITY a \"");
    put_times(&blow_up, 20000, "a");
    fy_buf_text(&blow_up, "\">]>" HEAD ">");
    put_times(&blow_up, 10000, "&a;");
    fy_buf_text(&blow_up, "</Definitions>");
    assert_refused("quadratic blow-up", &blow_up, "has a DTD");
}

static void test_a_large_document_is_refused_before_it_is_parsed(void **state)
{
    (void)state;
    struct fy_buf text = {0};
    fy_buf_text(&text, HEAD ">");
    put_times(&text, (size_t)11 * 1024 * 1024 / 16, "0123456789abcdef");
    fy_buf_text(&text, "</Definitions>");
    assert_refused("11 MiB of text", &text, "at most 65536 are read");
}

static void test_many_attributes_on_one_element_are_refused(void **state)
{
    (void)state;
    static const char *const shapes[] = {" a%d=\"\"", " xmlns:a%d=\"u\"", " a%d\n=\n''"};
    for (size_t i = 0; i < FY_COUNT(shapes); i++) {
        struct fy_buf text = {0};
        fy_buf_text(&text, HEAD);
        for (int n = 0; text.length < FY_ORDER_MAX_BYTES - 40; n++) {
            FY_AUTO(fy_free_ptr) char *shape = fy_strdup(shapes[i]);
            char *digits = strstr(shape, "%d");
            fy_buf_format(&text, "%.*s%d%s", (int)(digits - shape), shape, n, digits + 2);
        }
        fy_buf_text(&text, "/>");
        assert_refused("attributes by the thousand", &text, "attributes and namespace declarations");
    }
}

/* The scan takes the quote in the comment for what it is, and still sees the attributes behind. */
static void test_the_scan_is_not_led_astray(void **state)
{
    (void)state;
    static const char *const lures[] = {"<!-- \" ' < -->", "<?pi \" ' < ?>", "<b a='\"' c=\"'>\"/>"};
    for (size_t i = 0; i < FY_COUNT(lures); i++) {
        struct fy_buf text = {0};
        fy_buf_text(&text, HEAD ">");
        fy_buf_text(&text, lures[i]);
        fy_buf_text(&text, "<c");
        for (int n = 0; n < 5000; n++)
            fy_buf_format(&text, " a%d=\"\"", n);
        fy_buf_text(&text, "/></Definitions>");
        assert_refused("attributes behind a lure", &text, "5000 attributes and namespace declarations");
    }
}

static void test_deep_and_wide_trees_are_refused(void **state)
{
    (void)state;
    struct fy_buf deep = {0};
    fy_buf_text(&deep, HEAD ">");
    put_times(&deep, 1000, "<a>");
    put_times(&deep, 1000, "</a>");
    fy_buf_text(&deep, "</Definitions>");
    assert_refused("1000 deep", &deep, "more than 24 deep");

    struct fy_buf wide = {0};
    fy_buf_text(&wide, HEAD ">");
    put_times(&wide, 16000, "<a/>");
    fy_buf_text(&wide, "</Definitions>");
    assert_refused("16000 elements", &wide, "more than 4000 elements");

    struct fy_buf comments = {0};
    fy_buf_text(&comments, HEAD ">");
    put_times(&comments, 9000, "<!---->");
    fy_buf_text(&comments, "</Definitions>");
    assert_refused("9000 comments", &comments, "no ServiceTemplate");
}

static void test_namespaces_by_the_thousand_are_refused_or_cheap(void **state)
{
    (void)state;
    struct fy_buf text = {0};
    fy_buf_text(&text, HEAD ">");
    for (int n = 0; text.length < FY_ORDER_MAX_BYTES - 60; n++)
        fy_buf_format(&text, "<a xmlns:p%d=\"u\"/>", n);
    fy_buf_text(&text, "</Definitions>");
    assert_refused("a namespace an element", &text, "no ServiceTemplate");
}

static void test_ids_by_the_thousand_are_compared_cheaply(void **state)
{
    (void)state;
    FY_AUTO(fy_free_ptr) char *good = load_order(AMF);
    struct fy_buf text = {0};
    const char *behind = strstr(good, "<TopologyTemplate>") + strlen("<TopologyTemplate>");
    fy_buf_put(&text, good, (size_t)(behind - good));
    for (int n = 0; n < 1300; n++)
        fy_buf_format(&text, "<NodeTemplate id=\"n%d\" type=\"o:X\"/>", n);
    fy_buf_text(&text, "<NodeTemplate id=\"n7\" type=\"o:X\"/>");
    fy_buf_text(&text, behind);
    assert_refused("1300 nodes", &text, "its id \"n7\" is also that of");
}

static void test_other_encodings_are_refused(void **state)
{
    (void)state;
    struct fy_buf text = {0};
    static const char wide[] = "\xff\xfe<\0D\0e\0f\0/\0>\0";
    fy_buf_put(&text, wide, sizeof wide - 1);
    assert_refused("UTF-16", &text, "byte order mark of UTF-16");
    fy_buf_text(&text, "<?xml version=\"1.0\" encoding=\"UTF-7\"?>+ADw-Definitions/+AD4-");
    assert_refused("UTF-7", &text, "encoded in UTF-7");
    fy_buf_text(&text, "<?xml version=\"1.0\" encoding=\"UTF-8\"?><a b=\"\xff\xfe\"/>");
    assert_refused("broken UTF-8", &text, "not well-formed XML");
    fy_buf_put(&text, "<a\0b/>", 6);
    assert_refused("a NUL byte", &text, "NUL bytes");
}

static void test_what_is_no_xml_is_refused(void **state)
{
    (void)state;
    static const char *const nothing[] = {"",
                                          " ",
                                          "<",
                                          "<a",
                                          "<!",
                                          "<!-",
                                          "<!--",
                                          "<![CDATA[",
                                          "<?xml",
                                          "<?xml encoding=",
                                          "tosca_definitions_version: tosca_2_0",
                                          "{\"order\":1}",
                                          "<a></b>",
                                          "<a/><b/>"};
    for (size_t i = 0; i < FY_COUNT(nothing); i++) {
        struct fy_buf text = {0};
        fy_buf_text(&text, nothing[i]);
        assert_refused("no XML", &text, "not well-formed XML");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_dtd_is_never_read),
        cmocka_unit_test(test_entities_that_multiply_are_not_expanded),
        cmocka_unit_test(test_a_large_document_is_refused_before_it_is_parsed),
        cmocka_unit_test(test_many_attributes_on_one_element_are_refused),
        cmocka_unit_test(test_the_scan_is_not_led_astray),
        cmocka_unit_test(test_deep_and_wide_trees_are_refused),
        cmocka_unit_test(test_namespaces_by_the_thousand_are_refused_or_cheap),
        cmocka_unit_test(test_ids_by_the_thousand_are_compared_cheaply),
        cmocka_unit_test(test_other_encodings_are_refused),
        cmocka_unit_test(test_what_is_no_xml_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
