#include "probes/write_subject.h"

#include <ctype.h>
#include <stdint.h>
#include <string.h>
#include <sys/random.h>

#include "analyzer/base/clock.h"

const char *xr_write_subject(struct xr_arena *arena)
{
    uint32_t number;

    if (getrandom(&number, sizeof(number), 0) != sizeof(number))
        number = (uint32_t)xr_now_us();
    return xr_printf(arena, XR_WRITE_SUBJECT "%s %08x", xr_rfc3339(arena, xr_wall_ms()), number);
}

static bool fits(char form, char c)
{
    if (form == '0')
        return c >= '0' && c <= '9';
    if (form == 'f')
        return isxdigit((unsigned char)c) && !isupper((unsigned char)c);
    return c == form;
}

bool xr_write_is_ours(const char *subject)
{
    static const char form[] = "0000-00-00T00:00:00.000Z ffffffff";
    size_t start = strlen(XR_WRITE_SUBJECT);

    if (!subject || strncmp(subject, XR_WRITE_SUBJECT, start) != 0 ||
        strlen(subject + start) != sizeof(form) - 1)
        return false;
    for (size_t i = 0; form[i]; i++)
        if (!fits(form[i], subject[start + i]))
            return false;
    return true;
}
