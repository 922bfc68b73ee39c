#include "analyzer/wire/md4.h"

#include <string.h>

enum { BLOCK_BYTES = 64, LENGTH_BYTES = 8, STEPS = 16 };

static uint32_t rotated(uint32_t word, unsigned by)
{
    return word << by | word >> (32 - by);
}

static uint32_t choose(uint32_t x, uint32_t y, uint32_t z)
{
    return (x & y) | (~x & z);
}

static uint32_t majority(uint32_t x, uint32_t y, uint32_t z)
{
    return (x & y) | (x & z) | (y & z);
}

static uint32_t parity(uint32_t x, uint32_t y, uint32_t z)
{
    return x ^ y ^ z;
}

/* RFC 1320 3.4: which word of the block each of the 16 steps takes, and how far it turns. */
static const struct {
    uint32_t (*mix)(uint32_t, uint32_t, uint32_t);
    uint32_t constant;
    uint8_t turns[4], words[STEPS];
} rounds[] = {
    { choose, 0, { 3, 7, 11, 19 }, { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15 } },
    { majority, 0x5a827999, { 3, 5, 9, 13 },
        { 0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15 } },
    { parity, 0x6ed9eba1, { 3, 9, 11, 15 },
        { 0, 8, 4, 12, 2, 10, 6, 14, 1, 9, 5, 13, 3, 11, 7, 15 } },
};

static uint32_t word_of(const uint8_t *block, unsigned index)
{
    uint32_t word = 0;

    for (unsigned i = 4; i-- > 0;)
        word = word << 8 | block[4 * index + i];
    return word;
}

/* The four registers trade places after each step; here the one that is written moves instead. */
static void add_block(uint32_t state[4], const uint8_t *block)
{
    uint32_t at[4];

    memcpy(at, state, sizeof(at));
    for (size_t r = 0; r < sizeof(rounds) / sizeof(*rounds); r++)
        for (unsigned step = 0; step < STEPS; step++) {
            unsigned a = (4 - step % 4) % 4, b = (a + 1) % 4, c = (a + 2) % 4, d = (a + 3) % 4;
            at[a] += rounds[r].mix(at[b], at[c], at[d]) + rounds[r].constant;
            at[a] =
                rotated(at[a] + word_of(block, rounds[r].words[step]), rounds[r].turns[step % 4]);
        }
    for (size_t i = 0; i < 4; i++)
        state[i] += at[i];
}

/* The rest, a single 1 bit, zeroes, and the length in bits: one block or two. */
static void add_last(uint32_t state[4], const uint8_t *rest, size_t rest_length, uint64_t bits)
{
    uint8_t block[2 * BLOCK_BYTES] = { 0 };
    size_t length = rest_length < BLOCK_BYTES - LENGTH_BYTES ? BLOCK_BYTES : 2 * BLOCK_BYTES;

    if (rest_length)
        memcpy(block, rest, rest_length);
    block[rest_length] = 0x80;
    for (size_t i = 0; i < LENGTH_BYTES; i++)
        block[length - LENGTH_BYTES + i] = (uint8_t)(bits >> 8 * i);
    for (size_t i = 0; i < length; i += BLOCK_BYTES)
        add_block(state, block + i);
    explicit_bzero(block, sizeof(block));
}

void xr_md4(const void *bytes, size_t length, uint8_t ret_digest[static XR_MD4_BYTES])
{
    uint32_t state[4] = { 0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476 };
    size_t rest = length % BLOCK_BYTES;
    const uint8_t *at = bytes;

    for (size_t i = 0; i < length - rest; i += BLOCK_BYTES)
        add_block(state, at + i);
    add_last(state, rest ? at + length - rest : NULL, rest, (uint64_t)length * 8);
    for (size_t i = 0; i < XR_MD4_BYTES; i++)
        ret_digest[i] = (uint8_t)(state[i / 4] >> 8 * (i % 4));
    explicit_bzero(state, sizeof(state));
}
