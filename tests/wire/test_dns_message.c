#include <string.h>

#include "analyzer/wire/dns_message.h"
#include "tests/unit.h"

/* SERVFAIL for "a.test A" with a CNAME, an NS record of the authorities and an extended error. */
static const unsigned char whole[] = {
    0x12, 0x34, 0x81, 0x82, 0, 1, 0, 1, 0, 1, 0, 1,                         /* header */
    1, 'a', 4, 't', 'e', 's', 't', 0, 0, 1, 0, 1,                           /* question */
    0xc0, 12, 0, 5, 0, 1, 0, 0, 1, 44, 0, 4, 1, 'b', 0xc0, 14,              /* b.test */
    0xc0, 14, 0, 2, 0, 1, 0, 0, 1, 44, 0, 2, 0xc0, 12,                      /* NS */
    0, 0, 41, 4, 208, 0, 0, 0, 0, 0, 9, 0, 15, 0, 5, 0, 22, 'n', 'o', 0xff, /* OPT */
};

START_TEST(the_reason_of_a_failure_is_read)
{
    struct xr_arena *arena = xr_arena_new();
    struct xr_dns_message message;

    ck_assert(xr_dns_message_read(arena, whole, sizeof(whole), &message));
    ck_assert_uint_eq(message.rcode, 2);
    ck_assert_str_eq(message.records->data, "b.test");
    ck_assert(message.is_explained && message.recurses && !message.authoritative);
    ck_assert(!message.refers); /* there is an answer */
    ck_assert_uint_eq(message.reason, 22);
    ck_assert_str_eq(xr_dns_reason_name(22), "No Reachable Authority");
    ck_assert_str_eq(message.reason_text, "no\xef\xbf\xbd"); /* valid UTF-8, whatever came */
    ck_assert_ptr_null(xr_dns_reason_name(4711));
    xr_arena_free(arena);
}
END_TEST

/* Under the address sanitizer this finds reads behind the end: the copy has just that length. */
START_TEST(no_damage_of_one_byte_or_length_is_read_past)
{
    for (size_t length = 0; length <= sizeof(whole); length++) {
        struct xr_arena *arena = xr_arena_new();
        unsigned char *copy = malloc(length + !length);
        struct xr_dns_message message;
        size_t question;
        memcpy(copy, whole, length);
        bool good = xr_dns_message_read(arena, copy, (int)length, &message);
        ck_assert_msg(good == (length == sizeof(whole)) || length > 38, "%zu", length);
        question = xr_dns_question_length(copy, length);
        ck_assert_uint_eq(question, length >= 24 ? 12 : 0);
        for (size_t at = 0; length == sizeof(whole) && at < length; at++)
            for (unsigned value = 0; value < 256; value++) {
                copy[at] = (unsigned char)value;
                (void)xr_dns_message_read(arena, copy, (int)length, &message);
                ck_assert_uint_le(xr_dns_question_length(copy, length), XR_DNS_QUESTION_MAX);
                copy[at] = whole[at];
            }
        free(copy);
        xr_arena_free(arena);
    }
}
END_TEST

XR_UNIT_MAIN(
    "dns message", the_reason_of_a_failure_is_read, no_damage_of_one_byte_or_length_is_read_past)
