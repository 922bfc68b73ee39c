#include "analyzer/model/verdict.h"

#include <string.h>

#include "analyzer/model/expand.h"

/* What a passed step has shown not to be the cause. */
static const struct {
    const char *step, *ruled_out;
    /* Said instead; NULL: the same, "": nothing. A proxy looks the host up and connects by itself.
     */
    const char *without_impersonation, *through_proxy;
} lessons[] = {
    { "endpoint", "name resolution", NULL, "" },
    { "endpoint", "network and firewall", NULL, "the way to the proxy" },
    { "ssl-trust", "certificate", NULL, NULL },
    { "logon", "account and password", NULL, NULL },
    { "logon", "Exchange is up and EWS is on", NULL, NULL },
    { "inbox", "impersonation and access to the mailbox", "access to the mailbox", NULL },
    { "smtp-address", "the mailbox address", NULL, NULL },
};

enum { LESSONS = sizeof(lessons) / sizeof(*lessons) };

static const struct xr_step *worst_step(const struct xr_step *first, const struct xr_step *end)
{
    const struct xr_step *worst = NULL;

    for (const struct xr_step *step = first; step != end; step = step->next)
        if (!worst || step->status > worst->status)
            worst = step;
    return worst;
}

/* *ret_host: the host that the innermost step around the finding is about. */
static const struct xr_finding *cause_of(
    const struct xr_step *step, enum xr_status status, const char **ret_host)
{
    const struct xr_finding *found = step->findings;

    while (found && found->status != status)
        found = found->next;
    for (const struct xr_step *child = step->first; child && !found; child = child->next)
        found = cause_of(child, status, ret_host);
    if (found && !*ret_host)
        *ret_host = step->host;
    return found;
}

/* Trust that was ignored on request has shown nothing about the certificate. */
static bool teaches(const struct xr_run *run, const struct xr_step *step)
{
    bool ignored = run->target->ignore_trust && !strcmp(step->id, "ssl-trust");

    return step->status == XR_SUCCESS || (step->status == XR_WARNING && !ignored);
}

static bool passed(const struct xr_run *run, const char *id)
{
    for (const struct xr_step *step = run->root->first; step; step = step->next)
        if (!strcmp(step->id, id))
            return teaches(run, step);
    return false;
}

static const char *lesson(const struct xr_run *run, size_t i)
{
    const char *other = lessons[i].without_impersonation;

    if (run->origin.proxy && lessons[i].through_proxy)
        return lessons[i].through_proxy;
    return other && !run->target->impersonation ? other : lessons[i].ruled_out;
}

static const char *const *ruled_out(const struct xr_run *run, const struct xr_step *culprit)
{
    const char **list = xr_new_n(run->arena, const char *, LESSONS + 1);
    size_t n = 0;

    for (size_t i = 0; i < LESSONS; i++)
        if (strcmp(lessons[i].step, culprit->id) && *lesson(run, i) && passed(run, lessons[i].step))
            list[n++] = lesson(run, i);
    return list;
}

static bool is_address(const char *host)
{
    return strchr(host, ':') || strspn(host, "0123456789.") == strlen(host);
}

/* That of the mailbox; without one, the domain in which the tested host most likely is. */
static const char *domain_of(const struct xr_target *target, const char *host)
{
    const char *at = target->mailbox ? strrchr(target->mailbox, '@') : NULL;

    if (at)
        return at + 1;
    if (target->mailbox || !host || is_address(host))
        return NULL;
    const char *above = strchr(host, '.');
    return above && strchr(above + 1, '.') ? above + 1 : host;
}

/* "mail.contoso.test" of "mail.contoso.test:8443", "2001:db8::1" of "[2001:db8::1]:443". */
static const char *host_of_target(struct xr_arena *arena, const char *text)
{
    if (text && *text == '[')
        return xr_strndup(arena, text + 1, strcspn(text + 1, "]"));
    return text ? xr_strndup(arena, text, strcspn(text, ":/")) : NULL;
}

/* ":8443" of the same; "": not given. */
static const char *port_of_target(const char *text)
{
    const char *close = text ? strrchr(text, ']') : NULL;
    const char *colon = text ? strchr(close ? close : text, ':') : NULL;

    return colon && strspn(colon + 1, "0123456789") == strlen(colon + 1) ? colon : "";
}

/* A subject's CN can be anything: what has other characters than these is no host. */
static const char host_characters[] =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
    "-.*";

static const char *host_in(struct xr_arena *arena, const char *text)
{
    size_t length = strspn(text, host_characters);

    return length && (!text[length] || text[length] == ',') ? xr_strndup(arena, text, length)
                                                            : NULL;
}

static const char *host_in_names(struct xr_arena *arena, const char *names)
{
    const char *host = NULL;

    for (const char *at = names; at && *at && (!host || is_address(host));) {
        host = host_in(arena, at);
        at += strcspn(at, ",");
        at += strspn(at, ", ");
    }
    return host && !is_address(host) ? host : NULL;
}

static const char *host_in_subject(struct xr_arena *arena, const char *subject)
{
    const char *at = subject ? strstr(subject, "CN=") : NULL;

    return at && (at == subject || at[-1] == ' ') ? host_in(arena, at + 3) : NULL;
}

/* Who only gave a chain wants to read of the host that it is for. */
static const char *host_of_chain(const struct xr_run *run)
{
    const struct xr_fact_certificate *leaf = run->facts.certificates;

    while (leaf && (!leaf->role || strcmp(leaf->role, "leaf") != 0))
        leaf = leaf->next;
    if (!leaf)
        return NULL;
    const char *host = host_in_names(run->arena, leaf->names);
    return host ? host : host_in_subject(run->arena, leaf->subject);
}

/* "https://mail.contoso.test/EWS/Exchange.asmx" holds the host that matters most to remedies. */
static const char *host_of(const struct xr_run *run)
{
    const char *url = run->facts.ews_url, *host = url ? strstr(url, "://") : NULL;

    if (host)
        return xr_strndup(run->arena, host + 3, strcspn(host + 3, "/:"));
    if (run->target->mailbox)
        return domain_of(run->target, NULL);
    if (!run->target->host)
        return host_of_chain(run);
    return host_of_target(run->arena, run->target->host);
}

/* The URL to look at: before EWS is found it is Autodiscover that did not answer as it should. */
static const char *url_of(const struct xr_run *run, const char *host)
{
    if (run->facts.ews_url || !host)
        return run->facts.ews_url;
    if (!run->target->mailbox)
        return xr_printf(run->arena, "https://%s/", run->target->host ? run->target->host : host);
    return xr_printf(run->arena, "https://%s/autodiscover/autodiscover.xml", host);
}

/* Exchange itself complains about an alias only where the ConnectingSID holds one. */
static bool is_about_impersonated(const struct xr_finding *finding)
{
    return finding->code == XR_FINDING_ADDRESS_ALIAS && finding->code_name;
}

static struct xr_slots slots_of(
    const struct xr_run *run, const struct xr_finding *finding, const char *host)
{
    const struct xr_target *target = run->target;
    const char *near = host ? host : host_of(run);

    return (struct xr_slots){
        .mailbox = is_about_impersonated(finding) ? target->impersonate : target->mailbox,
        .account = target->account,
        .domain = domain_of(target, near),
        .host = near,
        .ews_url = url_of(run, target->mailbox ? host : near),
        .folder = target->folder ? target->folder : target->folder_id,
        .impersonated = target->impersonate,
        .primary = run->facts.primary_smtp_address,
        .code = finding->code_name,
    };
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

/* Where no EWS URL is known, "the same test" was one with Autodiscover. */
static const char *command_of(
    const struct xr_run *run, const struct xr_remedy *remedy, const struct xr_slots *slots)
{
    const char *command = remedy->command;

    if (!command)
        return NULL;
    if (!run->target->mailbox)
        return command_on_host(run, remedy, slots);
    if (!run->facts.ews_url)
        command = replaced(run->arena, command, " --ews-url {ews_url}", "");
    return xr_expand(run->arena, command, slots, remedy->shell);
}

/* Texts may name what was tested by its file; a command that took it for a host would be wrong. */
struct words {
    struct xr_slots texts, commands;
};

static struct xr_advice advice_of(
    const struct xr_run *run, const struct xr_remedy *remedy, const struct words *words)
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
        .text = xr_expand(run->arena, text, &words->texts, XR_SHELL_NONE),
        .command = command,
        .shell = command ? xr_shell_title(remedy->shell) : NULL,
        .expect = expect ? xr_expand(run->arena, expect, &words->texts, XR_SHELL_NONE) : NULL,
    };
}

static const struct xr_advice *advice(
    const struct xr_run *run, const struct xr_finding_kind *kind, const struct words *words)
{
    bool is_listed = false; /* what a file holds does not change between two steps */
    size_t n = 0, k = 0;

    while (kind->remedies[n].text)
        n++;
    struct xr_advice *list = xr_new_n(run->arena, struct xr_advice, n + 1);
    for (size_t i = 0; i < n; i++) {
        bool lists = needs_of(run, &kind->remedies[i]) == NEEDS_CHAIN;
        if (!lists || !is_listed)
            list[k++] = advice_of(run, &kind->remedies[i], words);
        is_listed = is_listed || lists;
    }
    return list;
}

static const char *file_name(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash && slash[1] ? slash + 1 : path;
}

static struct words words_of(
    const struct xr_run *run, const struct xr_finding *finding, const char *host)
{
    struct xr_slots slots = slots_of(run, finding, host);
    struct words words = { slots, slots };

    if (!slots.host && run->target->chain_file)
        words.texts.host = file_name(run->target->chain_file);
    return words;
}

static void tell(struct xr_run *run, const struct xr_step *step, const struct xr_finding *finding,
    const char *host)
{
    const struct xr_finding_kind *kind = xr_finding_kind(finding->code);
    const struct words words = words_of(run, finding, host);
    const struct xr_slots *slots = &words.texts;
    struct xr_verdict *verdict = &run->verdict;

    verdict->finding = kind->id;
    verdict->step = step->id;
    verdict->title = xr_expand(run->arena, kind->title, slots, XR_SHELL_NONE);
    verdict->meaning = xr_expand(run->arena, kind->meaning, slots, XR_SHELL_NONE);
    verdict->cause = finding->cause ? finding->cause : kind->cause;
    verdict->cause = xr_expand(run->arena, verdict->cause, slots, XR_SHELL_NONE);
    verdict->owner = xr_owner_name(kind->owner);
    verdict->owner_title = xr_owner_title(kind->owner);
    verdict->reference = kind->reference;
    verdict->remedy = advice(run, kind, &words);
}

static void count_steps(struct xr_run *run)
{
    memset(run->summary, 0, sizeof(run->summary));
    for (const struct xr_step *step = run->root->first; step; step = step->next)
        run->summary[step->status]++;
}

/* What is in order, in one sentence and with what that means. */
static void tell_success(const struct xr_run *run, struct xr_verdict *verdict)
{
    const struct xr_target *target = run->target;
    const char *folder = run->facts.folder_name ? run->facts.folder_name : "the folder";

    if (target->chain_file) {
        verdict->title = xr_printf(run->arena, "The chain of %s is trusted%s%s.",
            target->chain_file, target->host ? " for " : "", target->host ? target->host : "");
        verdict->meaning = "A server that sends this chain is trusted; no server was asked.";
    } else if (!target->mailbox) {
        verdict->title = xr_printf(run->arena, "The certificate of %s is trusted.", target->host);
        verdict->meaning =
            run->origin.proxy
                ? "The way through the proxy and the certificate are in order. The proxy looks the "
                  "host up by itself, so its name and its other addresses were not tested."
                : "Name, network and certificate are in order at every address.";
    } else {
        verdict->title = xr_printf(run->arena, "%s can open %s of %s%s.", target->account, folder,
            target->mailbox, target->impersonation ? " by impersonation" : "");
        verdict->meaning =
            target->impersonation
                ? "Name, network, certificate, logon and the right to impersonate are in order."
                : "Name, network, certificate, logon and the right to the folder are in order.";
    }
}

const struct xr_finding *xr_verdict_cause(const struct xr_step *first, const struct xr_step *end,
    const struct xr_step **ret_step, const char **ret_host)
{
    const struct xr_step *step = worst_step(first, end);

    *ret_step = step;
    *ret_host = NULL;
    return step && step->status >= XR_WARNING ? cause_of(step, step->status, ret_host) : NULL;
}

void xr_verdict(struct xr_run *run)
{
    static const struct xr_advice nothing_to_do[] = { { NULL, NULL, NULL, NULL } };
    const struct xr_step *step;
    const char *host;
    const struct xr_finding *finding = xr_verdict_cause(run->root->first, NULL, &step, &host);

    count_steps(run);
    run->verdict = (struct xr_verdict){
        .status = step ? step->status : XR_SKIPPED,
        .remedy = nothing_to_do,
        .ruled_out = xr_new_n(run->arena, const char *, 1),
    };
    if (!finding) {
        tell_success(run, &run->verdict);
        return;
    }
    run->verdict.ruled_out = ruled_out(run, step);
    tell(run, step, finding, host);
}
