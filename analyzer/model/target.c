#include "analyzer/model/target.h"

const char *xr_auth_name(enum xr_auth auth)
{
    static const char *const names[] = {
        [XR_AUTH_NONE] = "none",
        [XR_AUTH_BASIC] = "Basic",
        [XR_AUTH_NTLM] = "NTLM",
        [XR_AUTH_NEGOTIATE] = "Negotiate",
        [XR_AUTH_OAUTH] = "OAuth",
    };

    return names[auth];
}

const char *xr_identify_by_name(enum xr_identify_by by)
{
    static const char *const names[] = {
        [XR_BY_SMTP_ADDRESS] = "smtp-address",
        [XR_BY_PRIMARY_SMTP_ADDRESS] = "primary-smtp-address",
        [XR_BY_UPN] = "upn",
        [XR_BY_SID] = "sid",
    };

    return names[by];
}
