#ifndef XR_VAULT_KEY_H
#define XR_VAULT_KEY_H

#include <stdbool.h>
#include <stddef.h>

#include "analyzer/base/arena.h"
#include "analyzer/base/secret.h"

/*
 * Master keys and the files that hold them. For the
 * vault alone.
 *
 * A key file is 64 hexadecimal digits and a line end, as `openssl rand -hex 32`
 * prints them; a regular file of ours or of root's that nobody else may read.
 * systemd shows the access list of a credential as rights of its group, so
 * there, and only there, a group that may read is no flaw.
 */
enum { XR_KEY_BYTES = 32, XR_KEY_ID_DIGITS = 16, XR_SALT_BYTES = 16 };

enum xr_key_kind {
    XR_KEY_NAMED, /* by --key-file */
    XR_KEY_CREDENTIAL,
    XR_KEY_PASSPHRASE,
    XR_KEY_BESIDE, /* the key file beside the store */
};
enum { XR_KEY_KIND_COUNT = 4 };

struct xr_key {
    enum xr_key_kind kind;
    const char *from; /* for messages: the path, or "the passphrase" */
    /* The first digits of SHA-256("exray key id 1\n" and the key): tells keys apart and says
     * nothing about them. */
    char id[XR_KEY_ID_DIGITS + 1];
    unsigned char bytes[XR_KEY_BYTES];
};

bool xr_key_usable(void);             /* OpenSSL has the cipher */
void xr_key_done(struct xr_key *key); /* overwrites it */

/* These return NULL, or why not: a phrase that names the file. */

/* *ret_missing: there is no such file. */
const char *xr_key_read(struct xr_arena *arena, const char *path, enum xr_key_kind kind,
    struct xr_key *ret, bool *ret_missing);
/* A new file, on disk when this returns. */
const char *xr_key_write(struct xr_arena *arena, const char *path, const struct xr_key *key);
/* A new key in a new file. *ret_made false: another process was faster, and its key is taken. */
const char *xr_key_make(
    struct xr_arena *arena, const char *path, struct xr_key *ret, bool *ret_made);
const char *xr_key_derive(
    struct xr_secret passphrase, const unsigned char salt[XR_SALT_BYTES], struct xr_key *ret);

void xr_random(unsigned char *bytes, size_t length);
void xr_key_random(struct xr_key *ret);

/* Where the key with this id waits until it takes the place of "path". */
const char *xr_key_waiting(struct xr_arena *arena, const char *path, const char *id);
/* Moves it there. false: it stays where it is. */
bool xr_key_place(struct xr_arena *arena, const char *waiting, const char *path);
void xr_key_discard(const char *waiting);
/* Removes the waiting files that a crash has left; not that of key "used" (NULL: none is). */
void xr_key_sweep(struct xr_arena *arena, const char *path, const char *used);
/* Is all on disk that was written to the file system of this file? */
bool xr_key_settle(struct xr_arena *arena, const char *path);

#endif
