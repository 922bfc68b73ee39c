#ifndef XR_KERBEROS_FRAME_H
#define XR_KERBEROS_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "analyzer/wire/kerberos.h"

/*
 * What a parent and its Kerberos child say to each other; for analyzer/wire/kerberos*.c alone. A
 * frame is four bytes of length and then fields, each with four bytes of length before it; numbers
 * are big-endian. Neither side trusts a length of the other's.
 *
 * The parent begins with who logs on, and then asks; each question gets one answer, and before it
 * a frame of the same form for each message to a Kerberos server.
 */
enum {
    XR_FRAME_HEAD = 4,
    XR_FRAME_MAX = XR_KERBEROS_TOKEN_MAX + 32 * 1024, /* the head not counted */
};

/* REALMS: with a space between two. */
enum xr_frame_who { XR_WHO_ACCOUNT, XR_WHO_KEYTAB, XR_WHO_PASSWORD, XR_WHO_REALMS, XR_WHO_FIELDS };
enum xr_frame_question { XR_QUESTION_HOST, XR_QUESTION_BINDING, XR_QUESTION_FIELDS };
/* NUMBERS: the fault (XR_ANSWER_GOOD: none), whether the password or keytab got a ticket, libkrb5's
 * code, when the ticket ends. TEXT: the error's.
 * Before its answer a child tells which servers it asks: the fault is XR_ANSWER_ASKS, the code an
 * enum xr_kerberos_asking, PRINCIPAL the realm. */
enum xr_frame_answer {
    XR_ANSWER_NUMBERS,
    XR_ANSWER_TOKEN,
    XR_ANSWER_PRINCIPAL,
    XR_ANSWER_SERVICE,
    XR_ANSWER_TEXT,
    XR_ANSWER_FIELDS
};

enum { XR_ANSWER_GOOD = 0xff, XR_ANSWER_ASKS = 0xfe, XR_NUMBERS_LENGTH = 1 + 1 + 4 + 8 };

struct xr_numbers {
    uint8_t fault;
    bool proved;
    int32_t native;
    int64_t expires_ms;
};

struct xr_field {
    const uint8_t *bytes;
    size_t length;
};

struct xr_frame {
    uint8_t *bytes; /* the head too, when packed; without it, when read */
    size_t length;
};

struct xr_field xr_field_text(const char *text); /* NULL: an empty one */

/* false: it would be too long. Ends with xr_frame_done(). */
bool xr_frame_pack(struct xr_frame *ret, const struct xr_field *fields, size_t n);
void xr_frame_done(struct xr_frame *frame); /* wipes it: it may hold a password */

#define xr_auto_frame __attribute__((cleanup(xr_frame_done))) struct xr_frame

/* What the head says; 0: more than allowed, or nothing. */
size_t xr_frame_length(const uint8_t head[XR_FRAME_HEAD]);
/* A frame of that length, to be filled; without the head. */
void xr_frame_init(struct xr_frame *ret, size_t length);
/* false: not these many fields that end with the frame. They point into it. */
bool xr_frame_unpack(const struct xr_frame *frame, struct xr_field *ret, size_t n);

void xr_numbers_write(const struct xr_numbers *numbers, uint8_t ret[XR_NUMBERS_LENGTH]);
struct xr_numbers xr_numbers_read(const uint8_t bytes[XR_NUMBERS_LENGTH]);

#endif
