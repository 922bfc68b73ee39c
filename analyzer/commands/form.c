#include "analyzer/commands/form.h"

#include <stdlib.h>
#include <string.h>

#include "analyzer/base/text.h"
#include "analyzer/commands/command.h"
#include "analyzer/wire/ews.h"
#include "analyzer/wire/tls.h"
#include "analyzer/wire/url.h"

enum { WARN_DAYS = 30 };

void xr_form_init(struct xr_form *form)
{
    *form = (struct xr_form){
        .password_fd = -1,
        .step_timeout = 10,
        .warn_days = -1,
        .crit_days = -1,
    };
}

/* Who gives one of the two thresholds means it: the other one makes room. */
static long warn_days(const struct xr_form *form)
{
    if (form->warn_days >= 0)
        return form->warn_days;
    return form->crit_days > WARN_DAYS ? form->crit_days : WARN_DAYS;
}

static long crit_days(const struct xr_form *form)
{
    long warn = warn_days(form);

    if (form->crit_days >= 0)
        return form->crit_days;
    return form->usual_crit_days < warn ? form->usual_crit_days : warn;
}

static int parse_auth(const struct xr_form *form, struct xr_target *ret)
{
    static const struct {
        const char *name;
        enum xr_auth auth;
    } rows[] = {
        { "basic", XR_AUTH_BASIC },
        { "ntlm", XR_AUTH_NTLM },
        { "negotiate", XR_AUTH_NEGOTIATE },
        { "oauth", XR_AUTH_OAUTH },
    };
    static const enum xr_auth by_password[] = { XR_AUTH_NEGOTIATE, XR_AUTH_NTLM, XR_AUTH_BASIC };
    size_t n = 0;

    ret->auth_chosen = form->auth.n > 0;
    for (size_t i = 0; i < form->auth.n; i++) {
        size_t k = 0;
        while (k < 4 && strcmp(rows[k].name, form->auth.items[i]))
            k++;
        if (k == 4 || n == XR_AUTH_COUNT - 1)
            return xr_usage_error(
                "--auth takes basic, ntlm, negotiate or oauth, each once, not '%s'",
                form->auth.items[i]);
        ret->auth[n++] = rows[k].auth;
    }
    if (!n && (form->bearer_file || form->with_token))
        ret->auth[n++] = XR_AUTH_OAUTH;
    if (!n)
        memcpy(ret->auth, by_password, sizeof(by_password));
    return 0;
}

static int parse_identity(const struct xr_form *form, struct xr_target *ret)
{
    static const enum xr_identify_by kinds[] = { XR_BY_SMTP_ADDRESS, XR_BY_PRIMARY_SMTP_ADDRESS,
        XR_BY_UPN, XR_BY_SID };
    const char *by = form->impersonate_by;
    size_t k = 0;

    ret->impersonation = !form->no_impersonation;
    ret->impersonate = form->impersonate ? form->impersonate : form->mailbox;
    while (by && k < 4 && strcmp(by, xr_identify_by_name(kinds[k])))
        k++;
    if (k == 4)
        return xr_usage_error(
            "--impersonate-by takes smtp-address, primary-smtp-address, upn or sid, not '%s'", by);
    ret->identify_by = kinds[k];
    if (form->no_impersonation && (form->impersonate || by))
        return xr_usage_error("--no-impersonation excludes --impersonate and --impersonate-by");
    if (ret->identify_by >= XR_BY_UPN && !form->impersonate)
        return xr_usage_error("--impersonate-by %s needs --impersonate", by);
    return 0;
}

static int parse_folder(const struct xr_form *form, struct xr_target *ret)
{
    ret->folder_id = form->folder_id;
    ret->folder = form->folder ? form->folder : form->folder_id ? NULL : "inbox";
    if (form->folder && form->folder_id)
        return xr_usage_error("--folder and --folder-id exclude each other");
    if (!form->folder || xr_ews_is_distinguished(form->folder))
        return 0;
    const char *near = xr_nearest(form->folder, xr_ews_distinguished);
    if (near)
        return xr_usage_error(
            "'%s' is no distinguished folder; did you mean '%s'?", form->folder, near);
    return xr_usage_error(
        "'%s' is no distinguished folder; --folder-id takes any folder", form->folder);
}

static int parse_hosts(struct xr_arena *arena, const struct xr_list *list, const char *const **ret)
{
    const char **hosts = xr_new_n(arena, const char *, list->n + 1);

    for (size_t i = 0; i < list->n; i++) {
        const char *why;
        hosts[i] = xr_host_ascii(arena, list->items[i], &why);
        if (!hosts[i])
            return xr_usage_error(
                "--allow-redirect %s is not a host name: %s", list->items[i], why);
    }
    *ret = hosts;
    return 0;
}

const char *xr_form_without_credentials(struct xr_arena *arena, const char *url)
{
    const char *scheme = url ? strstr(url, "://") : NULL;
    const char *from = scheme ? scheme + 3 : url;
    const char *at = url ? strrchr(from, '@') : NULL; /* no URL of EWS has one in its path */

    return at ? xr_printf(arena, "%.*s[redacted]%s", (int)(from - url), url, at) : url;
}

int xr_form_any_target(struct xr_arena *arena, const struct xr_form *form, struct xr_target *ret)
{
    *ret = (struct xr_target){
        .ignore_trust = form->ignore_trust,
        .warn_days = (int)warn_days(form),
        .crit_days = (int)crit_days(form),
        .days_as_given = form->crit_days >= 0,
    };
    if (ret->crit_days > ret->warn_days)
        return xr_usage_error("--crit-days %d comes before --warn-days %d: the days left go down, "
                              "so the warning has the greater number",
            ret->crit_days, ret->warn_days);
    return parse_hosts(arena, &form->allow_redirect, &ret->allow_redirect);
}

/* --with write,rooms */
static int parse_with(struct xr_arena *arena, const struct xr_form *form, uint32_t *ret)
{
    for (const char *at = form->with; at && *at; at += *at == ',') {
        const char *word = xr_strndup(arena, at, strcspn(at, ","));
        int k = 0;
        while (k < XR_WITH_COUNT && strcmp(word, xr_with_name((enum xr_with)k)))
            k++;
        if (k == XR_WITH_COUNT)
            return xr_usage_error("--with takes write, rooms, oof, availability, sync and "
                                  "extended-protection, separated by commas, not '%s'",
                word);
        *ret |= 1u << k;
        at += strlen(word);
    }
    return 0;
}

int xr_form_target(struct xr_arena *arena, const struct xr_form *form, struct xr_target *ret)
{
    int code = xr_form_any_target(arena, form, ret);

    if (code)
        return code;
    ret->ews_url = xr_form_without_credentials(arena, form->ews_url);
    if (!form->mailbox)
        return xr_usage_error("--mailbox is missing: whose mailbox is to be opened?");
    if (!form->account)
        return xr_usage_error("--account is missing: who opens it, DOMAIN\\user or user@domain?");
    ret->mailbox = xr_utf8(arena, form->mailbox, strlen(form->mailbox));
    ret->account = xr_utf8(arena, form->account, strlen(form->account));
    ret->outside = form->outside ? xr_utf8(arena, form->outside, strlen(form->outside)) : NULL;
    ret->second_attempt = form->second_attempt;
    code = parse_auth(form, ret);
    if (!code)
        code = parse_identity(form, ret);
    if (!code)
        code = parse_with(arena, form, &ret->with);
    return code ? code : parse_folder(form, ret);
}

int xr_form_discovery_target(
    struct xr_arena *arena, const struct xr_form *form, struct xr_target *ret)
{
    int code = xr_form_any_target(arena, form, ret);

    if (!code)
        code = xr_form_ways(arena, form, &ret->no_ways);
    if (code)
        return code;
    if (!form->mailbox)
        return xr_usage_error("--mailbox is missing: whose settings are to be found?");
    ret->mailbox = xr_utf8(arena, form->mailbox, strlen(form->mailbox));
    ret->account = form->account ? xr_utf8(arena, form->account, strlen(form->account)) : NULL;
    ret->both_protocols = !form->print_ews_url;
    return parse_auth(form, ret);
}

static const char *proxy_of_environment(void)
{
    static const char *const names[] = { "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY",
        NULL };

    for (const char *const *name = names; *name; name++) {
        const char *value = getenv(*name);
        if (value && *value)
            return value;
    }
    return NULL;
}

/* A bare word is a typing mistake, "nonne", sooner than a machine's name; and which port would it
 * be? curl and browsers disagree. */
static const char *take_proxy(struct xr_arena *arena, const char *text, struct xr_url *ret)
{
    bool has_scheme = strstr(text, "://") != NULL;
    const char *close = strrchr(text, ']');
    const char *colon = strchr(close ? close : text, ':');

    if (!has_scheme && (!colon || !strspn(colon + 1, "0123456789")))
        return "give it as http://HOST:PORT";
    const char *why =
        xr_url_parse(arena, has_scheme ? text : xr_printf(arena, "http://%s", text), ret);
    if (!why && ret->https)
        return "only http:// proxies are spoken to";
    return why;
}

static int parse_proxy(struct xr_arena *arena, const char *text, struct xr_net *net)
{
    struct xr_url url;

    const char *of_environment = proxy_of_environment();
    bool asked = text && strcmp(text, "none");
    bool by_environment = asked && !strcmp(text, "env");
    const char *value = by_environment ? of_environment : text;

    if (!by_environment && of_environment)
        net->ignored_proxy = xr_form_without_credentials(
            arena, xr_utf8(arena, of_environment, strlen(of_environment)));
    if (!asked || !value)
        return 0;
    const char *why = take_proxy(arena, value, &url);
    if (why)
        return xr_usage_error(
            "the proxy '%s' is not usable: %s", xr_form_without_credentials(arena, value), why);
    net->proxy = url.text;
    return 0;
}

static int parse_rules(struct xr_arena *arena, const struct xr_form *form, struct xr_net *net)
{
    for (size_t i = 0; i < form->resolve.n; i++) {
        const char *why = xr_net_add_resolve(arena, net, form->resolve.items[i]);
        if (why)
            return xr_usage_error("--resolve %s: %s", form->resolve.items[i], why);
    }
    for (size_t i = 0; i < form->connect_to.n; i++) {
        const char *why = xr_net_add_connect_to(arena, net, form->connect_to.items[i]);
        if (why)
            return xr_usage_error("--connect-to %s: %s", form->connect_to.items[i], why);
    }
    return 0;
}

/* --root names all roots there are; else the machine's count, and --ca-file adds to them. */
static int take_roots(struct xr_arena *arena, const struct xr_form *form, struct xr_net *ret)
{
    struct xr_trust *trust = NULL;
    const struct xr_err *err = form->root.n ? xr_trust_only(arena, form->root.items, &trust)
                                            : xr_trust_new(arena, form->ca_file.items, &trust);

    if (err) {
        (void)xr_usage_error("%s", err->text);
        return XR_EXIT_INPUT;
    }
    ret->trust = trust;
    return 0;
}

int xr_form_net(struct xr_arena *arena, const struct xr_form *form, struct xr_net *ret)
{
    *ret = (struct xr_net){
        .user_agent = form->user_agent ? form->user_agent : "exray/" EXRAY_VERSION,
        .dns_server = form->dns_server,
        .warn_days = (int)warn_days(form),
        /* an error must be a warning first, so a threshold of errors holds for both */
        .days_as_given = form->warn_days >= 0 || form->crit_days >= 0,
        .no_revocation = form->no_revocation,
    };
    if (strpbrk(ret->user_agent, "\r\n"))
        return xr_usage_error("--user-agent must be one line");
    const char *why = form->dns_server ? xr_dns_server_flaw(arena, form->dns_server) : NULL;
    if (why)
        return xr_usage_error("--dns-server %s: %s", form->dns_server, why);
    int code = parse_rules(arena, form, ret);
    if (!code)
        code = parse_proxy(arena, form->proxy, ret);
    return code ? code : take_roots(arena, form, ret);
}
