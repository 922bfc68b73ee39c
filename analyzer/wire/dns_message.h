#ifndef XR_DNS_MESSAGE_H
#define XR_DNS_MESSAGE_H

#include "analyzer/wire/dns.h"

/* The bytes of one DNS message (RFC 1035), taken apart. Nothing of it is trusted. */
enum {
    XR_DNS_RECORDS_MAX =
        64, /* of one answer; over TCP 5,000 could come, each with a name of 1 KB */
    XR_DNS_HEADER = 12,
    XR_DNS_QUESTION_MAX = 255 + 4,
};

struct xr_dns_message {
    struct xr_dns_record *records; /* the answer section */
    bool cut;                      /* there were more than XR_DNS_RECORDS_MAX */
    unsigned rcode;
    bool authoritative, recurses; /* AA, RA */
    bool refers;                  /* no answer, but NS records of somebody who is to be asked */
    bool is_explained;            /* extended error (RFC 8914): */
    unsigned reason;
    const char *reason_text; /* the server's own words, or NULL */
};

/* false: malformed. */
bool xr_dns_message_read(
    struct xr_arena *arena, const unsigned char *bytes, int length, struct xr_dns_message *ret);

/* How long the question section of one question is, with its type and class; 0: there is none. */
size_t xr_dns_question_length(const unsigned char *bytes, size_t length);

/* "No Reachable Authority" (RFC 8914, section 4); NULL: unknown number. */
const char *xr_dns_reason_name(unsigned reason);
/* "NOTAUTH" (RFC 6895, section 2.3); NULL: unknown number. */
const char *xr_dns_rcode_name(unsigned rcode);

#endif
