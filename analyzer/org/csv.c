#include "analyzer/org/csv.h"

#include <string.h>

#include "analyzer/org/bytes.h"

/* Where in a cell the reading is. */
enum place {
    AT_START,
    IN_PLAIN,
    IN_QUOTES,
    BEHIND_QUOTE, /* the closing one, or the first of a doubled one */
    AT_END,       /* of the record */
};

static const char flaw_nul[] = "it has a NUL byte (is the file UTF-16? save it as CSV UTF-8)";
static const char flaw_utf8[] = "it is not valid UTF-8 (save the file as CSV UTF-8)";
static const char flaw_cells[] = "it has more than 64 cells";
static const char flaw_long[] = "it is too long, or a quotation mark is never closed";
static const char flaw_open[] = "a quotation mark is not closed";
static const char flaw_behind[] =
    "text stands behind a closing quotation mark (a quotation mark inside a cell is doubled)";
static const char flaw_inside[] =
    "a quotation mark stands inside a cell that does not begin with one";

void xr_csv_init(struct xr_csv *csv, FILE *in, size_t record_max)
{
    *csv = (struct xr_csv){ .in = in, .separator = ',', .next_line_ = 1 };
    /* Each cell ends in a NUL, which is not the record's own. */
    xr_buf_init(&csv->bytes_, record_max + XR_CSV_CELLS_MAX);
}

void xr_csv_done(struct xr_csv *csv)
{
    xr_buf_done(&csv->bytes_);
}

static int take(struct xr_csv *csv)
{
    int c = getc_unlocked(csv->in);

    csv->offset_ += c != EOF;
    if (c != '\n')
        return c;
    csv->next_line_++;
    if (!csv->second_)
        csv->second_ = csv->offset_;
    return c;
}

/* CRLF is one line end; CR alone is one too. */
static void end_line(struct xr_csv *csv, int c)
{
    if (c != '\r')
        return;
    c = take(csv);
    if (c == '\n')
        return;
    csv->next_line_++;
    if (c == EOF)
        return;
    (void)ungetc(c, csv->in);
    csv->offset_--;
}

static void skip_mark(struct xr_csv *csv)
{
    static const char mark[] = "\xef\xbb\xbf";
    char bytes[3];

    if (fread(bytes, 1, 3, csv->in) == 3 && !memcmp(bytes, mark, 3))
        csv->offset_ += 3;
    else
        (void)fseeko(csv->in, csv->offset_, SEEK_SET);
}

/* Looks at the first line that is not empty, and goes back to where it was. */
static void find_separator(struct xr_csv *csv)
{
    size_t commas = 0, semicolons = 0;
    bool quoted = false, begun = false;

    for (size_t i = 0; i < csv->bytes_.limit; i++) {
        int c = getc_unlocked(csv->in);
        bool ends = c == '\n' || c == '\r';
        if (c == EOF || (ends && begun))
            break;
        begun |= !ends;
        quoted ^= c == '"';
        commas += !quoted && c == ',';
        semicolons += !quoted && c == ';';
    }
    csv->separator = semicolons > commas ? ';' : ',';
    clearerr(csv->in);
    (void)fseeko(csv->in, csv->offset_, SEEK_SET);
}

static void begin(struct xr_csv *csv)
{
    csv->started_ = true;
    csv->offset_ = ftello(csv->in);
    skip_mark(csv);
    find_separator(csv);
}

static void begin_cell(struct xr_csv *csv)
{
    if (csv->n == XR_CSV_CELLS_MAX)
        csv->flaw = flaw_cells;
    else
        csv->starts_[csv->n++] = csv->bytes_.length;
}

static void end_cell(struct xr_csv *csv)
{
    (void)xr_buf_add(&csv->bytes_, "", 1);
}

static void add(struct xr_csv *csv, int c)
{
    char byte = (char)c;

    if (!c)
        csv->flaw = flaw_nul;
    else if (csv->flaw != flaw_cells)
        (void)xr_buf_add(&csv->bytes_, &byte, 1);
}

/* Outside of quotes: what ends the cell or the record. */
static enum place plain(struct xr_csv *csv, int c)
{
    if (c == csv->separator) {
        end_cell(csv);
        begin_cell(csv);
        return AT_START;
    }
    if (c == '\n' || c == '\r' || c == EOF) {
        end_cell(csv);
        end_line(csv, c);
        return AT_END;
    }
    if (c == '"')
        csv->flaw = flaw_inside;
    add(csv, c);
    return IN_PLAIN;
}

static enum place quoted(struct xr_csv *csv, int c)
{
    if (c == '"')
        return BEHIND_QUOTE;
    if (c == EOF) {
        csv->flaw = flaw_open;
        return AT_END;
    }
    add(csv, c);
    return IN_QUOTES;
}

static enum place behind_quote(struct xr_csv *csv, int c)
{
    if (c == '"') {
        add(csv, c);
        return IN_QUOTES;
    }
    if (c != csv->separator && c != '\n' && c != '\r' && c != EOF) {
        csv->flaw = flaw_behind;
        return IN_PLAIN;
    }
    return plain(csv, c);
}

static bool loses_its_place(const struct xr_csv *csv)
{
    return csv->bytes_.overflow || csv->flaw == flaw_behind || csv->flaw == flaw_inside ||
           csv->flaw == flaw_open;
}

static enum place step(struct xr_csv *csv, enum place place, int c)
{
    if (place == AT_START && c == '"')
        return IN_QUOTES;
    if (place == IN_QUOTES)
        return quoted(csv, c);
    return place == BEHIND_QUOTE ? behind_quote(csv, c) : plain(csv, c);
}

static void go_to_second_line(struct xr_csv *csv)
{
    if (csv->second_) {
        (void)fseeko(csv->in, csv->second_, SEEK_SET);
        csv->offset_ = csv->second_;
        csv->next_line_ = csv->line + 1;
        return;
    }
    for (int c = take(csv); c != EOF; c = take(csv))
        if (c == '\n' || c == '\r') {
            end_line(csv, c);
            return;
        }
}

static void finish(struct xr_csv *csv)
{
    for (size_t i = 0; i < csv->n; i++) {
        csv->cells[i] = csv->bytes_.at + csv->starts_[i];
        if (!csv->flaw && !xr_is_utf8(csv->cells[i]))
            csv->flaw = flaw_utf8;
    }
}

/* false: an empty line. */
static bool read_record(struct xr_csv *csv, int first)
{
    enum place place = AT_START;
    int c = first;

    xr_buf_clear(&csv->bytes_);
    csv->flaw = NULL;
    csv->n = 0;
    begin_cell(csv);
    if (c == '\n' || c == '\r') {
        end_line(csv, c);
        return false;
    }
    for (;; c = take(csv)) {
        place = step(csv, place, c);
        if (loses_its_place(csv)) {
            csv->flaw = csv->bytes_.overflow ? flaw_long : csv->flaw;
            csv->n = 0;
            /* At the end of a record of one line there is nothing to skip. */
            if (place != AT_END || csv->second_)
                go_to_second_line(csv);
            return true;
        }
        if (place == AT_END)
            break;
    }
    finish(csv);
    return true;
}

bool xr_csv_next(struct xr_csv *csv)
{
    if (!csv->started_)
        begin(csv);
    for (;;) {
        csv->line = csv->next_line_;
        csv->second_ = 0;
        int c = take(csv);
        if (c == EOF)
            return false;
        if (read_record(csv, c))
            return true;
    }
}
