#include <openssl/evp.h>
#include <openssl/objects.h>
#include <string.h>

#include "analyzer/base/buf.h"
#include "analyzer/wire/certificate.h"
#include "analyzer/wire/ntlm_parts.h"

enum { APPLICATION_DATA_AT = 20 };

static void certificate_done(X509 **certificate)
{
    X509_free(*certificate);
}

/* RFC 5929 4.1. NULL: the signature has no hash function, or an unknown one. */
static const EVP_MD *hash_of(X509 *certificate, struct xr_ntlm_binding *binding)
{
    int hash = NID_undef, key = NID_undef;

    if (X509_get_signature_info(certificate, &hash, &key, NULL, NULL) != 1 || hash == NID_undef)
        return NULL;
    if (hash == NID_md5 || hash == NID_sha1 || hash == NID_md5_sha1)
        hash = NID_sha256;
    binding->hash = OBJ_nid2sn(hash);
    binding->is_disputed = key == NID_rsaEncryption && hash != NID_sha256;
    return EVP_get_digestbynid(hash);
}

/* RFC 2744 3.11 as bytes: two addresses without type and length, then the application data. */
static bool bind_to(X509 *certificate, const EVP_MD *hash, struct xr_ntlm_binding *binding)
{
    static const char prefix[] = "tls-server-end-point:";
    unsigned char bindings[APPLICATION_DATA_AT + XR_NTLM_BINDING_DATA_MAX] = { 0 };
    size_t head = sizeof(prefix) - 1;
    unsigned length = 0;

    _Static_assert(sizeof(prefix) - 1 + EVP_MAX_MD_SIZE <= XR_NTLM_BINDING_DATA_MAX, "any hash");
    memcpy(binding->data, prefix, head);
    if (X509_digest(certificate, hash, binding->data + head, &length) != 1)
        return false;
    binding->data_length = head + length;
    bindings[APPLICATION_DATA_AT - 4] = (unsigned char)binding->data_length;
    memcpy(bindings + APPLICATION_DATA_AT, binding->data, binding->data_length);
    return EVP_Q_digest(NULL, "MD5", NULL, bindings, APPLICATION_DATA_AT + binding->data_length,
               binding->bytes, NULL) == 1;
}

static bool bind_leaf(
    struct xr_arena *arena, X509 *certificate, struct xr_ntlm_binding *ret, const char **ret_why)
{
    struct xr_ntlm_binding binding = { .hash = NULL };
    const EVP_MD *hash = hash_of(certificate, &binding);

    if (!hash) {
        *ret_why = xr_printf(arena,
            "the server's certificate is signed by %s, for which RFC 5929 defines no binding",
            OBJ_nid2sn(X509_get_signature_nid(certificate)));
        return false;
    }
    if (!bind_to(certificate, hash, &binding)) {
        *ret_why = xr_ntlm_no_md5;
        return false;
    }
    *ret = binding;
    return true;
}

bool xr_ntlm_binding(
    struct xr_arena *arena, struct xr_der leaf, struct xr_ntlm_binding *ret, const char **ret_why)
{
    __attribute__((cleanup(certificate_done))) X509 *certificate = xr_certificate_read(leaf);

    if (!certificate) {
        *ret_why = "the server's certificate cannot be read";
        return false;
    }
    bool bound = bind_leaf(arena, certificate, ret, ret_why);
    ERR_clear_error();
    return bound;
}
