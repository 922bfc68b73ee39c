#include "analyzer/base/csv_cell.h"

#include <stdbool.h>
#include <string.h>

/* Spreadsheets look for a formula behind spaces too; some drop a tab or a line break first. */
static bool begins_formula(const char *text)
{
    text += strspn(text, " ");
    return *text && strchr("=+-@\t\r\n", *text);
}

/* Both ways look behind the apostrophes, or "'=1" could not be told from the guarded "=1". */
static bool is_guarded_form(const char *text)
{
    return begins_formula(text + strspn(text, "'"));
}

static bool wants_quotes(const char *text)
{
    size_t length = strlen(text);

    if (!length)
        return false;
    return strpbrk(text, "\",;\t\r\n") || text[0] == ' ' || text[length - 1] == ' ';
}

void xr_csv_cell(FILE *out, const char *text)
{
    if (!text)
        return;
    const char *guard = is_guarded_form(text) ? "'" : "";

    if (!wants_quotes(text)) {
        (void)fprintf(out, "%s%s", guard, text);
        return;
    }
    (void)fprintf(out, "\"%s", guard);
    for (; *text; text++) {
        if (*text == '"')
            (void)fputc('"', out);
        (void)fputc(*text, out);
    }
    (void)fputc('"', out);
}

const char *xr_csv_text(const char *cell)
{
    return *cell == '\'' && is_guarded_form(cell) ? cell + 1 : cell;
}
