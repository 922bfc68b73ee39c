#include "analyzer/org/seen.h"

#include <ctype.h>
#include <stdlib.h>
#include <sys/random.h>

enum { FIRST_CAPACITY = 1024 };

struct xr_seen_slot {
    uint64_t hash[2];
    int64_t line; /* one more, so that 0 is a free slot */
};

static struct xr_seen_slot *new_slots(size_t n)
{
    struct xr_seen_slot *slots = calloc(n, sizeof(*slots));

    if (!slots)
        abort();
    return slots;
}

void xr_seen_init(struct xr_seen *seen)
{
    *seen = (struct xr_seen){ .slots_ = new_slots(FIRST_CAPACITY), .capacity_ = FIRST_CAPACITY };
    if (getrandom(seen->key_, sizeof(seen->key_), 0) != sizeof(seen->key_))
        abort();
}

void xr_seen_done(struct xr_seen *seen)
{
    free(seen->slots_);
    *seen = (struct xr_seen){ 0 };
}

static uint64_t rotate(uint64_t x, int bits)
{
    return x << bits | x >> (64 - bits);
}

static void rounds(uint64_t v[4], int n)
{
    while (n--) {
        v[0] += v[1];
        v[2] += v[3];
        v[1] = rotate(v[1], 13) ^ v[0];
        v[3] = rotate(v[3], 16) ^ v[2];
        v[0] = rotate(v[0], 32) + v[3];
        v[2] += v[1];
        v[3] = rotate(v[3], 21) ^ v[0];
        v[1] = rotate(v[1], 17) ^ v[2];
        v[2] = rotate(v[2], 32);
    }
}

static void mix(uint64_t v[4], uint64_t word)
{
    v[3] ^= word;
    rounds(v, 2);
    v[0] ^= word;
}

/* SipHash-2-4 with 128 bits (Aumasson, Bernstein 2012) of the text in lower case. */
static void hash(const uint64_t key[2], const char *text, uint64_t ret[2])
{
    uint64_t v[4] = { key[0] ^ 0x736f6d6570736575, key[1] ^ 0x646f72616e646f6d ^ 0xee,
        key[0] ^ 0x6c7967656e657261, key[1] ^ 0x7465646279746573 };
    uint64_t word = 0, n = 0;

    for (; *text; text++) {
        word |= (uint64_t)(unsigned char)tolower((unsigned char)*text) << 8 * (n % 8);
        if (++n % 8)
            continue;
        mix(v, word);
        word = 0;
    }
    mix(v, word | n << 56);
    v[2] ^= 0xee;
    rounds(v, 4);
    ret[0] = v[0] ^ v[1] ^ v[2] ^ v[3];
    v[1] ^= 0xdd;
    rounds(v, 4);
    ret[1] = v[0] ^ v[1] ^ v[2] ^ v[3];
}

/* Its slot, or the free one where it belongs. */
static struct xr_seen_slot *find(const struct xr_seen *seen, const uint64_t hashed[2])
{
    for (size_t i = hashed[0] & (seen->capacity_ - 1);; i = (i + 1) & (seen->capacity_ - 1)) {
        struct xr_seen_slot *slot = seen->slots_ + i;
        bool same = slot->hash[0] == hashed[0] && slot->hash[1] == hashed[1];
        if (!slot->line || same)
            return slot;
    }
}

static void grow(struct xr_seen *seen)
{
    struct xr_seen_slot *old = seen->slots_;
    size_t n = seen->capacity_;

    seen->capacity_ *= 2;
    seen->slots_ = new_slots(seen->capacity_);
    for (size_t i = 0; i < n; i++)
        if (old[i].line)
            *find(seen, old[i].hash) = old[i];
    free(old);
}

bool xr_seen_add(struct xr_seen *seen, const char *text, int64_t line, int64_t *ret_line)
{
    uint64_t hashed[2];

    if (seen->n >= seen->capacity_ / 4 * 3)
        grow(seen);
    hash(seen->key_, text, hashed);
    struct xr_seen_slot *slot = find(seen, hashed);
    if (slot->line) {
        *ret_line = slot->line - 1;
        return false;
    }
    *slot = (struct xr_seen_slot){ { hashed[0], hashed[1] }, line + 1 };
    seen->n++;
    return true;
}
