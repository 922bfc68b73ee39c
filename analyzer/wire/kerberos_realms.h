#ifndef XR_KERBEROS_REALMS_H
#define XR_KERBEROS_REALMS_H

#include <stdbool.h>
#include <stddef.h>

#include "analyzer/base/arena.h"

/*
 * Whose Kerberos servers may learn of an account, and by which name it is asked for. An account is
 * told to realms of its own organisation alone: the domain of its UPN, those that the caller gives,
 * and the machine's default realm only where that is related to one of these, or begins with a
 * short domain name of the account ("CONTOSO"). A machine without
 * configuration of its own often has a stranger's there (Debian: ATHENA.MIT.EDU).
 */
struct xr_realms_known {
    const char *account;      /* "DOMAIN\user" or a UPN */
    const char *const *given; /* NULL-ended; NULL: none */
    const char *own;          /* the machine's default realm; NULL: none */
    const char *of_host;      /* krb5.conf's, for the host that the ticket is for; NULL: none */
};

struct xr_logon_name {
    const char *realm;
    bool whole; /* all of the account is the name in it (RFC 6806 section 5), not the user part */
};

struct xr_logon_plan {
    const struct xr_logon_name *names; /* in this order */
    size_t n;
    const char *unrelated; /* the default realm that is not asked; NULL: there is none */
};

void xr_logon_plan(
    struct xr_arena *arena, const struct xr_realms_known *known, struct xr_logon_plan *ret);

/* Of a realm that a KDC refers to: its word is not protected. */
bool xr_logon_plan_allows(const struct xr_logon_plan *plan, const char *realm);

/* The realms that an SMTP address belongs to: its domain, and those above; NULL-ended. Not those
 * under which anybody may have a domain, as far as their form shows it ("test", "co.uk"). */
const char *const *xr_realms_of_address(struct xr_arena *arena, const char *address);

#endif
