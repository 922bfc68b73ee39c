#include <arpa/inet.h>
#include <string.h>

#include "analyzer/wire/dns.h"

struct block {
    unsigned char first[16];
    unsigned bits;
    enum xr_address_kind kind;
};

/* RFC 6890 and its followers. The first that fits counts. */
static const struct block four[] = {
    { { 0 }, 8, XR_ADDRESS_UNSPECIFIED },
    { { 127 }, 8, XR_ADDRESS_LOOPBACK },
    { { 169, 254 }, 16, XR_ADDRESS_LINK_LOCAL },
    { { 10 }, 8, XR_ADDRESS_PRIVATE },
    { { 172, 16 }, 12, XR_ADDRESS_PRIVATE },
    { { 192, 168 }, 16, XR_ADDRESS_PRIVATE },
    { { 100, 64 }, 10, XR_ADDRESS_PRIVATE },
    { { 192, 0, 2 }, 24, XR_ADDRESS_DOCUMENTATION },
    { { 198, 51, 100 }, 24, XR_ADDRESS_DOCUMENTATION },
    { { 203, 0, 113 }, 24, XR_ADDRESS_DOCUMENTATION },
    { { 224 }, 4, XR_ADDRESS_MULTICAST },
    { { 240 }, 4, XR_ADDRESS_RESERVED },
};

static const struct block six[] = {
    { { 0 }, 128, XR_ADDRESS_UNSPECIFIED },
    { { [15] = 1 }, 128, XR_ADDRESS_LOOPBACK },
    { { 0xfe, 0x80 }, 10, XR_ADDRESS_LINK_LOCAL },
    { { 0xfc }, 7, XR_ADDRESS_PRIVATE },
    { { 0x20, 0x01, 0x0d, 0xb8 }, 32, XR_ADDRESS_DOCUMENTATION },
    { { 0x01 }, 64, XR_ADDRESS_RESERVED },
    { { 0xff }, 8, XR_ADDRESS_MULTICAST },
};

static bool is_within(const struct block *block, const unsigned char *bytes)
{
    unsigned whole = block->bits / 8, rest = block->bits % 8;
    unsigned char mask = (unsigned char)(0xff << (8 - rest));

    return !memcmp(block->first, bytes, whole) &&
           (!rest || (block->first[whole] & mask) == (bytes[whole] & mask));
}

static enum xr_address_kind kind_in(
    const struct block *blocks, size_t n, const unsigned char *bytes)
{
    for (size_t i = 0; i < n; i++)
        if (is_within(&blocks[i], bytes))
            return blocks[i].kind;
    return XR_ADDRESS_PUBLIC;
}

enum xr_address_kind xr_address_kind(const char *text)
{
    static const struct block mapped = { { [10] = 0xff, [11] = 0xff }, 96, XR_ADDRESS_PUBLIC };
    unsigned char bytes[16];

    if (inet_pton(AF_INET, text, bytes) == 1)
        return kind_in(four, sizeof(four) / sizeof(*four), bytes);
    if (inet_pton(AF_INET6, text, bytes) != 1)
        return XR_ADDRESS_PUBLIC;
    if (is_within(&mapped, bytes))
        return kind_in(four, sizeof(four) / sizeof(*four), bytes + 12);
    return kind_in(six, sizeof(six) / sizeof(*six), bytes);
}

const char *xr_address_note(const char *text)
{
    static const char *const notes[] = {
        [XR_ADDRESS_PUBLIC] = NULL,
        [XR_ADDRESS_PRIVATE] = "a private address: it works only within its own network",
        [XR_ADDRESS_LOOPBACK] = "a loopback address: to every client it means the client itself",
        [XR_ADDRESS_UNSPECIFIED] = "the unspecified address, which no machine has; filters and "
                                   "blocklists answer so",
        [XR_ADDRESS_LINK_LOCAL] = "a link-local address: it works only on one wire, and machines "
                                  "give it to themselves when DHCP fails",
        [XR_ADDRESS_MULTICAST] = "a multicast address, to which nobody can connect",
        [XR_ADDRESS_RESERVED] = "a reserved address, which no machine may have",
        [XR_ADDRESS_DOCUMENTATION] = "an address for examples in documents, which no machine has",
    };

    return notes[xr_address_kind(text)];
}
