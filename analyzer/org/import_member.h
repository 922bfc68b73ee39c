#ifndef XR_IMPORT_MEMBER_H
#define XR_IMPORT_MEMBER_H

#include <cjson/cJSON.h>

#include "analyzer/org/import.h"
#include "analyzer/org/json_stream.h"

/* Members of JSON objects. What is wrong is told with the line and the name of the member. */

/* Two sealed tokens of 16 KiB, in hexadecimal digits, would not fit into XR_IMPORT_LINE_MAX. */
enum { XR_IMPORT_ELEMENT_MAX = 4 * XR_IMPORT_LINE_MAX };

/* Is the member "schema" the one that this version reads? Told if not. */
void xr_import_schema(struct xr_pass *pass, const struct xr_json_stream *stream);

/* The value that the stream read. NULL: told. Ends with cJSON_Delete(). */
cJSON *xr_member_parse(struct xr_pass *pass, const struct xr_json_stream *stream);

/* Puts each member in the place that its name has in the NULL-ended names; an unknown or doubled
 * name is an error, and so is what is no object at all. false: told. */
bool xr_members(struct xr_pass *pass, int64_t line, const cJSON *object, const char *const *names,
    const cJSON **ret);

/* A text of at most so many bytes; absent, null and "" give NULL. false: told. */
bool xr_member_text(struct xr_pass *pass, int64_t line, const char *name, const cJSON *member,
    size_t most, const char **ret);
/* An id: 32 hexadecimal digits. false: told. */
bool xr_member_id(struct xr_pass *pass, int64_t line, const cJSON *member, const char **ret);

/* "secrets", at most one of each kind; bytes live in the arena. false: told. */
bool xr_member_sealed(struct xr_pass *pass, struct xr_arena *arena, int64_t line,
    const cJSON *member, struct xr_sealed *ret, size_t *ret_n);

#endif
