#include "analyzer/model/target.h"
#include "tests/unit.h"

START_TEST(names_that_may_stand_for_one_account_are_held_for_one)
{
    static const struct {
        const char *a, *b;
        bool same;
    } rows[] = {
        { "CONTOSO\\svc", "contoso\\SVC", true },
        { "CONTOSO\\svc", "svc@contoso.test", true },
        { "CONTOSO\\svc", "svc@fabrikam.test", true }, /* a UPN suffix may be anything */
        { "CONTOSO\\svc", "contoso.test\\svc", true },
        { "svc@contoso.test", "SVC@Contoso.Test", true },
        { "CONTOSO\\svc", "FABRIKAM\\svc", false },
        { "CONTOSO\\svc", "fabrikam.test\\svc", false },
        { "svc@contoso.test", "svc@fabrikam.test", false },
        { "CONTOSO\\svc", "CONTOSO\\svc2", false },
        { "svc2@contoso.test", "CONTOSO\\svc", false },
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        ck_assert_msg(xr_same_account(rows[i].a, rows[i].b) == rows[i].same, "%s and %s", rows[i].a,
            rows[i].b);
        ck_assert(xr_same_account(rows[i].b, rows[i].a) == rows[i].same);
    }
}
END_TEST

XR_UNIT_MAIN("target", names_that_may_stand_for_one_account_are_held_for_one)
