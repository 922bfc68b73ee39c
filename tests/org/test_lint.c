#include <string.h>

#include "analyzer/org/lint.h"
#include "tests/unit.h"

static const char *const no_domains[] = { NULL };
static const char *const contoso[] = { "contoso.com", "xn--mnchen-3ya.example", NULL };

static struct xr_org org_of(enum xr_org_access access)
{
    return (struct xr_org){
        .name = "Contoso",
        .domains = contoso,
        .access = access,
        .account = access == XR_ORG_DIRECT ? NULL : "CONTOSO\\svc",
        .has = { access == XR_ORG_IMPERSONATION, access == XR_ORG_M365_OAUTH },
    };
}

static struct xr_user user_of(enum xr_user_access access)
{
    return (struct xr_user){ .email = "ann@contoso.com", .access = access, .enabled = true };
}

/* One line for each remark: "error config.conflict account;" */
static const char *told(struct xr_arena *arena, const struct xr_remark *remarks)
{
    const char *lines = "";

    for (; remarks; remarks = remarks->next) {
        size_t length = strlen(remarks->message);
        ck_assert_int_eq(remarks->message[length - 1], '.');
        lines = xr_printf(arena, "%s%s %s %s;", lines, xr_status_name(remarks->status),
            xr_finding_kind(remarks->code)->id, remarks->field);
    }
    return lines;
}

static void check_org(const struct xr_org *org, const char *lines)
{
    struct xr_arena *arena = xr_arena_new();

    ck_assert_str_eq(told(arena, xr_lint_org(arena, org)), lines);
    xr_arena_free(arena);
}

static void check_user(const struct xr_org *org, const struct xr_user *user, const char *lines)
{
    struct xr_arena *arena = xr_arena_new();

    ck_assert_str_eq(told(arena, xr_lint_user(arena, org, user)), lines);
    xr_arena_free(arena);
}

START_TEST(a_sound_organisation_gets_no_remark)
{
    struct xr_org direct = org_of(XR_ORG_DIRECT), impersonation = org_of(XR_ORG_IMPERSONATION),
                  m365 = org_of(XR_ORG_M365_OAUTH);

    impersonation.ews_url = "https://mail.contoso.com/EWS/Exchange.asmx";
    impersonation.account = "svc@ad.internal"; /* a UPN need not be of the mail domains */
    impersonation.folder = "calendar";
    m365.ews_url = xr_m365_ews_url;
    m365.account = NULL;
    check_org(&direct, "");
    check_org(&impersonation, "");
    check_org(&m365, "");
}
END_TEST

START_TEST(what_the_type_of_an_organisation_needs_is_missed)
{
    struct xr_org impersonation = org_of(XR_ORG_IMPERSONATION), m365 = org_of(XR_ORG_M365_OAUTH);

    impersonation.account = NULL;
    impersonation.has[XR_SECRET_PASSWORD] = false;
    m365.has[XR_SECRET_TOKEN] = false;
    check_org(&impersonation, "error config.incomplete account;error config.incomplete password;");
    check_org(&m365, "error config.incomplete token;");
}
END_TEST

START_TEST(what_the_type_of_an_organisation_has_not_is_told)
{
    struct xr_org direct = org_of(XR_ORG_DIRECT);

    direct.account = "svc"; /* its form does not matter then */
    direct.has[XR_SECRET_PASSWORD] = true;
    check_org(&direct, "error config.conflict account;warning config.conflict password;");
}
END_TEST

START_TEST(the_values_of_an_organisation_have_a_form)
{
    static const char *const domains[] = { "contoso.com", "con toso", NULL };
    struct xr_org org = org_of(XR_ORG_IMPERSONATION);

    org.account = "svc";
    org.ews_url = "mail.contoso.com/EWS/Exchange.asmx";
    org.folder = "Posteingang";
    org.domains = domains;
    check_org(&org, "error input.account-format account;error input.ews-url-invalid ews_url;"
                    "error config.conflict folder;error input.address-invalid domain;");
    org = org_of(XR_ORG_M365_OAUTH);
    org.ews_url = "http://mail.contoso.com/EWS/Exchange.asmx";
    check_org(&org, "error input.ews-url-not-https ews_url;");
}
END_TEST

/* Seed C16. */
START_TEST(a_password_for_microsoft_365_is_diagnosed)
{
    struct xr_org org = org_of(XR_ORG_IMPERSONATION), direct = org_of(XR_ORG_DIRECT);
    struct xr_user user = user_of(XR_USER_PASSWORD), oauth = user_of(XR_USER_OAUTH);

    org.ews_url = xr_m365_ews_url;
    check_org(&org, "error input.access-type-mismatch ews_url;");
    struct xr_user inherits = user_of(XR_USER_INHERIT);
    check_user(&org, &inherits, ""); /* told once, not for each of them */
    org.ews_url = NULL;
    inherits.ews_url = xr_m365_ews_url;
    check_user(&org, &inherits, "error input.access-type-mismatch ews_url;");

    direct.ews_url = "https://OUTLOOK.office365.com/EWS/Exchange.asmx";
    user.has[XR_SECRET_PASSWORD] = oauth.has[XR_SECRET_TOKEN] = true;
    check_org(&direct, ""); /* its users may have tokens */
    check_user(&direct, &user, "error input.access-type-mismatch ews_url;");
    check_user(&direct, &oauth, "");
    user.ews_url =
        "https://mail.contoso.com/EWS/Exchange.asmx"; /* the mailbox is still on premises */
    check_user(&direct, &user, "");
}
END_TEST

START_TEST(a_password_for_a_mailbox_on_premises_of_a_hybrid_organisation_is_fine)
{
    struct xr_org org = org_of(XR_ORG_M365_OAUTH);
    struct xr_user user = user_of(XR_USER_IMPERSONATION);

    check_user(&org, &user,
        "error config.incomplete account;error config.incomplete password;"
        "error config.incomplete ews_url;");
    user.account = "CONTOSO\\onprem";
    user.ews_url = "https://mail.contoso.com/EWS/Exchange.asmx";
    user.has[XR_SECRET_PASSWORD] = true;
    check_user(&org, &user, "");
    user.ews_url = xr_m365_ews_url;
    check_user(&org, &user, "error input.access-type-mismatch ews_url;");
}
END_TEST

START_TEST(a_user_who_inherits_all_gets_no_remark)
{
    struct xr_user user = user_of(XR_USER_INHERIT);
    struct xr_org impersonation = org_of(XR_ORG_IMPERSONATION), m365 = org_of(XR_ORG_M365_OAUTH);

    check_user(&impersonation, &user, "");
    check_user(&m365, &user, "");
}
END_TEST

START_TEST(what_neither_the_user_nor_the_organisation_has_is_missed)
{
    struct xr_user user = user_of(XR_USER_INHERIT);
    struct xr_org org = org_of(XR_ORG_IMPERSONATION), m365 = org_of(XR_ORG_M365_OAUTH);

    org.account = NULL;
    org.has[XR_SECRET_PASSWORD] = m365.has[XR_SECRET_TOKEN] = false;
    check_user(&org, &user, "error config.incomplete account;error config.incomplete password;");
    check_user(&m365, &user, "error config.incomplete token;");
    user.account = "CONTOSO\\own";
    user.has[XR_SECRET_PASSWORD] = true;
    check_user(&org, &user, "");
}
END_TEST

START_TEST(direct_logon_without_a_password_is_incomplete)
{
    struct xr_org org = org_of(XR_ORG_DIRECT);
    struct xr_user user = user_of(XR_USER_INHERIT), oauth = user_of(XR_USER_OAUTH);

    check_user(&org, &user, "error config.incomplete password;");
    check_user(&org, &oauth, "error config.incomplete token;");
}
END_TEST

START_TEST(half_of_an_account_and_its_password_contradicts)
{
    struct xr_org org = org_of(XR_ORG_IMPERSONATION);
    struct xr_user user = user_of(XR_USER_IMPERSONATION);

    user.account = "CONTOSO\\own";
    check_user(&org, &user, "error config.conflict password;");
    user.invalidated_ms = 1; /* there was one */
    check_user(&org, &user, "error config.incomplete password;");
    user.account = NULL;
    user.has[XR_SECRET_PASSWORD] = true;
    check_user(&org, &user, "error config.conflict account;");
}
END_TEST

START_TEST(an_invalidated_token_is_missed_and_not_replaced)
{
    struct xr_org org = org_of(XR_ORG_M365_OAUTH);
    struct xr_user user = user_of(XR_USER_OAUTH);

    check_user(&org, &user, "");
    user.invalidated_ms = 1;
    check_user(&org, &user, "error config.incomplete token;");
    user.user_name = "ann@contoso.com";
    check_user(&org, &user, "error config.incomplete token;");
}
END_TEST

START_TEST(a_type_that_is_not_allowed_is_all_there_is_to_tell)
{
    struct xr_org direct = org_of(XR_ORG_DIRECT), m365 = org_of(XR_ORG_M365_OAUTH);
    struct xr_user impersonated = user_of(XR_USER_IMPERSONATION),
                   password = user_of(XR_USER_PASSWORD);

    check_user(&direct, &impersonated, "error config.conflict access_type;");
    check_user(&m365, &password, "error config.conflict access_type;");
}
END_TEST

START_TEST(the_values_of_a_user_have_a_form)
{
    struct xr_org org = org_of(XR_ORG_DIRECT);
    struct xr_user user = user_of(XR_USER_PASSWORD);

    user.email = "ann contoso.com";
    user.user_name = "ann";
    user.ews_url = "http://mail.contoso.com/";
    user.account = "CONTOSO\\svc";
    user.has[XR_SECRET_PASSWORD] = true;
    check_user(&org, &user,
        "error input.address-invalid email;error config.conflict account;"
        "error input.account-format user_name;error input.ews-url-not-https ews_url;");
}
END_TEST

START_TEST(an_address_outside_of_the_domains_is_a_warning)
{
    struct xr_org org = org_of(XR_ORG_IMPERSONATION);
    struct xr_user user = user_of(XR_USER_INHERIT);

    user.email = "ann@Sub.Contoso.com";
    check_user(&org, &user, "");
    user.email = "ann@m\xc3\xbcnchen.example"; /* domains are kept as A-labels */
    check_user(&org, &user, "");
    user.email = "ann@notcontoso.com";
    org.ews_url = "https://mail.contoso.com/EWS/Exchange.asmx";
    check_user(&org, &user, "warning config.outside-domains email;");
    org.domains = no_domains;
    check_user(&org, &user, "");
}
END_TEST

/* A list of users must not be a way to have the organisation's password sent to strangers. */
START_TEST(the_organisations_secret_stays_with_its_hosts)
{
    struct xr_org org = org_of(XR_ORG_IMPERSONATION);
    struct xr_user user = user_of(XR_USER_INHERIT);

    user.email = "bob@evil.example";
    check_user(&org, &user, "error config.outside-domains email;");
    org.domains = no_domains;
    check_user(&org, &user, "error config.incomplete domain;");
    org.ews_url = "https://mail.contoso.com/EWS/Exchange.asmx";
    check_user(&org, &user, "");
    user.ews_url = "https://mail.evil.example/EWS/Exchange.asmx";
    check_user(&org, &user, "error config.conflict ews_url;");
    user.ews_url = "https://MAIL.contoso.com/other";
    check_user(&org, &user, "");
    org = org_of(XR_ORG_IMPERSONATION);
    user = user_of(XR_USER_INHERIT);
    user.ews_url = "https://ews.sub.contoso.com/EWS/Exchange.asmx";
    check_user(&org, &user, "");
    user = user_of(XR_USER_PASSWORD); /* credentials of one's own may go where one says */
    user.email = "bob@evil.example";
    user.has[XR_SECRET_PASSWORD] = true;
    check_user(&org, &user, "warning config.outside-domains email;");
}
END_TEST

START_TEST(a_strangers_value_is_quoted_short_and_visible)
{
    struct xr_arena *arena = xr_arena_new();
    struct xr_org org = org_of(XR_ORG_IMPERSONATION);
    char *value = xr_alloc(arena, 2001);

    memset(value, 'x', 2000);
    value[0] = '\x1b';
    org.account = value;
    const struct xr_remark *remark = xr_lint_org(arena, &org);
    ck_assert_ptr_nonnull(remark);
    ck_assert_ptr_null(strchr(remark->message, '\x1b'));
    ck_assert_uint_lt(strlen(remark->message), 300);
    xr_arena_free(arena);
}
END_TEST

static void expect_message(const struct xr_remark *remark, const char *field, const char *needle)
{
    while (remark && strcmp(remark->field, field) != 0)
        remark = remark->next;
    ck_assert_ptr_nonnull(remark);
    ck_assert_msg(strstr(remark->message, needle), "%s has no %s", remark->message, needle);
}

START_TEST(what_is_missing_names_what_needs_it_and_the_command_that_sets_it)
{
    struct xr_arena *arena = xr_arena_new();
    struct xr_org org = org_of(XR_ORG_IMPERSONATION), direct = org_of(XR_ORG_DIRECT);
    struct xr_user user = user_of(XR_USER_INHERIT);

    org.account = NULL;
    org.has[XR_SECRET_PASSWORD] = false;
    const struct xr_remark *of_org = xr_lint_org(arena, &org);
    expect_message(of_org, "account", "Exchange Impersonation with a password needs it");
    expect_message(of_org, "account", "exray org set 'Contoso' --account LOGON");
    expect_message(of_org, "password", "exray org set 'Contoso' --password-file F");
    expect_message(xr_lint_user(arena, &org, &user), "password", "exray org set 'Contoso'");
    const struct xr_remark *of_user = xr_lint_user(arena, &direct, &user);
    expect_message(of_user, "password", "direct logon with a password needs it");
    expect_message(of_user, "password",
        "exray user set --org 'Contoso' 'ann@contoso.com' --password-file F sets it");
    ck_assert_ptr_null(strstr(of_user->message, "inherit"));
    direct.name = "-\x1b"; /* nobody could copy it */
    expect_message(xr_lint_user(arena, &direct, &user), "password", "--org ... 'ann");
    xr_arena_free(arena);
}
END_TEST

XR_UNIT_MAIN("lint", a_sound_organisation_gets_no_remark,
    what_the_type_of_an_organisation_needs_is_missed,
    what_the_type_of_an_organisation_has_not_is_told, the_values_of_an_organisation_have_a_form,
    a_password_for_microsoft_365_is_diagnosed,
    a_password_for_a_mailbox_on_premises_of_a_hybrid_organisation_is_fine,
    a_user_who_inherits_all_gets_no_remark,
    what_neither_the_user_nor_the_organisation_has_is_missed,
    direct_logon_without_a_password_is_incomplete, half_of_an_account_and_its_password_contradicts,
    an_invalidated_token_is_missed_and_not_replaced,
    a_type_that_is_not_allowed_is_all_there_is_to_tell, the_values_of_a_user_have_a_form,
    an_address_outside_of_the_domains_is_a_warning, the_organisations_secret_stays_with_its_hosts,
    a_strangers_value_is_quoted_short_and_visible,
    what_is_missing_names_what_needs_it_and_the_command_that_sets_it)
