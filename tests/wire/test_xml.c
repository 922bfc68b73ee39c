#include <ctype.h>
#include <string.h>

#include "analyzer/base/text.h"
#include "analyzer/wire/xml.h"
#include "tests/unit.h"

static struct xr_arena *arena;

/* Each test runs in a process of its own, which ends with it. */
static const struct xr_node *parsed(const char *text)
{
    const struct xr_node *root = NULL;

    if (!arena)
        arena = xr_arena_new();
    const struct xr_err *err = xr_xml_parse(arena, text, strlen(text), &root);
    ck_assert_msg(!err, "%s", err ? err->text : "");
    return root;
}

static const char *flaw(const char *bytes, size_t length)
{
    const struct xr_node *root = NULL;

    if (!arena)
        arena = xr_arena_new();
    const struct xr_err *err = xr_xml_parse(arena, bytes, length, &root);
    ck_assert_ptr_nonnull(err);
    ck_assert_int_eq(err->fault, XR_FAULT_CONTENT);
    ck_assert_ptr_null(root);
    for (const char *at = err->text; *at; at++)
        ck_assert_msg(!iscntrl((unsigned char)*at), "a control character in \"%s\"", err->text);
    return err->text;
}

#define ck_assert_flaw(text, expected) ck_assert_str_eq(flaw((text), strlen(text)), (expected))

START_TEST(a_tree_has_names_spaces_texts_and_attributes)
{
    const struct xr_node *root = parsed("<?xml version=\"1.0\" encoding=\"utf-8\"?>\n"
                                        "<a:r xmlns:a=\"urn:x\" xmlns=\"urn:y\" a:k=\"1\" l='2'>"
                                        "one<b> two </b>three<c xmlns=\"\"/></a:r>");

    ck_assert_str_eq(root->name, "r");
    ck_assert_str_eq(root->space, "urn:x");
    ck_assert_str_eq(root->text, "onethree");
    ck_assert_ptr_null(root->parent);
    ck_assert_str_eq(xr_xml_attribute(root, "k"), "1");
    ck_assert_str_eq(xr_xml_attribute(root, "l"), "2");
    ck_assert_ptr_null(xr_xml_attribute(root, "m"));
    ck_assert_str_eq(root->first->space, "urn:y");
    ck_assert_str_eq(root->first->text, " two ");
    ck_assert_str_eq(root->last->name, "c");
    ck_assert_str_eq(root->last->space, "");
    ck_assert_ptr_eq(root->last->parent, root);
}
END_TEST

START_TEST(things_are_found_by_local_name)
{
    const struct xr_node *root = parsed("<r><a><b>1</b></a><b> 2 </b><c/><b>3</b><d> </d></r>");
    const struct xr_node *b = xr_xml_child(root, "b");

    ck_assert_str_eq(b->text, " 2 ");
    ck_assert_str_eq(xr_xml_sibling(b, "b")->text, "3");
    ck_assert_ptr_null(xr_xml_sibling(xr_xml_sibling(b, "b"), "b"));
    ck_assert_str_eq(xr_xml_find(root, "b")->text, "1");
    ck_assert_ptr_eq(xr_xml_find(root, "r"), root);
    ck_assert_ptr_null(xr_xml_find(root->first, "c"));
    ck_assert_str_eq(xr_xml_text(arena, root, "b"), "2");
    ck_assert_ptr_null(xr_xml_text(arena, root, "c"));
    ck_assert_ptr_null(xr_xml_text(arena, root, "d"));
    ck_assert_ptr_null(xr_xml_text(arena, root, "e"));
    ck_assert_ptr_null(xr_xml_find(NULL, "b"));
    ck_assert_ptr_null(xr_xml_child(NULL, "b"));
    ck_assert_ptr_null(xr_xml_sibling(NULL, "b"));
    ck_assert_ptr_null(xr_xml_attribute(NULL, "b"));
    ck_assert_ptr_null(xr_xml_text(arena, NULL, "b"));
}
END_TEST

START_TEST(references_and_cdata_become_text)
{
    const struct xr_node *root =
        parsed("<r a=\"&lt;&amp;&#38;&amp;#38;&quot;&#x41;\">&lt;&amp;&#65;"
               "<![CDATA[<&#0;&amp;]]>&gt;<!-- &#0; <x a='--><?pi &#0; <x a='?></r>");

    ck_assert_str_eq(xr_xml_attribute(root, "a"), "<&&&#38;\"A");
    ck_assert_str_eq(root->text, "<&A<&#0;&amp;>");
    ck_assert_ptr_null(root->first);
}
END_TEST

START_TEST(forbidden_character_references_are_dropped)
{
    const struct xr_node *root = parsed("<r a='1&#x0;2'>a&#0;b&#x1F;c&#xFFFE;d&#xd800;e&#x9;"
                                        "&#x110000;&#99999999999999999999;f&#x00000000001;</r>");

    ck_assert_str_eq(root->text, "abcde\tf");
    ck_assert_str_eq(xr_xml_attribute(root, "a"), "12");
}
END_TEST

START_TEST(prefixes_do_not_matter_and_undeclared_ones_are_no_error)
{
    ck_assert_str_eq(parsed("<x:r>1</x:r>")->name, "r");
    ck_assert_str_eq(parsed("<x:r>1</x:r>")->space, "");
    ck_assert_str_eq(parsed("<r xml:lang='en'/>")->attributes->name, "lang");
}
END_TEST

START_TEST(a_namespace_ends_with_its_element)
{
    const struct xr_node *root =
        parsed("<r xmlns:p='urn:1'><p:a xmlns:p='urn:2'><p:b/></p:a><p:c/></r>");

    ck_assert_str_eq(root->first->space, "urn:2");
    ck_assert_str_eq(root->first->first->space, "urn:2");
    ck_assert_str_eq(root->last->space, "urn:1");
}
END_TEST

START_TEST(utf16_is_read)
{
    static const char little[] =
        "\xff\xfe<\0?\0x\0m\0l\0 \0v\0e\0r\0s\0i\0o\0n\0=\0'\0001\0.\0000\0'\0"
        " \0e\0n\0c\0o\0d\0i\0n\0g\0=\0'\0u\0t\0f\0-\0001\0006\0'\0?\0>\0"
        "<\0r\0>\0\xe9\0=\xd8\x00\xde\x3c\0/\0r\0>\0";
    static const char big[] = "\0<\0r\0>\x20\xac\0<\0/\0r\0>";
    const struct xr_node *root = NULL;

    arena = xr_arena_new();
    ck_assert_ptr_null(xr_xml_parse(arena, little, sizeof(little) - 1, &root));
    ck_assert_str_eq(root->text, "\xc3\xa9\xf0\x9f\x98\x80");
    ck_assert_ptr_null(xr_xml_parse(arena, big, sizeof(big) - 1, &root));
    ck_assert_str_eq(root->text, "\xe2\x82\xac");
}
END_TEST

START_TEST(encodings_that_are_not_what_they_say_are_refused)
{
    static const char cut[] = "\xff\xfe<\0r\0/";
    static const char lone[] = "\xff\xfe<\0r\0>\0\x00\xd8<\0/\0r\0>\0";
    static const char lie[] = "\xff\xfe<\0?\0x\0m\0l\0 \0e\0n\0c\0o\0d\0i\0n\0g\0=\0'\0u\0t\0f\0-\0"
                              "8\0'\0?\0>\0<\0r\0/\0>\0";

    ck_assert_str_eq(flaw(cut, sizeof(cut) - 1),
        "not XML: line 1: it is UTF-16, cut off in the middle of a character");
    ck_assert_str_eq(
        flaw(lone, sizeof(lone) - 1), "not XML: line 1: a surrogate stands alone in its UTF-16");
    ck_assert_str_eq(flaw(lie, sizeof(lie) - 1),
        "not XML: line 1: it says that its encoding is utf-8, but it is UTF-16");
    ck_assert_flaw("<?xml version='1.0' encoding='utf-16'?><r/>",
        "not XML: line 1: it says that its encoding is utf-16, but it is not (only UTF-8 and "
        "UTF-16 are read)");
    ck_assert_flaw("<?xml version='1.0' encoding='utf-7'?>+ADw-r/+AD4-",
        "not XML: line 1: it says that its encoding is utf-7, but it is not (only UTF-8 and "
        "UTF-16 are read)");
    ck_assert_str_eq(flaw("<r>\n\0</r>", 9), "not XML: line 2: it has a NUL character");
    ck_assert(strstr(flaw("<r>\n\xff</r>", 9), "not XML: line 2: input is not proper UTF-8"));
}
END_TEST

START_TEST(what_is_not_xml_is_told_with_its_line)
{
    ck_assert_flaw("", "not XML: line 1: it is empty");
    ck_assert_flaw(" \n ", "not XML: line 1: it is empty");
    ck_assert_flaw("{\"error\":1}", "not XML: line 1: start tag expected, '<' not found");
    ck_assert_flaw(
        "<a>\n<b>\n</a>", "not XML: line 3: opening and ending tag mismatch: b line 2 and a");
    ck_assert_flaw("<a/>\n<b/>", "not XML: line 2: extra content at the end of the document");
    ck_assert_flaw("<a>\n&nbsp;</a>", "not XML: line 2: entity 'nbsp' not defined");
    ck_assert_flaw("<a>\n\x01</a>", "not XML: line 2: PCDATA invalid Char value 1");
    ck_assert_flaw("<a b='1' b='2'/>", "not XML: line 1: attribute b redefined");
    ck_assert_flaw("<!DOCTYPE html>\n<html></html>", "not XML: line 1: it is an HTML page");
    ck_assert_flaw("<?xml version='1.0'?>\n<!DOCTYPE a SYSTEM 'file:///etc/passwd'><a/>",
        "XML that is not accepted: line 2: it has a DOCTYPE");
}
END_TEST

START_TEST(names_in_errors_are_shown_harmlessly)
{
    const char *text = flaw("<a>\n<\xe2\x80\x8c\xe2\x80\x8c></a>", 16);
    char long_name[2000];

    ck_assert_msg(!strstr(text, "\xe2\x80\x8c"), "%s", text);
    memset(long_name, 'n', sizeof(long_name));
    memcpy(long_name, "<r><n", 5);
    memcpy(long_name + sizeof(long_name) - 6, "></r>", 6);
    ck_assert_uint_lt(strlen(flaw(long_name, strlen(long_name))), 300);
    ck_assert_str_eq(xr_excerpt(arena, "a\x1b[1m\xe2\x80\xae", 80), "a\\x1b[1m\\u202e");
    ck_assert_uint_eq(strlen(xr_excerpt(arena, long_name, 80)), 83);
}
END_TEST

/* A message of megabytes would stand in a report a dozen times. */
START_TEST(a_long_text_is_cut_between_characters)
{
    char document[XR_XML_TEXT_MAX + 64] = "<a>x";
    size_t length = 4;

    while (length < XR_XML_TEXT_MAX + 40) {
        document[length++] = (char)0xc3;
        document[length++] = (char)0xbc;
    }
    memcpy(document + length, "</a>", 5);
    const char *text = parsed(document)->text;
    ck_assert_uint_eq(strlen(text), XR_XML_TEXT_MAX - 1 + strlen("..."));
    ck_assert_str_eq(text + XR_XML_TEXT_MAX - 3, "\xc3\xbc...");
}
END_TEST

/* Parsers are used again. The comment keeps the document from the quick way (wire/xml_plain.c). */
START_TEST(what_was_refused_does_not_reach_into_the_next_document)
{
    static const char *const hostile[] = { "<p:r xmlns:p='urn:p' xmlns='urn:d'><p:a>text<b", "<r",
        "<p:r xmlns:p='urn:p' xmlns='urn:d'><!-- --><p:b></p:r>", "<r>&unknown;</r>",
        "<r a='1' a='2'><!-- --></r>", "<r><![CDATA[ never closed</r>", "<r>\x01</r>",
        "<?xml version='1.0'?><!-- --><!DOCTYPE r [<!ENTITY e 'x'>]><r>&e;</r>" };
    char deep[3 * (XR_XML_DEPTH_MAX + 2) + 1];

    for (size_t i = 0; i < XR_XML_DEPTH_MAX + 2; i++)
        memcpy(deep + 3 * i, "<d>", 4);
    for (size_t i = 0; i <= sizeof(hostile) / sizeof(*hostile); i++) {
        const char *document = i ? hostile[i - 1] : deep;
        (void)flaw(document, strlen(document));
        const struct xr_node *root = parsed("<!-- --><r a='1'>text<p:b/></r>");
        ck_assert_str_eq(root->space, "");
        ck_assert_str_eq(root->text, "text");
        ck_assert_str_eq(root->attributes->value, "1");
        ck_assert_ptr_null(root->attributes->next);
        ck_assert_str_eq(root->first->space, "");
        ck_assert_ptr_eq(root->first, root->last);
    }
}
END_TEST

START_TEST(namespaces_of_a_document_end_with_it)
{
    const struct xr_node *before = parsed("<p:r xmlns:p='urn:p' xmlns='urn:d'><!-- --><a/></p:r>");
    const struct xr_node *root = parsed("<!-- --><p:r><a/></p:r>");

    ck_assert_str_eq(root->space, "");
    ck_assert_str_eq(root->first->space, "");
    ck_assert_str_eq(before->space, "urn:p");
    ck_assert_str_eq(before->first->space, "urn:d");
}
END_TEST

XR_UNIT_MAIN("xml", what_was_refused_does_not_reach_into_the_next_document,
    namespaces_of_a_document_end_with_it, a_tree_has_names_spaces_texts_and_attributes,
    things_are_found_by_local_name, references_and_cdata_become_text,
    a_long_text_is_cut_between_characters, forbidden_character_references_are_dropped,
    prefixes_do_not_matter_and_undeclared_ones_are_no_error, a_namespace_ends_with_its_element,
    utf16_is_read, encodings_that_are_not_what_they_say_are_refused,
    what_is_not_xml_is_told_with_its_line, names_in_errors_are_shown_harmlessly)
