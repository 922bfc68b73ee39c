#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>

#include "analyzer/wire/md4.h"
#include "analyzer/wire/ntlm_parts.h"
#include "analyzer/wire/utf16.h"

/* What is derived from the password: the only file of NTLM that reveals it. */

const char xr_ntlm_no_md5[] =
    "this machine's OpenSSL refuses MD5, of which NTLM is made (is it in FIPS mode?)";

void xr_ntlm_key_done(struct xr_ntlm_key *key)
{
    OPENSSL_cleanse(key, sizeof(*key));
}

static void text_done(struct xr_utf16 *text)
{
    OPENSSL_cleanse(text, sizeof(*text));
}

static void mac_done(EVP_MAC **mac)
{
    EVP_MAC_free(*mac);
}

static void mac_ctx_done(EVP_MAC_CTX **ctx)
{
    EVP_MAC_CTX_free(*ctx);
}

static bool hmac_md5(EVP_MAC_CTX *ctx, const struct xr_ntlm_key *key,
    const struct xr_ntlm_message *parts, size_t n, uint8_t *ret)
{
    char md5[] = "MD5";
    const OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, md5, 0),
        OSSL_PARAM_construct_end(),
    };
    size_t length = 0;

    if (EVP_MAC_init(ctx, key->bytes, sizeof(key->bytes), params) != 1)
        return false;
    for (size_t i = 0; i < n; i++)
        if (EVP_MAC_update(ctx, parts[i].bytes, parts[i].length) != 1)
            return false;
    return EVP_MAC_final(ctx, ret, &length, XR_NTLM_KEY_BYTES) == 1;
}

bool xr_ntlm_hmac(const struct xr_ntlm_key *key, const struct xr_ntlm_message *parts, size_t n,
    uint8_t ret[static XR_NTLM_KEY_BYTES])
{
    __attribute__((cleanup(mac_done))) EVP_MAC *mac = EVP_MAC_fetch(NULL, "HMAC", NULL);
    __attribute__((cleanup(mac_ctx_done))) EVP_MAC_CTX *ctx = mac ? EVP_MAC_CTX_new(mac) : NULL;

    if (ctx && hmac_md5(ctx, key, parts, n, ret))
        return true;
    ERR_clear_error(); /* else the next TLS call of this thread would be blamed */
    return false;
}

/* NTOWFv1 (3.3.1), which stands for the password wherever NTLM asks for it. */
static bool nt_hash(struct xr_arena *arena, struct xr_secret password, struct xr_ntlm_key *ret,
    const char **ret_why)
{
    __attribute__((cleanup(text_done))) struct xr_utf16 text;
    const char *why;

    if (!xr_utf16_encode(xr_reveal(password), false, &text, &why)) {
        *ret_why = xr_printf(arena, "the password %s", why);
        return false;
    }
    xr_md4(text.bytes, text.length, ret->bytes);
    return true;
}

bool xr_ntlm_key(struct xr_arena *arena, const struct xr_ntlm_logon *logon, struct xr_ntlm_key *ret,
    const char **ret_why)
{
    xr_auto_ntlm_key hash;
    struct xr_utf16 user, domain;
    const char *why;

    if (!nt_hash(arena, logon->password, &hash, ret_why))
        return false;
    if (!xr_utf16_encode(logon->user, true, &user, &why)) {
        *ret_why = xr_printf(arena, "the user name %s", why);
        return false;
    }
    if (!xr_utf16_encode(logon->domain, false, &domain, &why)) {
        *ret_why = xr_printf(arena, "the domain %s", why);
        return false;
    }
    const struct xr_ntlm_message who[] = { { user.bytes, user.length },
        { domain.bytes, domain.length } };
    *ret_why = xr_ntlm_no_md5;
    return xr_ntlm_hmac(&hash, who, 2, ret->bytes);
}
