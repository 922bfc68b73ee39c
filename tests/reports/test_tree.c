#include <string.h>

#include "reports/wrap.h"
#include "tests/reports/sample_discovery.h"
#include "tests/reports/sample_parts.h"
#include "tests/reports/sample_run.h"
#include "tests/reports/written.h"
#include "tests/unit.h"

static const struct xr_style USUAL = { .verbose = 0 };
static const struct xr_style QUIET = { .verbose = -1 };
static const struct xr_style LOUD = { .verbose = 1 };
static const struct xr_style COLORED = { .color = true };

static bool holds(const char *text, const char *part)
{
    return strstr(text, part) != NULL;
}

START_TEST(test_tells_the_verdict)
{
    struct xr_arena *arena = xr_arena_new();
    const char *text = written(sample_broken(arena), "tree", USUAL);

    ck_assert(holds(text, "✖ Failed   The service account can log on"));
    ck_assert(holds(text, "[impersonation.denied] in step inbox"));
    ck_assert(holds(text, "  Who         Exchange administrator\n"));
    ck_assert(holds(text, "    2. Assign the role"));
    ck_assert(holds(text, "         New-ManagementRoleAssignment -Name 'Impersonation' `\n"));
    ck_assert(holds(text, "Ruled out   name resolution; network and firewall"));
    ck_assert(holds(text, "[tcp.some-addresses-failed]"));
    /* those that got credentials; the rest is counted */
    ck_assert(holds(text, "Was sent    to "));
    ck_assert(!holds(text, "to 10.20.0.53 port 53"));
    ck_assert(holds(text, "without credentials (-v lists them)"));
    ck_assert(!holds(text, "IGNORED"));
    xr_arena_free(arena);
}
END_TEST

START_TEST(test_opens_what_failed_and_folds_what_passed)
{
    struct xr_arena *arena = xr_arena_new();
    const char *text = written_live(sample_broken(arena), USUAL);

    ck_assert(holds(text, "✔ Passed   Input: address, account and folder are well formed"));
    ck_assert(holds(text, "1 ms\n"));
    ck_assert(holds(text, "  - Failed   https://contoso.example: "));
    ck_assert(!holds(text, "Agree on TLS"));
    ck_assert(holds(text, "  ✔ Passed   198.51.100.24 port 443: "));
    ck_assert(holds(text, "[impersonation.denied]"));
    ck_assert(!holds(text, "Expected: 200"));
    ck_assert(holds(text, "○ Skipped  SMTP address: not run: it needs inbox"));
    text = written_live(sample_broken(arena), LOUD);
    ck_assert(holds(text, "Agree on TLS"));
    ck_assert(holds(text, "Expected: 200 with NoError"));
    ck_assert(holds(text, "POST " SAMPLE_EWS_URL " → 500"));
    xr_arena_free(arena);
}
END_TEST

START_TEST(test_quiet_is_the_verdict_alone)
{
    struct xr_arena *arena = xr_arena_new();
    const struct xr_run *run = sample_broken(arena);

    ck_assert_str_eq(written_live(run, QUIET), "");
    const char *text = written(run, "tree", QUIET);
    ck_assert(holds(text, "impersonation.denied"));
    ck_assert(!holds(text, "What to do"));
    xr_arena_free(arena);
}
END_TEST

START_TEST(test_no_control_character_reaches_the_terminal)
{
    struct xr_arena *arena = xr_arena_new();
    const struct xr_run *runs[] = { sample_hostile(arena), sample_discovery_hostile(arena) };

    for (size_t i = 0; i < 2; i++) {
        ck_assert(!has_invisible(written(runs[i], "tree", USUAL), "\n"));
        ck_assert(!has_invisible(written_live(runs[i], USUAL), "\n"));
        ck_assert(!has_invisible(written(runs[i], "tree", LOUD), "\n"));
        ck_assert(!has_invisible(written_live(runs[i], LOUD), "\n"));
        ck_assert(holds(written(runs[i], "tree", QUIET), "CERTIFICATE TRUST WAS IGNORED"));
    }
    xr_arena_free(arena);
}
END_TEST

/* Only the sequences of ours, and every one is closed at the end of its line. */
START_TEST(test_colors_are_ours_alone)
{
    struct xr_arena *arena = xr_arena_new();
    const struct xr_run *run = sample_hostile(arena);
    const char *texts[] = { written(run, "tree", COLORED), written_live(run, COLORED) };

    ck_assert(!holds(written(sample_broken(arena), "tree", USUAL), "\x1b"));
    for (size_t i = 0; i < 2; i++) {
        ck_assert(holds(texts[i], "\x1b[31m"));
        for (const char *at = strchr(texts[i], '\x1b'); at; at = strchr(at + 1, '\x1b'))
            ck_assert(strspn(at + 2, "0123") > 0 && at[2 + strspn(at + 2, "0123")] == 'm');
    }
    xr_arena_free(arena);
}
END_TEST

START_TEST(test_lines_fit)
{
    struct xr_arena *arena = xr_arena_new();
    const struct xr_run *runs[] = { sample_broken(arena), sample_healthy(arena),
        sample_discovery_found(arena), sample_discovery_moved(arena) };

    for (size_t i = 0; i < sizeof(runs) / sizeof(*runs); i++) {
        const char *text =
            xr_printf(arena, "%s%s", written_live(runs[i], LOUD), written(runs[i], "tree", LOUD));
        while (*text) {
            size_t length = strcspn(text, "\n");
            const char *line = xr_strndup(arena, text, length);
            bool one_word = holds(line, "Get-Management") || holds(line, "https://learn.");
            ck_assert_msg(one_word || xr_columns(line) <= 100, "too wide: %s", line);
            text += length + (text[length] == '\n');
        }
    }
    xr_arena_free(arena);
}
END_TEST

START_TEST(test_every_way_to_autodiscover_has_a_line)
{
    struct xr_arena *arena = xr_arena_new();
    struct xr_run *run = sample_discovery_found(arena);
    const char *text = written_live(run, USUAL);

    ck_assert(holds(text, "\n  ○ Skipped  Service connection point: It does not apply"));
    ck_assert(holds(text, "\n  ○ Skipped  https://contoso.example: Cancelled: autodiscover.host"));
    ck_assert(holds(text, "\n  ✔ Passed   https://autodiscover.contoso.example: It answered"));
    ck_assert(holds(text, "○ Skipped  Records of contoso.example: Not needed: "));
    ck_assert(!holds(text, "Agree on TLS"));
    ck_assert(holds(written_live(run, LOUD), "Agree on TLS"));
    ck_assert_str_eq(written_live(run, QUIET), "");
    /* The same step of a test that goes on to EWS stays folded. */
    run->test = "service-account";
    ck_assert(!holds(written_live(run, USUAL), "Records of contoso.example"));
    xr_arena_free(arena);
}
END_TEST

START_TEST(test_ways_of_another_address_stand_below_it)
{
    struct xr_arena *arena = xr_arena_new();
    const char *text = written_live(sample_discovery_moved(arena), USUAL);

    ck_assert(holds(text, "\n  ✔ Passed   Again, for " SAMPLE_MOVED));
    ck_assert(holds(text, "\n    - Failed   https://fabrikam.example: "));
    ck_assert(holds(text, "\n    ✔ Passed   https://autodiscover.fabrikam.example: "));
    ck_assert(holds(text, "[autodiscover.answers-disagree]"));
    xr_arena_free(arena);
}
END_TEST

START_TEST(test_autodiscover_alone_tells_where_the_mailbox_lives)
{
    struct xr_arena *arena = xr_arena_new();
    struct xr_run *run = sample_discovery_found(arena);
    const char *text = written(run, "tree", USUAL);

    ck_assert(holds(text, "Autodiscover finds Exchange Web Services for " SAMPLE_MAILBOX "."));
    ck_assert(holds(text, "  EWS address " SAMPLE_EWS_URL "\n"));
    ck_assert(holds(text, "  Mailbox     on premises: the EWS URL leads to"));
    ck_assert(!holds(text, "mpersonat") && !holds(text, "Cloud"));
    run->facts.ews_url_is_internal = true;
    ck_assert(holds(written(run, "tree", USUAL), "asmx (for the internal network only)\n"));
    text = written(sample_discovery_moved(arena), "tree", USUAL);
    ck_assert(holds(text, "  Cloud       Microsoft 365: the MX record"));
    xr_arena_free(arena);
}
END_TEST

START_TEST(test_wraps_at_spaces)
{
    struct xr_arena *arena = xr_arena_new();

    ck_assert_str_eq(xr_wrapped(arena, "one two three", 7), "one two\nthree");
    ck_assert_str_eq(xr_wrapped(arena, "one", 1), "one");
    ck_assert_str_eq(xr_wrapped(arena, "", 5), "");
    ck_assert_str_eq(xr_wrapped(arena, "a longestword b", 5), "a\nlongestword\nb");
    ck_assert_int_eq(xr_columns("\xe6\x97\xa5\xe6\x9c\xac"), 4);
    ck_assert_int_eq(xr_columns("e\xcc\x81"), 1);
    xr_arena_free(arena);
}
END_TEST

XR_UNIT_MAIN("tree", test_tells_the_verdict, test_opens_what_failed_and_folds_what_passed,
    test_quiet_is_the_verdict_alone, test_no_control_character_reaches_the_terminal,
    test_colors_are_ours_alone, test_every_way_to_autodiscover_has_a_line,
    test_ways_of_another_address_stand_below_it,
    test_autodiscover_alone_tells_where_the_mailbox_lives, test_lines_fit, test_wraps_at_spaces)
