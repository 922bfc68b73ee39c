#include <string.h>

#include "analyzer/base/csv_cell.h"
#include "analyzer/base/text.h"
#include "analyzer/org/csv.h"
#include "analyzer/org/import.h"

/* Which column a cell belongs to, by its place. */
struct header {
    enum xr_column columns[XR_COLUMN_COUNT];
    size_t n;
};

static int column_of(const char *name)
{
    for (int i = 0; i < XR_COLUMN_COUNT; i++)
        if (xr_same(name, xr_column_names[i]))
            return i;
    return -1;
}

static void tell_unknown(struct xr_pass *pass, const struct xr_csv *csv, const char *name)
{
    const char *near = xr_nearest(name, xr_column_names);

    xr_import_flaw(pass, csv->line, NULL,
        "there is no column \"%s\"%s%s; the columns are email, access_type, user_name, account, "
        "ews_url, enabled",
        xr_quoted(pass, name), near ? ": did you mean " : "", near ? near : "");
}

static void read_column(
    struct xr_pass *pass, const struct xr_csv *csv, const char *cell, struct header *ret)
{
    const char *name = xr_trimmed(pass->scratch, cell);
    int column = column_of(name);

    if (column < 0) {
        tell_unknown(pass, csv, name);
        return;
    }
    for (size_t i = 0; i < ret->n; i++)
        if (ret->columns[i] == (enum xr_column)column) {
            xr_import_flaw(pass, csv->line, xr_column_names[column],
                "the header line names the column \"%s\" twice", xr_column_names[column]);
            return;
        }
    ret->columns[ret->n++] = (enum xr_column)column;
}

static bool has_column(const struct header *header, enum xr_column column)
{
    for (size_t i = 0; i < header->n; i++)
        if (header->columns[i] == column)
            return true;
    return false;
}

/* false: the header line is of no use; told. */
static bool read_header(struct xr_pass *pass, struct xr_csv *csv, struct header *ret)
{
    int64_t before = pass->ret->error_total;

    if (!xr_csv_next(csv)) {
        if (!ferror(csv->in))
            xr_import_flaw(pass, 1, NULL,
                "the file is empty; its first line has to name the columns, email first of all");
        return false;
    }
    if (csv->flaw) {
        xr_import_flaw(pass, csv->line, NULL, "the header line cannot be read: %s", csv->flaw);
        return false;
    }
    for (size_t i = 0; i < csv->n; i++)
        read_column(pass, csv, csv->cells[i], ret);
    if (pass->ret->error_total == before && !has_column(ret, XR_COLUMN_EMAIL))
        xr_import_flaw(pass, csv->line, "email", "the header line has no column \"email\"");
    return pass->ret->error_total == before;
}

/* Spreadsheets write such lines below the last row. */
static bool is_blank(const struct xr_csv *csv)
{
    for (size_t i = 0; i < csv->n; i++)
        if (csv->cells[i][strspn(csv->cells[i], " \t")])
            return false;
    return true;
}

static bool read_row(struct xr_pass *pass, const struct xr_csv *csv, const struct header *header)
{
    struct xr_row row = { .line = csv->line };

    for (size_t i = 0; i < header->n; i++) {
        enum xr_column column = header->columns[i];
        const char *text = xr_csv_text(csv->cells[i]);
        row.given[column] = true;
        row.text[column] = *text ? text : NULL;
    }
    return xr_import_row(pass, &row);
}

static bool take_record(struct xr_pass *pass, const struct xr_csv *csv, const struct header *header)
{
    if (!csv->flaw && is_blank(csv))
        return true;
    if (csv->flaw) {
        pass->ret->users++;
        xr_import_flaw(pass, csv->line, NULL, "the line cannot be read: %s", csv->flaw);
        return true;
    }
    if (csv->n != header->n) {
        pass->ret->users++;
        xr_import_flaw(pass, csv->line, NULL, "the line has %zu cells, the header line has %zu",
            csv->n, header->n);
        return true;
    }
    return read_row(pass, csv, header);
}

bool xr_import_csv(struct xr_pass *pass, FILE *in)
{
    __attribute__((cleanup(xr_csv_done))) struct xr_csv csv;
    struct header header = { .n = 0 };

    xr_csv_init(&csv, in, XR_IMPORT_LINE_MAX);
    if (!read_header(pass, &csv, &header))
        return true;
    while (xr_csv_next(&csv)) {
        xr_import_clear(pass);
        if (!take_record(pass, &csv, &header))
            return false;
    }
    return true;
}
