#ifndef XR_LOGON_MOVES_H
#define XR_LOGON_MOVES_H

#include <stdbool.h>
#include <stddef.h>

/*
 * What to do after one try to log on at EWS. The law behind the table: a password that nothing has
 * proved yet is sent once, by one scheme; a ticket or a token that is refused costs no bad logon.
 * A password that was accepted elsewhere in this run may be sent again: then a refusal is about the
 * way of the logon, and further tries find out which. One refusal alone may be an accident, of one
 * server of several: before it is called the setting of the server, the same try is made again.
 */
enum xr_logon_way {
    XR_LOGON_BY_TOKEN,
    XR_LOGON_BY_TICKET,  /* Negotiate, by Kerberos */
    XR_LOGON_BY_BOUND,   /* NTLM with the binding to the TLS connection */
    XR_LOGON_BY_UNBOUND, /* NTLM without */
    XR_LOGON_BY_BASIC,
    XR_LOGON_BY_SAME, /* NTLM as it was refused at first; something else was accepted since */
};

enum xr_logon_outcome {
    XR_LOGON_ACCEPTED,
    XR_LOGON_REFUSED,     /* 401 to the credential */
    XR_LOGON_FAILED_HERE, /* no ticket could be had; nothing was sent */
    XR_LOGON_ENDED,       /* by anything else, which is the verdict: an error page, 403, time */
};

struct xr_logon_state {
    enum xr_logon_way way;
    enum xr_logon_outcome outcome;
    bool proved;   /* the password had been accepted before this try */
    bool again;    /* NTLM was refused in this step before this try */
    bool by_basic; /* what was accepted since then was Basic, and not NTLM without the binding */
    bool second;   /* --second-attempt */
    bool basic;    /* is offered, wanted and has a password to send */
    bool next;     /* a scheme behind this one in the order of preference is so too */
};

enum xr_logon_move {
    XR_LOGON_DONE,          /* the answer to the request is the verdict */
    XR_LOGON_STOP,          /* the step has its verdict */
    XR_LOGON_TRY_NEXT,      /* the next scheme in the order of preference */
    XR_LOGON_TRY_UNBOUND,   /* NTLM once more, without the binding */
    XR_LOGON_TRY_BASIC,     /* with a proven password only */
    XR_LOGON_TRY_AGAIN,     /* as at first: was the refusal more than an accident? */
    XR_LOGON_TELL_UNBOUND,  /* done, and Extended Protection breaks every bound logon */
    XR_LOGON_TELL_BASIC,    /* done, and it breaks every logon by NTLM */
    XR_LOGON_TELL_UNSTEADY, /* done: refused once, accepted the second time */
    XR_LOGON_TELL_REJECTED, /* refused; whether the password is wrong is open */
    XR_LOGON_TELL_RIGHT,    /* refused in every way, though the password is right */
    XR_LOGON_TELL_TICKET,   /* the ticket was refused, and there is nothing else to send */
};

enum xr_logon_move xr_logon_next(const struct xr_logon_state *state);

/* ---- the table behind it ---- */

enum xr_logon_if { XR_LOGON_EITHER, XR_LOGON_NO, XR_LOGON_YES };

/* The first row that holds decides. */
struct xr_logon_row {
    enum xr_logon_way way;
    enum xr_logon_outcome outcome;
    enum xr_logon_if proved, again, second, basic, next, by_basic;
    enum xr_logon_move move;
};

const struct xr_logon_row *xr_logon_rows(size_t *ret_count);

#endif
