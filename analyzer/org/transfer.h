#ifndef XR_TRANSFER_H
#define XR_TRANSFER_H

#include <stdio.h>

#include "analyzer/org/store.h"

/*
 * Users and organisations as files: CSV (RFC 4180; comma or semicolon, BOM,
 * CRLF or LF) and JSON ("exray.org/1"). Reading is in two passes: the first
 * judges every line and changes nothing, the second saves all in one
 * transaction. Memory does not grow with the number of users, beyond what
 * finding duplicates needs.
 */
enum { XR_IMPORT_ERRORS_MAX = 100, XR_IMPORT_LINE_MAX = 64 * 1024 };

struct xr_import_error {
    int64_t line;      /* from 1; of JSON: the line where the element begins */
    const char *field; /* NULL: the whole line */
    const char *text;  /* a sentence with the value (cut, made visible) */
};

struct xr_import {
    int64_t users, added, changed, unchanged;
    struct xr_import_error errors[XR_IMPORT_ERRORS_MAX];
    size_t error_n;      /* of the array */
    int64_t error_total; /* all that were met */
    int64_t warnings;    /* addresses outside of the domains; the first ones are in warning[] */
    struct xr_import_error warning[XR_IMPORT_ERRORS_MAX];
    size_t warning_n;
};

enum xr_transfer_fault {
    XR_TRANSFER_FILE,  /* cannot be read or written: exit 66 or 69 */
    XR_TRANSFER_LINES, /* it has errors, told in struct xr_import: nothing was changed: exit 66 */
    XR_TRANSFER_STORE, /* exit 78 or as the store's fault says */
};

struct xr_transfer_err {
    enum xr_transfer_fault fault;
    const char *text;
    const struct xr_store_err *store; /* of XR_TRANSFER_STORE */
};

/* Users of one organisation from CSV or JSON, told by the first character that is no space. A user
 * who is there already is changed: the columns of the file count, others stay. dry_run: judges
 * only. */
xr_must_check const struct xr_transfer_err *xr_import_users(struct xr_store *store,
    struct xr_arena *arena, const struct xr_org *org, const char *path, bool dry_run,
    struct xr_import *ret);
/* A whole organisation with its users, from JSON. The name must be free. Sealed secrets in the file
 * are taken over; they open with the key that sealed them. */
xr_must_check const struct xr_transfer_err *xr_import_org(struct xr_store *store,
    struct xr_arena *arena, const char *path, bool dry_run, struct xr_org *ret_org,
    struct xr_import *ret);

/* Cells that a spreadsheet would take for a formula get an apostrophe in front, which the import
 * takes off again. */
xr_must_check const struct xr_transfer_err *xr_export_users_csv(
    struct xr_store *store, struct xr_arena *arena, const struct xr_org *org, FILE *out);
/* with_secrets: as ciphertext. users: false leaves them out. */
xr_must_check const struct xr_transfer_err *xr_export_org_json(struct xr_store *store,
    struct xr_arena *arena, const struct xr_org *org, bool users, bool with_secrets, FILE *out);

#endif
