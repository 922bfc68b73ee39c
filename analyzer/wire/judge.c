#include <dirent.h>
#include <openssl/err.h>
#include <openssl/ocsp.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "analyzer/base/text.h"
#include "analyzer/wire/certificate.h"

/* NIST level 112 bits: RSA 2048, EC 224, SHA-256. What browsers and Schannel's strong crypto ask
 * for. */
enum { STRENGTH_LEVEL = 2, SENT_MAX = 16 };

#define DAY_MS (24 * 3600 * 1000LL)

bool xr_flaw_is_trust(enum xr_flaw flaw)
{
    return flaw == XR_FLAW_SELF_SIGNED || flaw == XR_FLAW_UNTRUSTED_ROOT ||
           flaw == XR_FLAW_CHAIN_INCOMPLETE;
}

bool xr_flaw_is_mild(enum xr_flaw flaw)
{
    return flaw == XR_FLAW_CHAIN_DISORDERED || flaw == XR_FLAW_EXPIRES_SOON;
}

bool xr_tls_may_carry(const struct xr_tls_session *session, bool ignore_trust)
{
    if (!session || !session->certificates)
        return false;
    for (const struct xr_tls_flaw *flaw = session->flaws; flaw; flaw = flaw->next)
        if (!xr_flaw_is_mild(flaw->flaw) && !(ignore_trust && xr_flaw_is_trust(flaw->flaw)))
            return false;
    return true;
}

struct judgement {
    struct xr_arena *arena;
    const struct xr_net *net;
    const char *host;
    struct xr_tls_session *session;
    int broken; /* X509_V_ERR_*: an error that belongs to no certificate */
};

static struct xr_certificate *by_digest(struct xr_tls_session *session, const char *sha256)
{
    struct xr_certificate *certificate = session->certificates;

    while (certificate && strcmp(certificate->sha256, sha256))
        certificate = certificate->next;
    return certificate;
}

/* One flaw of a kind per depth: OpenSSL reports some defects three times over. */
static void add_flaw(
    struct judgement *judgement, enum xr_flaw flaw, int depth, int code, const char *text)
{
    struct xr_tls_flaw **end = &judgement->session->flaws;

    for (; *end; end = &(*end)->next)
        if ((*end)->flaw == flaw && (*end)->depth == depth)
            return;
    *end = xr_new(judgement->arena, struct xr_tls_flaw);
    **end = (struct xr_tls_flaw){ .flaw = flaw, .depth = depth, .code = code, .text = text };
}

static const char *date(struct xr_arena *arena, int64_t ms)
{
    return xr_strndup(arena, xr_rfc3339(arena, ms), 10);
}

static const char *flaw_text(const struct judgement *judgement, enum xr_flaw flaw, int code,
    const struct xr_certificate *certificate)
{
    struct xr_arena *arena = judgement->arena;
    const char *name = certificate->common_name;
    int64_t days = (xr_wall_ms() - certificate->not_after_ms) / DAY_MS;

    switch (flaw) {
    case XR_FLAW_NAME_MISMATCH:
        return xr_printf(arena, "The certificate is for %s, not for %s.",
            *certificate->names ? certificate->names
                                : "no host name at all (it has no alternative names)",
            judgement->host);
    case XR_FLAW_EXPIRED:
        return xr_printf(arena, "The certificate of %s ended on %s, %lld days ago.", name,
            date(arena, certificate->not_after_ms), (long long)days);
    case XR_FLAW_NOT_YET_VALID:
        return xr_printf(arena,
            "The certificate of %s is valid from %s on; this machine's clock says %s.", name,
            date(arena, certificate->not_before_ms), date(arena, xr_wall_ms()));
    case XR_FLAW_EXPIRES_SOON:
        return xr_printf(arena, "The certificate of %s ends on %s, in %lld days.", name,
            date(arena, certificate->not_after_ms), (long long)-days);
    case XR_FLAW_SELF_SIGNED:
        return xr_printf(arena, "The certificate of %s is signed by itself.", name);
    case XR_FLAW_UNTRUSTED_ROOT:
        return xr_printf(arena,
            "The chain ends at \"%s\", signed by \"%s\", which this machine does not trust.", name,
            certificate->issuer);
    case XR_FLAW_CHAIN_INCOMPLETE:
        return xr_printf(arena,
            "The server does not send the certificate of \"%s\", which signed %s.",
            certificate->issuer, name);
    case XR_FLAW_WEAK_KEY:
        return xr_printf(arena, "The key of %s is too weak: %s.", name, certificate->key);
    case XR_FLAW_WEAK_SIGNATURE:
        return xr_printf(
            arena, "The certificate of %s is signed with %s.", name, certificate->signature);
    case XR_FLAW_REVOKED:
        return xr_printf(arena, "The certificate of %s has been revoked by its issuer.", name);
    case XR_FLAW_CHAIN_DISORDERED:
    case XR_FLAW_BAD_PURPOSE:
    case XR_FLAW_COUNT:
        break;
    }
    return xr_printf(arena, "The certificate of %s may not be used like this: %s.", name,
        X509_verify_cert_error_string(code));
}

/* An unknown issuer is a gap in what was sent when the last link is the leaf; else an unknown root.
 */
static enum xr_flaw unknown_issuer(const struct xr_certificate *last)
{
    return last->authority && last->depth != 0 ? XR_FLAW_UNTRUSTED_ROOT : XR_FLAW_CHAIN_INCOMPLETE;
}

static enum xr_flaw flaw_of_code(int code, const struct xr_certificate *certificate)
{
    static const struct {
        int code;
        enum xr_flaw flaw;
    } rows[] = {
        { X509_V_ERR_HOSTNAME_MISMATCH, XR_FLAW_NAME_MISMATCH },
        { X509_V_ERR_IP_ADDRESS_MISMATCH, XR_FLAW_NAME_MISMATCH },
        { X509_V_ERR_CERT_HAS_EXPIRED, XR_FLAW_EXPIRED },
        { X509_V_ERR_CERT_NOT_YET_VALID, XR_FLAW_NOT_YET_VALID },
        { X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT, XR_FLAW_SELF_SIGNED },
        { X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN, XR_FLAW_UNTRUSTED_ROOT },
        { X509_V_ERR_CERT_UNTRUSTED, XR_FLAW_UNTRUSTED_ROOT },
        { X509_V_ERR_CERT_SIGNATURE_FAILURE, XR_FLAW_BAD_PURPOSE },
        { X509_V_ERR_EE_KEY_TOO_SMALL, XR_FLAW_WEAK_KEY },
        { X509_V_ERR_CA_KEY_TOO_SMALL, XR_FLAW_WEAK_KEY },
        { X509_V_ERR_CA_MD_TOO_WEAK, XR_FLAW_WEAK_SIGNATURE },
        { X509_V_ERR_CERT_REVOKED, XR_FLAW_REVOKED },
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
        if (rows[i].code == code)
            return rows[i].flaw;
    if (code == X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY ||
        code == X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT ||
        code == X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE)
        return unknown_issuer(certificate);
    return XR_FLAW_BAD_PURPOSE;
}

static int record_flaw(int ok, X509_STORE_CTX *context)
{
    struct judgement *judgement = X509_STORE_CTX_get_app_data(context);
    X509 *certificate = X509_STORE_CTX_get_current_cert(context);
    int code = X509_STORE_CTX_get_error(context), depth = X509_STORE_CTX_get_error_depth(context);

    /* OpenSSL 3.0 reports the previous error again unless it is taken back each time. */
    X509_STORE_CTX_set_error(context, X509_V_OK);
    if (ok)
        return 1;
    if (!certificate) {
        judgement->broken = code;
        return 1;
    }
    struct xr_certificate *described = xr_certificate_describe(judgement->arena, certificate);
    described->depth = depth;
    enum xr_flaw flaw = flaw_of_code(code, described);
    add_flaw(judgement, flaw, depth, code, flaw_text(judgement, flaw, code, described));
    return 1;
}

static void set_rules(X509_STORE_CTX *context, const char *host)
{
    X509_VERIFY_PARAM *rules = X509_STORE_CTX_get0_param(context);

    (void)X509_STORE_CTX_set_purpose(context, X509_PURPOSE_SSL_SERVER);
    X509_VERIFY_PARAM_set_auth_level(rules, STRENGTH_LEVEL);
    X509_VERIFY_PARAM_set_hostflags(
        rules, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
    if (X509_VERIFY_PARAM_set1_ip_asc(rules, host) != 1)
        (void)X509_VERIFY_PARAM_set1_host(rules, host, 0);
}

static struct xr_certificate *append(
    struct xr_tls_session *session, struct xr_certificate *certificate)
{
    struct xr_certificate **end = &session->certificates;

    while (*end)
        end = &(*end)->next;
    return *end = certificate;
}

static void note_built_chain(struct judgement *judgement, X509_STORE_CTX *context)
{
    STACK_OF(X509) *built = X509_STORE_CTX_get0_chain(context);

    for (int i = 0; i < sk_X509_num(built); i++) {
        struct xr_certificate *link =
            xr_certificate_describe(judgement->arena, sk_X509_value(built, i));
        struct xr_certificate *known = by_digest(judgement->session, link->sha256);
        if (!known)
            known = append(judgement->session, link);
        known->depth = i;
    }
}

/* The links of the chain must come in the order leaf to root (RFC 5246 7.4.2; TLS 1.3 tolerates
 * it). */
static void check_order(struct judgement *judgement)
{
    int depth = -1;

    for (const struct xr_certificate *at = judgement->session->certificates; at; at = at->next) {
        if (at->position < 0 || at->depth < 0)
            continue;
        if (at->depth < depth) {
            add_flaw(judgement, XR_FLAW_CHAIN_DISORDERED, 0, 0,
                "The server sends the certificates of its chain in the wrong order.");
            return;
        }
        depth = at->depth;
    }
}

static void check_expiry(struct judgement *judgement)
{
    int64_t limit = xr_wall_ms() + judgement->net->warn_days * DAY_MS;

    for (const struct xr_certificate *at = judgement->session->certificates; at; at = at->next)
        if (at->depth >= 0 && at->not_after_ms < limit && at->not_after_ms > xr_wall_ms())
            add_flaw(judgement, XR_FLAW_EXPIRES_SOON, at->depth, 0,
                flaw_text(judgement, XR_FLAW_EXPIRES_SOON, 0, at));
}

static bool has_trust_flaw(const struct xr_tls_session *session)
{
    for (const struct xr_tls_flaw *flaw = session->flaws; flaw; flaw = flaw->next)
        if (xr_flaw_is_trust(flaw->flaw))
            return true;
    return false;
}

/*
 * One at a time: OpenSSL 3.0 loads roots from a folder on demand, and compares
 * their names while another thread may still be filling them in (TSan).
 */
static pthread_mutex_t judging = PTHREAD_MUTEX_INITIALIZER;

static void not_verified(struct judgement *judgement)
{
    add_flaw(judgement, XR_FLAW_BAD_PURPOSE, 0, judgement->broken,
        xr_printf(judgement->arena, "The certificate of %s could not be verified: %s.",
            judgement->session->certificates->common_name,
            X509_verify_cert_error_string(judgement->broken)));
}

static void verify(struct judgement *judgement, X509_STORE_CTX *context)
{
    set_rules(context, judgement->host);
    X509_STORE_CTX_set_app_data(context, judgement);
    X509_STORE_CTX_set_verify_cb(context, record_flaw);
    (void)pthread_mutex_lock(&judging);
    /* Every flaw is waved through, so a verification that fails all the same has not been done. */
    if (X509_verify_cert(context) != 1 && !judgement->broken)
        judgement->broken = X509_STORE_CTX_get_error(context);
    note_built_chain(judgement, context);
    (void)pthread_mutex_unlock(&judging);
    check_order(judgement);
    check_expiry(judgement);
}

void xr_judge(struct xr_arena *arena, const struct xr_net *net, const char *host,
    STACK_OF(X509) * sent, struct xr_tls_session *ret)
{
    struct judgement judgement = { arena, net, host, ret, 0 };
    X509_STORE_CTX *context = X509_STORE_CTX_new();
    STACK_OF(X509) *considered = sk_X509_new_null();

    for (int i = 0; i < sk_X509_num(sent) && i < SENT_MAX; i++) {
        append(ret, xr_certificate_describe(arena, sk_X509_value(sent, i)))->position = i;
        (void)sk_X509_push(considered, sk_X509_value(sent, i));
    }
    if (ret->certificates) {
        ret->leaf_sha256 = ret->certificates->sha256;
        if (X509_STORE_CTX_init(context, net->trust->store, sk_X509_value(sent, 0), considered) ==
            1)
            verify(&judgement, context);
        else
            judgement.broken = X509_V_ERR_OUT_OF_MEM;
        if (judgement.broken)
            not_verified(&judgement);
    }
    ret->trusted = ret->certificates && !judgement.broken && !has_trust_flaw(ret);
    X509_STORE_CTX_free(context);
    sk_X509_free(considered);
    ERR_clear_error();
}

static const char *staple_text(OCSP_BASICRESP *basic, STACK_OF(X509) * sent, int *ret_status)
{
    OCSP_CERTID *id = OCSP_cert_to_id(NULL, sk_X509_value(sent, 0), sk_X509_value(sent, 1));
    ASN1_GENERALIZEDTIME *this_update = NULL, *next_update = NULL;
    int found =
        OCSP_resp_find_status(basic, id, ret_status, NULL, NULL, &this_update, &next_update);

    OCSP_CERTID_free(id);
    if (found != 1)
        return "about another certificate";
    if (OCSP_check_validity(this_update, next_update, 300, -1) != 1)
        return "out of date";
    return *ret_status == V_OCSP_CERTSTATUS_GOOD      ? "good"
           : *ret_status == V_OCSP_CERTSTATUS_REVOKED ? "revoked"
                                                      : "unknown";
}

static bool is_signed_well(OCSP_BASICRESP *basic, STACK_OF(X509) * sent, X509_STORE *store)
{
    (void)pthread_mutex_lock(&judging);
    int result = OCSP_basic_verify(basic, sent, store, 0);
    (void)pthread_mutex_unlock(&judging);
    return result == 1;
}

void xr_judge_staple(struct xr_arena *arena, const struct xr_net *net, STACK_OF(X509) * sent,
    const unsigned char *der, long length, struct xr_tls_session *session)
{
    struct judgement judgement = { arena, net, "", session, 0 };
    OCSP_RESPONSE *response = d2i_OCSP_RESPONSE(NULL, &der, length);
    OCSP_BASICRESP *basic = response ? OCSP_response_get1_basic(response) : NULL;
    int status = V_OCSP_CERTSTATUS_UNKNOWN;

    if (!basic || sk_X509_num(sent) < 2)
        session->staple = "unreadable";
    else if (!is_signed_well(basic, sent, net->trust->store))
        session->staple = "its signature is not valid";
    else
        session->staple = staple_text(basic, sent, &status);
    if (session->staple && !strcmp(session->staple, "revoked"))
        add_flaw(&judgement, XR_FLAW_REVOKED, 0, X509_V_ERR_CERT_REVOKED,
            flaw_text(&judgement, XR_FLAW_REVOKED, 0, session->certificates));
    OCSP_BASICRESP_free(basic);
    OCSP_RESPONSE_free(response);
    ERR_clear_error();
}

/* Names like 4a6481c9.0: roots that OpenSSL finds by the hash of their subject. */
static bool has_hashed_roots(const char *path)
{
    DIR *folder = opendir(path);
    bool found = false;

    if (!folder)
        return false;
    for (const struct dirent *entry; !found && (entry = readdir(folder));)
        found = strlen(entry->d_name) == 10 && !strcmp(entry->d_name + 8, ".0");
    (void)closedir(folder);
    return found;
}

/* From a folder each root is read when it is needed; to read the one file with all of them takes
 * longer than the rest of a run. */
static void add_roots_of_machine(X509_STORE *store)
{
    const char *folder = getenv(X509_get_default_cert_dir_env());
    X509_LOOKUP *lookup = NULL;

    if (!folder)
        folder = X509_get_default_cert_dir();
    if (!getenv(X509_get_default_cert_file_env()) && has_hashed_roots(folder))
        lookup = X509_STORE_add_lookup(store, X509_LOOKUP_hash_dir());
    if (!lookup || X509_LOOKUP_add_dir(lookup, folder, X509_FILETYPE_PEM) != 1)
        (void)X509_STORE_set_default_paths(store);
}

static const struct xr_err *load_file(struct xr_arena *arena, X509_STORE *store, const char *path)
{
    if (X509_STORE_load_file(store, path) == 1)
        return NULL;
    ERR_clear_error();
    return xr_err(arena, XR_FAULT_LOCAL_NETWORK, 0,
        "%s: no certificates in PEM could be read from this file", path);
}

const struct xr_err *xr_trust_new(
    struct xr_arena *arena, const char *const *ca_files, struct xr_trust **ret)
{
    struct xr_trust *trust = OPENSSL_zalloc(sizeof(*trust));
    const struct xr_err *err = NULL;

    trust->store = X509_STORE_new();
    add_roots_of_machine(trust->store);
    for (; !err && ca_files && *ca_files; ca_files++)
        err = load_file(arena, trust->store, *ca_files);
    if (err)
        xr_trust_free(trust);
    else
        *ret = trust;
    return err;
}

void xr_trust_free(struct xr_trust *trust)
{
    if (!trust)
        return;
    X509_STORE_free(trust->store);
    OPENSSL_free(trust);
}
