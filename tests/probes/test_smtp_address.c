#include "analyzer/base/arena.h"
#include "probes/smtp_address.h"
#include "tests/unit.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

static struct xr_arena *arena;

static void set_up(void)
{
    arena = xr_arena_new();
}

static void tear_down(void)
{
    xr_arena_free(arena);
}

START_TEST(a_mailbox_is_the_same_in_any_spelling_of_its_domain)
{
    static const struct {
        const char *a, *b;
        bool same;
    } pairs[] = {
        { "Anna@Contoso.Test", "anna@contoso.test", true },
        { "j\u00fcrgen@b\u00fccher.example", "j\u00fcrgen@xn--bcher-kva.example", true },
        { "J\u00fcrgen@XN--BCHER-KVA.EXAMPLE", "j\u00fcrgen@B\u00fccher.example", true },
        { "anna@b\u00fccher.example", "anna@bucher.example", false },
        { "jurgen@b\u00fccher.example", "j\u00fcrgen@b\u00fccher.example", false },
        { "anna@contoso.test", "anna@mail.contoso.test", false },
        { "anna", "anna@contoso.test", false },
        { NULL, NULL, false },
        { "anna@contoso.test", NULL, false },
    };

    set_up();
    for (size_t i = 0; i < COUNT(pairs); i++) {
        ck_assert_msg(
            xr_same_mailbox(arena, pairs[i].a, pairs[i].b) == pairs[i].same, "pair %zu", i);
        ck_assert_msg(
            xr_same_mailbox(arena, pairs[i].b, pairs[i].a) == pairs[i].same, "pair %zu", i);
    }
    tear_down();
}
END_TEST

static struct xr_ews_resolution entry(const char *address, const char *type)
{
    static const char *none[] = { NULL };

    return (struct xr_ews_resolution){ .name = "Anna",
        .address = address,
        .routing_type = "SMTP",
        .mailbox_type = type,
        .proxies = none };
}

static struct xr_ews_reply answer(struct xr_ews_resolution *entries, size_t n)
{
    for (size_t i = 0; i + 1 < n; i++)
        entries[i].next = &entries[i + 1];
    return (struct xr_ews_reply){ .code = n > 1 ? "ErrorNameResolutionMultipleResults" : "NoError",
        .class_ = n > 1 ? "Warning" : "Success",
        .text = "",
        .resolutions = entries,
        .resolution_count = n };
}

START_TEST(only_who_has_the_address_counts)
{
    const char *proxies[] = { "SMTP:anna.berg@contoso.test", "smtp:anna@contoso.test", NULL };
    struct xr_ews_resolution entries[] = { entry("annabel@contoso.test", "Mailbox"),
        entry("anna.berg@contoso.test", "Mailbox"), entry("joanna@contoso.test", "Contact") };
    struct xr_ews_reply reply = answer(entries, COUNT(entries));
    size_t matches;

    set_up();
    entries[1].proxies = proxies;
    ck_assert_ptr_eq(xr_who_has(arena, &reply, "ANNA@contoso.test", &matches), &entries[1]);
    ck_assert_uint_eq(matches, 1);
    ck_assert_ptr_null(xr_who_has(arena, &reply, "nobody@contoso.test", &matches));
    ck_assert_uint_eq(matches, 0);
    tear_down();
}
END_TEST

START_TEST(a_single_answer_has_the_address_even_if_it_does_not_show_it)
{
    struct xr_ews_resolution entries[] = { entry("anna.berg@contoso.test", "Mailbox") };
    struct xr_ews_reply reply = answer(entries, 1);
    size_t matches;

    set_up();
    ck_assert_ptr_eq(xr_who_has(arena, &reply, "old@contoso.test", &matches), &entries[0]);
    ck_assert_uint_eq(matches, 1);
    tear_down();
}
END_TEST

START_TEST(an_entry_is_what_its_type_says)
{
    static const struct {
        const char *type;
        enum xr_entry entry;
    } types[] = {
        { "Mailbox", XR_ENTRY_MAILBOX },
        { NULL, XR_ENTRY_MAILBOX },
        { "Contact", XR_ENTRY_CONTACT },
        { "PublicDL", XR_ENTRY_LIST },
        { "PrivateDL", XR_ENTRY_LIST },
        { "GroupMailbox", XR_ENTRY_OTHER },
        { "PublicFolder", XR_ENTRY_OTHER },
        { "mailbox", XR_ENTRY_OTHER },
        { "", XR_ENTRY_OTHER },
    };

    set_up();
    for (size_t i = 0; i < COUNT(types); i++) {
        struct xr_ews_resolution one = entry("anna@contoso.test", types[i].type);
        struct xr_ews_reply reply = answer(&one, 1);
        ck_assert_msg(xr_entry_of(arena, &reply, "anna@contoso.test") == types[i].entry, "%s",
            types[i].type ? types[i].type : "(none)");
    }
    tear_down();
}
END_TEST

START_TEST(two_with_one_address_and_failures_leave_it_open)
{
    struct xr_ews_resolution two[] = { entry("anna@contoso.test", "Mailbox"),
        entry("anna@contoso.test", "Contact") };
    struct xr_ews_reply reply = answer(two, 2);
    struct xr_ews_reply failed = { .code = "ErrorServerBusy", .fault = true, .text = "" };
    struct xr_ews_reply none = {
        .code = "ErrorNameResolutionNoResults", .class_ = "Error", .text = ""
    };

    set_up();
    ck_assert_int_eq((int)xr_entry_of(arena, &reply, "anna@contoso.test"), XR_ENTRY_OPEN);
    ck_assert_int_eq((int)xr_entry_of(arena, &failed, "anna@contoso.test"), XR_ENTRY_OPEN);
    ck_assert_int_eq((int)xr_entry_of(arena, &none, "anna@contoso.test"), XR_ENTRY_NOBODY);
    tear_down();
}
END_TEST

XR_UNIT_MAIN("smtp_address", a_mailbox_is_the_same_in_any_spelling_of_its_domain,
    only_who_has_the_address_counts, a_single_answer_has_the_address_even_if_it_does_not_show_it,
    an_entry_is_what_its_type_says, two_with_one_address_and_failures_leave_it_open)
