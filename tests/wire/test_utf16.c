#include <locale.h>
#include <string.h>
#include <wctype.h>

#include "analyzer/wire/utf16.h"
#include "tests/unit.h"
#include "tests/wire/hex.h"

static struct xr_arena *arena;

static void check_encoded(const char *utf8, bool upper, const char *wanted)
{
    struct xr_utf16 text;
    const char *why;

    ck_assert(xr_utf16_encode(utf8, upper, &text, &why));
    ck_assert_str_eq(hex_of(arena, text.bytes, text.length), wanted);
}

START_TEST(text_becomes_units_with_the_low_byte_first)
{
    arena = xr_arena_new();
    check_encoded("", false, "");
    check_encoded("Aa", false, "41006100");
    check_encoded("jürgen", false,
        "6a00fc00720067006500"
        "6e00");
    check_encoded("€\xef\xbf\xbd\xef\xbf\xbf", false, "ac20fdffffff");
    check_encoded("\xf0\x90\x80\x80", false, "00d800dc"); /* the first beyond the plane */
    check_encoded("😀", false, "3dd800de");
    check_encoded("\xf4\x8f\xbf\xbf", false, "ffdbffdf"); /* the last of all */
    check_encoded("jürgen 😀", true,
        "4a00dc00520047004500"
        "4e0020003dd800de");
}
END_TEST

START_TEST(what_is_no_utf8_is_refused)
{
    static const char *const wrong[] = { "\xff", "a\x80", "\xc0\xaf", "\xed\xa0\x80", "\xe2\x82",
        "\xf4\x90\x80\x80", "\xf0\x9f\x98", "ok\xc3" };

    for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
        struct xr_utf16 text;
        const char *why = "";
        ck_assert_msg(!xr_utf16_encode(wrong[i], false, &text, &why), "%zu", i);
        ck_assert_str_eq(why, "is not valid UTF-8");
    }
}
END_TEST

START_TEST(the_longest_text_fits_and_one_more_unit_does_not)
{
    static const char *const letters[] = { "a", "ü", "€", "😀" };

    for (size_t i = 0; i < sizeof(letters) / sizeof(*letters); i++) {
        size_t width = i < 3 ? 1 : 2, bytes = strlen(letters[i]);
        char *utf8 = calloc(1, XR_UTF16_UNITS_MAX * 4 + 8);
        struct xr_utf16 *text = malloc(sizeof(*text));
        const char *why = "";
        for (size_t n = 0; n < XR_UTF16_UNITS_MAX / width; n++)
            memcpy(utf8 + n * bytes, letters[i], bytes);
        ck_assert(xr_utf16_encode(utf8, false, text, &why));
        ck_assert_uint_eq(text->length, XR_UTF16_BYTES_MAX);
        memcpy(utf8 + strlen(utf8), "a", 1);
        ck_assert(!xr_utf16_encode(utf8, false, text, &why));
        ck_assert_str_eq(why, "is too long");
        free(text);
        free(utf8);
    }
}
END_TEST

static void check_upper(const char *from, const char *wanted)
{
    struct xr_utf16 upper, plain;
    const char *why;

    ck_assert(xr_utf16_encode(from, true, &upper, &why));
    ck_assert(xr_utf16_encode(wanted, false, &plain, &why));
    ck_assert_uint_eq(upper.length, plain.length);
    ck_assert_msg(!memcmp(upper.bytes, plain.bytes, plain.length), "%s", from);
}

START_TEST(upper_case_is_that_of_windows)
{
    check_upper("svc-exray_09@contoso.test", "SVC-EXRAY_09@CONTOSO.TEST");
    check_upper("äöüéèñçåøæœðþÿ", "ÄÖÜÉÈÑÇÅØÆŒÐÞŸ");
    check_upper("łążśźćęńğşıİőűčřž", "ŁĄŻŚŹĆĘŃĞŞıİŐŰČŘŽ"); /* dotless i stays */
    check_upper("жёщґїєђњџҙәӏ", "ЖЁЩҐЇЄЂЊЏҘӘӀ");
    check_upper("λόγος", "ΛΌΓΟς"); /* the final sigma stays: since Windows 7 */
    check_upper("ἀὼᾳὑ", "ἈῺᾼὙ");
    check_upper("ըեւև", "ԸԵՒև");
    check_upper("ơưạệỹ", "ƠƯẠỆỸ");
    check_upper("əŋɔɖ", "ƏŊƆƉ");
    check_upper("ａｚⅳⓐ", "ＡＺⅣⒶ");
    check_upper("straße ſµŉǅǈǋǲ", "STRAßE ſµŉǅǈǋǲ");
    check_upper("ǆǉǌǳ", "ǄǇǊǱ");
    check_upper("აბ名前😀\xf0\x90\x90\xa8", "აბ名前😀\xf0\x90\x90\xa8"); /* Deseret is not mapped */
}
END_TEST

/* Windows' table is Unicode's of its day without the mappings that do not lead back; a typing error
 * in ours would not be. */
START_TEST(no_mapping_is_of_our_own_making)
{
    enum { WINDOWS_8 = 973 }; /* lines of the table that change something */
    locale_t unicode = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
    size_t mapped = 0;

    for (uint32_t unit = 0; unit <= UINT16_MAX; unit++) {
        uint16_t upper = xr_utf16_upper((uint16_t)unit);
        mapped += upper != unit;
        ck_assert_uint_eq(xr_utf16_upper(upper), upper);
        if (upper != unit && unicode)
            ck_assert_msg(upper == (uint32_t)towupper_l((wint_t)unit, unicode), "%x", unit);
        if (upper != unit && unicode)
            ck_assert_msg(unit == (uint32_t)towlower_l(upper, unicode), "%x", unit);
    }
    ck_assert_uint_eq(mapped, WINDOWS_8);
    if (unicode)
        freelocale(unicode);
}
END_TEST

static void check_decoded(const char *bytes, size_t length, const char *wanted)
{
    uint8_t *exact = malloc(length ? length : 1);

    memcpy(exact, bytes, length);
    ck_assert_str_eq(xr_utf16_decode(arena, exact, length), wanted);
    free(exact);
}

START_TEST(units_become_valid_text)
{
    arena = xr_arena_new();
    check_decoded("", 0, "");
    check_decoded("A\0\xfc\0\xac\x20", 6, "Aü€");
    check_decoded("\x3d\xd8\x00\xde!\0", 6, "😀!");
    check_decoded("\xff\xdb\xff\xdf", 4, "\xf4\x8f\xbf\xbf");
    check_decoded("A\0\0\0B\0", 6,
        "A\xef\xbf\xbd"
        "B");
    check_decoded("A\0B", 3, "A\xef\xbf\xbd");
    check_decoded("A", 1, "\xef\xbf\xbd");
    check_decoded("\x3d\xd8", 2, "\xef\xbf\xbd"); /* cut in the middle */
    check_decoded("\x3d\xd8\x3d", 3, "\xef\xbf\xbd\xef\xbf\xbd");
    check_decoded("\x3d\xd8"
                  "A\0",
        4,
        "\xef\xbf\xbd"
        "A");
    check_decoded("\x00\xde\x3d\xd8\x00\xde", 6, "\xef\xbf\xbd😀");
    check_decoded("\x3d\xd8\x3d\xd8\x00\xde", 6, "\xef\xbf\xbd😀");
    xr_arena_free(arena);
}
END_TEST

XR_UNIT_MAIN("utf16", text_becomes_units_with_the_low_byte_first, what_is_no_utf8_is_refused,
    the_longest_text_fits_and_one_more_unit_does_not, upper_case_is_that_of_windows,
    no_mapping_is_of_our_own_making, units_become_valid_text)
