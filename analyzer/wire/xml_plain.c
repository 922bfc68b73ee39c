#include "analyzer/wire/xml_plain.h"

#include <limits.h>
#include <string.h>

enum {
    PLAIN_SIZE_MAX = 64 * 1024,
    PLAIN_DEPTH_MAX = 32,
    PLAIN_NODES_MAX = 2000,
    PLAIN_NAME_MAX = 256,
    PLAIN_ATTRIBUTES_MAX = 16, /* of one tag */
    PLAIN_SCOPE_MAX = 32,      /* namespaces that are declared at once */
};

/* A part of the document. */
struct slice {
    const char *at;
    size_t length;
};

/* "t:Folder"; without a colon the prefix is empty. */
struct name {
    struct slice whole, prefix, local;
};

/* An element that is still open. */
struct level {
    struct xr_node *node;
    struct slice name;
    size_t scope_n; /* outside of it */
    bool has_text;
};

struct reader {
    struct xr_arena *arena;
    const char *at, *end;
    struct xr_node *root;
    size_t depth, nodes, scope_n;
    struct level levels[PLAIN_DEPTH_MAX];
    struct {
        struct slice prefix;
        const char *space;
    } scope[PLAIN_SCOPE_MAX];
};

/* ---- characters ---- */

enum kind {
    FIRST = 1, /* of a name */
    NAME = 2,
    TEXT = 4,  /* not "]", which may be the first of "]]>" */
    VALUE = 8, /* of an attribute: tabs and line ends would have to become blanks there */
    BLANK = 16,
};

/* The kinds of each character of ASCII, sixteen in a row. */
enum {
    o = TEXT | VALUE,
    D = NAME | TEXT | VALUE,
    L = FIRST | NAME | TEXT | VALUE,
    S = TEXT | VALUE | BLANK,
    E = TEXT | BLANK,
    Q = TEXT,
    V = VALUE,
};
static const unsigned char kinds[UCHAR_MAX + 1] = {
    0, 0, 0, 0, 0, 0, 0, 0, 0, E, E, 0, 0, 0, 0, 0, /* tab and line end */
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, /* controls */
    S, o, Q, o, o, o, 0, o, o, o, o, o, o, D, D, o, /*  !"#$%&'()*+,-./ */
    D, D, D, D, D, D, D, D, D, D, o, o, 0, o, o, o, /* 0123456789:;<=>? */
    o, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, /* @ABCDEFGHIJKLMNO */
    L, L, L, L, L, L, L, L, L, L, L, o, o, V, o, L, /* PQRSTUVWXYZ[\]^_ */
    o, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, /* `abcdefghijklmno */
    L, L, L, L, L, L, L, L, L, L, L, o, o, o, o, 0, /* pqrstuvwxyz{|}~ */
};

static struct slice run_of(struct reader *reader, enum kind kind)
{
    const char *from = reader->at, *at = from;

    while (at < reader->end && (kinds[(unsigned char)*at] & kind))
        at++;
    reader->at = at;
    return (struct slice){ from, (size_t)(at - from) };
}

static bool next_is(const struct reader *reader, char character)
{
    return reader->at < reader->end && *reader->at == character;
}

static bool skip(struct reader *reader, char character)
{
    bool there = next_is(reader, character);

    reader->at += there;
    return there;
}

static bool equal(struct slice a, struct slice b)
{
    return a.length == b.length && !memcmp(a.at, b.at, a.length);
}

static bool is(struct slice slice, const char *text)
{
    return slice.length == strlen(text) && !memcmp(slice.at, text, slice.length);
}

static const char *text_of(const struct reader *reader, struct slice slice)
{
    return xr_strndup(reader->arena, slice.at, slice.length);
}

/* ---- names and namespaces ---- */

static bool read_part(struct reader *reader, struct slice *ret)
{
    bool begins = reader->at < reader->end && (kinds[(unsigned char)*reader->at] & FIRST) != 0;

    *ret = run_of(reader, NAME);
    return begins && ret->length <= PLAIN_NAME_MAX;
}

/* The prefix "xml" has a meaning of its own. */
static bool read_name(struct reader *reader, struct name *ret)
{
    *ret = (struct name){ .prefix = { reader->at, 0 } };
    ret->whole.at = reader->at;
    if (!read_part(reader, &ret->local))
        return false;
    if (skip(reader, ':')) {
        ret->prefix = ret->local;
        if (!read_part(reader, &ret->local))
            return false;
    }
    ret->whole.length = (size_t)(reader->at - ret->whole.at);
    return !is(ret->prefix, "xml") && !next_is(reader, ':');
}

/* Some names of the W3C may not be declared anew, and no prefix for nothing. */
static bool declare(struct reader *reader, struct slice prefix, struct slice space)
{
    static const char w3c[] = "http://www.w3.org/";
    bool reserved = space.length >= sizeof(w3c) - 1 && !memcmp(space.at, w3c, sizeof(w3c) - 1) &&
                    memmem(space.at, space.length, "2001", 4) == NULL;

    if (reserved || !space.length || is(prefix, "xml") || is(prefix, "xmlns") ||
        reader->scope_n == PLAIN_SCOPE_MAX)
        return false;
    reader->scope[reader->scope_n].prefix = prefix;
    reader->scope[reader->scope_n++].space = text_of(reader, space);
    return true;
}

static const char *space_of(const struct reader *reader, struct slice prefix)
{
    for (size_t i = reader->scope_n; i-- > 0;)
        if (equal(reader->scope[i].prefix, prefix))
            return reader->scope[i].space;
    return "";
}

/* ---- tags ---- */

static bool is_among(const struct slice *names, size_t n, struct slice name)
{
    while (n-- > 0)
        if (equal(names[n], name))
            return true;
    return false;
}

static bool read_value(struct reader *reader, struct slice *ret)
{
    if (!skip(reader, '=') || !skip(reader, '"'))
        return false;
    *ret = run_of(reader, VALUE);
    return skip(reader, '"');
}

/* Up to the end of the tag. */
static bool read_attributes(struct reader *reader, struct xr_node *node)
{
    struct xr_attribute **last = &node->attributes;
    struct slice seen[PLAIN_ATTRIBUTES_MAX], value;
    struct name name;

    for (size_t n = 0; run_of(reader, BLANK).length;) {
        if (next_is(reader, '>') || next_is(reader, '/'))
            return true;
        if (n == PLAIN_ATTRIBUTES_MAX || !read_name(reader, &name) || !read_value(reader, &value) ||
            is_among(seen, n, name.whole))
            return false;
        seen[n++] = name.whole;
        reader->nodes++;
        bool of_default = is(name.whole, "xmlns");
        if (of_default || is(name.prefix, "xmlns")) {
            if (!declare(reader, of_default ? name.prefix : name.local, value))
                return false;
            continue;
        }
        struct xr_attribute *attribute = xr_new(reader->arena, struct xr_attribute);
        attribute->name = text_of(reader, name.local);
        attribute->value = text_of(reader, value);
        *last = attribute;
        last = &attribute->next;
    }
    return true;
}

static void put_into_tree(struct reader *reader, struct xr_node *node)
{
    if (!reader->depth) {
        reader->root = node;
        return;
    }
    struct xr_node *parent = reader->levels[reader->depth - 1].node;
    node->parent = parent;
    if (parent->last)
        parent->last->next = node;
    else
        parent->first = node;
    parent->last = node;
}

/* What follows "<". */
static bool start_tag(struct reader *reader)
{
    size_t outside = reader->scope_n;
    struct name name;

    if (reader->depth == PLAIN_DEPTH_MAX || ++reader->nodes > PLAIN_NODES_MAX ||
        (!reader->depth && reader->root) || !read_name(reader, &name))
        return false;
    struct xr_node *node = xr_new(reader->arena, struct xr_node);
    if (!read_attributes(reader, node))
        return false;
    node->name = text_of(reader, name.local);
    node->space = space_of(reader, name.prefix);
    node->text = "";
    put_into_tree(reader, node);
    if (skip(reader, '/'))
        reader->scope_n = outside;
    else
        reader->levels[reader->depth++] = (struct level){ node, name.whole, outside, false };
    return skip(reader, '>');
}

/* What follows "</". */
static bool end_tag(struct reader *reader)
{
    if (!reader->depth)
        return false;
    const struct level *level = &reader->levels[--reader->depth];
    size_t length = level->name.length;
    if ((size_t)(reader->end - reader->at) < length ||
        memcmp(reader->at, level->name.at, length) != 0)
        return false;
    reader->at += length;
    reader->scope_n = level->scope_n;
    return skip(reader, '>');
}

/* A second text of an element would have to be joined to the first. */
static bool read_text(struct reader *reader)
{
    bool outside = !reader->depth;
    struct slice text = run_of(reader, outside ? BLANK : TEXT);

    if (!text.length)
        return false;
    if (outside)
        return true;
    struct level *level = &reader->levels[reader->depth - 1];
    if (level->has_text || text.length > XR_XML_TEXT_MAX)
        return false;
    level->has_text = true;
    level->node->text = text_of(reader, text);
    return true;
}

static void skip_declaration(struct reader *reader)
{
    static const char *const declarations[] = { "<?xml version=\"1.0\" encoding=\"utf-8\"?>",
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>", "<?xml version=\"1.0\"?>" };

    for (size_t i = 0; i < sizeof(declarations) / sizeof(*declarations); i++) {
        size_t length = strlen(declarations[i]);
        if ((size_t)(reader->end - reader->at) >= length &&
            !memcmp(reader->at, declarations[i], length)) {
            reader->at += length;
            return;
        }
    }
}

bool xr_xml_plain(
    struct xr_arena *arena, const char *bytes, size_t length, const struct xr_node **ret_root)
{
    struct reader reader = { .arena = arena, .at = bytes, .end = bytes + length };
    bool plain = length <= PLAIN_SIZE_MAX;

    skip_declaration(&reader);
    while (plain && reader.at < reader.end) {
        if (!skip(&reader, '<'))
            plain = read_text(&reader);
        else
            plain = skip(&reader, '/') ? end_tag(&reader) : start_tag(&reader);
    }
    if (!plain || reader.depth || !reader.root)
        return false;
    *ret_root = reader.root;
    return true;
}
