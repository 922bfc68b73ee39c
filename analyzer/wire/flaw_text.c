#include <string.h>

#include "analyzer/base/clock.h"
#include "analyzer/base/text.h"
#include "analyzer/wire/judge.h"

enum { NAMES_QUOTED_MAX = 400, NETBIOS_MAX = 15 };

#define DAY_MS (24 * 3600 * 1000LL)

const char *xr_flaw_quote(struct xr_arena *arena, const char *text)
{
    return xr_excerpt(arena, text, XR_QUOTED_MAX);
}

const char *xr_date(struct xr_arena *arena, int64_t ms)
{
    return xr_strndup(arena, xr_rfc3339(arena, ms), 10);
}

const char *xr_days(struct xr_arena *arena, int64_t n)
{
    return xr_printf(arena, "%lld day%s", (long long)n, n == 1 ? "" : "s");
}

/* Does a wildcard name miss the host by being misused? The reason, as the rest of a sentence. */
static const char *wildcard_reason(struct xr_arena *arena, const char *name, const char *host)
{
    const char *star = strchr(name, '*'), *base = name + 2;
    size_t host_n = strlen(host), base_n;

    if (!star)
        return NULL;
    if (star != name || name[1] != '.')
        return strchr(star + 1, '.') && xr_contains(host, strchr(star + 1, '.'))
                   ? "a star counts only as the whole first label of a name"
                   : NULL;
    base_n = strlen(base);
    if (!strchr(base, '.'))
        return xr_is_in_domain(host, base) ? "a star right below a top-level domain counts nowhere"
                                           : NULL;
    if (xr_same(base, host))
        return xr_printf(arena, "a wildcard covers the names below %s, not that name itself",
            xr_flaw_quote(arena, base));
    if (host_n > base_n && xr_is_in_domain(host, base))
        return "a wildcard covers one label, not two";
    return NULL;
}

static bool is_address(const char *text)
{
    return strchr(text, ':') || (*text && strspn(text, "0123456789.") == strlen(text));
}

/* Why a name of the certificate that looks like the host is not it, or NULL. */
static const char *near_miss(struct xr_arena *arena, const char *name, const char *host)
{
    if (is_address(host) && xr_same(name, host))
        return "an address that stands there as a DNS name does not count, it must be listed as an "
               "IP address";
    return is_address(host) ? NULL : wildcard_reason(arena, name, host);
}

static const char *first_near_miss(struct xr_arena *arena, const char *names, const char *host)
{
    for (const char *at = names; *at;) {
        size_t length = strcspn(at, ",");
        const char *why = near_miss(arena, xr_strndup(arena, at, length), host);
        if (why)
            return why;
        at += length;
        at += strspn(at, ", ");
    }
    return NULL;
}

static bool has_alternative_names(const struct xr_case *judged)
{
    return X509_get_ext_by_NID(sk_X509_value(judged->sent, 0), NID_subject_alt_name, -1) >= 0;
}

/* A certificate without any name that a host could have. */
static const char *nameless_text(const struct xr_case *judged, const struct xr_certificate *at)
{
    const char *host = judged->host ? judged->host : "";
    const char *lack = has_alternative_names(judged)
                           ? "none of its alternative names is that of a host"
                           : "it has no alternative names";

    return xr_same(at->common_name, host)
               ? xr_printf(judged->arena,
                     "The certificate names %s as its common name (CN) alone, which no longer "
                     "counts: %s.",
                     host, lack)
               : xr_printf(judged->arena,
                     "The certificate is for no host name at all (%s), not for %s.", lack, host);
}

static const char *name_text(const struct xr_case *judged, const struct xr_certificate *at)
{
    struct xr_arena *arena = judged->arena;
    const char *host = judged->host ? judged->host : "";

    if (!*at->names)
        return nameless_text(judged, at);
    const char *names = xr_excerpt(arena, at->names, NAMES_QUOTED_MAX);
    const char *why = first_near_miss(arena, at->names, host);
    if (why)
        return xr_printf(arena, "The certificate is for %s, not for %s: %s.", names, host, why);
    return xr_same(at->common_name, host)
               ? xr_printf(arena,
                     "The certificate is for %s, not for %s; its common name (CN) says so, but "
                     "does "
                     "not count beside alternative names.",
                     names, host)
               : xr_printf(arena, "The certificate is for %s, not for %s.", names, host);
}

/* Exchange set-up makes one: CN = the server's NetBIOS name, which is also the first label of its
 * other alternative name. */
static bool is_of_exchange_setup(const struct xr_certificate *at)
{
    size_t length = strlen(at->common_name);
    bool bare = false, full = false;

    if (!length || length > NETBIOS_MAX || strchr(at->common_name, '.'))
        return false;
    for (const char *name = at->names; *name;) {
        size_t n = strcspn(name, ",");
        bool starts = n >= length && xr_starts(name, at->common_name);
        bare = bare || (starts && n == length);
        full = full || (starts && n > length && name[length] == '.');
        name += n;
        name += strspn(name, ", ");
    }
    return bare && full;
}

static const char *self_signed_text(struct xr_arena *arena, const struct xr_certificate *at)
{
    const char *name = xr_flaw_quote(arena, at->common_name);

    return is_of_exchange_setup(at)
               ? xr_printf(arena,
                     "The certificate of %s is the one that Exchange made for itself at set-up, "
                     "signed by itself: no certificate of an authority is bound to the site.",
                     name)
               : xr_printf(arena, "The certificate of %s is signed by itself.", name);
}

/* Nobody but the issuer itself could say which of the two it is. */
static const char *either_or(const struct xr_case *judged, const char *issuer)
{
    return xr_printf(judged->arena,
        "either the server leaves out the certificate of \"%s\", or that is a private root that "
        "this machine does not know (%s)",
        issuer, judged->net->trust->only ? "--root" : "--ca-file");
}

static const char *gap_text(
    const struct xr_case *judged, const struct xr_told *told, const struct xr_certificate *at)
{
    struct xr_arena *arena = judged->arena;
    const struct xr_certificate *above = xr_certificate_at(judged->session, told->depth + 1);
    const char *name = xr_flaw_quote(arena, at->common_name),
               *issuer = xr_flaw_quote(arena, at->issuer);

    if (told->why)
        return xr_printf(arena,
            "No issuer of %s is found: there is a certificate of \"%s\", but %s.", name, issuer,
            told->why);
    if (above && above->fetched)
        return xr_printf(arena,
            "The server does not send the certificate of \"%s\", which signed %s.", issuer, name);
    return xr_printf(arena, "The issuer of %s is not known: %s.", name, either_or(judged, issuer));
}

/* What --ca-file brought although it is no root, when the path leads through it. */
static const char *given_link(const struct xr_case *judged, int depth)
{
    for (; depth > 0; depth--) {
        X509 *link = sk_X509_value(judged->chain, depth);
        const struct xr_certificate *at = xr_certificate_at(judged->session, depth);
        if (link && at && !at->self_issued && xr_is_among(judged->roots, link))
            return xr_printf(judged->arena,
                "The chain does not end at a root that this machine trusts: the file given "
                "(--ca-file) has \"%s\", which is no root; the root above it, \"%s\" or one that "
                "signed that, is needed.",
                xr_flaw_quote(judged->arena, at->common_name),
                xr_flaw_quote(judged->arena, at->issuer));
    }
    return NULL;
}

/* Which root, and whose. */
static const char *root_text(
    const struct xr_case *judged, const struct xr_told *told, const struct xr_certificate *at)
{
    struct xr_arena *arena = judged->arena;
    const char *name = xr_flaw_quote(arena, at->common_name),
               *given = given_link(judged, told->depth);

    if (told->why)
        return xr_printf(arena,
            "The chain ends at \"%s\", signed by \"%s\", which this machine does not trust: there "
            "is a certificate of that name, but %s.",
            name, xr_flaw_quote(arena, at->issuer), told->why);
    if (given)
        return given;
    if (at->self_issued)
        return xr_printf(arena,
            "The chain ends at the root \"%s\" (%s), which this machine does not trust: a private "
            "authority, or one that its list of roots does not know.",
            name, xr_flaw_quote(arena, at->subject));
    return xr_printf(arena, "The chain ends at \"%s\", whose issuer is not known: %s.", name,
        either_or(judged, xr_flaw_quote(arena, at->issuer)));
}

static const char *purpose_text(
    struct xr_arena *arena, const struct xr_told *told, const struct xr_certificate *at)
{
    const char *name = xr_flaw_quote(arena, at->common_name);

    if (told->code == X509_V_ERR_INVALID_PURPOSE && *at->purposes &&
        !xr_contains(at->purposes, "TLS Web Server Authentication"))
        return xr_printf(arena, "The certificate of %s is not for servers: its purposes are %s.",
            name, xr_flaw_quote(arena, at->purposes));
    if (told->code == X509_V_ERR_INVALID_PURPOSE)
        return xr_printf(arena,
            "The certificate of %s may not be used like this: its key usage does not allow %s.",
            name, told->depth ? "signing certificates for servers" : "TLS");
    return xr_printf(arena, "The certificate of %s may not be used like this: %s.", name,
        told->why ? told->why : xr_code_phrase(told->code));
}

/* As somebody says it who reads the calendar; the number is that of whole days, as everywhere. */
static const char *when_words(const struct xr_case *judged, int64_t moment_ms, bool past)
{
    int64_t now = judged->at_ms, apart = past ? now - moment_ms : moment_ms - now;
    int64_t dates = past ? now / DAY_MS - moment_ms / DAY_MS : moment_ms / DAY_MS - now / DAY_MS;
    bool asked = judged->net->at_ms != 0;

    if (dates == 0)
        return asked ? "on the day asked about" : "today";
    if (dates == 1 && !asked)
        return past ? "yesterday" : "tomorrow";
    const char *days = xr_days(judged->arena, apart < DAY_MS ? 1 : apart / DAY_MS);
    return xr_printf(judged->arena, past ? "%s ago" : "in %s", days);
}

static const char *date_text(
    const struct xr_case *judged, const struct xr_told *told, const struct xr_certificate *at)
{
    struct xr_arena *arena = judged->arena;
    const char *name = xr_flaw_quote(arena, at->common_name);
    bool past = told->flaw == XR_FLAW_EXPIRED;

    if (told->flaw == XR_FLAW_NOT_YET_VALID)
        return xr_printf(arena, "The certificate of %s is valid from %s on; %s %s.", name,
            xr_date(arena, at->not_before_ms),
            judged->net->at_ms ? "the moment asked about is" : "this machine's clock says",
            xr_date(arena, judged->at_ms));
    return xr_printf(arena, "The certificate of %s %s on %s, %s.", name, past ? "ended" : "ends",
        xr_date(arena, at->not_after_ms), when_words(judged, at->not_after_ms, past));
}

static const char *mild_text(
    struct xr_arena *arena, const struct xr_told *told, const struct xr_certificate *at)
{
    const char *name = xr_flaw_quote(arena, at->common_name);
    const char *why = told->why ? told->why : xr_code_phrase(told->code);

    if (told->flaw == XR_FLAW_NONCONFORMING)
        return xr_printf(arena,
            "The certificate of %s is against the standard, which clients tolerate: %s.", name,
            why);
    if (told->flaw == XR_FLAW_KEY_UNUSUAL)
        return xr_printf(
            arena, "Some clients cannot use the kind of key of %s: %s.", name, at->key);
    if (told->flaw == XR_FLAW_CHAIN_EXTRA)
        return xr_printf(arena, "The server sends certificates that no client needs: %s.", why);
    if (told->flaw == XR_FLAW_INTERCEPTED)
        return xr_printf(arena,
            "TLS inspection is suspected: the issuer \"%s\" names a product for it (%s).",
            xr_flaw_quote(arena, at->issuer), why);
    if (told->flaw == XR_FLAW_VALIDITY_TOO_LONG)
        return xr_printf(arena,
            "The certificate of %s is valid for %lld days; public authorities may issue for %s "
            "days "
            "(issued on %s).",
            name, (long long)((at->not_after_ms - at->not_before_ms) / DAY_MS), why,
            xr_date(arena, at->not_before_ms));
    return told->why ? told->why
                     : "The server sends the certificates of its chain in the wrong order.";
}

const char *xr_flaw_text(
    const struct xr_case *judged, const struct xr_told *told, const struct xr_certificate *at)
{
    struct xr_arena *arena = judged->arena;
    const char *name = xr_flaw_quote(arena, at->common_name);

    if (told->flaw == XR_FLAW_NAME_MISMATCH)
        return name_text(judged, at);
    if (told->flaw == XR_FLAW_EXPIRED || told->flaw == XR_FLAW_NOT_YET_VALID ||
        told->flaw == XR_FLAW_EXPIRES_SOON)
        return date_text(judged, told, at);
    if (told->flaw == XR_FLAW_SELF_SIGNED)
        return self_signed_text(arena, at);
    if (told->flaw == XR_FLAW_UNTRUSTED_ROOT)
        return root_text(judged, told, at);
    if (told->flaw == XR_FLAW_CHAIN_INCOMPLETE)
        return gap_text(judged, told, at);
    if (told->flaw == XR_FLAW_WEAK_KEY)
        return xr_printf(arena, "The key of %s is too weak: %s.", name, at->key);
    if (told->flaw == XR_FLAW_WEAK_SIGNATURE)
        return xr_printf(arena, "The certificate of %s is signed with %s.", name, at->signature);
    if (told->flaw == XR_FLAW_REVOKED)
        return xr_printf(arena, "The certificate of %s has been revoked by its issuer.", name);
    return xr_flaw_is_mild(told->flaw) ? mild_text(arena, told, at) : purpose_text(arena, told, at);
}
