#include <string.h>

#include "analyzer/base/buf.h"
#include "analyzer/base/text.h"
#include "reports/html.h"
#include "reports/indent.h"

enum { HEADERS_MAX = 256 * 1024 };

/* One side of an exchange, ready to be shown. */
struct side {
    const char *title, *headers, *body;
    bool indented;
};

static bool holds(const char *text, const struct xr_decisive *decisive)
{
    return text && decisive->text && *decisive->text && strstr(text, decisive->text);
}

/* Re-indenting must not tear apart what decided the verdict: then the body stays as received. */
static bool keeps_decisive(
    const char *received, const char *indented, const struct xr_decisive *decisive)
{
    for (; decisive; decisive = decisive->next)
        if (holds(received, decisive) && !holds(indented, decisive))
            return false;
    return true;
}

static const char *headers_text(
    struct xr_arena *arena, const char *first_line, const struct xr_header *header)
{
    xr_auto_buf to;

    xr_buf_init(&to, HEADERS_MAX);
    (void)xr_buf_puts(&to, first_line);
    for (; header; header = header->next)
        (void)xr_buf_printf(&to, "\n%s: %s", header->name, header->value ? header->value : "");
    return xr_strndup(arena, to.at, to.length);
}

static struct side make_side(struct xr_arena *arena, const char *title, const char *headers,
    const char *body, const struct xr_decisive *decisive)
{
    const char *indented = xr_indent_xml(arena, body);
    bool use = indented && keeps_decisive(body, indented, decisive);

    return (struct side){
        .title = title, .headers = headers, .body = use ? indented : body, .indented = use
    };
}

static bool side_holds(const struct side *side, const struct xr_decisive *decisive)
{
    for (; decisive; decisive = decisive->next)
        if (holds(side->headers, decisive) || holds(side->body, decisive))
            return true;
    return false;
}

static void put_side(
    const struct xr_page *page, const struct side *side, const struct xr_decisive *decisive)
{
    (void)fprintf(page->out, "<section><h3>%s</h3><pre>", side->title);
    xr_html_captured(page->out, side->headers, decisive);
    (void)fputs("</pre>", page->out);
    if (side->body && *side->body) {
        (void)fputs("<pre>", page->out);
        xr_html_captured(page->out, side->body, decisive);
        (void)fputs("</pre>", page->out);
    }
    (void)fputs("</section>\n", page->out);
}

static int64_t total_us(const struct xr_timings *timings)
{
    const int64_t parts[] = { timings->dns_us, timings->connect_us, timings->tls_us,
        timings->wait_us, timings->receive_us };
    int64_t total = 0;

    for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++)
        total += parts[i] > 0 ? parts[i] : 0;
    return total;
}

static void put_size(const struct xr_page *page, const char *body)
{
    size_t length = body ? strlen(body) : 0;

    if (length >= XR_CAPTURED_BODY_MAX)
        (void)fputs(" · body cut at 64 KiB", page->out);
    else if (length >= 1024)
        (void)fprintf(page->out, " · %zu.%zu KiB", length / 1024, length % 1024 * 10 / 1024);
    else if (length)
        (void)fprintf(page->out, " · %zu bytes", length);
}

static void put_caption(
    const struct xr_page *page, const struct xr_exchange *exchange, bool marked, bool indented)
{
    (void)fputs("<figcaption><b class=\"mono\">", page->out);
    xr_html_text(page->out, exchange->method);
    (void)fputs(" ", page->out);
    xr_html_remote(page->out, exchange->url);
    (void)fputs(" → ", page->out);
    if (exchange->status)
        (void)fprintf(page->out, "%d", exchange->status);
    else
        (void)fputs("no answer", page->out);
    (void)fputs("</b><span class=\"soft\">", page->out);
    xr_page_ms(page, total_us(&exchange->timings));
    put_size(page, exchange->response_body);
    (void)fputs(marked ? " · marked: what decided" : "", page->out);
    (void)fputs(
        indented ? " · re-indented, namespaces left out; as received in the JSON" : "", page->out);
    (void)fputs("</span></figcaption>\n<div>", page->out);
}

/* What decided is marked in the answer; in the request only when the answer does not hold it. */
void xr_page_exchange(const struct xr_page *page, const struct xr_exchange *exchange)
{
    struct xr_arena *arena = page->run->arena;
    const struct xr_decisive *decisive = exchange->decisive;
    const char *request_line = xr_printf(arena, "%s %s", exchange->method, exchange->url);
    const char *status_line =
        exchange->status ? xr_printf(arena, "HTTP %d", exchange->status) : "no answer";
    struct side request =
        make_side(arena, "Request", headers_text(arena, request_line, exchange->request_headers),
            exchange->request_body, decisive);
    struct side response =
        make_side(arena, "Response", headers_text(arena, status_line, exchange->response_headers),
            exchange->response_body, decisive);
    bool answered = side_holds(&response, decisive);

    (void)fputs("<figure class=\"ev\">", page->out);
    put_caption(page, exchange, answered || side_holds(&request, decisive),
        request.indented || response.indented);
    put_side(page, &request, answered ? NULL : decisive);
    put_side(page, &response, decisive);
    (void)fputs("</div></figure>\n", page->out);
}
