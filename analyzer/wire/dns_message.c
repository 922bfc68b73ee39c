#include "analyzer/wire/dns_message.h"

#include <arpa/inet.h>
#include <arpa/nameser.h>
#include <string.h>

#include "analyzer/base/text.h"

enum { EXTENDED_ERROR = 15, REASON_TEXT_MAX = 200 };

/* The root, the only name without a label, is "" and not ".". */
static const char *name_at(struct xr_arena *arena, ns_msg *message, const unsigned char *at)
{
    char name[NS_MAXDNAME];

    if (ns_name_uncompress(ns_msg_base(*message), ns_msg_end(*message), at, name, sizeof(name)) < 0)
        return NULL;
    return strcmp(name, ".") ? xr_utf8(arena, name, strlen(name)) : "";
}

static const char *address_text(struct xr_arena *arena, int family, const unsigned char *bytes)
{
    char text[INET6_ADDRSTRLEN];

    return inet_ntop(family, bytes, text, sizeof(text)) ? xr_strdup(arena, text) : NULL;
}

/* false: the record is malformed. A record of another type is left alone (data stays NULL). */
static bool read_record(
    struct xr_arena *arena, ns_msg *message, const ns_rr *rr, struct xr_dns_record *ret)
{
    const unsigned char *data = ns_rr_rdata(*rr);
    size_t length = ns_rr_rdlen(*rr);

    *ret = (struct xr_dns_record){ .owner = xr_strdup(arena, ns_rr_name(*rr)),
        .type = (enum xr_dns_type)ns_rr_type(*rr),
        .ttl = ns_rr_ttl(*rr) };
    switch ((int)ns_rr_type(*rr)) {
    case ns_t_a:
        ret->data = length == 4 ? address_text(arena, AF_INET, data) : NULL;
        return ret->data;
    case ns_t_aaaa:
        ret->data = length == 16 ? address_text(arena, AF_INET6, data) : NULL;
        return ret->data;
    case ns_t_cname:
        ret->data = name_at(arena, message, data);
        return ret->data;
    case ns_t_mx:
        if (length < 3)
            return false;
        ret->priority = (uint16_t)ns_get16(data);
        ret->data = name_at(arena, message, data + 2);
        return ret->data;
    case ns_t_srv:
        if (length < 7)
            return false;
        ret->priority = (uint16_t)ns_get16(data);
        ret->weight = (uint16_t)ns_get16(data + 2);
        ret->port = (uint16_t)ns_get16(data + 4);
        ret->data = name_at(arena, message, data + 6);
        return ret->data;
    default:
        return true;
    }
}

static bool read_answers(struct xr_arena *arena, ns_msg *message, struct xr_dns_message *ret)
{
    struct xr_dns_record **end = &ret->records;
    int n = ns_msg_count(*message, ns_s_an);
    ns_rr rr;

    ret->cut = n > XR_DNS_RECORDS_MAX;
    for (int i = 0; i < n && i < XR_DNS_RECORDS_MAX; i++) {
        struct xr_dns_record record;
        if (ns_parserr(message, ns_s_an, i, &rr) || !read_record(arena, message, &rr, &record))
            return false;
        if (!record.data)
            continue;
        *end = xr_new(arena, struct xr_dns_record);
        **end = record;
        end = &(*end)->next;
    }
    return true;
}

static void read_reason(struct xr_arena *arena, const ns_rr *rr, struct xr_dns_message *ret)
{
    const unsigned char *at = ns_rr_rdata(*rr), *end = at + ns_rr_rdlen(*rr);

    while (end - at >= 4) {
        unsigned option = ns_get16(at), length = ns_get16(at + 2);
        at += 4;
        if (length > end - at)
            return;
        if (option == EXTENDED_ERROR && length >= 2 && !ret->is_explained) {
            size_t words = length - 2 < REASON_TEXT_MAX ? length - 2 : REASON_TEXT_MAX;
            ret->is_explained = true;
            ret->reason = ns_get16(at);
            ret->reason_text = words ? xr_utf8(arena, (const char *)at + 2, words) : NULL;
        }
        at += length;
    }
}

/* What stands behind the answers tells more about a failure; damage there does no harm. */
static void read_rest(struct xr_arena *arena, ns_msg *message, struct xr_dns_message *ret)
{
    ns_rr rr;

    if (!ns_msg_count(*message, ns_s_an) && ns_msg_count(*message, ns_s_ns) &&
        !ns_parserr(message, ns_s_ns, 0, &rr))
        ret->refers = ns_rr_type(rr) == ns_t_ns;
    for (int i = 0; i < ns_msg_count(*message, ns_s_ar) && i < XR_DNS_RECORDS_MAX; i++) {
        if (ns_parserr(message, ns_s_ar, i, &rr))
            return;
        if (ns_rr_type(rr) == ns_t_opt)
            read_reason(arena, &rr, ret);
    }
}

bool xr_dns_message_read(
    struct xr_arena *arena, const unsigned char *bytes, int length, struct xr_dns_message *ret)
{
    ns_msg message;

    *ret = (struct xr_dns_message){ 0 };
    if (ns_initparse(bytes, length, &message))
        return false;
    ret->rcode = (unsigned)ns_msg_getflag(message, ns_f_rcode);
    ret->authoritative = ns_msg_getflag(message, ns_f_aa);
    ret->recurses = ns_msg_getflag(message, ns_f_ra);
    if (!read_answers(arena, &message, ret))
        return false;
    read_rest(arena, &message, ret);
    return true;
}

size_t xr_dns_question_length(const unsigned char *bytes, size_t length)
{
    size_t at = XR_DNS_HEADER;

    if (length < XR_DNS_HEADER || bytes[4] || bytes[5] != 1)
        return 0;
    while (at < length && bytes[at]) {
        if (bytes[at] > NS_MAXLABEL)
            return 0;
        at += 1 + (size_t)bytes[at];
    }
    size_t whole = at + 5 - XR_DNS_HEADER;
    return at + 5 <= length && whole <= XR_DNS_QUESTION_MAX ? whole : 0;
}

const char *xr_dns_reason_name(unsigned reason)
{
    static const char *const names[] = { [0] = "Other Error",
        [1] = "Unsupported DNSKEY Algorithm",
        [2] = "Unsupported DS Digest Type",
        [3] = "Stale Answer",
        [4] = "Forged Answer",
        [5] = "DNSSEC Indeterminate",
        [6] = "DNSSEC Bogus",
        [7] = "Signature Expired",
        [8] = "Signature Not Yet Valid",
        [9] = "DNSKEY Missing",
        [10] = "RRSIGs Missing",
        [11] = "No Zone Key Bit Set",
        [12] = "NSEC Missing",
        [13] = "Cached Error",
        [14] = "Not Ready",
        [15] = "Blocked",
        [16] = "Censored",
        [17] = "Filtered",
        [18] = "Prohibited",
        [19] = "Stale NXDomain Answer",
        [20] = "Not Authoritative",
        [21] = "Not Supported",
        [22] = "No Reachable Authority",
        [23] = "Network Error",
        [24] = "Invalid Data" };

    return reason < sizeof(names) / sizeof(*names) ? names[reason] : NULL;
}

const char *xr_dns_rcode_name(unsigned rcode)
{
    static const char *const names[] = { "NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP",
        "REFUSED", "YXDOMAIN", "YXRRSET", "NXRRSET", "NOTAUTH", "NOTZONE" };

    return rcode < sizeof(names) / sizeof(*names) ? names[rcode] : NULL;
}
