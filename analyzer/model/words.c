#include "analyzer/model/words.h"

#include <string.h>

#include "analyzer/base/text.h"

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

/* Where Autodiscover was tested without a logon, a text cannot name the account. */
static const char nobody[] = "the account";

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
        .ews_url = url_of(run, target->mailbox && !xr_is_of_discovery(run) ? host : near),
        .folder = target->folder ? target->folder : target->folder_id,
        .impersonated = target->impersonate,
        .primary = run->facts.primary_smtp_address,
        .code = finding->code_name,
    };
}

static const char *file_name(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash && slash[1] ? slash + 1 : path;
}

bool xr_is_of_discovery(const struct xr_run *run)
{
    return xr_same(run->test, "autodiscover");
}

struct xr_words xr_words_of(
    const struct xr_run *run, const struct xr_finding *finding, const char *host)
{
    struct xr_slots slots = slots_of(run, finding, host);
    struct xr_words words = { slots, slots };

    if (!slots.host && run->target->chain_file)
        words.texts.host = file_name(run->target->chain_file);
    if (!slots.account && xr_is_of_discovery(run))
        words.texts.account = nobody;
    return words;
}

const char *xr_filled_in(struct xr_arena *arena, const char *text, const struct xr_words *words)
{
    const char *made = text ? xr_expand(arena, text, &words->texts, XR_SHELL_NONE) : NULL;

    if (!made || words->texts.account != nobody || !xr_starts(text, "{account}"))
        return made;
    return xr_printf(arena, "T%s", made + 1);
}
