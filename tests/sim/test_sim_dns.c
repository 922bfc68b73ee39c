#include <arpa/inet.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "analyzer/base/clock.h"
#include "fixtures/dns.h"
#include "fixtures/zone.h"
#include "tests/unit.h"

enum { TYPE_A = 1, TYPE_MX = 15, TYPE_TXT = 16, TYPE_AAAA = 28, TYPE_SRV = 33, TYPE_CNAME = 5 };

static const char *const lines[] = {
    "contoso.test A a 127.0.0.1",
    "contoso.test MX mx 10 mail.contoso.test",
    "mail.contoso.test A a 127.0.0.2 127.0.0.3",
    "mail.contoso.test AAAA aaaa ::1",
    "autodiscover.contoso.test CNAME cname mail.contoso.test",
    "_autodiscover._tcp.contoso.test SRV srv 10 5 443 mail.contoso.test",
    "_autodiscover._tcp.contoso.test SRV srv 20 5 443 other.contoso.test",
    "loop.contoso.test CNAME cname pool.contoso.test",
    "pool.contoso.test CNAME cname loop.contoso.test",
    "*.wild.contoso.test A a 127.0.0.9",
    "own.wild.contoso.test A a 127.0.0.8",
    "broken.contoso.test ANY rcode 2",
    "refused.contoso.test A rcode 5",
    "dead.contoso.test A drop",
    "big.contoso.test A many 58",
    "cut.contoso.test A truncate 127.0.0.4",
    "id.contoso.test A wrong-id 127.0.0.4",
    "question.contoso.test A wrong-question 127.0.0.4",
    "short.contoso.test A short",
    "garbage.contoso.test A garbage",
    "pointer.contoso.test A pointer-loop",
    "slow.contoso.test A delay 150 a 127.0.0.5",
};

static const struct sim_fault faults[] = {
    { .index = 0,
        .layer = SIM_LAYER_DNS,
        .verb = "rcode",
        .rcode = 2,
        .dns_name = "hurt.contoso.test",
        .dns_type = "A" },
    { .index = 1,
        .layer = SIM_LAYER_DNS,
        .verb = "delay",
        .ms = 70,
        .dns_name = "contoso.test",
        .dns_type = "ANY" },
    { .index = 2,
        .layer = SIM_LAYER_DNS,
        .verb = "a",
        .text = "127.0.0.77",
        .dns_name = "fake.contoso.test",
        .dns_type = "A",
        .from = 2,
        .to = 2 },
};

static struct sim_world make_world(struct xr_arena *arena)
{
    struct sim_world world = { .arena = arena,
        .dns = { lines, sizeof(lines) / sizeof(*lines) },
        .faults_n = sizeof(faults) / sizeof(*faults) };

    world.faults = xr_new_n(arena, struct sim_fault, world.faults_n);
    memcpy(world.faults, faults, sizeof(faults));
    return world;
}

/* ---- one question ---- */

static size_t make_query(uint8_t *to, const char *name, unsigned type)
{
    static const uint8_t header[] = { 0x12, 0x34, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0 };
    uint8_t *at = to + sizeof(header);

    memcpy(to, header, sizeof(header));
    while (*name) {
        size_t length = strcspn(name, ".");
        *at++ = (uint8_t)length;
        memcpy(at, name, length);
        at += length;
        name += length + (name[length] == '.');
    }
    const uint8_t tail[] = { 0, (uint8_t)(type >> 8), (uint8_t)type, 0, 1 };
    memcpy(at, tail, sizeof(tail));
    return (size_t)(at - to) + sizeof(tail);
}

struct got {
    bool answered;
    int delay_ms;
    size_t length;
    uint8_t bytes[4096];
};

static unsigned rcode(const struct got *got)
{
    return got->bytes[3] & 15;
}

static unsigned answers(const struct got *got)
{
    return (unsigned)got->bytes[6] << 8 | got->bytes[7];
}

static bool is_truncated(const struct got *got)
{
    return got->bytes[2] & 2;
}

static bool holds(const struct got *got, const void *bytes, size_t length)
{
    return memmem(got->bytes, got->length, bytes, length) != NULL;
}

static bool holds_address(const struct got *got, const char *text)
{
    uint8_t raw[4];

    inet_pton(AF_INET, text, raw);
    return holds(got, raw, sizeof(raw));
}

static struct got ask_zone(const struct sim_zone *zone, const char *name, unsigned type, bool tcp)
{
    struct got got = { .answered = false };
    uint8_t query[300];
    xr_auto_buf to;

    xr_buf_init(&to, sizeof(got.bytes));
    size_t length = make_query(query, name, type);
    got.answered = sim_zone_answer(zone, NULL, query, length, tcp, &to, &got.delay_ms);
    got.length = to.length;
    memcpy(got.bytes, to.at, to.length);
    return got;
}

/* A zone without the faults of the scenario, and one question to it. */
static struct got ask(const char *name, unsigned type, bool tcp)
{
    struct xr_arena *arena = xr_arena_new();
    struct sim_world world = make_world(arena);
    world.faults_n = 0;
    struct sim_zone *zone = sim_zone_new(&world);
    ck_assert_ptr_nonnull(zone);
    struct got got = ask_zone(zone, name, type, tcp);

    sim_zone_free(zone);
    xr_arena_free(arena);
    return got;
}

START_TEST(the_zone_answers)
{
    static const struct {
        const char *name;
        unsigned type, rcode, answers;
    } cases[] = {
        { "contoso.test", TYPE_A, 0, 1 },
        { "CONTOSO.Test", TYPE_A, 0, 1 },
        { "contoso.test", TYPE_MX, 0, 1 },
        { "contoso.test", TYPE_TXT, 0, 0 },
        { "mail.contoso.test", TYPE_A, 0, 2 },
        { "mail.contoso.test", TYPE_AAAA, 0, 1 },
        { "autodiscover.contoso.test", TYPE_A, 0, 3 },
        { "autodiscover.contoso.test", TYPE_AAAA, 0, 2 },
        { "autodiscover.contoso.test", TYPE_CNAME, 0, 1 },
        { "_autodiscover._tcp.contoso.test", TYPE_SRV, 0, 2 },
        { "_tcp.contoso.test", TYPE_SRV, 0, 0 },
        { "loop.contoso.test", TYPE_A, 0, 8 },
        { "any.wild.contoso.test", TYPE_A, 0, 1 },
        { "any.wild.contoso.test", TYPE_AAAA, 0, 0 },
        { "nothing.contoso.test", TYPE_A, 3, 0 },
        { "test", TYPE_A, 0, 0 },
        { "example.org", TYPE_A, 3, 0 },
        { "broken.contoso.test", TYPE_AAAA, 2, 0 },
        { "refused.contoso.test", TYPE_A, 5, 0 },
        { "refused.contoso.test", TYPE_AAAA, 0, 0 },
        { "pointer.contoso.test", TYPE_A, 0, 1 },
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct got got = ask(cases[i].name, cases[i].type, false);
        ck_assert_msg(got.answered, "%s", cases[i].name);
        ck_assert_msg(rcode(&got) == cases[i].rcode, "%s: %u", cases[i].name, rcode(&got));
        ck_assert_msg(answers(&got) == cases[i].answers, "%s: %u", cases[i].name, answers(&got));
        ck_assert_uint_eq(got.bytes[0], 0x12);
    }
}
END_TEST

START_TEST(an_own_name_wins_over_the_wildcard)
{
    struct got own = ask("own.wild.contoso.test", TYPE_A, false);
    struct got other = ask("other.wild.contoso.test", TYPE_A, false);

    ck_assert(holds_address(&own, "127.0.0.8"));
    ck_assert(!holds_address(&own, "127.0.0.9"));
    ck_assert(holds_address(&other, "127.0.0.9"));
}
END_TEST

START_TEST(lies_are_told)
{
    ck_assert(!ask("dead.contoso.test", TYPE_A, false).answered);
    ck_assert_uint_eq(ask("id.contoso.test", TYPE_A, false).bytes[0], 0x12 ^ 0x55);
    ck_assert_uint_eq(ask("short.contoso.test", TYPE_A, false).length, 5);
    ck_assert_uint_eq(ask("garbage.contoso.test", TYPE_A, false).bytes[2], 0xa5);
    struct got question = ask("question.contoso.test", TYPE_A, false);
    ck_assert(!holds(&question, "question", 8));
    ck_assert(holds(&question, "puestion", 8));
    ck_assert_int_eq(ask("slow.contoso.test", TYPE_A, false).delay_ms, 150);
}
END_TEST

START_TEST(what_does_not_fit_goes_by_tcp)
{
    static const char *const names[] = { "big.contoso.test", "cut.contoso.test" };

    for (size_t i = 0; i < 2; i++) {
        struct got udp = ask(names[i], TYPE_A, false), tcp = ask(names[i], TYPE_A, true);
        ck_assert(is_truncated(&udp));
        ck_assert_uint_eq(answers(&udp), 0);
        ck_assert(!is_truncated(&tcp));
        ck_assert_uint_eq(answers(&tcp), i ? 1 : 58);
    }
}
END_TEST

START_TEST(broken_questions_get_no_answer)
{
    struct xr_arena *arena = xr_arena_new();
    struct sim_world world = make_world(arena);
    struct sim_zone *zone = sim_zone_new(&world);
    uint8_t query[300];
    size_t length = make_query(query, "mail.contoso.test", TYPE_A);
    int delay_ms = 0;

    for (size_t cut = 0; cut < length; cut++) {
        xr_auto_buf to;
        xr_buf_init(&to, 4096);
        ck_assert(!sim_zone_answer(zone, NULL, query, cut, false, &to, &delay_ms));
    }
    query[12] = 0xc0; /* a pointer where a label belongs */
    xr_auto_buf to;
    xr_buf_init(&to, 4096);
    ck_assert(!sim_zone_answer(zone, NULL, query, length, false, &to, &delay_ms));
    sim_zone_free(zone);
    xr_arena_free(arena);
}
END_TEST

START_TEST(a_wrong_line_is_refused)
{
    static const char *const wrong[] = { "contoso.test", "contoso.test A", "contoso.test A b",
        "contoso.test HINFO a 127.0.0.1", "contoso.test SRV srv 1 2 3", "contoso.test A delay 5",
        "contoso.test A a" };

    for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
        struct sim_world world = { .dns = { &wrong[i], 1 } };
        ck_assert_msg(sim_zone_new(&world) == NULL, "%s", wrong[i]);
    }
}
END_TEST

START_TEST(faults_win_over_the_zone_at_their_turn)
{
    struct xr_arena *arena = xr_arena_new();
    struct sim_world world = make_world(arena);
    struct sim_seen *seen = sim_seen_new(&world);
    struct sim_zone *zone = sim_zone_new(&world);
    uint8_t query[300];
    int delay_ms = 0;

    size_t length = make_query(query, "fake.contoso.test", TYPE_A);
    for (int turn = 1; turn <= 3; turn++) {
        xr_auto_buf to;
        xr_buf_init(&to, 4096);
        ck_assert(sim_zone_answer(zone, seen, query, length, false, &to, &delay_ms));
        ck_assert_int_eq(to.at[7], turn == 2);
        ck_assert_int_eq(to.at[3] & 15, turn == 2 ? 0 : 3);
    }
    struct got hurt = ask_zone(zone, "hurt.contoso.test", TYPE_A, false);
    ck_assert_uint_eq(rcode(&hurt), 2);
    struct got late = ask_zone(zone, "contoso.test", TYPE_A, false);
    ck_assert_int_eq(late.delay_ms, 70);
    ck_assert_uint_eq(answers(&late), 1);
    sim_zone_free(zone);
    sim_seen_free(seen);
    xr_arena_free(arena);
}
END_TEST

/* ---- over the wire ---- */

static int dial(int kind, int port)
{
    struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
    int fd = socket(AF_INET, kind | SOCK_CLOEXEC, 0);

    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ck_assert_int_eq(connect(fd, (const struct sockaddr *)&to, sizeof(to)), 0);
    return fd;
}

/* The bytes that come within a second; 0: none. */
static size_t receive(int fd, uint8_t *to, size_t size)
{
    struct pollfd polled = { .fd = fd, .events = POLLIN };

    if (poll(&polled, 1, 1000) != 1)
        return 0;
    ssize_t got = recv(fd, to, size, 0);
    return got > 0 ? (size_t)got : 0;
}

START_TEST(udp_and_tcp_share_a_number)
{
    struct xr_arena *arena = xr_arena_new();
    struct sim_world world = make_world(arena);
    struct sim_seen *seen = sim_seen_new(&world);
    uint8_t query[302], answer[4096];
    int port = 0;
    struct sim_dns *dns = sim_dns_start(&world, seen, &port);
    ck_assert_ptr_nonnull(dns);

    int udp = dial(SOCK_DGRAM, port), tcp = dial(SOCK_STREAM, port);
    size_t length = make_query(query, "mail.contoso.test", TYPE_A);
    ck_assert_int_eq(send(udp, query, length, 0), (ssize_t)length);
    ck_assert_uint_gt(receive(udp, answer, sizeof(answer)), 12);
    ck_assert_uint_eq(answer[7], 2);

    length = make_query(query + 2, "mail.contoso.test", TYPE_A);
    query[0] = 0;
    query[1] = (uint8_t)length;
    for (size_t i = 0; i < length + 2; i++) /* byte by byte, as a slow client */
        ck_assert_int_eq(send(tcp, query + i, 1, MSG_NOSIGNAL), 1);
    ck_assert_uint_gt(receive(tcp, answer, sizeof(answer)), 2);
    close(udp);
    close(tcp);
    sim_dns_stop(dns);
    sim_seen_free(seen);
    xr_arena_free(arena);
}
END_TEST

START_TEST(a_late_answer_does_not_hold_up_others)
{
    struct xr_arena *arena = xr_arena_new();
    struct sim_world world = make_world(arena);
    uint8_t query[300], answer[4096];
    int port = 0;
    struct sim_dns *dns = sim_dns_start(&world, NULL, &port);
    ck_assert_ptr_nonnull(dns);

    int slow = dial(SOCK_DGRAM, port), quick = dial(SOCK_DGRAM, port);
    int64_t started_us = xr_now_us();
    size_t length = make_query(query, "slow.contoso.test", TYPE_A);
    ck_assert_int_eq(send(slow, query, length, 0), (ssize_t)length);
    length = make_query(query, "mail.contoso.test", TYPE_A);
    ck_assert_int_eq(send(quick, query, length, 0), (ssize_t)length);
    ck_assert_uint_gt(receive(quick, answer, sizeof(answer)), 12);
    ck_assert_int_lt(xr_now_us() - started_us, 140 * 1000);
    ck_assert_uint_gt(receive(slow, answer, sizeof(answer)), 12);
    ck_assert_int_ge(xr_now_us() - started_us, 150 * 1000);
    close(slow);
    close(quick);
    sim_dns_stop(dns);
    xr_arena_free(arena);
}
END_TEST

XR_UNIT_MAIN("sim dns", the_zone_answers, an_own_name_wins_over_the_wildcard, lies_are_told,
    what_does_not_fit_goes_by_tcp, broken_questions_get_no_answer, a_wrong_line_is_refused,
    faults_win_over_the_zone_at_their_turn, udp_and_tcp_share_a_number,
    a_late_answer_does_not_hold_up_others)
