#include "analyzer/model/advice.h"

#include <string.h>

#include "analyzer/base/text.h"

/* ":8443" of "mail.contoso.test:8443"; "": not given. */
static const char *port_of_target(const char *text)
{
    const char *close = text ? strrchr(text, ']') : NULL;
    const char *colon = text ? strchr(close ? close : text, ':') : NULL;

    return colon && strspn(colon + 1, "0123456789") == strlen(colon + 1) ? colon : "";
}

static const char *replaced(
    struct xr_arena *arena, const char *text, const char *what, const char *by)
{
    const char *at = strstr(text, what);

    return at ? xr_printf(arena, "%.*s%s%s", (int)(at - text), text, by, at + strlen(what)) : text;
}

/* " --host 'mail.contoso.test'"; "" without a value. NULL: it must not stand in a command. */
static const char *option(struct xr_arena *arena, const char *name, const char *value)
{
    const char *word = value ? xr_quote(arena, value, XR_SHELL_SH) : NULL;

    if (!value)
        return "";
    return word ? xr_printf(arena, " %s %s", name, word) : NULL;
}

/* The same for each file of the chain; "-" is what stands for standard input there. */
static const char *files(
    struct xr_arena *arena, const struct xr_target *target, const char *name, const char *input)
{
    const char *const *more = target->more_chain_files, *all = "";

    for (const char *file = target->chain_file; file; file = more ? *more++ : NULL) {
        const char *one = strcmp(file, XR_STANDARD_INPUT) ? option(arena, name, file)
                                                          : xr_printf(arena, " %s %s", name, input);
        if (!one)
            return NULL;
        all = xr_printf(arena, "%s%s", all, one);
    }
    return all;
}

/* "the same test" where nobody's mailbox was tested; NULL: it must not stand in a command. */
static const char *same_test(struct xr_arena *arena, const struct xr_target *target)
{
    const char *chain = files(arena, target, "--chain", "-");
    const char *host = option(arena, "--host", target->host);

    return chain && host ? xr_printf(arena, "exray test ssl-trust%s%s", chain, host) : NULL;
}

/* What the catalogue asks of a server, and who only has a file cannot. */
static const char live[] = "openssl s_client", into_x509[] = "|\n  openssl x509";

enum needs {
    NEEDS_NO_SERVER,
    NEEDS_LEAF,  /* the certificate that the server shows: the first of the file will do */
    NEEDS_CHAIN, /* all that the server sends */
};

static enum needs needs_of(const struct xr_run *run, const struct xr_remedy *remedy)
{
    if (!run->target->chain_file || !remedy->command || !strstr(remedy->command, live))
        return NEEDS_NO_SERVER;
    return strstr(remedy->command, into_x509) ? NEEDS_LEAF : NEEDS_CHAIN;
}

static const char *command_on_file(
    struct xr_arena *arena, const struct xr_target *target, const char *command, enum needs needs)
{
    static const char unnamed[] = "FILE.pem";
    struct xr_target first = { .chain_file = target->chain_file };
    const char *file = files(arena, &first, "-in", unnamed);
    const char *all = files(arena, target, "-certfile", unnamed);
    const char *at = strstr(command, live), *rest = strstr(command, into_x509);

    if (needs == NEEDS_LEAF && at && rest && file)
        return xr_printf(arena, "%.*sopenssl x509%s%s", (int)(at - command), command, file,
            rest + sizeof(into_x509) - 1);
    return all ? xr_printf(
                     arena, "openssl crl2pkcs7 -nocrl%s | openssl pkcs7 -print_certs -noout", all)
               : NULL;
}

/* The catalogue speaks of a mailbox's test, and of the usual port. */
static const char *command_on_host(
    const struct xr_run *run, const struct xr_remedy *remedy, const struct xr_slots *slots)
{
    static const char again[] = "exray test service-account";
    static const char *const asked[] = { " --mailbox {mailbox}", " --account {account}",
        " --ews-url {ews_url}", NULL };
    struct xr_arena *arena = run->arena;
    const char *command = remedy->command, *port = port_of_target(run->target->host);

    if (*port)
        command = replaced(arena, command, "{host}:443", xr_printf(arena, "{host}%s", port));
    if (strncmp(command, again, sizeof(again) - 1) != 0)
        return xr_expand(arena, command, slots, remedy->shell);
    command += sizeof(again) - 1;
    for (const char *const *option = asked; *option; option++)
        command = replaced(arena, command, *option, "");
    const char *rest = xr_expand(arena, command, slots, remedy->shell);
    const char *first = same_test(arena, run->target);
    return rest && first ? xr_printf(arena, "%s%s", first, rest) : NULL;
}

/* Who has not named an account does so where the command is typed. */
static const char *with_account_to_fill_in(
    struct xr_arena *arena, const char *command, enum xr_shell shell)
{
    static const char slot[] = "{account}";
    bool sh = shell == XR_SHELL_SH;

    if (!strstr(command, slot))
        return command;
    while (strstr(command, slot))
        command = replaced(arena, command, slot, sh ? "\"$LOGON\"" : "$account");
    return xr_printf(arena, "%s%s",
        sh ? "LOGON='CONTOSO\\svc-sync'\n" : "$account = Read-Host 'Account'\n", command);
}

/*
 * The catalogue speaks of a test with an account that goes on to EWS. Where it
 * names an EWS URL of its own, that test is meant.
 */
static const char *command_on_discovery(
    const struct xr_run *run, const struct xr_remedy *remedy, const struct xr_slots *slots)
{
    static const char account[] = " --account {account}";
    struct xr_arena *arena = run->arena;
    const char *command = replaced(arena, remedy->command, " --ews-url {ews_url}", "");
    bool needs_account = strstr(command, " --ews-url ") || strstr(command, " --bearer-file ");

    if (!strstr(command, " --ews-url "))
        command = replaced(arena, command, "exray test service-account", "exray test autodiscover");
    if (!slots->account && !needs_account)
        command = replaced(arena, command, account, "");
    if (!slots->account)
        command = with_account_to_fill_in(arena, command, remedy->shell);
    return xr_expand(arena, command, slots, remedy->shell);
}

/* It is the remedy to leave this option out, or to choose it anew. */
static bool names(const struct xr_remedy *remedy, const char *option)
{
    return strstr(remedy->text, option) || strstr(remedy->command, option);
}

/*
 * How the mailbox was opened: without this "the same test" would be another
 * one. NULL: it must not stand in a command.
 */
static const char *way_in(
    struct xr_arena *arena, const struct xr_target *target, const struct xr_remedy *remedy)
{
    bool other = target->impersonation && !xr_same(target->impersonate, target->mailbox);
    bool other_kind = target->impersonation && target->identify_by != XR_BY_SMTP_ADDRESS;
    bool other_folder = target->folder && !xr_same(target->folder, "inbox");
    const struct {
        const char *option, *value;
    } rows[] = {
        { "--folder", other_folder ? target->folder : NULL },
        { "--folder-id", target->folder_id },
        { "--impersonate", other ? target->impersonate : NULL },
        { "--impersonate-by", other_kind ? xr_identify_by_name(target->identify_by) : NULL },
    };
    const char *all =
        target->impersonation || names(remedy, "--no-impersonation") ? "" : " --no-impersonation";

    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        bool told = rows[i].value && !names(remedy, rows[i].option);
        const char *one = told ? option(arena, rows[i].option, rows[i].value) : "";
        if (!one)
            return NULL;
        all = xr_printf(arena, "%s%s", all, one);
    }
    return all;
}

static const char *command_on_mailbox(
    const struct xr_run *run, const struct xr_remedy *remedy, const struct xr_slots *slots)
{
    static const char again[] = "exray test service-account";
    const char *command = remedy->command, *at = strstr(command, again);

    /* Where no EWS URL is known, "the same test" was one with Autodiscover. */
    if (!run->facts.ews_url)
        command = replaced(run->arena, command, " --ews-url {ews_url}", "");
    const char *made = xr_expand(run->arena, command, slots, remedy->shell);
    const char *more = at ? way_in(run->arena, run->target, remedy) : "";
    return made && more ? xr_printf(run->arena, "%s%s", made, more) : NULL;
}

static const char *command_of(
    const struct xr_run *run, const struct xr_remedy *remedy, const struct xr_slots *slots)
{
    if (!remedy->command)
        return NULL;
    if (!run->target->mailbox)
        return command_on_host(run, remedy, slots);
    if (xr_is_of_discovery(run))
        return command_on_discovery(run, remedy, slots);
    return command_on_mailbox(run, remedy, slots);
}

static struct xr_advice advice_of(
    const struct xr_run *run, const struct xr_remedy *remedy, const struct xr_words *words)
{
    static const char listing[] = "See which certificates the file holds, and in which order.";
    static const char listed[] =
        "Each issuer should be the subject of the next certificate. The last issuer is the "
        "authority that the chain leads to; its own certificate need not be in the file.";
    enum needs needs = needs_of(run, remedy);
    const char *text = needs == NEEDS_CHAIN ? listing : remedy->text;
    const char *expect = needs == NEEDS_CHAIN ? listed : remedy->expect;
    const char *command = needs ? command_on_file(run->arena, run->target, remedy->command, needs)
                                : command_of(run, remedy, &words->commands);

    return (struct xr_advice){
        .text = xr_filled_in(run->arena, text, words),
        .command = command,
        .shell = command ? xr_shell_title(remedy->shell) : NULL,
        .expect = xr_filled_in(run->arena, expect, words),
    };
}

const struct xr_advice *xr_advice(
    const struct xr_run *run, const struct xr_finding *finding, const struct xr_words *words)
{
    const struct xr_finding_kind *kind = xr_finding_kind(finding->code);
    unsigned is =
        finding->when | (run->target->impersonation ? XR_WHEN_IMPERSONATED : XR_WHEN_DELEGATE);
    bool is_listed = false; /* what a file holds does not change between two steps */
    size_t n = 0, k = 0;

    while (kind->remedies[n].text)
        n++;
    struct xr_advice *list = xr_new_n(run->arena, struct xr_advice, n + 1);
    for (size_t i = 0; i < n; i++) {
        const struct xr_remedy *remedy = &kind->remedies[i];
        bool lists = needs_of(run, remedy) == NEEDS_CHAIN;
        bool fits = !(remedy->when & ~is);
        if (fits && (!lists || !is_listed))
            list[k++] = advice_of(run, remedy, words);
        is_listed = is_listed || lists;
    }
    return list;
}
