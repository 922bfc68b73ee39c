#include "analyzer/wire/http_ntlm.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "analyzer/base/clock.h"
#include "analyzer/base/text.h"
#include "analyzer/wire/base64.h"

enum { HOST_NAME_SIZE = 256, NETBIOS_NAME_MAX = 15 };

/* What Windows shows as the origin of a logon: a NetBIOS name, as other clients send it. */
static const char *workstation(struct xr_arena *arena)
{
    static const char allowed[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";
    char host[HOST_NAME_SIZE] = "";

    if (gethostname(host, sizeof(host) - 1))
        return "EXRAY";
    size_t length = strcspn(host, ".");
    if (!length || strspn(host, allowed) != length)
        return "EXRAY";
    char *name =
        xr_strndup(arena, host, length < NETBIOS_NAME_MAX ? length : (size_t)NETBIOS_NAME_MAX);
    for (char *at = name; *at; at++)
        *at = (char)toupper((unsigned char)*at);
    return name;
}

/* NULL stays NULL. */
static const char *told(const struct xr_http_ntlm *ntlm, const char *text)
{
    char *copy = text ? xr_strdup(ntlm->arena, text) : NULL;

    if (copy)
        xr_scrub(ntlm->scrubber, copy, strlen(copy));
    return copy;
}

static void note(const struct xr_http_ntlm *ntlm, const struct xr_ntlm_challenge *challenge)
{
    struct xr_http_logon *logon = ntlm->logon;
    const char *server =
        challenge->dns_computer ? challenge->dns_computer : challenge->netbios_computer;

    logon->server_name = told(ntlm, server);
    logon->netbios_domain = told(ntlm, challenge->netbios_domain);
    logon->dns_domain = told(ntlm, challenge->dns_domain);
    logon->dns_forest = told(ntlm, challenge->dns_forest);
    logon->windows = told(ntlm, challenge->windows);
    logon->server_clock_ms = challenge->has_time ? challenge->time_ms : 0;
}

static struct xr_ntlm_logon logon_of(const struct xr_http_ntlm *ntlm)
{
    const struct xr_http_request *request = ntlm->request;
    const char *account = request->account ? request->account : "";
    const char *backslash = strchr(account, '\\');
    struct xr_ntlm_logon logon = {
        .user = backslash ? backslash + 1 : account,
        .domain = backslash ? xr_strndup(ntlm->arena, account, (size_t)(backslash - account)) : "",
        .password = request->secret,
        .workstation = workstation(ntlm->arena),
        .spn = xr_printf(ntlm->arena, "HTTP/%s", request->url->host),
        .binding = ntlm->binding,
        .now_ms = xr_wall_ms(),
    };

    if (getrandom(logon.nonce, sizeof(logon.nonce), 0) != sizeof(logon.nonce))
        abort();
    return logon;
}

const struct xr_err *xr_http_ntlm_answer(
    const struct xr_http_ntlm *ntlm, const char *blob, size_t length, struct xr_buf *to)
{
    struct xr_ntlm_challenge challenge;
    const char *why;
    xr_auto_buf message;

    xr_buf_init(&message, length);
    if (!xr_base64_decode(&message, blob, length))
        return xr_err(ntlm->arena, XR_FAULT_CONTENT, 0,
            "the server's NTLM challenge is malformed: it is not base64");
    const struct xr_err *err = xr_ntlm_challenge_parse(ntlm->arena,
        (struct xr_ntlm_message){ (const uint8_t *)message.at, message.length }, &challenge);
    if (err)
        return err;
    note(ntlm, &challenge);
    const struct xr_ntlm_logon logon = logon_of(ntlm);
    if (xr_ntlm_authenticate(ntlm->arena, &logon, &challenge, to, &why))
        return NULL;
    return xr_err(ntlm->arena, XR_FAULT_CONTENT, 0,
        "the server's NTLM challenge cannot be answered, and nothing was sent: %s", why);
}
