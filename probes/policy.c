#include "probes/policy.h"

#include <string.h>

#include "analyzer/base/text.h"

#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS  "0123456789"

/* ---- what a host is to the organisation ---- */

/* A suffix of a text proves nothing while characters in it could end the host of a URL early. */
static bool is_host(const char *text)
{
    if (!text || !*text)
        return false;
    if (strchr(text, ':'))
        return !text[strspn(text, DIGITS "abcdefABCDEF:.")];
    return *text != '.' && !strstr(text, "..") && !text[strspn(text, LETTERS DIGITS "-_.")];
}

static bool is_same_host(const char *host, const char *other)
{
    return other && xr_is_in_domain(host, other) && xr_is_in_domain(other, host);
}

static bool has_two_labels(const char *domain)
{
    const char *dot = strchr(domain, '.');

    return dot && dot[1];
}

/* Addresses have dots or colons too, but no parent domain: 10.1.2.3 is not below 2.3. */
static bool is_ip_address(const char *host)
{
    size_t end = strlen(host);

    if (strchr(host, ':'))
        return true;
    if (host[end - 1] == '.')
        end--;
    size_t start = end;
    while (start && strchr(DIGITS, host[start - 1]))
        start--;
    return start < end && (!start || host[start - 1] == '.');
}

static bool is_of_mail_domain(const char *domain, const char *host)
{
    if (!domain)
        return false;
    if (is_same_host(host, domain))
        return true;
    return has_two_labels(domain) && !is_ip_address(host) && xr_is_in_domain(host, domain);
}

static bool is_named_by_user(const struct xr_own_hosts *own, const char *host)
{
    for (const char *const *allowed = own->allowed; *allowed; allowed++)
        if (is_same_host(host, *allowed))
            return true;
    return is_same_host(host, own->named);
}

static enum xr_host_kind kind_of(const struct xr_own_hosts *own, const char *host)
{
    if (!is_host(host))
        return XR_HOST_NONE;
    if (is_of_mail_domain(own->mail_domain, host))
        return XR_HOST_OF_DOMAIN;
    if (is_named_by_user(own, host))
        return XR_HOST_NAMED;
    return is_same_host(host, own->vouched) ? XR_HOST_VOUCHED : XR_HOST_FOREIGN;
}

static enum xr_host_kind kind_of_target(
    const struct xr_own_hosts *own, const struct xr_passage *passage)
{
    enum xr_host_kind kind = kind_of(own, passage->to);

    if (kind != XR_HOST_FOREIGN || passage->by != XR_NAMED_BY_ANSWER)
        return kind;
    enum xr_host_kind from = kind_of(own, passage->from);
    return from == XR_HOST_NONE || from == XR_HOST_FOREIGN ? XR_HOST_FOREIGN : XR_HOST_ANSWERED;
}

/* ---- the table ---- */

#define BIT(value) (UINT32_C(1) << (value))
#define ALL(count) (BIT(count) - 1)

#define ANY_HOST  ALL(XR_HOST_KINDS)
#define OWN_HOST  (ANY_HOST & ~BIT(XR_HOST_NONE) & ~BIT(XR_HOST_FOREIGN))
#define HTTP      BIT(XR_OVER_HTTP)
#define HTTPS     BIT(XR_OVER_HTTPS)
#define EITHER    ALL(XR_OVER_COUNT)
#define ANYBODY   ALL(XR_NAMED_BY_COUNT)
#define RULE      BIT(XR_NAMED_BY_RULE)
#define ANYTHING  ALL(XR_CARGO_COUNT)
#define QUESTION  BIT(XR_CARGO_NOTHING)
#define SECRETS   BIT(XR_CARGO_SECRET)
#define ANONYMOUS (ANYTHING & ~SECRETS)
#define BELONGS   "it belongs to the mail domain"
#define BY_USER   "you named it"
#define BY_ANSWER "an authenticated answer of the organisation named it"

static const struct xr_policy_row rows[] = {
    { BIT(XR_HOST_NONE), EITHER, ANYBODY, ANYTHING, XR_REFUSE, "it is no host name" },
    { OWN_HOST, HTTP, RULE, QUESTION, XR_SEND_ANONYMOUSLY,
        "it is only asked for a redirect, without an address" },
    { ANY_HOST, HTTP, RULE, ANYTHING & ~QUESTION, XR_REFUSE, "it is not https" },
    { ANY_HOST, HTTP, ANYBODY & ~RULE, ANYTHING, XR_REFUSE, "it is not https" },
    { BIT(XR_HOST_OF_DOMAIN), HTTPS, ANYBODY, SECRETS, XR_SEND_SECRETS, BELONGS },
    { BIT(XR_HOST_OF_DOMAIN), HTTPS, ANYBODY, ANONYMOUS, XR_SEND_ANONYMOUSLY, BELONGS },
    { BIT(XR_HOST_NAMED), HTTPS, ANYBODY, SECRETS, XR_SEND_SECRETS, BY_USER },
    { BIT(XR_HOST_NAMED), HTTPS, ANYBODY, ANONYMOUS, XR_SEND_ANONYMOUSLY, BY_USER },
    { BIT(XR_HOST_VOUCHED), HTTPS, ANYBODY, SECRETS, XR_SEND_SECRETS, BY_ANSWER },
    { BIT(XR_HOST_VOUCHED), HTTPS, ANYBODY, ANONYMOUS, XR_SEND_ANONYMOUSLY, BY_ANSWER },
    { BIT(XR_HOST_ANSWERED), HTTPS, BIT(XR_NAMED_BY_ANSWER), SECRETS, XR_SEND_SECRETS, BY_ANSWER },
    { BIT(XR_HOST_ANSWERED), HTTPS, BIT(XR_NAMED_BY_ANSWER), ANONYMOUS, XR_SEND_ANONYMOUSLY,
        BY_ANSWER },
    { BIT(XR_HOST_FOREIGN), HTTPS, BIT(XR_NAMED_BY_REDIRECT), ANYTHING, XR_REFUSE,
        "it is outside the mail domain, and only a redirect named it" },
    { BIT(XR_HOST_FOREIGN), HTTPS, BIT(XR_NAMED_BY_DNS), ANYTHING, XR_REFUSE,
        "it is outside the mail domain, and only DNS named it" },
    { BIT(XR_HOST_FOREIGN), HTTPS, BIT(XR_NAMED_BY_HINT), ANYTHING, XR_REFUSE,
        "it is outside the mail domain, and only an answer without a logon named it" },
    { BIT(XR_HOST_FOREIGN), HTTPS, BIT(XR_NAMED_BY_ANSWER), ANYTHING, XR_REFUSE,
        "it is outside the mail domain, and so is the host that named it" },
    { ANY_HOST, EITHER, ANYBODY, ANYTHING, XR_REFUSE, "it is outside the mail domain" },
};

enum { ROWS = sizeof(rows) / sizeof(*rows) };

const struct xr_policy_row *xr_policy_rows(size_t *ret_count)
{
    *ret_count = ROWS;
    return rows;
}

const struct xr_policy_row *xr_policy_row(
    const struct xr_own_hosts *own, const struct xr_passage *passage)
{
    const uint32_t host = BIT(kind_of_target(own, passage));
    const uint32_t over = passage->https ? HTTPS : HTTP;

    for (size_t i = 0; i < ROWS - 1; i++)
        if (rows[i].hosts & host && rows[i].over & over && rows[i].named_by & BIT(passage->by) &&
            rows[i].cargos & BIT(passage->cargo))
            return &rows[i];
    return &rows[ROWS - 1];
}

struct xr_ruling xr_policy(const struct xr_own_hosts *own, const struct xr_passage *passage)
{
    const struct xr_policy_row *row = xr_policy_row(own, passage);

    return (struct xr_ruling){ row->permit, row->why };
}

/* ---- what probes ask ---- */

struct xr_own_hosts xr_own_hosts(const struct xr_ctx *ctx)
{
    return (struct xr_own_hosts){
        .mail_domain = ctx->mail_domain,
        .allowed = ctx->target->allow_redirect,
        .named = ctx->named_host,
        .vouched = ctx->vouched,
    };
}

const char *xr_policy_reason(const struct xr_ctx *ctx, const char *host)
{
    const struct xr_own_hosts own = xr_own_hosts(ctx);
    const struct xr_passage passage = {
        .by = XR_NAMED_BY_RULE, .https = true, .to = host, .cargo = XR_CARGO_SECRET
    };
    const struct xr_ruling ruling = xr_policy(&own, &passage);

    return ruling.permit == XR_SEND_SECRETS ? ruling.why : NULL;
}

bool xr_policy_may_receive(const struct xr_ctx *ctx, const char *host)
{
    return xr_policy_reason(ctx, host) != NULL;
}
