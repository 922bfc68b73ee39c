#include <stdio.h>
#include <string.h>

#include "analyzer/base/buf.h"
#include "analyzer/wire/xml_plain.h"
#include "tests/unit.h"

/* The same document with this behind it is not plain: the parser reads it. */
static const char comment[] = "<!---->";

enum { DOCUMENT_MAX = 1024 };

static void ck_assert_alike(const struct xr_node *a, const struct xr_node *b)
{
    ck_assert_str_eq(a->name, b->name);
    ck_assert_str_eq(a->space, b->space);
    ck_assert_str_eq(a->text, b->text);
    const struct xr_attribute *left = a->attributes, *right = b->attributes;
    for (; left && right; left = left->next, right = right->next) {
        ck_assert_str_eq(left->name, right->name);
        ck_assert_str_eq(left->value, right->value);
    }
    ck_assert(!left && !right);
    const struct xr_node *child = a->first, *other = b->first;
    for (; child && other; child = child->next, other = other->next) {
        ck_assert_ptr_eq(child->parent, a);
        ck_assert(child->next || a->last == child);
        ck_assert_alike(child, other);
    }
    ck_assert(!child && !other);
}

/* Is it plain? Then the parser must agree, tree and all. The bytes end where the memory does. */
static bool agrees(const char *document, size_t length)
{
    struct xr_arena *arena = xr_arena_new();
    const struct xr_node *quick = NULL, *slow = NULL;
    char *exact = malloc(length ? length : 1), longer[DOCUMENT_MAX + sizeof(comment)];

    memcpy(exact, document, length);
    bool plain = xr_xml_plain(arena, exact, length, &quick);
    free(exact);
    if (plain) {
        memcpy(longer, document, length);
        memcpy(longer + length, comment, sizeof(comment) - 1);
        const struct xr_err *err = xr_xml_parse(arena, longer, length + sizeof(comment) - 1, &slow);
        ck_assert_msg(!err, "%.*s: %s", (int)length, document, err ? err->text : "");
        ck_assert_alike(quick, slow);
    }
    xr_arena_free(arena);
    return plain;
}

static const char sample[] = "<?xml version=\"1.0\" encoding=\"utf-8\"?>"
                             "<s:E xmlns:s=\"urn:s\" xmlns=\"u:d\"><s:H a=\"1\" s:b=\"]\"/>\n"
                             "<t:B xmlns:t=\"urn:t\" xmlns:s=\"urn:2\"><s:c>\tx>y</s:c>"
                             "<b xmlns=\"http://www.w3.org/2001/x\"/><t:d></t:d></t:B><e>z</e>"
                             "</s:E>\n";

START_TEST(an_answer_is_read_as_the_parser_reads_it)
{
    struct xr_arena *arena = xr_arena_new();
    const struct xr_node *root = NULL;

    ck_assert(agrees(sample, sizeof(sample) - 1));
    ck_assert(xr_xml_plain(arena, sample, sizeof(sample) - 1, &root));
    ck_assert_str_eq(root->first->next->first->space, "urn:2");
    ck_assert_str_eq(root->last->space, "u:d");
    xr_arena_free(arena);
}
END_TEST

/* Every byte in every place: what is taken for plain must be what the parser takes it for. */
START_TEST(no_change_of_a_byte_divides_the_two)
{
    char changed[DOCUMENT_MAX];
    size_t plain = 0;

    for (size_t i = 0; i < sizeof(sample) - 1; i++)
        for (int byte = 0; byte <= 0xff; byte++) {
            memcpy(changed, sample, sizeof(sample));
            changed[i] = (char)byte;
            plain += agrees(changed, sizeof(sample) - 1);
        }
    ck_assert_uint_gt(plain, 1000);
}
END_TEST

START_TEST(nothing_left_out_or_doubled_divides_the_two)
{
    char changed[DOCUMENT_MAX];

    for (size_t from = 0; from < sizeof(sample); from++) {
        (void)agrees(sample, from);
        for (size_t n = 1; n < 40 && from + n < sizeof(sample); n++) {
            (void)snprintf(
                changed, sizeof(changed), "%.*s%s", (int)from, sample, sample + from + n);
            (void)agrees(changed, strlen(changed));
            (void)snprintf(
                changed, sizeof(changed), "%.*s%s", (int)(from + n), sample, sample + from);
            (void)agrees(changed, strlen(changed));
        }
    }
}
END_TEST

START_TEST(what_is_not_plain_is_left_to_the_parser)
{
    static const char *const documents[] = { "", " ", "x", "<", "<a", "<a>", "<a>x", "<a></b>",
        "<a/><b/>", "<a/>x", "</a>", "<a></a></a>", "<a>&amp;</a>", "<a b=\"&lt;\"/>", "<a b='1'/>",
        "<a b = \"1\"/>", "<a b=\"1\"c=\"2\"/>", "<a b=\"1\" b=\"2\"/>", "<a b=\"\t\"/>",
        "<a b=\"<\"/>", "<a b/>", "<a b=\"1/>", "<a><!-- --></a>", "<a><![CDATA[x]]></a>",
        "<?p i?><a/>", "<!DOCTYPE a><a/>", "<a>]]></a>", "<a>\r\n</a>", "<a>x<b/>y</a>",
        "<a>\xc3\xa4</a>", "<\xc3\xa4/>", "\xef\xbb\xbf<a/>", "<a xml:lang=\"e\"/>", "<xml:a/>",
        "<a:b:c/>", "<:a/>", "<a:/>", "<1/>", "<a xmlns:p=\"\"/>", "<a xmlns=\"\"/>",
        "<a xmlns:xml=\"u\"/>", "<a xmlns:p=\"http://www.w3.org/XML/1998/namespace\"/>",
        "<?xml version=\"1.1\"?><a/>", "<?xml version=\"1.0\" encoding=\"latin1\"?><a/>",
        "<a b1=\"\" b2=\"\" b3=\"\" b4=\"\" b5=\"\" b6=\"\" b7=\"\" b8=\"\" b9=\"\" b10=\"\""
        " b11=\"\" b12=\"\" b13=\"\" b14=\"\" b15=\"\" b16=\"\" b17=\"\"/>" };
    struct xr_arena *arena = xr_arena_new();
    const struct xr_node *root = NULL;

    for (size_t i = 0; i < sizeof(documents) / sizeof(*documents); i++) {
        ck_assert_msg(
            !xr_xml_plain(arena, documents[i], strlen(documents[i]), &root), "%s", documents[i]);
        ck_assert_ptr_null(root);
    }
    xr_arena_free(arena);
}
END_TEST

/* "n" times, with a root around it. */
static bool is_plain_repeated(size_t n, const char *opening, const char *closing)
{
    struct xr_arena *arena = xr_arena_new();
    const struct xr_node *root = NULL;
    xr_auto_buf text;

    xr_buf_init(&text, XR_XML_SIZE_MAX);
    (void)xr_buf_puts(&text, "<r>");
    for (size_t i = 0; i < n; i++)
        (void)xr_buf_puts(&text, opening);
    for (size_t i = 0; i < n; i++)
        (void)xr_buf_puts(&text, closing);
    (void)xr_buf_puts(&text, "</r>");
    bool plain = xr_xml_plain(arena, text.at, text.length, &root);
    xr_arena_free(arena);
    return plain;
}

static bool is_plain_named(size_t length)
{
    struct xr_arena *arena = xr_arena_new();
    const struct xr_node *root = NULL;
    char name[DOCUMENT_MAX];

    memset(name, 'n', length);
    const char *text = xr_printf(arena, "<%.*s/>", (int)length, name);
    bool plain = xr_xml_plain(arena, text, strlen(text), &root);
    xr_arena_free(arena);
    return plain;
}

START_TEST(what_is_large_is_left_to_the_parser)
{
    ck_assert(is_plain_repeated(31, "<a>", "</a>"));
    ck_assert(!is_plain_repeated(32, "<a>", "</a>"));
    ck_assert(is_plain_repeated(1900, "<a/>", ""));
    ck_assert(!is_plain_repeated(2000, "<a/>", ""));
    ck_assert(is_plain_repeated(16, "<a xmlns:a=\"u\" xmlns=\"u\">", "</a>"));
    ck_assert(!is_plain_repeated(17, "<a xmlns:a=\"u\" xmlns=\"u\">", "</a>"));
    ck_assert(is_plain_repeated(XR_XML_TEXT_MAX, "x", ""));
    ck_assert(!is_plain_repeated(XR_XML_TEXT_MAX + 1, "x", ""));
    ck_assert(!is_plain_repeated(64 * 1024, "", "\n"));
    ck_assert(is_plain_named(256));
    ck_assert(!is_plain_named(257));
}
END_TEST

XR_UNIT_MAIN("xml-plain", an_answer_is_read_as_the_parser_reads_it,
    no_change_of_a_byte_divides_the_two, nothing_left_out_or_doubled_divides_the_two,
    what_is_not_plain_is_left_to_the_parser, what_is_large_is_left_to_the_parser)
