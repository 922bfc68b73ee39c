#include <ctype.h>

#include "analyzer/wire/autodiscover.h"
#include "analyzer/wire/ews.h"
#include "analyzer/wire/xml.h"
#include "tests/unit.h"
#include "tests/wire/samples.h"

/* Every sample parses to what the line of MANIFEST.tsv about it says. */

static const struct {
    const char *file, *operation, *code;
    bool fault;
    int major, minor, build;
} services[] = {
    { "getfolder_ok_2007.xml", "GetFolder", "NoError", false, 8, 0, 628 },
    { "getfolder_err_malformed.xml", "GetFolder", "ErrorInvalidIdMalformed", false, 8, 0, 628 },
    { "resolvenames_ok.xml", "ResolveNames", "NoError", false, 8, 0, 685 },
    { "resolvenames_noresults.xml", "ResolveNames", "ErrorNameResolutionNoResults", false, 8, 0,
        685 },
    { "fault_schemavalidation_2013.xml", "GetServiceConfiguration", "ErrorSchemaValidation", true,
        -1, -1, -1 },
    { "fault_incorrectschemaversion.xml", "GetImItemList", "ErrorIncorrectSchemaVersion", true, -1,
        -1, -1 },
    { "fault_2007_notowner.xml", "GetUserOofSettings", "ErrorAccessDenied", true, 8, 0, 685 },
    { "fault_2007_schemavalidation.xml", "UpdateItem", "ErrorSchemaValidation", true, 8, 0, 602 },
    { "createitem_sendas_denied.xml", "CreateItem", "ErrorSendAsDenied", false, 8, 0, 595 },
    { "subscribe_delegate_denied.xml", "Subscribe", "ErrorSubscriptionDelegateAccessNotSupported",
        false, 8, 0, 685 },
    { "getroomlists_ok_2010.xml", "GetRoomLists", "NoError", false, 14, 1, 164 },
    { "subscribe_exo_with_headers.txt", "Subscribe", "NoError", false, 15, 0, 775 },
};

static const char *const discoveries[] = { "pox_error_600.xml", "pox_2007_settings.xml",
    "pox_redirect_addr.xml", "soapad_redirect_address.xml", "soapad_settings_2013.xml" };

/* The document in a sample: one has the header of HTTP before it. */
static const char *document(struct xr_arena *arena, const char *file, size_t *ret_length)
{
    const char *bytes = sample(arena, file, ret_length);

    ck_assert_msg(bytes, "%s is not here", file);
    const char *start = strstr(bytes, "<?xml");
    if (!start)
        return bytes;
    *ret_length -= (size_t)(start - bytes);
    return start;
}

static struct xr_ews_reply service(struct xr_arena *arena, const char *file, const char *operation)
{
    size_t length;
    const char *body = document(arena, file, &length);
    struct xr_ews_reply reply;
    const struct xr_err *err = xr_ews_parse(arena, operation, body, length, &reply);

    ck_assert_msg(!err, "%s: %s", file, err ? err->text : "");
    return reply;
}

static struct xr_pox_reply discovery(struct xr_arena *arena, const char *file)
{
    size_t length;
    const char *body = document(arena, file, &length);
    struct xr_pox_reply reply;
    const struct xr_err *err = xr_pox_parse(arena, body, length, &reply);

    ck_assert_msg(!err, "%s: %s", file, err ? err->text : "");
    ck_assert_msg(!reply.deviation, "%s: %s", file, reply.deviation);
    return reply;
}

START_TEST(every_answer_of_the_services_has_its_code)
{
    struct xr_arena *arena = xr_arena_new();

    for (size_t i = 0; samples_are_here(arena) && i < sizeof(services) / sizeof(*services); i++) {
        struct xr_ews_reply reply = service(arena, services[i].file, services[i].operation);
        ck_assert_str_eq(reply.code, services[i].code);
        ck_assert_int_eq(reply.fault, services[i].fault);
        ck_assert_int_eq(reply.major, services[i].major);
        ck_assert_int_eq(reply.minor, services[i].minor);
        ck_assert_int_eq(reply.build, services[i].build);
    }
    xr_arena_free(arena);
}
END_TEST

START_TEST(payloads_are_read)
{
    struct xr_arena *arena = xr_arena_new();

    if (samples_are_here(arena)) {
        struct xr_ews_reply folder = service(arena, "getfolder_ok_2007.xml", "GetFolder");
        ck_assert_str_eq(folder.folder_id, "AQApA=");
        ck_assert_str_eq(folder.folder_name, "Inbox");
        ck_assert_int_eq(folder.total, 2);
        ck_assert_int_eq(folder.unread, 2);
        ck_assert_int_eq(folder.children, 0);
        struct xr_ews_reply names = service(arena, "resolvenames_ok.xml", "ResolveNames");
        ck_assert_uint_eq(names.resolution_count, 1);
        ck_assert_str_eq(names.resolutions->address, "User2@example.com");
        ck_assert_str_eq(names.resolutions->proxies[0], "SMTP:User2@example.com");
        struct xr_ews_reply online = service(arena, "subscribe_exo_with_headers.txt", "Subscribe");
        ck_assert_str_eq(online.version, "V2_4");
    }
    xr_arena_free(arena);
}
END_TEST

START_TEST(discoveries_are_read)
{
    struct xr_arena *arena = xr_arena_new();

    if (samples_are_here(arena)) {
        struct xr_pox_reply error = discovery(arena, "pox_error_600.xml");
        ck_assert_int_eq(error.kind, XR_POX_ERROR);
        ck_assert_int_eq(error.error_code, 600);
        ck_assert_str_eq(error.error_message, "Invalid Request");
        struct xr_pox_reply settings = discovery(arena, "pox_2007_settings.xml");
        ck_assert_int_eq(settings.kind, XR_POX_SETTINGS);
        ck_assert_str_eq(settings.ews_url, "https://mail.contoso.com/ews/exchange.asmx");
        ck_assert_str_eq(settings.internal_ews, settings.external_ews);
        ck_assert_str_eq(settings.server_version, "8.0.647");
        ck_assert_str_eq(settings.display_name, "First Last");
        ck_assert_ptr_null(settings.smtp_address);
        struct xr_pox_reply redirect = discovery(arena, "pox_redirect_addr.xml");
        ck_assert_int_eq(redirect.kind, XR_POX_REDIRECT_ADDRESS);
        ck_assert_str_eq(redirect.redirect, "elvin@mail.contoso.com");
    }
    xr_arena_free(arena);
}
END_TEST

START_TEST(another_protocol_is_no_answer)
{
    struct xr_arena *arena = xr_arena_new();
    struct xr_pox_reply pox;
    struct xr_ews_reply ews;

    if (samples_are_here(arena)) {
        size_t length;
        const char *body = document(arena, "soapad_settings_2013.xml", &length);
        const struct xr_err *err = xr_pox_parse(arena, body, length, &pox);
        ck_assert_str_eq(
            err->text, "XML, but no Autodiscover answer: its root element is Envelope");
        err = xr_ews_parse(arena, "GetFolder", body, length, &ews);
        ck_assert_str_eq(err->text,
            "SOAP, but not an answer to GetFolder: it holds GetUserSettingsResponseMessage");
    }
    xr_arena_free(arena);
}
END_TEST

/* ---- mutations ---- */

static const char *const tokens[] = { "<", ">", "/>", "</", "<!--", "-->", "<![CDATA[", "]]>", "&",
    "&#x0;", "&#65;", "&amp;", "\"", "'", "=", "<?", "?>", "<!DOCTYPE x [", " xmlns='u'",
    " xmlns:s='u'", "<m:ResponseCode>", "</m:ResponseCode>", "<s:Fault>", "</s:Body>",
    "ResponseClass='Success'", "\xff\xfe", "\xef\xbb\xbf", "\xc3", "\x01" };

static void cut_out(char *bytes, size_t *length, size_t at, size_t n)
{
    if (n > *length - at)
        n = *length - at;
    memmove(bytes + at, bytes + at + n, *length - at - n);
    *length -= n;
}

static void put_in(char *bytes, size_t *length, size_t at, const char *text, size_t n)
{
    memmove(bytes + at + n, bytes + at, *length - at);
    memcpy(bytes + at, text, n);
    *length += n;
}

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { ROUNDS = 1000 };
#else
enum { ROUNDS = 3000 };
#endif
enum { MUTATIONS_AT_ONCE = 4, ROOM = 256, SPAN = 48 };

/* "bytes" has ROOM to grow. */
static void mutate(char *bytes, size_t *length, uint32_t *state)
{
    char span[SPAN];

    for (uint32_t n = 1 + next_random(state) % MUTATIONS_AT_ONCE; n && *length > SPAN; n--) {
        size_t at = next_random(state) % (*length - SPAN);
        const char *token = tokens[next_random(state) % (sizeof(tokens) / sizeof(*tokens))];
        switch (next_random(state) % 6) {
        case 0:
            bytes[at] = (char)(next_random(state) & 0xff);
            break;
        case 1:
            cut_out(bytes, length, at, 1 + next_random(state) % SPAN);
            break;
        case 2:
            memcpy(span, bytes + at, SPAN);
            put_in(bytes, length, next_random(state) % *length, span, SPAN);
            break;
        case 3:
            *length = next_random(state) % 8 ? *length : at;
            break;
        default:
            put_in(bytes, length, at, token, strlen(token));
        }
    }
}

static void assert_harmless(const struct xr_err *err)
{
    for (const char *at = err ? err->text : ""; *at; at++)
        ck_assert_msg(!iscntrl((unsigned char)*at), "a control character in \"%s\"", err->text);
}

static void mutate_sample(const char *file, const char *operation)
{
    struct xr_arena *sample_arena = xr_arena_new();
    size_t whole;
    const char *original = document(sample_arena, file, &whole);
    uint32_t state = 1 + (uint32_t)whole;

    for (int i = 0; i < ROUNDS; i++) {
        struct xr_arena *arena = xr_arena_new();
        struct xr_ews_reply ews;
        struct xr_pox_reply pox;
        size_t length = whole;
        /* Exactly as long as it is, so that a read beyond its end is seen. */
        char *room = malloc(whole + ROOM);
        memcpy(room, original, whole);
        mutate(room, &length, &state);
        char *body = malloc(length + !length);
        memcpy(body, room, length);
        assert_harmless(operation ? xr_ews_parse(arena, operation, body, length, &ews)
                                  : xr_pox_parse(arena, body, length, &pox));
        free(body);
        free(room);
        xr_arena_free(arena);
    }
    xr_arena_free(sample_arena);
}

START_TEST(mutated_answers_of_the_services_do_no_harm)
{
    struct xr_arena *arena = xr_arena_new();

    for (size_t i = 0; samples_are_here(arena) && i < sizeof(services) / sizeof(*services); i++)
        mutate_sample(services[i].file, services[i].operation);
    xr_arena_free(arena);
}
END_TEST

START_TEST(mutated_discoveries_do_no_harm)
{
    struct xr_arena *arena = xr_arena_new();

    for (size_t i = 0; samples_are_here(arena) && i < sizeof(discoveries) / sizeof(*discoveries);
         i++)
        mutate_sample(discoveries[i], NULL);
    xr_arena_free(arena);
}
END_TEST

XR_UNIT_MAIN("samples", every_answer_of_the_services_has_its_code, payloads_are_read,
    discoveries_are_read, another_protocol_is_no_answer, mutated_answers_of_the_services_do_no_harm,
    mutated_discoveries_do_no_harm)
