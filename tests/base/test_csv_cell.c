#include <stdio.h>
#include <string.h>

#include "analyzer/base/csv_cell.h"
#include "tests/unit.h"

static void check_cell(const char *text, const char *expected)
{
    char *bytes = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&bytes, &length);

    xr_csv_cell(out, text);
    (void)fclose(out);
    ck_assert_str_eq(bytes, expected);
    free(bytes);
}

START_TEST(a_cell_is_quoted_when_it_must_be)
{
    check_cell(NULL, "");
    check_cell("", "");
    check_cell("anna@contoso.test", "anna@contoso.test");
    check_cell("a,b", "\"a,b\"");
    check_cell("a;b", "\"a;b\""); /* the separator of half of Europe's spreadsheets */
    check_cell("say \"hi\"", "\"say \"\"hi\"\"\"");
    check_cell("two\nlines", "\"two\nlines\"");
    check_cell(" kept ", "\" kept \"");
}
END_TEST

START_TEST(no_cell_is_a_formula)
{
    check_cell("=1+2", "'=1+2");
    check_cell("+49 1234", "'+49 1234");
    check_cell("-1", "'-1");
    check_cell("@SUM(A1)", "'@SUM(A1)");
    check_cell("\tx", "\"'\tx\"");
    check_cell("\rx", "\"'\rx\"");
    check_cell("  =1", "\"'  =1\"");
    check_cell("=HYPERLINK(\"http://x\",\"y\")", "\"'=HYPERLINK(\"\"http://x\"\",\"\"y\"\")\"");
    check_cell("a=1", "a=1");
    check_cell("'quoted'", "'quoted'");
}
END_TEST

START_TEST(an_apostrophe_of_ones_own_is_not_taken_for_the_guard)
{
    check_cell("'=1", "''=1");
    ck_assert_str_eq(xr_csv_text("''=1"), "'=1");
    ck_assert_str_eq(xr_csv_text("'=1"), "=1");
    ck_assert_str_eq(xr_csv_text("' =1"), " =1");
    ck_assert_str_eq(xr_csv_text("'quoted'"), "'quoted'");
    ck_assert_str_eq(xr_csv_text("O'Neil"), "O'Neil");
    ck_assert_str_eq(xr_csv_text("'"), "'");
    ck_assert_str_eq(xr_csv_text(""), "");
}
END_TEST

XR_UNIT_MAIN("csv_cell", a_cell_is_quoted_when_it_must_be, no_cell_is_a_formula,
    an_apostrophe_of_ones_own_is_not_taken_for_the_guard)
