#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "analyzer/base/text.h"
#include "tests/reports/sample_discovery.h"
#include "tests/reports/sample_parts.h"
#include "tests/reports/sample_run.h"
#include "tests/reports/sample_trust.h"
#include "tests/reports/written.h"
#include "tests/unit.h"

static struct xr_arena *arena;
static const struct xr_style USUAL = { .verbose = 0 };

static cJSON *parsed(const struct xr_run *run)
{
    cJSON *report = cJSON_Parse(written(run, "json", USUAL));

    ck_assert_ptr_nonnull(report);
    return report;
}

/* "verdict.remedy.0.text": members and indexes. */
static const cJSON *at(const cJSON *item, const char *path)
{
    char part[64];

    while (item && *path) {
        size_t length = strcspn(path, ".");
        (void)snprintf(part, sizeof(part), "%.*s", (int)length, path);
        item = cJSON_IsArray(item) ? cJSON_GetArrayItem(item, (int)strtol(part, NULL, 10))
                                   : cJSON_GetObjectItemCaseSensitive(item, part);
        path += length + (path[length] == '.');
    }
    return item;
}

static const char *text_at(const cJSON *report, const char *path)
{
    return cJSON_GetStringValue(at(report, path));
}

static int number_at(const cJSON *report, const char *path)
{
    ck_assert_msg(cJSON_IsNumber(at(report, path)), "%s is no number", path);
    return at(report, path)->valueint;
}

static bool null_at(const cJSON *report, const char *path)
{
    return cJSON_IsNull(at(report, path));
}

START_TEST(test_holds_what_the_contract_names)
{
    arena = xr_arena_new();
    cJSON *report = parsed(sample_broken(arena));

    ck_assert_str_eq(text_at(report, "schema"), "exray.report/1");
    ck_assert_str_eq(text_at(report, "test"), "service-account");
    ck_assert_str_eq(text_at(report, "target.impersonate.by"), "smtp-address");
    ck_assert(null_at(report, "target.ews_url"));
    ck_assert(cJSON_IsFalse(at(report, "target.ignore_trust")));
    ck_assert(null_at(report, "origin.proxy"));
    ck_assert_str_eq(text_at(report, "started"), "2026-11-21T20:00:00.000Z");
    ck_assert_int_eq(number_at(report, "elapsed_ms"), 2614);
    ck_assert_str_eq(text_at(report, "verdict.status"), "error");
    ck_assert_str_eq(text_at(report, "verdict.finding"), "impersonation.denied");
    ck_assert_str_eq(text_at(report, "verdict.step"), "inbox");
    ck_assert_str_eq(text_at(report, "verdict.owner"), "exchange-admin");
    ck_assert_str_eq(text_at(report, "verdict.remedy.0.shell"), "Exchange Management Shell");
    ck_assert(null_at(report, "verdict.remedy.2.command"));
    ck_assert_str_eq(text_at(report, "verdict.ruled_out.0"), "name resolution");
    ck_assert_int_eq(number_at(report, "summary.success"), 3);
    ck_assert_str_eq(text_at(report, "sent.2.credentials"), "account and password (NTLM response)");
    cJSON_Delete(report);
    xr_arena_free(arena);
}
END_TEST

START_TEST(test_holds_the_facts)
{
    arena = xr_arena_new();
    cJSON *report = parsed(sample_broken(arena));

    ck_assert_str_eq(text_at(report, "facts.ews_url"), SAMPLE_EWS_URL);
    ck_assert_str_eq(text_at(report, "facts.server.product"), "Exchange 2019 CU15");
    ck_assert(null_at(report, "facts.primary_smtp_address"));
    ck_assert(null_at(report, "facts.total_count"));
    ck_assert_str_eq(text_at(report, "facts.certificate_expires"), "2026-12-10T20:00:00.000Z");
    ck_assert_str_eq(text_at(report, "facts.certificates.0.role"), "leaf");
    ck_assert_int_eq(number_at(report, "facts.certificates.1.position"), 1);
    ck_assert(null_at(report, "facts.certificates.2.position"));
    ck_assert(cJSON_IsTrue(at(report, "facts.certificates.0.trusted")));
    ck_assert_int_eq(number_at(report, "facts.addresses.0.connect_ms"), 18);
    ck_assert(null_at(report, "facts.addresses.2.connect_ms"));
    ck_assert_str_eq(text_at(report, "facts.discovery.1.method"), "host");
    ck_assert(cJSON_IsTrue(at(report, "facts.discovery.1.won")));
    ck_assert(null_at(report, "facts.discovery.0.led_to"));
    cJSON_Delete(report);
    xr_arena_free(arena);
}
END_TEST

START_TEST(test_holds_what_a_host_showed)
{
    arena = xr_arena_new();
    cJSON *report = parsed(sample_trust_missing(arena));

    ck_assert_str_eq(text_at(report, "target.host"), SAMPLE_HOST);
    ck_assert(null_at(report, "target.mailbox") && null_at(report, "target.account"));
    ck_assert(null_at(report, "target.chain_file") && null_at(report, "target.at"));
    ck_assert(null_at(report, "target.folder") && null_at(report, "target.impersonate"));
    ck_assert_str_eq(text_at(report, "facts.tls.protocol"), "TLS 1.3");
    ck_assert_str_eq(text_at(report, "facts.tls.group"), "X25519");
    ck_assert_str_eq(text_at(report, "facts.tls.alpn"), "http/1.1");
    ck_assert_str_eq(text_at(report, "facts.offers.0.question"), "TLS 1.0");
    ck_assert_str_eq(text_at(report, "facts.offers.0.answer"), "no");
    ck_assert_str_eq(text_at(report, "facts.offers.0.detail"), "alert protocol_version");
    ck_assert_str_eq(text_at(report, "facts.offers.4.status"), "warning");
    ck_assert(null_at(report, "facts.offers.3.detail"));
    ck_assert_int_eq(number_at(report, "facts.addresses.0.handshake_ms"), 41);
    ck_assert(null_at(report, "facts.addresses.3.handshake_ms"));
    ck_assert_str_eq(text_at(report, "facts.addresses.2.leaf_sha256"), SAMPLE_OTHER);
    ck_assert_str_eq(text_at(report, "facts.addresses.2.verdict"), "it expired 3 days ago");
    ck_assert(null_at(report, "facts.addresses.3.protocol"));
    cJSON_Delete(report);
    xr_arena_free(arena);
}
END_TEST

START_TEST(test_holds_the_certificates)
{
    arena = xr_arena_new();
    cJSON *report = parsed(sample_trust_missing(arena));
    const cJSON *leaf = at(report, "facts.certificates.0");
    const cJSON *fetched = at(report, "facts.certificates.2");

    ck_assert_str_eq(text_at(leaf, "purposes"), "TLS Web Server Authentication");
    ck_assert_str_eq(text_at(leaf, "issuer_url"), "http://pki.contoso.example/issuing-2.cer");
    ck_assert_str_eq(text_at(leaf, "ocsp_url"), "http://ocsp.contoso.example/");
    ck_assert_str_eq(text_at(leaf, "crl_url"), "http://pki.contoso.example/issuing-2.crl");
    ck_assert_str_eq(text_at(leaf, "revocation"), "good");
    ck_assert_str_eq(text_at(leaf, "revocation_source"), "stapled OCSP answer");
    ck_assert(cJSON_IsFalse(at(leaf, "must_staple")) && cJSON_IsFalse(at(leaf, "fetched")));
    ck_assert(cJSON_IsTrue(at(fetched, "missing")) && cJSON_IsTrue(at(fetched, "fetched")));
    /* It was fetched: what it holds is known, though the server left its place empty. */
    ck_assert_str_eq(text_at(fetched, "not_after"), "2034-01-03T20:00:00.000Z");
    ck_assert(null_at(report, "facts.certificates.1.revocation"));
    cJSON_Delete(report);
    report = parsed(sample_broken(arena));
    ck_assert(null_at(report, "facts.tls"));
    ck_assert_int_eq(cJSON_GetArraySize(at(report, "facts.offers")), 0);
    ck_assert(null_at(report, "target.host"));
    cJSON_Delete(report);
    xr_arena_free(arena);
}
END_TEST

START_TEST(test_holds_what_autodiscover_answered)
{
    arena = xr_arena_new();
    cJSON *report = parsed(sample_discovery_moved(arena));
    const cJSON *pox = at(report, "facts.autodiscover_answers.0");
    const cJSON *soap = at(report, "facts.autodiscover_answers.1");

    ck_assert_str_eq(text_at(report, "test"), "autodiscover");
    ck_assert_str_eq(text_at(report, "target.account"), SAMPLE_ACCOUNT);
    /* The form has a folder by default; this test opens none. */
    ck_assert(null_at(report, "target.folder") && null_at(report, "target.impersonate"));
    ck_assert_int_eq(cJSON_GetArraySize(at(report, "facts.autodiscover_answers")), 2);
    ck_assert_str_eq(text_at(pox, "step"), "autodiscover.hop-1.host.request");
    ck_assert_str_eq(text_at(pox, "protocol"), "POX");
    ck_assert_str_eq(text_at(pox, "address"), SAMPLE_MOVED);
    ck_assert_str_eq(text_at(pox, "external_ews_url"), SAMPLE_EWS_URL);
    ck_assert_str_eq(
        text_at(pox, "internal_ews_url"), "https://ex01.contoso.example/EWS/Exchange.asmx");
    ck_assert_str_eq(text_at(pox, "exhttp_ews_url"), SAMPLE_EWS_URL);
    ck_assert(null_at(pox, "interop_ews_url"));
    ck_assert_str_eq(text_at(pox, "external_owa_url"), "https://mail.contoso.example/owa/");
    ck_assert(null_at(pox, "internal_owa_url"));
    ck_assert_str_eq(text_at(pox, "smtp_address"), SAMPLE_MOVED);
    ck_assert_str_eq(text_at(pox, "server_version"), "15.1.154");
    ck_assert_str_eq(text_at(pox, "online"), "False");
    ck_assert(cJSON_IsTrue(at(pox, "used")) && cJSON_IsFalse(at(soap, "used")));
    ck_assert_str_eq(
        text_at(soap, "interop_ews_url"), "https://interop.contoso.example/EWS/Exchange.asmx");
    ck_assert(null_at(soap, "online"));
    ck_assert(cJSON_IsFalse(at(report, "facts.ews_url_is_internal")));
    ck_assert_str_eq(text_at(report, "facts.cloud.name"), "Microsoft 365");
    ck_assert_str_eq(
        text_at(report, "facts.cloud.ews_url"), "https://outlook.office365.com/EWS/Exchange.asmx");
    ck_assert_ptr_nonnull(strstr(text_at(report, "facts.cloud.because"), "MX record"));
    ck_assert_str_eq(text_at(report, "facts.mailbox_home.where"), "on premises");
    ck_assert_ptr_nonnull(strstr(text_at(report, "facts.mailbox_home.because"), "redirection"));
    cJSON_Delete(report);
    xr_arena_free(arena);
}
END_TEST

START_TEST(test_what_autodiscover_did_not_tell_is_null)
{
    arena = xr_arena_new();
    cJSON *report = parsed(sample_discovery_anonymous(arena));

    ck_assert(null_at(report, "target.account") && null_at(report, "target.folder"));
    ck_assert_str_eq(text_at(report, "target.mailbox"), SAMPLE_MAILBOX);
    ck_assert(null_at(report, "facts.cloud") && null_at(report, "facts.mailbox_home"));
    cJSON_Delete(report);
    report = parsed(sample_broken(arena));
    ck_assert_int_eq(cJSON_GetArraySize(at(report, "facts.autodiscover_answers")), 0);
    ck_assert(null_at(report, "facts.mailbox_home"));
    ck_assert_str_eq(text_at(report, "target.folder"), "inbox");
    cJSON_Delete(report);
    xr_arena_free(arena);
}
END_TEST

/* Whatever a server said comes back as it said it, and whole. */
START_TEST(test_hostile_answers_come_back_unchanged)
{
    arena = xr_arena_new();
    struct xr_run *run = sample_discovery_hostile(arena);
    cJSON *report = parsed(run);
    const cJSON *entry = at(report, "facts.autodiscover_answers.0");

    ck_assert(!has_invisible(written(run, "json", USUAL), "\n"));
    ck_assert(cJSON_IsTrue(at(report, "facts.ews_url_is_internal")));
    for (const struct xr_fact_settings *answer = run->facts.settings; answer;
         answer = answer->next, entry = entry->next) {
        const char *url = text_at(entry, "external_ews_url");
        ck_assert_ptr_nonnull(url);
        ck_assert_str_eq(url, xr_utf8(arena, answer->external_ews, strlen(answer->external_ews)));
        ck_assert_str_eq(
            text_at(entry, "address"), xr_utf8(arena, answer->address, strlen(answer->address)));
    }
    ck_assert_ptr_null(entry);
    ck_assert_uint_eq(strlen(text_at(report, "facts.mailbox_home.because")), (size_t)SAMPLE_LONG);
    cJSON_Delete(report);
    xr_arena_free(arena);
}
END_TEST

START_TEST(test_holds_the_steps)
{
    arena = xr_arena_new();
    cJSON *report = parsed(sample_broken(arena));
    const cJSON *inbox = at(report, "steps.5");
    const cJSON *last = at(report, "steps.6");

    ck_assert_str_eq(text_at(inbox, "id"), "inbox");
    ck_assert_int_eq(number_at(inbox, "started_ms"), 2268);
    ck_assert_int_eq(number_at(inbox, "elapsed_ms"), 346);
    ck_assert_str_eq(text_at(inbox, "findings.0.id"), "impersonation.denied");
    ck_assert_str_eq(text_at(inbox, "exchanges.0.request_headers.0.0"), "Authorization");
    ck_assert_int_eq(number_at(inbox, "exchanges.0.status"), 500);
    ck_assert(null_at(inbox, "exchanges.0.timings.dns_ms"));
    ck_assert_int_eq(number_at(inbox, "exchanges.0.timings.wait_ms"), 340);
    ck_assert_str_eq(text_at(inbox, "exchanges.0.decisive.0"), "ErrorImpersonateUserDenied");
    ck_assert_ptr_null(at(inbox, "blocked_by"));
    ck_assert_str_eq(text_at(last, "blocked_by"), "inbox");
    ck_assert_ptr_null(at(last, "exchanges"));
    /* It never ran: it stands where the step before it ended. */
    ck_assert_int_eq(number_at(last, "started_ms"), 2614);
    ck_assert_int_eq(number_at(last, "elapsed_ms"), 0);
    cJSON_Delete(report);
    xr_arena_free(arena);
}
END_TEST

START_TEST(test_success_has_neither_finding_nor_step)
{
    arena = xr_arena_new();
    cJSON *report = parsed(sample_healthy(arena));

    ck_assert(null_at(report, "verdict.finding"));
    ck_assert(null_at(report, "verdict.step"));
    ck_assert_int_eq(cJSON_GetArraySize(at(report, "verdict.remedy")), 0);
    ck_assert_int_eq(number_at(report, "facts.total_count"), 1204);
    cJSON_Delete(report);
    xr_arena_free(arena);
}
END_TEST

START_TEST(test_no_invisible_character_stands_raw)
{
    arena = xr_arena_new();
    struct xr_run *run = sample_hostile(arena);
    cJSON *report = parsed(run);

    ck_assert(!has_invisible(written(run, "json", USUAL), "\n"));
    /* Escaped, not changed: a program reads back what the server sent. */
    ck_assert_str_eq(text_at(report, "target.mailbox"), run->target->mailbox);
    ck_assert_str_eq(text_at(report, "verdict.title"), run->verdict.title);
    ck_assert_str_eq(
        text_at(report, "facts.certificates.0.subject"), run->facts.certificates->subject);
    for (const struct xr_fact_address *address = run->facts.addresses; address;
         address = address->next)
        ck_assert_str_eq(cJSON_GetStringValue(at(cJSON_GetArrayItem(at(report, "facts.addresses"),
                                                     address == run->facts.addresses ? 0
                                                     : address->next                 ? 1
                                                                                     : 2),
                             "address")),
            address->address);
    ck_assert(cJSON_IsTrue(at(report, "target.ignore_trust")));
    cJSON_Delete(report);
    xr_arena_free(arena);
}
END_TEST

START_TEST(test_large_code_points_are_pairs)
{
    arena = xr_arena_new();
    struct xr_run *run = sample_healthy(arena);

    run->verdict.title = "tag \xf3\xa0\x80\x81 bidi \xe2\x80\xae bad \xff C1 \xc2\x9b \"\\";
    ck_assert_ptr_nonnull(strstr(written(run, "json", USUAL),
        "\"tag \\udb40\\udc01 bidi \\u202e bad \xef\xbf\xbd C1 \\u009b \\\"\\\\\""));
    xr_arena_free(arena);
}
END_TEST

/* Python's validator, an independent reader: 0 valid, 77 not installed. */
static int validate(const char *text)
{
    static const char program[] =
        "import json,sys\n"
        "try:\n"
        "    import jsonschema\n"
        "    validator = jsonschema.Draft202012Validator\n"
        "except (ImportError, AttributeError):\n"
        "    sys.exit(77)\n"
        "schema = json.load(open(sys.argv[1], encoding='utf-8'))\n"
        "validator.check_schema(schema)\n"
        "report = json.load(open(sys.argv[2], encoding='utf-8'))\n"
        "errors = list(validator(schema).iter_errors(report))\n"
        "[print('/'.join(map(str, e.absolute_path)), e.message[:200]) for e in errors]\n"
        "sys.exit(1 if errors else 0)\n";
    const char *source = getenv("EXRAY_SOURCE");
    char path[] = "/tmp/exray-report-XXXXXX";
    int fd = mkstemp(path);
    char *command = NULL;

    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    (void)close(fd);
    ck_assert_int_gt(asprintf(&command, "python3 - '%s/reports/schema/report-1.schema.json' %s",
                         source ? source : ".", path),
        0);
    FILE *python = popen(command, "w");
    ck_assert_ptr_nonnull(python);
    (void)fputs(program, python);
    int status = pclose(python);
    (void)unlink(path);
    free(command);
    return status == -1 ? -1 : (status >> 8) & 0xff;
}

START_TEST(test_is_valid_by_the_schema)
{
    arena = xr_arena_new();
    const struct xr_run *const runs[] = { sample_broken(arena), sample_healthy(arena),
        sample_hostile(arena), sample_trust_missing(arena), sample_trust_trusted(arena),
        sample_trust_file(arena), sample_trust_crowded(arena), sample_discovery_found(arena),
        sample_discovery_moved(arena), sample_discovery_anonymous(arena),
        sample_discovery_lost(arena), sample_discovery_hostile(arena) };

    for (size_t i = 0; i < sizeof(runs) / sizeof(*runs); i++) {
        int result = validate(written(runs[i], "json", USUAL));
        if (result == 77 || result == 127)
            printf("not checked: python3-jsonschema is not installed\n");
        else
            ck_assert_int_eq(result, 0);
    }
    xr_arena_free(arena);
}
END_TEST

XR_UNIT_MAIN("json", test_holds_what_the_contract_names, test_holds_the_facts,
    test_holds_what_a_host_showed, test_holds_the_certificates, test_holds_the_steps,
    test_holds_what_autodiscover_answered, test_what_autodiscover_did_not_tell_is_null,
    test_hostile_answers_come_back_unchanged, test_success_has_neither_finding_nor_step,
    test_no_invisible_character_stands_raw, test_large_code_points_are_pairs,
    test_is_valid_by_the_schema)
