#ifndef XR_ASSETS_H
#define XR_ASSETS_H

#include <stddef.h>

/* A file that was built into the program: bytes, not ended by NUL. */
struct xr_asset {
    const char *at;
    size_t length;
};

struct xr_asset xr_asset_css(void); /* the style sheet of a report page */
struct xr_asset xr_asset_js(void);  /* its script: comfort only, the page is complete without */
struct xr_asset xr_asset_check_css(void); /* what the matrix of a bulk check adds to it */
struct xr_asset xr_asset_check_js(void);  /* find and sort in the matrix: comfort as well */
struct xr_asset xr_asset_sprite(void);    /* the four status icons as SVG symbols */

#endif
