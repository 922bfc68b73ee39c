#include <string.h>

#include "probes/probe.h"
#include "tests/unit.h"

/* The table is a plan: every need must be provided by an earlier line. */
START_TEST(every_need_is_provided_earlier)
{
    for (const struct xr_test *const *test = xr_tests; *test; test++) {
        uint32_t known = 0;
        for (const struct xr_probe *const *probe = (*test)->probes; *probe; probe++) {
            ck_assert_msg(!((*probe)->needs & ~known), "%s needs what no earlier probe provides",
                (*probe)->id);
            known |= (*probe)->provides;
        }
    }
}
END_TEST

static bool is_well_formed(const char *id)
{
    return *id && strspn(id, "abcdefghijklmnopqrstuvwxyz-") == strlen(id);
}

START_TEST(ids_are_unique_and_well_formed_and_every_probe_asks_a_question)
{
    for (const struct xr_test *const *test = xr_tests; *test; test++)
        for (const struct xr_probe *const *probe = (*test)->probes; *probe; probe++) {
            ck_assert_msg(is_well_formed((*probe)->id), "%s", (*probe)->id);
            ck_assert_msg(
                (*probe)->about[strlen((*probe)->about) - 1] == '?', "%s", (*probe)->about);
            ck_assert_ptr_nonnull((void *)(uintptr_t)(*probe)->run);
            for (const struct xr_probe *const *other = probe + 1; *other; other++)
                ck_assert_str_ne((*probe)->id, (*other)->id);
        }
}
END_TEST

/* CONTRACT section 5. */
START_TEST(the_steps_of_service_account_come_in_the_order_of_the_contract)
{
    static const char *const order[] = { "input", "autodiscover", "endpoint", "ssl-trust", "logon",
        "inbox", "smtp-address", "write", "rooms", "oof", "availability", "sync", "scope",
        "extended-protection" };
    const struct xr_probe *const *probe = xr_tests[0]->probes;

    ck_assert_str_eq(xr_tests[0]->name, "service-account");
    for (size_t i = 0; i < sizeof(order) / sizeof(*order); i++, probe++)
        ck_assert_str_eq((*probe)->id, order[i]);
    ck_assert_ptr_null(*probe);
}
END_TEST

/* Whoever asks for nothing more finds nothing more in the report. */
START_TEST(what_was_not_asked_for_leaves_no_trace)
{
    static const struct xr_target plain = { .mailbox = "anna@contoso.test" };
    static const struct xr_target all = { .mailbox = "anna@contoso.test",
        .outside = "boss@contoso.test",
        .with = (1u << XR_WITH_COUNT) - 1 };
    int optional = 0;

    for (const struct xr_probe *const *probe = xr_tests[0]->probes; *probe; probe++) {
        bool (*applies)(const struct xr_target *) = (*probe)->applies;
        ck_assert_msg(!applies || applies(&all), "%s", (*probe)->id);
        ck_assert_msg(!applies || !applies(&plain), "%s", (*probe)->id);
        optional += applies != NULL;
    }
    ck_assert_int_eq(optional, XR_WITH_COUNT + 1);
}
END_TEST

XR_UNIT_MAIN("table", every_need_is_provided_earlier,
    ids_are_unique_and_well_formed_and_every_probe_asks_a_question,
    the_steps_of_service_account_come_in_the_order_of_the_contract,
    what_was_not_asked_for_leaves_no_trace)
