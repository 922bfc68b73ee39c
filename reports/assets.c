#include "reports/assets.h"

/* The assembler reads the files: no generator runs at build time, and no copy can go stale. */
#define EMBED(symbol, file)                                             \
    __asm__(".pushsection .rodata\n"                                    \
            ".global " #symbol "\n"                                     \
            ".global " #symbol "_end\n" #symbol ":\n"                   \
            ".incbin \"" EXRAY_ASSETS "/" file "\"\n" #symbol "_end:\n" \
            ".popsection\n");                                           \
    extern const char symbol[] __attribute__((visibility("hidden")));   \
    extern const char symbol##_end[] __attribute__((visibility("hidden")))

EMBED(xr_report_css, "report.css");
EMBED(xr_report_js, "report.js");
EMBED(xr_check_css, "check.css");
EMBED(xr_check_js, "check.js");
EMBED(xr_report_sprite, "sprite.svg");

static struct xr_asset between(const char *from, const char *to)
{
    return (struct xr_asset){ .at = from, .length = (size_t)(to - from) };
}

struct xr_asset xr_asset_css(void)
{
    return between(xr_report_css, xr_report_css_end);
}

struct xr_asset xr_asset_js(void)
{
    return between(xr_report_js, xr_report_js_end);
}

struct xr_asset xr_asset_check_css(void)
{
    return between(xr_check_css, xr_check_css_end);
}

struct xr_asset xr_asset_check_js(void)
{
    return between(xr_check_js, xr_check_js_end);
}

struct xr_asset xr_asset_sprite(void)
{
    return between(xr_report_sprite, xr_report_sprite_end);
}
