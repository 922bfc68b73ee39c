/*
 * Writes docs/findings/ from the catalogue: one page per finding and an index.
 *
 *     write-findings FOLDER        the folder must exist
 */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "analyzer/base/arena.h"
#include "analyzer/model/ews_codes.h"
#include "analyzer/model/expand.h"
#include "analyzer/model/finding.h"

static const char generated[] =
    "<!-- Made from analyzer/model/findings.def by write-findings: edit that file. -->\n";

static const struct xr_slots nothing_known;

/* Plain text as Markdown: what has a meaning there, <mailbox> as a tag for instance, is escaped. */
static void put_text(FILE *out, struct xr_arena *arena, const char *text)
{
    for (const char *at = xr_expand(arena, text, &nothing_known, XR_SHELL_NONE); *at; at++) {
        if (strchr("\\`*_<>|[]#", *at))
            fputc('\\', out);
        fputc(*at, out);
    }
}

static void put_section(FILE *out, struct xr_arena *arena, const char *heading, const char *text)
{
    fprintf(out, "\n## %s\n\n", heading);
    put_text(out, arena, text);
    fputc('\n', out);
}

static void put_command(FILE *out, struct xr_arena *arena, const struct xr_remedy *remedy)
{
    const char *command = xr_expand(arena, remedy->command, &nothing_known, remedy->shell);

    fprintf(out, "\n   %s:\n\n   ```%s\n   ", xr_shell_title(remedy->shell),
        remedy->shell == XR_SHELL_SH ? "sh" : "powershell");
    for (; *command; command++) {
        fputc(*command, out);
        if (*command == '\n')
            fputs("   ", out);
    }
    fputs("\n   ```\n", out);
}

static void put_remedies(FILE *out, struct xr_arena *arena, const struct xr_remedy *remedy)
{
    fputs("\n## Remedy\n\n", out);
    for (int number = 1; remedy->text; remedy++, number++) {
        fprintf(out, "%d. ", number);
        put_text(out, arena, remedy->text);
        fputc('\n', out);
        if (remedy->command)
            put_command(out, arena, remedy);
        if (remedy->expect) {
            fputs("\n   ", out);
            put_text(out, arena, remedy->expect);
            fputc('\n', out);
        }
        fputc('\n', out);
    }
}

static void put_ews_codes(FILE *out, struct xr_arena *arena, enum xr_finding_code code)
{
    bool first = true;

    for (size_t i = 0; i < xr_ews_code_count; i++) {
        if (xr_ews_codes[i].code != code || xr_ews_codes[i].by_class)
            continue;
        if (first)
            fputs("## Answers of Exchange that mean this\n\n", out);
        first = false;
        fprintf(out, "- `%s`", xr_ews_codes[i].name);
        if (xr_ews_codes[i].cause) {
            fputs(": ", out);
            put_text(out, arena, xr_ews_codes[i].cause);
        }
        fputc('\n', out);
    }
    if (!first)
        fputc('\n', out);
}

static void put_page(FILE *out, struct xr_arena *arena, enum xr_finding_code code)
{
    const struct xr_finding_kind *kind = xr_finding_kind(code);

    fprintf(out, "%s\n# %s\n\n**", generated, kind->id);
    put_text(out, arena, kind->title);
    fprintf(out, "**\n\nUsual status: %s. Who must act: %s.\n", xr_status_name(kind->status),
        xr_owner_title(kind->owner));
    put_section(out, arena, "What it means", kind->meaning);
    put_section(out, arena, "Likely causes", kind->cause);
    put_remedies(out, arena, kind->remedies);
    put_ews_codes(out, arena, code);
    if (kind->reference)
        fprintf(out, "## Read on\n\n%s\n\n", kind->reference);
    fprintf(out,
        "The same text in a terminal: `exray explain %s`. All findings: [index](README.md).\n",
        kind->id);
}

static void put_index(FILE *out, struct xr_arena *arena)
{
    fprintf(out,
        "%s\n# What exray can tell\n\nOne page per finding: what it means, likely causes, who must "
        "act and how.\n\n| Finding | Usual status | Says |\n|---|---|---|\n",
        generated);
    for (enum xr_finding_code code = 0; code < XR_FINDING_COUNT; code++) {
        const struct xr_finding_kind *kind = xr_finding_kind(code);
        fprintf(out, "| [%s](%s.md) | %s | ", kind->id, kind->id, xr_status_name(kind->status));
        put_text(out, arena, kind->title);
        fputs(" |\n", out);
    }
}

static FILE *open_page(struct xr_arena *arena, const char *folder, const char *name)
{
    const char *path = xr_printf(arena, "%s/%s.md", folder, name);
    FILE *out = fopen(path, "w");

    if (!out)
        fprintf(stderr, "write-findings: cannot write %s: %s\n", path, strerror(errno));
    return out;
}

static bool close_page(FILE *out)
{
    bool failed = ferror(out) != 0;

    if (fclose(out) != 0 || failed) {
        fprintf(stderr, "write-findings: cannot finish a page: %s\n", strerror(errno));
        return false;
    }
    return true;
}

static bool write_all(struct xr_arena *arena, const char *folder)
{
    FILE *index = open_page(arena, folder, "README");

    if (!index)
        return false;
    put_index(index, arena);
    if (!close_page(index))
        return false;
    for (enum xr_finding_code code = 0; code < XR_FINDING_COUNT; code++) {
        FILE *page = open_page(arena, folder, xr_finding_kind(code)->id);
        if (!page)
            return false;
        put_page(page, arena, code);
        if (!close_page(page))
            return false;
    }
    return true;
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        fputs("usage: write-findings FOLDER\n", stderr);
        return 64;
    }
    struct xr_arena *arena = xr_arena_new();
    bool written = write_all(arena, argv[1]);
    xr_arena_free(arena);
    return written ? 0 : 1;
}
