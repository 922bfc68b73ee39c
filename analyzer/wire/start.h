#ifndef XR_START_H
#define XR_START_H

#include <stdbool.h>

/* Once, before the first thread: the libraries of this floor set themselves up. */
void xr_wire_start(void);

/*
 * Is there a Kerberos ticket to log on with? keytab NULL: one that is present
 * in the credential cache; else GSSAPI is told to take its own from the keytab.
 */
bool xr_wire_have_ticket(const char *keytab);

#endif
