#include "analyzer/org/access.h"

#include <stddef.h>

const char xr_m365_ews_url[] = "https://outlook.office365.com/EWS/Exchange.asmx";

struct uses {
    enum xr_use of[XR_FIELD_COUNT];
};

/* One row for each type of an organisation: what is not named is refused. */
static const struct org_rule {
    enum xr_user_access inherited; /* what "inherit" means for its users */
    struct uses uses;
} org_rules[XR_ORG_ACCESS_COUNT] = {
    [XR_ORG_DIRECT] = {
        .inherited = XR_USER_PASSWORD,
        .uses.of = { [XR_FIELD_EWS_URL] = XR_USE_OPTIONAL },
    },
    [XR_ORG_IMPERSONATION] = {
        .inherited = XR_USER_IMPERSONATION,
        .uses.of = { [XR_FIELD_ACCOUNT] = XR_USE_REQUIRED,
            [XR_FIELD_PASSWORD] = XR_USE_REQUIRED,
            [XR_FIELD_EWS_URL] = XR_USE_OPTIONAL },
    },
    [XR_ORG_M365_OAUTH] = {
        .inherited = XR_USER_OAUTH,
        .uses.of = { [XR_FIELD_ACCOUNT] = XR_USE_OPTIONAL,
            [XR_FIELD_TOKEN] = XR_USE_REQUIRED,
            [XR_FIELD_EWS_URL] = XR_USE_OPTIONAL },
    },
};

/* The rows of users. Those of a type that is not allowed have a flaw and no uses. */
struct user_rule {
    const char *flaw;
    struct uses uses;
};

/* clang-format off */
#define AS_THEMSELVES(secret)                                                           \
    { .uses.of = { [secret] = XR_USE_REQUIRED, [XR_FIELD_EWS_URL] = XR_USE_OPTIONAL,    \
                   [XR_FIELD_USER_NAME] = XR_USE_OPTIONAL } }
#define BY_A_SERVICE_ACCOUNT(use)                                                       \
    { .uses.of = { [XR_FIELD_ACCOUNT] = (use), [XR_FIELD_PASSWORD] = (use),             \
                   [XR_FIELD_EWS_URL] = (use) } }
/* clang-format on */

static const struct user_rule user_rules[XR_ORG_ACCESS_COUNT][XR_USER_ACCESS_COUNT] = {
    [XR_ORG_DIRECT] = {
        [XR_USER_INHERIT] = AS_THEMSELVES(XR_FIELD_PASSWORD),
        [XR_USER_PASSWORD] = AS_THEMSELVES(XR_FIELD_PASSWORD),
        [XR_USER_OAUTH] = AS_THEMSELVES(XR_FIELD_TOKEN),
        [XR_USER_IMPERSONATION] = {
            .flaw = "the users of the organisation log on as themselves, and there is no service "
                    "account (its mailbox access type is direct-logon)",
        },
    },
    [XR_ORG_IMPERSONATION] = {
        [XR_USER_INHERIT] = BY_A_SERVICE_ACCOUNT(XR_USE_OPTIONAL),
        [XR_USER_PASSWORD] = AS_THEMSELVES(XR_FIELD_PASSWORD),
        [XR_USER_OAUTH] = AS_THEMSELVES(XR_FIELD_TOKEN),
        [XR_USER_IMPERSONATION] = BY_A_SERVICE_ACCOUNT(XR_USE_OPTIONAL),
    },
    [XR_ORG_M365_OAUTH] = {
        [XR_USER_INHERIT] = { .uses.of = { [XR_FIELD_EWS_URL] = XR_USE_OPTIONAL } },
        [XR_USER_PASSWORD] = {
            .flaw = "Microsoft 365 accepts no password for EWS, only OAuth (the organisation's "
                    "mailbox access type is m365-oauth-impersonated)",
        },
        [XR_USER_OAUTH] = { .uses.of = { [XR_FIELD_TOKEN] = XR_USE_OPTIONAL,
            [XR_FIELD_EWS_URL] = XR_USE_OPTIONAL,
            [XR_FIELD_USER_NAME] = XR_USE_OPTIONAL } },
        [XR_USER_IMPERSONATION] = BY_A_SERVICE_ACCOUNT(XR_USE_REQUIRED),
    },
};

static const struct {
    const char *name, *title;
    bool impersonates;
    enum xr_secret_kind secret;
} modes[] = {
    [XR_MODE_DIRECT_PASSWORD] = { "direct-password", "direct logon with a password", false,
        XR_SECRET_PASSWORD },
    [XR_MODE_DIRECT_TOKEN] = { "direct-token", "direct logon with OAuth", false, XR_SECRET_TOKEN },
    [XR_MODE_IMPERSONATE_PASSWORD] = { "impersonate-password",
        "Exchange Impersonation with a password", true, XR_SECRET_PASSWORD },
    [XR_MODE_IMPERSONATE_TOKEN] = { "impersonate-token", "Exchange Impersonation with OAuth", true,
        XR_SECRET_TOKEN },
};

const char *xr_field_name(enum xr_field field)
{
    static const char *const names[XR_FIELD_COUNT] = {
        [XR_FIELD_ACCOUNT] = "account",
        [XR_FIELD_PASSWORD] = "password",
        [XR_FIELD_TOKEN] = "token",
        [XR_FIELD_EWS_URL] = "ews_url",
        [XR_FIELD_USER_NAME] = "user_name",
    };

    return names[field];
}

const char *xr_origin_of_name(enum xr_origin_of origin)
{
    static const char *const names[] = {
        [XR_OF_USER] = "user",
        [XR_OF_ORG] = "organization",
        [XR_OF_TYPE] = "default",
        [XR_OF_NONE] = "none",
    };

    return names[origin];
}

enum xr_use xr_org_use(enum xr_org_access access, enum xr_field field)
{
    return org_rules[access].uses.of[field];
}

enum xr_use xr_user_use(enum xr_org_access org, enum xr_user_access user, enum xr_field field)
{
    return user_rules[org][user].uses.of[field];
}

const char *xr_user_access_flaw(enum xr_org_access org, enum xr_user_access user)
{
    return user_rules[org][user].flaw;
}

bool xr_mode_impersonates(enum xr_mode mode)
{
    return modes[mode].impersonates;
}

enum xr_secret_kind xr_mode_secret(enum xr_mode mode)
{
    return modes[mode].secret;
}

const char *xr_mode_title(enum xr_mode mode)
{
    return modes[mode].title;
}

const char *xr_mode_name(enum xr_mode mode)
{
    return modes[mode].name;
}

/* A user and the organisation, looked at together. */
struct pair {
    const struct xr_org *org;
    const struct xr_user *user;
};

/* A value of the user or of the organisation counts only where the type has the field. */
static const char *of_user(struct pair pair, enum xr_field field, const char *value)
{
    return xr_user_use(pair.org->access, pair.user->access, field) == XR_USE_REFUSED ? NULL : value;
}

static const char *of_org(struct pair pair, enum xr_field field, const char *value)
{
    return xr_org_use(pair.org->access, field) == XR_USE_REFUSED ? NULL : value;
}

static struct xr_sourced sourced(const char *value, enum xr_origin_of from)
{
    return (struct xr_sourced){ value, value ? from : XR_OF_NONE };
}

/* Where a token is optional, a user without one of their own is opened with the organisation's. One
 * whose token was invalidated is not: that would undo the invalidation without anybody's word. */
static enum xr_mode mode_of(struct pair pair, enum xr_user_access access)
{
    const struct xr_user *user = pair.user;
    enum xr_use use = xr_user_use(pair.org->access, user->access, XR_FIELD_TOKEN);

    if (access == XR_USER_PASSWORD)
        return XR_MODE_DIRECT_PASSWORD;
    if (access == XR_USER_IMPERSONATION)
        return XR_MODE_IMPERSONATE_PASSWORD;
    bool own = use == XR_USE_REQUIRED || user->has[XR_SECRET_TOKEN] || user->invalidated_ms;
    return own && use != XR_USE_REFUSED ? XR_MODE_DIRECT_TOKEN : XR_MODE_IMPERSONATE_TOKEN;
}

static struct xr_sourced account_of(struct pair pair, enum xr_mode mode)
{
    const char *own = of_user(pair, XR_FIELD_ACCOUNT, pair.user->account);
    const char *name = of_user(pair, XR_FIELD_USER_NAME, pair.user->user_name);
    bool all_of_their_own =
        xr_user_use(pair.org->access, pair.user->access, XR_FIELD_ACCOUNT) == XR_USE_REQUIRED;

    if (!xr_mode_impersonates(mode))
        return name ? sourced(name, XR_OF_USER) : sourced(pair.user->email, XR_OF_TYPE);
    if (own || all_of_their_own)
        return sourced(own, XR_OF_USER);
    return sourced(of_org(pair, XR_FIELD_ACCOUNT, pair.org->account), XR_OF_ORG);
}

static struct xr_sourced ews_url_of(struct pair pair)
{
    const char *own = of_user(pair, XR_FIELD_EWS_URL, pair.user->ews_url);
    const char *orgs = of_org(pair, XR_FIELD_EWS_URL, pair.org->ews_url);

    if (own ||
        xr_user_use(pair.org->access, pair.user->access, XR_FIELD_EWS_URL) == XR_USE_REQUIRED)
        return sourced(own, XR_OF_USER);
    if (orgs || pair.org->access != XR_ORG_M365_OAUTH)
        return sourced(orgs, XR_OF_ORG);
    return sourced(xr_m365_ews_url, XR_OF_TYPE);
}

static enum xr_origin_of secret_of(struct pair pair, enum xr_mode mode, enum xr_origin_of account)
{
    enum xr_secret_kind kind = xr_mode_secret(mode);
    enum xr_field field = kind == XR_SECRET_TOKEN ? XR_FIELD_TOKEN : XR_FIELD_PASSWORD;
    bool own = !xr_mode_impersonates(mode) || account == XR_OF_USER ||
               xr_user_use(pair.org->access, pair.user->access, field) == XR_USE_REQUIRED;

    if (xr_user_access_flaw(pair.org->access, pair.user->access))
        return XR_OF_NONE;
    if (own)
        return pair.user->has[kind] ? XR_OF_USER : XR_OF_NONE;
    return pair.org->has[kind] ? XR_OF_ORG : XR_OF_NONE;
}

struct xr_effective xr_effective(const struct xr_org *org, const struct xr_user *user)
{
    struct pair pair = { org, user };
    bool inherits = user->access == XR_USER_INHERIT;
    enum xr_mode mode = mode_of(pair, inherits ? org_rules[org->access].inherited : user->access);
    struct xr_sourced account = account_of(pair, mode);

    return (struct xr_effective){
        .mode = mode,
        .mode_from = inherits ? XR_OF_ORG : XR_OF_USER,
        .mailbox = user->email,
        .account = account,
        .ews_url = ews_url_of(pair),
        .folder = org->folder ? sourced(org->folder, XR_OF_ORG) : sourced("inbox", XR_OF_TYPE),
        .secret_from = secret_of(pair, mode, account.from),
    };
}
