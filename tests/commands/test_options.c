#include <stdio.h>

#include "analyzer/commands/command.h"
#include "analyzer/commands/form.h"
#include "tests/unit.h"

static int parsed(struct xr_form *form, const char *first, const char *second)
{
    char command[] = "test", a[32], b[32], *words[] = { command, a, b, NULL };
    int rest;

    (void)snprintf(a, sizeof(a), "%s", first);
    (void)snprintf(b, sizeof(b), "%s", second);
    xr_form_init(form);
    return xr_options_parse(xr_form_options, 3, words, form, &rest);
}

START_TEST(letters_may_stand_together_behind_a_long_option)
{
    struct xr_form form;

    ck_assert_int_eq(parsed(&form, "--no-color", "-qv"), XR_EXIT_OK);
    ck_assert(form.no_color && form.quiet);
    ck_assert_int_eq(form.verbose, 1);
}
END_TEST

START_TEST(a_beginning_of_a_name_is_no_option)
{
    struct xr_form form;

    ck_assert_int_eq(parsed(&form, "-v", "--no-col"), XR_EXIT_USAGE);
}
END_TEST

XR_UNIT_MAIN(
    "options", letters_may_stand_together_behind_a_long_option, a_beginning_of_a_name_is_no_option)
