#include "analyzer/commands/shell_word.h"
#include "tests/unit.h"

static void check(const char *text, const char *expected)
{
    struct xr_arena *arena = xr_arena_new();

    ck_assert_str_eq(xr_shell_word(arena, text), expected);
    xr_arena_free(arena);
}

START_TEST(plain_words_stay_as_they_are)
{
    check("contoso", "contoso");
    check("anna@contoso.test", "anna@contoso.test");
    check("../state/store.db", "../state/store.db");
}
END_TEST

/* People copy these lines: a name must not become a command of its own. */
START_TEST(what_a_shell_would_take_apart_is_quoted)
{
    check("", "''");
    check("Contoso Ltd", "'Contoso Ltd'");
    check("O'Brien", "'O'\\''Brien'");
    check("$(reboot)", "'$(reboot)'");
    check("a;b|c&d`e`", "'a;b|c&d`e`'");
    check("CONTOSO\\svc", "'CONTOSO\\svc'");
    check("--yes", "'--yes'");
    check("M\xc3\xbcller", "'M\xc3\xbcller'");
}
END_TEST

XR_UNIT_MAIN("shell word", plain_words_stay_as_they_are, what_a_shell_would_take_apart_is_quoted)
