/* Our NTLM against the simulator's, which shares no line with it. */
#include <string.h>

#include "analyzer/base/clock.h"
#include "analyzer/wire/ntlm.h"
#include "fixtures/ntlm.h"
#include "fixtures/pki.h"
#include "tests/unit.h"

static const struct sim_ntlm_names names = { "CONTOSO", "contoso.test", "EX01",
    "ex01.contoso.test" };

/* What went over the wire; the client may have been shown another challenge than the server sent.
 */
struct dialogue {
    struct xr_arena *arena;
    struct xr_buf sent, seen, answer;
    struct xr_ntlm_challenge challenge; /* as the client understood it */
};

static void dialogue_begin(struct dialogue *dialogue)
{
    struct xr_ntlm_message first = xr_ntlm_negotiate();

    dialogue->arena = xr_arena_new();
    xr_buf_init(&dialogue->sent, SIM_NTLM_MESSAGE_MAX);
    xr_buf_init(&dialogue->seen, SIM_NTLM_MESSAGE_MAX);
    xr_buf_init(&dialogue->answer, XR_NTLM_AUTHENTICATE_MAX);
    ck_assert(sim_ntlm_challenge(
        &dialogue->sent, &names, (struct sim_ntlm_message){ first.bytes, first.length }, NULL));
    xr_buf_add(&dialogue->seen, dialogue->sent.at, dialogue->sent.length);
}

static void dialogue_end(struct dialogue *dialogue)
{
    xr_buf_done(&dialogue->sent);
    xr_buf_done(&dialogue->seen);
    xr_buf_done(&dialogue->answer);
    xr_arena_free(dialogue->arena);
}

/* false: the client took the challenge for none. */
static bool answered(struct dialogue *dialogue, const struct xr_ntlm_logon *logon)
{
    const struct xr_ntlm_message seen = { (const uint8_t *)dialogue->seen.at,
        dialogue->seen.length };
    const char *why;

    xr_buf_clear(&dialogue->answer);
    if (xr_ntlm_challenge_parse(dialogue->arena, seen, &dialogue->challenge))
        return false;
    ck_assert_msg(
        xr_ntlm_authenticate(dialogue->arena, logon, &dialogue->challenge, &dialogue->answer, &why),
        "%s", why);
    return true;
}

static struct sim_ntlm_message message_of(const struct xr_buf *buf)
{
    return (struct sim_ntlm_message){ (const uint8_t *)buf->at, buf->length };
}

/* Does the server let the answer in? first: the type 1 that it believes to have got. */
static bool is_let_in(const struct dialogue *dialogue, struct sim_ntlm_message first,
    const char *password, struct sim_ntlm_answer *ret)
{
    return sim_ntlm_answer_parse(message_of(&dialogue->answer), ret) &&
           sim_ntlm_verify(ret, first, message_of(&dialogue->sent), password);
}

static bool lets_in(const struct dialogue *dialogue, const char *password)
{
    struct xr_ntlm_message first = xr_ntlm_negotiate();
    struct sim_ntlm_answer answer;

    return is_let_in(
        dialogue, (struct sim_ntlm_message){ first.bytes, first.length }, password, &answer);
}

static struct xr_ntlm_logon logon_of(const char *user, const char *domain, const char *password)
{
    return (struct xr_ntlm_logon){ .user = user,
        .domain = domain,
        .password = xr_secret_new(password, strlen(password)),
        .workstation = "EXRAY",
        .spn = "HTTP/mail.contoso.test",
        .nonce = { 1, 2, 3, 4, 5, 6, 7, 8 },
        .now_ms = xr_wall_ms() };
}

START_TEST(whoever_knows_the_password_gets_in)
{
    static const struct {
        const char *user, *domain, *password;
    } cases[] = {
        { "svc-exray", "CONTOSO", "Passw0rd!" },
        { "svc-exray@contoso.test", "", "Passw0rd!" },
        { "jürgen", "CONTOSO", "Pässwörd1" },
        { "Łukasz", "contoso", "Zażółć" },
        { "ива́н", "Домен", "пароль" },
        { "名前", "CONTOSO", "密码😀" },
        { "straße", "CONTOSO", "x" },
        { "nobody", "CONTOSO", "" },
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct xr_ntlm_logon logon = logon_of(cases[i].user, cases[i].domain, cases[i].password);
        struct xr_ntlm_message first = xr_ntlm_negotiate();
        struct sim_ntlm_answer answer;
        struct dialogue dialogue;
        dialogue_begin(&dialogue);
        ck_assert(answered(&dialogue, &logon));
        ck_assert_msg(is_let_in(&dialogue, (struct sim_ntlm_message){ first.bytes, first.length },
                          cases[i].password, &answer),
            "%s", cases[i].user);
        ck_assert_str_eq(answer.user, cases[i].user);
        ck_assert_str_eq(answer.domain, cases[i].domain);
        ck_assert(answer.has_mic);
        ck_assert_ptr_null(answer.binding);
        dialogue_end(&dialogue);
        xr_secret_done(&logon.password);
    }
}
END_TEST

START_TEST(nobody_else_does)
{
    static const char *const wrong[] = { "passw0rd!", "Passw0rd", "", "Passw0rd! " };
    struct xr_ntlm_logon logon = logon_of("svc-exray", "CONTOSO", "Passw0rd!");
    struct dialogue dialogue;

    dialogue_begin(&dialogue);
    ck_assert(answered(&dialogue, &logon));
    for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
        ck_assert_msg(!lets_in(&dialogue, wrong[i]), "%s", wrong[i]);
    ck_assert(lets_in(&dialogue, "Passw0rd!"));
    dialogue_end(&dialogue);
    xr_secret_done(&logon.password);
}
END_TEST

START_TEST(what_the_server_told_is_understood)
{
    struct xr_ntlm_logon logon = logon_of("a", "b", "c");
    struct dialogue dialogue;

    dialogue_begin(&dialogue);
    ck_assert(answered(&dialogue, &logon));
    const struct xr_ntlm_challenge *challenge = &dialogue.challenge;
    ck_assert_str_eq(challenge->target, "CONTOSO");
    ck_assert_str_eq(challenge->netbios_domain, "CONTOSO");
    ck_assert_str_eq(challenge->netbios_computer, "EX01");
    ck_assert_str_eq(challenge->dns_domain, "contoso.test");
    ck_assert_str_eq(challenge->dns_computer, "ex01.contoso.test");
    ck_assert_str_eq(challenge->dns_forest, "contoso.test");
    ck_assert_str_eq(challenge->windows, "10.0.17763");
    ck_assert(challenge->has_time);
    ck_assert_int_lt(llabs(challenge->time_ms - xr_wall_ms()), 60 * 1000);
    dialogue_end(&dialogue);
    xr_secret_done(&logon.password);
}
END_TEST

/* ---- the channel ---- */

static struct xr_ntlm_binding binding_of(struct xr_arena *arena, X509 *leaf)
{
    unsigned char *der = NULL;
    int length = i2d_X509(leaf, &der);
    struct xr_ntlm_binding binding;
    const char *why;

    ck_assert_msg(
        xr_ntlm_binding(arena, (struct xr_der){ der, (size_t)length }, &binding, &why), "%s", why);
    OPENSSL_free(der);
    return binding;
}

/* A relay shows a certificate of its own: what is bound to it is not bound to the server's. */
START_TEST(an_answer_is_bound_to_one_certificate)
{
    static const struct sim_cert_spec specs[] = { { .cn = "a" },
        { .cn = "a", .key = "P-384", .digest = "SHA384" },
        { .cn = "a", .key = "RSA:2048", .digest = "SHA1" },
        { .cn = "a", .key = "RSA:2048", .digest = "SHA512" } };
    uint8_t of_server[SIM_NTLM_KEY_BYTES], of_relay[SIM_NTLM_KEY_BYTES];
    struct sim_cert relay = sim_pki_issue(&specs[0], NULL);

    ck_assert(sim_ntlm_binding(relay.cert, of_relay));
    for (size_t i = 0; i < sizeof(specs) / sizeof(*specs); i++) {
        struct xr_ntlm_logon logon = logon_of("svc", "CONTOSO", "Passw0rd!");
        struct sim_cert server = sim_pki_issue(&specs[i], NULL);
        struct sim_ntlm_answer answer;
        struct dialogue dialogue;
        dialogue_begin(&dialogue);
        struct xr_ntlm_binding binding = binding_of(dialogue.arena, server.cert);
        logon.binding = &binding;
        ck_assert(answered(&dialogue, &logon));
        ck_assert(lets_in(&dialogue, "Passw0rd!"));
        ck_assert(sim_ntlm_answer_parse(message_of(&dialogue.answer), &answer));
        ck_assert(sim_ntlm_binding(server.cert, of_server));
        ck_assert_mem_eq(answer.binding, of_server, sizeof(of_server));
        ck_assert_mem_ne(answer.binding, of_relay, sizeof(of_relay));
        dialogue_end(&dialogue);
        sim_pki_free(&server);
        xr_secret_done(&logon.password);
    }
    sim_pki_free(&relay);
}
END_TEST

/* ---- somebody in between ---- */

START_TEST(no_bit_of_the_answer_can_be_changed)
{
    static const struct xr_ntlm_binding binding = { .bytes = { 1 } };
    struct xr_ntlm_logon logon = logon_of("svc", "CONTOSO", "Passw0rd!");
    struct dialogue dialogue;

    dialogue_begin(&dialogue);
    logon.binding = &binding;
    ck_assert(answered(&dialogue, &logon));
    for (size_t bit = 0; bit < dialogue.answer.length * 8; bit++) {
        char *byte = &dialogue.answer.at[bit / 8], before = *byte;
        *byte = (char)(before ^ 1 << bit % 8);
        ck_assert_msg(!lets_in(&dialogue, "Passw0rd!"), "bit %zu of byte %zu", bit % 8, bit / 8);
        *byte = before;
    }
    ck_assert(lets_in(&dialogue, "Passw0rd!"));
    dialogue_end(&dialogue);
    xr_secret_done(&logon.password);
}
END_TEST

START_TEST(no_bit_of_the_first_message_can_be_changed)
{
    struct xr_ntlm_logon logon = logon_of("svc", "CONTOSO", "Passw0rd!");
    struct xr_ntlm_message first = xr_ntlm_negotiate();
    struct dialogue dialogue;
    xr_auto_buf believed;

    xr_buf_init(&believed, first.length);
    xr_buf_add(&believed, first.bytes, first.length);
    dialogue_begin(&dialogue);
    ck_assert(answered(&dialogue, &logon));
    for (size_t bit = 0; bit < first.length * 8; bit++) {
        struct sim_ntlm_answer answer;
        char *byte = &believed.at[bit / 8], before = *byte;
        *byte = (char)(before ^ 1 << bit % 8);
        ck_assert_msg(!is_let_in(&dialogue, message_of(&believed), "Passw0rd!", &answer),
            "bit %zu of byte %zu", bit % 8, bit / 8);
        *byte = before;
    }
    dialogue_end(&dialogue);
    xr_secret_done(&logon.password);
}
END_TEST

/* That includes the pair with the server's time, without which a client need not have a MIC. */
START_TEST(no_bit_of_the_challenge_can_be_changed)
{
    struct xr_ntlm_logon logon = logon_of("svc", "CONTOSO", "Passw0rd!");
    struct dialogue dialogue;
    size_t timeless = 0;

    dialogue_begin(&dialogue);
    for (size_t bit = 0; bit < dialogue.sent.length * 8; bit++) {
        char *byte = &dialogue.seen.at[bit / 8], before = *byte;
        *byte = (char)(before ^ 1 << bit % 8);
        bool read = answered(&dialogue, &logon);
        ck_assert_msg(
            !read || !lets_in(&dialogue, "Passw0rd!"), "bit %zu of byte %zu", bit % 8, bit / 8);
        timeless += read && !dialogue.challenge.has_time;
        *byte = before;
    }
    ck_assert_uint_gt(timeless, 0);
    ck_assert(answered(&dialogue, &logon) && lets_in(&dialogue, "Passw0rd!"));
    dialogue_end(&dialogue);
    xr_secret_done(&logon.password);
}
END_TEST

XR_UNIT_MAIN("ntlm_dialogue", whoever_knows_the_password_gets_in, nobody_else_does,
    what_the_server_told_is_understood, an_answer_is_bound_to_one_certificate,
    no_bit_of_the_answer_can_be_changed, no_bit_of_the_first_message_can_be_changed,
    no_bit_of_the_challenge_can_be_changed)
