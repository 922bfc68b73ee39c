#include <stdio.h>
#include <string.h>

#include "analyzer/base/csv_cell.h"
#include "analyzer/org/csv.h"
#include "tests/unit.h"

enum { RECORD_MAX = 64 * 1024 };

struct reading {
    FILE *in;
    struct xr_csv csv;
};

static void start_bytes(struct reading *reading, const char *bytes, size_t length)
{
    reading->in = tmpfile();
    ck_assert(reading->in);
    ck_assert_uint_eq(fwrite(bytes, 1, length, reading->in), length);
    rewind(reading->in);
    xr_csv_init(&reading->csv, reading->in, RECORD_MAX);
}

static void start(struct reading *reading, const char *text)
{
    start_bytes(reading, text, strlen(text));
}

static void stop(struct reading *reading)
{
    xr_csv_done(&reading->csv);
    (void)fclose(reading->in);
}

/* The next record is this one, its cells joined by '|'. */
static void expect(struct reading *reading, int64_t line, const char *joined)
{
    char text[1024] = "";
    struct xr_csv *csv = &reading->csv;

    ck_assert(xr_csv_next(csv));
    ck_assert_msg(!csv->flaw, "line %lld: %s", (long long)csv->line, csv->flaw);
    FILE *out = fmemopen(text, sizeof(text), "w");
    for (size_t i = 0; i < csv->n; i++)
        (void)fprintf(out, "%s%s", i ? "|" : "", csv->cells[i]);
    (void)fclose(out);
    ck_assert_str_eq(text, joined);
    ck_assert_int_eq(csv->line, line);
}

static void expect_flaw(struct reading *reading, int64_t line, const char *words)
{
    struct xr_csv *csv = &reading->csv;

    ck_assert(xr_csv_next(csv));
    ck_assert_msg(csv->flaw, "line %lld has no flaw: \"%s\" expected", (long long)line, words);
    ck_assert_msg(strstr(csv->flaw, words), "\"%s\" instead of \"%s\"", csv->flaw, words);
    ck_assert_int_eq(csv->line, line);
}

static void expect_end(struct reading *reading)
{
    ck_assert(!xr_csv_next(&reading->csv));
    ck_assert(!ferror(reading->in));
    stop(reading);
}

START_TEST(quoted_cells_may_hold_anything)
{
    struct reading reading;

    start(
        &reading, "a,b,c\r\n\"1,5\",\"say \"\"hi\"\"\",\"two\r\nlines\"\r\nx,,\r\n\"\",\"\",\"\"");
    expect(&reading, 1, "a|b|c");
    expect(&reading, 2, "1,5|say \"hi\"|two\r\nlines");
    expect(&reading, 4, "x||");
    expect(&reading, 5, "||");
    expect_end(&reading);
}
END_TEST

START_TEST(every_kind_of_line_end_counts_once)
{
    struct reading reading;

    start(&reading, "a\nb\r\nc\rd\n\n\r\n\re");
    expect(&reading, 1, "a");
    expect(&reading, 2, "b");
    expect(&reading, 3, "c");
    expect(&reading, 4, "d");
    expect(&reading, 8, "e");
    expect_end(&reading);
}
END_TEST

START_TEST(the_mark_is_skipped_and_the_separator_found)
{
    struct reading reading;

    start(&reading, "\xef\xbb\xbf"
                    "email;account\na@b.test;DOM\\x,y\n");
    expect(&reading, 1, "email|account");
    expect(&reading, 2, "a@b.test|DOM\\x,y");
    expect_end(&reading);
    start(&reading, "\n\n\"a;b;c\",d\n1;2,3\n"); /* what is quoted does not count */
    expect(&reading, 3, "a;b;c|d");
    expect(&reading, 4, "1;2|3");
    expect_end(&reading);
    start(&reading, "\xef\xbb\xbf");
    expect_end(&reading);
    start(&reading, "");
    expect_end(&reading);
}
END_TEST

START_TEST(a_forgotten_quote_costs_its_own_line_only)
{
    struct reading reading;

    start(&reading, "a,b\n\"open,1\nx,2\ny,3\n");
    expect(&reading, 1, "a|b");
    expect_flaw(&reading, 2, "not closed");
    expect(&reading, 3, "x|2");
    expect(&reading, 4, "y|3");
    expect_end(&reading);
    start(&reading, "a,b\r\n\"open,1\r\nx,2\r\n\"y\",3\r\n\"z\"q,4\r\nv,\"");
    expect(&reading, 1, "a|b");
    expect_flaw(&reading, 2, "behind a closing");
    expect(&reading, 3, "x|2");
    expect(&reading, 4, "y|3");
    expect_flaw(&reading, 5, "behind a closing");
    expect_flaw(&reading, 6, "not closed");
    expect_end(&reading);
}
END_TEST

START_TEST(a_quote_inside_a_plain_cell_is_told)
{
    struct reading reading;

    start(&reading, "5\" disk,1\nx,2\n \"y\",3\n");
    expect_flaw(&reading, 1, "does not begin with one");
    expect(&reading, 2, "x|2");
    expect_flaw(&reading, 3, "does not begin with one");
    expect_end(&reading);
}
END_TEST

START_TEST(nul_bytes_and_broken_utf8_cost_their_record_only)
{
    static const char bytes[] = "a\0b,\"1\n2\"\nok,1\n\xc3(,2\n\xef\xbf\xbd,3\n\xed\xa0\x80,4\n";
    struct reading reading;

    start_bytes(&reading, bytes, sizeof(bytes) - 1);
    expect_flaw(&reading, 1, "NUL");
    expect(&reading, 3, "ok|1");
    expect_flaw(&reading, 4, "UTF-8");
    expect(&reading, 5, "\xef\xbf\xbd|3"); /* U+FFFD that somebody wrote is a character */
    expect_flaw(&reading, 6, "UTF-8");
    expect_end(&reading);
}
END_TEST

/* A line of 10 MB between two good ones; "before" and "behind" stand around it. */
static void check_long(const char *before, const char *behind)
{
    struct reading reading;
    char block[1024];

    memset(block, 'x', sizeof(block));
    start(&reading, "");
    (void)fprintf(reading.in, "a,b\n%s", before);
    for (int i = 0; i < 10 * 1024; i++)
        (void)fwrite(block, 1, sizeof(block), reading.in);
    (void)fprintf(reading.in, "%s\nc,d\n", behind);
    rewind(reading.in);
    expect(&reading, 1, "a|b");
    expect_flaw(&reading, 2, "too long");
    ck_assert_uint_le(reading.csv.bytes_.capacity, 4 * RECORD_MAX);
    expect(&reading, 3, "c|d");
    expect_end(&reading);
}

START_TEST(a_line_of_10_mb_is_passed_over_in_little_memory)
{
    check_long("", "");
    check_long("\"", "\"");
    check_long("\"", "");
    check_long("x,", ",y");
}
END_TEST

START_TEST(a_record_of_the_most_length_is_whole)
{
    struct reading reading;

    start(&reading, "");
    for (int i = 0; i < RECORD_MAX; i++)
        (void)fputc('x', reading.in);
    (void)fputs("\ny\n", reading.in);
    rewind(reading.in);
    ck_assert(xr_csv_next(&reading.csv));
    ck_assert(!reading.csv.flaw);
    ck_assert_uint_eq(strlen(reading.csv.cells[0]), RECORD_MAX);
    expect(&reading, 2, "y");
    expect_end(&reading);
}
END_TEST

START_TEST(more_than_64_cells_are_told)
{
    struct reading reading;

    start(&reading, "");
    for (int i = 0; i < 63; i++)
        (void)fputs("x,", reading.in);
    (void)fputs("x\n", reading.in);
    for (int i = 0; i < 64; i++)
        (void)fputs("x,", reading.in);
    (void)fputs("x\ny,z\n", reading.in);
    rewind(reading.in);
    ck_assert(xr_csv_next(&reading.csv));
    ck_assert(!reading.csv.flaw);
    ck_assert_uint_eq(reading.csv.n, 64);
    expect_flaw(&reading, 2, "64 cells");
    expect(&reading, 3, "y|z");
    expect_end(&reading);
}
END_TEST

static uint32_t next_random(uint32_t *state)
{
    *state = *state * 1664525 + 1013904223;
    return *state >> 8;
}

/* Of the characters that CSV, spreadsheets and UTF-8 care about. */
static void random_text(uint32_t *state, char *to)
{
    static const char *const pieces[] = { "'", "=", "+", "-", "@", "\t", "\r", "\n", "\"", ",", ";",
        " ", "a", "\xc3\xa4", "\xf0\x9f\x92\xa1", "\xef\xbf\xbd" };

    *to = '\0';
    for (uint32_t n = next_random(state) % 8; n; n--)
        to = stpcpy(to, pieces[next_random(state) % (sizeof(pieces) / sizeof(*pieces))]);
}

START_TEST(any_text_comes_back_as_it_was)
{
    enum { RECORDS = 20000, CELLS = 3, LONGEST = 64 };
    static char texts[RECORDS][CELLS][LONGEST];
    struct reading reading;
    uint32_t state = 20261121;

    start(&reading, "x,x,x,x\n"); /* more commas than any text has semicolons */
    (void)fseek(reading.in, 0, SEEK_END);
    for (int i = 0; i < RECORDS; i++)
        for (int k = 0; k < CELLS; k++) {
            random_text(&state, texts[i][k]);
            xr_csv_cell(reading.in, texts[i][k]);
            (void)fputs(k + 1 < CELLS ? "," : "\r\n", reading.in);
        }
    rewind(reading.in);
    expect(&reading, 1, "x|x|x|x");
    for (int i = 0; i < RECORDS; i++) {
        ck_assert(xr_csv_next(&reading.csv));
        ck_assert_msg(!reading.csv.flaw, "record %d: %s", i, reading.csv.flaw);
        ck_assert_uint_eq(reading.csv.n, CELLS);
        for (int k = 0; k < CELLS; k++)
            ck_assert_str_eq(xr_csv_text(reading.csv.cells[k]), texts[i][k]);
    }
    expect_end(&reading);
}
END_TEST

XR_UNIT_MAIN("csv", quoted_cells_may_hold_anything, every_kind_of_line_end_counts_once,
    the_mark_is_skipped_and_the_separator_found, a_forgotten_quote_costs_its_own_line_only,
    a_quote_inside_a_plain_cell_is_told, nul_bytes_and_broken_utf8_cost_their_record_only,
    a_line_of_10_mb_is_passed_over_in_little_memory, a_record_of_the_most_length_is_whole,
    more_than_64_cells_are_told, any_text_comes_back_as_it_was)
