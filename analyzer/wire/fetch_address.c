#include <arpa/inet.h>
#include <stdbool.h>
#include <string.h>

#include "analyzer/wire/fetch.h"

enum { IPV4_BYTES = 4, IPV6_BYTES = 16 };

static const char malformed[] = "malformed";

struct range {
    const char *class;
    const char *from;
    int bits;
};

/* RFC 1122 3.2.1.3, 3927, 5771, 1112 4: what does not leave this machine or its link. */
static const struct range ipv4_ranges[] = {
    { "unspecified", "0.0.0.0", 8 },
    { "loopback", "127.0.0.0", 8 },
    { "link-local", "169.254.0.0", 16 },
    { "multicast", "224.0.0.0", 4 },
    { "reserved", "240.0.0.0", 4 },
};

/* RFC 4291 2.4. */
static const struct range ipv6_ranges[] = {
    { "unspecified", "::", 128 },
    { "loopback", "::1", 128 },
    { "link-local", "fe80::", 10 },
    { "multicast", "ff00::", 8 },
};

/* Where an IPv4 address stands inside of an IPv6 one (RFC 4291 2.5.5, 7915, 6052, 8215, 3056). */
static const struct {
    const char *from;
    int bits, at;
} embeddings[] = {
    { "::ffff:0:0", 96, 12 },
    { "::", 96, 12 },
    { "::ffff:0:0:0", 96, 12 },
    { "64:ff9b::", 96, 12 },
    { "64:ff9b:1::", 48, 12 },
    { "2002::", 16, 2 },
};

static bool is_within(const unsigned char *address, int family, const char *from, int bits)
{
    unsigned char range[IPV6_BYTES];
    size_t whole = (size_t)bits / 8, rest = (size_t)bits % 8;

    if (inet_pton(family, from, range) != 1 || memcmp(address, range, whole) != 0)
        return false;
    return !rest || (address[whole] ^ range[whole]) >> (8 - rest) == 0;
}

static const char *class_of(
    const unsigned char *address, int family, const struct range *ranges, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (is_within(address, family, ranges[i].from, ranges[i].bits))
            return ranges[i].class;
    return NULL;
}

static const char *class_of_ipv4(const unsigned char *address)
{
    return class_of(address, AF_INET, ipv4_ranges, sizeof(ipv4_ranges) / sizeof(*ipv4_ranges));
}

static const char *class_of_ipv6(const unsigned char *address)
{
    const char *class =
        class_of(address, AF_INET6, ipv6_ranges, sizeof(ipv6_ranges) / sizeof(*ipv6_ranges));

    for (size_t i = 0; !class && i < sizeof(embeddings) / sizeof(*embeddings); i++)
        if (is_within(address, AF_INET6, embeddings[i].from, embeddings[i].bits))
            class = class_of_ipv4(address + embeddings[i].at);
    return class;
}

const char *xr_fetch_class(const char *address)
{
    char text[INET6_ADDRSTRLEN];
    unsigned char bytes[IPV6_BYTES];
    size_t length = strcspn(address, "%"); /* what follows names the interface (RFC 4007 11) */

    if (length >= sizeof(text))
        return malformed;
    memcpy(text, address, length);
    text[length] = '\0';
    if (inet_pton(AF_INET, text, bytes) == 1)
        return class_of_ipv4(bytes);
    return inet_pton(AF_INET6, text, bytes) == 1 ? class_of_ipv6(bytes) : malformed;
}

const char *xr_fetch_objection(const char *address, const char *tested_address)
{
    static const struct {
        const char *class, *text;
    } rows[] = {
        { "loopback", "a loopback address, where the tested host is not" },
        { "link-local", "a link-local address, where the tested host is not" },
        { "unspecified", "an unspecified address" },
        { "multicast", "a multicast address" },
        { "reserved", "a reserved address" },
    };
    const char *class = xr_fetch_class(address);
    const char *tested = tested_address ? xr_fetch_class(tested_address) : NULL;

    if (!class || (class != malformed && tested && !strcmp(class, tested)))
        return NULL;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
        if (!strcmp(rows[i].class, class))
            return rows[i].text;
    return "not an IP address";
}

/* Below 1024 only the web's ports are open; above, not those that the Fetch standard blocks. */
const char *xr_fetch_port_objection(uint16_t port)
{
    static const uint16_t others[] = { 1719, 1720, 1723, 2049, 3306, 3389, 3659, 4045, 4190, 5060,
        5061, 5432, 6000, 6379, 6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697, 9418, 10080, 11211,
        27017 };
    bool open = port == 80 || port == 443 || port > 1023;

    for (size_t i = 0; open && i < sizeof(others) / sizeof(*others); i++)
        open = port != others[i];
    return open ? NULL : "another service than a web server listens on its port";
}
