#include "reports/terminal.h"

#include <string.h>

#include "analyzer/base/text.h"
#include "reports/wrap.h"

static const struct {
    const char *icon, *word, *color;
} LOOKS[XR_STATUS_COUNT] = {
    [XR_SKIPPED] = { "○", "Skipped", "\x1b[2m" },
    [XR_SUCCESS] = { "✔", "Passed", "\x1b[32m" },
    [XR_WARNING] = { "▲", "Warning", "\x1b[33m" },
    [XR_ERROR] = { "✖", "Failed", "\x1b[31m" },
};

const char XR_BOLD[] = "\x1b[1m", XR_DIM[] = "\x1b[2m", XR_PLAIN[] = "\x1b[0m";

void xr_paint(const struct xr_terminal *to, const char *code)
{
    if (to->style->color)
        (void)fputs(code, to->out);
}

void xr_put_status(const struct xr_terminal *to, enum xr_status status, bool dim)
{
    xr_paint(to, dim ? XR_DIM : LOOKS[status].color);
    (void)fprintf(to->out, "%s %-*s", dim ? "-" : LOOKS[status].icon, XR_STATUS_WIDTH - 4,
        LOOKS[status].word);
    xr_paint(to, XR_PLAIN);
    (void)fputs("  ", to->out);
}

void xr_put_hanging(const struct xr_terminal *to, const char *text, int indent)
{
    const char *line =
        xr_wrapped(to->arena, xr_visible(to->arena, text ? text : ""), XR_TERMINAL_WIDTH - indent);

    for (;;) {
        size_t length = strcspn(line, "\n");
        (void)fprintf(to->out, "%.*s\n", (int)length, line);
        if (!line[length])
            return;
        line += length + 1;
        (void)fprintf(to->out, "%*s", indent, "");
    }
}

void xr_put_indented(const struct xr_terminal *to, const char *text, int indent)
{
    if (!text)
        return;
    (void)fprintf(to->out, "%*s", indent, "");
    xr_put_hanging(to, text, indent);
}

void xr_put_labelled(const struct xr_terminal *to, const char *label, const char *text)
{
    if (!text || !*text)
        return;
    xr_paint(to, XR_BOLD);
    (void)fprintf(to->out, "  %-*s", to->label_width - 2, label);
    xr_paint(to, XR_PLAIN);
    xr_put_hanging(to, text, to->label_width);
}

void xr_put_command(const struct xr_terminal *to, const char *command, int indent)
{
    while (command && *command) {
        size_t length = strcspn(command, "\n");
        (void)fprintf(to->out, "%*s%s\n", indent, "",
            xr_visible(to->arena, xr_strndup(to->arena, command, length)));
        command += length + (command[length] == '\n');
    }
}

void xr_put_how(const struct xr_terminal *to, const struct xr_advice *advice, int indent)
{
    if (advice->command && advice->shell)
        xr_put_indented(to, xr_printf(to->arena, "%s:", advice->shell), indent);
    xr_put_command(to, advice->command, indent + 2);
    xr_put_indented(to, advice->expect, indent);
}
