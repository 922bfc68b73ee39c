#include <string.h>

#include "analyzer/org/access.h"
#include "tests/unit.h"

static const char *const no_domains[] = { NULL };

/* An organisation with every value that there is: what its type has no use for must not count. */
static struct xr_org org_of(enum xr_org_access access)
{
    return (struct xr_org){
        .name = "Contoso",
        .domains = no_domains,
        .access = access,
        .account = "CONTOSO\\svc",
        .has = { true, true },
    };
}

static struct xr_user user_of(enum xr_user_access access)
{
    return (struct xr_user){ .email = "ann@contoso.com", .access = access, .enabled = true };
}

static struct xr_user full_user_of(enum xr_user_access access)
{
    struct xr_user user = user_of(access);

    user.account = "CONTOSO\\own";
    user.user_name = "CONTOSO\\ann";
    user.ews_url = "https://own.contoso.com/EWS/Exchange.asmx";
    user.has[XR_SECRET_PASSWORD] = user.has[XR_SECRET_TOKEN] = true;
    return user;
}

static void check_value(struct xr_sourced is, const char *value, enum xr_origin_of from)
{
    ck_assert_pstr_eq(is.value, value);
    ck_assert_str_eq(xr_origin_of_name(is.from), xr_origin_of_name(from));
}

START_TEST(each_pair_of_types_has_its_fields)
{
    /* r refused, o optional, R required, of: account password token ews_url user_name */
    static const struct {
        enum xr_org_access org;
        enum xr_user_access user;
        const char *uses;
    } rows[] = {
        { XR_ORG_DIRECT, XR_USER_INHERIT, "rRroo" },
        { XR_ORG_DIRECT, XR_USER_PASSWORD, "rRroo" },
        { XR_ORG_DIRECT, XR_USER_OAUTH, "rrRoo" },
        { XR_ORG_DIRECT, XR_USER_IMPERSONATION, NULL },
        { XR_ORG_IMPERSONATION, XR_USER_INHERIT, "ooror" },
        { XR_ORG_IMPERSONATION, XR_USER_PASSWORD, "rRroo" },
        { XR_ORG_IMPERSONATION, XR_USER_OAUTH, "rrRoo" },
        { XR_ORG_IMPERSONATION, XR_USER_IMPERSONATION, "ooror" },
        { XR_ORG_M365_OAUTH, XR_USER_INHERIT, "rrror" },
        { XR_ORG_M365_OAUTH, XR_USER_PASSWORD, NULL },
        { XR_ORG_M365_OAUTH, XR_USER_OAUTH, "rrooo" },
        { XR_ORG_M365_OAUTH, XR_USER_IMPERSONATION, "RRrRr" },
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        const char *uses = rows[i].uses ? rows[i].uses : "rrrrr";
        ck_assert_int_eq(!xr_user_access_flaw(rows[i].org, rows[i].user), rows[i].uses != NULL);
        for (int f = 0; f < XR_FIELD_COUNT; f++) {
            enum xr_use use = xr_user_use(rows[i].org, rows[i].user, (enum xr_field)f);
            ck_assert_msg("roR"[use] == uses[f], "%s under %s: %s",
                xr_user_access_name(rows[i].user), xr_org_access_name(rows[i].org),
                xr_field_name((enum xr_field)f));
        }
    }
}
END_TEST

START_TEST(an_organisation_has_the_fields_of_its_type)
{
    static const char *const uses[XR_ORG_ACCESS_COUNT] = { "rrror", "RRror", "orRor" };

    for (int o = 0; o < XR_ORG_ACCESS_COUNT; o++)
        for (int f = 0; f < XR_FIELD_COUNT; f++)
            ck_assert_int_eq(
                "roR"[xr_org_use((enum xr_org_access)o, (enum xr_field)f)], uses[o][f]);
}
END_TEST

/* Seed C3: direct logon needs nothing of the organisation. */
START_TEST(direct_logon_is_as_the_user_with_his_password)
{
    struct xr_org org = org_of(XR_ORG_DIRECT);
    struct xr_user user = user_of(XR_USER_INHERIT);
    struct xr_effective is = xr_effective(&org, &user);

    ck_assert_int_eq(is.mode, XR_MODE_DIRECT_PASSWORD);
    ck_assert_int_eq(is.mode_from, XR_OF_ORG);
    check_value(is.account, "ann@contoso.com", XR_OF_TYPE);
    check_value(is.ews_url, NULL, XR_OF_NONE);
    check_value(is.folder, "inbox", XR_OF_TYPE);
    ck_assert_int_eq(is.secret_from, XR_OF_NONE);

    user = full_user_of(XR_USER_PASSWORD);
    org.folder = "calendar";
    is = xr_effective(&org, &user);
    ck_assert_int_eq(is.mode_from, XR_OF_USER);
    check_value(is.account, "CONTOSO\\ann", XR_OF_USER);
    check_value(is.ews_url, user.ews_url, XR_OF_USER);
    check_value(is.folder, "calendar", XR_OF_ORG);
    ck_assert_int_eq(is.secret_from, XR_OF_USER);
}
END_TEST

START_TEST(impersonation_takes_what_the_user_has_not_from_the_organisation)
{
    struct xr_org org = org_of(XR_ORG_IMPERSONATION);
    struct xr_user user = user_of(XR_USER_INHERIT);

    org.ews_url = "https://mail.contoso.com/EWS/Exchange.asmx";
    struct xr_effective is = xr_effective(&org, &user);
    ck_assert_int_eq(is.mode, XR_MODE_IMPERSONATE_PASSWORD);
    check_value(is.account, "CONTOSO\\svc", XR_OF_ORG);
    check_value(is.ews_url, org.ews_url, XR_OF_ORG);
    ck_assert_int_eq(is.secret_from, XR_OF_ORG);

    user.ews_url = "https://other.contoso.com/EWS/Exchange.asmx";
    is = xr_effective(&org, &user);
    check_value(is.ews_url, user.ews_url, XR_OF_USER);
    ck_assert_int_eq(is.secret_from, XR_OF_ORG);

    user = full_user_of(XR_USER_IMPERSONATION);
    is = xr_effective(&org, &user);
    check_value(is.account, "CONTOSO\\own", XR_OF_USER);
    ck_assert_int_eq(is.secret_from, XR_OF_USER);
}
END_TEST

/* Else the organisation's password would go to a server as that of somebody else's account. */
START_TEST(an_account_of_his_own_never_gets_the_password_of_the_organisation)
{
    struct xr_org org = org_of(XR_ORG_IMPERSONATION);
    struct xr_user user = user_of(XR_USER_INHERIT);

    user.account = "CONTOSO\\own";
    struct xr_effective is = xr_effective(&org, &user);
    check_value(is.account, "CONTOSO\\own", XR_OF_USER);
    ck_assert_int_eq(is.secret_from, XR_OF_NONE);

    user.account = NULL;
    user.has[XR_SECRET_PASSWORD] = true; /* nor the organisation's account his password */
    is = xr_effective(&org, &user);
    check_value(is.account, "CONTOSO\\svc", XR_OF_ORG);
    ck_assert_int_eq(is.secret_from, XR_OF_ORG);
}
END_TEST

START_TEST(under_impersonation_a_user_may_log_on_as_himself)
{
    struct xr_org org = org_of(XR_ORG_IMPERSONATION);
    struct xr_user user = user_of(XR_USER_PASSWORD);
    struct xr_effective is = xr_effective(&org, &user);

    ck_assert_int_eq(is.mode, XR_MODE_DIRECT_PASSWORD);
    check_value(is.account, "ann@contoso.com", XR_OF_TYPE);
    ck_assert_int_eq(is.secret_from, XR_OF_NONE);

    user = full_user_of(XR_USER_OAUTH);
    is = xr_effective(&org, &user);
    ck_assert_int_eq(is.mode, XR_MODE_DIRECT_TOKEN);
    ck_assert_int_eq(is.secret_from, XR_OF_USER);
}
END_TEST

START_TEST(microsoft_365_has_one_address_and_the_token_of_the_organisation)
{
    struct xr_org org = org_of(XR_ORG_M365_OAUTH);
    struct xr_user user = user_of(XR_USER_INHERIT);
    struct xr_effective is = xr_effective(&org, &user);

    ck_assert_int_eq(is.mode, XR_MODE_IMPERSONATE_TOKEN);
    check_value(is.account, "CONTOSO\\svc", XR_OF_ORG);
    check_value(is.ews_url, xr_m365_ews_url, XR_OF_TYPE);
    ck_assert_int_eq(is.secret_from, XR_OF_ORG);

    org.has[XR_SECRET_TOKEN] = false; /* its password is none */
    org.account = NULL;
    org.ews_url = "https://outlook.office365.us/EWS/Exchange.asmx";
    is = xr_effective(&org, &user);
    check_value(is.account, NULL, XR_OF_NONE);
    check_value(is.ews_url, org.ews_url, XR_OF_ORG);
    ck_assert_int_eq(is.secret_from, XR_OF_NONE);
}
END_TEST

START_TEST(a_token_of_his_own_makes_it_a_direct_logon)
{
    struct xr_org org = org_of(XR_ORG_M365_OAUTH);
    struct xr_user user = user_of(XR_USER_OAUTH);

    ck_assert_int_eq(xr_effective(&org, &user).mode, XR_MODE_IMPERSONATE_TOKEN);
    user.has[XR_SECRET_TOKEN] = true;
    struct xr_effective is = xr_effective(&org, &user);
    ck_assert_int_eq(is.mode, XR_MODE_DIRECT_TOKEN);
    check_value(is.account, "ann@contoso.com", XR_OF_TYPE);
    check_value(is.ews_url, xr_m365_ews_url, XR_OF_TYPE);
    ck_assert_int_eq(is.secret_from, XR_OF_USER);

    user.access = XR_USER_INHERIT; /* he is opened as all others are */
    ck_assert_int_eq(xr_effective(&org, &user).mode, XR_MODE_IMPERSONATE_TOKEN);
    ck_assert_int_eq(xr_effective(&org, &user).secret_from, XR_OF_ORG);
}
END_TEST

START_TEST(an_invalidated_token_does_not_fall_back_to_that_of_the_organisation)
{
    struct xr_org org = org_of(XR_ORG_M365_OAUTH);
    struct xr_user user = user_of(XR_USER_OAUTH);

    user.invalidated_ms = 1;
    struct xr_effective is = xr_effective(&org, &user);
    ck_assert_int_eq(is.mode, XR_MODE_DIRECT_TOKEN);
    ck_assert_int_eq(is.secret_from, XR_OF_NONE);
    user.access = XR_USER_INHERIT;
    ck_assert_int_eq(xr_effective(&org, &user).secret_from, XR_OF_ORG);
}
END_TEST

/* Hybrid: the organisation's URL is that of Microsoft 365, and its account has no password. */
START_TEST(on_premises_under_microsoft_365_nothing_is_inherited)
{
    struct xr_org org = org_of(XR_ORG_M365_OAUTH);
    struct xr_user user = user_of(XR_USER_IMPERSONATION);

    org.ews_url = xr_m365_ews_url;
    struct xr_effective is = xr_effective(&org, &user);
    check_value(is.account, NULL, XR_OF_NONE);
    check_value(is.ews_url, NULL, XR_OF_NONE);
    ck_assert_int_eq(is.secret_from, XR_OF_NONE);

    user = full_user_of(XR_USER_IMPERSONATION);
    is = xr_effective(&org, &user);
    ck_assert_int_eq(is.mode, XR_MODE_IMPERSONATE_PASSWORD);
    check_value(is.account, "CONTOSO\\own", XR_OF_USER);
    check_value(is.ews_url, user.ews_url, XR_OF_USER);
    ck_assert_int_eq(is.secret_from, XR_OF_USER);
}
END_TEST

/* Whatever is stored, nothing can be sent for a type that is not allowed. */
START_TEST(a_type_that_is_not_allowed_has_no_secret)
{
    struct xr_org direct = org_of(XR_ORG_DIRECT), m365 = org_of(XR_ORG_M365_OAUTH);
    struct xr_user impersonated = full_user_of(XR_USER_IMPERSONATION),
                   password = full_user_of(XR_USER_PASSWORD);
    struct xr_effective is = xr_effective(&direct, &impersonated);

    check_value(is.account, NULL, XR_OF_NONE);
    ck_assert_int_eq(is.secret_from, XR_OF_NONE);
    is = xr_effective(&m365, &password);
    ck_assert_int_eq(is.mode, XR_MODE_DIRECT_PASSWORD);
    ck_assert_int_eq(is.secret_from, XR_OF_NONE);
}
END_TEST

static void check_secret_of(const struct xr_org *org, const struct xr_user *user)
{
    struct xr_effective is = xr_effective(org, user);
    enum xr_secret_kind kind = xr_mode_secret(is.mode);

    ck_assert(is.secret_from != XR_OF_USER || user->has[kind]);
    ck_assert(is.secret_from != XR_OF_ORG || org->has[kind]);
    ck_assert(is.secret_from != XR_OF_ORG || is.account.from != XR_OF_USER);
    ck_assert_int_eq(is.account.value == NULL, is.account.from == XR_OF_NONE);
}

/* Of all combinations: the owner of an effective secret has it, and it is his account's. */
START_TEST(a_secret_comes_from_somebody_who_has_it)
{
    for (int i = 0; i < XR_ORG_ACCESS_COUNT * XR_USER_ACCESS_COUNT * 64; i++) {
        int types = i / 64;
        struct xr_org org = org_of((enum xr_org_access)(types / XR_USER_ACCESS_COUNT));
        struct xr_user user = user_of((enum xr_user_access)(types % XR_USER_ACCESS_COUNT));
        memcpy(org.has, (bool[2]){ i & 1, i & 2 }, sizeof(org.has));
        memcpy(user.has, (bool[2]){ i & 4, i & 8 }, sizeof(user.has));
        user.account = i & 16 ? "CONTOSO\\own" : NULL;
        user.invalidated_ms = i & 32;
        check_secret_of(&org, &user);
    }
}
END_TEST

XR_UNIT_MAIN("access", each_pair_of_types_has_its_fields,
    an_organisation_has_the_fields_of_its_type, direct_logon_is_as_the_user_with_his_password,
    impersonation_takes_what_the_user_has_not_from_the_organisation,
    an_account_of_his_own_never_gets_the_password_of_the_organisation,
    under_impersonation_a_user_may_log_on_as_himself,
    microsoft_365_has_one_address_and_the_token_of_the_organisation,
    a_token_of_his_own_makes_it_a_direct_logon,
    an_invalidated_token_does_not_fall_back_to_that_of_the_organisation,
    on_premises_under_microsoft_365_nothing_is_inherited, a_type_that_is_not_allowed_has_no_secret,
    a_secret_comes_from_somebody_who_has_it)
