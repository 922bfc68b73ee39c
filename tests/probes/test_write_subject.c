#include <string.h>

#include "probes/write_subject.h"
#include "tests/unit.h"

START_TEST(what_is_written_is_known_again)
{
    struct xr_arena *arena = xr_arena_new();
    const char *one = xr_write_subject(arena), *two = xr_write_subject(arena);

    ck_assert(xr_write_is_ours(one) && xr_write_is_ours(two));
    ck_assert_str_ne(one, two);
    ck_assert_ptr_eq(strstr(one, XR_WRITE_SUBJECT), one);
    xr_arena_free(arena);
}
END_TEST

START_TEST(what_a_user_wrote_is_not_ours)
{
    static const char *const others[] = {
        "",
        "exray test item ",
        "exray test item list",
        "exray test item 2026-11-22T10:30:00.000Z",
        "exray test item 2026-11-22T10:30:00.000Z 1a2b3c4",
        "exray test item 2026-11-22T10:30:00.000Z 1a2b3c4d5",
        "exray test item 2026-11-22T10:30:00.000Z 1a2b3c4d ",
        "exray test item 2026-11-22T10:30:00.000Z 1A2B3C4D",
        "exray test item 2026-11-22T10:30:00.000Z 1a2b3c4g",
        "exray test item 2026-11-22 10:30:00.000Z 1a2b3c4d",
        "exray test item 2O26-11-22T10:30:00.000Z 1a2b3c4d",
        "Exray test item 2026-11-22T10:30:00.000Z 1a2b3c4d",
        "Re: exray test item 2026-11-22T10:30:00.000Z 1a2b3c4d",
        "exray test item 2026-11-22T10:30:00.000Z 1a2b3c\xc3\xa4",
    };

    for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++)
        ck_assert_msg(!xr_write_is_ours(others[i]), "%s", others[i]);
    ck_assert(!xr_write_is_ours(NULL));
    ck_assert(xr_write_is_ours("exray test item 2026-11-22T10:30:00.000Z 1a2b3c4d"));
}
END_TEST

XR_UNIT_MAIN("write-subject", what_is_written_is_known_again, what_a_user_wrote_is_not_ours)
