#ifndef XR_IMPORT_H
#define XR_IMPORT_H

#include "analyzer/org/seen.h"
#include "analyzer/org/transfer.h"

/*
 * The inside of the import (transfer.h): the readers of the two formats make
 * rows, xr_import_row() judges each and, in the second pass, saves it.
 */
enum xr_column {
    XR_COLUMN_EMAIL,
    XR_COLUMN_ACCESS_TYPE,
    XR_COLUMN_USER_NAME,
    XR_COLUMN_ACCOUNT,
    XR_COLUMN_EWS_URL,
    XR_COLUMN_ENABLED,
    XR_COLUMN_COUNT,
};

extern const char *const xr_column_names[XR_COLUMN_COUNT + 1]; /* "ews_url"; NULL-ended */

/* A user as a file tells him. All of it lives until the next row. */
struct xr_row {
    int64_t line;
    bool given[XR_COLUMN_COUNT];
    const char *text[XR_COLUMN_COUNT]; /* NULL: empty */
    const char *uid;                   /* NULL: the file does not say */
    struct xr_sealed sealed[XR_SECRET_KIND_COUNT];
    size_t sealed_n;
};

/* One pass over a file. */
struct xr_pass {
    struct xr_store *store;
    struct xr_arena *arena;   /* of the caller: what is told lives there */
    struct xr_arena *scratch; /* of the row */
    const struct xr_org *org;
    bool whole;      /* the organisation comes from the same file */
    bool empty;      /* the organisation has no users yet: nobody is looked for */
    bool save;       /* the second pass: what was judged in the first is not judged again */
    bool brings_ids; /* rows with ids of their own, which only saving can find taken */
    struct xr_seen emails, uids;
    struct xr_import *ret;
    const struct xr_transfer_err *err; /* ended the pass */
};

const struct xr_transfer_err *xr_transfer_fail(struct xr_arena *arena, enum xr_transfer_fault fault,
    const char *fmt, ...) __attribute__((format(printf, 3, 4), returns_nonnull));
/* Copies what the store says, which may live in a scratch arena. NULL gives NULL. */
const struct xr_transfer_err *xr_transfer_store(
    struct xr_arena *arena, const struct xr_store_err *err);

/* Notes an error of a line. field: NULL or a static text. */
void xr_import_flaw(struct xr_pass *pass, int64_t line, const char *field, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
void xr_import_warn(struct xr_pass *pass, int64_t line, const char *field, const char *text);
/* A text for a sentence: cut and made visible. */
const char *xr_quoted(struct xr_pass *pass, const char *text);

/* Before each row: what the last one allocated ends. */
void xr_import_clear(struct xr_pass *pass);
/* Judges, counts and, when pass->save, saves. false: pass->err. */
bool xr_import_row(struct xr_pass *pass, const struct xr_row *row);
/* Stores the ciphertexts that differ from what is there. *ret_changed: one did. */
bool xr_import_sealed(struct xr_pass *pass, const char *uid, const struct xr_sealed *sealed,
    size_t n, bool *ret_changed);

/* The readers: all users of a file. false: pass->err. */
bool xr_import_csv(struct xr_pass *pass, FILE *in);
bool xr_import_json(struct xr_pass *pass, FILE *in);

/* The organisation of an "exray.org/1" file. */
struct xr_org_file {
    int64_t line; /* where it begins */
    struct xr_org org;
    struct xr_sealed sealed[XR_SECRET_KIND_COUNT];
    size_t sealed_n;
};

/* Errors are noted; all texts live in pass->arena. */
void xr_import_json_org(struct xr_pass *pass, FILE *in, struct xr_org_file *ret);

#endif
