#include "reports/json_layout.h"

#include <stdlib.h>

#include "analyzer/base/buf.h"
#include "analyzer/base/text.h"
#include "reports/json_writer.h"

enum { TEXT_MAX = 256 * 1024 * 1024 }; /* some hundred exchanges of two full bodies each */

static void add_escape(struct xr_buf *to, uint32_t code)
{
    char escape[XR_JSON_ESCAPE_MAX];

    xr_json_escape(escape, code);
    (void)xr_buf_puts(to, escape);
}

/* cJSON prints tabs between its tokens: two spaces a level read better, one behind a colon. */
static void add_layout(struct xr_buf *to, char c, char before)
{
    if (c != '\t')
        (void)xr_buf_add(to, &c, 1);
    else
        (void)xr_buf_puts(to, before == ':' ? " " : "  ");
}

const char *xr_json_laid_out(struct xr_arena *arena, const char *json)
{
    xr_auto_buf to;
    bool quoted = false;

    xr_buf_init(&to, TEXT_MAX);
    for (const char *at = json; *at;) {
        const char *from = at;
        uint32_t code = xr_utf8_next(&at);
        if (code == '"')
            quoted = !quoted;
        if (!quoted) {
            add_layout(&to, *from, from > json ? from[-1] : '\0');
        } else if (code == '\\') {
            at++;
            (void)xr_buf_add(&to, from, 2);
        } else if (code == 0xfffd) {
            (void)xr_buf_puts(&to, "\xef\xbf\xbd");
        } else if (xr_is_invisible(code)) {
            add_escape(&to, code);
        } else {
            (void)xr_buf_add(&to, from, (size_t)(at - from));
        }
    }
    if (!xr_buf_puts(&to, "\n"))
        abort();
    return xr_strndup(arena, to.at, to.length);
}
