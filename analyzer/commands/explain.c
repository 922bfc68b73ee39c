/*
 * exray explain [--json] [FINDING | EWS-RESPONSE-CODE]: what the catalogue knows, without a
 * network.
 */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "analyzer/base/arena.h"
#include "analyzer/base/text.h"
#include "analyzer/commands/command.h"
#include "analyzer/model/ews_codes.h"
#include "analyzer/model/expand.h"
#include "analyzer/model/finding.h"

enum { LINE_WIDTH = 80, ID_WIDTH = 34 };

/* What is to be explained; a response code brings its finding along. */
struct subject {
    const struct xr_finding_kind *kind;
    const struct xr_ews_code *ews_code; /* NULL: asked for by the finding's id */
};

static const struct xr_slots nothing_known;

static const char *shown(struct xr_arena *arena, const char *text, enum xr_shell shell)
{
    return xr_expand(arena, text, &nothing_known, shell);
}

static const char *cause_of(const struct subject *subject)
{
    if (subject->ews_code && subject->ews_code->cause)
        return subject->ews_code->cause;
    return subject->kind->cause;
}

/* ---- Text ---- */

/* The lead stands before the first line; the others are indented as far. */
static void print_wrapped(const char *lead, const char *text)
{
    int indent = (int)strlen(lead);
    int column = printf("%s", lead);

    for (const char *word = text; *word;) {
        int length = (int)strcspn(word, " ");
        if (column > indent && column + 1 + length > LINE_WIDTH)
            column = printf("\n%*s", indent, "") - 1;
        column += printf("%s%.*s", column > indent ? " " : "", length, word);
        word += length;
        word += strspn(word, " ");
    }
    putchar('\n');
}

/* Commands are never wrapped: they are to be copied. */
static void print_command(const char *command, int indent)
{
    for (const char *line = command; *line;) {
        int length = (int)strcspn(line, "\n");
        printf("%*s%.*s\n", indent, "", length, line);
        line += length;
        line += *line == '\n';
    }
}

static void print_remedy(struct xr_arena *arena, int number, const struct xr_remedy *remedy)
{
    const char *lead = xr_printf(arena, "  %d. ", number);

    print_wrapped(lead, shown(arena, remedy->text, XR_SHELL_NONE));
    if (remedy->command) {
        printf("\n     %s:\n", xr_shell_title(remedy->shell));
        print_command(shown(arena, remedy->command, remedy->shell), 7);
    }
    if (remedy->expect) {
        putchar('\n');
        print_wrapped("     ", shown(arena, remedy->expect, XR_SHELL_NONE));
    }
    if (remedy[1].text)
        putchar('\n');
}

static void print_section(struct xr_arena *arena, const char *heading, const char *text)
{
    printf("\n%s\n", heading);
    print_wrapped("  ", shown(arena, text, XR_SHELL_NONE));
}

static void explain_as_text(struct xr_arena *arena, const struct subject *subject)
{
    const struct xr_finding_kind *kind = subject->kind;
    enum xr_status status = subject->ews_code ? subject->ews_code->status : kind->status;
    int number = 1;

    if (subject->ews_code)
        printf("%s, answered by Exchange, is the finding\n", subject->ews_code->name);
    printf("%s\n", kind->id);
    print_wrapped("", shown(arena, kind->title, XR_SHELL_NONE));
    print_section(arena, "What it means", kind->meaning);
    print_section(arena, "Likely causes", cause_of(subject));
    print_section(arena, "Who must act", xr_owner_title(kind->owner));
    print_section(arena, "Usual status", xr_status_name(status));
    printf("\nRemedy\n");
    for (const struct xr_remedy *remedy = kind->remedies; remedy->text; remedy++)
        print_remedy(arena, number++, remedy);
    if (kind->reference)
        print_section(arena, "Read on", kind->reference);
}

static void list_as_text(struct xr_arena *arena)
{
    for (enum xr_finding_code code = 0; code < XR_FINDING_COUNT; code++) {
        const struct xr_finding_kind *kind = xr_finding_kind(code);
        printf("%-*s %s\n", ID_WIDTH, kind->id, shown(arena, kind->title, XR_SHELL_NONE));
    }
}

/* ---- JSON: the catalogue's own text, so that quotes, backslashes and line ends are all ---- */

static void json_string(const char *text)
{
    if (!text) {
        fputs("null", stdout);
        return;
    }
    putchar('"');
    for (; *text; text++) {
        if (*text == '\n') {
            fputs("\\n", stdout);
            continue;
        }
        if (*text == '"' || *text == '\\')
            putchar('\\');
        putchar(*text);
    }
    putchar('"');
}

static void json_member(const char *before, const char *name, const char *value)
{
    printf("%s\"%s\": ", before, name);
    json_string(value);
}

static void json_remedies(struct xr_arena *arena, const struct xr_remedy *remedy)
{
    const char *separator = "";

    printf(",\n  \"remedy\": [");
    for (; remedy->text; remedy++) {
        printf("%s\n    {", separator);
        json_member("", "text", shown(arena, remedy->text, XR_SHELL_NONE));
        json_member(
            ", ", "command", remedy->command ? shown(arena, remedy->command, remedy->shell) : NULL);
        json_member(", ", "shell", xr_shell_title(remedy->shell));
        json_member(
            ", ", "expect", remedy->expect ? shown(arena, remedy->expect, XR_SHELL_NONE) : NULL);
        putchar('}');
        separator = ",";
    }
    printf("\n  ]");
}

static void explain_as_json(struct xr_arena *arena, const struct subject *subject)
{
    const struct xr_finding_kind *kind = subject->kind;
    enum xr_status status = subject->ews_code ? subject->ews_code->status : kind->status;

    json_member("{\n  ", "schema", "exray.finding/1");
    json_member(",\n  ", "finding", kind->id);
    json_member(",\n  ", "ews_code", subject->ews_code ? subject->ews_code->name : NULL);
    json_member(",\n  ", "status", xr_status_name(status));
    json_member(",\n  ", "title", shown(arena, kind->title, XR_SHELL_NONE));
    json_member(",\n  ", "meaning", shown(arena, kind->meaning, XR_SHELL_NONE));
    json_member(",\n  ", "cause", shown(arena, cause_of(subject), XR_SHELL_NONE));
    json_member(",\n  ", "owner", xr_owner_name(kind->owner));
    json_remedies(arena, kind->remedies);
    json_member(",\n  ", "reference", kind->reference);
    printf("\n}\n");
}

static void list_as_json(struct xr_arena *arena)
{
    json_member("{\n  ", "schema", "exray.findings/1");
    printf(",\n  \"findings\": [");
    for (enum xr_finding_code code = 0; code < XR_FINDING_COUNT; code++) {
        const struct xr_finding_kind *kind = xr_finding_kind(code);
        json_member(code ? ",\n    {" : "\n    {", "finding", kind->id);
        json_member(", ", "status", xr_status_name(kind->status));
        json_member(", ", "owner", xr_owner_name(kind->owner));
        json_member(", ", "title", shown(arena, kind->title, XR_SHELL_NONE));
        putchar('}');
    }
    printf("\n  ]\n}\n");
}

/* ---- The command ---- */

static bool find_subject(const char *name, struct subject *ret_subject)
{
    for (size_t i = 0; i < xr_ews_code_count; i++) {
        if (xr_same(name, xr_ews_codes[i].name)) {
            ret_subject->ews_code = &xr_ews_codes[i];
            ret_subject->kind = xr_finding_kind(xr_ews_codes[i].code);
            return true;
        }
    }
    for (enum xr_finding_code code = 0; code < XR_FINDING_COUNT; code++) {
        if (xr_same(name, xr_finding_kind(code)->id)) {
            ret_subject->kind = xr_finding_kind(code);
            return true;
        }
    }
    return false;
}

/* Every name that find_subject() knows; ends with NULL. */
static const char *const *all_names(struct xr_arena *arena)
{
    const char **names = xr_new_n(arena, const char *, XR_FINDING_COUNT + xr_ews_code_count + 1);
    size_t count = 0;

    for (enum xr_finding_code code = 0; code < XR_FINDING_COUNT; code++)
        names[count++] = xr_finding_kind(code)->id;
    for (size_t i = 0; i < xr_ews_code_count; i++)
        names[count++] = xr_ews_codes[i].name;
    return names;
}

/* The argument comes from outside: it is shown with its control characters made visible. */
static int refuse(struct xr_arena *arena, const char *what, const char *argument, const char *near)
{
    const char *visible = xr_visible(arena, xr_utf8(arena, argument, strlen(argument)));
    const char *hint = near ? xr_printf(arena, " Did you mean %s?", near) : "";

    return xr_usage_error("explain: %s \"%s\".%s", what, visible, hint);
}

static int explain(struct xr_arena *arena, const char *name, bool json)
{
    struct subject subject = { 0 };

    if (!name) {
        (json ? list_as_json : list_as_text)(arena);
        return XR_EXIT_OK;
    }
    if (!find_subject(name, &subject))
        return refuse(
            arena, "there is no finding called", name, xr_nearest(name, all_names(arena)));
    (json ? explain_as_json : explain_as_text)(arena, &subject);
    return XR_EXIT_OK;
}

static int parse_and_explain(struct xr_arena *arena, int argc, char **argv)
{
    static const char *const options[] = { "--json", "--help", NULL };
    const char *name = NULL;
    bool json = false;

    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--json") == 0) {
            json = true;
        } else if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
            puts("exray explain [--json] [FINDING | EWS-RESPONSE-CODE]\n"
                 "Cause, remedy, commands and reference of a finding; without a name, the list.");
            return XR_EXIT_OK;
        } else if (argv[i][0] == '-') {
            return refuse(arena, "there is no option", argv[i], xr_nearest(argv[i], options));
        } else if (name) {
            return refuse(arena, "one name is enough, and this is a second one:", argv[i], NULL);
        } else {
            name = argv[i];
        }
    }
    return explain(arena, name, json);
}

int xr_command_explain(int argc, char **argv)
{
    struct xr_arena *arena = xr_arena_new();
    int exit_code = parse_and_explain(arena, argc, argv);

    xr_arena_free(arena);
    if (fflush(stdout) != 0 || ferror(stdout))
        return XR_EXIT_UNAVAILABLE;
    return exit_code;
}
