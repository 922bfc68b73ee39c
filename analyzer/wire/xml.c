#include "analyzer/wire/xml.h"

#include <ctype.h>
#include <libxml/parser.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "analyzer/base/buf.h"
#include "analyzer/base/text.h"
#include "analyzer/wire/xml_plain.h"
#include "analyzer/wire/xml_scan.h"

#define NO_MESSAGE "Unregistered error message" /* libxml2's own words */

enum { REASON_MAX = 160 };

/* Blanks behind the document: where fewer bytes than these are left, libxml2 looks for more of them
 * at each step, which takes as long as the step. */
enum { PADDING = 256 };

enum { IDLE_MAX = 4, KEPT_NAMES_MAX = 1000 };

/* An element that is still open. */
struct level {
    struct xr_node *node;
    struct xr_buf text;
    size_t namespaces; /* how many were in scope outside of it */
};

struct builder {
    struct xr_arena *arena;
    const xmlParserCtxt *parser;
    const char *at; /* what the parser has not asked for yet */
    size_t left;
    const struct xr_err *err; /* the first; the parser gets no more bytes after it */
    struct xr_node *root;
    struct level levels[XR_XML_DEPTH_MAX];
    size_t depth, nodes, namespaces;
    size_t names_before; /* those of the parser's earlier documents */
    /* A namespace URI is copied once, when it is declared: a copy for each element could be made
     * to fill the memory. */
    struct {
        const xmlChar *uri;
        const char *copy;
    } scope[XR_XML_NAMESPACES_MAX];
};

static const char *chars(const xmlChar *text)
{
    return (const char *)text;
}

/* ---- what the parser tells ---- */

static void refuse(struct builder *builder, const char *reason)
{
    const xmlParserInput *input = builder->parser->input;

    if (!builder->err)
        builder->err = xr_err(builder->arena, XR_FAULT_CONTENT, 0,
            "XML that is not accepted: line %d: %s", input ? input->line : 0, reason);
}

/* The first line of the parser's message, as a phrase: no capital, but "PCDATA" stays. */
static const char *phrase(struct xr_arena *arena, const char *message)
{
    char *first = xr_strndup(arena, message, strcspn(message, "\n"));

    if (isupper((unsigned char)first[0]) && islower((unsigned char)first[1]))
        first[0] = (char)tolower((unsigned char)first[0]);
    return xr_excerpt(arena, first, REASON_MAX);
}

static void on_error(void *arg, xmlErrorPtr error)
{
    struct builder *builder = arg;
    const char *message = error->message;

    if (builder->err || error->level != XML_ERR_FATAL)
        return;
    if (!message || xr_starts(message, NO_MESSAGE))
        message = "it is not well-formed";
    builder->err = xr_err(builder->arena, XR_FAULT_CONTENT, error->code, "not XML: line %d: %s",
        error->line, phrase(builder->arena, message));
}

/* The scan has refused every DOCTYPE; this is for the case that it overlooked one. */
static void on_doctype(
    void *arg, const xmlChar *name, const xmlChar *public_id, const xmlChar *system_id)
{
    (void)name, (void)public_id, (void)system_id;
    refuse(arg, "it has a DOCTYPE");
}

static bool declare(struct builder *builder, int n, const xmlChar **namespaces)
{
    for (int i = 0; i < n; i++) {
        const xmlChar *uri = namespaces[2 * i + 1];
        if (builder->namespaces == XR_XML_NAMESPACES_MAX)
            return false;
        builder->scope[builder->namespaces].uri = uri;
        builder->scope[builder->namespaces++].copy = xr_strdup(builder->arena, chars(uri));
    }
    return true;
}

/* The parser interns names: the same URI is the same pointer. */
static const char *space_of(const struct builder *builder, const xmlChar *uri)
{
    if (!uri)
        return "";
    for (size_t i = builder->namespaces; i-- > 0;)
        if (builder->scope[i].uri == uri)
            return builder->scope[i].copy;
    return xr_strdup(builder->arena, chars(uri));
}

static void append(struct xr_node *parent, struct xr_node *node)
{
    node->parent = parent;
    if (parent->last)
        parent->last->next = node;
    else
        parent->first = node;
    parent->last = node;
}

/* As the parser replaces no entity, it leaves the ampersands of attributes to us, as "&#38;". */
static const char *attribute_value(struct xr_arena *arena, const xmlChar *begin, const xmlChar *end)
{
    static const char ampersand[] = "&#38;";
    const size_t n = sizeof(ampersand) - 1;
    char *value = xr_strndup(arena, chars(begin), (size_t)(end - begin)), *to = value;

    for (const char *from = value; *from; to++) {
        *to = *from;
        from += strncmp(from, ampersand, n) ? 1 : n;
    }
    *to = '\0';
    return value;
}

/* The parser gives five pointers for each attribute: name, prefix, URI, begin and end of the value.
 */
static struct xr_attribute *attributes_of(
    struct xr_arena *arena, int n, const xmlChar *const *given)
{
    struct xr_attribute *first = NULL, **last = &first;

    for (int i = 0; i < n; i++, given += 5) {
        struct xr_attribute *attribute = xr_new(arena, struct xr_attribute);
        attribute->name = xr_strdup(arena, chars(given[0]));
        attribute->value = attribute_value(arena, given[3], given[4]);
        *last = attribute;
        last = &attribute->next;
    }
    return first;
}

static bool is_within_limits(struct builder *builder, int nodes)
{
    builder->nodes += (size_t)nodes;
    if (builder->depth == XR_XML_DEPTH_MAX)
        refuse(builder, "its elements are nested too deep");
    else if (builder->nodes > XR_XML_NODES_MAX)
        refuse(builder, "it has too many elements and attributes");
    else if ((size_t)xmlDictSize(builder->parser->dict) > builder->names_before + XR_XML_NAMES_MAX)
        refuse(builder, "it has too many different names");
    return !builder->err;
}

/* Of no interest, but their names are kept too. */
static void on_instruction(void *arg, const xmlChar *target, const xmlChar *data)
{
    struct builder *builder = arg;

    (void)target, (void)data;
    if (!builder->err)
        (void)is_within_limits(builder, 1);
}

static void on_start(void *arg, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri,
    int namespace_count, const xmlChar **namespaces, int attribute_count, int defaulted_count,
    const xmlChar **attributes)
{
    struct builder *builder = arg;
    size_t outside = builder->namespaces;

    (void)prefix, (void)defaulted_count;
    if (builder->err || !is_within_limits(builder, 1 + namespace_count + attribute_count))
        return;
    if (!declare(builder, namespace_count, namespaces)) {
        refuse(builder, "too many namespaces are declared");
        return;
    }
    struct xr_node *node = xr_new(builder->arena, struct xr_node);
    node->name = xr_strdup(builder->arena, chars(name));
    node->space = space_of(builder, uri);
    node->text = "";
    node->attributes = attributes_of(builder->arena, attribute_count, attributes);
    if (builder->depth)
        append(builder->levels[builder->depth - 1].node, node);
    else
        builder->root = node;
    struct level *level = &builder->levels[builder->depth++];
    level->node = node;
    level->namespaces = outside;
}

static void on_text(void *arg, const xmlChar *text, int length)
{
    struct builder *builder = arg;

    if (builder->err || !builder->depth)
        return;
    struct xr_buf *buf = &builder->levels[builder->depth - 1].text;
    if (!buf->at)
        xr_buf_init(buf, XR_XML_SIZE_MAX);
    (void)xr_buf_add(buf, text, (size_t)length);
}

/* What is quoted in reports many times over must be of bounded length. */
static const char *kept_text(struct xr_arena *arena, const struct xr_buf *text)
{
    size_t length = text->length;

    if (length <= XR_XML_TEXT_MAX)
        return xr_strndup(arena, text->at, length);
    length = XR_XML_TEXT_MAX;
    while (length && ((unsigned char)text->at[length] & 0xc0) == 0x80)
        length--;
    return xr_printf(arena, "%.*s...", (int)length, text->at);
}

static void on_end(void *arg, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri)
{
    struct builder *builder = arg;

    (void)name, (void)prefix, (void)uri;
    if (builder->err || !builder->depth)
        return;
    struct level *level = &builder->levels[--builder->depth];
    if (level->text.length) {
        level->node->text = kept_text(builder->arena, &level->text);
        xr_buf_clear(&level->text);
    }
    builder->namespaces = level->namespaces;
}

/* ---- parsing ---- */

/*
 * The parser reads in small bites, and gets none after the first error: by
 * itself it would go on to the end, looking for more errors.
 */
static int feed(void *arg, char *to, int room)
{
    struct builder *builder = arg;
    size_t n = (size_t)room < builder->left ? (size_t)room : builder->left;

    if (builder->err)
        return 0;
    memcpy(to, builder->at, n);
    builder->at += n;
    builder->left -= n;
    return (int)n;
}

/* Parsers that nobody is using; the last one is the first to be used again, while its memory is
 * still close to the processor. */
static struct {
    pthread_mutex_t lock;
    xmlParserCtxtPtr parsers[IDLE_MAX];
    size_t n;
} idle = { .lock = PTHREAD_MUTEX_INITIALIZER };

static xmlParserCtxtPtr take_parser(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    (void)pthread_once(&once, xmlInitParser);
    (void)pthread_mutex_lock(&idle.lock);
    xmlParserCtxtPtr parser = idle.n ? idle.parsers[--idle.n] : xmlNewParserCtxt();
    (void)pthread_mutex_unlock(&idle.lock);
    if (!parser)
        abort();
    return parser;
}

/* A parser keeps the names of all its documents: one that has seen many, or anything strange, is
 * not used again. */
static void give_back(xmlParserCtxtPtr parser, bool sound)
{
    bool kept = sound && xmlDictSize(parser->dict) <= KEPT_NAMES_MAX;

    if (kept)
        xmlCtxtReset(parser);
    (void)pthread_mutex_lock(&idle.lock);
    kept = kept && idle.n < IDLE_MAX;
    if (kept)
        idle.parsers[idle.n++] = parser;
    (void)pthread_mutex_unlock(&idle.lock);
    if (!kept)
        xmlFreeParserCtxt(parser);
}

static void build(struct builder *builder)
{
    xmlParserCtxtPtr parser = take_parser();

    *parser->sax = (xmlSAXHandler){
        .initialized = XML_SAX2_MAGIC,
        .internalSubset = on_doctype,
        .processingInstruction = on_instruction,
        .startElementNs = on_start,
        .endElementNs = on_end,
        .characters = on_text,
        .ignorableWhitespace = on_text,
        .cdataBlock = on_text,
        .serror = on_error,
    };
    parser->userData = builder;
    builder->parser = parser;
    builder->names_before = (size_t)xmlDictSize(parser->dict);
    xmlFreeDoc(xmlCtxtReadIO(parser, feed, NULL, builder, NULL, NULL, XML_PARSE_NONET));
    if (!builder->err && (!parser->wellFormed || !builder->root))
        builder->err =
            xr_err(builder->arena, XR_FAULT_CONTENT, parser->errNo, "not XML: it cannot be read");
    builder->parser = NULL;
    give_back(parser, !builder->err);
}

const struct xr_err *xr_xml_parse(
    struct xr_arena *arena, const char *bytes, size_t length, const struct xr_node **ret_root)
{
    char padding[PADDING];
    xr_auto_buf text = { 0 };

    if (xr_xml_plain(arena, bytes, length, ret_root))
        return NULL;
    xr_buf_init(&text, XR_XML_SIZE_MAX);
    const struct xr_err *err = xr_xml_scan(arena, bytes, length, &text);
    if (err)
        return err;
    (void)xr_buf_add(&text, memset(padding, ' ', sizeof(padding)), sizeof(padding));
    struct builder builder = { .arena = arena, .at = text.at, .left = text.length };
    build(&builder);
    for (size_t i = 0; i < XR_XML_DEPTH_MAX; i++)
        if (builder.levels[i].text.at)
            xr_buf_done(&builder.levels[i].text);
    if (!builder.err)
        *ret_root = builder.root;
    return builder.err;
}

/* ---- looking things up ---- */

static const struct xr_node *first_called(const struct xr_node *node, const char *name)
{
    while (node && strcmp(node->name, name) != 0)
        node = node->next;
    return node;
}

const struct xr_node *xr_xml_child(const struct xr_node *node, const char *name)
{
    return node ? first_called(node->first, name) : NULL;
}

const struct xr_node *xr_xml_sibling(const struct xr_node *node, const char *name)
{
    return node ? first_called(node->next, name) : NULL;
}

/* Document order, without leaving what is below "top". */
static const struct xr_node *after(const struct xr_node *node, const struct xr_node *top)
{
    if (node->first)
        return node->first;
    while (node != top && !node->next)
        node = node->parent;
    return node == top ? NULL : node->next;
}

const struct xr_node *xr_xml_find(const struct xr_node *node, const char *name)
{
    for (const struct xr_node *at = node; at; at = after(at, node))
        if (!strcmp(at->name, name))
            return at;
    return NULL;
}

const char *xr_xml_attribute(const struct xr_node *node, const char *name)
{
    if (!node)
        return NULL;
    for (const struct xr_attribute *at = node->attributes; at; at = at->next)
        if (!strcmp(at->name, name))
            return at->value;
    return NULL;
}

const char *xr_xml_text(struct xr_arena *arena, const struct xr_node *node, const char *child)
{
    const struct xr_node *found = xr_xml_child(node, child);
    const char *text = found ? xr_trimmed(arena, found->text) : "";

    return *text ? text : NULL;
}
