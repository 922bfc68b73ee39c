#include "analyzer/org/json_stream.h"

#include <string.h>

#include "analyzer/org/bytes.h"

enum state { AT_BEGINNING, IN_MEMBERS, IN_ELEMENTS, AT_END };

enum { KEY_MAX = 256 };

static const char cut_off[] = "the file ends in the middle of a value";

void xr_json_stream_init(struct xr_json_stream *stream, FILE *in, size_t value_max)
{
    *stream = (struct xr_json_stream){ .in = in, .line_ = 1, .state_ = AT_BEGINNING };
    xr_buf_init(&stream->text, value_max);
    xr_buf_init(&stream->key_, KEY_MAX);
}

void xr_json_stream_done(struct xr_json_stream *stream)
{
    xr_buf_done(&stream->text);
    xr_buf_done(&stream->key_);
}

static int take(struct xr_json_stream *stream)
{
    int c = getc_unlocked(stream->in);

    stream->line_ += c == '\n';
    return c;
}

static void give_back(struct xr_json_stream *stream, int c)
{
    if (c == EOF)
        return;
    stream->line_ -= c == '\n';
    (void)ungetc(c, stream->in);
}

static bool is_space(int c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static int take_solid(struct xr_json_stream *stream)
{
    int c = take(stream);

    while (is_space(c))
        c = take(stream);
    return c;
}

static bool breaks(struct xr_json_stream *stream, const char *why)
{
    stream->broken = why;
    stream->line = stream->line_;
    stream->state_ = AT_END;
    return false;
}

/* What the scanning of one value has to know. */
struct scan {
    struct xr_buf *to;
    size_t depth;
    bool in_string, escaped;
    int zeros; /* of \u0000, which no C string can hold; 0: not in such an escape */
    const char *flaw;
};

static void scan_string(struct scan *scan, int c)
{
    bool escaped = scan->escaped;

    scan->escaped = !escaped && c == '\\';
    if (!escaped && c == '"')
        scan->in_string = false;
    if (escaped && c == 'u')
        scan->zeros = 1;
    else if (scan->zeros && c == '0')
        scan->zeros++;
    else
        scan->zeros = 0;
    if (scan->zeros == 5)
        scan->flaw = "it has a NUL character (\\u0000)";
}

static void scan_byte(struct scan *scan, int c)
{
    char byte = (char)c;

    if (!c)
        scan->flaw = "it has a NUL byte (is the file UTF-16? save it as UTF-8)";
    else
        (void)xr_buf_add(scan->to, &byte, 1);
    if (scan->in_string) {
        scan_string(scan, c);
        return;
    }
    scan->in_string = c == '"';
    scan->depth += c == '{' || c == '[';
    scan->depth -= scan->depth && (c == '}' || c == ']');
}

static bool ends_scalar(int c)
{
    return is_space(c) || c == ',' || c == ']' || c == '}';
}

/* Reads a value that begins with c. false: the file ends in it. */
static bool read_value(struct xr_json_stream *stream, struct xr_buf *to, int c, const char **flaw)
{
    struct scan scan = { .to = to };
    bool scalar = c != '{' && c != '[' && c != '"';

    xr_buf_clear(to);
    for (; c != EOF; c = take(stream)) {
        if (scalar && ends_scalar(c)) {
            give_back(stream, c);
            break;
        }
        scan_byte(&scan, c);
        if (!scalar && !scan.depth && !scan.in_string)
            break;
    }
    if (c == EOF)
        return breaks(stream, cut_off);
    *flaw = scan.flaw;
    if (to->overflow)
        *flaw = "it is too long";
    else if (!*flaw && !xr_is_utf8(to->at))
        *flaw = "it is not valid UTF-8";
    return true;
}

static bool give_value(struct xr_json_stream *stream, int c, const char *key)
{
    stream->key = key;
    stream->line = stream->line_;
    stream->comma_ = true;
    return read_value(stream, &stream->text, c, &stream->flaw);
}

/* Passes over the comma between two values; *ret: what comes then, or the closing bracket. */
static bool next_item(struct xr_json_stream *stream, int closing, int *ret)
{
    int c = take_solid(stream);

    if (c != closing && stream->comma_) {
        if (c != ',')
            return breaks(stream, c == EOF ? cut_off : "a comma or a closing bracket is missing");
        c = take_solid(stream);
        if (c == closing)
            return breaks(stream, "a comma stands before the closing bracket");
    }
    if (c == EOF)
        return breaks(stream, cut_off);
    if (c == ',' || c == ':' || c == '}' || c == ']')
        if (c != closing)
            return breaks(stream, "a value is missing, or a bracket is of the wrong kind");
    *ret = c;
    return true;
}

/* Which of next_element() and next_member() goes on. */
enum next { GIVEN, BROKEN, GO_ON };

static enum next next_element(struct xr_json_stream *stream)
{
    int c;

    if (!next_item(stream, ']', &c))
        return BROKEN;
    if (c != ']')
        return give_value(stream, c, NULL) ? GIVEN : BROKEN;
    stream->state_ = stream->in_object_ ? IN_MEMBERS : AT_END;
    stream->comma_ = true;
    return GO_ON;
}

static bool read_key(struct xr_json_stream *stream, int c)
{
    const char *flaw;

    if (c != '"')
        return breaks(stream, "the name of a member is missing");
    if (!read_value(stream, &stream->key_, c, &flaw))
        return false;
    if (flaw)
        return breaks(stream, "the name of a member is too long, or not valid UTF-8");
    stream->key_.at[--stream->key_.length] = '\0';
    if (take_solid(stream) != ':')
        return breaks(stream, "a colon is missing behind the name of a member");
    return true;
}

static enum next begin_array(struct xr_json_stream *stream, int c)
{
    if (stream->has_array || c != '[') {
        (void)breaks(
            stream, c == '[' ? "\"users\" stands there twice" : "\"users\" is not an array");
        return BROKEN;
    }
    stream->has_array = true;
    stream->state_ = IN_ELEMENTS;
    stream->comma_ = false;
    return GO_ON;
}

static enum next next_member(struct xr_json_stream *stream)
{
    int c;

    if (!next_item(stream, '}', &c))
        return BROKEN;
    if (c == '}') {
        stream->state_ = AT_END;
        return GO_ON;
    }
    if (!read_key(stream, c))
        return BROKEN;
    const char *key = stream->key_.at + 1;
    c = take_solid(stream);
    if (!strcmp(key, "users"))
        return begin_array(stream, c);
    return give_value(stream, c, key) ? GIVEN : BROKEN;
}

static enum next begin(struct xr_json_stream *stream)
{
    int c = take_solid(stream);

    for (const char *mark = "\xef\xbb\xbf"; *mark && c == (unsigned char)*mark; mark++)
        c = take_solid(stream);
    if (c != '[' && c != '{') {
        (void)breaks(stream, "it is neither a JSON array nor a JSON object");
        return BROKEN;
    }
    stream->in_object_ = c == '{';
    stream->has_array = !stream->in_object_;
    stream->state_ = stream->in_object_ ? IN_MEMBERS : IN_ELEMENTS;
    return GO_ON;
}

bool xr_json_stream_next(struct xr_json_stream *stream)
{
    static enum next (*const readers[])(struct xr_json_stream *) = {
        [AT_BEGINNING] = begin,
        [IN_MEMBERS] = next_member,
        [IN_ELEMENTS] = next_element,
    };
    enum next next = GO_ON;

    if (stream->broken)
        return false;
    while (next == GO_ON && stream->state_ != AT_END)
        next = readers[stream->state_](stream);
    if (next == GO_ON && !stream->broken && take_solid(stream) != EOF)
        return breaks(stream, "text stands behind the end of the JSON");
    return next == GIVEN;
}
