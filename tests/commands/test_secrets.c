#include <string.h>
#include <unistd.h>

#include "analyzer/commands/command.h"
#include "analyzer/commands/form.h"
#include "tests/unit.h"

enum { LONGEST = 16 * 1024 };

/* What the form takes as password from a file that holds these bytes; NULL: refused. The caller
 * frees it. */
static char *taken(const char *bytes, size_t length)
{
    struct xr_secret password = { NULL }, token = { NULL };
    struct xr_form form;
    int ends[2];

    xr_form_init(&form);
    ck_assert_int_eq(pipe(ends), 0);
    ck_assert_int_eq(write(ends[1], bytes, length), (ssize_t)length);
    (void)close(ends[1]);
    form.password_fd = ends[0];
    int code = xr_form_secrets(&form, &password, &token);
    (void)close(ends[0]);
    ck_assert_int_eq(code, xr_secret_given(password) ? XR_EXIT_OK : XR_EXIT_INPUT);
    char *copy = xr_secret_given(password) ? strdup(xr_reveal(password)) : NULL;
    xr_secret_done(&password);
    return copy;
}

static void check(const char *bytes, size_t length, const char *expected)
{
    char *password = taken(bytes, length);

    if (expected)
        ck_assert_str_eq(password, expected);
    else
        ck_assert_ptr_null(password);
    free(password);
}

START_TEST(the_first_line_is_taken_whole)
{
    check("secret", 6, "secret");
    check("secret\nnext\n", 12, "secret");
    check("secret\r\nnext", 12, "secret");
    check("secret\r", 7, "secret");
    check(" p@s:s \"\\%00'\xc3\xbc \n", 17, " p@s:s \"\\%00'\xc3\xbc ");
}
END_TEST

/* Half a password would be sent as a wrong one. */
START_TEST(what_would_be_cut_is_refused)
{
    static char long_line[LONGEST + 3];

    check("", 0, NULL);
    check("\n", 1, NULL);
    check("\r\nnext\n", 7, NULL);
    check("se\0cret\n", 8, NULL);
    check("se\rcret\n", 8, NULL);
    memset(long_line, 'x', sizeof(long_line));
    check(long_line, LONGEST + 1, NULL);
    check(long_line, LONGEST + 3, NULL);
    long_line[LONGEST] = '\n';
    char *password = taken(long_line, LONGEST + 1);
    ck_assert_uint_eq(strlen(password), LONGEST);
    free(password);
}
END_TEST

XR_UNIT_MAIN("secrets", the_first_line_is_taken_whole, what_would_be_cut_is_refused)
