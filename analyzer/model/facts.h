#ifndef XR_FACTS_H
#define XR_FACTS_H

#include <stdbool.h>
#include <stdint.h>

#include "analyzer/model/status.h"

#define XR_FACT_LIST(FACT)                                               \
    FACT(FORM)      /* the form's content is sound */                    \
    FACT(EWS_URL)   /* where EWS is */                                   \
    FACT(REACHABLE) /* an address of the EWS host accepts connections */ \
    FACT(SECURE)    /* a connection to it may carry credentials */       \
    FACT(LOGON)     /* the account was authenticated */                  \
    FACT(MAILBOX)   /* the folder was opened */

enum {
#define FACT(name) XR_FACT_BIT_##name,
    XR_FACT_LIST(FACT)
#undef FACT
#define FACT(name) XR_FACT_##name = 1u << XR_FACT_BIT_##name,
        XR_FACT_LIST(FACT)
#undef FACT
};

/* One address of the EWS host. */
struct xr_fact_address {
    struct xr_fact_address *next;
    const char *address;
    enum xr_status status;
    int64_t connect_us; /* -1: never connected */
    const char *message;
    bool may_carry_credentials;         /* by the trust findings of its own connection */
    int64_t handshake_us;               /* -1: none */
    const char *protocol, *leaf_sha256; /* of its handshake; NULL: none */
    const char *verdict;                /* on its certificate, a phrase; NULL: none */
};

/* One certificate of the chain that the EWS host's first good address showed. */
struct xr_fact_certificate {
    struct xr_fact_certificate *next;
    const char *role; /* "leaf", "intermediate", "root", "extra" */
    const char *subject, *issuer, *serial, *sha256, *key, *signature, *names;
    int64_t not_before_ms, not_after_ms; /* since 1970 */
    int position;                        /* as sent, from 0; -1: not sent */
    bool sent, used, trusted;            /* used: in the chain that was built */
    bool missing;                        /* a place in the chain that the server leaves empty */
    bool fetched; /* "missing", but filled here from the address that the certificate below names */
    bool must_staple;
    const char *purposes, *issuer_url, *ocsp_url, *crl_url; /* NULL: none */
    const char *revocation; /* "good", "revoked", "unknown", "no-source"; NULL: not looked into */
    const char *revocation_source; /* NULL: none */
};

/* One question about protocols and ciphers, and the server's answer. */
struct xr_fact_offer {
    struct xr_fact_offer *next;
    const char *question; /* "TLS 1.0" */
    const char *answer;   /* "yes", "no", "unknown" */
    const char *detail;   /* the cipher, or what came instead; NULL: nothing */
    enum xr_status status;
};

/* One Autodiscover method. */
struct xr_fact_discovery {
    struct xr_fact_discovery *next;
    const char *method; /* xr_way_name() */
    const char *url;
    enum xr_status status;
    const char *outcome; /* a phrase */
    const char *led_to;  /* the EWS URL it gave, or NULL */
    bool won;
};

/* What one answer of Autodiscover says about the mailbox; any text may be NULL: not told. */
struct xr_fact_settings {
    struct xr_fact_settings *next;
    const char *step;     /* id of the step that got it, "autodiscover.host.request" */
    const char *protocol; /* "POX", "SOAP", "V2" */
    const char *address;  /* asked for */
    const char *external_ews, *internal_ews; /* EXPR and EXCH; ExternalEwsUrl and InternalEwsUrl */
    const char *exhttp_ews;                  /* POX alone */
    const char *interop_ews;                 /* SOAP alone */
    const char *external_owa, *internal_owa; /* WEB of POX: Outlook on the web */
    const char *smtp_address, *server_version;
    const char *online; /* "True", "False": the mailbox is in Exchange Online */
    bool used;          /* the EWS URL in use is from here */
};

/* The domain's mail is in one of Microsoft's clouds, as far as names tell. */
struct xr_fact_cloud {
    const char *name, *ews_url; /* "Microsoft 365", "https://outlook.office365.com/EWS/..." */
    const char *because;        /* "the MX record of contoso.com names ..." */
};

/* Filled by probes only. "known" says which of the groups above are established. */
struct xr_facts {
    uint32_t known;
    const char *ews_url, *ews_url_from; /* from: "--ews-url" or the step id that found it */
    bool ews_url_is_internal;           /* for want of an external one */
    const char *server_version, *server_product;
    const char *server_support_end; /* "2025-10-14", passed or to come; NULL: none */
    const char *server_name;        /* the front end's, X-FEServer */
    /* What the front end tells of the server behind it; NULL: not told. */
    const char *backend_name;    /* X-BEServer, "EX01" */
    const char *backend_target;  /* X-CalculatedBETarget, "ex01.contoso.test" */
    const char *backend_status;  /* X-BackEndHttpStatus, "200" */
    const char *diagnostic_name; /* X-DiagInfo */
    const char *primary_smtp_address, *autodiscover_smtp_address, *display_name;
    const char *folder_name;
    int64_t total_count, unread_count; /* -1: not known */
    const char *auth_scheme;
    int64_t certificate_expires_ms; /* 0: not known */
    const char *request_id;         /* of the answer that decided, for the server's logs */
    struct xr_fact_address *addresses, *last_address;
    struct xr_fact_certificate *certificates, *last_certificate;
    struct xr_fact_offer *offers, *last_offer;
    const char *tls_protocol, *tls_cipher, *tls_group, *tls_alpn; /* of the EWS host's handshake */
    struct xr_fact_discovery *discovery, *last_discovery;
    struct xr_fact_settings *settings, *last_settings;
    struct xr_fact_cloud cloud;       /* name NULL: nothing tells of one */
    const char *mailbox_home;         /* "Microsoft 365", "on premises"; NULL: not told */
    const char *mailbox_home_because; /* a phrase */
};

#endif
