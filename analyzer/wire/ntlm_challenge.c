#include <string.h>

#include "analyzer/wire/ntlm_parts.h"
#include "analyzer/wire/utf16.h"

/* The second message (MS-NLMP 2.2.1.2), which any server can send before it has shown anything. */

enum {
    TYPE_CHALLENGE = 2,
    TARGET_AT = 12,
    FLAGS_AT = 20,
    NONCE_AT = 24,
    INFO_AT = 40,
    VERSION_AT = 48,
    HEADER_MIN = 32, /* old servers end here, or before the version */
    HEADER_WITH_INFO = 48,
    HEADER_WITH_VERSION = 56,
    TIME_BYTES = 8,
    AV_FLAGS_BYTES = 4,
};

const uint8_t xr_ntlm_signature[XR_NTLM_SIGNATURE_BYTES] = "NTLMSSP";

static const struct xr_err *malformed(struct xr_arena *arena, const char *what)
{
    return xr_err(arena, XR_FAULT_CONTENT, 0, "the server's NTLM challenge is malformed: %s", what);
}

/* The bytes that a field of the header points to. Where an empty one points to means nothing. */
static bool field_at(struct xr_ntlm_message message, size_t at, struct xr_ntlm_message *ret)
{
    size_t length = xr_ntlm_get16(message.bytes + at);
    size_t offset = xr_ntlm_get32(message.bytes + at + 4);

    *ret = (struct xr_ntlm_message){ message.bytes + message.length, 0 };
    if (!length)
        return true;
    if (offset > message.length || length > message.length - offset)
        return false;
    *ret = (struct xr_ntlm_message){ message.bytes + offset, length };
    return true;
}

bool xr_ntlm_next_pair(struct xr_ntlm_message pairs, size_t *at, struct xr_ntlm_pair *ret)
{
    size_t left = pairs.length - *at;

    if (left < XR_NTLM_PAIR_HEAD)
        return false;
    const uint8_t *head = pairs.bytes + *at;
    size_t length = xr_ntlm_get16(head + 2);
    ret->id = xr_ntlm_get16(head);
    if (ret->id == XR_NTLM_AV_END || length > left - XR_NTLM_PAIR_HEAD)
        return false;
    ret->value = (struct xr_ntlm_message){ head + XR_NTLM_PAIR_HEAD, length };
    *at += XR_NTLM_PAIR_HEAD + length;
    return true;
}

static uint64_t get64(const uint8_t *at)
{
    return xr_ntlm_get32(at) | (uint64_t)xr_ntlm_get32(at + 4) << 32;
}

static const char *text_of(struct xr_arena *arena, struct xr_ntlm_message value)
{
    return value.length ? xr_utf16_decode(arena, value.bytes, value.length) : NULL;
}

/* What a pair is kept in; NULL: it is of no interest here. */
static const char **name_for(struct xr_ntlm_challenge *challenge, uint16_t id)
{
    const char **const names[] = {
        [XR_NTLM_AV_NETBIOS_COMPUTER] = &challenge->netbios_computer,
        [XR_NTLM_AV_NETBIOS_DOMAIN] = &challenge->netbios_domain,
        [XR_NTLM_AV_DNS_COMPUTER] = &challenge->dns_computer,
        [XR_NTLM_AV_DNS_DOMAIN] = &challenge->dns_domain,
        [XR_NTLM_AV_DNS_FOREST] = &challenge->dns_forest,
    };

    return id < sizeof(names) / sizeof(*names) ? names[id] : NULL;
}

static const struct xr_err *read_time(
    struct xr_arena *arena, struct xr_ntlm_message value, struct xr_ntlm_challenge *challenge)
{
    if (value.length != TIME_BYTES)
        return malformed(arena, "its time (MsvAvTimestamp) does not have 8 bytes");
    if (challenge->has_time)
        return NULL;
    challenge->has_time = true;
    challenge->filetime = get64(value.bytes);
    challenge->time_ms =
        (int64_t)(challenge->filetime / XR_NTLM_TICKS_PER_MS) - XR_NTLM_MS_1601_TO_1970;
    return NULL;
}

static const struct xr_err *read_pair(struct xr_arena *arena, const struct xr_ntlm_pair *pair,
    struct xr_ntlm_challenge *challenge, bool *has_flags)
{
    const char **name = name_for(challenge, pair->id);

    if (name && !*name)
        *name = text_of(arena, pair->value);
    if (pair->id == XR_NTLM_AV_TIME)
        return read_time(arena, pair->value, challenge);
    if (pair->id != XR_NTLM_AV_FLAGS)
        return NULL;
    if (pair->value.length != AV_FLAGS_BYTES)
        return malformed(arena, "its flags (MsvAvFlags) do not have 4 bytes");
    if (!*has_flags)
        challenge->av_flags = xr_ntlm_get32(pair->value.bytes);
    *has_flags = true;
    return NULL;
}

static const struct xr_err *read_pairs(
    struct xr_arena *arena, struct xr_ntlm_message info, struct xr_ntlm_challenge *challenge)
{
    const struct xr_err *err = NULL;
    struct xr_ntlm_pair pair;
    bool has_flags = false;
    size_t end = 0;

    while (!err && xr_ntlm_next_pair(info, &end, &pair))
        err = read_pair(arena, &pair, challenge, &has_flags);
    if (err)
        return err;
    if (info.length - end < XR_NTLM_PAIR_HEAD || xr_ntlm_get32(info.bytes + end) != XR_NTLM_AV_END)
        return malformed(arena, "its list of names (TargetInfo) is cut short");
    challenge->pairs = (struct xr_ntlm_message){ info.bytes, end };
    return NULL;
}

/* Old servers leave the version out: then text stands in its place. */
static void read_version(struct xr_arena *arena, struct xr_ntlm_message target,
    struct xr_ntlm_message info, struct xr_ntlm_challenge *challenge)
{
    const struct xr_ntlm_message message = challenge->message;
    const uint8_t *end = message.bytes + HEADER_WITH_VERSION, *at = message.bytes + VERSION_AT;

    if (!(challenge->flags & XR_NTLM_VERSION) || message.length < HEADER_WITH_VERSION)
        return;
    if ((target.length && target.bytes < end) || (info.length && info.bytes < end))
        return;
    challenge->windows = xr_printf(arena, "%u.%u.%u", at[0], at[1], xr_ntlm_get16(at + 2));
}

static const struct xr_err *check_head(struct xr_arena *arena, struct xr_ntlm_message message)
{
    if (message.length > XR_NTLM_CHALLENGE_MAX)
        return xr_err(arena, XR_FAULT_CONTENT, 0,
            "the server's NTLM challenge has %zu bytes; at most %d are read", message.length,
            XR_NTLM_CHALLENGE_MAX);
    if (message.length < HEADER_MIN)
        return malformed(arena, "it is cut short");
    if (memcmp(message.bytes, xr_ntlm_signature, sizeof(xr_ntlm_signature)) != 0)
        return malformed(arena, "it does not begin with NTLMSSP");
    if (xr_ntlm_get32(message.bytes + XR_NTLM_TYPE_AT) != TYPE_CHALLENGE)
        return malformed(arena, "it is another message than a challenge (type 2)");
    if (!(xr_ntlm_get32(message.bytes + FLAGS_AT) & XR_NTLM_UNICODE))
        return xr_err(arena, XR_FAULT_CONTENT, 0,
            "the server's NTLM does not take Unicode, which every Windows server does");
    return NULL;
}

const struct xr_err *xr_ntlm_challenge_parse(
    struct xr_arena *arena, struct xr_ntlm_message message, struct xr_ntlm_challenge *ret)
{
    struct xr_ntlm_challenge challenge = { .message = message };
    struct xr_ntlm_message target, info = { .length = 0 };

    const struct xr_err *err = check_head(arena, message);
    if (err)
        return err;
    challenge.flags = xr_ntlm_get32(message.bytes + FLAGS_AT);
    memcpy(challenge.nonce, message.bytes + NONCE_AT, sizeof(challenge.nonce));
    if (!field_at(message, TARGET_AT, &target))
        return malformed(arena, "its name (TargetName) lies outside of it");
    challenge.target = text_of(arena, target);
    if (challenge.flags & XR_NTLM_TARGET_INFO &&
        (message.length < HEADER_WITH_INFO || !field_at(message, INFO_AT, &info)))
        return malformed(arena, "its list of names (TargetInfo) lies outside of it");
    if (info.length)
        err = read_pairs(arena, info, &challenge);
    if (err)
        return err;
    read_version(arena, target, info, &challenge);
    *ret = challenge;
    return NULL;
}
