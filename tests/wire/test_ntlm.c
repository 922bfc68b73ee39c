#include <string.h>

#include "analyzer/wire/ntlm_parts.h"
#include "tests/unit.h"
#include "tests/wire/hex.h"
#include "tests/wire/ntlm_vectors.h"

enum { NT_FIELD = 20, LM_FIELD = 12, PROOF_BYTES = 16, PAIRS_AT = PROOF_BYTES + 28 };

static struct xr_arena *arena;
static const char *why;

static void begin(void)
{
    arena = xr_arena_new();
    why = "";
}

static void end(void)
{
    xr_arena_free(arena);
}

/* Lives as long as the arena. */
static struct xr_ntlm_message message_of(const char *hex)
{
    size_t length;
    uint8_t *bytes = from_hex(hex, &length);
    uint8_t *copy = xr_alloc(arena, length + 1);

    memcpy(copy, bytes, length);
    free(bytes);
    return (struct xr_ntlm_message){ copy, length };
}

static struct xr_ntlm_challenge parsed(const char *hex)
{
    struct xr_ntlm_challenge challenge;
    const struct xr_err *err = xr_ntlm_challenge_parse(arena, message_of(hex), &challenge);

    ck_assert_msg(!err, "%s", err ? err->text : "");
    return challenge;
}

static struct xr_secret secret_of(const char *text)
{
    return xr_secret_new(text, strlen(text));
}

static struct xr_ntlm_message field_of(struct xr_ntlm_message message, size_t at)
{
    size_t length = xr_ntlm_get16(message.bytes + at);
    size_t offset = xr_ntlm_get32(message.bytes + at + 4);

    ck_assert_uint_eq(xr_ntlm_get16(message.bytes + at + 2), length);
    ck_assert_uint_le(offset + length, message.length);
    return (struct xr_ntlm_message){ message.bytes + offset, length };
}

static const char *field_hex(struct xr_ntlm_message message, size_t at)
{
    struct xr_ntlm_message field = field_of(message, at);

    return hex_of(arena, field.bytes, field.length);
}

/* The value of this pair in the response, in hexadecimal; NULL: there is none. A second one of the
 * same kind ends the test. */
static const char *pair_hex(struct xr_ntlm_message response, enum xr_ntlm_av id)
{
    const struct xr_ntlm_message pairs = { response.bytes + PAIRS_AT, response.length - PAIRS_AT };
    const char *found = NULL;
    struct xr_ntlm_pair pair;

    for (size_t at = 0; xr_ntlm_next_pair(pairs, &at, &pair);)
        if (pair.id == id) {
            ck_assert_ptr_null(found);
            found = hex_of(arena, pair.value.bytes, pair.value.length);
        }
    return found;
}

/* MS-NLMP 4.2.1 */
static struct xr_ntlm_logon spec_logon(void)
{
    struct xr_ntlm_logon logon = { .user = "User",
        .domain = "Domain",
        .workstation = "COMPUTER",
        .password = secret_of("Password"),
        .now_ms = -XR_NTLM_MS_1601_TO_1970 };

    memset(logon.nonce, 0xaa, sizeof(logon.nonce));
    return logon;
}

static struct xr_ntlm_message authenticated(
    const struct xr_ntlm_logon *logon, const struct xr_ntlm_challenge *challenge)
{
    xr_auto_buf to;

    xr_buf_init(&to, XR_NTLM_AUTHENTICATE_MAX);
    ck_assert_msg(xr_ntlm_authenticate(arena, logon, challenge, &to, &why), "%s", why);
    return message_of(hex_of(arena, to.at, to.length));
}

START_TEST(the_first_message_asks_for_what_windows_asks_for)
{
    begin();
    struct xr_ntlm_message message = xr_ntlm_negotiate();
    ck_assert_str_eq(hex_of(arena, message.bytes, message.length),
        "4e544c4d5353500001000000058208a2"
        "00000000280000000000000028000000"
        "0a0063450000000f");
    end();
}
END_TEST

START_TEST(the_challenge_of_the_specification_is_read)
{
    begin();
    struct xr_ntlm_challenge challenge = parsed(spec_challenge);
    ck_assert_uint_eq(challenge.flags, 0xe28a8233);
    ck_assert_str_eq(hex_of(arena, challenge.nonce, sizeof(challenge.nonce)), "0123456789abcdef");
    ck_assert_str_eq(challenge.target, "Server");
    ck_assert_str_eq(challenge.netbios_domain, "Domain");
    ck_assert_str_eq(challenge.netbios_computer, "Server");
    ck_assert_ptr_null(challenge.dns_computer);
    ck_assert_str_eq(challenge.windows, "6.0.6000");
    ck_assert(!challenge.has_time);
    end();
}
END_TEST

START_TEST(a_recorded_challenge_of_windows_is_read)
{
    begin();
    struct xr_ntlm_challenge challenge = parsed(windows_challenge);
    ck_assert_str_eq(challenge.target, "WS2008R2");
    ck_assert_str_eq(challenge.netbios_domain, "WS2008R2");
    ck_assert_str_eq(challenge.netbios_computer, "DC-WS2008R2");
    ck_assert_str_eq(challenge.dns_domain, "ws2008r2.local");
    ck_assert_str_eq(challenge.dns_computer, "DC-ws2008r2.ws2008r2.local");
    ck_assert_str_eq(challenge.dns_forest, "ws2008r2.local");
    ck_assert_str_eq(challenge.windows, "6.1.7600");
    ck_assert(challenge.has_time);
    ck_assert_uint_eq(challenge.filetime, UINT64_C(0x01cdde0bc33fe77b));
    ck_assert_int_eq(challenge.time_ms, INT64_C(1355937036536)); /* 2012-12-19T17:10:36Z */
    end();
}
END_TEST

/* ---- keys ---- */

static const char *key_of(const char *user, const char *domain, const char *password)
{
    struct xr_ntlm_logon logon = {
        .user = user, .domain = domain, .password = secret_of(password)
    };
    struct xr_ntlm_key key;

    ck_assert_msg(xr_ntlm_key(arena, &logon, &key, &why), "%s", why);
    xr_secret_done(&logon.password);
    return hex_of(arena, key.bytes, sizeof(key.bytes));
}

START_TEST(keys_stand_for_user_domain_and_password)
{
    static const struct {
        const char *user, *domain, *password, *key;
    } cases[] = {
        { "User", "Domain", "Password", "0c868a403bfd7a93a3001ef22ef02e3f" },
        { "uSER", "Domain", "Password", "0c868a403bfd7a93a3001ef22ef02e3f" },
        { "jürgen", "CONTOSO", "Pässwörd1", "417d60fe9968dfc78ceec2a79cf4f2ab" },
        { "JÜRGEN", "CONTOSO", "Pässwörd1", "417d60fe9968dfc78ceec2a79cf4f2ab" },
        { "Łukasz", "CONTOSO", "Zażółć", "823103890efe7846ebc7d1fe36bf1c8b" },
        { "ива́н", "Домен", "пароль", "880256bf8ed539cf851c8fc57fcfdaa7" },
        { "user@contoso.test", "", "Passw0rd!", "9e14b246380aadba8e564e855bdae8c2" },
        { "名前", "CONTOSO", "密码😀", "12a35e296f2a122d5d405a1d7fd27609" },
        { "😀ü", "CONTOSO", "x", "7b520eff6cc5a587b110d26d131aa10a" },
        { "λόγο", "CONTOSO", "", "1a57e4a5ecd2449b296fd6649ba4ea65" },
        /* Where Windows' upper case is not Unicode's. */
        { "λόγος", "CONTOSO", "", "f6a494a8be5a707902973c0f7bd36607" },
        { "straße", "CONTOSO", "Passw0rd!", "f7307ff0778cf9086677eb4c350bda3f" },
        { "ışık", "CONTOSO", "Passw0rd!", "62a45b52c311c6e29d4230ebdeaca885" },
        { "ს", "CONTOSO", "Passw0rd!", "dc1534d9f666fffb1cbc4795d47aa3a3" },
    };

    begin();
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
        ck_assert_str_eq(key_of(cases[i].user, cases[i].domain, cases[i].password), cases[i].key);
    ck_assert_str_ne(key_of("User", "DOMAIN", "Password"), cases[0].key); /* as it is spelled */
    end();
}
END_TEST

/* ---- responses ---- */

START_TEST(the_responses_of_the_specification)
{
    begin();
    struct xr_ntlm_challenge challenge = parsed(spec_challenge);
    struct xr_ntlm_logon logon = spec_logon();
    struct xr_ntlm_key key, base;
    xr_auto_buf response;

    xr_buf_init(&response, XR_NTLM_AUTHENTICATE_MAX);
    ck_assert(xr_ntlm_key(arena, &logon, &key, &why));
    ck_assert(xr_ntlm_response(arena, &logon, &challenge, &key, 0, &response, &base, &why));
    ck_assert_str_eq(hex_of(arena, response.at, PROOF_BYTES), "68cd0ab851e51c96aabc927bebef6a1c");
    ck_assert_str_eq(
        hex_of(arena, response.at + PROOF_BYTES, response.length - PROOF_BYTES), spec_temp);
    ck_assert_str_eq(hex_of(arena, base.bytes, 16), "8de40ccadbc14a82f15cb0ad0de95ca3");
    ck_assert_str_eq(field_hex(authenticated(&logon, &challenge), LM_FIELD),
        "86c35097ac9cec102554764a57cccc19aaaaaaaaaaaaaaaa");
    xr_secret_done(&logon.password);
    end();
}
END_TEST

/* The binding, the target name and the flags, byte for byte; and the MIC over Chromium's messages.
 */
START_TEST(the_bound_response_of_chromium)
{
    begin();
    struct xr_ntlm_challenge challenge = parsed(spec_challenge);
    struct xr_ntlm_message first = message_of(chromium_negotiate);
    struct xr_ntlm_message third = message_of(chromium_answer);
    struct xr_ntlm_binding binding;
    struct xr_ntlm_logon logon = spec_logon();
    struct xr_ntlm_key key, base;
    xr_auto_buf response;
    uint8_t mic[XR_NTLM_KEY_BYTES];

    xr_buf_init(&response, XR_NTLM_AUTHENTICATE_MAX);
    memcpy(binding.bytes, message_of(bound_value).bytes, sizeof(binding.bytes));
    logon.spn = "HTTP/Server";
    logon.binding = &binding;
    logon.now_ms = INT64_C(1495570387000); /* FILETIME 131400439870000000 */
    ck_assert(xr_ntlm_key(arena, &logon, &key, &why));
    ck_assert(xr_ntlm_response(
        arena, &logon, &challenge, &key, XR_NTLM_MIC_PRESENT, &response, &base, &why));
    ck_assert_str_eq(hex_of(arena, response.at, response.length), field_hex(third, NT_FIELD));
    ck_assert_str_eq(
        field_hex(authenticated(&logon, &challenge), NT_FIELD), field_hex(third, NT_FIELD));
    ck_assert_str_eq(hex_of(arena, base.bytes, 16), "623dbd071be7a530b6a95c2eb4982470");

    uint8_t *without = xr_alloc(arena, third.length);
    memcpy(without, third.bytes, third.length);
    memset(without + XR_NTLM_MIC_AT, 0, sizeof(mic));
    const struct xr_ntlm_message covered[] = { first, challenge.message,
        { without, third.length } };
    ck_assert(xr_ntlm_hmac(&base, covered, 3, mic));
    ck_assert_mem_eq(mic, third.bytes + XR_NTLM_MIC_AT, sizeof(mic));
    xr_secret_done(&logon.password);
    end();
}
END_TEST

/* What Windows 7 sent, from its own inputs: the same but for the pair of the single host, which
 * tells a server on the same machine who asks. */
START_TEST(the_recorded_response_of_windows)
{
    begin();
    struct xr_ntlm_challenge challenge = parsed(windows_challenge);
    struct xr_ntlm_message theirs = message_of(windows_answer), nt = field_of(theirs, NT_FIELD);
    struct xr_ntlm_binding binding;
    struct xr_ntlm_logon logon = { .user = "Administrator",
        .domain = "WS2008R2",
        .workstation = "WIN7-2-PC",
        .password = secret_of("P@ssw0rd"),
        .spn = "HTTP/dc-ws2008r2.ws2008r2.local",
        .binding = &binding };
    struct xr_ntlm_key key;
    uint8_t proof[PROOF_BYTES];

    memcpy(binding.bytes, message_of(bound_value).bytes, sizeof(binding.bytes));
    memcpy(logon.nonce, nt.bytes + PROOF_BYTES + 16, sizeof(logon.nonce));
    ck_assert(xr_ntlm_key(arena, &logon, &key, &why));
    const struct xr_ntlm_message proven[] = { { challenge.nonce, sizeof(challenge.nonce) },
        { nt.bytes + PROOF_BYTES, nt.length - PROOF_BYTES } };
    ck_assert(xr_ntlm_hmac(&key, proven, 2, proof));
    ck_assert_mem_eq(proof, nt.bytes, sizeof(proof));

    struct xr_ntlm_message ours = authenticated(&logon, &challenge);
    struct xr_ntlm_message response = field_of(ours, NT_FIELD);
    ck_assert_mem_eq(ours.bytes + 60, theirs.bytes + 60, 4);
    ck_assert_str_eq(field_hex(ours, LM_FIELD), field_hex(theirs, LM_FIELD));
    ck_assert_mem_eq(response.bytes + PROOF_BYTES, nt.bytes + PROOF_BYTES, 28);
    for (enum xr_ntlm_av id = XR_NTLM_AV_NETBIOS_COMPUTER; id <= XR_NTLM_AV_BINDING; id++)
        if (id != XR_NTLM_AV_SINGLE_HOST)
            ck_assert_str_eq(pair_hex(response, id), pair_hex(nt, id));
    xr_secret_done(&logon.password);
    end();
}
END_TEST

START_TEST(the_message_has_its_parts_in_place)
{
    begin();
    struct xr_ntlm_challenge challenge = parsed(windows_challenge);
    struct xr_ntlm_logon logon = spec_logon();
    logon.user = "jürgen";
    struct xr_ntlm_message message = authenticated(&logon, &challenge);

    ck_assert_str_eq(hex_of(arena, message.bytes, 12), "4e544c4d5353500003000000");
    ck_assert_str_eq(field_hex(message, 28), "44006f006d00610069006e00");
    ck_assert_str_eq(field_hex(message, 36), "6a00fc0072006700650"
                                             "06e00"); /* not in upper case */
    ck_assert_str_eq(field_hex(message, 44), "43004f004d0050005500540045005200");
    ck_assert_uint_eq(field_of(message, 52).length, 0);
    ck_assert_str_eq(hex_of(arena, message.bytes + 60, 12), "058288a20a0063450000000f");
    ck_assert_str_eq(
        field_hex(message, LM_FIELD), "000000000000000000000000000000000000000000000000");
    ck_assert_ptr_null(pair_hex(field_of(message, NT_FIELD), XR_NTLM_AV_BINDING));
    ck_assert_ptr_null(pair_hex(field_of(message, NT_FIELD), XR_NTLM_AV_TARGET_NAME));
    ck_assert_str_eq(pair_hex(field_of(message, NT_FIELD), XR_NTLM_AV_FLAGS), "02000000");
    xr_secret_done(&logon.password);
    end();
}
END_TEST

/* A server may send pairs that are ours to say: gss-ntlmssp does with the flags. */
START_TEST(what_we_say_ourselves_is_said_once)
{
    static const char *const pairs = "06000400"
                                     "01000000"
                                     "0900020041000a00100000112233445566778899aabbccddeeff"
                                     "0600040004000000"
                                     "ffff0100"
                                     "77"
                                     "00000000";
    begin();
    const char *challenge_hex = xr_printf(arena,
        "4e544c4d5353500002000000"
        "000000000000000001828800"
        "0123456789abcdef"
        "0000000000000000%02zx00%02zx0030000000%s",
        strlen(pairs) / 2, strlen(pairs) / 2, pairs);
    struct xr_ntlm_challenge challenge = parsed(challenge_hex);
    struct xr_ntlm_logon logon = spec_logon();
    struct xr_ntlm_message message = authenticated(&logon, &challenge);
    struct xr_ntlm_message response = field_of(message, NT_FIELD);

    ck_assert_uint_eq(challenge.av_flags, 1);
    ck_assert_ptr_null(challenge.windows);
    ck_assert_str_eq(pair_hex(response, XR_NTLM_AV_FLAGS), "03000000");
    ck_assert_ptr_null(pair_hex(response, XR_NTLM_AV_BINDING));
    ck_assert_ptr_null(pair_hex(response, XR_NTLM_AV_TARGET_NAME));
    ck_assert_str_eq(pair_hex(response, (enum xr_ntlm_av)0xffff), "77"); /* unknown ones are kept */
    ck_assert_str_eq(hex_of(arena, message.bytes + 64, 8), "0000000000000000"); /* no version */
    xr_secret_done(&logon.password);
    end();
}
END_TEST

START_TEST(what_cannot_be_sent_is_named)
{
    static const struct {
        const char *user, *domain, *password, *workstation, *spn, *why;
    } cases[] = {
        { "\xff", "d", "p", "w", "s", "the user name is not valid UTF-8" },
        { "u", "\xff", "p", "w", "s", "the domain is not valid UTF-8" },
        { "u", "d", "\xff", "w", "s", "the password is not valid UTF-8" },
        { "u", "d", "p", "\xff", "s", "the workstation's name is not valid UTF-8" },
        { "u", "d", "p", "w", "\xff", "the name of the service is not valid UTF-8" },
    };

    begin();
    struct xr_ntlm_challenge challenge = parsed(windows_challenge);
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct xr_ntlm_logon logon = { .user = cases[i].user,
            .domain = cases[i].domain,
            .password = secret_of(cases[i].password),
            .workstation = cases[i].workstation,
            .spn = cases[i].spn };
        xr_auto_buf to;
        xr_buf_init(&to, XR_NTLM_AUTHENTICATE_MAX);
        ck_assert(!xr_ntlm_authenticate(arena, &logon, &challenge, &to, &why));
        ck_assert_str_eq(why, cases[i].why);
        xr_secret_done(&logon.password);
    }
    end();
}
END_TEST

static char *letters(size_t n)
{
    char *text = xr_alloc(arena, n + 1);

    memset(text, 'a', n);
    return text;
}

START_TEST(too_long_names_are_named_too)
{
    begin();
    struct xr_ntlm_challenge challenge = parsed(windows_challenge);
    struct xr_ntlm_logon logon = spec_logon();
    xr_auto_buf to;

    xr_buf_init(&to, XR_NTLM_AUTHENTICATE_MAX);
    logon.user = letters(1025);
    ck_assert(!xr_ntlm_authenticate(arena, &logon, &challenge, &to, &why));
    ck_assert_str_eq(why, "the user name is too long");
    logon.user = logon.domain = logon.workstation = logon.spn = letters(1024);
    xr_buf_clear(&to);
    ck_assert(!xr_ntlm_authenticate(arena, &logon, &challenge, &to, &why));
    ck_assert_str_eq(why, "the names are too long for one NTLM message");
    logon.domain = logon.workstation = logon.spn = "";
    authenticated(&logon, &challenge);
    xr_secret_done(&logon.password);
    end();
}
END_TEST

XR_UNIT_MAIN("ntlm", the_first_message_asks_for_what_windows_asks_for,
    the_challenge_of_the_specification_is_read, a_recorded_challenge_of_windows_is_read,
    keys_stand_for_user_domain_and_password, the_responses_of_the_specification,
    the_bound_response_of_chromium, the_recorded_response_of_windows,
    the_message_has_its_parts_in_place, what_we_say_ourselves_is_said_once,
    what_cannot_be_sent_is_named, too_long_names_are_named_too)
