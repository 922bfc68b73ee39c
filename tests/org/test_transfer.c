#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/org/transfer_place.h"
#include "tests/unit.h"

START_TEST(new_users_have_the_defaults_and_what_the_file_says)
{
    struct place place;

    place_open(&place, XR_ORG_IMPERSONATION);
    place_import_well(&place, "\xef\xbb\xbf"
                              " Email ;ENABLED;access_type;account;user_name;ews_url\r\n"
                              " anna@contoso.test ;;;;;\r\n"
                              ";;;;;\r\n"
                              "bert@contoso.test;No;exchange-impersonation;CONTOSO\\svc2;;"
                              " https://mail.contoso.test/ews/exchange.asmx \r\n"
                              "carl@contoso.test;on;password;;CONTOSO\\carl;\r\n");
    place_expect_counts(&place, 3, 3, 0, 0);
    struct xr_user anna = place_user(&place, "anna@contoso.test");
    ck_assert(anna.enabled);
    ck_assert_int_eq(anna.access, XR_USER_INHERIT);
    ck_assert(!anna.account && !anna.ews_url && !anna.user_name);
    struct xr_user bert = place_user(&place, "BERT@contoso.test");
    ck_assert(!bert.enabled);
    ck_assert_int_eq(bert.access, XR_USER_IMPERSONATION);
    ck_assert_str_eq(bert.account, "CONTOSO\\svc2");
    ck_assert_str_eq(bert.ews_url, "https://mail.contoso.test/ews/exchange.asmx");
    ck_assert_str_eq(place_user(&place, "carl@contoso.test").user_name, "CONTOSO\\carl");
    place_close(&place);
}
END_TEST

START_TEST(of_a_user_who_is_there_only_the_columns_of_the_file_change)
{
    struct place place;

    place_open(&place, XR_ORG_IMPERSONATION);
    place_import_well(&place,
        "email,access_type,account,enabled,ews_url\n"
        "anna@contoso.test,exchange-impersonation,CONTOSO\\a,off,https://x.test/e\n"
        "bert@contoso.test,,,,\n");
    place_import_well(&place, "email,ews_url,access_type,enabled\n"
                              "ANNA@contoso.test,,,\n"
                              "bert@contoso.test,,,\n"
                              "carl@contoso.test,,,\n");
    place_expect_counts(&place, 3, 1, 1, 1);
    struct xr_user anna = place_user(&place, "anna@contoso.test");
    ck_assert_str_eq(anna.email, "anna@contoso.test");
    ck_assert_str_eq(anna.account, "CONTOSO\\a"); /* no such column */
    ck_assert(!anna.ews_url);                     /* an empty cell clears */
    ck_assert(!anna.enabled);                     /* but for these two */
    ck_assert_int_eq(anna.access, XR_USER_IMPERSONATION);
    ck_assert_int_eq(anna.generation, 2);
    ck_assert_int_eq(place_user(&place, "bert@contoso.test").generation, 1);
    place_close(&place);
}
END_TEST

START_TEST(a_header_line_that_cannot_be_used_is_the_only_thing_told)
{
    struct place place;

    place_open(&place, XR_ORG_IMPERSONATION);
    place_import_badly(&place, "\nemail,acount,email\nnobody\n");
    ck_assert_int_eq(place.import.error_total, 2);
    place_expect_error(&place, 0, 2, NULL, "no column \"acount\": did you mean account");
    place_expect_error(&place, 1, 2, "email", "\"email\" twice");
    place_import_badly(&place, "enabled,account\ntrue,x\n");
    ck_assert_int_eq(place.import.error_total, 1);
    place_expect_error(&place, 0, 1, "email", "no column \"email\"");
    place_import_badly(&place, "");
    place_expect_error(&place, 0, 1, NULL, "the file is empty");
    place_import_badly(&place, "email,\"x");
    place_expect_error(&place, 0, 1, NULL, "not closed");
    place_close(&place);
}
END_TEST

START_TEST(each_bad_line_is_told_and_nothing_is_changed)
{
    struct place place;

    place_open(&place, XR_ORG_IMPERSONATION);
    place_import_badly(&place, "email,enabled,access_type,ews_url\n"
                               "anna@contoso.test,true,,\n"
                               "bert,maybe,,\n"
                               "carl@contoso.test,maybe,sometimes,\n"
                               ",true,,\n"
                               "dora@contoso.test,true\n"
                               "\"emil@contoso.test,true,,\n"
                               "fred@contoso.test,,,not a url\n"
                               "gust@contoso.test,,,\n");
    place_expect_error(&place, 0, 3, "email", "\"bert\" is no address: it has no @");
    place_expect_error(&place, 1, 4, "access_type", "\"sometimes\" is no access type");
    place_expect_error(&place, 2, 4, "enabled", "\"maybe\" is neither true nor false");
    place_expect_error(&place, 3, 5, "email", "missing");
    place_expect_error(&place, 4, 6, NULL, "the line has 2 cells, the header line has 4");
    place_expect_error(&place, 5, 7, NULL, "not closed");
    place_expect_error(&place, 6, 8, "ews_url", "not a url");
    ck_assert_int_eq(place.import.error_total, 7);
    place_expect_counts(&place, 8, 2, 0, 0);
    ck_assert_int_eq(place_count_users(&place), 0);
    place_close(&place);
}
END_TEST

START_TEST(a_hundred_errors_are_told_and_all_are_counted)
{
    struct place place;
    char text[16 * 1024] = "email\n";

    place_open(&place, XR_ORG_IMPERSONATION);
    for (char *to = text + strlen(text), *end = to + 1500; to < end;)
        to = stpcpy(to, "x\n");
    place_import_badly(&place, text);
    ck_assert_uint_eq(place.import.error_n, XR_IMPORT_ERRORS_MAX);
    ck_assert_int_eq(place.import.error_total, 750);
    place_close(&place);
}
END_TEST

START_TEST(an_address_that_stands_there_twice_is_told_with_both_lines)
{
    struct place place;

    place_open(&place, XR_ORG_IMPERSONATION);
    place_import_badly(&place,
        "email\nanna@contoso.test\nb@m\xc3\xbcnchen.test\nAnna@CONTOSO.test\n"
        "b@xn--mnchen-3ya.test\n");
    ck_assert_int_eq(place.import.error_total, 2);
    place_expect_error(&place, 0, 4, "email", "\"Anna@CONTOSO.test\" stands in line 2 already");
    place_expect_error(&place, 1, 5, "email", "stands in line 3 already");
    place_close(&place);
}
END_TEST

START_TEST(a_dry_run_tells_all_and_changes_nothing)
{
    struct place place;

    place_open(&place, XR_ORG_IMPERSONATION);
    ck_assert(!place_import(&place, "email\nanna@contoso.test\nbert@contoso.test\n", true));
    place_expect_counts(&place, 2, 2, 0, 0);
    ck_assert_int_eq(place_count_users(&place), 0);
    ck_assert(place_import(&place, "email\nanna\n", true));
    place_expect_error(&place, 0, 2, "email", "no address");
    ck_assert(!place_import(&place,
        "[{\"email\":\"a@contoso.test\",\"id\":\"00112233445566778899aabbccddeeff\"}]", true));
    place_expect_counts(&place, 1, 1, 0, 0);
    ck_assert_int_eq(place_count_users(&place), 0);
    place_close(&place);
}
END_TEST

START_TEST(what_a_user_must_have_himself_is_asked_for_what_the_organization_lacks_is_not)
{
    struct place place;

    place_open(&place, XR_ORG_IMPERSONATION); /* it has no account yet */
    place_import_well(&place, "email\nanna@contoso.test\n");
    place.org = place_add_org(&place, "fabrikam", XR_ORG_M365_OAUTH);
    place_import_badly(&place, "email,access_type\nanna@contoso.test,\n"
                               "bert@contoso.test,exchange-impersonation\n");
    place_expect_error(&place, 0, 3, "account", "account");
    place_expect_error(&place, 1, 3, "ews_url", "URL");
    place_close(&place);
}
END_TEST

START_TEST(what_the_lint_says_is_told_but_missing_secrets_are_not)
{
    struct place place;
    const char *domains[] = { "contoso.test", NULL };

    place_open(&place, XR_ORG_DIRECT);
    place.org.domains = domains;
    ck_assert(!xr_store_save_org(place.store, place.arena, &place.org));
    place_import_well(
        &place, "email,user_name\nanna@contoso.test,CONTOSO\\anna\nbert@fabrikam.test,\n");
    ck_assert_int_eq(place.import.warnings, 1);
    ck_assert_int_eq(place.import.warning[0].line, 3);
    ck_assert(strstr(place.import.warning[0].text, "bert@fabrikam.test"));
    place_import_badly(&place, "email,account\nanna@contoso.test,CONTOSO\\svc\n");
    place_expect_error(&place, 0, 2, "account", "CONTOSO\\svc");
    place_close(&place);
}
END_TEST

static void expect_file_error(struct place *place, const char *path, const char *words)
{
    const struct xr_transfer_err *err =
        xr_import_users(place->store, place->arena, &place->org, path, false, &place->import);

    ck_assert(err);
    ck_assert_int_eq(err->fault, XR_TRANSFER_FILE);
    ck_assert_msg(strstr(err->text, words), "%s", err->text);
    ck_assert_msg(strstr(err->text, path), "%s", err->text);
}

START_TEST(a_file_that_cannot_be_read_is_named_with_the_cause)
{
    struct place place;

    place_open(&place, XR_ORG_IMPERSONATION);
    expect_file_error(&place, "/nonexistent/users.csv", "No such file");
    expect_file_error(&place, place.folder, "folder");
    place_write(&place, "email\n", 6);
    ck_assert(!truncate(place.file, 1024 * 1024 * 1024 + 1));
    expect_file_error(&place, place.file, "1024 MiB");
    place_close(&place);
}
END_TEST

static void feed(const char *path)
{
    FILE *out = fopen(path, "w");

    (void)fputs("email\nanna@contoso.test\n", out);
    (void)fclose(out);
    _exit(0);
}

START_TEST(a_pipe_and_the_standard_input_are_files_too)
{
    struct place place;
    int status;

    place_open(&place, XR_ORG_IMPERSONATION);
    ck_assert(!mkfifo(place.file, 0600));
    pid_t feeder = fork();
    if (!feeder)
        feed(place.file);
    ck_assert(
        !xr_import_users(place.store, place.arena, &place.org, place.file, false, &place.import));
    ck_assert_int_eq(waitpid(feeder, &status, 0), feeder);
    place_expect_counts(&place, 1, 1, 0, 0);
    ck_assert(!unlink(place.file));
    place_write(&place, "[{\"email\":\"bert@contoso.test\"}]", 31);
    int in = open(place.file, O_RDONLY | O_CLOEXEC);
    ck_assert_int_eq(dup2(in, STDIN_FILENO), STDIN_FILENO);
    (void)close(in);
    ck_assert(!xr_import_users(place.store, place.arena, &place.org, "-", false, &place.import));
    ck_assert_int_eq(place_count_users(&place), 2);
    place_close(&place);
}
END_TEST

START_TEST(an_export_imported_elsewhere_is_the_same_export)
{
    static const char *const prefixes[] = { "u", "+", "'-", "'" };
    struct place place;

    place_open(&place, XR_ORG_IMPERSONATION);
    for (int i = 0; i < 600; i++) { /* more than two pages */
        struct xr_user user = { .org_id = place.org.id,
            .email = xr_printf(place.arena, "%s%d@contoso.test", prefixes[i % 4], i),
            .access = i % 2 ? XR_USER_PASSWORD : XR_USER_INHERIT,
            .enabled = i % 5,
            .user_name = i % 2 ? "-anna@contoso.test" : NULL,
            .ews_url = i % 7 ? NULL : "https://mail.contoso.test/ews?a=\"b,c;d\"" };
        ck_assert(!xr_store_save_user(place.store, place.arena, &user));
    }
    const char *text = place_export_csv(&place, &place.org);
    struct xr_org there = place.org;
    place.org = place_add_org(&place, "fabrikam", XR_ORG_IMPERSONATION);
    place_import_well(&place, text);
    place_expect_counts(&place, 600, 600, 0, 0);
    ck_assert_str_eq(place_export_csv(&place, &place.org), text);
    place.org = there;
    place_import_well(&place, text);
    place_expect_counts(&place, 600, 0, 0, 600);
    place_close(&place);
}
END_TEST

XR_UNIT_MAIN("transfer", new_users_have_the_defaults_and_what_the_file_says,
    of_a_user_who_is_there_only_the_columns_of_the_file_change,
    a_header_line_that_cannot_be_used_is_the_only_thing_told,
    each_bad_line_is_told_and_nothing_is_changed, a_hundred_errors_are_told_and_all_are_counted,
    an_address_that_stands_there_twice_is_told_with_both_lines,
    a_dry_run_tells_all_and_changes_nothing,
    what_a_user_must_have_himself_is_asked_for_what_the_organization_lacks_is_not,
    what_the_lint_says_is_told_but_missing_secrets_are_not,
    a_file_that_cannot_be_read_is_named_with_the_cause, a_pipe_and_the_standard_input_are_files_too,
    an_export_imported_elsewhere_is_the_same_export)
