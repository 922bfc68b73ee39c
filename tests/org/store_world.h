#ifndef XR_STORE_WORLD_H
#define XR_STORE_WORLD_H

#include <check.h>

#include "analyzer/org/store.h"

/* A store in a folder of its own, for the tests of the store. */
struct world {
    struct xr_arena *arena;
    const char *folder, *path;
    struct xr_store *store;
};

struct world world_new(void); /* a folder, no store yet */
struct world world_open(void);
void world_reopen(struct world *world);
void world_done(struct world *world); /* closes the store, removes the folder */

#define auto_world __attribute__((cleanup(world_done))) struct world

/* Fails the test unless it was a success. */
void fine(const struct xr_store_err *err);
/* Fails the test unless it was that fault, with that part of the text. */
void fails(const struct xr_store_err *err, enum xr_store_fault fault, const char *part);

struct xr_org sample_org(const char *name);
struct xr_org saved_org(struct world *world, const char *name);
struct xr_user sample_user(const struct xr_org *org, const char *email);
struct xr_user saved_user(struct world *world, const struct xr_org *org, const char *email);
void save_users(struct world *world, const struct xr_org *org, int from, int to); /* u000001@... */
void seal(struct world *world, const char *uid, enum xr_secret_kind kind, const char *bytes);

/* "added account:a>b ..." of the organisation's audit trail, the oldest first. */
const char *trail(struct world *world, const char *org_uid);

/* KiB that this process ever had; a sanitizer, which keeps what was freed, has 0. */
long peak_memory(void);

/* Straight to the file, past the store. */
void raw(const char *path, const char *sql);
const char *raw_text(struct world *world, const char *sql); /* of one value */

#endif
