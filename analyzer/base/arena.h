#ifndef XR_ARENA_H
#define XR_ARENA_H

#include <stdarg.h>
#include <stddef.h>

/*
 * An arena owns everything one run allocates: the step tree, the facts, every
 * string in them. Nothing in it is freed alone; xr_arena_free() ends them all.
 * An arena belongs to one thread at a time.
 *
 * Running out of memory aborts the program. Whatever a remote server can make
 * us allocate goes through struct xr_buf, which has a limit instead.
 */
struct xr_arena;

struct xr_arena *xr_arena_new(void);
void xr_arena_free(struct xr_arena *arena); /* NULL is fine */
/* Ends all that is in it; the arena itself goes on, with one block of memory at hand. */
void xr_arena_clear(struct xr_arena *arena);

/* From now on "from" lives and dies with "into": pointers stay valid, and what is asked of it comes
 * from "into". */
void xr_arena_absorb(struct xr_arena *into, struct xr_arena *from);

/* Zeroed memory. */
void *xr_alloc(struct xr_arena *arena, size_t size) __attribute__((malloc, returns_nonnull));
char *xr_printf(struct xr_arena *arena, const char *fmt, ...)
    __attribute__((format(printf, 2, 3), returns_nonnull));
char *xr_vprintf(struct xr_arena *arena, const char *fmt, va_list args)
    __attribute__((format(printf, 2, 0), returns_nonnull));
char *xr_strndup(struct xr_arena *arena, const char *text, size_t length)
    __attribute__((returns_nonnull));
char *xr_strdup(struct xr_arena *arena, const char *text) __attribute__((returns_nonnull));

#define xr_new(arena, type)      ((type *)xr_alloc((arena), sizeof(type)))
#define xr_new_n(arena, type, n) ((type *)xr_alloc((arena), sizeof(type) * (n)))

#endif
