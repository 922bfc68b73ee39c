#ifndef XR_SHELL_WORD_H
#define XR_SHELL_WORD_H

#include "analyzer/base/arena.h"

/* As one word of a POSIX shell's command line, for commands that people copy: quoted when it must
 * be; "..." for what nobody could copy. */
const char *xr_shell_word(struct xr_arena *arena, const char *text);

#endif
