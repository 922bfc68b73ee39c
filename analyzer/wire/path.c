#include <openssl/err.h>
#include <string.h>
#include <time.h>

#include "analyzer/base/clock.h"
#include "analyzer/wire/judge.h"

/* NIST level 112 bits: RSA 2048, EC 224, SHA-256. What browsers and Schannel's strong crypto ask
 * for. */
enum { STRENGTH_LEVEL = 2, PATIENCE_US = 500 * 1000, NEVER_JUDGED = 1 << 20 };

bool xr_is_among(STACK_OF(X509) * certificates, const X509 *certificate)
{
    for (int i = 0; i < sk_X509_num(certificates); i++)
        if (!X509_cmp(sk_X509_value(certificates, i), certificate))
            return true;
    return false;
}

bool xr_is_self_issued(const X509 *certificate)
{
    return !X509_NAME_cmp(X509_get_subject_name(certificate), X509_get_issuer_name(certificate));
}

void xr_verdict_done(struct xr_verdict *verdict)
{
    sk_X509_pop_free(verdict->chain, X509_free);
    verdict->chain = NULL;
}

void xr_verdict_tell(struct xr_verdict *verdict, struct xr_told told)
{
    for (size_t i = 0; i < verdict->told_n; i++) {
        struct xr_told *known = &verdict->told[i];
        if (known->flaw != told.flaw || known->depth != told.depth)
            continue;
        /* The unusable purpose may be but the consequence of what is said now. */
        if (told.why && known->code == X509_V_ERR_INVALID_PURPOSE)
            *known = told;
        return;
    }
    bool mild = xr_flaw_is_mild(told.flaw);
    verdict->weight += xr_flaw_weight(told.flaw);
    if (verdict->told_n < (mild ? XR_TOLD_MAX / 2 : XR_TOLD_MAX))
        verdict->told[verdict->told_n++] = told;
    else if (!mild)
        xr_verdict_break(verdict, X509_V_ERR_UNSPECIFIED, "its chain has too many flaws");
}

void xr_verdict_break(struct xr_verdict *verdict, int code, const char *why)
{
    if (verdict->broken)
        return;
    verdict->broken = code ? code : X509_V_ERR_UNSPECIFIED;
    verdict->why = why;
}

int64_t xr_thread_us(void)
{
    struct timespec used = { 0 };

    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
    return (int64_t)used.tv_sec * 1000000 + used.tv_nsec / 1000;
}

bool xr_verdict_is_late(struct xr_verdict *verdict)
{
    if (xr_thread_us() < verdict->until_us)
        return false;
    xr_verdict_break(verdict, X509_V_ERR_UNSPECIFIED, "it takes too long to verify its chain");
    return true;
}

/* Dates are compared by ourselves: OpenSSL takes the last second of a certificate for gone by. */
static bool is_about_dates(int code)
{
    return code == X509_V_ERR_CERT_HAS_EXPIRED || code == X509_V_ERR_CERT_NOT_YET_VALID ||
           code == X509_V_ERR_ERROR_IN_CERT_NOT_BEFORE_FIELD ||
           code == X509_V_ERR_ERROR_IN_CERT_NOT_AFTER_FIELD;
}

static int record(int ok, X509_STORE_CTX *context)
{
    struct xr_verdict *verdict = X509_STORE_CTX_get_app_data(context);
    X509 *certificate = X509_STORE_CTX_get_current_cert(context);
    int code = X509_STORE_CTX_get_error(context), depth = X509_STORE_CTX_get_error_depth(context);

    /* OpenSSL 3.0 reports the previous error again unless it is taken back each time. */
    X509_STORE_CTX_set_error(context, X509_V_OK);
    if (xr_verdict_is_late(verdict))
        return 0;
    if (ok || is_about_dates(code))
        return 1;
    /* OpenSSL calls an authority whose key usage forbids signing none at all. */
    if (code == X509_V_ERR_INVALID_CA && certificate &&
        (X509_get_extension_flags(certificate) & EXFLAG_CA))
        code = X509_V_ERR_KEYUSAGE_NO_CERTSIGN;
    if (certificate && code != X509_V_ERR_CERT_CHAIN_TOO_LONG)
        xr_verdict_tell(verdict,
            (struct xr_told){ xr_flaw_of_code(code, depth, certificate), depth, code, NULL });
    else
        xr_verdict_break(verdict, code, NULL);
    return 1;
}

static void set_rules(const struct xr_case *judged, X509_STORE_CTX *context)
{
    X509_VERIFY_PARAM *rules = X509_STORE_CTX_get0_param(context);

    (void)X509_STORE_CTX_set_purpose(context, X509_PURPOSE_SSL_SERVER);
    (void)X509_VERIFY_PARAM_set_flags(rules, X509_V_FLAG_X509_STRICT);
    if (judged->net->trust->only)
        (void)X509_VERIFY_PARAM_set_flags(rules, X509_V_FLAG_PARTIAL_CHAIN);
    X509_VERIFY_PARAM_set_time(rules, (time_t)(judged->at_ms / 1000));
    X509_VERIFY_PARAM_set_auth_level(rules, STRENGTH_LEVEL);
    /* OpenSSL counts those between the leaf and the root. */
    X509_VERIFY_PARAM_set_depth(rules, XR_CHAIN_DEPTH_MAX - 1);
    X509_VERIFY_PARAM_set_hostflags(
        rules, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
}

/* false: a text that no certificate could be for. */
static bool set_name(const struct xr_case *judged, X509_STORE_CTX *context)
{
    X509_VERIFY_PARAM *rules = X509_STORE_CTX_get0_param(context);

    if (!judged->host || X509_VERIFY_PARAM_set1_ip_asc(rules, judged->host) == 1)
        return true;
    return *judged->host && X509_VERIFY_PARAM_set1_host(rules, judged->host, 0) == 1;
}

static void check_dates(const struct xr_case *judged, struct xr_verdict *verdict)
{
    int64_t at = judged->at_ms / 1000;

    for (int i = 0; i < sk_X509_num(verdict->chain); i++) {
        X509 *certificate = sk_X509_value(verdict->chain, i);
        const ASN1_TIME *from = X509_get0_notBefore(certificate);
        const ASN1_TIME *to = X509_get0_notAfter(certificate);
        time_t now = (time_t)at;
        if (!X509_cmp_time(from, &now) || !X509_cmp_time(to, &now))
            xr_verdict_tell(verdict,
                (struct xr_told){ XR_FLAW_BAD_PURPOSE, i, X509_V_ERR_ERROR_IN_CERT_NOT_AFTER_FIELD,
                    "its dates cannot be read" });
        else if (at < xr_asn1_time_ms(from) / 1000)
            xr_verdict_tell(verdict,
                (struct xr_told){ XR_FLAW_NOT_YET_VALID, i, X509_V_ERR_CERT_NOT_YET_VALID, NULL });
        else if (at > xr_asn1_time_ms(to) / 1000)
            xr_verdict_tell(
                verdict, (struct xr_told){ XR_FLAW_EXPIRED, i, X509_V_ERR_CERT_HAS_EXPIRED, NULL });
    }
}

static STACK_OF(X509) * leaf_alone(const struct xr_case *judged)
{
    STACK_OF(X509) *chain = sk_X509_new_null();

    (void)X509_add_cert(chain, sk_X509_value(judged->sent, 0), X509_ADD_FLAG_UP_REF);
    return chain;
}

bool xr_is_invalid(X509 *certificate)
{
    return X509_get_extension_flags(certificate) & EXFLAG_INVALID;
}

/* Of a leaf that OpenSSL cannot read it finds no issuer either, and of a chain that is too long no
 * root: that says nothing about the chain. The verdict is broken all the same. */
static void drop_consequences(const struct xr_case *judged, struct xr_verdict *verdict)
{
    bool unread = xr_is_invalid(sk_X509_value(judged->sent, 0));
    size_t kept = 0;

    if (!unread && verdict->broken != X509_V_ERR_CERT_CHAIN_TOO_LONG)
        return;
    for (size_t i = 0; i < verdict->told_n; i++)
        if (!xr_flaw_is_trust(verdict->told[i].flaw))
            verdict->told[kept++] = verdict->told[i];
    verdict->told_n = kept;
    if (unread) {
        verdict->broken = X509_V_ERR_INVALID_EXTENSION;
        verdict->why = NULL;
    }
}

static void verify(const struct xr_case *judged, STACK_OF(X509) * anchors, STACK_OF(X509) * between,
    struct xr_verdict *ret)
{
    X509_STORE_CTX *context = X509_STORE_CTX_new();

    /* No store: what it holds of interest is in "anchors", and a store is shared by threads. */
    if (X509_STORE_CTX_init(context, NULL, sk_X509_value(judged->sent, 0), between) == 1) {
        X509_STORE_CTX_set0_trusted_stack(context, anchors);
        set_rules(judged, context);
        if (!set_name(judged, context))
            xr_verdict_tell(ret,
                (struct xr_told){ XR_FLAW_NAME_MISMATCH, 0, X509_V_ERR_HOSTNAME_MISMATCH, NULL });
        X509_STORE_CTX_set_app_data(context, ret);
        X509_STORE_CTX_set_verify_cb(context, record);
        /* Every flaw is waved through, so what fails all the same has not been verified. */
        if (X509_verify_cert(context) != 1)
            xr_verdict_break(ret, X509_STORE_CTX_get_error(context), NULL);
        ret->chain = X509_STORE_CTX_get1_chain(context);
    } else {
        xr_verdict_break(ret, X509_V_ERR_OUT_OF_MEM, NULL);
    }
    X509_STORE_CTX_free(context);
}

void xr_path_judge(const struct xr_case *judged, STACK_OF(X509) * anchors, STACK_OF(X509) * between,
    struct xr_verdict *ret)
{
    *ret = (struct xr_verdict){ .until_us = judged->until_us };
    if (xr_has_too_many_names(sk_X509_value(judged->sent, 0), anchors, between))
        xr_verdict_break(ret, X509_V_ERR_UNSPECIFIED,
            "its chain has too many names to compare them with its many name constraints");
    else if (!xr_verdict_is_late(ret))
        verify(judged, anchors, between, ret);
    if (!ret->chain || !sk_X509_num(ret->chain)) {
        xr_verdict_done(ret);
        ret->chain = leaf_alone(judged);
    }
    check_dates(judged, ret);
    xr_conform(judged, ret);
    drop_consequences(judged, ret);
    ret->weight += ret->broken ? NEVER_JUDGED : 0;
    ERR_clear_error();
}

/* One search for a path without flaws. */
struct walk {
    const struct xr_case *judged;
    STACK_OF(X509) * path; /* from the leaf on; what lies on it is not owned */
    int steps;
    int64_t until_us; /* an end for those who sign with keys that take long to verify */
    struct xr_verdict best;
};

static bool is_over(const struct walk *walk)
{
    return !walk->best.weight || walk->steps >= XR_PATH_NODES_MAX || xr_now_us() > walk->until_us;
}

/* The anchor may be the end of the path itself, when it was sent as well. */
static void judge_closed(struct walk *walk, X509 *anchor)
{
    STACK_OF(X509) *anchors = sk_X509_new_null(), *between = sk_X509_new_null();
    struct xr_verdict verdict;

    (void)sk_X509_push(anchors, anchor);
    for (int i = 1; i < sk_X509_num(walk->path); i++)
        if (X509_cmp(sk_X509_value(walk->path, i), anchor))
            (void)sk_X509_push(between, sk_X509_value(walk->path, i));
    xr_path_judge(walk->judged, anchors, between, &verdict);
    sk_X509_free(anchors);
    sk_X509_free(between);
    if (verdict.weight < walk->best.weight) {
        xr_verdict_done(&walk->best);
        walk->best = verdict;
        return;
    }
    xr_verdict_done(&verdict);
}

static bool has_signed(X509 *issuer, X509 *subject)
{
    EVP_PKEY *key = X509_get0_pubkey(issuer);
    bool fits = key && X509_verify(subject, key) == 1;

    ERR_clear_error();
    return fits;
}

static bool names_as_issuer(const X509 *subject, const X509 *issuer)
{
    return !X509_NAME_cmp(X509_get_issuer_name(subject), X509_get_subject_name(issuer));
}

static void close_path(struct walk *walk, X509 *tip)
{
    STACK_OF(X509) *roots = walk->judged->roots;

    for (int i = 0; i < sk_X509_num(roots) && !is_over(walk); i++) {
        X509 *root = sk_X509_value(roots, i);
        if (!names_as_issuer(tip, root))
            continue;
        walk->steps++;
        judge_closed(walk, root);
    }
}

/* Depth first. A step is one certificate tried as the next link, whether it fits or not. */
static void extend(struct walk *walk)
{
    STACK_OF(X509) *pool = walk->judged->pool;
    X509 *tip = sk_X509_value(walk->path, sk_X509_num(walk->path) - 1);

    close_path(walk, tip);
    if (sk_X509_num(walk->path) >= XR_CHAIN_DEPTH_MAX)
        return;
    for (int i = 0; i < sk_X509_num(pool) && !is_over(walk); i++) {
        X509 *next = sk_X509_value(pool, i);
        if (!names_as_issuer(tip, next) || xr_is_among(walk->path, next))
            continue;
        walk->steps++;
        if (!has_signed(next, tip))
            continue;
        (void)sk_X509_push(walk->path, next);
        extend(walk);
        (void)sk_X509_pop(walk->path);
    }
}

/* What is wrong with the leaf itself is wrong on every path. */
static bool may_be_cured(const struct xr_told *told)
{
    static const int of_the_path[] = { X509_V_ERR_PERMITTED_VIOLATION,
        X509_V_ERR_EXCLUDED_VIOLATION, X509_V_ERR_SUBTREE_MINMAX,
        X509_V_ERR_UNSUPPORTED_CONSTRAINT_TYPE, X509_V_ERR_UNSUPPORTED_CONSTRAINT_SYNTAX,
        X509_V_ERR_UNSUPPORTED_NAME_SYNTAX, X509_V_ERR_CERT_SIGNATURE_FAILURE,
        X509_V_ERR_UNABLE_TO_DECODE_ISSUER_PUBLIC_KEY, X509_V_ERR_SIGNATURE_ALGORITHM_MISMATCH };

    if (xr_flaw_is_mild(told->flaw))
        return false;
    if (told->depth > 0 || xr_flaw_is_trust(told->flaw))
        return true;
    for (size_t i = 0; i < sizeof(of_the_path) / sizeof(*of_the_path); i++)
        if (told->code == of_the_path[i])
            return true;
    return false;
}

static const struct xr_told *first_curable(const struct xr_verdict *verdict)
{
    for (size_t i = 0; i < verdict->told_n; i++)
        if (may_be_cured(&verdict->told[i]))
            return &verdict->told[i];
    return NULL;
}

static bool has_trust_flaw(const struct xr_verdict *verdict)
{
    for (size_t i = 0; i < verdict->told_n; i++)
        if (xr_flaw_is_trust(verdict->told[i].flaw))
            return true;
    return false;
}

void xr_path_best(const struct xr_case *judged, struct xr_verdict *ret, struct xr_told *ret_plain)
{
    struct walk walk = { .judged = judged, .until_us = xr_now_us() + PATIENCE_US };

    *ret_plain = (struct xr_told){ .flaw = XR_FLAW_COUNT };
    xr_path_judge(judged, judged->roots, judged->pool, &walk.best);
    const struct xr_told *curable = first_curable(&walk.best);
    struct xr_told plain = curable ? *curable : *ret_plain;
    if (!sk_X509_num(judged->roots) || (!curable && !walk.best.broken)) {
        *ret = walk.best;
        return;
    }
    int weight = walk.best.weight;
    walk.path = sk_X509_new_null();
    (void)sk_X509_push(walk.path, sk_X509_value(judged->sent, 0));
    extend(&walk);
    sk_X509_free(walk.path);
    *ret = walk.best;
    if (ret->weight < weight && !ret->broken && !has_trust_flaw(ret))
        *ret_plain = plain;
}
