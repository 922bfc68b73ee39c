#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/pkcs7.h>
#include <openssl/x509v3.h>
#include <string.h>

#include "analyzer/base/text.h"
#include "analyzer/wire/revocation_parts.h"

enum {
    LEVELS_MAX = 4,
    BUNDLE_MAX = 10, /* certificates that are taken from one answer */
};

/* The way up from the last certificate that is known. */
struct climb {
    struct xr_arena *arena;
    struct xr_inquiry inquiry; /* with the time that it may take */
    struct xr_tls_session *session;
    STACK_OF(X509) * bag;              /* all that was fetched so far */
    struct xr_der fetched[LEVELS_MAX]; /* those of them that are issuers */
    const char *from[LEVELS_MAX];      /* and their addresses, as messages quote them */
    size_t n;
    const char *last_url; /* that brought anything; NULL: none did */
    const char *brought;  /* "the certificate of "A" (from http://a) and ..."; NULL: none */
    const char *why_not;  /* why the next issuer could not be had; NULL: none was looked for */
};

static void climb_done(struct climb *climb)
{
    sk_X509_pop_free(climb->bag, X509_free);
    ERR_clear_error();
}

/* Takes over the certificate. */
static void put(STACK_OF(X509) * bag, X509 *certificate)
{
    if (!certificate || sk_X509_push(bag, certificate) <= 0)
        X509_free(certificate);
}

static void put_pkcs7(STACK_OF(X509) * bag, PKCS7 *message)
{
    STACK_OF(X509) *all = NULL;

    if (message && PKCS7_type_is_signed(message) && message->d.sign)
        all = message->d.sign->cert;
    for (int i = 0; i < sk_X509_num(all) && i < BUNDLE_MAX; i++)
        if (X509_up_ref(sk_X509_value(all, i)) == 1)
            put(bag, sk_X509_value(all, i));
    PKCS7_free(message);
}

static void put_pem(STACK_OF(X509) * bag, struct xr_der text)
{
    BIO *bio = BIO_new_mem_buf(text.bytes, (int)text.length);
    X509 *certificate = NULL;

    for (int i = 0; i < BUNDLE_MAX; i++) {
        certificate = PEM_read_bio_X509(bio, NULL, NULL, NULL);
        if (!certificate)
            break;
        put(bag, certificate);
    }
    (void)BIO_reset(bio);
    if (!sk_X509_num(bag))
        put_pkcs7(bag, PEM_read_bio_PKCS7(bio, NULL, NULL, NULL));
    BIO_free(bio);
}

/* RFC 5280 4.2.2.1: DER or PKCS #7 (certs-only); in practice PEM too. Empty: none of them. */
static STACK_OF(X509) * unpack(struct xr_der bytes)
{
    STACK_OF(X509) *bag = sk_X509_new_null();
    const unsigned char *at = bytes.bytes;

    if (!bytes.length)
        return bag;
    put(bag, xr_certificate_read(bytes));
    if (!sk_X509_num(bag))
        put_pkcs7(bag, d2i_PKCS7(NULL, &at, (long)bytes.length));
    if (!sk_X509_num(bag))
        put_pem(bag, bytes);
    ERR_clear_error();
    return bag;
}

static const char *name_of(struct xr_arena *arena, const struct xr_certificate *certificate)
{
    return xr_excerpt(arena, certificate->common_name, XR_QUOTED_MAX);
}

static const char *subject_of(struct xr_arena *arena, X509 *certificate)
{
    return name_of(arena, xr_certificate_describe(arena, certificate));
}

/* What is no certificate, told by its looks. */
static const char *looks(struct xr_arena *arena, struct xr_der bytes)
{
    size_t at = 0;

    while (at < bytes.length && strchr(" \t\r\n", bytes.bytes[at]) && bytes.bytes[at])
        at++;
    if (at == bytes.length)
        return "an empty answer came instead of a certificate";
    if (bytes.bytes[at] == '<')
        return "a web page (HTML) came instead of a certificate";
    return xr_printf(
        arena, "what came, %zu bytes, is no certificate (DER, PEM or PKCS #7)", bytes.length);
}

/* Name, key identifier, key usage and, above all, signature. */
static bool is_issuer(X509 *candidate, X509 *certificate)
{
    EVP_PKEY *key = X509_get0_pubkey(candidate);

    return key && X509_check_issued(candidate, certificate) == X509_V_OK &&
           X509_verify(certificate, key) == 1;
}

static X509 *find_issuer(STACK_OF(X509) * bag, X509 *certificate)
{
    for (int i = 0; i < sk_X509_num(bag); i++)
        if (is_issuer(sk_X509_value(bag, i), certificate))
            return sk_X509_value(bag, i);
    return NULL;
}

static const char *fetch(
    struct climb *climb, const char *url, struct xr_deadline deadline, const struct xr_answer **ret)
{
    struct xr_inquiry inquiry = climb->inquiry;
    struct xr_fetch what = {
        .url = url,
        .tested_address = inquiry.tested_address,
        .max = XR_FETCH_ISSUER_MAX,
    };

    inquiry.deadline = deadline;
    if (xr_time_state(deadline) != XR_TIME_LEFT)
        return xr_printf(climb->arena, "%s: not asked: no time was left",
            xr_excerpt(climb->arena, url, XR_QUOTED_MAX));
    xr_asked_add(&climb->session->asked_for_issuers, url);
    const struct xr_err *err = xr_fetched_get(climb->arena, &inquiry, &what, "", ret);
    return err ? err->text : NULL;
}

/* From one address. NULL: *ret_why says why not. */
static X509 *fetch_from(struct climb *climb, const char *address, struct xr_deadline deadline,
    X509 *certificate, const char **ret_why)
{
    const struct xr_answer *answer;

    *ret_why = fetch(climb, address, deadline, &answer);
    if (*ret_why)
        return NULL;
    const char *url = xr_excerpt(climb->arena, address, XR_QUOTED_MAX);
    STACK_OF(X509) *bag = unpack(answer->body);
    X509 *issuer = find_issuer(bag, certificate);
    if (!sk_X509_num(bag))
        *ret_why = xr_printf(climb->arena, "%s: %s", url, looks(climb->arena, answer->body));
    else if (!issuer)
        *ret_why =
            xr_printf(climb->arena, "%s: the certificate of \"%s\" came, which did not sign it",
                url, subject_of(climb->arena, sk_X509_value(bag, 0)));
    if (sk_X509_num(bag))
        climb->last_url = url;
    while (sk_X509_num(bag))
        put(climb->bag, sk_X509_shift(bag));
    sk_X509_free(bag);
    return issuer;
}

static X509 *fetch_issuer(struct climb *climb, X509 *certificate)
{
    struct xr_arena *arena = climb->arena;
    struct xr_urls urls = xr_certificate_urls(arena, certificate, XR_URL_ISSUER);
    const char *none = "the certificate names no http address to fetch it from", *all = NULL, *why;

    if (!urls.n)
        climb->why_not = urls.other ? xr_printf(arena, "%s, but \"%s\"", none,
                                          xr_excerpt(arena, urls.other, XR_QUOTED_MAX))
                                    : none;
    for (size_t i = 0; i < urls.n; i++) {
        struct xr_deadline share = xr_deadline_part(climb->inquiry.deadline, urls.n - i, 0);
        X509 *issuer = fetch_from(climb, urls.http[i], share, certificate, &why);
        if (issuer)
            return issuer;
        climb->why_not = all = all ? xr_printf(arena, "%s; %s", all, why) : why;
    }
    return NULL;
}

static const struct xr_certificate *top_of(const struct xr_tls_session *session)
{
    const struct xr_certificate *top = NULL;

    for (const struct xr_certificate *at = session->certificates; at; at = at->next)
        if (at->depth >= 0 && (!top || at->depth > top->depth))
            top = at;
    return top;
}

static bool has_flaw(const struct xr_tls_session *session, enum xr_flaw flaw)
{
    const struct xr_tls_flaw *at = session->flaws;

    while (at && at->flaw != flaw)
        at = at->next;
    return at != NULL;
}

/* Above it there is nothing: a root, or what this machine trusts by itself. */
static bool is_end(const struct xr_certificate *certificate)
{
    return certificate->self_signed || (certificate->position < 0 && !certificate->fetched);
}

/* What was found out about the certificates beside the judgement of their chain. */
static bool outlives_judgement(enum xr_flaw flaw)
{
    return flaw == XR_FLAW_REVOKED || flaw == XR_FLAW_STAPLE_MISSING ||
           flaw == XR_FLAW_REVOCATION_UNKNOWN;
}

static void judge_again(struct climb *climb)
{
    struct xr_arena *arena = climb->arena;
    struct xr_tls_session *session = climb->session, before = *session;
    struct xr_der *sent = xr_new_n(arena, struct xr_der, XR_CHAIN_SENT_MAX);
    struct xr_chain chain = { .sent = sent, .fetched = climb->fetched, .fetched_n = climb->n };

    for (const struct xr_certificate *at = before.certificates; at; at = at->next)
        if (at->position >= 0 && chain.sent_n < XR_CHAIN_SENT_MAX)
            sent[chain.sent_n++] = at->der;
    xr_chain_judge(arena, climb->inquiry.net, climb->inquiry.host, &chain, session);
    session->sent_n = before.sent_n;
    if (before.staple_der.length) /* without its issuer it could not be judged */
        xr_judge_staple(arena, climb->inquiry.net, before.staple_der.bytes,
            (long)before.staple_der.length, session);
    for (const struct xr_tls_flaw *at = before.flaws; at; at = at->next)
        if (outlives_judgement(at->flaw))
            xr_flaw_add(arena, session, at->flaw, at->depth, at->code, at->text);
}

static struct xr_der der_of(struct xr_arena *arena, X509 *certificate)
{
    unsigned char *bytes = NULL;
    int length = i2d_X509(certificate, &bytes);
    struct xr_der ret = { 0 };

    if (length > 0)
        ret = (struct xr_der){ (const unsigned char *)xr_strndup(
                                   arena, (const char *)bytes, (size_t)length),
            (size_t)length };
    OPENSSL_free(bytes);
    return ret;
}

static bool is_same(struct xr_der a, struct xr_der b)
{
    return a.length == b.length && !memcmp(a.bytes, b.bytes, a.length);
}

static bool is_known(const struct climb *climb, struct xr_der der)
{
    for (size_t i = 0; i < climb->n; i++)
        if (is_same(climb->fetched[i], der))
            return true;
    for (const struct xr_certificate *at = climb->session->certificates; at; at = at->next)
        if (is_same(at->der, der))
            return true;
    return false;
}

static void take(struct climb *climb, X509 *issuer)
{
    struct xr_arena *arena = climb->arena;
    const char *words = xr_printf(arena, "\"%s\" (%s)", subject_of(arena, issuer), climb->last_url);

    climb->brought = climb->brought ? xr_printf(arena, "%s and %s", climb->brought, words) : words;
    climb->from[climb->n] = climb->last_url;
    climb->fetched[climb->n++] = der_of(arena, issuer);
    judge_again(climb);
}

/* One level up. false: there is no more to be had, or no need. */
static bool go_up(struct climb *climb)
{
    const struct xr_certificate *top = top_of(climb->session);

    climb->why_not = NULL;
    if (!top || is_end(top))
        return false;
    X509 *certificate = xr_certificate_read(top->der);
    if (!certificate)
        return false;
    X509 *issuer = find_issuer(climb->bag, certificate);
    if (!issuer)
        issuer = fetch_issuer(climb, certificate);
    X509_free(certificate);
    if (!issuer)
        return false;
    if (is_known(climb, der_of(climb->arena, issuer))) {
        climb->why_not = "the chain leads round in a circle";
        return false;
    }
    climb->why_not = NULL;
    take(climb, issuer);
    return true;
}

static const struct xr_certificate *fetched_at(const struct xr_tls_session *session, int depth)
{
    const struct xr_certificate *at = session->certificates;

    while (at && (at->depth != depth || !at->fetched))
        at = at->next;
    return at;
}

static const char *origin_of(const struct climb *climb, const struct xr_certificate *certificate)
{
    for (size_t i = 0; i < climb->n; i++)
        if (is_same(climb->fetched[i], certificate->der))
            return climb->from[i];
    return NULL;
}

static const char *ending(const struct climb *climb, const char *with)
{
    const struct xr_certificate *top = top_of(climb->session);
    struct xr_arena *arena = climb->arena;

    if (!has_flaw(climb->session, XR_FLAW_UNTRUSTED_ROOT) && top && is_end(top))
        return xr_printf(
            arena, ", and with %s the chain ends at a root that this machine trusts", with);
    if (top && top->self_issued)
        return xr_printf(arena,
            ", but even with %s the chain ends at the root \"%s\", which this machine does not "
            "trust",
            with, name_of(arena, top));
    return "";
}

static int count_gaps(const struct xr_tls_session *session)
{
    int n = 0;

    for (const struct xr_tls_flaw *at = session->flaws; at; at = at->next)
        n += at->flaw == XR_FLAW_CHAIN_INCOMPLETE;
    return n;
}

/* The sentence, gone on with. */
static const char *longer(struct xr_arena *arena, const char *text, const char *more)
{
    size_t length = strlen(text);

    return xr_printf(arena, "%s; %s.", xr_strndup(arena, text, length - (length > 0)), more);
}

/* Many read nothing but what the flaw says: what is known for sure by now belongs there. */
static void tell_flaws(const struct climb *climb)
{
    const char *with = count_gaps(climb->session) > 1 ? "all that is missing" : "it";
    struct xr_arena *arena = climb->arena;

    for (struct xr_tls_flaw *flaw = climb->session->flaws; flaw; flaw = flaw->next) {
        bool gap = flaw->flaw == XR_FLAW_CHAIN_INCOMPLETE;
        const struct xr_certificate *at = fetched_at(climb->session, flaw->depth + gap);
        const char *from = at ? origin_of(climb, at) : NULL;
        if (from && gap)
            flaw->text = longer(
                arena, flaw->text, xr_printf(arena, "it is at %s%s", from, ending(climb, with)));
        if (from && flaw->flaw == XR_FLAW_UNTRUSTED_ROOT && at->self_issued)
            flaw->text = longer(arena, flaw->text, xr_printf(arena, "that root is at %s", from));
    }
}

static const char *sentence(const struct climb *climb)
{
    const struct xr_certificate *top = top_of(climb->session);
    struct xr_arena *arena = climb->arena;
    const char *name = top ? name_of(arena, top) : "";

    if (!climb->brought)
        return climb->why_not ? xr_printf(arena,
                                    "The certificate of the issuer of \"%s\" could not be had: %s.",
                                    name, climb->why_not)
                              : NULL;
    const char *brought = xr_printf(arena, "Fetched was %s", climb->brought);
    if (climb->why_not)
        return xr_printf(
            arena, "%s, but not the issuer of \"%s\": %s.", brought, name, climb->why_not);
    if (!has_flaw(climb->session, XR_FLAW_UNTRUSTED_ROOT) && top && is_end(top))
        return xr_printf(arena,
            "%s: that completes the chain to \"%s\", which this machine trusts. Clients that do "
            "not "
            "fetch by themselves fail.",
            brought, name);
    if (top && top->self_issued)
        return xr_printf(arena,
            "%s: the chain then ends at \"%s\", which this machine does not "
            "trust.",
            brought, name);
    return xr_printf(arena, "%s: the chain does not end even there, at \"%s\".", brought, name);
}

void xr_complete_chain(
    struct xr_arena *arena, const struct xr_inquiry *inquiry, struct xr_tls_session *session)
{
    __attribute__((cleanup(climb_done))) struct climb climb = {
        .arena = arena,
        .inquiry = *inquiry,
        .session = session,
        .bag = sk_X509_new_null(),
    };

    if (!has_flaw(session, XR_FLAW_CHAIN_INCOMPLETE) && !has_flaw(session, XR_FLAW_UNTRUSTED_ROOT))
        return;
    climb.inquiry.deadline = xr_deadline_part(inquiry->deadline, 2, XR_FETCH_MS);
    while (climb.n < LEVELS_MAX && go_up(&climb))
        ;
    tell_flaws(&climb);
    session->completion = sentence(&climb);
}
