#ifndef XR_ORG_VALUES_H
#define XR_ORG_VALUES_H

#include "analyzer/commands/edit.h"

/* The options of `org add` and `org set` as values of an organisation. 0, or an exit code. */
int xr_org_take_values(struct xr_call *call, struct xr_org *org);

/* The access type decides which fields there are (FEATURES E5): refuses options that it has no use
 * for. */
int xr_org_refuse(const struct xr_verb_form *form, enum xr_org_access access);

#endif
