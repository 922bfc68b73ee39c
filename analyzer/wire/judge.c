#include "analyzer/wire/judge.h"

#include <openssl/err.h>
#include <pthread.h>
#include <string.h>

#include "analyzer/base/clock.h"
#include "analyzer/base/text.h"
#include "analyzer/wire/revocation_parts.h"

/* roots that are looked at: of one chain, each with a handful of certificates of one name */
enum { ROOTS_MAX = 200, PATIENCE_US = 1000 * 1000 };

static pthread_mutex_t looking_up = PTHREAD_MUTEX_INITIALIZER;

void xr_verify_lock(void)
{
    (void)pthread_mutex_lock(&looking_up);
}

void xr_verify_unlock(void)
{
    (void)pthread_mutex_unlock(&looking_up);
}

X509 *xr_certificate_read(struct xr_der der)
{
    const unsigned char *at = der.bytes;
    X509 *certificate =
        der.length > XR_CHAIN_FILE_MAX ? NULL : d2i_X509(NULL, &at, (long)der.length);

    if (certificate && at == der.bytes + der.length)
        return certificate;
    X509_free(certificate);
    ERR_clear_error();
    return NULL;
}

const struct xr_certificate *xr_certificate_at(const struct xr_tls_session *session, int depth)
{
    const struct xr_certificate *at = session->certificates;

    while (at && at->depth != depth)
        at = at->next;
    return at;
}

/*
 * A certificate that somebody named as a root is an anchor, whoever signed it. One that claims to
 * have signed itself must be able to have done so: clients that insist on a root see none in it.
 */
static bool may_be_anchor(const struct xr_trust *trust, X509 *root)
{
    return !trust->only || !xr_is_self_issued(root) || X509_self_signed(root, 0) == 1;
}

static void add_roots_named(struct xr_case *judged, X509_STORE_CTX *lookup, const X509_NAME *name)
{
    STACK_OF(X509) *found = X509_STORE_CTX_get1_certs(lookup, name);

    for (int i = 0; i < sk_X509_num(found) && sk_X509_num(judged->roots) < ROOTS_MAX; i++) {
        X509 *root = sk_X509_value(found, i);
        /* Fills in what OpenSSL 3.0 otherwise writes on first use, while other threads read it. */
        (void)X509_check_purpose(root, -1, 0);
        STACK_OF(X509) *into =
            may_be_anchor(judged->net->trust, root) ? judged->roots : judged->refused;
        if (!xr_is_among(into, root))
            (void)X509_add_cert(into, root, X509_ADD_FLAG_UP_REF);
    }
    sk_X509_pop_free(found, X509_free);
}

/* All that the store has to say about this chain, so that it is not needed any more. */
static void find_roots(struct xr_case *judged)
{
    X509_STORE_CTX *lookup = X509_STORE_CTX_new();
    STACK_OF(X509) *pool = judged->pool;

    judged->roots = sk_X509_new_null();
    judged->refused = sk_X509_new_null();
    xr_verify_lock();
    if (X509_STORE_CTX_init(lookup, judged->net->trust->store, NULL, NULL) == 1) {
        X509 *leaf = sk_X509_value(judged->sent, 0);
        add_roots_named(judged, lookup, X509_get_issuer_name(leaf));
        for (int i = 0; i < sk_X509_num(pool); i++)
            add_roots_named(judged, lookup, X509_get_issuer_name(sk_X509_value(pool, i)));
        for (int i = 0; i < sk_X509_num(judged->roots); i++) {
            X509 *root = sk_X509_value(judged->roots, i);
            if (!xr_is_self_issued(root))
                add_roots_named(judged, lookup, X509_get_issuer_name(root));
        }
        /* A leaf that was named as an anchor need not have signed itself. */
        if (judged->net->trust->only)
            add_roots_named(judged, lookup, X509_get_subject_name(leaf));
    }
    xr_verify_unlock();
    X509_STORE_CTX_free(lookup);
    ERR_clear_error();
}

static struct xr_certificate *append(
    struct xr_tls_session *session, struct xr_certificate *certificate)
{
    struct xr_certificate **end = &session->certificates;

    while (*end)
        end = &(*end)->next;
    return *end = certificate;
}

static void note_sent(struct xr_case *judged, STACK_OF(X509) * sent)
{
    judged->sent = sk_X509_new_null();
    judged->pool = sk_X509_new_null();
    judged->session->sent_n = sk_X509_num(sent);
    for (int i = 0; i < sk_X509_num(sent) && i < XR_CHAIN_SENT_MAX; i++) {
        X509 *certificate = sk_X509_value(sent, i);
        append(judged->session, xr_certificate_describe(judged->arena, certificate))->position = i;
        (void)sk_X509_push(judged->sent, certificate);
        if (i > 0 && !xr_is_among(judged->pool, certificate))
            (void)sk_X509_push(judged->pool, certificate);
    }
    for (int i = 0; i < sk_X509_num(judged->fetched) && i < XR_CHAIN_SENT_MAX; i++)
        if (!xr_is_among(judged->pool, sk_X509_value(judged->fetched, i)))
            (void)sk_X509_push(judged->pool, sk_X509_value(judged->fetched, i));
}

static struct xr_certificate *by_digest(struct xr_tls_session *session, const char *sha256)
{
    struct xr_certificate *certificate = session->certificates;

    while (certificate && strcmp(certificate->sha256, sha256))
        certificate = certificate->next;
    return certificate;
}

static void note_chain(const struct xr_case *judged, STACK_OF(X509) * chain)
{
    for (int i = 0; i < sk_X509_num(chain); i++) {
        X509 *link = sk_X509_value(chain, i);
        const char *sha256 = xr_certificate_sha256(judged->arena, link);
        struct xr_certificate *known = by_digest(judged->session, sha256);
        if (!known) {
            known = append(judged->session, xr_certificate_describe(judged->arena, link));
            known->fetched =
                xr_is_among(judged->fetched, link) && !xr_is_among(judged->roots, link);
        }
        known->depth = i;
    }
}

static bool is_told(const struct xr_verdict *verdict, enum xr_flaw flaw, int depth)
{
    for (size_t i = 0; i < verdict->told_n; i++)
        if (verdict->told[i].flaw == flaw && verdict->told[i].depth == depth)
            return true;
    return false;
}

/* The end of a chain whose flaw is just that: not to be trusted. Names prove nothing: an authority
 * that has a new key is certified by its old one under the same name. */
static bool is_foreign_root(const struct xr_verdict *verdict, const struct xr_certificate *at)
{
    return at->self_signed && at->depth == sk_X509_num(verdict->chain) - 1 &&
           is_told(verdict, XR_FLAW_UNTRUSTED_ROOT, at->depth);
}

/* A root need not be sent; an issuer between must be, however easily it was found elsewhere. */
static void note_gaps(const struct xr_case *judged, const struct xr_verdict *verdict)
{
    for (int depth = 1;; depth++) {
        const struct xr_certificate *at = xr_certificate_at(judged->session, depth);
        const struct xr_certificate *below = xr_certificate_at(judged->session, depth - 1);
        struct xr_told told = { XR_FLAW_CHAIN_INCOMPLETE, depth - 1,
            X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY, NULL };
        if (!at || !below)
            return;
        if (at->fetched && !is_foreign_root(verdict, at))
            xr_flaw_add(judged->arena, judged->session, told.flaw, told.depth, told.code,
                xr_flaw_text(judged, &told, below));
    }
}

/* Why none of these is the issuer, though one has its name; NULL: none has. otherwise: when nothing
 * speaks against that one itself. */
static const char *namesake(STACK_OF(X509) * among, X509 *subject, const char *otherwise)
{
    for (int i = 0; i < sk_X509_num(among); i++) {
        X509 *other = sk_X509_value(among, i);
        EVP_PKEY *key = X509_get0_pubkey(other);
        if (X509_NAME_cmp(X509_get_issuer_name(subject), X509_get_subject_name(other)) ||
            !X509_cmp(other, subject))
            continue;
        if (xr_is_invalid(other) || !key)
            return "it is malformed";
        if (X509_verify(subject, key) != 1)
            return "it has another key";
        int code = X509_check_issued(other, subject);
        return code == X509_V_OK ? otherwise : xr_code_phrase(code);
    }
    return NULL;
}

/* An authority that was made anew under its old name is the usual riddle of private ones. */
static const char *reason_of_gap(
    const struct xr_case *judged, const struct xr_verdict *verdict, const struct xr_told *told)
{
    X509 *tip = sk_X509_value(verdict->chain, told->depth);
    const char *why = NULL;

    if (told->why || !tip ||
        (told->flaw != XR_FLAW_CHAIN_INCOMPLETE && told->flaw != XR_FLAW_UNTRUSTED_ROOT))
        return told->why;
    why = namesake(judged->roots, tip, NULL);
    why =
        why ? why
            : namesake(judged->refused, tip,
                  "it does not vouch for itself (its authority key identifier names another key)");
    why = why ? why : namesake(judged->pool, tip, NULL);
    ERR_clear_error();
    return why;
}

static bool has_serious_flaw(const struct xr_tls_session *session)
{
    for (const struct xr_tls_flaw *flaw = session->flaws; flaw; flaw = flaw->next)
        if (!xr_flaw_is_mild(flaw->flaw))
            return true;
    return false;
}

static void put_breakage_into_words(const struct xr_case *judged, const struct xr_verdict *verdict)
{
    X509 *leaf = sk_X509_value(judged->sent, 0);
    const char *why = verdict->why ? verdict->why : xr_code_phrase(verdict->broken);

    xr_flaw_add(judged->arena, judged->session, XR_FLAW_BAD_PURPOSE, 0, verdict->broken,
        xr_printf(judged->arena, "The certificate of %s could not be verified: %s.",
            xr_flaw_quote(judged->arena, judged->session->certificates->common_name),
            X509_get0_pubkey(leaf) ? why : "its key cannot be read"));
}

static void put_into_words(const struct xr_case *judged, struct xr_verdict *verdict)
{
    for (size_t i = 0; i < verdict->told_n; i++) {
        struct xr_told told = verdict->told[i];
        const struct xr_certificate *at = xr_certificate_at(judged->session, told.depth);
        X509 *link = sk_X509_value(verdict->chain, told.depth);
        /* Whoever runs the server can do nothing about the form of a root that all trust. */
        if (told.flaw == XR_FLAW_NONCONFORMING && told.depth > 0 && link &&
            xr_is_among(judged->roots, link))
            continue;
        told.why = reason_of_gap(judged, verdict, &told);
        xr_flaw_add(judged->arena, judged->session, told.flaw, told.depth, told.code,
            xr_flaw_text(judged, &told, at ? at : judged->session->certificates));
    }
    /* Whatever was weighed must have been told: secrets travel by what is told. */
    if (verdict->weight && !has_serious_flaw(judged->session))
        xr_verdict_break(verdict, X509_V_ERR_UNSPECIFIED, NULL);
    if (verdict->broken)
        put_breakage_into_words(judged, verdict);
}

static void note_ambiguity(const struct xr_case *judged, const struct xr_told *plain)
{
    if (plain->flaw == XR_FLAW_COUNT)
        return;
    xr_flaw_add(judged->arena, judged->session, XR_FLAW_PATH_AMBIGUOUS, 0, plain->code,
        xr_printf(judged->arena,
            "The certificate of %s is trusted, but only by clients that try more than one path: "
            "on the first one, %s.",
            xr_flaw_quote(judged->arena, judged->session->certificates->common_name),
            plain->flaw == XR_FLAW_EXPIRED          ? "an issuer has expired"
            : plain->flaw == XR_FLAW_WEAK_KEY       ? "an issuer's key is too weak"
            : plain->flaw == XR_FLAW_WEAK_SIGNATURE ? "an issuer's signature is too weak"
            : xr_flaw_is_trust(plain->flaw)         ? "no trusted root is reached"
            : plain->why                            ? plain->why
                                                    : xr_code_phrase(plain->code)));
}

static bool has_trust_flaw(const struct xr_tls_session *session)
{
    for (const struct xr_tls_flaw *flaw = session->flaws; flaw; flaw = flaw->next)
        if (xr_flaw_is_trust(flaw->flaw))
            return true;
    return false;
}

static bool needs_fetched(const struct xr_tls_session *session)
{
    for (const struct xr_certificate *at = session->certificates; at; at = at->next)
        if (at->fetched && at->depth > 0)
            return true;
    return false;
}

static void judge(struct xr_case *judged, STACK_OF(X509) * sent)
{
    struct xr_tls_session *session = judged->session;
    struct xr_verdict verdict;
    struct xr_told plain;

    note_sent(judged, sent);
    if (session->certificates) {
        session->leaf_sha256 = session->certificates->sha256;
        find_roots(judged);
        xr_path_best(judged, &verdict, &plain);
        judged->chain = verdict.chain;
        note_chain(judged, verdict.chain);
        note_gaps(judged, &verdict);
        put_into_words(judged, &verdict);
        note_ambiguity(judged, &plain);
        session->trusted = !verdict.broken && !has_trust_flaw(session) && !needs_fetched(session);
        xr_remark(judged);
        xr_verdict_done(&verdict);
        sk_X509_pop_free(judged->roots, X509_free);
        sk_X509_pop_free(judged->refused, X509_free);
    }
    sk_X509_free(judged->sent);
    sk_X509_free(judged->pool);
    ERR_clear_error();
}

static struct xr_case new_case(struct xr_arena *arena, const struct xr_net *net, const char *host,
    struct xr_tls_session *session)
{
    session->certificates = NULL;
    session->flaws = NULL;
    session->trusted = false;
    return (struct xr_case){ .arena = arena,
        .net = net,
        .host = host,
        .at_ms = net->at_ms ? net->at_ms : xr_wall_ms(),
        .until_us = xr_thread_us() + PATIENCE_US,
        .session = session,
        .fetched = sk_X509_new_null() };
}

void xr_judge(struct xr_arena *arena, const struct xr_net *net, const char *host,
    STACK_OF(X509) * sent, struct xr_tls_session *ret)
{
    struct xr_case judged = new_case(arena, net, host, ret);

    if (!xr_judge_recall(&judged, sent)) {
        judge(&judged, sent);
        xr_judge_remember(&judged, sent);
    }
    sk_X509_free(judged.fetched);
}

static void push_read(STACK_OF(X509) * stack, const struct xr_der *ders, size_t n)
{
    for (size_t i = 0; i < n && i < XR_CHAIN_SENT_MAX; i++) {
        X509 *certificate = xr_certificate_read(ders[i]);
        if (certificate)
            (void)sk_X509_push(stack, certificate);
    }
}

void xr_chain_judge(struct xr_arena *arena, const struct xr_net *net, const char *host,
    const struct xr_chain *chain, struct xr_tls_session *ret)
{
    struct xr_case judged = new_case(arena, net, host, ret);
    STACK_OF(X509) *sent = sk_X509_new_null();

    /* Without a leaf that can be read, the next one must not stand in for it. */
    X509 *leaf = chain->sent_n ? xr_certificate_read(chain->sent[0]) : NULL;
    if (leaf)
        push_read(sent, chain->sent, chain->sent_n);
    X509_free(leaf);
    push_read(judged.fetched, chain->fetched, chain->fetched_n);
    judge(&judged, sent);
    ret->sent_n = (int)chain->sent_n;
    sk_X509_pop_free(sent, X509_free);
    sk_X509_pop_free(judged.fetched, X509_free);
}

static X509 *read_at(const struct xr_tls_session *session, int depth)
{
    const struct xr_certificate *at = xr_certificate_at(session, depth);

    return at ? xr_certificate_read(at->der) : NULL;
}

/* By the reader that xr_check_revocation() uses as well. */
static struct xr_statement read_staple(
    struct xr_arena *arena, const struct xr_net *net, const struct xr_tls_session *session)
{
    const struct xr_inquiry inquiry = { .net = net };
    struct xr_question question = {
        .arena = arena,
        .inquiry = &inquiry,
        .certificate = session->certificates,
        .subject = read_at(session, 0),
        .issuer = read_at(session, 1),
    };
    struct xr_statement told = { XR_REVOCATION_UNKNOWN,
        "not to be judged without the certificate of the issuer" };

    if (question.subject && question.issuer)
        told = xr_ocsp_read(&question, session->staple_der, NULL);
    X509_free(question.subject);
    X509_free(question.issuer);
    ERR_clear_error();
    return told;
}

void xr_judge_staple(struct xr_arena *arena, const struct xr_net *net, const unsigned char *der,
    long length, struct xr_tls_session *session)
{
    unsigned char *kept;

    if (length <= 0 || !session->certificates)
        return;
    kept = xr_alloc(arena, (size_t)length);
    memcpy(kept, der, (size_t)length);
    session->staple_der = (struct xr_der){ kept, (size_t)length };
    struct xr_statement told = read_staple(arena, net, session);
    session->staple = told.state == XR_REVOCATION_GOOD      ? "good"
                      : told.state == XR_REVOCATION_REVOKED ? "revoked"
                                                            : told.text;
    if (told.state != XR_REVOCATION_REVOKED)
        return;
    xr_flaw_add(arena, session, XR_FLAW_REVOKED, 0, X509_V_ERR_CERT_REVOKED,
        xr_printf(arena, "The certificate of %s has been revoked by its issuer.",
            xr_flaw_quote(arena, session->certificates->common_name)));
}
