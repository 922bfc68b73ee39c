#include "tests/reports/sample_check.h"

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reports/check.h"
#include "tests/reports/sample_parts.h"

enum { LONG_LOCAL = 200, MEASURE_EVERY = 500 };

static const char DENIED[] = "impersonation.denied", MOVING[] = "mailbox.moving",
                  MISSING[] = "mailbox.not-found", FAILING[] = "http.server-error",
                  ALIAS[] = "address.alias", TRUST[] = "tls.trust-ignored";

/* In the order of XR_ROWS_BY_CAUSE: by status, then by finding. */
static const struct sample_part MIXED[] = {
    { 29, XR_ERROR, FAILING, "inbox", NULL, "The server answered 503 Service Unavailable.",
        "EX19-MBX09", "ssssse-" },
    { 287, XR_ERROR, DENIED, "inbox", "ErrorImpersonateUserDenied",
        "Exchange refuses the impersonation.", "EX19-MBX02", "ssssses" },
    { 41, XR_ERROR, MOVING, "inbox", "ErrorMailboxMoveInProgress", "The mailbox is being moved.",
        NULL, "ssssses" },
    { 96, XR_ERROR, MISSING, "inbox", "ErrorNonExistentMailbox", "There is no such mailbox.", NULL,
        "sssssee" },
    { 611, XR_WARNING, ALIAS, "smtp-address", NULL, "The primary address is another one.", NULL,
        "ssssssw" },
    { 24, XR_SKIPPED, NULL, NULL, NULL, NULL, NULL, "-------" },
    { 38912, XR_SUCCESS, NULL, NULL, NULL, NULL, "EX19-MBX01", "sssssss" },
    { 0, XR_SKIPPED, NULL, NULL, NULL, NULL, NULL, NULL },
};

static const struct sample_part SMALL[] = {
    { 5, XR_ERROR, FAILING, "inbox", NULL, "The server answered 503 Service Unavailable.",
        "EX19-MBX09", "ssssse-" },
    { 210, XR_ERROR, DENIED, "inbox", "ErrorImpersonateUserDenied",
        "Exchange refuses the impersonation.", NULL, "ssssses" },
    { 8, XR_ERROR, MISSING, "inbox", "ErrorNonExistentMailbox", "There is no such mailbox.", NULL,
        "sssssee" },
    { 12, XR_WARNING, ALIAS, "smtp-address", NULL, "The primary address is another one.", NULL,
        "ssssssw" },
    { 3, XR_SKIPPED, NULL, NULL, NULL, NULL, NULL, "-------" },
    { 20, XR_SUCCESS, NULL, NULL, NULL, NULL, "EX19-MBX01", "sssssss" },
    { 0, XR_SKIPPED, NULL, NULL, NULL, NULL, NULL, NULL },
};

static const struct sample_part UNTRUSTED[] = {
    { 30, XR_WARNING, TRUST, "ssl-trust", NULL, "Trust was not required.", "EX19-MBX01",
        "ssswsss" },
    { 0, XR_SKIPPED, NULL, NULL, NULL, NULL, NULL, NULL },
};

static const struct sample_part LARGE[] = {
    { 10000, XR_ERROR, DENIED, "inbox", "ErrorImpersonateUserDenied",
        "Exchange refuses the impersonation.", NULL, "ssssses" },
    { 90000, XR_SUCCESS, NULL, NULL, NULL, NULL, "EX19-MBX01", "sssssss" },
    { 0, XR_SKIPPED, NULL, NULL, NULL, NULL, NULL, NULL },
};

static const struct sample_part HOSTILE[] = {
    { 7, XR_ERROR, DENIED, "inbox", "", "", "", "ssssses" },
    { 7, XR_ERROR, MISSING, "inbox", "", "", "", "sssssee" },
    { 7, XR_WARNING, ALIAS, "smtp-address", NULL, "", NULL, "ssssssw" },
    { 2, XR_SKIPPED, NULL, NULL, NULL, NULL, NULL, "-------" },
    { 7, XR_SUCCESS, NULL, NULL, NULL, NULL, "", "sssssss" },
    { 0, XR_SKIPPED, NULL, NULL, NULL, NULL, NULL, NULL },
};

static const struct xr_check_group ONCE = {
    .account = SAMPLE_ACCOUNT,
    .ews_url = SAMPLE_EWS_URL,
    .ews_url_from = "the settings of the organisation",
    .server_product = "Exchange Server 2019 CU15",
    .server_version = "15.2.1748.43",
    .auth_scheme = "NTLM",
    .certificate_expires_ms = SAMPLE_WALL_MS + 88 * SAMPLE_DAY_MS,
    .users = 39976,
};

static void add_cause(struct sample_check *check, const struct sample_part *part)
{
    enum xr_finding_code code;
    size_t at = check->head.cause_count;

    if (!part->finding || !xr_finding_by_id(part->finding, &code) ||
        at == sizeof(check->causes) / sizeof(*check->causes))
        return;
    check->head.cause_count++;
    for (; at && check->causes[at - 1].status == part->status &&
           check->causes[at - 1].users < part->users;
         at--)
        check->causes[at] = check->causes[at - 1];
    check->causes[at] = (struct xr_check_cause){
        .code = code,
        .status = part->status,
        .users = part->users,
        .step = part->step,
        .title = xr_finding_kind(code)->title,
    };
}

struct sample_check *sample_check_of(struct xr_arena *arena, const struct sample_part *parts)
{
    struct sample_check *check = xr_new(arena, struct sample_check);

    check->parts = parts;
    check->head = (struct xr_check){
        .arena = arena,
        .tool_version = "0.1.0",
        .organization = "Contoso EMEA",
        .access_type = "exchange-impersonation",
        .account = SAMPLE_ACCOUNT,
        .slots = { .account = SAMPLE_ACCOUNT,
            .host = "mail.contoso.example",
            .ews_url = SAMPLE_EWS_URL,
            .domain = "contoso.example",
            .folder = "inbox",
            .group = "RIAG" },
        .started_wall_ms = SAMPLE_WALL_MS,
        .elapsed_us = INT64_C(1900000000),
        .bulk_us = INT64_C(1899000000),
        .causes = check->causes,
        .groups = &ONCE,
        .requests = 40003,
        .median_us = 92000,
        .p99_us = 410000,
        .jobs = 4,
    };
    for (; parts->users; parts++) {
        check->head.summary[parts->status] += parts->users;
        check->head.selected += parts->users;
        check->head.fresh += parts->users;
        add_cause(check, parts);
    }
    return check;
}

struct sample_check *sample_check_mixed(struct xr_arena *arena)
{
    return sample_check_of(arena, MIXED);
}

struct sample_check *sample_check_small(struct xr_arena *arena)
{
    return sample_check_of(arena, SMALL);
}

struct sample_check *sample_check_untrusted(struct xr_arena *arena)
{
    struct sample_check *check = sample_check_of(arena, UNTRUSTED);
    struct xr_check_group *group = xr_new(arena, struct xr_check_group);

    *group = ONCE;
    group->users = 30;
    group->finding = TRUST;
    group->status = XR_WARNING;
    group->message = "Trust in the certificate of mail.contoso.example was not required.";
    check->head.groups = group;
    return check;
}

struct sample_check *sample_check_large(struct xr_arena *arena)
{
    return sample_check_of(arena, LARGE);
}

struct sample_check *sample_check_hostile(struct xr_arena *arena)
{
    static const struct xr_remark remark = {
        .code = XR_FINDING_CONFIG_OUTSIDE_DOMAINS,
        .status = XR_WARNING,
        .field = "domains",
        .message = "\"><script>alert(1)</script>\xe2\x80\xae",
    };
    struct sample_check *check = sample_check_of(arena, HOSTILE);

    check->hostile = true;
    check->head.organization = "</title><script>alert(1)</script>\xe2\x80\xae'";
    check->head.account = check->head.slots.account = "CONTOSO\\<b onclick=x>\xd7\xa9";
    check->head.slots.group = "R'; Remove-Mailbox *";
    check->head.slots.host = "\x1b]0;x\x07<img src=x>";
    check->head.remarks = &remark;
    struct xr_check_group *group = xr_new(arena, struct xr_check_group);
    *group = (struct xr_check_group){ .account = "<script>alert(1)</script>",
        .ews_url = "javascript:alert(1)//\"'>",
        .server_product = "</dd><script>alert(1)</script>",
        .auth_scheme = "\xe2\x80\xae",
        .users = 28,
        .finding = "logon.rejected",
        .status = XR_ERROR,
        .message = "<iframe src=//evil.example>" };
    check->head.groups = group;
    return check;
}

static const char *attack(int64_t number)
{
    int count = 0;

    while (sample_attacks[count])
        count++;
    return sample_attacks[number % count];
}

static void make_hostile(struct sample_check *check, struct xr_check_user *user)
{
    static const char *const emails[] = { "=cmd|'/c calc'!A1@contoso.example",
        "<script>alert(1)</script>@contoso.example", "a\xe2\x80\xae@b.example\r\nx: y",
        "\xd7\x93\xd7\xa0\xd7\x94.\xd7\x9c\xd7\x95\xd7\x99@contoso.example",
        "\"><img src=x onerror=alert(1)>@contoso.example", "@SUM(1)@contoso.example", NULL };
    const char *email = emails[check->at % 7];

    if (!email) {
        memset(check->email, 'x', LONG_LOCAL);
        (void)snprintf(check->email + LONG_LOCAL, 32, "@contoso.example");
    }
    user->email = email ? email : check->email;
    if (user->code)
        user->code = attack(check->from + check->at);
    if (user->message)
        user->message = attack(check->from + check->at + 1);
    if (user->server)
        user->server = attack(check->from + check->at + 2);
    user->primary_smtp_address = attack(check->at + 3);
    user->account = user->host = attack(check->at + 4);
}

static void make(
    struct sample_check *check, const struct sample_part *part, struct xr_check_user *user)
{
    static const char *const firsts[] = { "anna", "bence", "csaba", "dora", "emil", "ferenc",
        "gitta", "hanna", "ivan", "judit", "karim", "leila" };
    static const char *const lasts[] = { "kovacs", "novak", "horvath", "mueller", "schmidt",
        "rossi", "dubois", "jansen", "nielsen", "popescu", "haddad", "okafor", "lindqvist" };
    int64_t n = check->from + check->at;
    const char *first = firsts[n * 7 % 12], *last = lasts[n % 13];
    bool off = part->status == XR_SKIPPED;

    (void)snprintf(
        check->email, sizeof(check->email), "%s.%s%d@contoso.example", first, last, (int)n);
    (void)snprintf(
        check->primary, sizeof(check->primary), "%c.%s%d@contoso.example", *first, last, (int)n);
    *user = (struct xr_check_user){
        .email = check->email,
        .status = part->status,
        .finding = part->finding,
        .step = part->step,
        .code = part->code,
        .message = part->message,
        .server = part->server,
        .primary_smtp_address = part->status == XR_WARNING ? check->primary : NULL,
        .account = off ? NULL : SAMPLE_ACCOUNT,
        .host = off ? NULL : "mail.contoso.example",
        .elapsed_us = off ? -1 : 48000 + n * 7919 % 190000,
        .at_wall_ms = off ? 0 : SAMPLE_WALL_MS + n * 47,
    };
    memcpy(user->steps, part->steps, XR_CHECK_STEPS + 1);
    if (check->hostile)
        make_hostile(check, user);
}

static void measure(struct sample_check *check)
{
    if (check->at % MEASURE_EVERY)
        return;
    struct mallinfo2 now = mallinfo2();
    int64_t bytes = (int64_t)(now.uordblks + now.hblkhd);
    if (!check->first_bytes)
        check->first_bytes = bytes;
    if (bytes > check->most_bytes)
        check->most_bytes = bytes;
}

static bool next_user(void *arg, struct xr_check_user *ret)
{
    struct sample_check *check = arg;
    const struct sample_part *part = check->parts;
    int64_t passed = 0;

    while (part->users && check->from != passed) {
        passed += part->users;
        part++;
    }
    if (part->users && check->at == part->users) {
        check->from += part->users;
        check->at = 0;
        part++;
    }
    if (!part->users)
        return false;
    measure(check);
    make(check, part, ret);
    check->at++;
    return true;
}

struct xr_check_rows sample_check_rows(struct sample_check *check)
{
    check->from = check->at = 0;
    check->first_bytes = check->most_bytes = 0;
    return (struct xr_check_rows){ .next = next_user, .arg = check };
}

static const char *taken(struct sample_check *check, FILE *out, char **text, const size_t *length)
{
    (void)fclose(out);
    const char *copy = xr_strndup(check->head.arena, *text, *length);
    free(*text);
    return copy;
}

static FILE *memory(char **text, size_t *length)
{
    FILE *out = open_memstream(text, length);

    if (!out)
        abort();
    return out;
}

const char *check_html(struct sample_check *check)
{
    char *text;
    size_t length;
    FILE *out = memory(&text, &length);

    xr_check_html(out, &check->head, sample_check_rows(check));
    return taken(check, out, &text, &length);
}

const char *check_json(struct sample_check *check)
{
    char *text;
    size_t length;
    FILE *out = memory(&text, &length);

    xr_check_json(out, &check->head, sample_check_rows(check));
    return taken(check, out, &text, &length);
}

const char *check_csv(struct sample_check *check)
{
    char *text;
    size_t length;
    FILE *out = memory(&text, &length);

    xr_check_csv(out, sample_check_rows(check));
    return taken(check, out, &text, &length);
}

const char *check_summary(struct sample_check *check, int verbose, bool color)
{
    struct xr_style style = { .verbose = verbose, .color = color };
    char *text;
    size_t length;
    FILE *out = memory(&text, &length);

    xr_check_summary(out, &check->head, &style);
    return taken(check, out, &text, &length);
}
