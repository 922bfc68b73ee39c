#include <stddef.h>

#include "analyzer/wire/ews.h"

/*
 * What Exchange says about its version: the attribute Version names the API,
 * which Exchange 2016, 2019, SE and Exchange Online share, so that only the
 * build number tells the product (PROTOCOL facts 3.6, from Microsoft's
 * CSS-Exchange scripts).
 */

/* Cumulative updates of 15.x, oldest first, with the security updates of the last ones. */
static const struct {
    int minor, build, revision;
    const char *name;
} updates[] = {
    /* clang-format off */
    { 0, 516, 32, "Exchange 2013 RTM" },
    { 0, 620, 29, "Exchange 2013 CU1" },
    { 0, 712, 24, "Exchange 2013 CU2" },
    { 0, 775, 38, "Exchange 2013 CU3" },
    { 0, 847, 32, "Exchange 2013 CU4 (SP1)" },
    { 0, 913, 22, "Exchange 2013 CU5" },
    { 0, 995, 29, "Exchange 2013 CU6" },
    { 0, 1044, 25, "Exchange 2013 CU7" },
    { 0, 1076, 9, "Exchange 2013 CU8" },
    { 0, 1104, 5, "Exchange 2013 CU9" },
    { 0, 1130, 7, "Exchange 2013 CU10" },
    { 0, 1156, 6, "Exchange 2013 CU11" },
    { 0, 1178, 4, "Exchange 2013 CU12" },
    { 0, 1210, 3, "Exchange 2013 CU13" },
    { 0, 1236, 3, "Exchange 2013 CU14" },
    { 0, 1263, 5, "Exchange 2013 CU15" },
    { 0, 1293, 2, "Exchange 2013 CU16" },
    { 0, 1320, 4, "Exchange 2013 CU17" },
    { 0, 1347, 2, "Exchange 2013 CU18" },
    { 0, 1365, 1, "Exchange 2013 CU19" },
    { 0, 1367, 3, "Exchange 2013 CU20" },
    { 0, 1395, 4, "Exchange 2013 CU21" },
    { 0, 1473, 3, "Exchange 2013 CU22" },
    { 0, 1497, 2, "Exchange 2013 CU23" },
    { 0, 1497, 48, "Exchange 2013 CU23 Mar23SU" },
    { 1, 225, 42, "Exchange 2016 RTM" },
    { 1, 396, 30, "Exchange 2016 CU1" },
    { 1, 466, 34, "Exchange 2016 CU2" },
    { 1, 544, 27, "Exchange 2016 CU3" },
    { 1, 669, 32, "Exchange 2016 CU4" },
    { 1, 845, 34, "Exchange 2016 CU5" },
    { 1, 1034, 26, "Exchange 2016 CU6" },
    { 1, 1261, 35, "Exchange 2016 CU7" },
    { 1, 1415, 2, "Exchange 2016 CU8" },
    { 1, 1466, 3, "Exchange 2016 CU9" },
    { 1, 1531, 3, "Exchange 2016 CU10" },
    { 1, 1591, 10, "Exchange 2016 CU11" },
    { 1, 1713, 5, "Exchange 2016 CU12" },
    { 1, 1779, 2, "Exchange 2016 CU13" },
    { 1, 1847, 3, "Exchange 2016 CU14" },
    { 1, 1913, 5, "Exchange 2016 CU15" },
    { 1, 1979, 3, "Exchange 2016 CU16" },
    { 1, 2044, 4, "Exchange 2016 CU17" },
    { 1, 2106, 2, "Exchange 2016 CU18" },
    { 1, 2176, 2, "Exchange 2016 CU19" },
    { 1, 2242, 4, "Exchange 2016 CU20" },
    { 1, 2308, 8, "Exchange 2016 CU21" },
    { 1, 2375, 7, "Exchange 2016 CU22" },
    { 1, 2507, 6, "Exchange 2016 CU23" },
    { 1, 2507, 66, "Exchange 2016 CU23 Feb26SU" },
    { 2, 221, 12, "Exchange 2019 RTM" },
    { 2, 330, 5, "Exchange 2019 CU1" },
    { 2, 397, 3, "Exchange 2019 CU2" },
    { 2, 464, 5, "Exchange 2019 CU3" },
    { 2, 529, 5, "Exchange 2019 CU4" },
    { 2, 595, 3, "Exchange 2019 CU5" },
    { 2, 659, 4, "Exchange 2019 CU6" },
    { 2, 721, 2, "Exchange 2019 CU7" },
    { 2, 792, 3, "Exchange 2019 CU8" },
    { 2, 858, 5, "Exchange 2019 CU9" },
    { 2, 922, 7, "Exchange 2019 CU10" },
    { 2, 986, 5, "Exchange 2019 CU11" },
    { 2, 1118, 7, "Exchange 2019 CU12" },
    { 2, 1258, 12, "Exchange 2019 CU13" },
    { 2, 1544, 4, "Exchange 2019 CU14" },
    { 2, 1544, 39, "Exchange 2019 CU14 Feb26SU" },
    { 2, 1748, 10, "Exchange 2019 CU15" },
    { 2, 1748, 43, "Exchange 2019 CU15 Feb26SU" },
    { 2, 2562, 0, "Exchange Server SE RTM" },
    { 2, 2562, 29, "Exchange Server SE RTM Oct25SU" },
    { 2, 2562, 35, "Exchange Server SE RTM Dec25SU" },
    { 2, 2562, 37, "Exchange Server SE RTM Feb26SU" },
    /* clang-format on */
};

/* The first build of Exchange Server SE, which is 15.2 as Exchange 2019 is. */
enum { SE_MINOR = 2, SE_BUILD = 2562 };

/* Products by their plain names, and the day on which Microsoft's support ended; NULL: it has no
 * end that is known. Support of a product, not of one cumulative update: only the newest is
 * supported at any time. */
static const struct {
    int major, minor;
    const char *name, *support_end;
} families[] = {
    /* clang-format off */
    { 8, 0, "Exchange 2007 RTM", "2017-04-11" },
    { 8, 1, "Exchange 2007 SP1", "2017-04-11" },
    { 8, 2, "Exchange 2007 SP2", "2017-04-11" },
    { 8, 3, "Exchange 2007 SP3", "2017-04-11" },
    { 14, 0, "Exchange 2010 RTM", "2020-10-13" },
    { 14, 1, "Exchange 2010 SP1", "2020-10-13" },
    { 14, 2, "Exchange 2010 SP2", "2020-10-13" },
    { 14, 3, "Exchange 2010 SP3", "2020-10-13" },
    { 15, 0, "Exchange 2013", "2023-04-11" },
    { 15, 1, "Exchange 2016", "2025-10-14" },
    { 15, 2, "Exchange 2019", "2025-10-14" },
    { 15, 20, "Exchange Online", NULL },
    /* clang-format on */
};

/* The first row of a build is the cumulative update itself. It is what a server has at least that
 * is of a later build, or does not send the revision. */
static bool is_reached(size_t row, int minor, int build, int revision)
{
    bool is_first = !row || updates[row - 1].build != updates[row].build;

    if (updates[row].minor != minor || updates[row].build > build)
        return false;
    if (updates[row].build < build || revision < 0)
        return is_first;
    return updates[row].revision <= revision;
}

static const char *update_name(int minor, int build, int revision)
{
    const char *name = NULL;

    for (size_t i = 0; i < sizeof(updates) / sizeof(*updates); i++)
        if (is_reached(i, minor, build, revision))
            name = updates[i].name;
    return name;
}

const char *xr_exchange_product(
    struct xr_arena *arena, int major, int minor, int build, int revision)
{
    const char *name = major == 15 ? update_name(minor, build, revision) : NULL;

    (void)arena;
    for (size_t i = 0; !name && i < sizeof(families) / sizeof(*families); i++)
        if (families[i].major == major && families[i].minor == minor)
            name = families[i].name;
    return name;
}

const char *xr_exchange_support_end(int major, int minor, int build)
{
    if (major == 15 && minor == SE_MINOR && build >= SE_BUILD)
        return NULL;
    for (size_t i = 0; i < sizeof(families) / sizeof(*families); i++)
        if (families[i].major == major && families[i].minor == minor)
            return families[i].support_end;
    return NULL;
}
