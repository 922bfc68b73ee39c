#include "tests/reports/written.h"

#include <stdlib.h>
#include <string.h>

#include "analyzer/base/text.h"
#include "analyzer/model/words.h"

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
