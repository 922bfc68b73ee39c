#include "analyzer/base/arena.h"

#include <limits.h>
#include <stdalign.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The first block is small, so that thousands of runs of a bulk check stay small. */
enum { FIRST_BLOCK = 4 * 1024, LARGEST_BLOCK = 64 * 1024 };

struct block {
    struct block *next;
    size_t used;
    size_t size;
    alignas(max_align_t) unsigned char bytes[];
};

struct xr_arena {
    struct block *head;
    struct xr_arena *into;               /* absorbed by: what is asked of this one goes there */
    struct xr_arena *absorbed, *sibling; /* those that this one absorbed */
};

static struct block *block_new(size_t size)
{
    struct block *block = calloc(1, sizeof(*block) + size);

    if (!block)
        abort();
    block->size = size;
    return block;
}

struct xr_arena *xr_arena_new(void)
{
    struct xr_arena *arena = calloc(1, sizeof(*arena));

    if (!arena)
        abort();
    arena->head = block_new(FIRST_BLOCK);
    return arena;
}

void xr_arena_free(struct xr_arena *arena)
{
    if (!arena)
        return;
    for (struct xr_arena *inner = arena->absorbed, *next; inner; inner = next) {
        next = inner->sibling;
        xr_arena_free(inner);
    }
    for (struct block *block = arena->head, *next; block; block = next) {
        next = block->next;
        free(block);
    }
    free(arena);
}

void xr_arena_clear(struct xr_arena *arena)
{
    struct block *kept = arena->head;

    for (struct xr_arena *inner = arena->absorbed, *next; inner; inner = next) {
        next = inner->sibling;
        xr_arena_free(inner);
    }
    for (struct block *block = kept->next, *next; block; block = next) {
        next = block->next;
        free(block);
    }
    memset(kept->bytes, 0, kept->used);
    kept->next = NULL;
    kept->used = 0;
    arena->absorbed = NULL;
}

void xr_arena_absorb(struct xr_arena *into, struct xr_arena *from)
{
    from->into = into;
    from->sibling = into->absorbed;
    into->absorbed = from;
}

static size_t next_size(const struct xr_arena *arena, size_t need)
{
    size_t size = arena->head->size * 2;

    if (size > LARGEST_BLOCK)
        size = LARGEST_BLOCK;
    return need > size ? need : size;
}

void *xr_alloc(struct xr_arena *arena, size_t size)
{
    while (arena->into)
        arena = arena->into;
    struct block *block = arena->head;
    size_t need = (size + alignof(max_align_t) - 1) & ~(alignof(max_align_t) - 1);

    if (need < size || need > SIZE_MAX / 2)
        abort();
    if (block->size - block->used < need) {
        block = block_new(next_size(arena, need));
        block->next = arena->head;
        arena->head = block;
    }
    void *result = block->bytes + block->used;
    block->used += need;
    return result;
}

enum { DIGITS_MAX = 10 };

/* The digits of a number, with zeros before them up to the width. Returns where they begin. */
static char *digits_of(unsigned number, int width, char *end)
{
    char *at = end;

    do
        *--at = (char)('0' + number % 10);
    while (number /= 10);
    while (end - at < width)
        *--at = '0';
    return at;
}

/* "%d" and "%u", and with up to nine zeros before them, "%02d". Returns what follows in the format,
 * NULL: it is another one. */
static const char *number_text(const char *fmt, va_list *args, char *end, char **ret_text)
{
    int width = 0;

    if (fmt[0] == '0' && fmt[1] >= '1' && fmt[1] <= '9') {
        width = fmt[1] - '0';
        fmt += 2;
    }
    if (*fmt != 'd' && *fmt != 'u')
        return NULL;
    unsigned number = *fmt == 'd' ? (unsigned)va_arg(*args, int) : va_arg(*args, unsigned);
    if (*fmt == 'd' && number > INT_MAX)
        return NULL;
    *ret_text = digits_of(number, width, end);
    return fmt + 1;
}

/*
 * Formats of plain texts and numbers are most of all, and the C library takes a long way with them.
 * -1: it is for vsnprintf(), which begins with the same bytes.
 */
static int put_simple(char *to, size_t room, const char *fmt, va_list *args)
{
    char number[DIGITS_MAX];
    size_t used = 0;

    while (*fmt) {
        const char *part = fmt;
        size_t n = (size_t)(strchrnul(fmt, '%') - fmt);
        fmt += n;
        if (!n && fmt[1] == 's') {
            part = va_arg(*args, const char *);
            n = part ? strlen(part) : room;
            fmt += 2;
        } else if (!n) {
            char *text = number;
            fmt = number_text(fmt + 1, args, number + DIGITS_MAX, &text);
            part = text;
            n = fmt ? (size_t)(number + DIGITS_MAX - text) : room;
        }
        if (n >= room - used)
            return -1;
        memcpy(to + used, part, n);
        used += n;
    }
    return (int)used;
}

/* Most texts fit into what is left of the block: they are written there at once. */
char *xr_vprintf(struct xr_arena *arena, const char *fmt, va_list args)
{
    va_list again;

    while (arena->into)
        arena = arena->into;
    struct block *block = arena->head;
    char *text = (char *)block->bytes + block->used;
    size_t room = block->size - block->used;
    va_copy(again, args);
    int length = put_simple(text, room, fmt, &again);
    va_end(again);
    if (length >= 0)
        return xr_alloc(arena, (size_t)length + 1);
    va_copy(again, args);
    length = vsnprintf(text, room, fmt, args);
    if (length < 0)
        abort();
    if ((size_t)length < room) {
        va_end(again);
        return xr_alloc(arena, (size_t)length + 1);
    }
    memset(text, 0, room);
    text = xr_alloc(arena, (size_t)length + 1);
    (void)vsnprintf(text, (size_t)length + 1, fmt, again);
    va_end(again);
    return text;
}

char *xr_printf(struct xr_arena *arena, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    char *text = xr_vprintf(arena, fmt, args);
    va_end(args);
    return text;
}

char *xr_strndup(struct xr_arena *arena, const char *text, size_t length)
{
    char *copy = xr_alloc(arena, length + 1);

    memcpy(copy, text, length);
    return copy;
}

char *xr_strdup(struct xr_arena *arena, const char *text)
{
    return xr_strndup(arena, text, strlen(text));
}
