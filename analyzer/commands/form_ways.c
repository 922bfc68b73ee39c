#include "analyzer/base/text.h"
#include "analyzer/commands/command.h"
#include "analyzer/commands/form.h"

#define BIT(way) (1u << (way))

enum {
    PROTOCOLS = BIT(XR_WAY_POX) | BIT(XR_WAY_SOAP),
    PLACES = BIT(XR_PLACES) - 1,
    SPOKEN_TO = BIT(XR_WAY_ROOT) | BIT(XR_WAY_HOST) | BIT(XR_WAY_REDIRECT) | BIT(XR_WAY_SRV),
};

/* "root, host, ... or soap" */
static const char *all_names(struct xr_arena *arena)
{
    const char *text = xr_way_name((enum xr_way)0);

    for (int way = 1; way < XR_WAYS; way++)
        text = xr_printf(arena, "%s%s%s", text, way + 1 < XR_WAYS ? ", " : " or ",
            xr_way_name((enum xr_way)way));
    return text;
}

static int take(
    struct xr_arena *arena, const char *option, const struct xr_list *names, uint32_t *ret)
{
    *ret = 0;
    for (size_t i = 0; i < names->n; i++) {
        const char *name = names->items[i];
        int way = 0;
        while (way < XR_WAYS && !xr_same(name, xr_way_name((enum xr_way)way)))
            way++;
        if (xr_same(name, "scp"))
            return xr_usage_error(
                "%s scp does not apply: service connection points are in Active Directory, for "
                "computers that are members of the domain; exray asks as any other computer",
                option);
        if (way == XR_WAYS)
            return xr_usage_error("%s takes %s, not '%s'", option, all_names(arena), name);
        *ret |= BIT(way);
    }
    return 0;
}

/* To choose among the places says nothing about the protocols, and the other way round. */
static uint32_t others_of(uint32_t chosen, uint32_t kind)
{
    return chosen & kind ? kind & ~chosen : 0;
}

int xr_form_ways(struct xr_arena *arena, const struct xr_form *form, uint32_t *ret_no_ways)
{
    uint32_t chosen, excluded;
    int code = take(arena, "--method", &form->method, &chosen);

    if (!code)
        code = take(arena, "--exclude-method", &form->exclude_method, &excluded);
    if (code)
        return code;
    excluded |= others_of(chosen, PLACES) | others_of(chosen, PROTOCOLS);
    if ((excluded & PROTOCOLS) == PROTOCOLS)
        excluded |= SPOKEN_TO;
    if ((excluded & PLACES) == PLACES)
        return xr_usage_error("--method and --exclude-method leave nothing to be asked; there are "
                              "%s",
            all_names(arena));
    *ret_no_ways = excluded;
    return 0;
}
