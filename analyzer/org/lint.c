#include "analyzer/org/lint.h"

#include "analyzer/base/text.h"
#include "analyzer/model/expand.h"
#include "analyzer/model/target.h"
#include "analyzer/wire/ews.h"
#include "analyzer/wire/url.h"

struct remarks {
    struct xr_arena *arena;
    struct xr_remark *first, **end;
};

static void remark(struct remarks *remarks, enum xr_finding_code code, enum xr_status status,
    const char *field, const char *fmt, ...) __attribute__((format(printf, 5, 6)));

static void remark(struct remarks *remarks, enum xr_finding_code code, enum xr_status status,
    const char *field, const char *fmt, ...)
{
    struct xr_remark *remark = xr_new(remarks->arena, struct xr_remark);
    va_list args;

    va_start(args, fmt);
    *remark = (struct xr_remark){
        .code = code,
        .status = status,
        .field = field,
        .message = xr_vprintf(remarks->arena, fmt, args),
    };
    va_end(args);
    *remarks->end = remark;
    remarks->end = &remark->next;
}

static const char *quoted(const struct remarks *remarks, const char *value)
{
    return xr_excerpt(remarks->arena, value, XR_QUOTED_MAX);
}

/* An organisation or a user, as far as both have the same fields. */
struct record {
    const struct xr_org *org;
    const struct xr_user *user; /* NULL: it is the organisation itself */
    const char *type;           /* the name of its access type */
    enum xr_mode mode;          /* what the type comes down to */
    enum xr_use use[XR_FIELD_COUNT];
    const char *text[XR_FIELD_COUNT]; /* NULL: not set, or a secret */
    bool has[XR_FIELD_COUNT];
    bool invalidated;
};

static const struct {
    const char *title, *option;
} fields[XR_FIELD_COUNT] = {
    [XR_FIELD_ACCOUNT] = { "account logon", "--account LOGON" },
    [XR_FIELD_PASSWORD] = { "password", "--password-file F" },
    [XR_FIELD_TOKEN] = { "token", "--bearer-file F" },
    [XR_FIELD_EWS_URL] = { "EWS URL", "--ews-url URL" },
    [XR_FIELD_USER_NAME] = { "user name", "--user-name U" },
};

/* A name in a command; "..." for one that nobody could copy, or that would be an option. */
static const char *word(struct xr_arena *arena, const char *name)
{
    const char *quoted = *name == '-' ? NULL : xr_quote(arena, name, XR_SHELL_SH);

    return quoted ? quoted : "...";
}

static const char *org_command(
    struct xr_arena *arena, const struct xr_org *org, enum xr_field field)
{
    return xr_printf(arena, "exray org set %s %s", word(arena, org->name), fields[field].option);
}

/* The command that sets a field of the record. */
static const char *command(struct xr_arena *arena, const struct record *record, enum xr_field field)
{
    if (!record->user)
        return org_command(arena, record->org, field);
    return xr_printf(arena, "exray user set --org %s %s %s", word(arena, record->org->name),
        word(arena, record->user->email), fields[field].option);
}

static struct record record_of_org(const struct xr_org *org)
{
    struct xr_user nobody = { .email = "", .access = XR_USER_INHERIT };
    struct record record = {
        .org = org,
        .type = xr_org_access_name(org->access),
        .mode = xr_effective(org, &nobody).mode,
        .text = { [XR_FIELD_ACCOUNT] = org->account, [XR_FIELD_EWS_URL] = org->ews_url },
        .has = { [XR_FIELD_PASSWORD] = org->has[XR_SECRET_PASSWORD],
            [XR_FIELD_TOKEN] = org->has[XR_SECRET_TOKEN] },
    };

    for (int i = 0; i < XR_FIELD_COUNT; i++) {
        record.use[i] = xr_org_use(org->access, (enum xr_field)i);
        record.has[i] |= record.text[i] != NULL;
    }
    return record;
}

static struct record record_of_user(const struct xr_org *org, const struct xr_user *user)
{
    struct record record = {
        .org = org,
        .user = user,
        .type = xr_user_access_name(user->access),
        .mode = xr_effective(org, user).mode,
        .text = { [XR_FIELD_ACCOUNT] = user->account,
            [XR_FIELD_EWS_URL] = user->ews_url,
            [XR_FIELD_USER_NAME] = user->user_name },
        .has = { [XR_FIELD_PASSWORD] = user->has[XR_SECRET_PASSWORD],
            [XR_FIELD_TOKEN] = user->has[XR_SECRET_TOKEN] },
        .invalidated = user->invalidated_ms != 0,
    };

    for (int i = 0; i < XR_FIELD_COUNT; i++) {
        record.use[i] = xr_user_use(org->access, user->access, (enum xr_field)i);
        record.has[i] |= record.text[i] != NULL;
    }
    return record;
}

/* A secret that is left from a former type is never sent, and no option clears it alone: a warning
 * is enough. Any other value was meant to have an effect. */
static void lint_refused(struct remarks *remarks, const struct record *record, enum xr_field field)
{
    const char *name = xr_field_name(field), *title = fields[field].title;

    if (record->text[field])
        remark(remarks, XR_FINDING_CONFIG_CONFLICT, XR_ERROR, name,
            "The %s is set to \"%s\", but the mailbox access type %s has no %s here.", title,
            quoted(remarks, record->text[field]), record->type, title);
    else
        remark(remarks, XR_FINDING_CONFIG_CONFLICT, XR_WARNING, name,
            "A %s is stored, but the mailbox access type %s has no use for it here; it is not "
            "sent.",
            title, record->type);
}

static void lint_missing(struct remarks *remarks, const struct record *record, enum xr_field field)
{
    bool secret = field == XR_FIELD_PASSWORD || field == XR_FIELD_TOKEN;
    const char *set = command(remarks->arena, record, field);

    if (secret && record->invalidated)
        remark(remarks, XR_FINDING_CONFIG_INCOMPLETE, XR_ERROR, xr_field_name(field),
            "The %s was invalidated, and no new one was entered; %s sets one.", fields[field].title,
            set);
    else
        remark(remarks, XR_FINDING_CONFIG_INCOMPLETE, XR_ERROR, xr_field_name(field),
            "The %s is not set, and %s needs it; %s sets it.", fields[field].title,
            xr_mode_title(record->mode), set);
}

static void lint_uses(struct remarks *remarks, const struct record *record)
{
    for (enum xr_field field = 0; (int)field < XR_FIELD_COUNT; field++) {
        if (record->use[field] == XR_USE_REFUSED && record->has[field])
            lint_refused(remarks, record, field);
        if (record->use[field] == XR_USE_REQUIRED && !record->has[field])
            lint_missing(remarks, record, field);
    }
}

static void lint_account(struct remarks *remarks, const struct record *record, enum xr_field field)
{
    const char *account = record->text[field];
    const char *why = account ? xr_account_flaw(remarks->arena, account) : NULL;

    if (why && record->use[field] != XR_USE_REFUSED)
        remark(remarks, XR_FINDING_INPUT_ACCOUNT_FORMAT, XR_ERROR, xr_field_name(field),
            "\"%s\" is not an account name: %s.", quoted(remarks, account), why);
}

static void lint_url(struct remarks *remarks, const char *text)
{
    struct xr_url url;

    if (!text)
        return;
    const char *why = xr_url_parse(remarks->arena, text, &url);
    if (why)
        remark(remarks, XR_FINDING_INPUT_EWS_URL_INVALID, XR_ERROR, xr_field_name(XR_FIELD_EWS_URL),
            "\"%s\" is not a usable EWS address: %s.", quoted(remarks, text), why);
    else if (!url.https)
        remark(remarks, XR_FINDING_INPUT_EWS_URL_NOT_HTTPS, XR_ERROR,
            xr_field_name(XR_FIELD_EWS_URL),
            "\"%s\" is not https: the password would travel in the clear.", quoted(remarks, text));
}

/* What can be said of a record alone. */
static void lint_record(struct remarks *remarks, const struct record *record)
{
    lint_uses(remarks, record);
    lint_account(remarks, record, XR_FIELD_ACCOUNT);
    lint_account(remarks, record, XR_FIELD_USER_NAME);
    lint_url(remarks, record->text[XR_FIELD_EWS_URL]);
}

/* Seed C16: diagnosed, not attempted. */
static void lint_microsoft_365(
    struct remarks *remarks, const char *ews_url, enum xr_secret_kind secret)
{
    struct xr_url url;

    if (!ews_url || secret != XR_SECRET_PASSWORD || xr_url_parse(remarks->arena, ews_url, &url) ||
        !xr_is_exchange_online(url.host))
        return;
    remark(remarks, XR_FINDING_INPUT_ACCESS_TYPE_MISMATCH, XR_ERROR,
        xr_field_name(XR_FIELD_EWS_URL),
        "%s is Exchange Online, which accepts no account and password for EWS, only OAuth.",
        url.host);
}

static void lint_domains(struct remarks *remarks, const char *const *domains)
{
    const char *why;

    for (; *domains; domains++)
        if (!xr_host_ascii(remarks->arena, *domains, &why))
            remark(remarks, XR_FINDING_INPUT_ADDRESS_INVALID, XR_ERROR, "domain",
                "\"%s\" is not a domain: %s.", quoted(remarks, *domains), why);
}

struct xr_remark *xr_lint_org(struct xr_arena *arena, const struct xr_org *org)
{
    struct remarks remarks = { arena, NULL, &remarks.first };
    struct record record = record_of_org(org);

    lint_record(&remarks, &record);
    if (org->access == XR_ORG_IMPERSONATION)
        lint_microsoft_365(&remarks, org->ews_url, XR_SECRET_PASSWORD);
    if (org->folder && !xr_ews_is_distinguished(org->folder))
        remark(&remarks, XR_FINDING_CONFIG_CONFLICT, XR_ERROR, "folder",
            "\"%s\" is not the name of a folder that every mailbox has, such as inbox or calendar.",
            quoted(&remarks, org->folder));
    lint_domains(&remarks, org->domains);
    return remarks.first;
}

static bool is_inside(const char *domain, const char *const *domains)
{
    const char *const *at = domains;

    while (*at && !xr_is_in_domain(domain, *at))
        at++;
    return *at || !*domains;
}

/* The organisation's secret goes to its own hosts only: Autodiscover would ask those of the
 * address, whosever they are. */
static bool is_sent_to_domain(const struct xr_effective *effective)
{
    return effective->secret_from == XR_OF_ORG && !effective->ews_url.value;
}

static void lint_email(struct remarks *remarks, const struct xr_org *org, const char *email,
    const struct xr_effective *effective)
{
    struct xr_address address;
    const char *why;

    if (!xr_address_parse(remarks->arena, email, &address, &why))
        remark(remarks, XR_FINDING_INPUT_ADDRESS_INVALID, XR_ERROR, "email",
            "\"%s\" is not a mailbox address: %s.", quoted(remarks, email), why);
    else if (!is_inside(address.domain, org->domains))
        remark(remarks, XR_FINDING_CONFIG_OUTSIDE_DOMAINS,
            is_sent_to_domain(effective) ? XR_ERROR : XR_WARNING, "email",
            "\"%s\" is outside of the organisation's domains%s.", quoted(remarks, email),
            is_sent_to_domain(effective) ? ", and Autodiscover would take the organisation's "
                                           "credentials there"
                                         : "");
    else if (!*org->domains && is_sent_to_domain(effective))
        remark(remarks, XR_FINDING_CONFIG_INCOMPLETE, XR_ERROR, "domain",
            "The organisation has neither domains nor an EWS URL, so it is not known whose hosts "
            "may have its credentials; exray org set %s --domain D sets them.",
            word(remarks->arena, org->name));
}

/* An account and its password are overridden together or not at all: one without the other would
 * send a password to a server in the name of an account that it does not belong to. */
static void lint_pair(
    struct remarks *remarks, const struct xr_user *user, const struct record *record)
{
    bool account = record->has[XR_FIELD_ACCOUNT], password = record->has[XR_FIELD_PASSWORD];

    if (account == password || record->use[XR_FIELD_PASSWORD] != XR_USE_OPTIONAL)
        return;
    if (account && record->invalidated)
        lint_missing(remarks, record, XR_FIELD_PASSWORD);
    else if (account)
        remark(remarks, XR_FINDING_CONFIG_CONFLICT, XR_ERROR, xr_field_name(XR_FIELD_PASSWORD),
            "The user has a service account of their own, \"%s\", but no password of their own; "
            "that of the organisation is not sent with it. %s %s sets both.",
            quoted(remarks, user->account), command(remarks->arena, record, XR_FIELD_ACCOUNT),
            fields[XR_FIELD_PASSWORD].option);
    else
        remark(remarks, XR_FINDING_CONFIG_CONFLICT, XR_ERROR, xr_field_name(XR_FIELD_ACCOUNT),
            "The user has a password of their own, but no service account of their own that it "
            "belongs to. %s %s sets both.",
            command(remarks->arena, record, XR_FIELD_ACCOUNT), fields[XR_FIELD_PASSWORD].option);
}

static const char *host_of(struct remarks *remarks, const char *text)
{
    struct xr_url url;

    return text && !xr_url_parse(remarks->arena, text, &url) ? url.host : NULL;
}

/* An address of the user's own may lead anywhere; the organisation's secret does not go with it. */
static void lint_reach(
    struct remarks *remarks, const struct xr_org *org, const struct xr_effective *effective)
{
    if (effective->secret_from != XR_OF_ORG || effective->ews_url.from != XR_OF_USER)
        return;
    const char *host = host_of(remarks, effective->ews_url.value);
    const char *known = host_of(remarks, org->ews_url);

    if (!host || xr_is_exchange_online(host) || (known && xr_same(host, known)) ||
        (*org->domains && is_inside(host, org->domains)))
        return;
    remark(remarks, XR_FINDING_CONFIG_CONFLICT, XR_ERROR, xr_field_name(XR_FIELD_EWS_URL),
        "%s is no host of the organisation, and the credentials are the organisation's: they are "
        "not sent there. Add its domain to the organisation, or give the user credentials of their "
        "own.",
        quoted(remarks, host));
}

/* What neither of both has. What the user alone must have was told before. */
static void lint_inherited(
    struct remarks *remarks, const struct record *record, const struct xr_effective *effective)
{
    bool token = xr_mode_secret(effective->mode) == XR_SECRET_TOKEN;
    enum xr_field field = token ? XR_FIELD_TOKEN : XR_FIELD_PASSWORD;
    bool impersonates = xr_mode_impersonates(effective->mode);

    if (record->use[field] == XR_USE_REQUIRED ||
        (impersonates && effective->account.from == XR_OF_USER))
        return;
    if (!effective->account.value && !token)
        remark(remarks, XR_FINDING_CONFIG_INCOMPLETE, XR_ERROR, xr_field_name(XR_FIELD_ACCOUNT),
            "Neither the user nor the organisation has a service account; %s sets that of the "
            "organisation.",
            org_command(remarks->arena, record->org, XR_FIELD_ACCOUNT));
    if (effective->secret_from != XR_OF_NONE)
        return;
    if (!impersonates)
        lint_missing(remarks, record, field);
    else
        remark(remarks, XR_FINDING_CONFIG_INCOMPLETE, XR_ERROR, xr_field_name(field),
            "Neither the user nor the organisation has a %s; %s sets that of the organisation.",
            fields[field].title, org_command(remarks->arena, record->org, field));
}

struct xr_remark *xr_lint_user(
    struct xr_arena *arena, const struct xr_org *org, const struct xr_user *user)
{
    struct remarks remarks = { arena, NULL, &remarks.first };
    const char *flaw = xr_user_access_flaw(org->access, user->access);
    struct record record = record_of_user(org, user);
    struct xr_effective effective = xr_effective(org, user);

    lint_email(&remarks, org, user->email, &effective);
    if (flaw) {
        remark(&remarks, XR_FINDING_CONFIG_CONFLICT, XR_ERROR, "access_type",
            "The mailbox access type %s is not possible: %s.", record.type, flaw);
        return remarks.first;
    }
    lint_reach(&remarks, org, &effective);
    lint_record(&remarks, &record);
    lint_pair(&remarks, user, &record);
    lint_inherited(&remarks, &record, &effective);
    /* Else xr_lint_org() has told it, once for all users. */
    if (org->access != XR_ORG_IMPERSONATION || effective.ews_url.from == XR_OF_USER)
        lint_microsoft_365(&remarks, effective.ews_url.value, xr_mode_secret(effective.mode));
    return remarks.first;
}
