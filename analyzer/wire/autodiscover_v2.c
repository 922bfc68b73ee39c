#include "analyzer/wire/autodiscover_v2.h"

#include <cjson/cJSON.h>
#include <string.h>

#include "analyzer/base/buf.h"
#include "analyzer/base/text.h"
#include "analyzer/wire/url.h"

enum { URL_MAX = 2048 };

/* ---- the request ---- */

static void put_encoded(struct xr_buf *url, const char *text, const char *plain)
{
    for (; *text; text++) {
        bool is_plain = (*text >= 'a' && *text <= 'z') || (*text >= 'A' && *text <= 'Z') ||
                        (*text >= '0' && *text <= '9') || strchr(plain, *text);
        if (is_plain)
            (void)xr_buf_add(url, text, 1);
        else
            (void)xr_buf_printf(url, "%%%02X", (unsigned)(unsigned char)*text);
    }
}

const char *xr_v2_url(struct xr_arena *arena, const char *host, const char *address,
    const char *protocol, unsigned redirect_count)
{
    struct xr_url parsed;

    if (host[strcspn(host, "/?#@")])
        return NULL;
    xr_auto_buf url;
    xr_buf_init(&url, URL_MAX);
    (void)xr_buf_printf(&url, "https://%s" XR_V2_PATH "?Email=", host);
    put_encoded(&url, address, "-._~@");
    (void)xr_buf_puts(&url, "&Protocol=");
    put_encoded(&url, protocol, "-._~");
    (void)xr_buf_printf(&url, "&RedirectCount=%u", redirect_count);
    if (url.overflow || xr_url_parse(arena, url.at, &parsed))
        return NULL;
    return xr_strndup(arena, url.at, url.length);
}

/* ---- JSON ---- */

static void json_done(cJSON **json)
{
    cJSON_Delete(*json);
}

#define auto_json __attribute__((cleanup(json_done))) cJSON *

static const struct xr_err *no_answer(struct xr_arena *arena, const char *what, const char *why)
{
    return xr_err(arena, XR_FAULT_CONTENT, 0, "%s: %s", what, why);
}

static const char not_ours[] = "JSON, but no answer of Autodiscover V2";

static size_t line_of(const char *text, const char *at)
{
    size_t line = 1;

    for (; text < at; text++)
        line += *text == '\n';
    return line;
}

/*
 * The size keeps the recursion of the parser short. A \u0000 would end the text early, so that one
 * value is checked and another one was sent; no sound server writes it.
 */
static const struct xr_err *parse(
    struct xr_arena *arena, const struct xr_v2_answer *answer, cJSON **ret)
{
    const char *end = NULL;

    if (answer->length > XR_V2_BODY_MAX)
        return no_answer(arena, "JSON that is not accepted", "it is larger than 16 KiB");
    const char *text = xr_utf8(arena, answer->body, answer->length);
    if (strstr(text, "\\u0000"))
        return no_answer(arena, "JSON that is not accepted", "it has the character NUL in it");
    if (!text[strspn(text, " \t\r\n")])
        return no_answer(arena, "not JSON", "it is empty");
    *ret = cJSON_ParseWithLengthOpts(text, strlen(text) + 1, &end, true);
    if (!*ret)
        return xr_err(arena, XR_FAULT_CONTENT, 0, "not JSON: line %zu, near \"%s\"",
            line_of(text, end ? end : text), xr_excerpt(arena, end ? end : text, 40));
    if (!cJSON_IsObject(*ret))
        return no_answer(arena, not_ours, "it is no object");
    return NULL;
}

/*
 * The text so called, whatever its letter case; NULL in *ret: absent, null or empty. What is there
 * twice could be read in two ways, so it is refused.
 */
static const struct xr_err *text_of(
    struct xr_arena *arena, const cJSON *json, const char *name, const char **ret)
{
    const cJSON *found = NULL;

    *ret = NULL;
    for (const cJSON *item = json->child; item; item = item->next) {
        if (!xr_same(item->string, name))
            continue;
        if (found)
            return no_answer(arena, not_ours, xr_printf(arena, "it has %s twice", name));
        found = item;
    }
    if (!found || cJSON_IsNull(found))
        return NULL;
    if (!cJSON_IsString(found))
        return no_answer(arena, not_ours, xr_printf(arena, "its %s is no text", name));
    const char *text = xr_trimmed(arena, found->valuestring);
    *ret = *text ? text : NULL;
    return NULL;
}

/* ---- answers ---- */

static enum xr_v2_error error_of(const char *code)
{
    static const struct {
        const char *part;
        enum xr_v2_error error;
    } parts[] = {
        { "ProtocolNotSupported", XR_V2_BAD_PROTOCOL },
        { "InvalidProtocol", XR_V2_BAD_PROTOCOL },
        { "MissingProtocol", XR_V2_BAD_REQUEST },
        { "ParameterMissing", XR_V2_BAD_REQUEST },
        { "InvalidParameter", XR_V2_BAD_REQUEST },
        { "InvalidEmail", XR_V2_BAD_REQUEST },
        { "InvalidUser", XR_V2_USER_NOT_FOUND },
        { "UserNotFound", XR_V2_USER_NOT_FOUND },
        { "MailboxNotFound", XR_V2_USER_NOT_FOUND },
    };

    for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++)
        if (xr_contains(code, parts[i].part))
            return parts[i].error;
    return XR_V2_OTHER_ERROR;
}

static const struct xr_err *read_settings(
    struct xr_arena *arena, const cJSON *json, const char *protocol, struct xr_v2_reply *reply)
{
    const char *answered = NULL, *url = NULL;
    const struct xr_err *err = text_of(arena, json, "Protocol", &answered);
    struct xr_url parsed;

    if (!err)
        err = text_of(arena, json, "Url", &url);
    if (err)
        return err;
    if (answered && !xr_same(answered, protocol))
        return no_answer(arena, not_ours,
            xr_printf(arena, "it is about the protocol %s, where %s was asked for",
                xr_excerpt(arena, answered, XR_QUOTED_MAX), protocol));
    if (!url)
        return no_answer(arena, not_ours, "it has neither an Url nor an ErrorCode");
    const char *why = xr_url_parse(arena, url, &parsed);
    if (why)
        return no_answer(arena, "its Url is no address", why);
    reply->kind = XR_V2_SETTINGS;
    reply->url = url;
    return NULL;
}

static const struct xr_err *read_json(struct xr_arena *arena, const char *protocol,
    const struct xr_v2_answer *answer, struct xr_v2_reply *reply)
{
    auto_json json = NULL;
    const struct xr_err *err = parse(arena, answer, &json);

    if (!err)
        err = text_of(arena, json, "ErrorCode", &reply->error_code);
    if (!err)
        err = text_of(arena, json, "ErrorMessage", &reply->error_message);
    if (err)
        return err;
    if (!reply->error_code && answer->status == 200)
        return read_settings(arena, json, protocol, reply);
    if (!reply->error_code)
        return no_answer(arena, not_ours,
            xr_printf(arena, "it has no ErrorCode, and its status is %d", answer->status));
    reply->kind = XR_V2_ERROR;
    reply->error = error_of(reply->error_code);
    return NULL;
}

static bool is_redirect(int status)
{
    return (status >= 301 && status <= 303) || status == 307 || status == 308;
}

static const struct xr_err *read_redirect(
    struct xr_arena *arena, const struct xr_v2_answer *answer, struct xr_v2_reply *reply)
{
    const char *target = answer->location ? xr_trimmed(arena, answer->location) : "";

    if (!*target)
        return no_answer(arena, "no answer of Autodiscover V2",
            xr_printf(arena, "status %d without a Location", answer->status));
    reply->kind = XR_V2_REDIRECT;
    reply->url = target;
    return NULL;
}

const struct xr_err *xr_v2_parse(struct xr_arena *arena, const char *protocol,
    const struct xr_v2_answer *answer, struct xr_v2_reply *ret)
{
    bool may_be_absent = answer->status == 404 || answer->status == 405 || answer->status == 501;
    struct xr_v2_reply reply = { .kind = XR_V2_NO_SERVICE };
    const struct xr_err *err = is_redirect(answer->status)
                                   ? read_redirect(arena, answer, &reply)
                                   : read_json(arena, protocol, answer, &reply);

    if (err && !may_be_absent)
        return err;
    /* Whatever page a web server shows for what it has not. */
    *ret = err ? (struct xr_v2_reply){ .kind = XR_V2_NO_SERVICE } : reply;
    return NULL;
}
