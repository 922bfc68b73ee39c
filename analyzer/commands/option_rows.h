#ifndef XR_OPTION_ROWS_H
#define XR_OPTION_ROWS_H

#include <stddef.h>

#include "analyzer/commands/options.h"

/*
 * Rows of option tables. The file that uses them defines AT(field) as the
 * field's offset in the struct that its options are parsed into.
 */
#define TEXT(name, argument, about, field)                        \
    {                                                             \
        name, 0, argument, about, XR_OPTION_TEXT, AT(field), 0, 0 \
    }
#define FLAG(name, about, field)                              \
    {                                                         \
        name, 0, NULL, about, XR_OPTION_FLAG, AT(field), 0, 0 \
    }
#define LIST(name, argument, about, field)                        \
    {                                                             \
        name, 0, argument, about, XR_OPTION_LIST, AT(field), 0, 0 \
    }
#define NUMBER(name, argument, about, field, min, max)                  \
    {                                                                   \
        name, 0, argument, about, XR_OPTION_NUMBER, AT(field), min, max \
    }
#define LATER(name, argument)                           \
    {                                                   \
        name, 0, argument, "", XR_OPTION_LATER, 0, 0, 0 \
    }
#define END                                          \
    {                                                \
        NULL, 0, NULL, NULL, XR_OPTION_FLAG, 0, 0, 0 \
    }

#endif
