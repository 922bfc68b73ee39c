/* What a server says to a ticket that it does not take. */
#include <string.h>

#include "analyzer/wire/kerberos_error.h"
#include "tests/unit.h"

/* pvno 5, msg-type 30, stime 20261122113000Z, susec 0, then the rest of the body */
#define HEAD                                                   \
    "\xa0\x03\x02\x01\x05\xa1\x03\x02\x01\x1e\xa4\x11\x18\x0f" \
    "20261122113000Z\xa5\x03\x02\x01\x00"
#define REALM          \
    "\xa9\x0e\x1b\x0c" \
    "CONTOSO.TEST"
#define KRB5   "\x06\x09\x2a\x86\x48\x86\xf7\x12\x01\x02\x02"
#define SKEWED "\x7e\x39\x30\x37" HEAD "\xa6\x03\x02\x01\x25" REALM

static const struct {
    const char *what, *bytes;
    size_t length;
    int code;
} rows[] = {
#define ROW(what, text, code)              \
    {                                      \
        what, text, sizeof(text) - 1, code \
    }
    ROW("bare", SKEWED, 37),
    ROW("in GSSAPI", "\x60\x48" KRB5 "\x03\x00" SKEWED, 37),
    ROW("in SPNEGO",
        "\xa1\x62\x30\x60\xa0\x03\x0a\x01\x02\xa1\x0b" KRB5 "\xa2\x4c\x04\x4a\x60\x48" KRB5
        "\x03\x00" SKEWED,
        37),
    ROW("of another key", "\x7e\x39\x30\x37" HEAD "\xa6\x03\x02\x01\x29" REALM, 41),
    ROW("behind a byte like its tag", "\x7e\x7e\x02\x7e" SKEWED, 37),
    ROW("with a length of two bytes",
        "\x7e\x82\x00\x3a\x30\x81\x37" HEAD "\xa6\x03\x02\x01\x25" REALM, 37),
    ROW("no code", "\x7e\x34\x30\x32" HEAD REALM, -1),
    ROW("a negative code", "\x7e\x39\x30\x37" HEAD "\xa6\x03\x02\x01\xa5" REALM, -1),
    ROW("a code of two bytes", "\x7e\x3a\x30\x38" HEAD "\xa6\x04\x02\x02\x25\x25" REALM, -1),
    ROW("another message", "\x7e\x0e\x30\x0c\xa0\x03\x02\x01\x05\xa1\x03\x02\x01\x0f\xa6\x03", -1),
    ROW("SPNEGO alone", "\xa1\x07\x30\x05\xa0\x03\x0a\x01\x02", -1),
    ROW("NTLM", "NTLMSSP\0\2\0\0\0", -1),
    ROW("an endless length", "\x7e\x84\xff\xff\xff\xff\x30\x39", -1),
    ROW("an indefinite length", "\x7e\x80\x30\x39", -1),
    ROW("nothing", "", -1),
};

START_TEST(the_code_is_found_in_any_wrapping)
{
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        int code = xr_kerberos_error_code((const uint8_t *)rows[i].bytes, rows[i].length);
        ck_assert_msg(code == rows[i].code, "%s: %d", rows[i].what, code);
    }
}
END_TEST

/* On the heap, where a sanitizer sees a read beyond the end. */
START_TEST(cut_off_or_changed_it_is_read_within_its_bounds)
{
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
        for (size_t k = 0; k <= rows[i].length; k++) {
            uint8_t *bytes = malloc(k + 1);
            memcpy(bytes, rows[i].bytes, k);
            bytes[k] = 0xff;
            int code = xr_kerberos_error_code(bytes, k);
            ck_assert(code == -1 || code == rows[i].code);
            for (size_t at = 0; at < k; at++) {
                uint8_t kept = bytes[at];
                bytes[at] = (uint8_t)(kept ^ (0x80u | (unsigned)k));
                code = xr_kerberos_error_code(bytes, k);
                ck_assert(code >= -1 && code < 128);
                bytes[at] = kept;
            }
            free(bytes);
        }
}
END_TEST

XR_UNIT_MAIN("kerberos_error", the_code_is_found_in_any_wrapping,
    cut_off_or_changed_it_is_read_within_its_bounds)
