#ifndef XR_KERBEROS_ERROR_H
#define XR_KERBEROS_ERROR_H

#include <stddef.h>
#include <stdint.h>

/* Codes of RFC 4120 7.5.9 with which a server refuses a ticket. */
enum {
    XR_KRB_NOT_YET_VALID = 33, /* KRB_AP_ERR_TKT_NYV */
    XR_KRB_SKEW = 37,          /* KRB_AP_ERR_SKEW */
};

/* The code in the KRB-ERROR that a server's answer to a ticket has in it, however it is wrapped
 * (SPNEGO, GSSAPI, or not at all). -1: there is none. */
int xr_kerberos_error_code(const uint8_t *answer, size_t length);

#endif
