#ifndef XR_SOAP_H
#define XR_SOAP_H

#include <stddef.h>

#include "analyzer/base/err.h"
#include "analyzer/wire/ews.h"
#include "analyzer/wire/xml.h"

/* SOAP 1.1 as Exchange Web Services speaks it; for the files of wire/ews and wire/user_settings
 * alone. */

/* The whole request around an operation, which is XML. Headers: RequestServerVersion, then
 * ExchangeImpersonation. */
const char *xr_soap_request(
    struct xr_arena *arena, const struct xr_ews_caller *caller, const char *operation);

struct xr_soap {
    const struct xr_node *header;  /* or NULL */
    const struct xr_node *content; /* the first element in the Body */
};

/* Errors: XR_FAULT_CONTENT: not XML, no SOAP 1.1 Envelope, no Body, nothing in it. */
xr_must_check const struct xr_err *xr_soap_parse(
    struct xr_arena *arena, const char *body, size_t length, struct xr_soap *ret);

/* What a Fault element says, in the dialect of 2007 or that of 2010 and later. */
struct xr_soap_fault {
    const char *code;                  /* "ErrorServerBusy"; NULL: none can be made out */
    const char *text;                  /* "" for none */
    const struct xr_node *message_xml; /* or NULL */
};

struct xr_soap_fault xr_soap_fault(struct xr_arena *arena, const struct xr_node *fault);

/* Letters and digits, not long: no text that merely stands where a code should. */
bool xr_soap_is_code(const char *text);

/* The text of the child so called on one line, runs of white space made one space; "" for none. */
const char *xr_soap_line(struct xr_arena *arena, const struct xr_node *node, const char *child);

#endif
