#ifndef XR_CSV_CELL_H
#define XR_CSV_CELL_H

#include <stdio.h>

/*
 * One cell of RFC 4180: quoted when it must be. What a spreadsheet would take
 * for a formula (it begins with = + - @ TAB CR LF, also behind spaces) gets an
 * apostrophe in front, and so does what already has apostrophes in front of
 * such a beginning: taking one off gives every text back. NULL: empty.
 */
void xr_csv_cell(FILE *out, const char *text);

/* The way back: the text of a cell that was read, without that apostrophe. Points into cell. */
const char *xr_csv_text(const char *cell);

#endif
