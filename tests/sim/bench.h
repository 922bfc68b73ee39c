#ifndef SIM_BENCH_H
#define SIM_BENCH_H

#include "fixtures/seen.h"
#include "fixtures/world.h"

/*
 * A simulated organisation on the bench: requests go straight into the model, without a socket.
 * The tests include bench.c; the programs of a floor are made of one source each.
 */
struct bench {
    struct xr_arena *arena;
    struct sim_world *world;
    struct sim_seen *seen;
    struct sim_conn conn;
    struct sim_reply reply; /* the last one */
};

/* keys: top-level JSON members that replace those of the bench's own organisation; "": none. */
struct bench bench_new(const char *keys);
void bench_done(struct bench *bench);

/* Sends a request and returns the body that came back. path: a query may follow. credentials:
 * "user:password", NULL: none. */
const char *bench_post(
    struct bench *bench, const char *path, const char *credentials, const char *body);
const char *bench_get(struct bench *bench, const char *path, const char *credentials);

/* A SOAP envelope around an operation. kind NULL: no impersonation. version NULL: no header. */
const char *bench_envelope(struct bench *bench, const char *version, const char *kind,
    const char *value, const char *operation);

/* The same, sent by the service account. */
const char *bench_ask(
    struct bench *bench, const char *kind, const char *value, const char *operation);

/* The value of the first header of that name; NULL: none. */
const char *bench_header(const struct bench *bench, const char *name);

/* Keeps the last answer for tests/envelopes_xsd.sh, when EXRAY_WRITE_ENVELOPES names a folder. */
void bench_keep(const struct bench *bench, const char *name);

#define BENCH_EWS     "/EWS/Exchange.asmx"
#define BENCH_POX     "/autodiscover/autodiscover.xml"
#define BENCH_SVC     "/autodiscover/autodiscover.svc"
#define BENCH_V2      "/autodiscover/autodiscover.json"
#define BENCH_ACCOUNT "CONTOSO\\svc:pw"

#define BENCH_INBOX                                                                               \
    "<m:GetFolder><m:FolderShape><t:BaseShape>Default</t:BaseShape></m:FolderShape><m:FolderIds>" \
    "<t:DistinguishedFolderId Id=\"inbox\"/></m:FolderIds></m:GetFolder>"

void bench_holds(const char *body, const char *text);
void bench_lacks(const char *body, const char *text);

/* Of the last answer: the text of the first element of that name; the id of the first item. */
const char *bench_element(struct bench *bench, const char *name);
const char *bench_item_id(struct bench *bench);

#endif
