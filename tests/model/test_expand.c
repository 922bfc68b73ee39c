#include <stdio.h>
#include <string.h>

#include "analyzer/model/expand.h"
#include "tests/unit.h"

static struct xr_arena *arena;

static const char *expand(const char *text, const char *mailbox, enum xr_shell shell)
{
    struct xr_slots slots = { .mailbox = mailbox };

    return xr_expand(arena, text, &slots, shell);
}

#define ASSERT_EXPANDS(shell, text, mailbox, expected)            \
    do {                                                          \
        arena = xr_arena_new();                                   \
        ck_assert_str_eq(expand(text, mailbox, shell), expected); \
        xr_arena_free(arena);                                     \
    } while (0)

#define ASSERT_REFUSED(shell, mailbox)                                       \
    do {                                                                     \
        arena = xr_arena_new();                                              \
        ck_assert_ptr_null(expand("Get-Mailbox {mailbox}", mailbox, shell)); \
        xr_arena_free(arena);                                                \
    } while (0)

START_TEST(text_takes_values_as_they_are)
{
    ASSERT_EXPANDS(XR_SHELL_NONE, "It is {mailbox}.", "o'neil@a.test", "It is o'neil@a.test.");
    ASSERT_EXPANDS(XR_SHELL_NONE, "{mailbox}{mailbox}", "x", "xx");
    ASSERT_EXPANDS(XR_SHELL_NONE, "", "x", "");
}
END_TEST

START_TEST(what_is_unknown_shows_its_name)
{
    ASSERT_EXPANDS(XR_SHELL_NONE, "It is {mailbox}.", NULL, "It is <mailbox>.");
    ASSERT_EXPANDS(XR_SHELL_NONE, "It is {mailbox}.", "", "It is <mailbox>.");
    ASSERT_EXPANDS(XR_SHELL_EMS, "Get-Mailbox {mailbox}", NULL, "Get-Mailbox '<mailbox>'");
}
END_TEST

START_TEST(every_slot_is_filled)
{
    static const struct xr_slots slots = { "1", "2", "3", "4", "5", "6", "7", "8", "9" };

    arena = xr_arena_new();
    ck_assert_str_eq(xr_expand(arena,
                         "{mailbox}{account}{domain}{host}{ews_url}{folder}{impersonated}{primary}"
                         "{code}",
                         &slots, XR_SHELL_NONE),
        "123456789");
    xr_arena_free(arena);
}
END_TEST

START_TEST(other_braces_stay)
{
    static const char block[] = "Where-Object { $_.State -ne 'Active' } {";

    ASSERT_EXPANDS(XR_SHELL_EMS, block, "x", block);
    ASSERT_EXPANDS(XR_SHELL_EMS, "{{mailbox}}", "x", "{'x'}");
    ASSERT_EXPANDS(
        XR_SHELL_NONE, "{mailboxes} {mailbox {Mailbox}", "x", "{mailboxes} {mailbox {Mailbox}");
}
END_TEST

/* A value that looks like a slot must not be filled a second time. */
START_TEST(values_are_not_expanded_again)
{
    ASSERT_EXPANDS(XR_SHELL_NONE, "{mailbox}", "{mailbox}", "{mailbox}");
}
END_TEST

START_TEST(powershell_quotes_are_doubled)
{
    ASSERT_EXPANDS(
        XR_SHELL_EMS, "G {mailbox}", "a'; Remove-Mailbox b; '", "G 'a''; Remove-Mailbox b; '''");
    ASSERT_EXPANDS(
        XR_SHELL_EXO, "G {mailbox}", "a\xe2\x80\x98; x", "G 'a\xe2\x80\x98\xe2\x80\x98; x'");
    ASSERT_EXPANDS(XR_SHELL_POWERSHELL, "G {mailbox}", "\xe2\x80\x99\xe2\x80\x9a\xe2\x80\x9b",
        "G '\xe2\x80\x99\xe2\x80\x99\xe2\x80\x9a\xe2\x80\x9a\xe2\x80\x9b\xe2\x80\x9b'");
    ASSERT_EXPANDS(XR_SHELL_EMS, "G {mailbox}", "$(x) `n \"", "G '$(x) `n \"'");
    ASSERT_EXPANDS(XR_SHELL_EMS, "G {mailbox}", "j\xc3\xbcrgen", "G 'j\xc3\xbcrgen'");
}
END_TEST

START_TEST(sh_quotes_are_taken_out)
{
    ASSERT_EXPANDS(XR_SHELL_SH, "x {mailbox}", "a'; rm -r b; '", "x 'a'\\''; rm -r b; '\\'''");
    ASSERT_EXPANDS(XR_SHELL_SH, "x {mailbox}", "$HOME `id` \\", "x '$HOME `id` \\'");
}
END_TEST

/* The shell itself is the judge: it must see the value, the whole value and nothing else. */
START_TEST(sh_reads_back_what_was_quoted)
{
    static const char value[] = "o'neil \"$HOME\" `id` $(id) \\ ; & | > x * ? ~ ! '' j\xc3\xbcrgen";
    char seen[256] = "";

    arena = xr_arena_new();
    FILE *shell = popen(expand("printf '%s' {mailbox}", value, XR_SHELL_SH), "r");
    ck_assert(shell);
    size_t length = fread(seen, 1, sizeof(seen) - 1, shell);
    ck_assert_int_eq(pclose(shell), 0);
    ck_assert_uint_eq(length, strlen(value));
    ck_assert_str_eq(seen, value);
    xr_arena_free(arena);
}
END_TEST

START_TEST(invisible_characters_make_no_command)
{
    ASSERT_REFUSED(XR_SHELL_EMS, "a\nRemove-Mailbox b");
    ASSERT_REFUSED(XR_SHELL_SH, "a\nrm");
    ASSERT_REFUSED(XR_SHELL_SH, "a\x1b[2J");
    ASSERT_REFUSED(XR_SHELL_EXO, "a\xe2\x80\xae"
                                 "b");
    ASSERT_REFUSED(XR_SHELL_POWERSHELL, "a\xc2\x85"
                                        "b");
    ASSERT_EXPANDS(XR_SHELL_NONE, "{mailbox}", "a\nb", "a\nb");
}
END_TEST

START_TEST(a_command_is_whole_or_absent)
{
    size_t length = 100 * 1024;
    char *huge = malloc(length + 1);

    ck_assert(huge);
    memset(huge, 'a', length);
    huge[length] = '\0';
    ASSERT_REFUSED(XR_SHELL_SH, huge);
    free(huge);
}
END_TEST

XR_UNIT_MAIN("expand", text_takes_values_as_they_are, what_is_unknown_shows_its_name,
    every_slot_is_filled, other_braces_stay, values_are_not_expanded_again,
    powershell_quotes_are_doubled, sh_quotes_are_taken_out, sh_reads_back_what_was_quoted,
    invisible_characters_make_no_command, a_command_is_whole_or_absent)
