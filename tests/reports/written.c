#include "tests/reports/written.h"

#include <stdlib.h>
#include <string.h>

#include "analyzer/base/text.h"
#include "analyzer/model/words.h"
#include "tests/unit.h"

const char *written(const struct xr_run *run, const char *sink, struct xr_style style)
{
    char *text = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&text, &length);

    if (!out)
        abort();
    xr_report_by_name(sink)->write(out, run, &style);
    (void)fclose(out);
    const char *copy = xr_strndup(run->arena, text, length);
    free(text);
    return copy;
}

const char *written_live(const struct xr_run *run, struct xr_style style)
{
    char *text = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&text, &length);

    if (!out)
        abort();
    for (const struct xr_step *step = run->root->first; step; step = step->next)
        if (xr_is_of_discovery(run) && !strcmp(step->id, run->test))
            xr_report_by_name("tree")->live_whole(out, step, &style);
        else
            xr_report_by_name("tree")->live(out, step, &style);
    (void)fclose(out);
    const char *copy = xr_strndup(run->arena, text, length);
    free(text);
    return copy;
}

bool has_invisible(const char *text, const char *but)
{
    while (*text) {
        uint32_t code = xr_utf8_next(&text);
        if (xr_is_invisible(code) && (code > 0x7f || !strchr(but, (int)code)))
            return true;
    }
    return false;
}

bool text_holds(const char *text, const char *part)
{
    return strstr(text, part) != NULL;
}

int text_count(const char *text, const char *part)
{
    int n = 0;

    for (const char *at = strstr(text, part); at; at = strstr(at + 1, part))
        n++;
    return n;
}

const char *text_between(struct xr_arena *arena, const char *page, const char *from, const char *to)
{
    const char *at = strstr(page, from);

    ck_assert_msg(at != NULL, "no %s", from);
    const char *end = strstr(at, to);
    ck_assert_msg(end != NULL, "no %s behind %s", to, from);
    return xr_strndup(arena, at, (size_t)(end - at));
}
