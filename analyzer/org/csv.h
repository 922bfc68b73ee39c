#ifndef XR_CSV_H
#define XR_CSV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "analyzer/base/buf.h"

/*
 * CSV as RFC 4180 says: quoted cells, doubled quotes, line breaks inside
 * quotes; lines end in CRLF, LF or CR. A byte order mark is skipped; the
 * separator is ';' when the first line has more of them than of ','. A record
 * is bounded: a longer one, a NUL, broken UTF-8, or a quote out of place is an
 * error of that record, and reading goes on behind it. Behind a quote out of
 * place, and behind a record that is too long, that is the next line: a forgotten
 * quote costs its own line, not the rest of the file.
 */
enum { XR_CSV_CELLS_MAX = 64 };

struct xr_csv {
    FILE *in; /* can be rewound: a regular file */
    char separator;
    int64_t line;                        /* where the record begins, from 1 */
    const char *flaw;                    /* of the last record: a phrase; NULL: none */
    size_t n;                            /* cells of the last record */
    const char *cells[XR_CSV_CELLS_MAX]; /* NUL-ended, valid until the next record */
    /* private */
    struct xr_buf bytes_;
    size_t starts_[XR_CSV_CELLS_MAX];
    int64_t next_line_;
    int64_t offset_; /* in the file */
    int64_t second_; /* where the second line of this record begins; 0: not met yet */
    bool started_;
};

/* Reads from where the file stands. record_max: bytes of all cells of a record. */
void xr_csv_init(struct xr_csv *csv, FILE *in, size_t record_max);
void xr_csv_done(struct xr_csv *csv);
/* false: the end, or ferror(csv->in). Empty lines are passed over. */
bool xr_csv_next(struct xr_csv *csv);

#endif
