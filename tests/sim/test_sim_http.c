#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "fixtures/http.h"
#include "fixtures/listen.h"
#include "fixtures/seen.h"
#include "tests/unit.h"

/* ---- the parser: the same bytes in pieces of every size ---- */

struct bytes {
    const char *at;
    size_t left, step;
    unsigned went_on;
};

static ssize_t read_bytes(void *from, void *to, size_t size)
{
    struct bytes *bytes = from;
    size_t n = bytes->left < bytes->step ? bytes->left : bytes->step;

    n = n < size ? n : size;
    memcpy(to, bytes->at, n);
    bytes->at += n;
    bytes->left -= n;
    return (ssize_t)n;
}

static bool go_on(void *from)
{
    struct bytes *bytes = from;

    bytes->went_on++;
    return true;
}

struct reading {
    struct xr_arena *arena;
    struct bytes bytes;
    struct sim_source source;
    struct sim_request request;
};

static void reading_init(struct reading *reading, const char *text, size_t length, size_t step)
{
    *reading = (struct reading){ .arena = xr_arena_new(),
        .bytes = { .at = text, .left = length, .step = step } };
    sim_source_init(&reading->source, &reading->bytes);
    reading->source.read = read_bytes;
    reading->source.go_on = go_on;
}

static void reading_done(struct reading *reading)
{
    sim_source_done(&reading->source);
    xr_arena_free(reading->arena);
}

static int status_of(const char *text, size_t length)
{
    struct reading reading;

    reading_init(&reading, text, length, 7);
    int status = sim_http_read(&reading.source, reading.arena, &reading.request);
    reading_done(&reading);
    return status;
}

START_TEST(requests_follow_each_other_in_any_pieces)
{
    static const char text[] =
        "\r\nPOST /EWS/Exchange.asmx?a=b HTTP/1.1\r\nHost: mail.contoso.test\r\n"
        "content-length:  5 \r\nX-Empty:\r\n\r\nhello"
        "POST http://mail.contoso.test/x HTTP/1.1\r\nTransfer-Encoding: Chunked\r\n"
        "Expect: 100-continue\r\n\r\n"
        "3;x=y\r\nabc\r\n0A\r\n0123456789\r\n0\r\nTrailer: t\r\n\r\n"
        "GET / HTTP/1.0\r\n\r\n";

    for (size_t step = 1; step < 200; step++) {
        struct reading r;
        reading_init(&r, text, sizeof(text) - 1, step);
        ck_assert_int_eq(sim_http_read(&r.source, r.arena, &r.request), 0);
        ck_assert_str_eq(r.request.method, "POST");
        ck_assert_str_eq(r.request.path, "/EWS/Exchange.asmx");
        ck_assert_str_eq(r.request.query, "a=b");
        ck_assert_str_eq(sim_request_header(&r.request, "Content-Length"), "5");
        ck_assert_str_eq(sim_request_header(&r.request, "x-empty"), "");
        ck_assert_str_eq(r.request.body, "hello");
        ck_assert(!r.request.close_asked);
        ck_assert_int_eq(sim_http_read(&r.source, r.arena, &r.request), 0);
        ck_assert_str_eq(r.request.path, "/x");
        ck_assert_str_eq(r.request.body, "abc0123456789");
        ck_assert_uint_le(r.bytes.went_on, 1);
        ck_assert_int_eq(sim_http_read(&r.source, r.arena, &r.request), 0);
        ck_assert(r.request.http_1_0);
        ck_assert_int_eq(sim_http_read(&r.source, r.arena, &r.request), -1);
        reading_done(&r);
    }
}
END_TEST

START_TEST(what_could_be_read_in_two_ways_is_refused)
{
    static const struct {
        const char *text;
        int status;
    } cases[] = {
        { "POST / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            400 },
        { "POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\na", 400 },
        { "POST / HTTP/1.1\r\nContent-Length: +1\r\n\r\na", 400 },
        { "POST / HTTP/1.1\r\nContent-Length: 1x\r\n\r\na", 400 },
        { "POST / HTTP/1.1\r\nContent-Length: 99999999999999999999999\r\n\r\na", 413 },
        { "POST / HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\n", 501 },
        { "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n\r\n", 400 },
        { "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\naXX0\r\n\r\n", 400 },
        { "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nffffffff\r\n", 413 },
        { "GET / HTTP/1.1\r\nA: b\r\n c\r\n\r\n", 400 },
        { "GET / HTTP/1.1\r\nA : b\r\n\r\n", 400 },
        { "GET / HTTP/1.1\r\nA: b\rc\r\n\r\n", 400 },
        { "GET / HTTP/1.1\r\nno colon\r\n\r\n", 400 },
        { "GET /a b HTTP/1.1\r\n\r\n", 400 },
        { "GET /\r\n\r\n", 400 },
        { "GET / HTTP/2.0\r\n\r\n", 505 },
        { "POST / HTTP/1.1\r\nExpect: more\r\n\r\n", 417 },
        { "\x16\x03\x01\x02", 400 },
        { "GET / HTTP/1.1\r\nHost: x", -1 },
        { "POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\nab", -1 },
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
        ck_assert_msg(status_of(cases[i].text, strlen(cases[i].text)) == cases[i].status, "%s",
            cases[i].text);
    ck_assert_int_eq(status_of("GET / HTTP/1.1\r\nA: \0b\r\n\r\n", 26), 400);
}
END_TEST

START_TEST(a_head_has_an_end)
{
    static char text[SIM_HEAD_MAX * 2];

    memset(text, 'a', sizeof(text));
    memcpy(text, "GET /", 5);
    ck_assert_int_eq(status_of(text, sizeof(text)), 431);
}
END_TEST

/* Whatever comes: an answer or an end, no crash and no hang. */
START_TEST(damaged_requests_do_no_harm)
{
    static const char text[] =
        "POST /a?b HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
        "3\r\nabc\r\n0\r\n\r\nGET / HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc";
    char damaged[sizeof(text)];
    unsigned seed = 1;

    for (int round = 0; round < 20000; round++) {
        memcpy(damaged, text, sizeof(text));
        for (int i = 0; i < 3; i++) {
            seed = seed * 1103515245U + 12345U;
            damaged[seed / 65536 % (sizeof(text) - 1)] = (char)(seed >> 8);
        }
        struct reading r;
        reading_init(&r, damaged, sizeof(text) - 1, 1 + seed % 50);
        while (sim_http_read(&r.source, r.arena, &r.request) == 0)
            ;
        reading_done(&r);
    }
}
END_TEST

/* ---- the server, over its plain port ---- */

struct served {
    struct sim_world world;
    struct sim_host host;
    struct sim_fault fault;
    struct sim_seen *seen;
    struct sim_listen *listen;
    struct sim_ports ports;
};

static void served_init(struct served *served, const struct sim_fault *fault)
{
    struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };

    *served = (struct served){
        .host = { .name = "www.contoso.test", .serves = SIM_WEBSITE, .listens = true },
        .world = { .hosts_n = 1 },
    };
    served->host.addresses_n = 1;
    served->host.addresses[0] =
        (struct sim_address){ .text = "127.0.0.1", .at_length = sizeof(at) };
    memcpy(&served->host.addresses[0].at, &at, sizeof(at));
    served->world.hosts = &served->host;
    if (fault) {
        served->fault = *fault;
        served->world.faults = &served->fault;
        served->world.faults_n = 1;
    }
    served->seen = sim_seen_new(&served->world);
    served->listen = sim_listen_start(&served->world, served->seen, NULL, NULL, &served->ports);
    ck_assert_ptr_nonnull(served->listen);
}

static void served_done(struct served *served)
{
    sim_listen_stop(served->listen);
    sim_seen_free(served->seen);
}

static int connect_to(const struct served *served)
{
    struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    struct timeval limit = { .tv_sec = 5 };

    at.sin_port = htons((uint16_t)served->ports.http);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
    ck_assert_int_eq(connect(fd, (struct sockaddr *)&at, sizeof(at)), 0);
    return fd;
}

/* What comes back until the server closes; the last read()'s value too. */
static ssize_t ask(const struct served *served, const char *request, char *answer, size_t size)
{
    int fd = connect_to(served);
    size_t have = 0;
    ssize_t got = 0;

    ck_assert_int_eq(send(fd, request, strlen(request), MSG_NOSIGNAL), (ssize_t)strlen(request));
    while (have + 1 < size && (got = recv(fd, answer + have, size - have - 1, 0)) > 0)
        have += (size_t)got;
    answer[have] = '\0';
    close(fd);
    return got;
}

static const char simple[] =
    "GET / HTTP/1.1\r\nHost: www.contoso.test\r\nConnection: close\r\n\r\n";

START_TEST(a_page_is_served_and_counted)
{
    struct served served;
    char answer[2048];

    served_init(&served, NULL);
    ck_assert_int_eq(ask(&served, simple, answer, sizeof(answer)), 0);
    ck_assert_ptr_eq(strstr(answer, "HTTP/1.1 200 OK\r\n"), answer);
    ck_assert_ptr_nonnull(strstr(answer, "<h1>Welcome</h1>"));
    ask(&served, "GET /no HTTP/1.0\r\n\r\n", answer, sizeof(answer));
    ck_assert_ptr_eq(strstr(answer, "HTTP/1.1 404 "), answer);
    ask(&served, "nonsense\r\n\r\n", answer, sizeof(answer));
    ck_assert_ptr_eq(strstr(answer, "HTTP/1.1 400 "), answer);
    served_done(&served);
}
END_TEST

START_TEST(faults_are_what_they_are_called)
{
    static const struct {
        struct sim_fault fault;
        const char *answer; /* part of it */
    } cases[] = {
        { { .layer = SIM_LAYER_HTTP, .verb = "reply", .status = 503 }, "503 Service Unavailable" },
        { { .layer = SIM_LAYER_HTTP, .verb = "bad-status" }, "HTTP/1.1 abc" },
        { { .layer = SIM_LAYER_HTTP, .verb = "garbage", .body = "SSH-2.0\r\n", .body_length = 9 },
            "SSH-2.0\r\n" },
        { { .layer = SIM_LAYER_HTTP, .verb = "close" }, "" },
        { { .layer = SIM_LAYER_HTTP, .verb = "chunked" }, "\r\n0\r\n\r\n" },
        { { .layer = SIM_LAYER_HTTP, .verb = "close", .path = "/other" }, "200 OK" },
        { { .layer = SIM_LAYER_HTTP, .verb = "close", .from = 2, .to = 3 }, "200 OK" },
        { { .layer = SIM_LAYER_WIRE,
              .verb = "send",
              .host = "www.contoso.test",
              .way = SIM_DOWN,
              .body = "220 mail ESMTP\r\n",
              .body_length = 16 },
            "220 mail ESMTP\r\n" },
        { { .layer = SIM_LAYER_WIRE,
              .verb = "slice",
              .host = "www.contoso.test",
              .way = SIM_DOWN,
              .count = 3 },
            "200 OK" },
        { { .layer = SIM_LAYER_WIRE,
              .verb = "flip",
              .host = "www.contoso.test",
              .way = SIM_DOWN,
              .byte = 1 },
            "H\x01TP/1.1 200" },
        { { .layer = SIM_LAYER_WIRE,
              .verb = "skip",
              .host = "www.contoso.test",
              .way = SIM_DOWN,
              .byte = 4,
              .count = 4 },
            "HTTP 200 OK" },
        { { .layer = SIM_LAYER_WIRE,
              .verb = "rst",
              .host = "www.contoso.test",
              .way = SIM_DOWN,
              .port = SIM_PORT_HTTPS },
            "200 OK" },
    };
    char answer[4096];

    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct served served;
        served_init(&served, &cases[i].fault);
        ck_assert_int_eq(ask(&served, simple, answer, sizeof(answer)), 0);
        ck_assert_msg(
            strstr(answer, cases[i].answer) != NULL, "%s: %s", cases[i].fault.verb, answer);
        served_done(&served);
    }
}
END_TEST

START_TEST(a_reset_is_a_reset)
{
    static const struct sim_fault faults[] = {
        { .layer = SIM_LAYER_HTTP, .verb = "rst" },
        { .layer = SIM_LAYER_WIRE,
            .verb = "rst",
            .host = "www.contoso.test",
            .way = SIM_UP,
            .byte = 1 },
    };
    char answer[4096];

    for (size_t i = 0; i < 2; i++) {
        struct served served;
        served_init(&served, &faults[i]);
        ck_assert_int_eq(ask(&served, simple, answer, sizeof(answer)), -1);
        served_done(&served);
    }
}
END_TEST

/* Connections in every state of waiting must not hold up the end. */
START_TEST(the_server_stops_while_clients_wait)
{
    static const struct sim_fault silent = { .layer = SIM_LAYER_HTTP, .verb = "silent" };
    struct served served;
    int fds[3];

    served_init(&served, &silent);
    for (size_t i = 0; i < 3; i++)
        fds[i] = connect_to(&served);
    ck_assert_int_gt(send(fds[1], simple, strlen(simple), MSG_NOSIGNAL), 0);
    ck_assert_int_gt(send(fds[2], simple, 5, MSG_NOSIGNAL), 0);
    served_done(&served);
    for (size_t i = 0; i < 3; i++)
        close(fds[i]);
}
END_TEST

XR_UNIT_MAIN("sim-http", requests_follow_each_other_in_any_pieces,
    what_could_be_read_in_two_ways_is_refused, a_head_has_an_end, damaged_requests_do_no_harm,
    a_page_is_served_and_counted, faults_are_what_they_are_called, a_reset_is_a_reset,
    the_server_stops_while_clients_wait)
