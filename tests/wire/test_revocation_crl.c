/* Lists of revocations: whose count, and why the others do not. */
#include <openssl/ocsp.h>
#include <string.h>

#include "tests/unit.h"
#include "tests/wire/revocation_world.h"

static void ask_crl(struct world *world, const struct crl_spec *spec,
    enum xr_revocation_state state, const char *words)
{
    world->web.pages[1].body = crl_make(world->arena, spec);
    world_ask(world, state, words);
}

START_TEST(a_list_of_the_issuer_counts)
{
    struct world world;

    world_init(&world, CRL);
    struct crl_spec spec = { .issuer = &world.middle };
    ask_crl(&world, &spec, XR_REVOCATION_GOOD, "has not been revoked (CRL http://127.0.0.1:");
    spec.pem = true;
    ask_crl(&world, &spec, XR_REVOCATION_GOOD, "has not been revoked");
    spec.revoked = world.middle.certificate; /* another serial number */
    ask_crl(&world, &spec, XR_REVOCATION_GOOD, "has not been revoked");
    spec.revoked = world.leaf.certificate;
    ask_crl(
        &world, &spec, XR_REVOCATION_REVOKED, "was revoked on 2026-01-02 (superseded), says CRL");
    spec.pem = false;
    ask_crl(&world, &spec, XR_REVOCATION_REVOKED, "was revoked on 2026-01-02 (superseded)");
    spec.part = "onlyuser:TRUE";
    ask_crl(&world, &spec, XR_REVOCATION_REVOKED, "was revoked on");
    spec.part = xr_printf(world.arena, "fullname:URI:%s", web_url(world.arena, &world.web, "/crl"));
    ask_crl(&world, &spec, XR_REVOCATION_REVOKED, "was revoked on");
    world_done(&world);
}
END_TEST

START_TEST(a_list_that_does_not_count_says_why)
{
    struct world world;

    world_init(&world, CRL);
    X509 *leaf = world.leaf.certificate;
    const struct {
        struct crl_spec spec;
        const char *words;
    } rows[] = {
        { { .issuer = &world.middle, .from_minutes = -60, .to_minutes = -8 }, "out of date" },
        { { .issuer = &world.middle, .from_minutes = 8, .to_minutes = 60 }, "of the future" },
        { { .issuer = &world.stranger, .revoked = leaf }, "the list of \"CN=Strange CA\"" },
        { { .issuer = &world.middle, .revoked = leaf, .key = world.stranger.key },
            "its signature is not that of the issuer" },
        { { .issuer = &world.middle, .revoked = leaf, .part = "critical,indirectCRL:TRUE" },
            "indirect" },
        { { .issuer = &world.middle, .part = "critical,onlyCA:TRUE" },
            "not about certificates like this one" },
        { { .issuer = &world.middle, .part = "critical,fullname:URI:http://other.test/1.crl" },
            "not about certificates like this one" },
        { { .issuer = &world.middle, .revoked = leaf, .delta = true }, "changes only" },
        { { .issuer = &world.middle, .critical_unknown = true }, "critical extension" },
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
        ask_crl(&world, &rows[i].spec, XR_REVOCATION_UNKNOWN, rows[i].words);
    world.web.pages[1].body = web_text("<html>Sign in</html>");
    world_ask(&world, XR_REVOCATION_UNKNOWN, "/crl: what came is no list of revocations");
    world_done(&world);
}
END_TEST

START_TEST(when_ocsp_cannot_say_the_list_is_asked)
{
    struct world world;

    world_init(&world, OCSP | CRL);
    world.refusal = OCSP_RESPONSE_STATUS_TRYLATER;
    struct crl_spec spec = { .issuer = &world.middle, .revoked = world.leaf.certificate };
    ask_crl(&world, &spec, XR_REVOCATION_REVOKED, "says CRL");
    spec.to_minutes = -8;
    spec.from_minutes = -60;
    ask_crl(&world, &spec, XR_REVOCATION_UNKNOWN, "tryLater); CRL http://");
    int before = world_hits(&world);
    world.refusal = 0;
    world_ask(&world, XR_REVOCATION_GOOD, "OCSP http://");
    ck_assert_int_eq(world_hits(&world), before + 1);
    world_done(&world);
}
END_TEST

XR_UNIT_MAIN("revocation_crl", a_list_of_the_issuer_counts, a_list_that_does_not_count_says_why,
    when_ocsp_cannot_say_the_list_is_asked)
