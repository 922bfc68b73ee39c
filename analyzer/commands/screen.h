#ifndef XR_SCREEN_H
#define XR_SCREEN_H

#include <stdbool.h>

/* Is a person looking, on a terminal that can overwrite a line? */
bool xr_screen_is_terminal(int fd);

/* Are colours welcome on standard output? no_color: the option; NO_COLOR and TERM count too. */
bool xr_screen_has_color(bool no_color);

#endif
