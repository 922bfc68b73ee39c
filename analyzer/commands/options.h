#ifndef XR_OPTIONS_H
#define XR_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

/*
 * The command line as tables: a row is an option, and the same rows make the
 * parser, the errors and --help. Values go into a struct of the command's own,
 * at the row's offset.
 */
enum xr_option_kind {
    XR_OPTION_TEXT,   /* const char * */
    XR_OPTION_FLAG,   /* bool */
    XR_OPTION_COUNT,  /* int, one more each time */
    XR_OPTION_LIST,   /* struct xr_list */
    XR_OPTION_NUMBER, /* long; min and max apply */
    XR_OPTION_LATER,  /* of the contract, but not part of this version */
};

enum { XR_LIST_MAX = 64 };

struct xr_list {
    const char *items[XR_LIST_MAX + 1]; /* NULL-ended */
    size_t n;
};

struct xr_option {
    const char *name;     /* "mailbox" */
    char letter;          /* 'q', or 0 */
    const char *argument; /* "ADDR"; NULL: a flag */
    const char *about;
    enum xr_option_kind kind;
    size_t offset;
    long min, max;
};

/* A headed group of rows; the rows end with name NULL. */
struct xr_option_group {
    const char *title;
    const struct xr_option *options;
};

/* groups end with title NULL. 0: parsed, *ret_rest is the index of the first word that is no
 * option. */
int xr_options_parse(
    const struct xr_option_group *groups, int argc, char **argv, void *into, int *ret_rest);

void xr_options_help(const struct xr_option_group *groups);

#endif
