#include "tests/wire/forge.h"

#include <openssl/rand.h>
#include <openssl/rsa.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit.h"

enum { FORGED_MAX = 400, SERIAL_BYTES = 16, LONG_SERIAL_BYTES = 22 };

#define YEAR_2020_S 1577836800
#define YEAR_2060_S 2840140800

static struct forged all[FORGED_MAX];
static size_t all_n;

static void must(bool made, const char *what)
{
    ck_assert_msg(made, "this could not be made for the test: %s", what);
}

static EVP_PKEY *new_dsa(void)
{
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "DSA", NULL);
    EVP_PKEY *parameters = NULL, *key = NULL;

    must(EVP_PKEY_paramgen_init(context) == 1, "DSA");
    (void)EVP_PKEY_CTX_ctrl_str(context, "dsa_paramgen_bits", "2048");
    must(EVP_PKEY_paramgen(context, &parameters) == 1, "DSA");
    EVP_PKEY_CTX_free(context);
    context = EVP_PKEY_CTX_new_from_pkey(NULL, parameters, NULL);
    must(EVP_PKEY_keygen_init(context) == 1 && EVP_PKEY_keygen(context, &key) == 1, "DSA");
    EVP_PKEY_CTX_free(context);
    EVP_PKEY_free(parameters);
    return key;
}

static EVP_PKEY *new_key(const char *kind)
{
    EVP_PKEY *key;

    if (!kind)
        key = EVP_EC_gen("P-256");
    else if (!strncmp(kind, "RSA:", 4))
        key = EVP_RSA_gen((unsigned)strtoul(kind + 4, NULL, 10));
    else if (!strcmp(kind, "DSA"))
        key = new_dsa();
    else if (!strcmp(kind, "ED25519"))
        key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    else
        key = EVP_EC_gen(kind);
    must(key, kind ? kind : "P-256");
    return key;
}

static void set_serial(X509 *certificate, int kind)
{
    unsigned char bytes[LONG_SERIAL_BYTES];
    ASN1_INTEGER *serial = X509_get_serialNumber(certificate);

    must(RAND_bytes(bytes, sizeof(bytes)) == 1, "a serial number");
    bytes[0] = (unsigned char)((bytes[0] & 0x7f) | 0x40);
    BIGNUM *number = BN_bin2bn(bytes, kind == -3 ? LONG_SERIAL_BYTES : SERIAL_BYTES, NULL);
    must(BN_to_ASN1_INTEGER(number, serial) != NULL, "a serial number");
    BN_free(number);
    if (kind == -1 || kind == -2)
        must(ASN1_INTEGER_set_int64(serial, kind == -1 ? 0 : -77) == 1, "a serial number");
}

static void add_extension(X509 *certificate, X509 *issuer, int nid, const char *value)
{
    X509V3_CTX context;

    X509V3_set_ctx(&context, issuer, certificate, NULL, NULL, 0);
    X509_EXTENSION *extension = X509V3_EXT_nconf_nid(NULL, &context, nid, value);
    must(extension && X509_add_ext(certificate, extension, -1) == 1, value);
    X509_EXTENSION_free(extension);
}

static bool names_its_key(const X509 *certificate)
{
    return X509_get_ext_by_NID(certificate, NID_subject_key_identifier, -1) >= 0;
}

static bool is_replaced(const struct forge_spec *spec, int nid)
{
    for (size_t i = 0; i < FORGED_EXTENSIONS && spec->extensions[i].nid; i++)
        if (spec->extensions[i].nid == nid)
            return true;
    return false;
}

static void add_extensions(X509 *certificate, X509 *issuer, const struct forge_spec *spec)
{
    const struct forged_extension usual[] = {
        { NID_basic_constraints, spec->ca ? "critical,CA:TRUE" : "critical,CA:FALSE" },
        { NID_key_usage, spec->ca ? "critical,keyCertSign,cRLSign" : "critical,digitalSignature" },
        { NID_subject_key_identifier, "hash" },
        { NID_authority_key_identifier,
            issuer == certificate || !names_its_key(issuer) ? NULL : "keyid" },
        { NID_subject_alt_name, spec->san },
        { NID_ext_key_usage, spec->ca ? NULL : "serverAuth" },
    };

    for (size_t i = 0; i < sizeof(usual) / sizeof(*usual); i++)
        if (usual[i].value && !is_replaced(spec, usual[i].nid))
            add_extension(certificate, issuer, usual[i].nid, usual[i].value);
    for (size_t i = 0; i < FORGED_EXTENSIONS && spec->extensions[i].nid; i++)
        if (spec->extensions[i].value)
            add_extension(certificate, issuer, spec->extensions[i].nid, spec->extensions[i].value);
}

static void set_name(X509_NAME *name, const char *cn)
{
    if (cn)
        must(X509_NAME_add_entry_by_txt(
                 name, "CN", MBSTRING_UTF8, (const unsigned char *)cn, (int)strlen(cn), -1, 0) == 1,
            cn);
}

static void set_names(X509 *certificate, const struct forge_spec *spec, X509 *issuer)
{
    X509_NAME *name = X509_NAME_new();

    set_name(X509_get_subject_name(certificate), spec->cn);
    set_name(name, spec->issuer_cn);
    must(X509_set_issuer_name(
             certificate, spec->issuer_cn ? name : X509_get_subject_name(issuer)) == 1,
        "an issuer's name");
    X509_NAME_free(name);
}

static void set_dates(X509 *certificate, const struct forge_spec *spec)
{
    bool given = spec->from_s || spec->to_s;

    must(ASN1_TIME_set(X509_getm_notBefore(certificate), given ? spec->from_s : YEAR_2020_S) &&
             ASN1_TIME_set(X509_getm_notAfter(certificate), given ? spec->to_s : YEAR_2060_S),
        "dates");
}

static EVP_PKEY *key_of(const struct forge_spec *spec)
{
    if (!spec->as)
        return new_key(spec->key);
    (void)EVP_PKEY_up_ref(spec->as->key);
    return spec->as->key;
}

struct forged forge(const struct forge_spec *spec, const struct forged *issuer)
{
    struct forged made = { X509_new(), key_of(spec) };
    X509 *by = issuer ? issuer->certificate : made.certificate;
    EVP_PKEY *signer = issuer ? issuer->key : made.key;
    const EVP_MD *digest = EVP_get_digestbyname(spec->digest ? spec->digest : "SHA256");

    must(all_n < FORGED_MAX, "so many certificates");
    must(
        X509_set_version(made.certificate, spec->version ? spec->version - 1 : X509_VERSION_3) == 1,
        "a version");
    set_serial(made.certificate, spec->serial);
    set_dates(made.certificate, spec);
    set_names(made.certificate, spec, by);
    must(X509_set_pubkey(made.certificate, made.key) == 1, "a key");
    if (spec->version != 1)
        add_extensions(made.certificate, by, spec);
    must(X509_sign(made.certificate, signer, EVP_PKEY_is_a(signer, "ED25519") ? NULL : digest) > 0,
        "a signature");
    return all[all_n++] = made;
}

void forge_free(void)
{
    for (size_t i = 0; i < all_n; i++) {
        X509_free(all[i].certificate);
        EVP_PKEY_free(all[i].key);
    }
    all_n = 0;
}

static struct xr_der der_of(struct xr_arena *arena, X509 *certificate)
{
    return xr_certificate_describe(arena, certificate)->der;
}

struct verdict judged_at(const struct forged *sent, const struct forged *roots, const char *host,
    int64_t at_ms, int warn_days)
{
    struct verdict verdict = { .arena = xr_arena_new() };
    struct xr_trust trust = { X509_STORE_new(), true, NULL };
    struct xr_net net = { .trust = &trust, .at_ms = at_ms, .warn_days = warn_days };
    struct xr_der *ders = xr_new_n(verdict.arena, struct xr_der, FORGED_MAX);
    struct xr_chain chain = { .sent = ders };

    for (; sent->certificate; sent++)
        ders[chain.sent_n++] = der_of(verdict.arena, sent->certificate);
    for (; roots->certificate; roots++)
        (void)X509_STORE_add_cert(trust.store, roots->certificate);
    xr_chain_judge(verdict.arena, &net, host, &chain, &verdict.session);
    X509_STORE_free(trust.store);
    return verdict;
}

struct verdict judged(const struct forged *sent, const struct forged *roots, const char *host)
{
    return judged_at(sent, roots, host, NOW_MS, 0);
}

void verdict_free(struct verdict *verdict)
{
    xr_arena_free(verdict->arena);
    verdict->arena = NULL;
}

const char *told(const struct verdict *verdict, enum xr_flaw flaw, int depth)
{
    for (const struct xr_tls_flaw *at = verdict->session.flaws; at; at = at->next)
        if (at->flaw == flaw && (depth < 0 || at->depth == depth))
            return at->text;
    return NULL;
}

const char *all_told(const struct verdict *verdict)
{
    const char *text = "";

    for (const struct xr_tls_flaw *at = verdict->session.flaws; at; at = at->next)
        text = xr_printf(verdict->arena, "%s\n%d@%d (%d): %s", text, (int)at->flaw, at->depth,
            at->code, at->text);
    return text;
}

bool is_usable(const struct verdict *verdict)
{
    return xr_tls_may_carry(&verdict->session, false);
}
