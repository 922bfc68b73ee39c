/* Addresses that a stranger wrote into a certificate, and the servers behind them. */
#include <string.h>

#include "analyzer/base/text.h"
#include "analyzer/wire/fetch.h"
#include "analyzer/wire/http.h"
#include "analyzer/wire/start.h"
#include "tests/unit.h"
#include "tests/wire/web.h"

enum { STEP_MS = 600, SLACK_MS = 600, MOST = 4096 };

static const char here[] = "127.0.0.1";

/* The world of one test. */
struct place {
    struct xr_arena *arena;
    struct xr_net net;
    struct web web;
};

static void place_init(struct place *place)
{
    *place = (struct place){ .arena = xr_arena_new(), .net = { .user_agent = "test" } };
    xr_wire_start();
}

static void place_done(struct place *place)
{
    web_stop(&place->web);
    xr_arena_free(place->arena);
}

static const struct xr_err *fetch(
    struct place *place, const char *url, const char *tested, struct xr_der *ret)
{
    struct xr_fetch fetch = { .url = url, .tested_address = tested, .max = MOST };
    struct xr_deadline deadline =
        xr_deadline_within((struct xr_deadline){ 0, xr_now_us() + 60 * 1000000LL, NULL }, STEP_MS);
    const struct xr_err *err = xr_fetch(place->arena, &place->net, &fetch, deadline, ret);
    int late_ms = (int)((xr_now_us() - deadline.step_us) / 1000);

    web_rest(&place->web); /* "last" is looked at */
    ck_assert_int_lt(late_ms, SLACK_MS);
    return err;
}

static void fails(struct place *place, const char *url, enum xr_fault fault, const char *words)
{
    struct xr_der got = { 0 };
    const struct xr_err *err = fetch(place, url, here, &got);

    ck_assert_msg(err != NULL, "%s was fetched", url);
    ck_assert_msg(strstr(err->text, words) != NULL, "%s: %s", url, err->text);
    ck_assert_msg(err->fault == fault, "%s: fault %d, %s", url, (int)err->fault, err->text);
    ck_assert_ptr_null(got.bytes);
}

static void comes(struct place *place, const char *url, const char *body)
{
    struct xr_der got = { 0 };
    const struct xr_err *err = fetch(place, url, here, &got);

    ck_assert_msg(err == NULL, "%s: %s", url, err ? err->text : "");
    ck_assert_int_eq((int)got.length, (int)strlen(body));
    ck_assert_int_eq(memcmp(got.bytes, body, got.length), 0);
}

START_TEST(what_does_not_leave_the_machine_or_its_link_is_refused)
{
    static const struct {
        const char *address, *class;
    } rows[] = {
        { "127.0.0.1", "loopback" },
        { "127.255.255.254", "loopback" },
        { "::1", "loopback" },
        { "::ffff:127.0.0.1", "loopback" },
        { "::127.0.0.1", "loopback" },
        { "::ffff:0:127.0.0.1", "loopback" },
        { "64:ff9b::127.0.0.1", "loopback" },
        { "64:ff9b:1::127.0.0.1", "loopback" },
        { "2002:7f00:1::1", "loopback" },
        { "169.254.169.254", "link-local" },
        { "fe80::1", "link-local" },
        { "febf::1", "link-local" },
        { "fe80::1%lo", "link-local" },
        { "::ffff:169.254.169.254", "link-local" },
        { "64:ff9b::a9fe:a9fe", "link-local" },
        { "2002:a9fe:a9fe::", "link-local" },
        { "0.0.0.0", "unspecified" },
        { "0.1.2.3", "unspecified" },
        { "::", "unspecified" },
        { "::ffff:0.0.0.0", "unspecified" },
        { "224.0.0.1", "multicast" },
        { "239.255.255.255", "multicast" },
        { "ff02::1", "multicast" },
        { "::ffff:224.0.0.1", "multicast" },
        { "240.0.0.1", "reserved" },
        { "255.255.255.255", "reserved" },
        { "pki.contoso.test", "malformed" },
        { "", "malformed" },
        { "0x7f000001", "malformed" },
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        const char *class = xr_fetch_class(rows[i].address);
        ck_assert_msg(class && !strcmp(class, rows[i].class), "%s is %s", rows[i].address,
            class ? class : "ordinary");
        ck_assert_ptr_nonnull(xr_fetch_objection(rows[i].address, "192.0.2.1"));
        ck_assert_ptr_nonnull(xr_fetch_objection(rows[i].address, NULL));
    }
}
END_TEST

START_TEST(ordinary_addresses_are_allowed)
{
    static const char *const rows[] = { "192.0.2.1", "10.0.0.1", "172.16.0.1", "192.168.1.1",
        "100.64.0.1", "126.255.255.255", "128.0.0.1", "169.253.1.1", "169.255.1.1",
        "223.255.255.255", "1.0.0.1", "2001:db8::1", "fd00::1", "fec0::1", "2002:c000:201::1",
        "64:ff9b::192.0.2.1", "::ffff:192.0.2.1" };

    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        ck_assert_msg(xr_fetch_class(rows[i]) == NULL, "%s", rows[i]);
        ck_assert_ptr_null(xr_fetch_objection(rows[i], NULL));
        ck_assert_ptr_null(xr_fetch_objection(rows[i], "127.0.0.1"));
    }
}
END_TEST

START_TEST(who_tests_an_address_of_a_class_may_fetch_from_that_class_only)
{
    ck_assert_ptr_null(xr_fetch_objection("127.0.0.2", "127.0.0.1"));
    ck_assert_ptr_null(xr_fetch_objection("::1", "127.0.0.1"));
    ck_assert_ptr_null(xr_fetch_objection("127.0.0.1", "::ffff:127.0.0.9"));
    ck_assert_ptr_null(xr_fetch_objection("169.254.1.1", "fe80::1%eth0"));
    ck_assert_ptr_nonnull(xr_fetch_objection("169.254.169.254", "127.0.0.1"));
    ck_assert_ptr_nonnull(xr_fetch_objection("0.0.0.0", "127.0.0.1"));
    ck_assert_ptr_nonnull(xr_fetch_objection("127.0.0.1", "fe80::1"));
    ck_assert_ptr_nonnull(xr_fetch_objection("nonsense", "nonsense"));
}
END_TEST

START_TEST(addresses_that_are_not_http_are_refused_and_named)
{
    static const char *const urls[] = { "file:///etc/passwd", "ftp://pki.contoso.test/ca.crt",
        "ldap://dc.contoso.test/CN=CA", "https://pki.contoso.test/ca.crt", "gopher://127.0.0.1/",
        "http:/127.0.0.1/x", "//127.0.0.1/x", "", "http://user@127.0.0.1/x",
        "http://user:secret@127.0.0.1/x", "http://127.0.0.1:0/x", "http://127.0.0.1:99999/x",
        "http:///x", "http://", "http://127.0.0.1/a b", "http://127.0.0.1\\@192.0.2.1/" };
    struct place place;

    place_init(&place);
    web_start(&place.web);
    for (size_t i = 0; i < sizeof(urls) / sizeof(*urls); i++) {
        fails(&place, urls[i], XR_FAULT_CONTENT, "not fetched, because");
        fails(&place, urls[i], XR_FAULT_CONTENT, xr_excerpt(place.arena, urls[i], XR_QUOTED_MAX));
    }
    fails(&place, "http://127.0.0.1/\x1b[31m\xe2\x80\xae", XR_FAULT_CONTENT, "\\x1b[31m\\u202e");
    place_done(&place);
}
END_TEST

START_TEST(a_refused_address_is_refused_however_it_is_written)
{
    static const char *const urls[] = { "http://127.0.0.1:%u/x", "http://127.1:%u/x",
        "http://0x7f.0.0.1:%u/x", "http://2130706433:%u/x", "http://0177.0.0.1:%u/x",
        "http://[::1]:%u/x", "http://[::ffff:127.0.0.1]:%u/x", "http://0.0.0.0:%u/x",
        "http://localhost:%u/x", "http://LOCALHOST.:%u/x", "http://pki.contoso.test:%u/x" };
    struct place place;

    place_init(&place);
    struct web_page *page = web_add(&place.web, "/x", web_text("found"));
    web_start(&place.web);
    ck_assert_ptr_null(xr_net_add_resolve(place.arena, &place.net,
        xr_printf(place.arena, "pki.contoso.test:%u:127.0.0.1", place.web.port)));
    for (size_t i = 0; i < sizeof(urls) / sizeof(*urls); i++) {
        const char *at = strstr(urls[i], "%u");
        const char *url = xr_printf(
            place.arena, "%.*s%u%s", (int)(at - urls[i]), urls[i], place.web.port, at + 2);
        struct xr_der got = { 0 };
        const struct xr_err *err = fetch(&place, url, "192.0.2.1", &got);
        ck_assert_msg(err && strstr(err->text, "not fetched, because"), "%s: %s", url,
            err ? err->text : "fetched");
    }
    ck_assert_int_eq(atomic_load(&page->hits), 0);
    comes(&place, xr_printf(place.arena, "http://pki.contoso.test:%u/x", place.web.port), "found");
    place_done(&place);
}
END_TEST

START_TEST(of_several_addresses_the_refused_ones_are_left_out)
{
    struct place place;
    struct xr_der got = { 0 };

    place_init(&place);
    web_add(&place.web, "/x", web_text("found"));
    web_start(&place.web);
    ck_assert_ptr_null(xr_net_add_resolve(place.arena, &place.net,
        xr_printf(place.arena, "pki.contoso.test:%u:169.254.169.254,127.0.0.1", place.web.port)));
    const char *url = xr_printf(place.arena, "http://pki.contoso.test:%u/x", place.web.port);
    comes(&place, url, "found");
    const struct xr_err *err = fetch(&place, url, "fe80::1", &got);
    ck_assert_ptr_nonnull(err); /* the link-local one alone, which answers nobody */
    place_done(&place);
}
END_TEST

START_TEST(a_file_comes_with_nothing_of_the_user_sent)
{
    struct place place;

    place_init(&place);
    web_add(&place.web, "/x", web_text("found"));
    web_start(&place.web);
    comes(&place, web_url(place.arena, &place.web, "/x"), "found");
    ck_assert_ptr_nonnull(strstr(place.web.last, "GET /x HTTP/1.1\r\n"));
    ck_assert_ptr_null(strcasestr(place.web.last, "\r\nCookie:"));
    ck_assert_ptr_null(strcasestr(place.web.last, "\r\nAuthorization:"));
    ck_assert_ptr_null(strcasestr(place.web.last, "\r\nReferer:"));
    place_done(&place);
}
END_TEST

static struct xr_der echo(void *arg, struct xr_der request)
{
    unsigned char *copy = malloc(request.length + 1);

    (void)arg;
    memcpy(copy, request.bytes, request.length);
    return (struct xr_der){ copy, request.length };
}

START_TEST(a_question_is_posted_byte_for_byte)
{
    static const unsigned char bytes[] = { 0x30, 0x00, 0xff, 0x0a, 0x0d, 0x00 };
    struct place place;
    struct xr_der got = { 0 };

    place_init(&place);
    web_add(&place.web, "/ask", (struct xr_der){ 0 })->answer = echo;
    web_start(&place.web);
    struct xr_fetch fetch = {
        .url = web_url(place.arena, &place.web, "/ask"),
        .tested_address = here,
        .content_type = "application/ocsp-request",
        .body = { bytes, sizeof(bytes) },
        .max = MOST,
    };
    struct xr_deadline deadline = { INT64_MAX, xr_now_us() + 5 * 1000000LL, NULL };
    ck_assert_ptr_null(xr_fetch(place.arena, &place.net, &fetch, deadline, &got));
    ck_assert_int_eq((int)got.length, (int)sizeof(bytes));
    ck_assert_int_eq(memcmp(got.bytes, bytes, sizeof(bytes)), 0);
    ck_assert_ptr_nonnull(strstr(place.web.last, "\r\nContent-Type: application/ocsp-request\r\n"));
    place_done(&place);
}
END_TEST

START_TEST(redirects_are_followed_a_little_and_judged_each)
{
    struct place place;

    place_init(&place);
    struct web *web = &place.web;
    web_add(web, "/x", web_text("found"));
    web_add(web, "/1", web_text("moved"))->head = "HTTP/1.1 301 Moved\r\nLocation: 2";
    web_add(web, "/2", web_text("moved"))->head = "HTTP/1.1 302 Found\r\nlocation:/3";
    web_add(web, "/3", web_text("moved"))->head = "HTTP/1.1 307 Moved\r\nLocation: /x  ";
    web_add(web, "/loop", web_text(""))->head = "HTTP/1.1 301 Moved\r\nLocation: /loop";
    web_add(web, "/file", web_text(""))->head = "HTTP/1.1 301 M\r\nLocation: file:///etc/passwd";
    web_add(web, "/inside", web_text(""))->head =
        "HTTP/1.1 301 M\r\nLocation: http://169.254.169.254/latest";
    web_add(web, "/tls", web_text(""))->head = "HTTP/1.1 301 M\r\nLocation: https://127.0.0.1/x";
    web_add(web, "/nowhere", web_text(""))->head = "HTTP/1.1 301 Moved\r\nContent-Length: 0";
    web_add(web, "/flood", web_text(""))->head = "HTTP/1.1 301 Moved\r\nLocation: /x";
    web->pages[web->n - 1].endless = "0123456789abcdef";
    web_start(web);
    comes(&place, web_url(place.arena, web, "/1"), "found");
    comes(&place, web_url(place.arena, web, "/flood"), "found");
    fails(&place, web_url(place.arena, web, "/loop"), XR_FAULT_CONTENT, "more than 3 redirects");
    fails(&place, web_url(place.arena, web, "/file"), XR_FAULT_CONTENT,
        "/file, which redirects to file:///etc/passwd: not fetched");
    fails(&place, web_url(place.arena, web, "/inside"), XR_FAULT_CONTENT,
        "169.254.169.254 is a link-local address");
    fails(&place, web_url(place.arena, web, "/tls"), XR_FAULT_CONTENT, "only http");
    fails(&place, web_url(place.arena, web, "/nowhere"), XR_FAULT_CONTENT, "status 301");
    place_done(&place);
}
END_TEST

START_TEST(a_server_that_sends_too_much_or_too_slowly_is_left)
{
    char large[MOST + 2] = "";
    struct place place;

    memset(large, 'x', MOST + 1);
    place_init(&place);
    struct web *web = &place.web;
    web_add(web, "/silent", web_text(""))->silent = true;
    web_add(web, "/trickle", web_text("0123456789abcdef0123456789abcdef"))->trickles = true;
    web_add(web, "/large", web_text(large));
    web_add(web, "/endless", web_text(""))->head = "HTTP/1.1 200 OK";
    web->pages[web->n - 1].endless = "0123456789abcdef";
    web_add(web, "/interim", web_text("HTTP/1.1 100 Continue\r\n\r\n"))->head =
        "HTTP/1.1 100 Continue";
    web->pages[web->n - 1].endless = "HTTP/1.1 100 Continue\r\n\r\n";
    web_add(web, "/missing", web_text(""))->head = "HTTP/1.1 404 Not Found";
    web->pages[web->n - 1].endless = "0123456789abcdef";
    web_add(web, "/short", web_text("abc"))->head = "HTTP/1.1 200 OK\r\nContent-Length: 10";
    web_add(web, "/noise", web_text("x"))->head = "SSH-2.0-OpenSSH_9.2";
    web_add(web, "/gzip", web_text("\x1f\x8b"))->head =
        "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 2";
    web_start(web);
    fails(
        &place, web_url(place.arena, web, "/silent"), XR_FAULT_HTTP_TIMEOUT, "/silent: no answer");
    fails(&place, web_url(place.arena, web, "/trickle"), XR_FAULT_HTTP_TIMEOUT, "in time");
    fails(&place, web_url(place.arena, web, "/large"), XR_FAULT_HTTP_TOO_LARGE, "4096 bytes");
    fails(&place, web_url(place.arena, web, "/endless"), XR_FAULT_HTTP_TOO_LARGE, "4096 bytes");
    fails(&place, web_url(place.arena, web, "/interim"), XR_FAULT_HTTP_TOO_LARGE, "headers");
    fails(&place, web_url(place.arena, web, "/missing"), XR_FAULT_CONTENT, "status 404");
    fails(&place, web_url(place.arena, web, "/short"), XR_FAULT_HTTP_BROKEN, "broke off");
    fails(&place, web_url(place.arena, web, "/noise"), XR_FAULT_HTTP_BROKEN, "not HTTP");
    comes(&place, web_url(place.arena, web, "/gzip"), "\x1f\x8b"); /* never unpacked: no bomb */
    place_done(&place);
}
END_TEST

/* Head without end: send_page() closes the head, so this one says it itself. */
START_TEST(a_flood_of_trailers_is_cut_off)
{
    struct place place;

    place_init(&place);
    struct web_page *page = web_add(&place.web, "/x", web_text("0\r\n"));
    page->head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked";
    page->endless = "a:b\r\n";
    web_start(&place.web);
    fails(&place, web_url(place.arena, &place.web, "/x"), XR_FAULT_HTTP_TOO_LARGE, "headers");
    place_done(&place);
}
END_TEST

START_TEST(a_closed_port_is_told_as_such)
{
    struct place place;

    place_init(&place);
    web_start(&place.web);
    const char *url = web_url(place.arena, &place.web, "/x");
    web_stop(&place.web);
    fails(&place, url, XR_FAULT_TCP_REFUSED, url);
    xr_arena_free(place.arena);
}
END_TEST

START_TEST(through_a_proxy_names_are_its_business_and_addresses_are_judged)
{
    struct place place;
    struct xr_der got = { 0 };

    place_init(&place);
    struct web_page *page = web_add(&place.web, "/x", web_text("found"));
    web_start(&place.web);
    ck_assert_ptr_null(xr_net_add_resolve(place.arena, &place.net,
        xr_printf(place.arena, "proxy.contoso.test:%u:127.0.0.1", place.web.port)));
    place.net.proxy = xr_printf(place.arena, "http://proxy.contoso.test:%u", place.web.port);
    (void)setenv("no_proxy", "pki.invalid", 1);
    const struct xr_err *err = fetch(&place, "http://pki.invalid/x", "192.0.2.1", &got);
    ck_assert_msg(err == NULL, "%s", err ? err->text : "");
    ck_assert_int_eq((int)got.length, 5);
    ck_assert_ptr_nonnull(strstr(place.web.last, "GET http://pki.invalid/x HTTP/1.1\r\n"));
    ck_assert_ptr_nonnull(fetch(&place, "http://127.0.0.1/x", "192.0.2.1", &got));
    ck_assert_ptr_nonnull(fetch(&place, "http://[::ffff:a9fe:a9fe]/x", "192.0.2.1", &got));
    ck_assert_ptr_nonnull(fetch(&place, "http://localhost/x", "192.0.2.1", &got));
    ck_assert_ptr_nonnull(fetch(&place, "http://a.localhost/x", "192.0.2.1", &got));
    ck_assert_int_eq(atomic_load(&page->hits), 1);
    place_done(&place);
}
END_TEST

START_TEST(connect_to_leads_elsewhere_and_the_host_header_stays)
{
    struct place place;

    place_init(&place);
    web_add(&place.web, "/x", web_text("found"));
    web_start(&place.web);
    ck_assert_ptr_null(xr_net_add_connect_to(place.arena, &place.net,
        xr_printf(place.arena, "pki.invalid:80:127.0.0.1:%u", place.web.port)));
    comes(&place, "http://pki.invalid/x", "found");
    ck_assert_ptr_nonnull(strstr(place.web.last, "\r\nHost: pki.invalid\r\n"));
    place_done(&place);
}
END_TEST

START_TEST(nothing_is_fetched_from_the_ports_of_other_services)
{
    static const uint16_t refused[] = { 1, 22, 25, 110, 143, 465, 587, 1023, 3306, 6379, 11211 };
    static const uint16_t open[] = { 80, 443, 1024, 8080, 8888, 49152, 65535 };

    for (size_t i = 0; i < sizeof(refused) / sizeof(*refused); i++)
        ck_assert_msg(xr_fetch_port_objection(refused[i]) != NULL, "%u", refused[i]);
    for (size_t i = 0; i < sizeof(open) / sizeof(*open); i++)
        ck_assert_msg(xr_fetch_port_objection(open[i]) == NULL, "%u", open[i]);
}
END_TEST

XR_UNIT_MAIN("fetch", what_does_not_leave_the_machine_or_its_link_is_refused,
    ordinary_addresses_are_allowed, who_tests_an_address_of_a_class_may_fetch_from_that_class_only,
    addresses_that_are_not_http_are_refused_and_named,
    a_refused_address_is_refused_however_it_is_written,
    of_several_addresses_the_refused_ones_are_left_out, a_file_comes_with_nothing_of_the_user_sent,
    a_question_is_posted_byte_for_byte, redirects_are_followed_a_little_and_judged_each,
    a_server_that_sends_too_much_or_too_slowly_is_left, a_flood_of_trailers_is_cut_off,
    a_closed_port_is_told_as_such, through_a_proxy_names_are_its_business_and_addresses_are_judged,
    connect_to_leads_elsewhere_and_the_host_header_stays,
    nothing_is_fetched_from_the_ports_of_other_services)
