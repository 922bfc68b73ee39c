#include "analyzer/commands/options.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analyzer/base/text.h"
#include "analyzer/commands/command.h"

enum { OPTIONS_MAX = 96, FIRST_ID = 256 };

/* The rows of all groups in getopt_long's own form; the id of row i is FIRST_ID + i. */
struct flat {
    const struct xr_option *rows[OPTIONS_MAX];
    struct option longs[OPTIONS_MAX + 1];
    char letters[2 * OPTIONS_MAX + 2];
    const char *names[OPTIONS_MAX + 1];
    int n;
};

static void flatten(const struct xr_option_group *groups, struct flat *flat)
{
    size_t letters = 0;

    flat->letters[letters++] = ':'; /* missing arguments are told apart from unknown options */
    for (; groups->title; groups++)
        for (const struct xr_option *row = groups->options; row->name; row++) {
            flat->rows[flat->n] = row;
            flat->names[flat->n] = row->name;
            flat->longs[flat->n] = (struct option){ row->name,
                row->argument ? required_argument : no_argument, NULL, FIRST_ID + flat->n };
            flat->n++;
            if (row->letter)
                flat->letters[letters++] = row->letter;
            if (row->letter && row->argument)
                flat->letters[letters++] = ':';
        }
}

static int number(const struct xr_option *row, const char *text, long *ret)
{
    char *end;
    long value = strtol(text, &end, 10);

    if (!*text || *end || value < row->min || value > row->max)
        return xr_usage_error("--%s takes a whole number from %ld to %ld, not '%s'", row->name,
            row->min, row->max, text);
    *ret = value;
    return 0;
}

static int append(const struct xr_option *row, struct xr_list *list, const char *text)
{
    if (list->n == XR_LIST_MAX)
        return xr_usage_error("--%s may be given %d times at most", row->name, (int)XR_LIST_MAX);
    list->items[list->n++] = text;
    return 0;
}

static int take(const struct xr_option *row, const char *text, void *into)
{
    void *at = (char *)into + row->offset;

    switch (row->kind) {
    case XR_OPTION_TEXT:
        *(const char **)at = text;
        return 0;
    case XR_OPTION_FLAG:
        *(bool *)at = true;
        return 0;
    case XR_OPTION_COUNT:
        ++*(int *)at;
        return 0;
    case XR_OPTION_LIST:
        return append(row, at, text);
    case XR_OPTION_NUMBER:
        return number(row, text, at);
    case XR_OPTION_LATER:
        break;
    }
    return xr_usage_error("--%s is not part of this version (%s)", row->name, EXRAY_VERSION);
}

static int unknown(const struct flat *flat, const char *word)
{
    const char *name = word + strspn(word, "-");
    char bare[64] = "";

    (void)snprintf(bare, sizeof(bare), "%.*s", (int)strcspn(name, "="), name);
    if (!strcmp(bare, "password"))
        return xr_usage_error("a password is never an option's value; use --password-file, "
                              "--password-fd or --password-stdin");
    const char *near = xr_nearest(bare, flat->names);
    if (near)
        return xr_usage_error("there is no option '--%s'; did you mean '--%s'?", bare, near);
    /* Without its value, which may be a password. */
    return xr_usage_error(
        "there is no option '%.*s'; --help lists them", (int)strcspn(word, "="), word);
}

static const struct xr_option *row_of(const struct flat *flat, int id)
{
    if (id >= FIRST_ID)
        return flat->rows[id - FIRST_ID];
    for (int i = 0; i < flat->n; i++)
        if (flat->rows[i]->letter == id)
            return flat->rows[i];
    return NULL;
}

/* getopt_long takes every unambiguous beginning of a name; scripts that use one break with the next
 * version. */
static bool is_abbreviated(const struct xr_option *row, const char *word)
{
    return !strncmp(word, "--", 2) && strcspn(word + 2, "=") != strlen(row->name);
}

int xr_options_parse(
    const struct xr_option_group *groups, int argc, char **argv, void *into, int *ret_rest)
{
    struct flat flat = { 0 };
    int id;

    flatten(groups, &flat);
    opterr = 0;
    optind = 1;
    for (;;) {
        id = getopt_long(argc, argv, flat.letters, flat.longs, NULL);
        if (id < 0)
            break;
        if (id == ':')
            return xr_usage_error("%s needs a value", argv[optind - 1]);
        const struct xr_option *row = id == '?' ? NULL : row_of(&flat, id);
        const char *word = optarg == argv[optind - 1] ? argv[optind - 2] : argv[optind - 1];
        if (!row || (id >= FIRST_ID && is_abbreviated(row, word)))
            return unknown(&flat, word);
        int code = take(row, optarg, into);
        if (code)
            return code;
    }
    *ret_rest = optind;
    return 0;
}

void xr_options_help(const struct xr_option_group *groups)
{
    for (; groups->title; groups++) {
        (void)printf("\n%s\n", groups->title);
        for (const struct xr_option *row = groups->options; row->name; row++) {
            char left[64];
            if (row->kind == XR_OPTION_LATER)
                continue;
            (void)snprintf(left, sizeof(left), "%c%c%s--%s%s%s", row->letter ? '-' : ' ',
                row->letter ? row->letter : ' ', row->letter ? ", " : "  ", row->name,
                row->argument ? " " : "", row->argument ? row->argument : "");
            (void)printf("  %-34s %s\n", left, row->about);
        }
    }
}
