#include "analyzer/commands/screen.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

bool xr_screen_is_terminal(int fd)
{
    const char *terminal = getenv("TERM");

    return isatty(fd) && !(terminal && !strcmp(terminal, "dumb"));
}

bool xr_screen_has_color(bool no_color)
{
    const char *forbidden = getenv("NO_COLOR");

    return xr_screen_is_terminal(STDOUT_FILENO) && !no_color && !(forbidden && *forbidden);
}
