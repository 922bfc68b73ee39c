#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "analyzer/base/buf.h"
#include "analyzer/wire/xml.h"
#include "tests/unit.h"

/*
 * Documents made to hurt the reader. Each is refused or read within 0.3 s of
 * processor time and 300 MB; sanitizers and unoptimised builds get more time.
 */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { SECONDS_FACTOR = 20, MEMORY_FACTOR = 20 };
#elif !defined(__OPTIMIZE__)
enum { SECONDS_FACTOR = 4, MEMORY_FACTOR = 1 };
#else
enum { SECONDS_FACTOR = 1, MEMORY_FACTOR = 1 };
#endif

static const double seconds_max = 0.3;
static const long kilobytes_max = 300 * 1024;

enum { MEGABYTE = 1024 * 1024, DOCUMENT_MAX = 48 * MEGABYTE };

/* In larger pieces, as sanitizers make every call dear. */
static void repeat(struct xr_buf *to, size_t n, const char *text)
{
    enum { PIECE = 4096 };
    char piece[PIECE];
    const size_t length = strlen(text), at_once = PIECE / length;

    for (size_t i = 0; i < at_once; i++)
        memcpy(piece + i * length, text, length);
    for (; n > at_once; n -= at_once)
        (void)xr_buf_add(to, piece, at_once * length);
    (void)xr_buf_add(to, piece, n * length);
}

static void number(struct xr_buf *to, size_t n, const char *before, const char *behind)
{
    for (size_t i = 0; i < n; i++) {
        char digits[24];
        (void)snprintf(digits, sizeof(digits), "%zu", i);
        (void)xr_buf_puts(to, before);
        (void)xr_buf_puts(to, digits);
        (void)xr_buf_puts(to, behind);
    }
}

static void around(
    struct xr_buf *to, const char *opening, size_t n, const char *text, const char *closing)
{
    (void)xr_buf_puts(to, opening);
    repeat(to, n, text);
    (void)xr_buf_puts(to, closing);
}

static void attributes_100k(struct xr_buf *to)
{
    (void)xr_buf_puts(to, "<r");
    number(to, 100000, " a", "=''");
    (void)xr_buf_puts(to, "/>");
}

static void declarations_100k(struct xr_buf *to)
{
    (void)xr_buf_puts(to, "<r");
    number(to, 100000, " xmlns:a", "='u'");
    (void)xr_buf_puts(to, "/>");
}

/* The attributes stand where only a parser that has lost its way would see a tag. */
static void attributes_behind_an_error(struct xr_buf *to)
{
    (void)xr_buf_puts(to, "<r><![CDATA[\x01<r");
    number(to, 100000, " a", "=''");
    (void)xr_buf_puts(to, "/>]]></r>");
}

static void attributes_in_a_quoted_tag(struct xr_buf *to)
{
    (void)xr_buf_puts(to, "<r b='<c");
    number(to, 100000, " a", "=\"\"");
    (void)xr_buf_puts(to, "/>'/>");
}

static void tags_with_256_attributes(struct xr_buf *to)
{
    (void)xr_buf_puts(to, "<r>");
    for (size_t i = 0; i < 700; i++) {
        (void)xr_buf_puts(to, "<e");
        number(to, 256, " a", "=''");
        (void)xr_buf_puts(to, "/>");
    }
    (void)xr_buf_puts(to, "</r>");
}

static void namespaces_in_scope(struct xr_buf *to)
{
    for (size_t i = 0; i < 90; i++) {
        (void)xr_buf_puts(to, "<r");
        number(to, 250, " xmlns:a", "='u'");
        (void)xr_buf_puts(to, ">");
    }
    repeat(to, 190000, "<a0:e/>");
    repeat(to, 90, "</r>");
}

static void namespaces_below_the_limit(struct xr_buf *to)
{
    (void)xr_buf_puts(to, "<r");
    number(to, 120, " xmlns:a", "='u'");
    (void)xr_buf_puts(to, ">");
    repeat(to, 190000, "<a0:e/>");
    (void)xr_buf_puts(to, "</r>");
}

static void declarations_everywhere(struct xr_buf *to)
{
    around(to, "<r>", 300000, "<e xmlns:b='not a uri'/>", "</r>");
}

/* Two long namespaces in turn: a reader that copies them for each element runs out of memory. */
static void long_namespaces(struct xr_buf *to)
{
    (void)xr_buf_puts(to, "<r xmlns:a='a");
    repeat(to, 3 * MEGABYTE, "x");
    (void)xr_buf_puts(to, "' xmlns:b='b");
    repeat(to, 3 * MEGABYTE, "x");
    around(to, "'>", 100000, "<a:e/><b:e/>", "</r>");
}

static void undeclared_prefixes(struct xr_buf *to)
{
    around(to, "<r>", 199000, "<p:e/>", "</r>");
}

static void elements_2m(struct xr_buf *to)
{
    around(to, "<r>", 2000000, "<a/>", "</r>");
}

static void elements_at_the_limit(struct xr_buf *to)
{
    around(to, "<r>", 199999, "<element/>", "</r>");
}

static void nesting_1m(struct xr_buf *to)
{
    repeat(to, 1000000, "<a>");
    repeat(to, 1000000, "</a>");
}

static void text_11_megabytes(struct xr_buf *to)
{
    around(to, "<r>", 11 * MEGABYTE, "x", "</r>");
}

static void text_7_megabytes(struct xr_buf *to)
{
    around(to, "<r>", 7 * MEGABYTE, "x", "</r>");
}

static void attribute_7_megabytes(struct xr_buf *to)
{
    around(to, "<r a='", 7 * MEGABYTE, "x", "'/>");
}

static void attribute_of_ampersands(struct xr_buf *to)
{
    around(to, "<r a='", 1400000, "&amp;", "'/>");
}

static void comment_7_megabytes(struct xr_buf *to)
{
    around(to, "<r><!--", 7 * MEGABYTE, "x", "--></r>");
}

static void instruction_7_megabytes(struct xr_buf *to)
{
    around(to, "<r><?p ", 7 * MEGABYTE, "x", "?></r>");
}

static void cdata_7_megabytes(struct xr_buf *to)
{
    around(to, "<r>", 500000, "<![CDATA[x]]>", "</r>");
}

static void unclosed_comments(struct xr_buf *to)
{
    around(to, "<r>", 1500000, "<!-- ", "</r>");
}

static void references_1m(struct xr_buf *to)
{
    around(to, "<r>", 1300000, "&#65;", "</r>");
}

static void references_without_end(struct xr_buf *to)
{
    around(to, "<r>", 4000000, "&#", "</r>");
}

static void reference_of_zeros(struct xr_buf *to)
{
    around(to, "<r>&#", 7 * MEGABYTE, "0", ";</r>");
}

static void undefined_entities(struct xr_buf *to)
{
    around(to, "<r>", 2000000, "&a;", "</r>");
}

static void invalid_characters(struct xr_buf *to)
{
    around(to, "<r>", 7 * MEGABYTE, "\x01", "</r>");
}

static void name_60_kilobytes(struct xr_buf *to)
{
    around(to, "<", 60000, "n", "/>");
}

static void names_of_their_own(struct xr_buf *to)
{
    (void)xr_buf_puts(to, "<r>");
    number(to, 190000, "<name_of_an_element_", "/>");
    (void)xr_buf_puts(to, "</r>");
}

static void names_below_the_limit(struct xr_buf *to)
{
    (void)xr_buf_puts(to, "<r>");
    number(to, 19000, "<name_of_an_element_", "/>");
    (void)xr_buf_puts(to, "</r>");
}

static void instructions_of_their_own(struct xr_buf *to)
{
    (void)xr_buf_puts(to, "<r>");
    number(to, 700000, "<?p", "?>");
    (void)xr_buf_puts(to, "</r>");
}

static void prefixes_of_their_own(struct xr_buf *to)
{
    (void)xr_buf_puts(to, "<r>");
    number(to, 190000, "<p", ":e/>");
    (void)xr_buf_puts(to, "</r>");
}

static void texts_between_children(struct xr_buf *to)
{
    around(to, "<r>", 199000, "some text between<a/>", "</r>");
}

static void billion_laughs(struct xr_buf *to)
{
    (void)xr_buf_puts(to, "<!DOCTYPE r [<!ENTITY a0 'ha'>");
    for (int i = 1; i < 30; i++)
        (void)xr_buf_printf(to, "<!ENTITY a%d '&a%d;&a%d;'>", i, i - 1, i - 1);
    (void)xr_buf_puts(to, "]><r>&a29;</r>");
}

static void quadratic_entities(struct xr_buf *to)
{
    around(to, "<!DOCTYPE r [<!ENTITY a '", 250000, "x", "'>]><r>");
    around(to, "", 100000, "&a;", "</r>");
}

static void external_subset(struct xr_buf *to)
{
    (void)xr_buf_puts(to, "<!DOCTYPE r SYSTEM 'http://127.0.0.1:9/x.dtd'><r/>");
}

static void parameter_entity(struct xr_buf *to)
{
    (void)xr_buf_puts(to, "<!DOCTYPE r [<!ENTITY % p SYSTEM 'file:///etc/hostname'>%p;]><r/>");
}

static void doctype_in_utf16(struct xr_buf *to)
{
    static const char text[] = "<!DOCTYPE r [<!ENTITY x SYSTEM 'file:///etc/hostname'>]><r>&x;</r>";

    (void)xr_buf_add(to, "\xff\xfe", 2);
    for (const char *at = text; *at; at++) {
        (void)xr_buf_add(to, at, 1);
        (void)xr_buf_add(to, "", 1);
    }
}

static void doctype_too_late(struct xr_buf *to)
{
    (void)xr_buf_puts(to, "<r><!DOCTYPE r [<!ENTITY x 'y'>]>&x;</r>");
}

static const struct attack {
    const char *name;
    void (*write)(struct xr_buf *to);
    bool accepted;
} attacks[] = {
    { "100,000 attributes", attributes_100k, false },
    { "100,000 namespace declarations", declarations_100k, false },
    { "attributes behind an error", attributes_behind_an_error, false },
    { "attributes in a quoted tag", attributes_in_a_quoted_tag, false },
    { "700 tags with 256 attributes", tags_with_256_attributes, true },
    { "22,500 namespaces in scope", namespaces_in_scope, false },
    { "120 namespaces in scope", namespaces_below_the_limit, true },
    { "declarations everywhere", declarations_everywhere, false },
    { "two namespaces of 3 MB", long_namespaces, false },
    { "undeclared prefixes", undeclared_prefixes, true },
    { "2 million elements", elements_2m, false },
    { "elements at the limit", elements_at_the_limit, true },
    { "nesting of 1 million", nesting_1m, false },
    { "text of 11 MB", text_11_megabytes, false },
    { "text of 7 MB", text_7_megabytes, true },
    { "attribute of 7 MB", attribute_7_megabytes, true },
    { "attribute of ampersands", attribute_of_ampersands, true },
    { "comment of 7 MB", comment_7_megabytes, true },
    { "processing instruction of 7 MB", instruction_7_megabytes, true },
    { "half a million CDATA sections", cdata_7_megabytes, true },
    { "comments that never end", unclosed_comments, false },
    { "1.3 million references", references_1m, true },
    { "4 million broken references", references_without_end, false },
    { "a reference of 7 MB", reference_of_zeros, true },
    { "2 million undefined entities", undefined_entities, false },
    { "7 million invalid characters", invalid_characters, false },
    { "name of 60 kB", name_60_kilobytes, false },
    { "190,000 names", names_of_their_own, false },
    { "names below the limit", names_below_the_limit, true },
    { "a million instructions", instructions_of_their_own, false },
    { "prefixes of their own", prefixes_of_their_own, false },
    { "texts between children", texts_between_children, true },
    { "billion laughs", billion_laughs, false },
    { "quadratic entities", quadratic_entities, false },
    { "external subset", external_subset, false },
    { "parameter entity", parameter_entity, false },
    { "DOCTYPE in UTF-16", doctype_in_utf16, false },
    { "DOCTYPE inside the root", doctype_too_late, false },
};

static double processor_seconds(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static long resident_kilobytes(void)
{
    struct rusage usage;

    (void)getrusage(RUSAGE_SELF, &usage);
    return usage.ru_maxrss;
}

static void check_attack(const struct attack *attack)
{
    xr_auto_buf document;
    const struct xr_node *root = NULL;
    struct xr_arena *arena = xr_arena_new();

    xr_buf_init(&document, DOCUMENT_MAX);
    attack->write(&document);
    double start = processor_seconds();
    const struct xr_err *err = xr_xml_parse(arena, document.at, document.length, &root);
    double elapsed = processor_seconds() - start;
    if (getenv("EXRAY_VERBOSE"))
        printf("%-34s %5.0f ms %5ld MB  %s\n", attack->name, elapsed * 1e3,
            resident_kilobytes() / 1024, err ? err->text : "read");
    (void)fflush(stdout);
    ck_assert_msg(!err == attack->accepted, "%s: %s", attack->name, err ? err->text : "read");
    ck_assert_msg(elapsed < seconds_max * SECONDS_FACTOR, "%s took %.2f s", attack->name, elapsed);
    ck_assert_msg(resident_kilobytes() < kilobytes_max * MEMORY_FACTOR, "%s needed %ld kB",
        attack->name, resident_kilobytes());
    xr_arena_free(arena);
}

static void check_attacks(size_t first, size_t end)
{
    for (size_t i = first; i < end; i++)
        check_attack(&attacks[i]);
}

enum { ATTACKS = sizeof(attacks) / sizeof(*attacks) };

/* In two halves, because a test has 30 s and ThreadSanitizer is slow. */
START_TEST(every_attack_is_over_soon)
{
    check_attacks(0, ATTACKS / 2);
}
END_TEST

START_TEST(every_other_attack_is_over_soon)
{
    check_attacks(ATTACKS / 2, ATTACKS);
}
END_TEST

/* A file with a secret that no answer may reach: neither as an entity nor as an XInclude. */
START_TEST(no_file_is_ever_read)
{
    char path[] = "/tmp/exray-canary-XXXXXX";
    int file = mkstemp(path);
    struct xr_arena *arena = xr_arena_new();
    const struct xr_node *root = NULL;

    ck_assert_int_ge(file, 0);
    ck_assert_int_eq(write(file, "TOPSECRET", 9), 9);
    ck_assert_int_eq(close(file), 0);
    const char *entity =
        xr_printf(arena, "<!DOCTYPE r [<!ENTITY x SYSTEM 'file://%s'>]><r>&x;</r>", path);
    ck_assert_ptr_nonnull(xr_xml_parse(arena, entity, strlen(entity), &root));
    const char *include = xr_printf(arena,
        "<r xmlns:i='http://www.w3.org/2001/XInclude'><i:include href='%s' parse='text'/></r>",
        path);
    ck_assert_ptr_null(xr_xml_parse(arena, include, strlen(include), &root));
    ck_assert_str_eq(root->first->text, "");
    ck_assert_int_eq(unlink(path), 0);
    xr_arena_free(arena);
}
END_TEST

/* What libxml2 has to say goes into our errors, never to the terminal. */
START_TEST(nothing_is_printed)
{
    static const char *const broken[] = { "<", "<a", "<a xmlns:b=''/>", "<a>&x;</a>", "<x:a/>",
        "<a xml:space='x'/>", "<?xml version='9'?><a/>", "<a>\xff</a>", "<!DOCTYPE a><a/>" };
    struct xr_arena *arena = xr_arena_new();
    FILE *catcher = tmpfile();

    ck_assert_ptr_nonnull(catcher);
    int kept = dup(STDERR_FILENO);
    ck_assert_int_ge(dup2(fileno(catcher), STDERR_FILENO), 0);
    for (size_t i = 0; i < sizeof(broken) / sizeof(*broken); i++) {
        const struct xr_node *root;
        (void)!xr_xml_parse(arena, broken[i], strlen(broken[i]), &root);
    }
    ck_assert_int_ge(dup2(kept, STDERR_FILENO), 0);
    struct stat info;
    ck_assert_int_eq(fstat(fileno(catcher), &info), 0);
    ck_assert_int_eq(info.st_size, 0);
    (void)fclose(catcher);
    xr_arena_free(arena);
}
END_TEST

static void *parse_often(void *arg)
{
    static const char good[] = "<r xmlns='urn:x'><a b='c'>d</a></r>", bad[] = "<r><a></r>";
    size_t *failures = arg;

    for (int i = 0; i < 300; i++) {
        struct xr_arena *arena = xr_arena_new();
        const struct xr_node *root = NULL;
        const struct xr_err *err = xr_xml_parse(arena, good, sizeof(good) - 1, &root);
        *failures += err || strcmp(root->first->text, "d") != 0;
        err = xr_xml_parse(arena, bad, sizeof(bad) - 1, &root);
        *failures += !err || !strstr(err->text, "tag mismatch");
        xr_arena_free(arena);
    }
    return NULL;
}

START_TEST(many_threads_parse_at_once)
{
    enum { THREADS = 8 };
    pthread_t threads[THREADS];
    size_t failures[THREADS] = { 0 };

    for (size_t i = 0; i < THREADS; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, parse_often, &failures[i]), 0);
    for (size_t i = 0; i < THREADS; i++) {
        ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
        ck_assert_uint_eq(failures[i], 0);
    }
}
END_TEST

XR_UNIT_MAIN("xml-hostile", every_attack_is_over_soon, every_other_attack_is_over_soon,
    no_file_is_ever_read, nothing_is_printed, many_threads_parse_at_once)
