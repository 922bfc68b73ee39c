#include "probes/logon_moves.h"

#define ANY XR_LOGON_EITHER
#define NO  XR_LOGON_NO
#define YES XR_LOGON_YES

/* What ENDED by anything else is the verdict in every way, and stands in no row. */
static const struct xr_logon_row rows[] = {
    /* way, outcome, proved, again, second, basic, next, by_basic, move */
    { XR_LOGON_BY_TOKEN, XR_LOGON_ACCEPTED, ANY, ANY, ANY, ANY, ANY, ANY, XR_LOGON_DONE },
    { XR_LOGON_BY_TOKEN, XR_LOGON_REFUSED, ANY, ANY, ANY, ANY, ANY, ANY, XR_LOGON_TELL_REJECTED },

    { XR_LOGON_BY_TICKET, XR_LOGON_ACCEPTED, ANY, ANY, ANY, ANY, ANY, ANY, XR_LOGON_DONE },
    { XR_LOGON_BY_TICKET, XR_LOGON_REFUSED, ANY, ANY, ANY, ANY, YES, ANY, XR_LOGON_TRY_NEXT },
    { XR_LOGON_BY_TICKET, XR_LOGON_REFUSED, ANY, ANY, ANY, ANY, NO, ANY, XR_LOGON_TELL_TICKET },
    { XR_LOGON_BY_TICKET, XR_LOGON_FAILED_HERE, ANY, ANY, ANY, ANY, YES, ANY, XR_LOGON_TRY_NEXT },
    { XR_LOGON_BY_TICKET, XR_LOGON_FAILED_HERE, ANY, ANY, ANY, ANY, NO, ANY, XR_LOGON_STOP },

    { XR_LOGON_BY_BOUND, XR_LOGON_ACCEPTED, ANY, ANY, ANY, ANY, ANY, ANY, XR_LOGON_DONE },
    { XR_LOGON_BY_BOUND, XR_LOGON_REFUSED, YES, ANY, ANY, ANY, ANY, ANY, XR_LOGON_TRY_UNBOUND },
    { XR_LOGON_BY_BOUND, XR_LOGON_REFUSED, NO, ANY, YES, ANY, ANY, ANY, XR_LOGON_TRY_UNBOUND },
    { XR_LOGON_BY_BOUND, XR_LOGON_REFUSED, NO, ANY, NO, ANY, ANY, ANY, XR_LOGON_TELL_REJECTED },

    { XR_LOGON_BY_UNBOUND, XR_LOGON_ACCEPTED, ANY, YES, ANY, ANY, ANY, ANY, XR_LOGON_TRY_AGAIN },
    { XR_LOGON_BY_UNBOUND, XR_LOGON_ACCEPTED, ANY, NO, ANY, ANY, ANY, ANY, XR_LOGON_DONE },
    { XR_LOGON_BY_UNBOUND, XR_LOGON_REFUSED, YES, ANY, ANY, YES, ANY, ANY, XR_LOGON_TRY_BASIC },
    { XR_LOGON_BY_UNBOUND, XR_LOGON_REFUSED, YES, ANY, ANY, NO, ANY, ANY, XR_LOGON_TELL_RIGHT },
    { XR_LOGON_BY_UNBOUND, XR_LOGON_REFUSED, NO, ANY, ANY, ANY, ANY, ANY, XR_LOGON_TELL_REJECTED },

    { XR_LOGON_BY_BASIC, XR_LOGON_ACCEPTED, ANY, YES, ANY, ANY, ANY, ANY, XR_LOGON_TRY_AGAIN },
    { XR_LOGON_BY_BASIC, XR_LOGON_ACCEPTED, ANY, NO, ANY, ANY, ANY, ANY, XR_LOGON_DONE },
    { XR_LOGON_BY_BASIC, XR_LOGON_REFUSED, YES, ANY, ANY, ANY, ANY, ANY, XR_LOGON_TELL_RIGHT },
    { XR_LOGON_BY_BASIC, XR_LOGON_REFUSED, NO, ANY, ANY, ANY, ANY, ANY, XR_LOGON_TELL_REJECTED },

    { XR_LOGON_BY_SAME, XR_LOGON_ACCEPTED, ANY, ANY, ANY, ANY, ANY, ANY, XR_LOGON_TELL_UNSTEADY },
    { XR_LOGON_BY_SAME, XR_LOGON_REFUSED, ANY, ANY, ANY, ANY, ANY, NO, XR_LOGON_TELL_UNBOUND },
    { XR_LOGON_BY_SAME, XR_LOGON_REFUSED, ANY, ANY, ANY, ANY, ANY, YES, XR_LOGON_TELL_BASIC },
};

static bool holds(enum xr_logon_if wanted, bool is)
{
    return wanted == ANY || (wanted == YES) == is;
}

enum xr_logon_move xr_logon_next(const struct xr_logon_state *state)
{
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        const struct xr_logon_row *row = &rows[i];
        if (row->way == state->way && row->outcome == state->outcome &&
            holds(row->proved, state->proved) && holds(row->again, state->again) &&
            holds(row->second, state->second) && holds(row->basic, state->basic) &&
            holds(row->next, state->next) && holds(row->by_basic, state->by_basic))
            return row->move;
    }
    return XR_LOGON_STOP;
}

const struct xr_logon_row *xr_logon_rows(size_t *ret_count)
{
    *ret_count = sizeof(rows) / sizeof(*rows);
    return rows;
}
