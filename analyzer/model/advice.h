#ifndef XR_ADVICE_H
#define XR_ADVICE_H

#include "analyzer/model/words.h"

/*
 * The remedies of a finding for this run: "the same test" is the one that was
 * run, a certificate that came in a file is looked at there, and no command has
 * a slot left open that this kind of test knows nothing of. What is of no use where the finding
 * was made is left out. Ends with text NULL.
 */
const struct xr_advice *xr_advice(
    const struct xr_run *run, const struct xr_finding *finding, const struct xr_words *words);

#endif
