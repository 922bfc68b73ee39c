#include "analyzer/wire/proofs.h"

#include <ctype.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "analyzer/base/buf.h"
#include "analyzer/wire/base64.h"

/*
 * A piece that somebody cut out begins anywhere. So short runs of characters
 * (grams) are looked up that stand at regular distances in what went out: every
 * piece that is long enough holds one of them. Around it the piece is measured.
 */
enum { GRAM = 8, SLOTS_FIRST = 1024, KEPT_BYTES = 256 * 1024 };

/* How it may be written. What is looked through is made alike: the two alphabets of base64, and the
 * letter case of digits. */
enum kind { RAW, BASE64, HEX, KINDS };

static const size_t least[KINDS] = { [RAW] = 16, [BASE64] = 20, [HEX] = 24 };

struct text {
    unsigned char *at;
    size_t length;
};

struct gram {
    uint64_t value;
    uint32_t form; /* from 1 on; 0: the slot is free */
    uint32_t at;
};

struct index {
    struct text *forms;
    uint32_t forms_n;
    struct gram *slots; /* a power of two of them, or none */
    size_t slots_n, used;
};

struct xr_proofs {
    struct text *messages; /* the oldest first */
    size_t n, bytes;
    struct index by_kind[KINDS];
};

static void *must(void *allocated)
{
    if (!allocated)
        abort();
    return allocated;
}

static struct text copy_of(const void *bytes, size_t length)
{
    struct text copy = { must(malloc(length + 1)), length };

    memcpy(copy.at, bytes, length);
    return copy;
}

static void text_done(struct text *text)
{
    explicit_bzero(text->at, text->length);
    free(text->at);
}

/* ---- the index ---- */

static uint64_t value_at(const unsigned char *at)
{
    uint64_t value;

    _Static_assert(sizeof(value) == GRAM, "a gram is one number");
    memcpy(&value, at, sizeof(value));
    return value;
}

/* Where the value is, or is to be put. */
static struct gram *slot_of(const struct index *index, uint64_t value)
{
    size_t mask = index->slots_n - 1;
    size_t i = (size_t)((value * 0x9e3779b97f4a7c15U) >> 32) & mask;

    while (index->slots[i].form && index->slots[i].value != value)
        i = (i + 1) & mask;
    return &index->slots[i];
}

static void grow(struct index *index)
{
    struct index larger = *index;

    larger.slots_n = index->slots_n ? index->slots_n * 2 : SLOTS_FIRST;
    larger.slots = must(calloc(larger.slots_n, sizeof(*larger.slots)));
    for (size_t i = 0; i < index->slots_n; i++)
        if (index->slots[i].form)
            *slot_of(&larger, index->slots[i].value) = index->slots[i];
    free(index->slots);
    *index = larger;
}

/* The first of several is enough: the piece around it is found by its other grams too. */
static void put(struct index *index, struct gram gram)
{
    if (index->used * 2 >= index->slots_n)
        grow(index);
    struct gram *slot = slot_of(index, gram.value);
    if (slot->form)
        return;
    *slot = gram;
    index->used++;
}

static void add_form(struct xr_proofs *proofs, enum kind kind, const void *bytes, size_t length)
{
    struct index *index = &proofs->by_kind[kind];
    size_t step = least[kind] - GRAM + 1;

    if (length < least[kind])
        return;
    index->forms = must(realloc(index->forms, (index->forms_n + 1) * sizeof(*index->forms)));
    const struct text form = index->forms[index->forms_n++] = copy_of(bytes, length);
    for (size_t at = 0; at + GRAM <= length; at += step)
        put(index, (struct gram){ value_at(form.at + at), index->forms_n, (uint32_t)at });
}

static void add_hex(struct xr_proofs *proofs, const struct text *message)
{
    static const char digits[] = "0123456789abcdef";
    struct text hex = { must(malloc(message->length * 2 + 1)), message->length * 2 };

    for (size_t i = 0; i < hex.length; i++)
        hex.at[i] = (unsigned char)digits[message->at[i / 2] >> (i % 2 ? 0 : 4) & 15];
    add_form(proofs, HEX, hex.at, hex.length);
    text_done(&hex);
}

/* Without the last character, which may depend on what stands behind. */
static void add_base64(struct xr_proofs *proofs, const struct text *message, size_t from)
{
    size_t length = message->length > from ? message->length - from : 0;
    xr_auto_buf encoded;

    xr_buf_init(&encoded, (length + 2) / 3 * 4);
    if (length && xr_base64_encode(&encoded, message->at + from, length))
        add_form(proofs, BASE64, encoded.at, length * 8 / 6);
    explicit_bzero(encoded.at, encoded.capacity);
}

static void add_forms(struct xr_proofs *proofs, const struct text *message)
{
    add_form(proofs, RAW, message->at, message->length);
    add_hex(proofs, message);
    for (size_t from = 0; from < 3; from++)
        add_base64(proofs, message, from);
}

static void index_done(struct index *index)
{
    for (uint32_t i = 0; i < index->forms_n; i++)
        text_done(&index->forms[i]);
    if (index->slots)
        explicit_bzero(index->slots, index->slots_n * sizeof(*index->slots));
    free(index->forms);
    free(index->slots);
    *index = (struct index){ 0 };
}

/* ---- what is kept ---- */

struct xr_proofs *xr_proofs_new(void)
{
    return must(calloc(1, sizeof(struct xr_proofs)));
}

static void forget(struct xr_proofs *proofs, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        proofs->bytes -= proofs->messages[i].length;
        text_done(&proofs->messages[i]);
    }
    proofs->n -= n;
    if (n)
        memmove(proofs->messages, proofs->messages + n, proofs->n * sizeof(*proofs->messages));
}

/* Half of them at once, since the index is made anew each time. */
static void make_room(struct xr_proofs *proofs)
{
    while (proofs->bytes > KEPT_BYTES && proofs->n > 1)
        forget(proofs, proofs->n / 2);
    for (int kind = 0; kind < KINDS; kind++)
        index_done(&proofs->by_kind[kind]);
    for (size_t i = 0; i < proofs->n; i++)
        add_forms(proofs, &proofs->messages[i]);
}

void xr_proofs_add(struct xr_proofs *proofs, const void *message, size_t length)
{
    size_t size = (proofs->n + 1) * sizeof(*proofs->messages);

    proofs->messages = must(realloc(proofs->messages, size));
    proofs->messages[proofs->n++] = copy_of(message, length);
    proofs->bytes += length;
    if (proofs->bytes > KEPT_BYTES && proofs->n > 1)
        make_room(proofs);
    else
        add_forms(proofs, &proofs->messages[proofs->n - 1]);
}

void xr_proofs_free(struct xr_proofs *proofs)
{
    if (!proofs)
        return;
    forget(proofs, proofs->n);
    for (int kind = 0; kind < KINDS; kind++)
        index_done(&proofs->by_kind[kind]);
    free(proofs->messages);
    free(proofs);
}

/* ---- the search ---- */

struct piece {
    size_t begin, end;
};

/* To the left no farther than needed: what stands there was looked at before. */
static struct piece measure(const struct text *form, const struct gram *gram,
    const struct text *text, size_t at, size_t most)
{
    size_t left = 0, right = GRAM;

    while (left < most && left < at && left < gram->at &&
           text->at[at - left - 1] == form->at[gram->at - left - 1])
        left++;
    while (at + right < text->length && gram->at + right < form->length &&
           text->at[at + right] == form->at[gram->at + right])
        right++;
    return (struct piece){ at - left, at + right };
}

/* Zeroes are in every answer, and names of hosts in plain or in UTF-16. */
static bool is_telling(enum kind kind, const unsigned char *at, size_t length)
{
    enum { CHARACTERS_MIN = 8, ODD_BYTES_MIN = 3 };
    bool seen[256] = { false };
    size_t characters = 0, odd = 0;

    for (size_t i = 0; i < length; i++) {
        characters += !seen[at[i]];
        seen[at[i]] = true;
        odd += at[i] && (at[i] < ' ' || at[i] > '~');
    }
    return kind == RAW ? odd >= ODD_BYTES_MIN : characters >= CHARACTERS_MIN;
}

/* text: bytes, made alike. */
static bool hide(
    const struct xr_proofs *proofs, enum kind kind, const struct text *text, char *bytes)
{
    const struct index *index = &proofs->by_kind[kind];
    bool found = false;

    for (size_t i = 0; i + GRAM <= text->length;) {
        const struct gram *gram = slot_of(index, value_at(text->at + i));
        size_t next = ++i;
        if (!gram->form)
            continue;
        struct piece piece = measure(&index->forms[gram->form - 1], gram, text, i - 1, least[kind]);
        size_t length = piece.end - piece.begin;
        if (length >= least[kind] && is_telling(kind, text->at + piece.begin, length)) {
            memset(bytes + piece.begin, '*', length);
            found = true;
        }
        if (piece.end > least[kind])
            next = piece.end - least[kind];
        i = next > i ? next : i;
    }
    return found;
}

static void make_alike(enum kind kind, struct text *text)
{
    for (size_t i = 0; i < text->length; i++) {
        unsigned char *c = &text->at[i];
        if (kind == BASE64)
            *c = *c == '-' ? '+' : *c == '_' ? '/' : *c;
        if (kind == HEX)
            *c = (unsigned char)tolower(*c);
    }
}

bool xr_proofs_hide(const struct xr_proofs *proofs, char *bytes, size_t length)
{
    bool found = false;

    if (length < GRAM || !proofs || !proofs->n)
        return false;
    for (int kind = 0; kind < KINDS; kind++) {
        if (!proofs->by_kind[kind].used)
            continue;
        struct text text = copy_of(bytes, length);
        make_alike((enum kind)kind, &text);
        found |= hide(proofs, (enum kind)kind, &text, bytes);
        text_done(&text);
    }
    return found;
}
