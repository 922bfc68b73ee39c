#include "analyzer/wire/ews.h"
#include "tests/unit.h"

START_TEST(builds_become_products)
{
    static const struct {
        int major, minor, build, revision;
        const char *product;
    } cases[] = {
        { 15, 2, 1748, 10, "Exchange 2019 CU15" },
        { 15, 2, 1748, 42, "Exchange 2019 CU15" },
        { 15, 2, 1748, 43, "Exchange 2019 CU15 Feb26SU" },
        { 15, 2, 1748, 9, "Exchange 2019 CU14" },
        { 15, 2, 1748, -1, "Exchange 2019 CU15" },
        { 15, 2, 1747, 99, "Exchange 2019 CU14" },
        { 15, 2, 2561, 0, "Exchange 2019 CU15" },
        { 15, 2, 2562, 17, "Exchange Server SE RTM" },
        { 15, 2, 2562, -1, "Exchange Server SE RTM" },
        { 15, 2, 2562, 36, "Exchange Server SE RTM Dec25SU" },
        { 15, 2, 2562, 37, "Exchange Server SE RTM Feb26SU" },
        { 15, 2, 3000, 1, "Exchange Server SE RTM" },
        { 15, 2, 196, 0, "Exchange 2019" },
        { 15, 2, -1, -1, "Exchange 2019" },
        { 15, 1, 2507, 37, "Exchange 2016 CU23" },
        { 15, 1, 2507, 66, "Exchange 2016 CU23 Feb26SU" },
        { 15, 1, 225, 42, "Exchange 2016 RTM" },
        { 15, 0, 1497, 47, "Exchange 2013 CU23" },
        { 15, 0, 1497, 48, "Exchange 2013 CU23 Mar23SU" },
        { 15, 0, 847, 32, "Exchange 2013 CU4 (SP1)" },
        { 15, 20, 9000, 1, "Exchange Online" },
        { 14, 3, 123, 4, "Exchange 2010 SP3" },
        { 14, 1, 164, 0, "Exchange 2010 SP1" },
        { 8, 0, 628, 0, "Exchange 2007 RTM" },
        { 8, 3, 83, 6, "Exchange 2007 SP3" },
        { 15, 3, 1, 1, NULL },
        { 16, 0, 1, 1, NULL },
        { 6, 5, 1, 1, NULL },
        { -1, -1, -1, -1, NULL },
    };
    struct xr_arena *arena = xr_arena_new();

    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
        ck_assert_pstr_eq(xr_exchange_product(arena, cases[i].major, cases[i].minor, cases[i].build,
                              cases[i].revision),
            cases[i].product);
    xr_arena_free(arena);
}
END_TEST

START_TEST(support_ends_with_the_product)
{
    static const struct {
        int major, minor, build;
        const char *end;
    } cases[] = {
        { 8, 3, 83, "2017-04-11" },
        { 14, 0, 639, "2020-10-13" },
        { 14, 3, 123, "2020-10-13" },
        { 15, 0, 1497, "2023-04-11" },
        { 15, 1, 2507, "2025-10-14" },
        { 15, 2, 2561, "2025-10-14" },
        { 15, 2, -1, "2025-10-14" },
        { 15, 2, 2562, NULL },
        { 15, 20, 9000, NULL },
        { 15, 3, 1, NULL },
        { -1, -1, -1, NULL },
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
        ck_assert_pstr_eq(
            xr_exchange_support_end(cases[i].major, cases[i].minor, cases[i].build), cases[i].end);
}
END_TEST

XR_UNIT_MAIN("product", builds_become_products, support_ends_with_the_product)
