#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "analyzer/commands/command.h"
#include "tests/unit.h"

enum { OUTPUT_MAX = 64 * 1024 };

static char output[OUTPUT_MAX], errors[OUTPUT_MAX];

static void read_back(FILE *file, char *into)
{
    rewind(file);
    into[fread(into, 1, OUTPUT_MAX - 1, file)] = '\0';
    (void)fclose(file);
}

static int explain(const char *first, const char *second)
{
    char *argv[] = { strdup("explain"), first ? strdup(first) : NULL,
        second ? strdup(second) : NULL, NULL };
    FILE *out = tmpfile(), *err = tmpfile();

    ck_assert(out && err);
    int old_out = dup(STDOUT_FILENO), old_err = dup(STDERR_FILENO);
    dup2(fileno(out), STDOUT_FILENO);
    dup2(fileno(err), STDERR_FILENO);
    int exit_code = xr_command_explain(first ? second ? 3 : 2 : 1, argv);
    dup2(old_out, STDOUT_FILENO);
    dup2(old_err, STDERR_FILENO);
    close(old_out);
    close(old_err);
    read_back(out, output);
    read_back(err, errors);
    for (char **argument = argv; *argument; argument++)
        free(*argument);
    return exit_code;
}

START_TEST(without_a_name_it_lists)
{
    ck_assert_int_eq(explain(NULL, NULL), XR_EXIT_OK);
    ck_assert(strstr(output, "impersonation.denied  "));
    ck_assert(strstr(output, "local.cancelled  "));
    ck_assert_str_eq(errors, "");
}
END_TEST

START_TEST(a_finding_is_told_with_its_commands)
{
    ck_assert_int_eq(explain("impersonation.denied", NULL), XR_EXIT_OK);
    ck_assert(strstr(output, "\nLikely causes\n"));
    ck_assert(strstr(output, "     Exchange Management Shell:\n"));
    ck_assert(strstr(output, "-Role ApplicationImpersonation -User '<account>' `\n"));
}
END_TEST

START_TEST(a_response_code_leads_to_its_finding)
{
    ck_assert_int_eq(explain("errorquotaexceeded", NULL), XR_EXIT_OK);
    ck_assert(strstr(output, "ErrorQuotaExceeded"));
    ck_assert(strstr(output, "\nwrite.denied\n"));
    ck_assert(strstr(output, "The mailbox is full"));
}
END_TEST

START_TEST(json_has_the_same)
{
    ck_assert_int_eq(explain("--json", "tls.expired"), XR_EXIT_OK);
    ck_assert(strstr(output, "\"finding\": \"tls.expired\""));
    ck_assert(strstr(output, "\"ews_code\": null"));
    ck_assert(strstr(output, "date -u\\nopenssl s_client"));
    ck_assert_int_eq(explain("--json", NULL), XR_EXIT_OK);
    ck_assert(strstr(output, "\"schema\": \"exray.findings/1\""));
}
END_TEST

START_TEST(a_near_miss_is_suggested)
{
    ck_assert_int_eq(explain("impersonation.denid", NULL), XR_EXIT_USAGE);
    ck_assert_str_eq(output, "");
    ck_assert(strstr(errors, "Did you mean impersonation.denied?"));
    ck_assert_int_eq(explain("ErrorServerBussy", NULL), XR_EXIT_USAGE);
    ck_assert(strstr(errors, "Did you mean ErrorServerBusy?"));
    ck_assert_int_eq(explain("--jsn", NULL), XR_EXIT_USAGE);
    ck_assert(strstr(errors, "Did you mean --json?"));
    ck_assert_int_eq(explain("tls.expired", "tls.revoked"), XR_EXIT_USAGE);
}
END_TEST

START_TEST(arguments_cannot_command_the_terminal)
{
    ck_assert_int_eq(explain("\x1b[2J\xff", NULL), XR_EXIT_USAGE);
    ck_assert(!strchr(errors, '\x1b'));
    ck_assert(strstr(errors, "\\x1b[2J"));
}
END_TEST

XR_UNIT_MAIN("explain", without_a_name_it_lists, a_finding_is_told_with_its_commands,
    a_response_code_leads_to_its_finding, json_has_the_same, a_near_miss_is_suggested,
    arguments_cannot_command_the_terminal)
