#include <openssl/x509.h>
#include <string.h>

#include "fixtures/base64.h"
#include "fixtures/md4.h"
#include "fixtures/ntlm.h"
#include "fixtures/pki.h"
#include "fixtures/utf16.h"
#include "tests/unit.h"

/* Challenge of MS-NLMP 4.2.4; answer to it and the type 1 before it: Chromium's
 * net/ntlm/ntlm_test_data.h (a client that sends the MIC, a target name and channel bindings). */
static const char challenge_hex[] =
    "4e544c4d53535000020000000c000c003800000033828ae20123456789abcdef00000000000000002400"
    "240044000000060070170000000f53006500720076006500720002000c0044006f006d00610069006e00"
    "01000c0053006500720076006500720000000000";
static const char negotiate_hex[] =
    "4e544c4d53535000010000000782080000000000200000000000000020000000";
static const char answer_hex[] =
    "4e544c4d535350000300000018001800580000008a008a00700000000c000c00fa000000080008000601"
    "0000100010000e0100000000000058000000038208000000000000000000f7361633f0ad9bdf4a7c421b"
    "c6b824a30000000000000000000000000000000000000000000000008c0260dbef690662af9c42d50782"
    "d2ed0101000000000000800bc8fd00d4d201aaaaaaaaaaaaaaaa0000000002000c0044006f006d006100"
    "69006e0001000c0053006500720076006500720006000400020000000a0010006586e99d81c2fc984e47"
    "172fd4dd03100900160048005400540050002f0053006500720076006500720000000000000000004400"
    "6f006d00610069006e00550073006500720043004f004d0050005500540045005200";

/* A log-on of Windows 7 at Windows Server 2008 R2, as gss-ntlmssp 1.2.0 has it in
 * tests/ntlmssptest.c (T_NTLMv2_CBT); its type 1 was not kept. Session key: HMAC-MD5 of the proof.
 */
static const char windows_challenge_hex[] =
    "4e544c4d53535000020000001000100038000000058289a2a2c5e8ca3084aa720000000000000000b600"
    "b600480000000601b01d0000000f57005300320030003000380052003200020010005700530032003000"
    "300038005200320001001600440043002d005700530032003000300038005200320004001c0077007300"
    "3200300030003800720032002e006c006f00630061006c0003003400440043002d007700730032003000"
    "30003800720032002e00770073003200300030003800720032002e006c006f00630061006c0005001c00"
    "770073003200300030003800720032002e006c006f00630061006c00070008007be73fc30bdecd010000"
    "0000";
static const char windows_answer_hex[] =
    "4e544c4d535350000300000018001800940000007c017c01ac00000010001000580000001a001a006800"
    "000012001200820000000000000028020000058288a20601b01d0000000ff054a542b090b66c1fea1a2c"
    "c82e930b57005300320030003000380052003200410064006d0069006e00690073007400720061007400"
    "6f007200570049004e0037002d0032002d00500043000000000000000000000000000000000000000000"
    "000000005a6a21ae1a44c044693eee59fc5d81e001010000000000007be73fc30bdecd0127fc118082c2"
    "fbdd00000000020010005700530032003000300038005200320001001600440043002d00570053003200"
    "3000300038005200320004001c00770073003200300030003800720032002e006c006f00630061006c00"
    "03003400440043002d00770073003200300030003800720032002e007700730032003000300038007200"
    "32002e006c006f00630061006c0005001c00770073003200300030003800720032002e006c006f006300"
    "61006c00070008007be73fc30bdecd010600040002000000080030003000000000000000010000000020"
    "00004d6b0d27541022f5ffa673da2bfcfdf1942f257be11a49c954197aca8aaf2eaf0a0010006586e99d"
    "81c2fc984e47172fd4dd031009003e0048005400540050002f00640063002d0077007300320030003000"
    "3800720032002e00770073003200300030003800720032002e006c006f00630061006c00000000000000"
    "000000000000";

/* The certificate of Microsoft's open specifications blog, 26 March 2013, and its binding. */
static const char certificate_base64[] =
    "MIICCTCCAXagAwIBAgIQy2l5zVF1xbdLZzCDbHhEJzAJBgUrDgMCHQUAMBYxFDASBgNVBAMTC0RDLVdTMjAw"
    "OFIyMB4XDTEyMTExNzAwNTkyMVoXDTM5MTIzMTIzNTk1OVowFjEUMBIGA1UEAxMLREMtV1MyMDA4UjIwgZ8w"
    "DQYJKoZIhvcNAQEBBQADgY0AMIGJAoGBAJsA+BotN8aNoTmRRvNqG/lgbLNsoKztheA/3JKGNr1kvzZR21c6"
    "ioJr2JQXe9OREZjvGQZSMANzZ8jtjvoLPUzJEGOfz7TPOdj+metbEfL8+oYk2f/ZGfVptN9aWsSUtLAHJZcT"
    "rX44FPvWM2Vv5vdISy2zUS5tx+oRdpor8ABNAgMBAAGjYDBeMBMGA1UdJQQMMAoGCCsGAQUFBwMBMEcGA1Ud"
    "AQRAMD6AEOtlJgOVS9bAVHV4fLYqobuhGDAWMRQwEgYDVQQDEwtEQy1XUzIwMDhSMoIQy2l5zVF1xbdLZzCD"
    "bHhEJzAJBgUrDgMCHQUAA4GBAHv6/u50Bay7eenaygBElpRxkrHbyZtxKcDkKF5qUJnNqBfkVrnvfwJ9lqNI"
    "FHJ1L7C1h+5V6WptKDzB/QDkduOAiHgmDWyMuGRhY7cTOqvH3R0K1xVFodbZNMchSPtDhzjaH1BHsaVcR+0E"
    "RJfTrHQt6wl3Wb+jVFveQtUjWnGf";
static const char binding_hex[] = "6586e99d81c2fc984e47172fd4dd0310";

struct bytes {
    uint8_t at[2048];
    size_t length;
};

static unsigned nibble(char c)
{
    return (unsigned)(c <= '9' ? c - '0' : c - 'a' + 10);
}

static struct bytes from_hex(const char *hex)
{
    struct bytes bytes = { .length = 0 };

    for (; *hex; hex += 2)
        bytes.at[bytes.length++] = (uint8_t)(nibble(hex[0]) << 4 | nibble(hex[1]));
    return bytes;
}

static struct sim_ntlm_message message_of(const struct bytes *bytes)
{
    return (struct sim_ntlm_message){ bytes->at, bytes->length };
}

static void check_hex(const uint8_t *bytes, const char *hex, const char *what)
{
    struct bytes wanted = from_hex(hex);
    ck_assert_msg(memcmp(bytes, wanted.at, wanted.length) == 0, "%s", what);
}

/* ---- the pieces ---- */

START_TEST(md4_of_rfc_1320)
{
    static const struct {
        const char *text, *digest;
    } cases[] = {
        { "", "31d6cfe0d16ae931b73c59d7e0c089c0" },
        { "a", "bde52cb31de33e46245e05fbdbd6fb24" },
        { "abc", "a448017aaf21d8525fc10ae87aa6729d" },
        { "message digest", "d9130a8164549fe818874806e1c7014b" },
        { "abcdefghijklmnopqrstuvwxyz", "d79e1c308aa5bbcdeea8ed63df412da9" },
        { "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789",
            "043f8582f241db351ce627e153e7f0e4" },
        { "12345678901234567890123456789012345678901234567890123456789012345678901234567890",
            "e33b4ddc9c38f2199c3e7b164fcc0536" },
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        uint8_t digest[SIM_MD4_BYTES];
        sim_md4(cases[i].text, strlen(cases[i].text), digest);
        check_hex(digest, cases[i].digest, cases[i].text);
    }
}
END_TEST

START_TEST(keys_of_users)
{
    static const struct {
        const char *user, *domain, *password, *key;
    } cases[] = {
        { "User", "Domain", "Password", "0c868a403bfd7a93a3001ef22ef02e3f" },
        { "jürgen", "CONTOSO", "Pässwörd1", "417d60fe9968dfc78ceec2a79cf4f2ab" },
        { "JÜRGEN", "CONTOSO", "Pässwörd1", "417d60fe9968dfc78ceec2a79cf4f2ab" },
        { "Łukasz", "CONTOSO", "Zażółć", "823103890efe7846ebc7d1fe36bf1c8b" },
        { "user@contoso.test", "", "Passw0rd!", "9e14b246380aadba8e564e855bdae8c2" },
        { "名前", "CONTOSO", "密码😀", "12a35e296f2a122d5d405a1d7fd27609" },
        /* Windows leaves the final sigma, the sharp s and the dotless i as they are. */
        { "λόγος", "CONTOSO", "", "f6a494a8be5a707902973c0f7bd36607" },
        { "straße", "CONTOSO", "", "e589b11cfee4daa6da7d9194439be687" },
        { "ışık", "CONTOSO", "", "80401a7c933f89ec55133ba84a942f18" },
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        uint8_t key[SIM_NTLM_KEY_BYTES];
        ck_assert(sim_ntlm_key(cases[i].user, cases[i].domain, cases[i].password, key));
        check_hex(key, cases[i].key, cases[i].user);
    }
    uint8_t key[SIM_NTLM_KEY_BYTES];
    ck_assert(!sim_ntlm_key("\xff", "", "", key));
}
END_TEST

START_TEST(utf16_there_and_back)
{
    static const char *const texts[] = { "", "svc-exray", "Zażółć", "密码😀" };

    for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
        xr_auto_buf wide, narrow;
        xr_buf_init(&wide, 100);
        xr_buf_init(&narrow, 100);
        ck_assert(sim_utf16_encode(&wide, texts[i], false));
        ck_assert(sim_utf16_decode(&narrow, (const uint8_t *)wide.at, wide.length));
        ck_assert_str_eq(narrow.at, texts[i]);
    }
    static const uint8_t lone[] = { 0x00, 0xd8, 0x41, 0x00 }, odd[] = { 0x41 };
    xr_auto_buf narrow;
    xr_buf_init(&narrow, 100);
    ck_assert(!sim_utf16_decode(&narrow, lone, sizeof(lone)));
    ck_assert(!sim_utf16_decode(&narrow, odd, sizeof(odd)));
}
END_TEST

START_TEST(base64_there_and_back)
{
    static const char *const pairs[][2] = { { "", "" }, { "f", "Zg==" }, { "fo", "Zm8=" },
        { "foo", "Zm9v" }, { "foob", "Zm9vYg==" } };
    static const char *const wrong[] = { "Z", "Zg=", "Z===", "====", "Zg==Zg==", "Zm9*", "Zm=v" };

    for (size_t i = 0; i < sizeof(pairs) / sizeof(*pairs); i++) {
        xr_auto_buf text, plain;
        xr_buf_init(&text, 100);
        xr_buf_init(&plain, 100);
        sim_base64_encode(&text, pairs[i][0], strlen(pairs[i][0]));
        ck_assert_str_eq(text.at, pairs[i][1]);
        ck_assert(sim_base64_decode(&plain, text.at, text.length));
        ck_assert_str_eq(plain.at, pairs[i][0]);
    }
    for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
        xr_auto_buf plain;
        xr_buf_init(&plain, 100);
        ck_assert_msg(!sim_base64_decode(&plain, wrong[i], strlen(wrong[i])), "%s", wrong[i]);
    }
}
END_TEST

START_TEST(binding_of_a_published_certificate)
{
    uint8_t binding[SIM_NTLM_KEY_BYTES];
    xr_auto_buf der;

    xr_buf_init(&der, 2048);
    ck_assert(sim_base64_decode(&der, certificate_base64, strlen(certificate_base64)));
    const unsigned char *at = (const unsigned char *)der.at;
    X509 *certificate = d2i_X509(NULL, &at, (long)der.length);
    ck_assert(sim_ntlm_binding(certificate, binding));
    check_hex(binding, binding_hex, "binding");
    X509_free(certificate);

    struct sim_cert_spec ed25519 = { .cn = "a", .key = "ED25519" };
    struct sim_cert made = sim_pki_issue(&ed25519, NULL);
    ck_assert(!sim_ntlm_binding(made.cert, binding));
    sim_pki_free(&made);
}
END_TEST

/* ---- a foreign client's answer ---- */

START_TEST(a_published_answer_is_right)
{
    struct bytes negotiate = from_hex(negotiate_hex), challenge = from_hex(challenge_hex);
    struct bytes message = from_hex(answer_hex);
    struct sim_ntlm_answer answer;

    ck_assert(sim_ntlm_answer_parse(message_of(&message), &answer));
    ck_assert_str_eq(answer.user, "User");
    ck_assert_str_eq(answer.domain, "Domain");
    ck_assert(answer.has_mic);
    check_hex(answer.binding, binding_hex, "binding");
    ck_assert(sim_ntlm_verify(&answer, message_of(&negotiate), message_of(&challenge), "Password"));
    ck_assert(
        !sim_ntlm_verify(&answer, message_of(&negotiate), message_of(&challenge), "password"));
    negotiate.at[13] ^= 2; /* what a man in the middle would change: the flags of type 1 */
    ck_assert(
        !sim_ntlm_verify(&answer, message_of(&negotiate), message_of(&challenge), "Password"));
}
END_TEST

START_TEST(every_changed_bit_is_noticed)
{
    struct bytes negotiate = from_hex(negotiate_hex), challenge = from_hex(challenge_hex);
    struct bytes message = from_hex(answer_hex);

    for (size_t i = 0; i < message.length * 8; i++) {
        struct sim_ntlm_answer answer;
        message.at[i / 8] ^= (uint8_t)(1 << (i % 8));
        bool holds =
            sim_ntlm_answer_parse(message_of(&message), &answer) &&
            sim_ntlm_verify(&answer, message_of(&negotiate), message_of(&challenge), "Password");
        ck_assert_msg(!holds, "bit %zu of byte %zu", i % 8, i / 8);
        message.at[i / 8] ^= (uint8_t)(1 << (i % 8));
    }
}
END_TEST

START_TEST(cut_messages_are_malformed)
{
    struct bytes message = from_hex(answer_hex);
    struct sim_ntlm_answer answer;

    for (; message.length > 0; message.length--) {
        struct bytes cut = message;
        cut.length--;
        ck_assert(!sim_ntlm_answer_parse(message_of(&cut), &answer) ||
                  cut.length >= 270); /* the name of the workstation, which nobody reads */
    }
}
END_TEST

/* MS-NLMP 4.2.4: proof and pairs, and the key that follows from them. */
START_TEST(the_response_of_the_specification_is_right)
{
    struct bytes challenge = from_hex(challenge_hex);
    struct bytes response =
        from_hex("68cd0ab851e51c96aabc927bebef6a1c"
                 "01010000000000000000000000000000aaaaaaaaaaaaaaaa0000000002000c004400"
                 "6f006d00610069006e0001000c005300650072007600650072000000000000000000");
    struct sim_ntlm_answer answer = {
        .user = "User", .domain = "Domain", .response = message_of(&response)
    };
    uint8_t session[SIM_NTLM_KEY_BYTES];

    ck_assert(sim_ntlm_proves(&answer, message_of(&challenge), "Password", session));
    check_hex(session, "8de40ccadbc14a82f15cb0ad0de95ca3", "session key");
    ck_assert(!sim_ntlm_proves(&answer, message_of(&challenge), "Passw0rd", session));
    ck_assert(sim_ntlm_mic_holds(&answer, message_of(&challenge), message_of(&challenge), session));
}
END_TEST

/* With what a Windows client adds: the target name, the binding, restrictions, flags. */
START_TEST(the_answer_of_windows_is_right)
{
    struct bytes challenge = from_hex(windows_challenge_hex);
    struct bytes message = from_hex(windows_answer_hex);
    struct sim_ntlm_answer answer;
    uint8_t session[SIM_NTLM_KEY_BYTES];

    ck_assert(sim_ntlm_answer_parse(message_of(&message), &answer));
    ck_assert_str_eq(answer.user, "Administrator");
    ck_assert_str_eq(answer.domain, "WS2008R2");
    ck_assert_str_eq(answer.target, "HTTP/dc-ws2008r2.ws2008r2.local");
    check_hex(answer.binding, binding_hex, "binding");
    ck_assert(answer.has_mic);
    ck_assert(sim_ntlm_proves(&answer, message_of(&challenge), "P@ssw0rd", session));
    ck_assert(!sim_ntlm_proves(&answer, message_of(&challenge), "p@ssw0rd", session));
}
END_TEST

/* Told the time, a client has to send a MIC; not told, it may leave it out. */
START_TEST(a_missing_mic_is_refused_where_the_challenge_tells_the_time)
{
    struct bytes timed = from_hex(windows_challenge_hex), untimed = from_hex(challenge_hex);
    static const uint8_t session[SIM_NTLM_KEY_BYTES];
    struct sim_ntlm_answer answer = { .has_mic = false };

    ck_assert(!sim_ntlm_mic_holds(&answer, message_of(&timed), message_of(&timed), session));
    ck_assert(sim_ntlm_mic_holds(&answer, message_of(&timed), message_of(&untimed), session));
}
END_TEST

/* ---- our challenge ---- */

static unsigned flags_at(const char *message, size_t at)
{
    return (unsigned)(uint8_t)message[at] | (unsigned)(uint8_t)message[at + 1] << 8 |
           (unsigned)(uint8_t)message[at + 2] << 16 | (unsigned)(uint8_t)message[at + 3] << 24;
}

START_TEST(the_challenge_names_the_server)
{
    static const struct sim_ntlm_names names = { "CONTOSO", "contoso.test", "EX01",
        "EX01.contoso.test" };
    static const uint8_t nonce[] = { 1, 2, 3, 4, 5, 6, 7, 8 };
    struct bytes negotiate = from_hex(negotiate_hex);
    xr_auto_buf challenge, name;

    xr_buf_init(&challenge, 1024);
    xr_buf_init(&name, 100);
    ck_assert(sim_ntlm_challenge(&challenge, &names, message_of(&negotiate), nonce));
    const struct sim_ntlm_message message = { (const uint8_t *)challenge.at, challenge.length };
    ck_assert_int_eq(sim_ntlm_type(message), SIM_NTLM_CHALLENGE);
    ck_assert_mem_eq(challenge.at + 24, nonce, sizeof(nonce));
    ck_assert_uint_eq(flags_at(challenge.at, 20) & 0x00800001, 0x00800001);
    ck_assert_uint_eq(flags_at(challenge.at, 20) & 0x40000000, 0); /* no key exchange */
    sim_utf16_encode(&name, names.dns_computer, false);
    ck_assert_ptr_nonnull(memmem(challenge.at, challenge.length, name.at, name.length));
    struct bytes answer = from_hex(answer_hex);
    ck_assert(!sim_ntlm_challenge(&challenge, &names, message_of(&answer), nonce));
}
END_TEST

XR_UNIT_MAIN("sim ntlm", md4_of_rfc_1320, keys_of_users, utf16_there_and_back,
    base64_there_and_back, binding_of_a_published_certificate, a_published_answer_is_right,
    the_response_of_the_specification_is_right, the_answer_of_windows_is_right,
    a_missing_mic_is_refused_where_the_challenge_tells_the_time, every_changed_bit_is_noticed,
    cut_messages_are_malformed, the_challenge_names_the_server)
