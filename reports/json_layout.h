#ifndef XR_JSON_LAYOUT_H
#define XR_JSON_LAYOUT_H

#include "analyzer/base/arena.h"

/*
 * What cJSON_Print() wrote, indented by two spaces, with a line end. cJSON
 * escapes what is below U+0020, but neither DEL, C1 nor bidirectional controls:
 * here they become \u escapes too.
 */
const char *xr_json_laid_out(struct xr_arena *arena, const char *json);

#endif
