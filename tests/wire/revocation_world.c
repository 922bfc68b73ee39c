#include "tests/wire/revocation_world.h"

#include <string.h>

#include "analyzer/wire/chain.h"
#include "analyzer/wire/start.h"
#include "tests/unit.h"

const char world_host[] = "mail.contoso.test";

static struct xr_der respond(void *arg, struct xr_der request)
{
    struct world *world = arg;
    struct ocsp_spec spec = world->answer;

    if (world->noise)
        return (struct xr_der){ (const unsigned char *)strdup(world->noise), strlen(world->noise) };
    if (world->refusal)
        return ocsp_refusal(world->refusal);
    if (world->echo_nonce)
        spec.request = request;
    return ocsp_make(&spec);
}

void world_init(struct world *world, int names)
{
    *world = (struct world){ .arena = xr_arena_new(), .echo_nonce = true };
    struct web *web = &world->web;
    struct xr_arena *arena = world->arena;

    xr_wire_start();
    struct web_page *page = web_add(web, "/ocsp", (struct xr_der){ 0 });
    page->answer = respond;
    page->arg = world;
    web_add(web, "/crl", (struct xr_der){ 0 });
    web_add(web, "/root.crl", (struct xr_der){ 0 });
    web_start(web);
    world->root =
        identity_make(&(struct identity_spec){ .name = "Test Root", .authority = true }, NULL);
    world->middle =
        identity_make(&(struct identity_spec){ .name = "Test CA",
                          .authority = true,
                          .crl_url = names & MIDDLE_CRL ? web_url(arena, web, "/root.crl") : NULL },
            &world->root);
    world->stranger =
        identity_make(&(struct identity_spec){ .name = "Strange CA", .authority = true }, NULL);
    world->leaf = identity_make(
        &(struct identity_spec){
            .name = world_host,
            .ocsp_url = names & OCSP ? web_url(arena, web, "/ocsp") : NULL,
            .crl_url = names & CRL ? web_url(arena, web, "/crl") : NULL,
            .must_staple = names & MUST_STAPLE,
            .from_days = names & SHORT_LIVED ? -1 : 0,
            .to_days = names & SHORT_LIVED ? 5 : 0,
        },
        &world->middle);
    world->trust = identity_trust(arena, &world->root);
    world->fetched = xr_fetched_new();
    world->net = (struct xr_net){ .trust = world->trust, .user_agent = "test" };
    world->sent[0] = identity_der(arena, world->leaf.certificate);
    world->sent[1] = identity_der(arena, world->middle.certificate);
    world->answer = (struct ocsp_spec){ .subject = &world->leaf, .issuer = &world->middle };
}

void world_done(struct world *world)
{
    web_stop(&world->web);
    xr_fetched_free(world->fetched);
    xr_trust_free(world->trust);
    identity_free(&world->root);
    identity_free(&world->middle);
    identity_free(&world->leaf);
    identity_free(&world->stranger);
    xr_arena_free(world->arena);
}

void world_check(struct world *world, struct xr_arena *arena, struct xr_der staple,
    struct xr_tls_session *session)
{
    struct xr_chain chain = { .sent = world->sent, .sent_n = 2 };
    struct xr_inquiry inquiry = { &world->net, world->fetched, world_host, "127.0.0.1",
        { INT64_MAX, xr_now_us() + 20 * 1000000LL, NULL } };

    *session = (struct xr_tls_session){ .staple_der = staple };
    xr_chain_judge(arena, &world->net, world_host, &chain, session);
    ck_assert(session->trusted);
    web_rest(&world->web);
    xr_check_revocation(arena, &inquiry, session);
    web_rest(&world->web);
}

const struct xr_tls_flaw *flaw_of(
    const struct xr_tls_session *session, enum xr_flaw flaw, int depth)
{
    const struct xr_tls_flaw *at = session->flaws;

    while (at && (at->flaw != flaw || at->depth != depth))
        at = at->next;
    return at;
}

void expect_row(const struct xr_tls_session *session, enum xr_revocation_state state,
    const char *words, const char *why)
{
    const struct xr_revocation *row = session->revocations;
    bool revoked = flaw_of(session, XR_FLAW_REVOKED, 0) != NULL;
    bool not_known = flaw_of(session, XR_FLAW_REVOCATION_UNKNOWN, 0) != NULL;

    ck_assert_msg(row && row->depth == 0, "%s: nothing told", why);
    ck_assert_msg(row->state == state && strstr(row->text, words), "%s: %d: %s", why,
        (int)row->state, row->text);
    ck_assert_msg(revoked == (state == XR_REVOCATION_REVOKED), "%s", why);
    ck_assert_msg(not_known == (state == XR_REVOCATION_UNKNOWN), "%s", why);
}

int world_hits(struct world *world)
{
    int n = 0;

    for (size_t i = 0; i < world->web.n; i++)
        n += atomic_load(&world->web.pages[i].hits);
    return n;
}

void world_ask(struct world *world, enum xr_revocation_state state, const char *words)
{
    xr_fetched_free(world->fetched);
    world->fetched = xr_fetched_new();
    struct xr_tls_session session;
    world_check(world, world->arena, (struct xr_der){ 0 }, &session);
    expect_row(&session, state, words, words);
}
