#ifndef XR_CSV_CELL_H
#define XR_CSV_CELL_H

#include <stdio.h>

/* One cell of RFC 4180: quoted when it must be. What a spreadsheet would take for a formula (it
 * begins with = + - @ TAB CR, also behind spaces) gets an apostrophe in front. NULL: empty. */
void xr_csv_cell(FILE *out, const char *text);

#endif
