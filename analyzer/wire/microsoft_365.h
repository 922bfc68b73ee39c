#ifndef XR_MICROSOFT_365_H
#define XR_MICROSOFT_365_H

#include <stdbool.h>

/*
 * Is a domain's mail in Exchange Online, and in which of Microsoft's clouds? Told from names alone.
 * Names of DNS are a hint and no proof: with a hybrid organisation mail may come in at Microsoft
 * while the mailbox is on premises, and the other way round.
 */
struct xr_cloud {
    const char *name;       /* "Microsoft 365", "Microsoft 365 GCC High" ... */
    const char *host;       /* of EWS and of Autodiscover V2: "outlook.office365.com" */
    const char *ews_url;    /* "https://outlook.office365.com/EWS/Exchange.asmx" */
    const char *login_host; /* "login.microsoftonline.com" */
};

/* The host that an MX record names, "contoso-com.mail.protection.outlook.com". GCC High and DoD
 * share theirs: the answer is GCC High then, unless xr_cloud_of_cname() tells. NULL: another's. */
const struct xr_cloud *xr_cloud_of_mx(const char *exchange);

/* The host that the CNAME record of autodiscover.DOMAIN names. NULL: another's. */
const struct xr_cloud *xr_cloud_of_cname(const char *target);

/* The host of a URL, as V2 answers with and as HTTP redirects of Exchange Online name. NULL:
 * another's. */
const struct xr_cloud *xr_cloud_of_host(const char *host);

/* A domain that Microsoft gives its tenants, "contoso.onmicrosoft.com" or one below it. GCC High
 * and DoD share theirs: the answer is GCC High then. NULL: another's. */
const struct xr_cloud *xr_cloud_of_mail_domain(const char *domain);

bool xr_is_exchange_online_mx(const char *exchange);

#endif
