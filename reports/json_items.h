#ifndef XR_JSON_ITEMS_H
#define XR_JSON_ITEMS_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stdint.h>

#include "analyzer/base/arena.h"
#include "analyzer/model/facts.h"

/* How the files of reports/json*.c put values into a cJSON tree; texts are copied. What cJSON
 * cannot allocate aborts: it must not be missing from a report in silence. */

void xr_item_text(cJSON *object, const char *name, const char *text); /* NULL: null */
void xr_item_bool(cJSON *object, const char *name, bool value);
/* Negative means unknown, for counts, positions and durations alike: null. */
void xr_item_number(cJSON *object, const char *name, int64_t value);
void xr_item_ms(cJSON *object, const char *name, int64_t us);
void xr_item_texts(cJSON *object, const char *name, const char *const *texts); /* NULL-ended */
void xr_item_time(
    cJSON *object, const char *name, struct xr_arena *arena, int64_t wall_ms, bool known);
cJSON *xr_item_object(cJSON *object, const char *name);
cJSON *xr_item_array(cJSON *object, const char *name);
cJSON *xr_item_append(cJSON *array, cJSON *item); /* takes the item */

/* All that was learned: the report's member "facts". */
void xr_json_facts(cJSON *report, struct xr_arena *arena, const struct xr_facts *facts);

#endif
