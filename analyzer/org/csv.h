#ifndef XR_CSV_H
#define XR_CSV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "analyzer/base/buf.h"

/*
 * CSV as RFC 4180 says: quoted cells, doubled quotes, line breaks inside
 * quotes, CRLF or LF. A byte order mark is skipped; the separator is ';' when the
 * header line has more of them than of ','. A record is bounded: a longer one,
 * a NUL, or a quote out of place is an error of that record, and reading goes on behind it.
 */
struct xr_csv {
    FILE *in;
    char separator;
    int64_t line;          /* where the record begins, from 1 */
    const char *flaw;      /* of the last record: a phrase; NULL: none */
    size_t n;              /* cells of the last record */
    const char *cells[64]; /* NUL-ended, valid until the next record */
    /* private */
    struct xr_buf bytes_;
    int64_t next_line_;
    bool started_;
};

void xr_csv_init(struct xr_csv *csv, FILE *in, size_t record_max);
void xr_csv_done(struct xr_csv *csv);
/* false: the end, or ferror(csv->in). Empty lines are passed over. */
bool xr_csv_next(struct xr_csv *csv);

#endif
