#include <ctype.h>
#include <string.h>

#include "analyzer/base/buf.h"
#include "analyzer/wire/user_settings.h"
#include "tests/unit.h"
#include "tests/wire/samples.h"

/* Answers of GetUserSettings made to hurt the reader, cut off or garbled. */

#define HEAD  "<s:Envelope xmlns:s='http://schemas.xmlsoap.org/soap/envelope/'><s:Body>"
#define BEGIN HEAD "<GetUserSettingsResponseMessage><Response><UserResponses>"
#define END   "</UserResponses></Response></GetUserSettingsResponseMessage></s:Body></s:Envelope>"
#define VALUE "<UserSetting><Name>ExternalEwsUrl</Name><Value>https://m.test/</Value></UserSetting>"

static const char *const three[] = { "anna@contoso.test", "bo@contoso.test", "cy@contoso.test" };

static struct xr_arena *arena;

static void repeat(struct xr_buf *to, size_t n, const char *text)
{
    for (size_t i = 0; i < n; i++)
        (void)xr_buf_puts(to, text);
}

static const struct xr_err *parsed_between(
    const char *before, size_t n, const char *text, const char *behind)
{
    struct xr_user_settings_reply reply;
    xr_auto_buf body;

    xr_buf_init(&body, 64 * 1024 * 1024);
    (void)xr_buf_puts(&body, before);
    repeat(&body, n, text);
    (void)xr_buf_puts(&body, behind);
    return xr_user_settings_parse(arena, three, 3, body.at, body.length, &reply);
}

START_TEST(hostile_answers_are_refused)
{
    arena = xr_arena_new();
    ck_assert_ptr_nonnull(parsed_between(HEAD, 200, "<a>", ""));
    ck_assert_ptr_nonnull(parsed_between(HEAD, 9 * 1024 * 1024 / 8, "        ", ""));
    ck_assert_ptr_nonnull(parsed_between(BEGIN, 250000, "<UserResponse/>", END));
    ck_assert_ptr_nonnull(parsed_between(
        "<!DOCTYPE s [<!ENTITY a 'aaaaaaaa'><!ENTITY b '&a;&a;&a;'>]>", 1, "<s>&b;</s>", ""));
}
END_TEST

START_TEST(as_many_users_as_asked_for_are_accepted_and_no_more)
{
    arena = xr_arena_new();
    ck_assert_ptr_null(parsed_between(BEGIN, 3, "<UserResponse/>", END));
    ck_assert_ptr_nonnull(parsed_between(BEGIN, 4, "<UserResponse/>", END));
}
END_TEST

START_TEST(a_setting_sent_by_the_thousand_is_kept_once)
{
    arena = xr_arena_new();
    ck_assert_ptr_null(parsed_between(
        BEGIN "<UserResponse><UserSettings>", 20000, VALUE, "</UserSettings></UserResponse>" END));
}
END_TEST

/* An answer cut off anywhere is refused, and nothing is read beyond its end. */
static void cut_everywhere(const char *body, size_t length)
{
    while (length > 0 && isspace((unsigned char)body[length - 1]))
        length--;
    for (size_t cut = 0; cut < length; cut++) {
        struct xr_arena *own = xr_arena_new();
        struct xr_user_settings_reply reply;
        char *bytes = malloc(cut + !cut);
        memcpy(bytes, body, cut);
        ck_assert_ptr_nonnull(xr_user_settings_parse(own, three, 3, bytes, cut, &reply));
        free(bytes);
        xr_arena_free(own);
    }
}

START_TEST(answers_that_are_cut_off_are_refused)
{
    static const char body[] =
        BEGIN "<UserResponse><UserSettings>" VALUE
              "</UserSettings></UserResponse><UserResponse><ErrorCode>RedirectAddress</ErrorCode>"
              "<RedirectTarget>anna@tenant.test</RedirectTarget></UserResponse>" END;

    cut_everywhere(body, strlen(body));
    arena = xr_arena_new();
    if (samples_are_here(arena)) {
        size_t length = 0;
        const char *recorded = sample(arena, "soapad_settings_2013.xml", &length);
        cut_everywhere(recorded, length);
    }
}
END_TEST

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { ROUNDS = 1000 };
#else
enum { ROUNDS = 3000 };
#endif

START_TEST(mutated_answers_do_no_harm)
{
    static const char *const files[] = { "soapad_settings_2013.xml",
        "soapad_redirect_address.xml" };
    static const char *const tokens[] = { "<", "/>", "&#x0;", "<UserResponse>", "</UserSetting>",
        "<Name>ExternalEwsUrl</Name>", " i:nil='true'", "\x01", "\xff", "<s:Fault>", "]]>" };
    uint32_t state = 4711;

    arena = xr_arena_new();
    for (size_t i = 0; samples_are_here(arena) && i < 2 * ROUNDS; i++) {
        size_t length = 0;
        struct xr_arena *own = xr_arena_new();
        struct xr_user_settings_reply reply;
        const char *original = sample(own, files[i % 2], &length);
        const char *token = tokens[next_random(&state) % (sizeof(tokens) / sizeof(*tokens))];
        size_t at = next_random(&state) % length, n = strlen(token);
        n = n > length - at ? length - at : n;
        char *bytes = malloc(length);
        memcpy(bytes, original, length);
        memcpy(bytes + at, token, n);
        const struct xr_err *err = xr_user_settings_parse(own, three, 3, bytes, length, &reply);
        for (const char *c = err ? err->text : ""; *c; c++)
            ck_assert_msg(!iscntrl((unsigned char)*c), "a control character in \"%s\"", err->text);
        free(bytes);
        xr_arena_free(own);
    }
}
END_TEST

XR_UNIT_MAIN("user-settings-hostile", hostile_answers_are_refused,
    as_many_users_as_asked_for_are_accepted_and_no_more,
    a_setting_sent_by_the_thousand_is_kept_once, answers_that_are_cut_off_are_refused,
    mutated_answers_do_no_harm)
