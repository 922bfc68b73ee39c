/* Challenges that no server sends by mistake: cut, forged, repeated, out of bounds. */
#include <string.h>

#include "analyzer/base/clock.h"
#include "analyzer/wire/ntlm_parts.h"
#include "tests/unit.h"
#include "tests/wire/hex.h"
#include "tests/wire/ntlm_vectors.h"
#include "tests/wire/samples.h"

enum { INFO_AT = 40, SECOND_US = 1000000 };

/* A copy that is exactly as long as the message: ASan sees whoever reads on. */
static struct xr_ntlm_message exact(const uint8_t *bytes, size_t length)
{
    uint8_t *copy = malloc(length ? length : 1);

    memcpy(copy, bytes, length);
    return (struct xr_ntlm_message){ copy, length };
}

static void message_free(struct xr_ntlm_message message)
{
    free((void *)(uintptr_t)message.bytes);
}

/* NULL: it was read, and answered. Ends the test where an answer is out of its bounds. */
static const char *refusal(struct xr_arena *arena, struct xr_ntlm_message message)
{
    static const struct xr_ntlm_binding binding = { .bytes = { 1 } };
    struct xr_ntlm_logon logon = { .user = "svc",
        .domain = "CONTOSO",
        .workstation = "EXRAY",
        .spn = "HTTP/mail.contoso.test",
        .binding = &binding };
    struct xr_ntlm_challenge challenge;
    const char *why;
    xr_auto_buf to;

    xr_buf_init(&to, XR_NTLM_AUTHENTICATE_MAX);
    const struct xr_err *err = xr_ntlm_challenge_parse(arena, message, &challenge);
    if (err) {
        ck_assert_int_eq(err->fault, XR_FAULT_CONTENT);
        return err->text;
    }
    ck_assert_msg(xr_ntlm_authenticate(arena, &logon, &challenge, &to, &why), "%s", why);
    ck_assert_uint_le(challenge.pairs.length, message.length);
    return NULL;
}

START_TEST(every_cut_of_a_real_challenge_is_refused)
{
    static const char *const whole[] = { spec_challenge, windows_challenge };
    struct xr_arena *arena = xr_arena_new();

    for (size_t i = 0; i < sizeof(whole) / sizeof(*whole); i++) {
        size_t length;
        uint8_t *bytes = from_hex(whole[i], &length);
        for (size_t cut = 0; cut < length; cut++) {
            struct xr_ntlm_message message = exact(bytes, cut);
            ck_assert_msg(refusal(arena, message) != NULL, "%zu bytes", cut);
            message_free(message);
        }
        struct xr_ntlm_message message = exact(bytes, length);
        ck_assert_ptr_null(refusal(arena, message));
        message_free(message);
        free(bytes);
    }
    xr_arena_free(arena);
}
END_TEST

/* What stands at these places of the recorded challenge instead. */
START_TEST(each_defect_is_named)
{
    static const struct {
        size_t at;
        const char *hex, *text;
    } cases[] = {
        { 0, "5e", "it does not begin with NTLMSSP" },
        { 7, "21", "it does not begin with NTLMSSP" },
        { 8, "01", "it is another message than a challenge (type 2)" },
        { 8, "0200000100", "it is another message than a challenge (type 2)" },
        { 12, "ffff", "its name (TargetName) lies outside of it" },
        { 16, "ffffffff", "its name (TargetName) lies outside of it" },
        { 16, "f0000000", "its name (TargetName) lies outside of it" },
        { INFO_AT, "b700", "its list of names (TargetInfo) lies outside of it" },
        { INFO_AT + 4, "ffffffff", "its list of names (TargetInfo) lies outside of it" },
        { INFO_AT + 4, "49000000", "its list of names (TargetInfo) lies outside of it" },
        { INFO_AT, "b500", "its list of names (TargetInfo) is cut short" },
        { INFO_AT, "b200", "its list of names (TargetInfo) is cut short" },
        { INFO_AT, "0100", "its list of names (TargetInfo) is cut short" },
        { 72 + 2, "ffff", "its list of names (TargetInfo) is cut short" },
        { 72 + 182 - 2, "0100", "its list of names (TargetInfo) is cut short" },
        { 72 + 182 - 14, "0700", "its time (MsvAvTimestamp) does not have 8 bytes" },
        { 72 + 182 - 16, "06000800", "its flags (MsvAvFlags) do not have 4 bytes" },
        { 20, "04", "the server's NTLM does not take Unicode, which every Windows server does" },
    };
    struct xr_arena *arena = xr_arena_new();

    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        size_t length, patch_length;
        uint8_t *bytes = from_hex(windows_challenge, &length);
        uint8_t *patch = from_hex(cases[i].hex, &patch_length);
        memcpy(bytes + cases[i].at, patch, patch_length);
        const char *text = refusal(arena, (struct xr_ntlm_message){ bytes, length });
        ck_assert_msg(text && strstr(text, cases[i].text), "%zu: %s", i, text ? text : "read");
        free(bytes);
        free(patch);
    }
    xr_arena_free(arena);
}
END_TEST

START_TEST(old_and_bare_challenges_are_read)
{
    static const char *const bare[] = {
        "4e544c4d5353500002000000000000000000000001020000" /* no TargetInfo, no version */
        "0123456789abcdef",
        "4e544c4d5353500002000000000000006666666601028000" /* an empty one, of no place */
        "0123456789abcdef00000000000000000000000077777777",
        "4e544c4d535350000200000002000200300000000102800" /* text in the version's place */
        "20123456789abcdef000000000000000004000400320000004100"
        "00000000",
    };
    struct xr_arena *arena = xr_arena_new();

    for (size_t i = 0; i < sizeof(bare) / sizeof(*bare); i++) {
        size_t length;
        uint8_t *bytes = from_hex(bare[i], &length);
        struct xr_ntlm_message message = exact(bytes, length);
        struct xr_ntlm_challenge challenge;
        const char *text = refusal(arena, message);
        ck_assert_msg(!text, "%zu: %s", i, text);
        ck_assert_ptr_null(xr_ntlm_challenge_parse(arena, message, &challenge));
        ck_assert_ptr_null(challenge.windows);
        ck_assert_uint_eq(challenge.pairs.length, 0);
        ck_assert_int_eq(challenge.target != NULL, i == 2);
        message_free(message);
        free(bytes);
    }
    xr_arena_free(arena);
}
END_TEST

/* A header whose list holds "pair" as often as fits into so many bytes. */
static struct xr_ntlm_message filled_with(const char *pair, size_t pair_length, size_t size)
{
    static const uint8_t head[] = { 'N', 'T', 'L', 'M', 'S', 'S', 'P', 0, 2, 0, 0, 0, 0, 0, 0, 0, 0,
        0, 0, 0, 1, 0, 0x80, 0, 1, 2, 3, 4, 5, 6, 7, 8, 0, 0, 0, 0, 0, 0, 0, 0 };
    uint8_t *bytes = calloc(1, size);
    size_t from = INFO_AT + 8, at = from;

    memcpy(bytes, head, sizeof(head));
    for (; at + pair_length + 4 <= size; at += pair_length)
        memcpy(bytes + at, pair, pair_length);
    size_t length = at + 4 - from;
    bytes[INFO_AT] = (uint8_t)length;
    bytes[INFO_AT + 1] = (uint8_t)(length >> 8);
    bytes[INFO_AT + 4] = (uint8_t)from;
    return (struct xr_ntlm_message){ bytes, size };
}

START_TEST(the_largest_lists_take_no_time)
{
    static const struct {
        const char *pair;
        size_t length;
    } cases[] = {
        { "\x0b\0\0\0", 4 },  /* nothing at all, a thousand times */
        { "\1\0\2\0A\0", 6 }, /* the same name again and again */
        { "\7\0\x08\0"
          "12345678",
            12 },
        { "\x06\0\4\0\2\0\0\0", 8 },
        { "\x0a\0\x10\0"
          "1234567890123456",
            20 },
    };
    struct xr_arena *arena = xr_arena_new();
    int64_t from = xr_now_us();

    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct xr_ntlm_message message =
            filled_with(cases[i].pair, cases[i].length, XR_NTLM_CHALLENGE_MAX);
        const char *text = refusal(arena, message);
        ck_assert_msg(!text, "%zu: %s", i, text);
        message_free(message);
    }
    ck_assert_int_lt(xr_now_us() - from, SECOND_US);
    struct xr_ntlm_message message = filled_with("\x0b\0\0\0", 4, XR_NTLM_CHALLENGE_MAX + 1);
    ck_assert_str_eq(refusal(arena, message),
        "the server's NTLM challenge has 4097 bytes; at most 4096 are read");
    message_free(message);
    xr_arena_free(arena);
}
END_TEST

START_TEST(of_two_the_first_counts)
{
    static const char pairs[] = "\1\0\2\0A\0\1\0\2\0B\0"
                                "\7\0\x08\0"
                                "11111111"
                                "\7\0\x08\0"
                                "22222222"
                                "\6\0\4\0\1\0\0\0\6\0\4\0\4\0\0\0";
    struct xr_arena *arena = xr_arena_new();
    struct xr_ntlm_message message =
        filled_with(pairs, sizeof(pairs) - 1, INFO_AT + 8 + sizeof(pairs) - 1 + 4);
    struct xr_ntlm_challenge challenge;

    ck_assert_ptr_null(xr_ntlm_challenge_parse(arena, message, &challenge));
    ck_assert_str_eq(challenge.netbios_computer, "A");
    ck_assert_uint_eq(challenge.filetime, UINT64_C(0x3131313131313131));
    ck_assert_uint_eq(challenge.av_flags, 1);
    message_free(message);
    xr_arena_free(arena);
}
END_TEST

/* One to eight bytes of a real challenge are changed, most of them where lengths and offsets are;
 * at times it is cut, or something stands behind it. */
static struct xr_ntlm_message mutated(const uint8_t *bytes, size_t length, uint32_t *random)
{
    enum { BEHIND = 64 };
    static const uint8_t values[] = { 0, 1, 2, 4, 6, 7, 9, 10, 0x7f, 0x80, 0xfe, 0xff };
    size_t kept = next_random(random) % 4 ? length : next_random(random) % (length + BEHIND);
    uint8_t *copy = calloc(1, length + BEHIND);

    memcpy(copy, bytes, length);
    for (uint32_t n = next_random(random) % 8 + 1; n > 0; n--) {
        size_t within = next_random(random) % 2 ? length : 80;
        uint32_t value = next_random(random);
        copy[next_random(random) % within] =
            value % 3 ? values[value % sizeof(values)] : (uint8_t)(value >> 8);
    }
    struct xr_ntlm_message message = exact(copy, kept);
    free(copy);
    return message;
}

START_TEST(no_mutation_does_harm)
{
    enum { MUTATIONS = 10000 };
    uint32_t random = 20261122;
    size_t length, answered = 0;
    uint8_t *bytes = from_hex(windows_challenge, &length);
    int64_t from = xr_now_us();

    for (int i = 0; i < MUTATIONS; i++) {
        struct xr_arena *arena = xr_arena_new();
        struct xr_ntlm_message message = mutated(bytes, length, &random);
        answered += !refusal(arena, message);
        message_free(message);
        xr_arena_free(arena);
    }
    ck_assert_int_lt(xr_now_us() - from, 20 * SECOND_US);
    ck_assert_uint_gt(answered, MUTATIONS / 20); /* else they test one check alone */
    ck_assert_uint_lt(answered, MUTATIONS * 19 / 20);
    free(bytes);
}
END_TEST

XR_UNIT_MAIN("ntlm_hostile", every_cut_of_a_real_challenge_is_refused, each_defect_is_named,
    old_and_bare_challenges_are_read, the_largest_lists_take_no_time, of_two_the_first_counts,
    no_mutation_does_harm)
