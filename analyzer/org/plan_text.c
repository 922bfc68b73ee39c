#include "analyzer/org/plan_text.h"

#include <assert.h>
#include <string.h>

#include "analyzer/base/buf.h"
#include "analyzer/base/text.h"
#include "analyzer/model/expand.h"

enum { LINE_MAX = 64 * 1024 };

const char *const xr_plan_side_words[XR_PLAN_SIDE_COUNT] = {
    [XR_PLAN_ON_PREMISES] = "OnPremises",
    [XR_PLAN_ONLINE] = "Online",
};

const char xr_plan_bom[] = "\xef\xbb\xbf";

/* What the two kinds of group differ in (FEATURES B9 to B21). A security group cannot be left by
 * its members, whatever is asked for. */
static const struct group_kind {
    const char *type, *details, *join, *depart, *title, *button;
    const char *lookup; /* %s: the alias */
} group_kinds[] = {
    [XR_GROUP_DISTRIBUTION] = { "Distribution", "MailUniversalDistributionGroup", "Closed",
        "Closed", "distribution group", "Distribution group",
        "$(Get-DistributionGroup %s).Identity.DistinguishedName" },
    [XR_GROUP_SECURITY] = { "Security", "MailUniversalSecurityGroup", "ApprovalRequired", "Closed",
        "mail-enabled security group", "Security group", "$(Get-Group %s).DistinguishedName" },
};

static const char *lookup_of(struct xr_arena *arena, const char *pattern, const char *alias)
{
    size_t before = strcspn(pattern, "%");

    return xr_printf(arena, "%.*s%s%s", (int)before, pattern, alias, pattern + before + 2);
}

const char *xr_plan_count(struct xr_arena *arena, int64_t n)
{
    return xr_printf(arena, "%lld user%s", (long long)n, n == 1 ? "" : "s");
}

const char *xr_plan_code(struct xr_arena *arena, const char *value)
{
    size_t longest = 0, run = 0;

    for (const char *at = value; *at; at++) {
        run = *at == '`' ? run + 1 : 0;
        longest = run > longest ? run : longest;
    }
    char *fence = xr_alloc(arena, longest + 2);
    memset(fence, '`', longest + 1);
    /* A backtick, or a space, at an end would be taken for the fence. */
    const char *space = longest || value[0] == ' ' ? " " : "";
    return xr_printf(arena, "%s%s%s%s%s", fence, space, value, space, fence);
}

void xr_plan_prose(FILE *out, const char *text)
{
    for (; *text; text++) {
        if (strchr("\\`*_{}[]<>#|&~!", *text))
            (void)fputc('\\', out);
        (void)fputc(*text, out);
    }
}

static bool add_option(
    struct xr_arena *arena, struct xr_buf *buf, const char *name, const char *value)
{
    const char *quoted = xr_quote(arena, value, XR_SHELL_SH);

    if (!quoted)
        return false;
    if (name)
        return xr_buf_printf(buf, " --%s %s", name, quoted);
    /* A name that begins with a dash would be taken for an option. */
    return xr_buf_printf(buf, " %s%s", *value == '-' ? "-- " : "", quoted);
}

const char *xr_plan_exray(struct xr_arena *arena, const struct xr_plan *plan, const char *verb,
    const struct xr_plan_option *options)
{
    bool fine = true;
    xr_auto_buf buf;

    xr_buf_init(&buf, LINE_MAX);
    (void)xr_buf_printf(&buf, "exray %s", verb);
    if (plan->store_path)
        fine = add_option(arena, &buf, "store", plan->store_path);
    for (; fine && options->value; options++)
        fine = add_option(arena, &buf, options->name, options->value);
    return fine ? xr_strndup(arena, buf.at, buf.length) : NULL;
}

const char *xr_plan_check_command(struct xr_arena *arena, const struct xr_plan *plan)
{
    const struct xr_plan_option options[] = { { NULL, plan->org->name }, { NULL, NULL } };

    return xr_plan_exray(arena, plan, "check", options);
}

/* xr_plan_make() has tried every value that comes here. */
static const char *quoted(struct xr_arena *arena, const char *value)
{
    const char *text = xr_quote(arena, value ? value : "", XR_SHELL_EMS);

    assert(text);
    return text;
}

static const char *number(struct xr_arena *arena, int64_t n)
{
    return xr_printf(arena, "%lld", (long long)n);
}

void xr_plan_words(struct xr_arena *arena, const struct xr_plan *plan, enum xr_plan_side side,
    struct xr_plan_words *ret)
{
    const struct group_kind *kind = &group_kinds[plan->org->group_kind];
    const char *check = xr_plan_check_command(arena, plan);
    const char *upn = plan->account_upn[side];
    const char *first = plan->first_member[side] ? plan->first_member[side] : "<address of a user>";
    const struct xr_plan_words words = { {
        { "part", xr_plan_side_words[side] },
        { "organization", quoted(arena, plan->org->name) },
        { "account", quoted(arena, plan->account[side]) },
        { "account_name", quoted(arena, plan->account_name[side]) },
        { "account_upn", quoted(arena, upn) },
        { "scope", quoted(arena, plan->scope_name) },
        { "role_group", quoted(arena, plan->role_group) },
        { "first_member", quoted(arena, first) },
        { "check", quoted(arena, check) },
        { "members", number(arena, plan->members[side]) },
        { "users", xr_plan_count(arena, plan->members[side]) },
        { "alias", plan->group_alias[side] },
        { "group_name", plan->group_name[side] },
        { "lookup", lookup_of(arena, kind->lookup, plan->group_alias[side]) },
        { "type", kind->type },
        { "type_details", kind->details },
        { "join", kind->join },
        { "depart", kind->depart },
        { "kind", kind->title },
        { "button", kind->button },
        { "organization_code", xr_plan_code(arena, plan->org->name) },
        { "account_code", xr_plan_code(arena, plan->account[side]) },
        { "account_name_code", xr_plan_code(arena, plan->account_name[side]) },
        { "scope_code", xr_plan_code(arena, plan->scope_name) },
        { "role_group_code", xr_plan_code(arena, plan->role_group) },
        { "first_member_code", xr_plan_code(arena, first) },
        { "check_code", xr_plan_code(arena, check) },
    } };

    *ret = words;
}

static const char *word_at(const char *slot, size_t length, const struct xr_plan_words *words)
{
    for (const struct xr_plan_word *word = words->at; word->name; word++)
        if (strlen(word->name) == length && !strncmp(word->name, slot, length))
            return word->value;
    return NULL;
}

void xr_plan_fill(FILE *out, const char *text, const struct xr_plan_words *words)
{
    for (;;) {
        const char *slot = strstr(text, "{{");
        if (!slot)
            break;
        size_t length = strcspn(slot + 2, "}");
        const char *value = word_at(slot + 2, length, words);
        assert(value);
        (void)fwrite(text, 1, (size_t)(slot - text), out);
        (void)fputs(value, out);
        text = slot + 2 + length + 2;
    }
    (void)fputs(text, out);
}
