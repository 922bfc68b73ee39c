#include "reports/json_writer.h"

#include <string.h>

#include "analyzer/base/clock.h"
#include "analyzer/base/text.h"

void xr_json_escape(char to[XR_JSON_ESCAPE_MAX], uint32_t code)
{
    if (code < 0x10000) {
        (void)snprintf(to, XR_JSON_ESCAPE_MAX, "\\u%04x", (unsigned)code);
        return;
    }
    code -= 0x10000;
    (void)snprintf(to, XR_JSON_ESCAPE_MAX, "\\u%04x\\u%04x", (unsigned)(0xd800 + (code >> 10)),
        (unsigned)(0xdc00 + (code & 0x3ff)));
}

static void put_escape(FILE *out, uint32_t code)
{
    static const char shorts[] = "\bb\ff\nn\rr\tt\"\"\\\\";
    char escape[XR_JSON_ESCAPE_MAX];

    for (const char *at = shorts; *at; at += 2)
        if ((uint32_t)*at == code) {
            (void)fprintf(out, "\\%c", at[1]);
            return;
        }
    xr_json_escape(escape, code);
    (void)fputs(escape, out);
}

static bool is_plain(char c)
{
    return c >= 0x20 && c < 0x7f && c != '"' && c != '\\';
}

/* Nobody else writes to the file meanwhile: its lock is not taken for each of so many small pieces.
 */
static const char *put_character(FILE *out, const char *at)
{
    const char *from = at;
    uint32_t code = xr_utf8_next(&at);

    if (code == '"' || code == '\\' || xr_is_invisible(code))
        put_escape(out, code);
    else if (code == 0xfffd)
        (void)fputs_unlocked("\xef\xbf\xbd", out);
    else
        (void)fwrite_unlocked(from, 1, (size_t)(at - from), out);
    return at;
}

static void put_quoted(FILE *out, const char *text)
{
    (void)putc_unlocked('"', out);
    while (*text) {
        const char *from = text;
        while (is_plain(*text))
            text++;
        (void)fwrite_unlocked(from, 1, (size_t)(text - from), out);
        if (*text)
            text = put_character(out, text);
    }
    (void)putc_unlocked('"', out);
}

/* second '\0': none */
static void put_two(FILE *out, char first, char second)
{
    (void)putc_unlocked(first, out);
    if (second)
        (void)putc_unlocked(second, out);
}

static void put_break(struct xr_json *json)
{
    if (!json->flat_from || json->depth < json->flat_from)
        (void)fprintf(json->out, "\n%*s", json->depth * 2, "");
}

/* Comma, place and name of the next value. */
static void begin_value(struct xr_json *json, const char *name)
{
    bool flat = json->flat_from && json->depth >= json->flat_from;

    if (json->depth) {
        bool *filled = &json->filled[json->depth];
        if (*filled)
            put_two(json->out, ',', flat ? ' ' : '\0');
        *filled = true;
        put_break(json);
    }
    if (name) {
        put_quoted(json->out, name);
        put_two(json->out, ':', ' ');
    }
}

void xr_json_open(struct xr_json *json, const char *name, char bracket)
{
    begin_value(json, name);
    (void)putc_unlocked(bracket, json->out);
    json->filled[++json->depth] = false;
}

void xr_json_open_flat(struct xr_json *json, const char *name, char bracket)
{
    xr_json_open(json, name, bracket);
    if (!json->flat_from)
        json->flat_from = json->depth;
}

void xr_json_close(struct xr_json *json, char bracket)
{
    bool filled = json->filled[json->depth];
    bool flat = json->flat_from && json->depth >= json->flat_from;

    if (json->depth == json->flat_from)
        json->flat_from = 0;
    json->depth--;
    if (filled && !flat)
        put_break(json);
    (void)putc_unlocked(bracket, json->out);
}

void xr_json_put(struct xr_json *json, const char *name, const char *text)
{
    begin_value(json, name);
    if (text)
        put_quoted(json->out, text);
    else
        (void)fputs_unlocked("null", json->out);
}

void xr_json_number(struct xr_json *json, const char *name, int64_t number)
{
    begin_value(json, name);
    if (number < 0)
        (void)fputs_unlocked("null", json->out);
    else
        (void)fprintf(json->out, "%lld", (long long)number);
}

void xr_json_bool(struct xr_json *json, const char *name, bool value)
{
    begin_value(json, name);
    (void)fputs_unlocked(value ? "true" : "false", json->out);
}

void xr_json_time(struct xr_json *json, const char *name, int64_t ms)
{
    struct xr_arena *arena = ms ? xr_arena_new() : NULL;

    xr_json_put(json, name, arena ? xr_rfc3339(arena, ms) : NULL);
    xr_arena_free(arena);
}
