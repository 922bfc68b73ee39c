#include <string.h>

#include "fixtures/xml.h"
#include "tests/sim/bench.h"
#include "tests/unit.h"

#define OUTLOOK "http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a"

static const char *request_for(struct bench *bench, const char *address, const char *schema)
{
    return xr_printf(bench->arena,
        "<?xml version=\"1.0\" encoding=\"utf-8\"?><Autodiscover xmlns=\"http://schemas.microsoft."
        "com/exchange/autodiscover/outlook/requestschema/2006\"><Request><EMailAddress>%s"
        "</EMailAddress><AcceptableResponseSchema>%s</AcceptableResponseSchema></Request>"
        "</Autodiscover>",
        address, schema);
}

static const char *discover(struct bench *bench, const char *address)
{
    return bench_post(bench, BENCH_POX, BENCH_ACCOUNT, request_for(bench, address, OUTLOOK));
}

/* The Response element of the last answer. */
static const struct sim_element *response(struct bench *bench)
{
    const char *why = "";
    const struct sim_element *root =
        sim_xml_parse(bench->arena, bench->reply.body.at, bench->reply.body.length, &why);

    ck_assert_msg(root != NULL, "%s", why);
    ck_assert_str_eq(
        root->space, "http://schemas.microsoft.com/exchange/autodiscover/responseschema/2006");
    ck_assert_str_eq(root->name, "Autodiscover");
    return sim_child(root, "Response");
}

static const char *url_of(struct bench *bench, const char *type, const char *url)
{
    const struct sim_element *account = sim_child(response(bench), "Account");

    for (const struct sim_element *e = account->first; e; e = e->next)
        if (!strcmp(e->name, "Protocol") && !strcmp(sim_child_text(e, "Type"), type))
            return sim_child_text(e, url);
    return NULL;
}

static void check_error(struct bench *bench, const char *code)
{
    const struct sim_element *error = sim_child(response(bench), "Error");

    ck_assert_int_eq(bench->reply.status, 200);
    ck_assert_msg(error != NULL, "%s", bench->reply.body.at);
    ck_assert_str_eq(sim_child_text(error, "ErrorCode"), code);
    ck_assert_str_eq(
        error->space, "http://schemas.microsoft.com/exchange/autodiscover/responseschema/2006");
}

START_TEST(settings_name_the_urls_and_the_primary_address)
{
    struct bench bench = bench_new("");

    discover(&bench, "A.Berg@contoso.test");
    ck_assert_int_eq(bench.reply.status, 200);
    ck_assert_str_eq(response(&bench)->space, OUTLOOK);
    const struct sim_element *user = sim_child(response(&bench), "User");
    ck_assert_str_eq(sim_child_text(user, "AutoDiscoverSMTPAddress"), "anna@contoso.test");
    ck_assert_str_eq(sim_child_text(user, "DisplayName"), "Anna Berg");
    ck_assert_str_eq(
        url_of(&bench, "EXPR", "EwsUrl"), "https://mail.contoso.test/EWS/Exchange.asmx");
    ck_assert_str_eq(
        url_of(&bench, "EXCH", "ASUrl"), "https://mail.contoso.test/EWS/Exchange.asmx");
    ck_assert_str_eq(url_of(&bench, "EXCH", "ServerVersion"), "73C2845E");
    ck_assert_str_eq(bench.reply.mailbox, "anna@contoso.test");
    bench_done(&bench);
}
END_TEST

START_TEST(the_version_word_is_that_of_recorded_answers)
{
    static const char *const pairs[][2] = { { "8.0.647.0", "72008287" },
        { "15.1.154.0", "73C1809A" } };

    for (size_t i = 0; i < 2; i++) {
        struct bench bench = bench_new("");
        int parts[4];
        sscanf(pairs[i][0], "%d.%d.%d.%d", &parts[0], &parts[1], &parts[2], &parts[3]);
        memcpy(bench.world->exchange.version, parts, sizeof(parts));
        discover(&bench, "anna@contoso.test");
        ck_assert_str_eq(url_of(&bench, "EXCH", "ServerVersion"), pairs[i][1]);
        bench_done(&bench);
    }
}
END_TEST

START_TEST(addresses_have_their_errors)
{
    static const char *const pairs[][2] = { { "nobody@contoso.test", "500" },
        { "partner@contoso.test", "501" }, { "bare@contoso.test", "501" },
        { "odd@contoso.test", "602" }, { "no address", "600" }, { "", "600" } };
    struct bench bench = bench_new("");

    for (size_t i = 0; i < sizeof(pairs) / sizeof(*pairs); i++) {
        discover(&bench, pairs[i][0]);
        check_error(&bench, pairs[i][1]);
    }
    bench_done(&bench);
}
END_TEST

START_TEST(requests_have_their_errors)
{
    struct bench bench = bench_new("");

    bench_get(&bench, BENCH_POX, BENCH_ACCOUNT);
    check_error(&bench, "600");
    bench_post(&bench, BENCH_POX, BENCH_ACCOUNT, "");
    check_error(&bench, "600");
    bench_post(&bench, BENCH_POX, BENCH_ACCOUNT, "<Autodiscover/>");
    check_error(&bench, "600");
    bench_post(&bench, BENCH_POX, BENCH_ACCOUNT,
        request_for(&bench, "anna@contoso.test", "urn:something-else"));
    check_error(&bench, "601");
    bench_post(&bench, BENCH_POX, NULL, request_for(&bench, "anna@contoso.test", OUTLOOK));
    ck_assert_int_eq(bench.reply.status, 401);
    bench_done(&bench);
}
END_TEST

START_TEST(redirects_lead_elsewhere)
{
    struct bench bench = bench_new("");

    discover(&bench, "cloud@contoso.test");
    const struct sim_element *account = sim_child(response(&bench), "Account");
    ck_assert_str_eq(sim_child_text(account, "Action"), "redirectAddr");
    ck_assert_str_eq(sim_child_text(account, "RedirectAddr"), "cloud@tenant.test");
    discover(&bench, "other@contoso.test");
    account = sim_child(response(&bench), "Account");
    ck_assert_str_eq(sim_child_text(account, "Action"), "redirectUrl");
    ck_assert_str_eq(sim_child_text(account, "RedirectUrl"), "https://other.test/x");
    bench_done(&bench);
}
END_TEST

START_TEST(a_host_may_send_everybody_elsewhere)
{
    struct bench bench = bench_new("'hosts': [ { 'name': 'mail.contoso.test',"
                                   "  'address': '127.0.0.2', 'serves': ['autodiscover-pox'],"
                                   "  'redirect_url': 'https://there.test/x' } ]");

    discover(&bench, "anna@contoso.test");
    const struct sim_element *account = sim_child(response(&bench), "Account");
    ck_assert_str_eq(sim_child_text(account, "RedirectUrl"), "https://there.test/x");
    discover(&bench, "cloud@contoso.test");
    account = sim_child(response(&bench), "Account");
    ck_assert_str_eq(sim_child_text(account, "RedirectAddr"), "cloud@tenant.test");
    discover(&bench, "nobody@contoso.test");
    check_error(&bench, "500");
    bench_done(&bench);
}
END_TEST

static struct bench bench_with(const char *settings)
{
    char keys[200];

    snprintf(keys, sizeof(keys), "'exchange': { 'build': '15.2.1118.7', 'autodiscover': { %s } }",
        settings);
    struct bench bench = bench_new(keys);
    discover(&bench, "anna@contoso.test");
    return bench;
}

START_TEST(the_answer_comes_in_other_shapes)
{
    struct bench bench = bench_with("'shape': 'as-url-only'");
    ck_assert_ptr_null(url_of(&bench, "EXPR", "EwsUrl"));
    ck_assert_ptr_nonnull(url_of(&bench, "EXPR", "ASUrl"));
    bench_done(&bench);

    bench = bench_with("'shape': 'no-ews-url'");
    ck_assert_ptr_null(strstr(bench.reply.body.at, "xchange.asmx"));
    bench_done(&bench);

    bench = bench_with("'shape': 'no-protocols'");
    ck_assert_ptr_null(sim_child(sim_child(response(&bench), "Account"), "Protocol"));
    bench_done(&bench);

    bench = bench_with("'shape': 'wrong-namespace'");
    ck_assert_str_ne(response(&bench)->space, OUTLOOK);
    ck_assert_ptr_nonnull(url_of(&bench, "EXPR", "EwsUrl"));
    bench_done(&bench);

    bench = bench_with("'shape': 'mobilesync'");
    ck_assert_ptr_nonnull(sim_child(response(&bench), "Action"));
    bench_done(&bench);

    bench = bench_with("'shape': 'internal-only'");
    ck_assert_ptr_nonnull(url_of(&bench, "EXCH", "EwsUrl"));
    ck_assert_ptr_null(url_of(&bench, "EXPR", "EwsUrl"));
    bench_done(&bench);

    bench = bench_with("'exhttp_ews_url': 'https://h.test/e'");
    ck_assert_str_eq(
        url_of(&bench, "EXHTTP", "EwsUrl"), "https://mail.contoso.test/EWS/Exchange.asmx");
    ck_assert_ptr_nonnull(strstr(bench.reply.body.at, "<EwsUrl>https://h.test/e</EwsUrl>"));
    bench_done(&bench);

    bench = bench_with("'shape': 'exhttp-only', 'exhttp_ews_url': 'https://h.test/e'");
    ck_assert_ptr_nonnull(url_of(&bench, "EXCH", "EwsUrl"));
    ck_assert_ptr_null(url_of(&bench, "EXPR", "EwsUrl"));
    ck_assert_ptr_nonnull(strstr(bench.reply.body.at, "<EwsUrl>https://h.test/e</EwsUrl>"));
    bench_done(&bench);

    bench = bench_with("'error': 603");
    check_error(&bench, "603");
    bench_done(&bench);

    bench = bench_with("'ews_url': 'https://out.test/e', 'internal_ews_url': 'https://in.test/e'");
    ck_assert_str_eq(url_of(&bench, "EXPR", "EwsUrl"), "https://out.test/e");
    ck_assert_str_eq(url_of(&bench, "EXCH", "EwsUrl"), "https://in.test/e");
    bench_done(&bench);
}
END_TEST

START_TEST(outlook_on_the_web_is_named_for_inside_and_outside)
{
    struct bench bench = bench_new("");

    discover(&bench, "anna@contoso.test");
    const char *inside = strstr(bench.reply.body.at, "<Internal><OWAUrl ");
    const char *outside = strstr(bench.reply.body.at, "<External><OWAUrl ");
    ck_assert(inside && outside);
    ck_assert_ptr_nonnull(strstr(inside, ">https://EX01.contoso.test/owa/<"));
    ck_assert_ptr_nonnull(strstr(outside, ">https://mail.contoso.test/owa/<"));
    bench_done(&bench);
}
END_TEST

XR_UNIT_MAIN("sim autodiscover", settings_name_the_urls_and_the_primary_address,
    the_version_word_is_that_of_recorded_answers, addresses_have_their_errors,
    requests_have_their_errors, redirects_lead_elsewhere, a_host_may_send_everybody_elsewhere,
    the_answer_comes_in_other_shapes, outlook_on_the_web_is_named_for_inside_and_outside)
