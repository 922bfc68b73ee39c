#include <string.h>
#include <strings.h>

#include "analyzer/wire/judge.h"

/*
 * RFC 5280 beyond what X509_verify_cert looks at. Errors are those for which clients refuse a
 * certificate (which ones, the rule says); the rest is told, and harms nobody.
 */
enum {
    SERIAL_OCTETS_MAX = 20,
    EXTENSIONS_MAX = 200,      /* each is compared with all others */
    COMPARISONS_MAX = 1 << 19, /* of names with constraints, for one chain; a twentieth of a second
                                */
};

static void general_names_done(GENERAL_NAMES **names)
{
    GENERAL_NAMES_free(*names);
}

static void constraints_done(NAME_CONSTRAINTS **constraints)
{
    NAME_CONSTRAINTS_free(*constraints);
}

#define xr_auto_names       __attribute__((cleanup(general_names_done))) GENERAL_NAMES
#define xr_auto_constraints __attribute__((cleanup(constraints_done))) NAME_CONSTRAINTS

static GENERAL_NAMES *names_of(X509 *certificate)
{
    return X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
}

/* Go and NSS refuse a certificate of which they cannot read one of these. */
static bool must_be_read(int nid)
{
    static const int nids[] = { NID_key_usage, NID_basic_constraints, NID_subject_alt_name,
        NID_name_constraints, NID_crl_distribution_points, NID_authority_key_identifier,
        NID_policy_constraints, NID_ext_key_usage, NID_subject_key_identifier,
        NID_certificate_policies, NID_policy_mappings, NID_inhibit_any_policy, NID_info_access };

    for (size_t i = 0; i < sizeof(nids) / sizeof(*nids); i++)
        if (nids[i] == nid)
            return true;
    return false;
}

static bool can_be_read(X509_EXTENSION *extension)
{
    int nid = OBJ_obj2nid(X509_EXTENSION_get_object(extension));
    const X509V3_EXT_METHOD *method = must_be_read(nid) ? X509V3_EXT_get_nid(nid) : NULL;
    void *value = method ? X509V3_EXT_d2i(extension) : NULL;

    if (!method)
        return true;
    if (!value)
        return false;
    if (method->it)
        ASN1_item_free(value, ASN1_ITEM_ptr(method->it));
    else
        method->ext_free(value);
    return true;
}

static const char *extensions_flaw(X509 *certificate)
{
    int n = X509_get_ext_count(certificate);

    if (n > EXTENSIONS_MAX)
        return "it holds more than 200 extensions";
    for (int i = 0; i < n; i++) {
        X509_EXTENSION *extension = X509_get_ext(certificate, i);
        if (X509_get_ext_by_OBJ(certificate, X509_EXTENSION_get_object(extension), i) >= 0)
            return "it holds the same extension twice";
        if (!can_be_read(extension))
            return "one of its extensions is malformed";
    }
    return NULL;
}

/* The letters of a name as Go and Java read it: printable ASCII. */
static bool is_printable(const ASN1_STRING *text)
{
    const unsigned char *at = ASN1_STRING_get0_data(text);

    for (int i = 0; i < ASN1_STRING_length(text); i++)
        if (at[i] <= ' ' || at[i] > '~')
            return false;
    return true;
}

static bool is_mapped(const unsigned char *address)
{
    static const unsigned char prefix[12] = { [10] = 0xff, [11] = 0xff };

    return !memcmp(address, prefix, sizeof(prefix));
}

static const char *names_flaw(const GENERAL_NAMES *names)
{
    for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
        const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);
        if (name->type == GEN_DNS && !is_printable(name->d.dNSName))
            return "one of its DNS names holds characters that no host name has";
        if (name->type != GEN_IPADD)
            continue;
        int length = ASN1_STRING_length(name->d.iPAddress);
        if ((length != 4 && length != 16) ||
            (length == 16 && is_mapped(ASN1_STRING_get0_data(name->d.iPAddress))))
            return "one of its IP addresses is malformed";
    }
    return NULL;
}

static bool is_mask(const unsigned char *mask, int length)
{
    bool ended = false;

    for (int bit = 0; bit < length * 8; bit++) {
        bool set = mask[bit / 8] & (0x80 >> bit % 8);
        if (set && ended)
            return false;
        ended = !set;
    }
    return true;
}

static const char *subtrees_flaw(const STACK_OF(GENERAL_SUBTREE) * subtrees)
{
    if (subtrees && !sk_GENERAL_SUBTREE_num(subtrees))
        return "its name constraints hold an empty list";
    for (int i = 0; i < sk_GENERAL_SUBTREE_num(subtrees); i++) {
        const GENERAL_NAME *base = sk_GENERAL_SUBTREE_value(subtrees, i)->base;
        int length = base->type == GEN_IPADD ? ASN1_STRING_length(base->d.iPAddress) : 8;
        const unsigned char *at =
            base->type == GEN_IPADD ? ASN1_STRING_get0_data(base->d.iPAddress) : NULL;
        if (length != 8 && length != 32)
            return "its name constraints hold a malformed IP range";
        if (at && !is_mask(at + length / 2, length / 2))
            return "its name constraints hold an IP range with gaps in its mask";
        if (base->type == GEN_DNS && !is_printable(base->d.dNSName))
            return "its name constraints hold a malformed DNS name";
    }
    return NULL;
}

static const char *constraints_flaw(const NAME_CONSTRAINTS *constraints)
{
    if (!constraints)
        return NULL;
    if (!constraints->permittedSubtrees && !constraints->excludedSubtrees)
        return "its name constraints are empty";
    const char *flaw = subtrees_flaw(constraints->permittedSubtrees);
    return flaw ? flaw : subtrees_flaw(constraints->excludedSubtrees);
}

/* Why clients refuse this certificate wherever it stands, or NULL. */
static const char *refusal(X509 *certificate)
{
    const char *flaw = extensions_flaw(certificate);

    if (flaw)
        return flaw;
    xr_auto_names *names = names_of(certificate);
    flaw = names_flaw(names);
    if (flaw)
        return flaw;
    xr_auto_constraints *constraints =
        X509_get_ext_d2i(certificate, NID_name_constraints, NULL, NULL);
    return constraints_flaw(constraints);
}

static const char *serial_lapse(const X509 *certificate)
{
    const ASN1_INTEGER *serial = X509_get0_serialNumber(certificate);
    int length = ASN1_STRING_length(serial);
    const unsigned char *at = ASN1_STRING_get0_data(serial);

    if (length > SERIAL_OCTETS_MAX)
        return "its serial number is longer than 20 octets";
    return length == 0 || (length == 1 && !*at) ? "its serial number is zero" : NULL;
}

/* What RFC 5280 or the CA/Browser Forum forbids, and no client minds. */
static const char *lapse(X509 *certificate, int depth)
{
    const char *serial = serial_lapse(certificate);
    const EVP_PKEY *key = X509_get0_pubkey(certificate);

    if (serial)
        return serial;
    if (key && EVP_PKEY_is_a(key, "RSA") && EVP_PKEY_get_bits(key) % 8)
        return "the length of its RSA key is not a multiple of 8 bits";
    if (depth == 0 && X509_get_ext_by_NID(certificate, NID_name_constraints, -1) >= 0)
        return "it constrains names, which is for authorities alone";
    return NULL;
}

static void check_one(
    const struct xr_case *judged, struct xr_verdict *verdict, X509 *certificate, int depth)
{
    bool anchor = xr_is_among(judged->roots, certificate);
    const EVP_PKEY *key = X509_get0_pubkey(certificate);
    const char *refused = refusal(certificate);

    if (!refused && X509_get0_serialNumber(certificate)->type == V_ASN1_NEG_INTEGER &&
        (!anchor || depth == 0))
        refused = "its serial number is negative";
    if (!refused && depth == 0 && !anchor && (X509_get_extension_flags(certificate) & EXFLAG_CA))
        refused = "it is the certificate of an authority, and shown by a server (Firefox)";
    if (refused)
        xr_verdict_tell(
            verdict, (struct xr_told){ XR_FLAW_BAD_PURPOSE, depth, X509_V_OK, refused });
    if (key && EVP_PKEY_is_a(key, "DSA"))
        xr_verdict_tell(verdict, (struct xr_told){ XR_FLAW_WEAK_KEY, depth, X509_V_OK, NULL });
    const char *lapsed = anchor ? NULL : lapse(certificate, depth);
    if (lapsed)
        xr_verdict_tell(
            verdict, (struct xr_told){ XR_FLAW_NONCONFORMING, depth, X509_V_OK, lapsed });
}

/* "*.contoso.test" stands for one label more than "contoso.test": does it stand for this one? */
static bool covers(const ASN1_STRING *wildcard, const ASN1_STRING *name)
{
    const char *pattern = (const char *)ASN1_STRING_get0_data(wildcard);
    const char *text = (const char *)ASN1_STRING_get0_data(name);
    int pattern_n = ASN1_STRING_length(wildcard), text_n = ASN1_STRING_length(name);
    const char *dot = memchr(text, '.', (size_t)text_n);
    int rest = dot ? text_n - (int)(dot - text) : 0;

    return pattern_n > 2 && pattern[0] == '*' && pattern[1] == '.' && dot && dot > text &&
           rest == pattern_n - 1 && !strncasecmp(dot, pattern + 1, (size_t)rest);
}

static bool has_empty_label(const ASN1_STRING *name)
{
    const unsigned char *at = ASN1_STRING_get0_data(name);
    int length = ASN1_STRING_length(name);

    for (int i = 0; i < length; i++)
        if (at[i] == '.' && (i == 0 || i == length - 1 || at[i - 1] == '.'))
            return true;
    return length == 0;
}

/* Kinds of names that OpenSSL can hold against a constraint. */
static bool is_comparable(int type)
{
    return type == GEN_DNS || type == GEN_IPADD || type == GEN_EMAIL || type == GEN_URI ||
           type == GEN_DIRNAME;
}

static const char *subtree_conflict(
    const STACK_OF(GENERAL_SUBTREE) * subtrees, const GENERAL_NAME *name, bool excluded)
{
    for (int i = 0; i < sk_GENERAL_SUBTREE_num(subtrees); i++) {
        const GENERAL_NAME *base = sk_GENERAL_SUBTREE_value(subtrees, i)->base;
        if (base->type != name->type)
            continue;
        if (!is_comparable(base->type))
            return "an authority above it constrains a kind of name that clients cannot compare";
        /* RFC 5280 leaves it open; Go refuses it since 2025 (CVE-2025-61727). */
        if (excluded && base->type == GEN_DNS && covers(name->d.dNSName, base->d.dNSName))
            return "its wildcard stands for a name that an authority above it must not issue for";
    }
    return NULL;
}

static const char *conflict(const NAME_CONSTRAINTS *constraints, const GENERAL_NAME *name)
{
    if (name->type == GEN_DNS && has_empty_label(name->d.dNSName))
        return xr_code_phrase(X509_V_ERR_UNSUPPORTED_NAME_SYNTAX);
    const char *found = subtree_conflict(constraints->permittedSubtrees, name, false);
    return found ? found : subtree_conflict(constraints->excludedSubtrees, name, true);
}

static const char *first_conflict(const NAME_CONSTRAINTS *constraints, const GENERAL_NAMES *names)
{
    for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
        const char *found = conflict(constraints, sk_GENERAL_NAME_value(names, i));
        if (found)
            return found;
    }
    return NULL;
}

/* The names of one certificate, against the constraints of all authorities above it. */
static void check_names(
    struct xr_verdict *verdict, int depth, NAME_CONSTRAINTS *const *constraints, int n)
{
    X509 *certificate = sk_X509_value(verdict->chain, depth);

    if (depth > 0 && xr_is_self_issued(certificate))
        return;
    xr_auto_names *names = names_of(certificate);
    for (int i = depth + 1; names && i < n; i++) {
        const char *why = constraints[i] ? first_conflict(constraints[i], names) : NULL;
        if (why)
            xr_verdict_tell(verdict, (struct xr_told){ XR_FLAW_BAD_PURPOSE, depth,
                                         X509_V_ERR_UNSUPPORTED_NAME_SYNTAX, why });
    }
}

/* Each certificate is read once, however many stand above it. */
static void check_constraints(struct xr_verdict *verdict)
{
    NAME_CONSTRAINTS *constraints[XR_CHAIN_DEPTH_MAX + 1] = { NULL };
    int n = sk_X509_num(verdict->chain);
    bool any = false;

    if (n > XR_CHAIN_DEPTH_MAX + 1) {
        xr_verdict_break(verdict, X509_V_ERR_CERT_CHAIN_TOO_LONG, NULL);
        return;
    }
    for (int i = 1; i < n; i++) {
        constraints[i] =
            X509_get_ext_d2i(sk_X509_value(verdict->chain, i), NID_name_constraints, NULL, NULL);
        any = any || constraints[i];
    }
    for (int i = 0; any && i < n && !xr_verdict_is_late(verdict); i++)
        check_names(verdict, i, constraints, n);
    for (int i = 1; i < n; i++)
        NAME_CONSTRAINTS_free(constraints[i]);
}

/* How much there is to compare: names on the one side, constraints on the other. */
struct cost {
    int64_t names, bases;
};

static void add_names(struct cost *cost, X509 *certificate)
{
    xr_auto_names *names = names_of(certificate);

    cost->names += X509_NAME_entry_count(X509_get_subject_name(certificate));
    cost->names += names ? sk_GENERAL_NAME_num(names) : 0;
}

static void add_bases(struct cost *cost, X509 *certificate)
{
    xr_auto_constraints *constraints =
        X509_get_ext_d2i(certificate, NID_name_constraints, NULL, NULL);

    if (constraints && constraints->permittedSubtrees)
        cost->bases += sk_GENERAL_SUBTREE_num(constraints->permittedSubtrees);
    if (constraints && constraints->excludedSubtrees)
        cost->bases += sk_GENERAL_SUBTREE_num(constraints->excludedSubtrees);
}

bool xr_has_too_many_names(
    X509 *leaf, const STACK_OF(X509) * anchors, const STACK_OF(X509) * between)
{
    const STACK_OF(X509) *const above[] = { anchors, between };
    struct cost cost = { 0 };

    for (size_t k = 0; k < 2; k++)
        for (int i = 0; i < sk_X509_num(above[k]); i++)
            add_bases(&cost, sk_X509_value(above[k], i));
    /* Most chains constrain nothing: their names need not be counted. */
    if (!cost.bases)
        return false;
    add_names(&cost, leaf);
    for (size_t k = 0; k < 2; k++)
        for (int i = 0; i < sk_X509_num(above[k]); i++)
            add_names(&cost, sk_X509_value(above[k], i));
    return cost.names * cost.bases > COMPARISONS_MAX;
}

void xr_conform(const struct xr_case *judged, struct xr_verdict *verdict)
{
    for (int i = 0; i < sk_X509_num(verdict->chain) && !xr_verdict_is_late(verdict); i++)
        check_one(judged, verdict, sk_X509_value(verdict->chain, i), i);
    check_constraints(verdict);
    ERR_clear_error();
}
