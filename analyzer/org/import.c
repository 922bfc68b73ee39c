#include "analyzer/org/import.h"

#include "analyzer/base/text.h"
#include "analyzer/org/import_source.h"
#include "analyzer/org/lint.h"

/* ---- an import: one file, several passes ---- */

struct import {
    struct xr_store *store;
    struct xr_arena *arena;
    struct xr_source source;
    struct xr_org_file *file; /* of a whole organisation; NULL: of users alone */
    struct xr_import *ret;
    bool dry_run, brings_ids;
};

static void close_import(struct import *import)
{
    xr_source_close(&import->source);
}

static void begin_pass(struct xr_pass *pass, const struct import *import, const struct xr_org *org)
{
    *pass = (struct xr_pass){ .store = import->store,
        .arena = import->arena,
        .scratch = xr_arena_new(),
        .org = org,
        .whole = import->file,
        .ret = import->ret };
    xr_seen_init(&pass->emails);
    xr_seen_init(&pass->uids);
    xr_source_rewind(&import->source);
}

/* What the pass came to. */
static const struct xr_transfer_err *end_pass(struct xr_pass *pass, struct import *import)
{
    long long errors = pass->ret->error_total;
    const struct xr_transfer_err *err = pass->err;

    xr_arena_free(pass->scratch);
    xr_seen_done(&pass->emails);
    xr_seen_done(&pass->uids);
    import->brings_ids |= pass->brings_ids;
    if (!err)
        err = xr_source_err(pass->arena, &import->source);
    if (err || !errors)
        return err;
    return xr_transfer_fail(pass->arena, XR_TRANSFER_LINES, "%s: %lld error%s; nothing was changed",
        import->source.name, errors, errors == 1 ? "" : "s");
}

/* A user with the id of an organisation would write over its secrets. */
static bool reserve_uids(struct xr_pass *pass)
{
    struct xr_org *orgs = NULL;
    int64_t line;
    size_t n = 0;
    const struct xr_store_err *err = xr_store_orgs(pass->store, pass->scratch, &orgs, &n);

    for (size_t i = 0; !err && i < n; i++)
        (void)xr_seen_add(&pass->uids, orgs[i].uid, 0, &line);
    if (pass->org->uid)
        (void)xr_seen_add(&pass->uids, pass->org->uid, 0, &line);
    pass->err = xr_transfer_store(pass->arena, err);
    return !err;
}

static bool count_users(struct xr_pass *pass)
{
    int64_t n = 0;

    pass->err = xr_transfer_store(pass->arena,
        pass->org->id ? xr_store_user_count(pass->store, pass->scratch, pass->org->id, &n) : NULL);
    pass->empty = !n;
    return !pass->err;
}

static const struct xr_transfer_err *pass_users(
    struct import *import, const struct xr_org *org, bool save)
{
    struct xr_pass pass;

    begin_pass(&pass, import, org);
    pass.save = save;
    /* What was told in the first pass stays. */
    pass.ret->users = pass.ret->added = pass.ret->changed = pass.ret->unchanged = 0;
    if (reserve_uids(&pass) && count_users(&pass))
        (void)(import->source.json ? xr_import_json : xr_import_csv)(&pass, import->source.in);
    return end_pass(&pass, import);
}

static const struct xr_transfer_err *save_org(struct import *import, struct xr_org *org)
{
    struct xr_arena *arena = import->arena;
    const struct xr_store_err *err = xr_store_save_org(import->store, arena, org);

    for (size_t i = 0; !err && i < import->file->sealed_n; i++) {
        struct xr_sealed sealed = import->file->sealed[i];
        sealed.uid = org->uid;
        err = xr_store_put_secret(import->store, arena, &sealed);
        org->has[sealed.kind] = true;
    }
    return xr_transfer_store(arena, err);
}

static const struct xr_transfer_err *save_all(struct import *import, struct xr_org *org)
{
    const struct xr_store_err *failed = xr_store_begin(import->store, import->arena);
    const struct xr_transfer_err *err = NULL;

    if (failed)
        return xr_transfer_store(import->arena, failed);
    if (import->file)
        err = save_org(import, org);
    if (!err)
        err = pass_users(import, org, true);
    if (err || import->dry_run) {
        xr_store_roll_back(import->store);
        return err;
    }
    return xr_transfer_store(import->arena, xr_store_commit(import->store, import->arena));
}

/* Whether an id is free in the whole store, only saving finds out: also for a dry run, which is
 * then undone. */
static const struct xr_transfer_err *take_users(struct import *import, struct xr_org *org)
{
    const struct xr_transfer_err *err = pass_users(import, org, false);

    if (err || (import->dry_run && !import->brings_ids))
        return err;
    return save_all(import, org);
}

const struct xr_transfer_err *xr_import_users(struct xr_store *store, struct xr_arena *arena,
    const struct xr_org *org, const char *path, bool dry_run, struct xr_import *ret)
{
    __attribute__((cleanup(close_import))) struct import import = {
        .store = store, .arena = arena, .ret = ret, .dry_run = dry_run
    };
    struct xr_org same = *org;
    const struct xr_transfer_err *err = xr_source_open(arena, path, &import.source);

    *ret = (struct xr_import){ .users = 0 };
    return err ? err : take_users(&import, &same);
}

/* ---- a whole organisation ---- */

/* A secret under the id of an organisation that is not there yet is that of some user. */
static const struct xr_store_err *judge_unsealed(
    struct xr_pass *pass, const struct xr_org_file *file, enum xr_secret_kind kind)
{
    struct xr_sealed sealed;

    if (!file->org.uid || pass->ret->error_total)
        return NULL;
    const struct xr_store_err *err =
        xr_store_secret(pass->store, pass->scratch, file->org.uid, kind, &sealed);
    if (!err)
        xr_import_flaw(pass, file->line, "id",
            "the id \"%s\" belongs to another record in the store", file->org.uid);
    return err && err->fault == XR_STORE_NOT_FOUND ? NULL : err;
}

static bool judge_free(struct xr_pass *pass, const struct xr_org_file *file)
{
    struct xr_org *orgs = NULL;
    size_t n = 0;
    const struct xr_store_err *err = xr_store_orgs(pass->store, pass->scratch, &orgs, &n);

    for (size_t i = 0; !err && i < n; i++) {
        if (xr_same(orgs[i].name, file->org.name))
            xr_import_flaw(pass, file->line, "name",
                "there is an organisation \"%s\" already: remove or rename one of them",
                xr_quoted(pass, file->org.name));
        if (file->org.uid && xr_same(orgs[i].uid, file->org.uid))
            xr_import_flaw(pass, file->line, "id",
                "the id \"%s\" belongs to the organisation \"%s\", which is there already",
                file->org.uid, xr_quoted(pass, orgs[i].name));
    }
    for (int kind = 0; !err && kind < XR_SECRET_KIND_COUNT; kind++)
        err = judge_unsealed(pass, file, (enum xr_secret_kind)kind);
    pass->err = xr_transfer_store(pass->arena, err);
    return !err;
}

/* What is missing can be entered afterwards; what contradicts cannot be right. */
static void judge_org(struct xr_pass *pass, const struct xr_org_file *file)
{
    if (file->sealed_n && !file->org.uid)
        xr_import_flaw(pass, file->line, "secrets",
            "there are secrets, but no id that they are "
            "bound to");
    for (const struct xr_remark *remark = xr_lint_org(pass->scratch, &file->org); remark;
         remark = remark->next)
        if (remark->status == XR_ERROR && remark->code != XR_FINDING_CONFIG_INCOMPLETE)
            xr_import_flaw(pass, file->line, remark->field, "%s", remark->message);
}

static const struct xr_transfer_err *pass_head(struct import *import)
{
    struct xr_pass pass;

    begin_pass(&pass, import, NULL);
    if (!import->source.json)
        xr_import_flaw(&pass, 1, NULL, "an organisation comes as JSON (\"exray.org/1\")");
    else
        xr_import_json_org(&pass, import->source.in, import->file);
    for (size_t i = 0; i < import->file->sealed_n; i++)
        import->file->org.has[import->file->sealed[i].kind] = true;
    if (!pass.ret->error_total && judge_free(&pass, import->file))
        judge_org(&pass, import->file);
    return end_pass(&pass, import);
}

const struct xr_transfer_err *xr_import_org(struct xr_store *store, struct xr_arena *arena,
    const char *path, bool dry_run, struct xr_org *ret_org, struct xr_import *ret)
{
    struct xr_org_file file = { .line = 1 };
    __attribute__((cleanup(close_import))) struct import import = {
        .store = store, .arena = arena, .file = &file, .ret = ret, .dry_run = dry_run
    };
    const struct xr_transfer_err *err = xr_source_open(arena, path, &import.source);

    *ret = (struct xr_import){ .users = 0 };
    if (!err)
        err = pass_head(&import);
    *ret_org = file.org;
    if (!err)
        err = take_users(&import, ret_org);
    if (err || dry_run)
        *ret_org = file.org;
    return err;
}
