#ifndef XR_TEST_TRANSFER_PLACE_H
#define XR_TEST_TRANSFER_PLACE_H

#include "analyzer/org/transfer.h"

/* A store in a folder of its own, with one organisation, and a file to read from. */
struct place {
    struct xr_arena *arena;
    char folder[32];
    struct xr_store *store;
    struct xr_org org;
    const char *file;
    struct xr_import import;
};

struct xr_org place_add_org(struct place *place, const char *name, enum xr_org_access access);
void place_open(struct place *place, enum xr_org_access access);
void place_close(struct place *place);
void place_write(struct place *place, const char *bytes, size_t length);
const struct xr_transfer_err *place_import(struct place *place, const char *text, bool dry_run);
void place_import_well(struct place *place, const char *text);
void place_import_badly(struct place *place, const char *text);
struct xr_user place_user(struct place *place, const char *email);
int64_t place_count_users(struct place *place);
void place_expect_error(
    const struct place *place, size_t i, int64_t line, const char *field, const char *words);
void place_expect_counts(
    const struct place *place, int64_t users, int64_t added, int64_t changed, int64_t unchanged);
char *place_export_csv(struct place *place, const struct xr_org *org);
char *place_export_json(struct place *place, const struct xr_org *org, bool with_secrets);

#endif
