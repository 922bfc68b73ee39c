#include "analyzer/wire/ntlm.h"

#include <assert.h>
#include <string.h>

#include "analyzer/wire/ntlm_parts.h"
#include "analyzer/wire/utf16.h"

/* The messages of the client: type 1 and type 3 (MS-NLMP 2.2.1.1, 2.2.1.3). */

/* What Windows asks for over HTTP, without OEM text. */
static const uint32_t our_flags = XR_NTLM_UNICODE | XR_NTLM_REQUEST_TARGET | XR_NTLM_NTLM |
                                  XR_NTLM_ALWAYS_SIGN | XR_NTLM_EXTENDED_SECURITY |
                                  XR_NTLM_VERSION | XR_NTLM_128 | XR_NTLM_56;

enum {
    NEGOTIATE_VERSION_AT = 32,
    VERSION_BYTES = 8,
};

/* Where things stand in type 3. */
enum {
    TYPE_AUTHENTICATE = 3,
    LM_AT = 12,
    NT_AT = 20,
    DOMAIN_AT = 28,
    USER_AT = 36,
    WORKSTATION_AT = 44,
    SESSION_KEY_AT = 52,
    FLAGS_AT = 60,
    VERSION_AT = 64,
    HEADER_BYTES = 88,
    PROOF_BYTES = XR_NTLM_KEY_BYTES,
    LM_BYTES = XR_NTLM_KEY_BYTES + XR_NTLM_NONCE_BYTES,
};

/* our_flags; no domain, no workstation; Windows 10.0.17763, NTLM's revision 15 (2.2.2.10). */
struct xr_ntlm_message xr_ntlm_negotiate(void)
{
    static const uint8_t bytes[] = { 'N', 'T', 'L', 'M', 'S', 'S', 'P', 0, 1, 0, 0, 0, 0x05, 0x82,
        0x08, 0xa2, 0, 0, 0, 0, 40, 0, 0, 0, 0, 0, 0, 0, 40, 0, 0, 0, 10, 0, 0x63, 0x45, 0, 0, 0,
        15 };

    return (struct xr_ntlm_message){ bytes, sizeof(bytes) };
}

/* ---- writing ---- */

static void put(struct xr_buf *to, uint64_t number, size_t width)
{
    for (size_t i = 0; i < width; i++) {
        char byte = (char)(number >> 8 * i & 0xff);
        (void)xr_buf_add(to, &byte, 1);
    }
}

static void put_zeroes(struct xr_buf *to, size_t n)
{
    while (n--)
        put(to, 0, 1);
}

/* Over bytes that are there already. */
static void set(struct xr_buf *to, size_t at, uint64_t number, size_t width)
{
    for (size_t i = 0; i < width && !to->overflow; i++)
        to->at[at + i] = (char)(number >> 8 * i & 0xff);
}

static struct xr_ntlm_message bytes_of(const struct xr_buf *buf)
{
    return (struct xr_ntlm_message){ (const uint8_t *)buf->at, buf->length };
}

static void put_pair(struct xr_buf *to, enum xr_ntlm_av id, const void *value, size_t length)
{
    put(to, id, 2);
    put(to, length, 2);
    (void)xr_buf_add(to, value, length);
}

/* What is behind "from" becomes the payload of the field at "at" of the header. */
static void set_field(struct xr_buf *to, size_t at, size_t from)
{
    set(to, at, to->length - from, 2);
    set(to, at + 2, to->length - from, 2);
    set(to, at + 4, from, 4);
}

static void put_field(struct xr_buf *to, size_t at, const void *payload, size_t length)
{
    size_t from = to->length;

    (void)xr_buf_add(to, payload, length);
    set_field(to, at, from);
}

/* ---- the response ---- */

static bool put_target_name(
    struct xr_arena *arena, struct xr_buf *to, const char *spn, const char **ret_why)
{
    struct xr_utf16 text;
    const char *why;

    if (!spn)
        return true;
    if (!xr_utf16_encode(spn, false, &text, &why)) {
        *ret_why = xr_printf(arena, "the name of the service %s", why);
        return false;
    }
    put_pair(to, XR_NTLM_AV_TARGET_NAME, text.bytes, text.length);
    return true;
}

/* The server's pairs, then ours. What we say ourselves is not left in what it said: two pairs of
 * one kind are for a server to choose from. */
static bool put_pairs(struct xr_arena *arena, const struct xr_ntlm_logon *logon,
    const struct xr_ntlm_challenge *challenge, uint32_t av_flags, struct xr_buf *to,
    const char **ret_why)
{
    const uint8_t flags[] = { (uint8_t)av_flags, (uint8_t)(av_flags >> 8),
        (uint8_t)(av_flags >> 16), (uint8_t)(av_flags >> 24) };
    struct xr_ntlm_pair pair;

    for (size_t at = 0; xr_ntlm_next_pair(challenge->pairs, &at, &pair);)
        if (pair.id != XR_NTLM_AV_FLAGS && pair.id != XR_NTLM_AV_TARGET_NAME &&
            pair.id != XR_NTLM_AV_BINDING)
            put_pair(to, pair.id, pair.value.bytes, pair.value.length);
    if (av_flags)
        put_pair(to, XR_NTLM_AV_FLAGS, flags, sizeof(flags));
    if (logon->binding)
        put_pair(to, XR_NTLM_AV_BINDING, logon->binding->bytes, sizeof(logon->binding->bytes));
    if (!put_target_name(arena, to, logon->spn, ret_why))
        return false;
    put_pair(to, XR_NTLM_AV_END, NULL, 0);
    return true;
}

/* 2.2.2.7; a server that told its time wants to see that one. */
static bool put_client_challenge(struct xr_arena *arena, const struct xr_ntlm_logon *logon,
    const struct xr_ntlm_challenge *challenge, uint32_t av_flags, struct xr_buf *to,
    const char **ret_why)
{
    uint64_t now = (uint64_t)(logon->now_ms + XR_NTLM_MS_1601_TO_1970) * XR_NTLM_TICKS_PER_MS;

    put(to, 0x0101, 2); /* the version that is spoken, the highest that is understood */
    put_zeroes(to, 6);
    put(to, challenge->has_time ? challenge->filetime : now, 8);
    (void)xr_buf_add(to, logon->nonce, sizeof(logon->nonce));
    put_zeroes(to, 4);
    if (!put_pairs(arena, logon, challenge, av_flags, to, ret_why))
        return false;
    put_zeroes(to, 4);
    return true;
}

bool xr_ntlm_response(struct xr_arena *arena, const struct xr_ntlm_logon *logon,
    const struct xr_ntlm_challenge *challenge, const struct xr_ntlm_key *key, uint32_t av_flags,
    struct xr_buf *to, struct xr_ntlm_key *ret_base, const char **ret_why)
{
    uint8_t proof[PROOF_BYTES];

    put_zeroes(to, PROOF_BYTES);
    if (!put_client_challenge(arena, logon, challenge, av_flags, to, ret_why))
        return false;
    if (to->overflow) {
        *ret_why = "the names are too long for one NTLM message";
        return false;
    }
    const struct xr_ntlm_message proven[] = { { challenge->nonce, sizeof(challenge->nonce) },
        { bytes_of(to).bytes + PROOF_BYTES, to->length - PROOF_BYTES } };
    const struct xr_ntlm_message proof_alone = { proof, sizeof(proof) };
    if (!xr_ntlm_hmac(key, proven, 2, proof) ||
        !xr_ntlm_hmac(key, &proof_alone, 1, ret_base->bytes)) {
        *ret_why = xr_ntlm_no_md5;
        return false;
    }
    memcpy(to->at, proof, sizeof(proof));
    return true;
}

/* 3.1.5.1.2, 3.3.2: LMv2, which is of no use to a server that told its time. */
static bool put_lm_response(const struct xr_ntlm_logon *logon,
    const struct xr_ntlm_challenge *challenge, const struct xr_ntlm_key *key, struct xr_buf *to,
    const char **ret_why)
{
    const struct xr_ntlm_message nonces[] = { { challenge->nonce, sizeof(challenge->nonce) },
        { logon->nonce, sizeof(logon->nonce) } };
    uint8_t lm[LM_BYTES] = { 0 };

    if (!challenge->has_time) {
        if (!xr_ntlm_hmac(key, nonces, 2, lm)) {
            *ret_why = xr_ntlm_no_md5;
            return false;
        }
        memcpy(lm + XR_NTLM_KEY_BYTES, logon->nonce, sizeof(logon->nonce));
    }
    put_field(to, LM_AT, lm, sizeof(lm));
    return true;
}

/* ---- the message around it ---- */

static bool put_text(struct xr_arena *arena, struct xr_buf *to, size_t at, const char *text,
    const char *what, const char **ret_why)
{
    struct xr_utf16 wide;
    const char *why;

    if (!xr_utf16_encode(text, false, &wide, &why)) {
        *ret_why = xr_printf(arena, "the %s %s", what, why);
        return false;
    }
    put_field(to, at, wide.bytes, wide.length);
    return true;
}

static void put_header(struct xr_buf *to, const struct xr_ntlm_challenge *challenge)
{
    const uint8_t *version = xr_ntlm_negotiate().bytes + NEGOTIATE_VERSION_AT;
    uint32_t flags = challenge->flags & (our_flags | XR_NTLM_TARGET_INFO);

    (void)xr_buf_add(to, xr_ntlm_signature, sizeof(xr_ntlm_signature));
    put_zeroes(to, HEADER_BYTES - sizeof(xr_ntlm_signature));
    set(to, XR_NTLM_TYPE_AT, TYPE_AUTHENTICATE, 4);
    set(to, FLAGS_AT, flags, 4);
    for (size_t i = 0; i < VERSION_BYTES && flags & XR_NTLM_VERSION; i++)
        set(to, VERSION_AT + i, version[i], 1);
}

/* The MIC covers itself as zeroes; it is the last that is written. */
static bool set_mic(const struct xr_ntlm_challenge *challenge, const struct xr_ntlm_key *base,
    struct xr_buf *to, const char **ret_why)
{
    const struct xr_ntlm_message covered[] = { xr_ntlm_negotiate(), challenge->message,
        bytes_of(to) };
    uint8_t mic[XR_NTLM_KEY_BYTES];

    *ret_why = to->overflow ? "the names are too long for one NTLM message" : xr_ntlm_no_md5;
    if (to->overflow || !xr_ntlm_hmac(base, covered, 3, mic))
        return false;
    memcpy(to->at + XR_NTLM_MIC_AT, mic, sizeof(mic));
    return true;
}

bool xr_ntlm_authenticate(struct xr_arena *arena, const struct xr_ntlm_logon *logon,
    const struct xr_ntlm_challenge *challenge, struct xr_buf *to, const char **ret_why)
{
    uint32_t av_flags = challenge->av_flags | XR_NTLM_MIC_PRESENT;
    xr_auto_ntlm_key key, base;
    xr_auto_buf response;

    assert(!to->length); /* the places of the header count from its beginning */
    xr_buf_init(&response, XR_NTLM_AUTHENTICATE_MAX);
    put_header(to, challenge);
    if (!xr_ntlm_key(arena, logon, &key, ret_why) ||
        !put_text(arena, to, DOMAIN_AT, logon->domain, "domain", ret_why) ||
        !put_text(arena, to, USER_AT, logon->user, "user name", ret_why) ||
        !put_text(arena, to, WORKSTATION_AT, logon->workstation, "workstation's name", ret_why) ||
        !put_lm_response(logon, challenge, &key, to, ret_why) ||
        !xr_ntlm_response(arena, logon, challenge, &key, av_flags, &response, &base, ret_why))
        return false;
    put_field(to, NT_AT, response.at, response.length);
    put_field(to, SESSION_KEY_AT, NULL, 0);
    return set_mic(challenge, &base, to, ret_why);
}
