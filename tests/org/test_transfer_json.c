#include <string.h>

#include "analyzer/org/bytes.h"
#include "tests/org/transfer_place.h"
#include "tests/unit.h"

START_TEST(json_says_what_csv_says)
{
    struct place place;

    place_open(&place, XR_ORG_IMPERSONATION);
    place_import_well(&place,
        "\xef\xbb\xbf [\n"
        "{\"email\": \"anna@contoso.test\", \"enabled\": false,\n"
        " \"access_type\": \"exchange-impersonation\", \"account\": \"a\\\\b\"},\n"
        "{\"email\": \"b\\u00e9@contoso.test\", \"enabled\": null}]\n");
    place_expect_counts(&place, 2, 2, 0, 0);
    ck_assert(!place_user(&place, "anna@contoso.test").enabled);
    ck_assert_str_eq(place_user(&place, "anna@contoso.test").account, "a\\b");
    ck_assert(place_user(&place, "b\xc3\xa9@contoso.test").enabled);
    place_import_well(&place,
        "{\"users\": [{\"email\": \"anna@contoso.test\", \"account\": null}],\n"
        "\"organization\": {\"name\": \"other\"}, \"schema\": \"exray.org/1\"}");
    place_expect_counts(&place, 1, 0, 1, 0);
    ck_assert(!place_user(&place, "anna@contoso.test").account);
    place_import_well(&place, "[]");
    place_expect_counts(&place, 0, 0, 0, 0);
    place_close(&place);
}
END_TEST

START_TEST(each_bad_element_is_told_with_its_line_and_name)
{
    struct place place;

    place_open(&place, XR_ORG_IMPERSONATION);
    place_import_badly(&place, "[{\"email\":\"a@x.test\",\"acount\":\"\"},\n"
                               "{\"email\":\"b@x.test\",\"email\":\"c@x.test\"},\n"
                               "{\"email\":7},\n"
                               "\"d@x.test\",\n"
                               "{\"email\":\"e\\u0000@x.test\"},\n"
                               "{\"email\":\"f@x.test\" \"enabled\":true},\n"
                               "{\"email\":\"g@x.test\",\n\n\"enabled\":1},\n"
                               "{\"email\":\"h@x.test\",\"id\":\"123\"},\n"
                               "{\"email\":\"i\xff@x.test\"},\n"
                               "{\"email\":\"j@x.test\",\"secrets\":[{\"kind\":\"pin\"}]},\n"
                               "{\"email\":\"k@x.test\"}]");
    place_expect_error(&place, 0, 1, "acount", "did you mean account");
    place_expect_error(&place, 1, 2, "email", "twice");
    place_expect_error(&place, 2, 3, "email", "no text");
    place_expect_error(&place, 3, 4, NULL, "an object");
    place_expect_error(&place, 4, 5, NULL, "NUL");
    place_expect_error(&place, 5, 6, NULL, "not valid JSON");
    place_expect_error(&place, 6, 7, "enabled", "no text");
    place_expect_error(&place, 7, 10, "id", "\"123\" is no id");
    place_expect_error(&place, 8, 11, NULL, "UTF-8");
    place_expect_error(&place, 9, 12, "secrets", "kind");
    ck_assert_int_eq(place.import.error_total, 10);
    place_expect_counts(&place, 11, 1, 0, 0);
    place_close(&place);
}
END_TEST

START_TEST(json_whose_structure_is_broken_ends_with_the_line_where)
{
    static const struct {
        const char *text;
        int64_t line;
        const char *words;
    } rows[] = {
        { "[{\"email\":\"a@x.test\"},\n{\"email\":", 2, "ends in the middle" },
        { "[{\"email\":\"a@x.test\"}\n{\"email\":\"b@x.test\"}]", 2, "a comma or" },
        { "[{\"email\":\"a@x.test\"},\n]", 2, "before the closing bracket" },
        { "[]\n]", 2, "behind the end" },
        { "{\"users\":{}}", 1, "not an array" },
        { "{\"users\":[],\n\"users\":[]}", 2, "twice" },
        { "{\"schema\":\"exray.org/1\"}", 1, "no \"users\"" },
        { "{\"schema\":\"exray.org/2\",\"users\":[]}", 1, "exray.org/2" },
        { "{\"user\":[],\"users\":[]}", 1, "did you mean users" },
        { "{users:[]}", 1, "name of a member" },
        { "{\"users\" []}", 1, "colon" },
        { "[,]", 1, "missing" },
        { "[}", 1, "wrong kind" },
        { "[", 1, "ends in the middle" },
        { "{", 1, "ends in the middle" },
    };
    struct place place;

    place_open(&place, XR_ORG_IMPERSONATION);
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        place_import_badly(&place, rows[i].text);
        const struct xr_import_error *error = &place.import.errors[place.import.error_n - 1];
        ck_assert_msg(strstr(error->text, rows[i].words), "%s: %s", rows[i].text, error->text);
        ck_assert_msg(
            error->line == rows[i].line, "%s: line %lld", rows[i].text, (long long)error->line);
    }
    ck_assert_int_eq(place_count_users(&place), 0);
    place_close(&place);
}
END_TEST

static void seal(struct place *place, const char *uid, enum xr_secret_kind kind, const char *bytes)
{
    const struct xr_sealed sealed = { uid, kind, "0123456789abcdef", (const unsigned char *)bytes,
        strlen(bytes) };

    ck_assert(!xr_store_put_secret(place->store, place->arena, &sealed));
}

static void expect_sealed(
    struct place *place, const char *uid, enum xr_secret_kind kind, const char *bytes)
{
    struct xr_sealed sealed;

    ck_assert(!xr_store_secret(place->store, place->arena, uid, kind, &sealed));
    ck_assert_uint_eq(sealed.length, strlen(bytes));
    ck_assert(!memcmp(sealed.bytes, bytes, sealed.length));
    ck_assert_str_eq(sealed.key_id, "0123456789abcdef");
}

/* An organisation with all that an organisation can have. */
static void fill(struct place *place)
{
    static const char *const domains[] = { "contoso.test", "xn--mnchen-3ya.test", NULL };
    struct xr_org *org = &place->org;

    org->domains = domains;
    org->account = "CONTOSO\\svc";
    org->ews_url = "https://mail.contoso.test/EWS/Exchange.asmx";
    org->folder = "calendar";
    org->group_kind = XR_GROUP_SECURITY;
    org->scope_name = "A \"scope\"";
    org->notes = "line one\nline two \xf0\x9f\x92\xa1 \x1f";
    ck_assert(!xr_store_save_org(place->store, place->arena, org));
    seal(place, org->uid, XR_SECRET_PASSWORD, "of the organization");
    ck_assert(!xr_store_org(place->store, place->arena, org->name, org));
    place_import_well(place, "email,access_type\nanna@contoso.test,\nbert@contoso.test,oauth\n");
    seal(place, place_user(place, "bert@contoso.test").uid, XR_SECRET_TOKEN, "of bert");
}

static const struct xr_transfer_err *import_org(
    struct place *place, const char *text, bool dry_run, struct xr_org *ret)
{
    place_write(place, text, strlen(text));
    return xr_import_org(place->store, place->arena, place->file, dry_run, ret, &place->import);
}

START_TEST(an_organization_comes_back_with_its_ids_and_ciphertexts)
{
    struct place place;
    struct xr_org back;

    place_open(&place, XR_ORG_IMPERSONATION);
    fill(&place);
    const char *text = place_export_json(&place, &place.org, true);
    const char *bert = place_user(&place, "bert@contoso.test").uid;
    ck_assert(!xr_store_remove_org(place.store, place.arena, &place.org));
    const struct xr_transfer_err *err = import_org(&place, text, true, &back);
    ck_assert_msg(!err, "%s: %s", err ? err->text : "", place.import.errors[0].text);
    place_expect_counts(&place, 2, 2, 0, 0);
    ck_assert(xr_store_org(place.store, place.arena, "contoso", &back));
    ck_assert(!import_org(&place, text, false, &back));
    ck_assert_str_eq(back.uid, place.org.uid);
    ck_assert_int_ne(back.id, 0);
    place.org = back;
    ck_assert_str_eq(place_user(&place, "bert@contoso.test").uid, bert);
    expect_sealed(&place, back.uid, XR_SECRET_PASSWORD, "of the organization");
    expect_sealed(&place, bert, XR_SECRET_TOKEN, "of bert");
    ck_assert(!xr_store_org(place.store, place.arena, "contoso", &place.org));
    ck_assert_str_eq(place_export_json(&place, &place.org, true), text);
    place_close(&place);
}
END_TEST

START_TEST(without_being_asked_an_export_has_no_secret)
{
    struct place place;
    size_t length;

    place_open(&place, XR_ORG_IMPERSONATION);
    fill(&place);
    const char *text = place_export_json(&place, &place.org, false);
    ck_assert(!strstr(text, "secrets"));
    ck_assert(!strstr(text, xr_hex(place.arena, (const unsigned char *)"of bert", 7)));
    ck_assert(!strstr(place_export_csv(&place, &place.org), "of bert"));
    const unsigned char *bytes = xr_hex_bytes(place.arena, "6f662062657274", &length);
    ck_assert(!memcmp(bytes, "of bert", length));
    place_close(&place);
}
END_TEST

START_TEST(a_name_or_id_that_is_taken_stops_an_organization)
{
    struct place place;
    struct xr_org back;

    place_open(&place, XR_ORG_IMPERSONATION);
    fill(&place);
    const char *text = place_export_json(&place, &place.org, true);
    ck_assert_int_eq(import_org(&place, text, true, &back)->fault, XR_TRANSFER_LINES);
    place_expect_error(&place, 0, 2, "name", "\"contoso\" already");
    place_expect_error(&place, 1, 2, "id", "belongs to the organisation \"contoso\"");
    ck_assert_int_eq(back.id, 0);
    /* The id of a user who is still there. */
    const char *bert = place_user(&place, "bert@contoso.test").uid;
    text = xr_printf(place.arena,
        "{\"organization\":{\"name\":\"other\",\"access_type\":\"exchange-impersonation\"},"
        "\"schema\":\"exray.org/1\",\"users\":[\n{\"email\":\"new@x.test\"},\n"
        "{\"email\":\"bert@x.test\",\"id\":\"%s\"}]}",
        bert);
    ck_assert_int_eq(import_org(&place, text, true, &back)->fault, XR_TRANSFER_LINES);
    place_expect_error(&place, 0, 3, "id", "belongs to another record");
    ck_assert_int_eq(import_org(&place, text, false, &back)->fault, XR_TRANSFER_LINES);
    place_expect_error(&place, 0, 3, "id", "belongs to another record");
    ck_assert(xr_store_org(place.store, place.arena, "other", &back));
    place_close(&place);
}
END_TEST

START_TEST(no_file_can_write_over_the_secrets_of_another_record)
{
    struct place place;
    struct xr_org back;
    const char *secrets = "[{\"kind\":\"token\",\"key_id\":\"0123456789abcdef\","
                          "\"bytes\":\"ffff\"}]";

    place_open(&place, XR_ORG_IMPERSONATION);
    fill(&place);
    struct xr_user bert = place_user(&place, "bert@contoso.test");
    place_import_badly(
        &place, xr_printf(place.arena,
                    "[{\"email\":\"x@contoso.test\",\"access_type\":\"oauth\",\"id\":\"%"
                    "s\",\"secrets\":%s}]",
                    place.org.uid, secrets));
    place_expect_error(&place, 0, 1, "id", "that of an organisation");
    place_import_badly(
        &place, xr_printf(place.arena,
                    "[{\"email\":\"x@contoso.test\",\"access_type\":\"oauth\",\"id\":\"%"
                    "s\",\"secrets\":%s}]",
                    bert.uid, secrets));
    place_expect_error(&place, 0, 1, "id", "belongs to another record");
    ck_assert(import_org(&place,
        xr_printf(place.arena,
            "{\"schema\":\"exray.org/1\",\"organization\":{\"name\":\"x\",\"access_type\":"
            "\"m365-oauth-impersonated\",\"id\":\"%s\",\"secrets\":%s}}",
            bert.uid, secrets),
        false, &back));
    place_expect_error(&place, 0, 1, "id", "belongs to another record");
    /* The secrets of another id are left out, with a warning; those of the own one are taken. */
    place_import_well(&place, xr_printf(place.arena,
                                  "[{\"email\":\"anna@contoso.test\",\"id\":"
                                  "\"00112233445566778899aabbccddeeff\",\"secrets\":%s}]",
                                  secrets));
    ck_assert_int_eq(place.import.warnings, 1);
    place_expect_counts(&place, 1, 0, 0, 1);
    ck_assert(!place_user(&place, "anna@contoso.test").has[XR_SECRET_TOKEN]);
    expect_sealed(&place, place.org.uid, XR_SECRET_PASSWORD, "of the organization");
    expect_sealed(&place, bert.uid, XR_SECRET_TOKEN, "of bert");
    const char *own = xr_printf(place.arena,
        "[{\"email\":\"bert@contoso.test\",\"id\":\"%s\",\"secrets\":[{\"kind\":\"token\","
        "\"key_id\":\"0123456789abcdef\",\"bytes\":\"6e6577\"}]}]",
        bert.uid);
    place_import_well(&place, own);
    place_expect_counts(&place, 1, 0, 1, 0);
    expect_sealed(&place, bert.uid, XR_SECRET_TOKEN, "new");
    place_import_well(&place, own);
    place_expect_counts(&place, 1, 0, 0, 1);
    place_close(&place);
}
END_TEST

START_TEST(what_is_wrong_with_an_organization_is_told_by_name)
{
    struct place place;
    struct xr_org back;

    place_open(&place, XR_ORG_IMPERSONATION);
    ck_assert(import_org(&place,
        "{\"schema\":\"exray.org/1\",\n\"organization\":{\"access_type\":\"x\",\"folder\":[],"
        "\"group_kind\":\"y\",\"domains\":[\"a b\"]},\"users\":[]}",
        false, &back));
    place_expect_error(&place, 0, 2, "folder", "no text");
    place_expect_error(&place, 1, 2, "name", "no name");
    place_expect_error(&place, 2, 2, "access_type", "\"x\" is no access type");
    place_expect_error(&place, 3, 2, "group_kind", "\"y\" is no group kind");
    place_expect_error(&place, 4, 2, "domains", "\"a b\" is no domain");
    ck_assert(import_org(&place, "{}", false, &back));
    place_expect_error(&place, 0, 1, "schema", "exray.org/1");
    place_expect_error(&place, 1, 1, "organization", "no \"organization\"");
    ck_assert(import_org(&place, "email\nanna@contoso.test\n", false, &back));
    place_expect_error(&place, 0, 1, NULL, "JSON");
    place_close(&place);
}
END_TEST

XR_UNIT_MAIN("transfer_json", json_says_what_csv_says,
    each_bad_element_is_told_with_its_line_and_name,
    json_whose_structure_is_broken_ends_with_the_line_where,
    an_organization_comes_back_with_its_ids_and_ciphertexts,
    without_being_asked_an_export_has_no_secret, a_name_or_id_that_is_taken_stops_an_organization,
    no_file_can_write_over_the_secrets_of_another_record,
    what_is_wrong_with_an_organization_is_told_by_name)
