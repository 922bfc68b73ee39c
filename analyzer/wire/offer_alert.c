#include "analyzer/wire/offer_parts.h"

/* RFC 8446 6, RFC 5246 7.2 and IANA's registry of alerts. */
static const struct alert {
    unsigned char id;
    bool other; /* is about something else than versions and ciphers: it refuses none of them */
    const char *name;
} alerts[] = {
    { 0, true, "close_notify" },
    { 10, false, "unexpected_message" },
    { 20, false, "bad_record_mac" },
    { 21, false, "decryption_failed" },
    { 22, false, "record_overflow" },
    { 30, false, "decompression_failure" },
    { 40, false, "handshake_failure" },
    { 41, false, "no_certificate" },
    { 42, false, "bad_certificate" },
    { 43, false, "unsupported_certificate" },
    { 44, true, "certificate_revoked" },
    { 45, true, "certificate_expired" },
    { 46, true, "certificate_unknown" },
    { 47, false, "illegal_parameter" },
    { 48, true, "unknown_ca" },
    { 49, true, "access_denied" },
    { 50, false, "decode_error" },
    { 51, false, "decrypt_error" },
    { 60, false, "export_restriction" },
    { 70, false, "protocol_version" },
    { 71, false, "insufficient_security" },
    { 80, false, "internal_error" },
    { 86, false, "inappropriate_fallback" },
    { 90, true, "user_canceled" },
    { 100, true, "no_renegotiation" },
    { 109, false, "missing_extension" },
    { 110, false, "unsupported_extension" },
    { 111, true, "certificate_unobtainable" },
    { 112, true, "unrecognized_name" },
    { 113, true, "bad_certificate_status_response" },
    { 114, true, "bad_certificate_hash_value" },
    { 115, true, "unknown_psk_identity" },
    { 116, true, "certificate_required" },
    { 120, true, "no_application_protocol" },
};

static const struct alert *find(size_t id)
{
    for (size_t i = 0; i < sizeof(alerts) / sizeof(*alerts); i++)
        if (alerts[i].id == id)
            return &alerts[i];
    return NULL;
}

const char *xr_offer_alert_name(struct xr_arena *arena, size_t id)
{
    const struct alert *alert = find(id);

    return alert ? alert->name : xr_printf(arena, "number %zu", id);
}

bool xr_offer_alert_refuses(size_t id)
{
    const struct alert *alert = find(id);

    return !alert || !alert->other;
}
