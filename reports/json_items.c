#include "reports/json_items.h"

#include <stdlib.h>

#include "analyzer/base/clock.h"

/* What cJSON could not allocate must not be missing from a report in silence. */
static cJSON *must(cJSON *item)
{
    if (!item)
        abort();
    return item;
}

static cJSON *add(cJSON *object, const char *name, cJSON *item)
{
    if (!cJSON_AddItemToObject(object, name, must(item)))
        abort();
    return item;
}

void xr_item_text(cJSON *object, const char *name, const char *text)
{
    (void)add(object, name, text ? cJSON_CreateString(text) : cJSON_CreateNull());
}

void xr_item_bool(cJSON *object, const char *name, bool value)
{
    (void)add(object, name, cJSON_CreateBool(value));
}

/* Negative means unknown, for counts, positions and durations alike. */
void xr_item_number(cJSON *object, const char *name, int64_t value)
{
    (void)add(object, name, value < 0 ? cJSON_CreateNull() : cJSON_CreateNumber((double)value));
}

void xr_item_ms(cJSON *object, const char *name, int64_t us)
{
    xr_item_number(object, name, us < 0 ? -1 : us / 1000);
}

cJSON *xr_item_object(cJSON *object, const char *name)
{
    return add(object, name, cJSON_CreateObject());
}

cJSON *xr_item_array(cJSON *object, const char *name)
{
    return add(object, name, cJSON_CreateArray());
}

cJSON *xr_item_append(cJSON *array, cJSON *item)
{
    if (!cJSON_AddItemToArray(array, must(item)))
        abort();
    return item;
}

void xr_item_texts(cJSON *object, const char *name, const char *const *texts)
{
    cJSON *array = xr_item_array(object, name);

    for (; *texts; texts++)
        (void)xr_item_append(array, cJSON_CreateString(*texts));
}

void xr_item_time(
    cJSON *object, const char *name, struct xr_arena *arena, int64_t wall_ms, bool known)
{
    xr_item_text(object, name, known ? xr_rfc3339(arena, wall_ms) : NULL);
}
