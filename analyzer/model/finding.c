#include "analyzer/model/finding.h"

#include <assert.h>
#include <string.h>

#define DO(words)                             \
    {                                         \
        .text = words, .shell = XR_SHELL_NONE \
    }
#define RUN(where, words, typed, afterwards)                                             \
    {                                                                                    \
        .text = words, .command = typed, .expect = afterwards, .shell = XR_SHELL_##where \
    }
#define DO_WHEN(state, words)                                           \
    {                                                                   \
        .text = words, .shell = XR_SHELL_NONE, .when = XR_WHEN_##state, \
    }
#define RUN_WHEN(state, where, words, typed, afterwards)                                  \
    {                                                                                     \
        .text = words, .command = typed, .expect = afterwards, .shell = XR_SHELL_##where, \
        .when = XR_WHEN_##state,                                                          \
    }
#define FINDING(code, name, usual, who, verdict, effect, reason, read_on, ...)   \
    [XR_FINDING_##code] = {                                                      \
        .id = name,                                                              \
        .status = XR_##usual,                                                    \
        .owner = XR_OWNER_##who,                                                 \
        .title = verdict,                                                        \
        .meaning = effect,                                                       \
        .cause = reason,                                                         \
        .reference = read_on,                                                    \
        .remedies = (const struct xr_remedy[]){ __VA_ARGS__, { .text = NULL } }, \
    },

static const struct xr_finding_kind kinds[XR_FINDING_COUNT] = {
#include "analyzer/model/findings.def"
};

const struct xr_finding_kind *xr_finding_kind(enum xr_finding_code code)
{
    assert(code < XR_FINDING_COUNT);
    return &kinds[code];
}

bool xr_finding_by_id(const char *id, enum xr_finding_code *ret_code)
{
    for (enum xr_finding_code code = 0; code < XR_FINDING_COUNT; code++) {
        if (strcmp(kinds[code].id, id) == 0) {
            *ret_code = code;
            return true;
        }
    }
    return false;
}

const char *xr_owner_name(enum xr_owner owner)
{
    static const char *const names[] = {
        [XR_OWNER_EXCHANGE_ADMIN] = "exchange-admin",
        [XR_OWNER_NETWORK_ADMIN] = "network-admin",
        [XR_OWNER_CERTIFICATE_ADMIN] = "certificate-admin",
        [XR_OWNER_VENDOR] = "vendor",
        [XR_OWNER_YOU] = "you",
    };

    return names[owner];
}

const char *xr_owner_title(enum xr_owner owner)
{
    static const char *const titles[] = {
        [XR_OWNER_EXCHANGE_ADMIN] = "Exchange administrator",
        [XR_OWNER_NETWORK_ADMIN] = "Network administrator",
        [XR_OWNER_CERTIFICATE_ADMIN] = "Certificate administrator",
        [XR_OWNER_VENDOR] = "Vendor of the application",
        [XR_OWNER_YOU] = "You",
    };

    return titles[owner];
}

const char *xr_shell_title(enum xr_shell shell)
{
    static const char *const titles[] = {
        [XR_SHELL_NONE] = NULL,
        [XR_SHELL_EMS] = "Exchange Management Shell",
        [XR_SHELL_EXO] = "Exchange Online PowerShell",
        [XR_SHELL_POWERSHELL] = "PowerShell",
        [XR_SHELL_SH] = "Shell",
    };

    return titles[shell];
}

bool xr_finding_is_local(enum xr_finding_code code)
{
    return strncmp(xr_finding_kind(code)->id, "local.", strlen("local.")) == 0;
}

bool xr_finding_is_background(enum xr_finding_code code)
{
    static const bool background[XR_FINDING_COUNT] = {
        [XR_FINDING_EWS_SERVER_OUT_OF_SUPPORT] = true,
    };

    assert(code < XR_FINDING_COUNT);
    return background[code];
}
