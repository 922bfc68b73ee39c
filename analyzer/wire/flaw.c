#include "analyzer/wire/judge.h"

bool xr_flaw_is_trust(enum xr_flaw flaw)
{
    return flaw == XR_FLAW_SELF_SIGNED || flaw == XR_FLAW_UNTRUSTED_ROOT ||
           flaw == XR_FLAW_CHAIN_INCOMPLETE;
}

bool xr_flaw_is_mild(enum xr_flaw flaw)
{
    static const bool mild[XR_FLAW_COUNT] = {
        [XR_FLAW_CHAIN_DISORDERED] = true,
        [XR_FLAW_EXPIRES_SOON] = true,
        [XR_FLAW_CHAIN_EXTRA] = true,
        [XR_FLAW_PATH_AMBIGUOUS] = true,
        [XR_FLAW_NONCONFORMING] = true,
        [XR_FLAW_KEY_UNUSUAL] = true,
        [XR_FLAW_VALIDITY_TOO_LONG] = true,
        [XR_FLAW_STAPLE_MISSING] = true,
        [XR_FLAW_REVOCATION_UNKNOWN] = true,
        [XR_FLAW_INTERCEPTED] = true,
    };

    return mild[flaw];
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

void xr_flaw_add(struct xr_arena *arena, struct xr_tls_session *session, enum xr_flaw flaw,
    int depth, int code, const char *text)
{
    struct xr_tls_flaw **end = &session->flaws;

    for (; *end; end = &(*end)->next)
        if ((*end)->flaw == flaw && (*end)->depth == depth)
            return;
    *end = xr_new(arena, struct xr_tls_flaw);
    **end = (struct xr_tls_flaw){ .flaw = flaw, .depth = depth, .code = code, .text = text };
}

/* How much worse than another a path is, when none is free of flaws: one that ends nowhere says
 * less about the certificate than one that reaches a root and has expired. */
int xr_flaw_weight(enum xr_flaw flaw)
{
    if (xr_flaw_is_mild(flaw))
        return 0;
    if (xr_flaw_is_trust(flaw))
        return 1000;
    return flaw == XR_FLAW_BAD_PURPOSE || flaw == XR_FLAW_REVOKED ? 100 : 10;
}

/* A version 1 certificate knows no extension that could say whether it is an authority: clients
 * take such a root at its word, and nothing else. */
static bool is_only_old(int depth, X509 *certificate)
{
    return X509_get_version(certificate) == X509_VERSION_1 &&
           (depth == 0 || xr_is_self_issued(certificate));
}

/* An unknown issuer is a gap in what was sent when the last link is the leaf; else an unknown root.
 */
static enum xr_flaw unknown_issuer(int depth, X509 *certificate)
{
    return depth > 0 && X509_check_ca(certificate) > 0 ? XR_FLAW_UNTRUSTED_ROOT
                                                       : XR_FLAW_CHAIN_INCOMPLETE;
}

/*
 * Every code that is not here is an error (XR_FLAW_BAD_PURPOSE): what OpenSSL finds wrong and
 * nobody has thought of must not pass for good. Nonconforming are those that only OpenSSL's strict
 * mode tells and that neither Schannel and .NET nor Java, NSS or Go enforce.
 */
static const struct {
    int code;
    enum xr_flaw flaw;
    const char *phrase; /* NULL: as the flaw is told, or OpenSSL's words */
} codes[] = {
    { X509_V_ERR_HOSTNAME_MISMATCH, XR_FLAW_NAME_MISMATCH, NULL },
    { X509_V_ERR_IP_ADDRESS_MISMATCH, XR_FLAW_NAME_MISMATCH, NULL },
    { X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT, XR_FLAW_SELF_SIGNED, NULL },
    { X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN, XR_FLAW_UNTRUSTED_ROOT, NULL },
    { X509_V_ERR_CERT_UNTRUSTED, XR_FLAW_UNTRUSTED_ROOT, NULL },
    { X509_V_ERR_EE_KEY_TOO_SMALL, XR_FLAW_WEAK_KEY, NULL },
    { X509_V_ERR_CA_KEY_TOO_SMALL, XR_FLAW_WEAK_KEY, NULL },
    { X509_V_ERR_CA_MD_TOO_WEAK, XR_FLAW_WEAK_SIGNATURE, NULL },
    { X509_V_ERR_CERT_REVOKED, XR_FLAW_REVOKED, NULL },
    { X509_V_ERR_PATHLEN_INVALID_FOR_NON_CA, XR_FLAW_NONCONFORMING,
        "it limits the length of paths below it, though it is no authority" },
    { X509_V_ERR_PATHLEN_WITHOUT_KU_KEY_CERT_SIGN, XR_FLAW_NONCONFORMING,
        "it limits the length of paths below it, but its key usage does not allow signing" },
    { X509_V_ERR_KU_KEY_CERT_SIGN_INVALID_FOR_NON_CA, XR_FLAW_NONCONFORMING,
        "its key usage allows signing certificates, though it is no authority" },
    { X509_V_ERR_MISSING_AUTHORITY_KEY_IDENTIFIER, XR_FLAW_NONCONFORMING,
        "it does not name the key of its issuer (authority key identifier)" },
    { X509_V_ERR_MISSING_SUBJECT_KEY_IDENTIFIER, XR_FLAW_NONCONFORMING,
        "it does not name its own key (subject key identifier)" },
    { X509_V_ERR_CA_BCONS_NOT_CRITICAL, XR_FLAW_NONCONFORMING,
        "its basic constraints are not marked critical" },
    { X509_V_ERR_CA_CERT_MISSING_KEY_USAGE, XR_FLAW_NONCONFORMING,
        "it is an authority without a key usage" },
    { X509_V_ERR_CERT_SIGNATURE_FAILURE, XR_FLAW_BAD_PURPOSE,
        "its signature does not fit the key of the issuer it names: another authority of that "
        "name signed it, or it was changed" },
    { X509_V_ERR_AKID_SKID_MISMATCH, XR_FLAW_BAD_PURPOSE, "the key identifiers do not match" },
    { X509_V_ERR_AKID_ISSUER_SERIAL_MISMATCH, XR_FLAW_BAD_PURPOSE,
        "its serial number is not the one that is named" },
    { X509_V_ERR_UNABLE_TO_DECODE_ISSUER_PUBLIC_KEY, XR_FLAW_BAD_PURPOSE,
        "the key of its issuer cannot be read" },
    { X509_V_ERR_CERT_CHAIN_TOO_LONG, XR_FLAW_BAD_PURPOSE,
        "its chain is longer than clients accept (more than 20 certificates below the root)" },
    { X509_V_ERR_PATH_LENGTH_EXCEEDED, XR_FLAW_BAD_PURPOSE,
        "there are more authorities below it than it allows (path length)" },
    { X509_V_ERR_INVALID_CA, XR_FLAW_BAD_PURPOSE,
        "it signs others, but is no authority (basic constraints)" },
    { X509_V_ERR_KEYUSAGE_NO_CERTSIGN, XR_FLAW_BAD_PURPOSE,
        "its key usage does not allow signing certificates" },
    { X509_V_ERR_UNHANDLED_CRITICAL_EXTENSION, XR_FLAW_BAD_PURPOSE,
        "it holds a critical extension that clients do not know" },
    { X509_V_ERR_PERMITTED_VIOLATION, XR_FLAW_BAD_PURPOSE,
        "an authority above it may not issue for one of its names (name constraints)" },
    { X509_V_ERR_EXCLUDED_VIOLATION, XR_FLAW_BAD_PURPOSE,
        "an authority above it is forbidden to issue for one of its names (name constraints)" },
    { X509_V_ERR_UNSPECIFIED, XR_FLAW_BAD_PURPOSE,
        "it has too many names to check them against the many name constraints of an authority "
        "above it" },
    { X509_V_ERR_UNSUPPORTED_NAME_SYNTAX, XR_FLAW_BAD_PURPOSE,
        "one of its names is malformed, and an authority above it constrains names" },
    { X509_V_ERR_ISSUER_NAME_EMPTY, XR_FLAW_BAD_PURPOSE, "it names no issuer" },
    { X509_V_ERR_SUBJECT_NAME_EMPTY, XR_FLAW_BAD_PURPOSE, "it is an authority without a name" },
    { X509_V_ERR_EMPTY_SUBJECT_ALT_NAME, XR_FLAW_BAD_PURPOSE,
        "its list of alternative names is empty" },
    { X509_V_ERR_EMPTY_SUBJECT_SAN_NOT_CRITICAL, XR_FLAW_BAD_PURPOSE,
        "it has no subject, and its alternative names are not marked critical (Java refuses it)" },
    { X509_V_ERR_AUTHORITY_KEY_IDENTIFIER_CRITICAL, XR_FLAW_BAD_PURPOSE,
        "its authority key identifier is marked critical (Go refuses it)" },
    { X509_V_ERR_SUBJECT_KEY_IDENTIFIER_CRITICAL, XR_FLAW_BAD_PURPOSE,
        "its subject key identifier is marked critical (Go refuses it)" },
    { X509_V_ERR_EXTENSIONS_REQUIRE_VERSION_3, XR_FLAW_BAD_PURPOSE,
        "it holds extensions, though it is not of version 3" },
    { X509_V_ERR_EC_KEY_EXPLICIT_PARAMS, XR_FLAW_BAD_PURPOSE,
        "its elliptic curve is spelt out in place of being named" },
    { X509_V_ERR_SIGNATURE_ALGORITHM_MISMATCH, XR_FLAW_BAD_PURPOSE,
        "its signature is of another kind than the key of its issuer" },
    { X509_V_ERR_SIGNATURE_ALGORITHM_INCONSISTENCY, XR_FLAW_BAD_PURPOSE,
        "it names two different signature algorithms" },
};

enum xr_flaw xr_flaw_of_code(int code, int depth, X509 *certificate)
{
    if (code == X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY ||
        code == X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT ||
        code == X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE)
        return unknown_issuer(depth, certificate);
    if (code == X509_V_ERR_INVALID_CA && is_only_old(depth, certificate))
        return XR_FLAW_NONCONFORMING;
    for (size_t i = 0; i < sizeof(codes) / sizeof(*codes); i++)
        if (codes[i].code == code)
            return codes[i].flaw;
    return XR_FLAW_BAD_PURPOSE;
}

const char *xr_code_phrase(int code)
{
    for (size_t i = 0; i < sizeof(codes) / sizeof(*codes); i++)
        if (codes[i].code == code && codes[i].phrase)
            return codes[i].phrase;
    return X509_verify_cert_error_string(code);
}
