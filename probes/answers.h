#ifndef XR_ANSWERS_H
#define XR_ANSWERS_H

#include "analyzer/model/step.h"
#include "analyzer/wire/http.h"

/* What an HTTP answer that is not the one hoped for says about the way to Exchange. */

/* Some header that only Exchange sets: the answer came from it, not from a device in front. */
bool xr_is_from_exchange(const struct xr_http_response *response);

/* Or it may have: Exchange 2010 sets none of those, but IIS and http.sys say who they are. */
bool xr_may_be_from_exchange(const struct xr_http_response *response);

/* A sign-in page: by where it redirects to, or by the form in its body. */
bool xr_is_login_page(const struct xr_http_response *response);

bool xr_is_redirect(const struct xr_http_response *response);

/* The verdict for an answer other than 401 and other than SOAP or POX. "at": "the EWS address". */
enum xr_status xr_answer_error(
    struct xr_step *step, const char *at, const struct xr_http_response *response);

/* The verdict for a success that nobody logged on for. Exchange asks everybody who he is: whom it
 * answers at once, it takes for somebody who logged on over the same connection before. A device in
 * front shares its connections among its clients then. Of anybody else as xr_answer_error(). */
enum xr_status xr_answer_unasked(
    struct xr_step *step, const char *at, const struct xr_http_response *response);

#endif
