#ifndef XR_TRANSFER_H
#define XR_TRANSFER_H

#include <stdio.h>

#include "analyzer/org/store.h"

/*
 * Users and organisations as files: CSV (RFC 4180; comma or semicolon, BOM,
 * CRLF or LF) and JSON ("exray.org/1"). Reading is in two passes: the first
 * judges every line and changes nothing, the second saves all in one
 * transaction: all or nothing. A file that changes in between is an error. Memory does not grow
 * with the number of users, beyond what finding duplicates needs (about 24 to 48 bytes each). A
 * file may be a pipe or "-", the standard input, has 1 GiB and 5,000,000 users at most.
 *
 * CSV, of users. The first line names the columns: email, and any of access_type,
 * user_name, account, ews_url, enabled, in any order (letter case and spaces
 * around a name do not count). An unknown or doubled column, and a missing email,
 * is an error, and nothing else is looked at then. Every further line is a user
 * with as many cells as there are columns; a line of empty cells is passed over.
 *   - A column that is not there leaves its value as it is.
 *   - An empty cell of a column that is there clears the value. Of access_type and
 *     enabled, which nobody can be without, it leaves the value as it is; a new
 *     user has "inherit" and true.
 *   - enabled: true, false, yes, no, 1, 0, on, off.
 *   - Spaces around an address, an access type, a URL and enabled do not count.
 *   - Of an apostrophe in front of = + - @ TAB CR LF, spaces and further
 *     apostrophes between them, one is taken off: the export put it there
 *     (base/csv_cell.h). Export and import of any text give the same text.
 *
 * JSON, of users: an array of objects, or the whole organisation's file, of which
 * the users are taken. The names are those of the columns, and two more:
 *   - "id": 32 hexadecimal digits. A new user gets it; it must be free in the
 *     whole store. Of a user who is there already it is ignored.
 *   - "secrets": [{"kind": "password" or "token", "key_id", "bytes"}], ciphertext as
 *     lower-case hexadecimal digits. They are bound to the id: where the user has
 *     another one they are left out, with a warning. A file without them
 *     leaves the secrets as they are.
 * enabled is true or false; null and "" are what an empty cell is, an absent name
 * what an absent column is. An unknown or doubled name is an error.
 *
 * JSON, of an organisation: {"schema": "exray.org/1", "organization": {"name", "id",
 * "domains": [], "access_type", "account", "ews_url", "folder", "group_kind",
 * "scope_name", "notes", "secrets"}, "users": []}, in any order; name and
 * access_type must be there, "id" must be free.
 *
 * Errors of a line: what cannot be read (NUL, broken UTF-8, quotes out of place,
 * a record of more than 64 KiB; an object of more than 256 KiB), what is
 * too long or no word of its list, an address that stands in the file twice, and
 * every error that the lint has (lint.h), but not a missing secret and not what the
 * organisation lacks: both can be entered afterwards. Reading goes on behind such a line. JSON
 * whose brackets do not fit together cannot be read on; that is the last error then.
 */
enum { XR_IMPORT_ERRORS_MAX = 100, XR_IMPORT_LINE_MAX = 64 * 1024 };

struct xr_import_error {
    int64_t line;      /* from 1; of JSON: the line where the element begins */
    const char *field; /* NULL: the whole line */
    const char *text;  /* a sentence with the value (cut, made visible) */
};

struct xr_import {
    int64_t users; /* in the file, also those with errors */
    int64_t added, changed, unchanged;
    struct xr_import_error errors[XR_IMPORT_ERRORS_MAX];
    size_t error_n;      /* of the array */
    int64_t error_total; /* all that were met */
    int64_t warnings;    /* addresses outside of the domains, secrets that were left out; the first
                            ones are in warning[] */
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
 * who is there already is changed: the columns of the file count, others stay. dry_run: changes
 * nothing (users with ids of their own are saved and rolled back, to see whether the ids are
 * free). */
xr_must_check const struct xr_transfer_err *xr_import_users(struct xr_store *store,
    struct xr_arena *arena, const struct xr_org *org, const char *path, bool dry_run,
    struct xr_import *ret);
/* A whole organisation with its users, from JSON. The name must be free. Sealed secrets in the file
 * are taken over; they open with the key that sealed them. With an error or dry_run, *ret_org is
 * what the file says, as far as it was read (name NULL: not at all), with id 0. */
xr_must_check const struct xr_transfer_err *xr_import_org(struct xr_store *store,
    struct xr_arena *arena, const char *path, bool dry_run, struct xr_org *ret_org,
    struct xr_import *ret);

/* All columns, lines end in CRLF, no BOM. Cells that a spreadsheet would take for a formula get an
 * apostrophe in front, which the import takes off again. */
xr_must_check const struct xr_transfer_err *xr_export_users_csv(
    struct xr_store *store, struct xr_arena *arena, const struct xr_org *org, FILE *out);
/* with_secrets: as ciphertext. users: false leaves them out. */
xr_must_check const struct xr_transfer_err *xr_export_org_json(struct xr_store *store,
    struct xr_arena *arena, const struct xr_org *org, bool users, bool with_secrets, FILE *out);

#endif
