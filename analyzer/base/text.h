#ifndef XR_TEXT_H
#define XR_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "analyzer/base/arena.h"

/*
 * Text that strangers sent. Inside the program text is valid UTF-8 without
 * NUL; it may hold control characters, which every sink shows in its own way.
 */

/* Copies, with U+FFFD for what is not UTF-8 and for NUL. */
const char *xr_utf8(struct xr_arena *arena, const char *bytes, size_t length);

/* The next code point of valid UTF-8, 0 at the end. Moves *at behind it. */
uint32_t xr_utf8_next(const char **at);

/* Controls (C0, DEL, C1), bidirectional and other invisible format characters: never shown raw. */
bool xr_is_invisible(uint32_t code_point);

/* For a terminal or a log line: invisible characters become \n, \x1b or \u202e. One line. */
const char *xr_visible(struct xr_arena *arena, const char *text);

/* The same of at most so many bytes, with "..." behind what was cut: for quoting strangers in a
 * sentence. */
const char *xr_excerpt(struct xr_arena *arena, const char *text, size_t most);
enum { XR_QUOTED_MAX = 120 };

bool xr_same(const char *a, const char *b); /* ASCII letter case ignored; NULL equals NULL */
bool xr_starts(const char *text, const char *prefix);             /* ASCII letter case ignored */
bool xr_contains(const char *text, const char *needle);           /* ASCII letter case ignored */
const char *xr_trimmed(struct xr_arena *arena, const char *text); /* white space at both ends */

/* "name" is "domain" or lies below it, label by label; a closing dot is ignored. */
bool xr_is_in_domain(const char *name, const char *domain);

/*
 * A host name as it goes into DNS: A-labels (IDNA2008, non-transitional), lower
 * case, no closing dot, at most 253 octets. NULL: not a host name; *ret_why
 * says why. An IP address in text passes unchanged.
 */
const char *xr_host_ascii(struct xr_arena *arena, const char *name, const char **ret_why);

/* An SMTP address, taken apart (RFC 5321 4.1.2, dot-string or quoted local part). */
struct xr_address {
    const char *local, *domain; /* domain: as xr_host_ascii() makes it */
};

/* false: *ret_why says what is wrong, as a phrase. */
bool xr_address_parse(
    struct xr_arena *arena, const char *text, struct xr_address *ret, const char **ret_why);

/* Text and attribute values of XML. Control characters that XML 1.0 has no way to write are left
 * out. */
const char *xr_xml_escape(struct xr_arena *arena, const char *text);

/* The nearest of the candidates (a NULL-ended list) by edit distance, for "did you mean". NULL:
 * none near. */
const char *xr_nearest(const char *word, const char *const *candidates);

#endif
