/* Answers to an offer that no TLS library would give: cut, forged, dripped, endless. */
#include <arpa/inet.h>
#include <string.h>

#include "tests/wire/offer_script.h"

enum { WITHOUT_EXTENSIONS = 2 + 32 + 33 + 2 + 1 };

/* The places of all lengths in a good answer. */
static const size_t good_lengths[] = { 3, 4, 6, 7, 8, 43, 79, 80, 83, 84 };

START_TEST(a_cut_answer_is_none)
{
    struct xr_arena *arena = xr_arena_new();

    for (size_t length = 1; length < sizeof(GOOD) - 1; length++) {
        struct xr_offer offer = play(arena, XR_ASK_TLS_1_2, said(GOOD, length));
        ck_assert_int_eq(offer.answer, XR_ANSWER_NONE);
        ck_assert_str_eq(offer.text, "the connection was closed in the middle of the answer");
    }
    xr_arena_free(arena);
}
END_TEST

START_TEST(no_wrong_length_passes)
{
    struct xr_arena *arena = xr_arena_new();

    for (size_t i = 0; i < sizeof(good_lengths) / sizeof(*good_lengths); i++)
        for (unsigned value = 0; value < 256; value++) {
            char bytes[] = GOOD;
            size_t at = good_lengths[i];
            if ((unsigned char)bytes[at] == value)
                continue;
            if (at == 8 && value == WITHOUT_EXTENSIONS) /* a whole ServerHello */
                continue;
            bytes[at] = (char)value;
            struct xr_offer offer = play(arena, XR_ASK_TLS_1_2, said(bytes, sizeof(bytes) - 1));
            ck_assert_msg(
                offer.answer != XR_ANSWER_YES, "byte %zu with the value %u passes", at, value);
        }
    xr_arena_free(arena);
}
END_TEST

/* Whatever is flipped: play() finds an answer that is one. */
START_TEST(any_flipped_bit_gets_an_answer)
{
    struct xr_arena *arena = xr_arena_new();

    for (size_t at = 0; at < sizeof(GOOD) - 1; at++)
        for (unsigned bit = 0; bit < 8; bit++) {
            char bytes[] = GOOD;
            bytes[at] = (char)(bytes[at] ^ 1 << bit);
            (void)play(arena, XR_ASK_NO_SECRECY, said(bytes, sizeof(bytes) - 1));
        }
    xr_arena_free(arena);
}
END_TEST

START_TEST(silence_ends_with_the_step)
{
    static const size_t lengths[] = { 0, 1, 5, sizeof(GOOD) - 2 };
    struct xr_arena *arena = xr_arena_new();

    for (size_t i = 0; i < sizeof(lengths) / sizeof(*lengths); i++) {
        struct script script = said(GOOD, lengths[i]);
        script.open = true;
        struct xr_offer offer = play(arena, XR_ASK_TLS_1_2, script);
        ck_assert_int_eq(offer.answer, XR_ANSWER_NONE);
        ck_assert_int_ge(offer.elapsed_us, SHORT_MS * 1000);
        ck_assert_int_lt(offer.elapsed_us, (SHORT_MS + SLACK_MS) * 1000);
    }
    xr_arena_free(arena);
}
END_TEST

/* Sends "bytes" again and again, with a pause between. */
struct talker {
    int fd;
    const char *bytes;
    size_t length;
    useconds_t pause;
};

static void *talk(void *arg)
{
    struct talker *talker = arg;

    while (send(talker->fd, talker->bytes, talker->length, MSG_NOSIGNAL) > 0)
        if (talker->pause)
            (void)usleep(talker->pause);
    return NULL;
}

static struct xr_offer hear_out(struct xr_arena *arena, struct talker talker, int64_t ms)
{
    struct xr_offer offer;
    pthread_t thread;
    int pair[2];

    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
    talker.fd = pair[1];
    ck_assert_int_eq(pthread_create(&thread, NULL, talk, &talker), 0);
    xr_offer_ask(arena, XR_ASK_TLS_1_2, "mail.contoso.test", pair[0], within(ms), &offer);
    (void)close(pair[0]);
    (void)pthread_join(thread, NULL);
    (void)close(pair[1]);
    return offer;
}

START_TEST(a_flood_is_cut_off_and_a_drip_ends_with_the_step)
{
    static const struct talker floods[] = {
        { .bytes = "\x15\x03\x03\x00\x02\x01\x70", .length = 7 },
        { .bytes = "\x16\x03\x03\x00\x00", .length = 5 },
        { .bytes = "\x16\x03\x03\x00\x04\x00\x00\x00\x00", .length = 9 },
    };
    struct xr_arena *arena = xr_arena_new();

    for (size_t i = 0; i < sizeof(floods) / sizeof(*floods); i++) {
        struct xr_offer offer = hear_out(arena, floods[i], STEP_MS);
        ck_assert_int_eq(offer.answer, XR_ANSWER_NONE);
        ck_assert_str_eq(offer.text, "the server sends without end");
        struct talker drip = floods[i];
        drip.pause = 20000;
        offer = hear_out(arena, drip, SHORT_MS);
        ck_assert_int_eq(offer.answer, XR_ANSWER_NONE);
        ck_assert_int_lt(offer.elapsed_us, (SHORT_MS + SLACK_MS) * 1000);
    }
    xr_arena_free(arena);
}
END_TEST

/* As Schannel does with a version that is turned off. */
START_TEST(a_reset_refuses)
{
    struct sockaddr_in address = { .sin_family = AF_INET,
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t length = sizeof(address);
    struct linger at_once = { .l_onoff = 1 };
    struct xr_arena *arena = xr_arena_new();
    struct xr_offer offer;
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    ck_assert_int_eq(bind(listener, (const struct sockaddr *)&address, length), 0);
    ck_assert_int_eq(listen(listener, 1), 0);
    (void)getsockname(listener, (struct sockaddr *)&address, &length);
    ck_assert_int_eq(connect(fd, (const struct sockaddr *)&address, length), 0);
    int peer = accept(listener, NULL, NULL);
    (void)setsockopt(peer, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
    (void)close(peer);
    xr_offer_ask(arena, XR_ASK_TLS_1_0, "mail.contoso.test", fd, within(STEP_MS), &offer);
    ck_assert_int_eq(offer.answer, XR_ANSWER_NO);
    ck_assert_ptr_nonnull(strstr(offer.text, "without an alert"));
    (void)close(fd);
    (void)close(listener);
    xr_arena_free(arena);
}
END_TEST

XR_UNIT_MAIN("offer_hostile", a_cut_answer_is_none, no_wrong_length_passes,
    any_flipped_bit_gets_an_answer, silence_ends_with_the_step,
    a_flood_is_cut_off_and_a_drip_ends_with_the_step, a_reset_refuses)
