#include "analyzer/commands/org_wand.h"

#include <string.h>

#include "analyzer/base/text.h"
#include "analyzer/commands/command.h"
#include "analyzer/commands/org_values.h"
#include "analyzer/commands/shell_word.h"
#include "analyzer/commands/signals.h"
#include "analyzer/commands/test_kind.h"
#include "analyzer/run/wand.h"
#include "reports/json_writer.h"

/* A wave of the wand. */
struct wave {
    struct xr_call *call;
    struct xr_org org;
    struct xr_wand_user asked;
    struct xr_test_session session;
    struct xr_target target;
    struct xr_run run; /* test NULL: no server was asked */
    struct xr_wand wand;
    struct xr_wand_doubt doubt; /* why the pattern is not to be saved; finding NULL: it may be */
    bool saved;
};

static void wave_done(struct wave *wave)
{
    xr_test_session_done(&wave->session);
}

static const char *org_word(const struct wave *wave)
{
    return xr_shell_word(wave->call->arena, wave->org.name);
}

static const char *domain_of(const struct wave *wave)
{
    const char *at = wave->asked.found ? strrchr(wave->asked.user.email, '@') : NULL;

    return wave->org.domains[0] ? wave->org.domains[0] : at ? at + 1 : NULL;
}

/* The access type says where the mailboxes are, and all of them are behind one address. */
static struct xr_wand by_access_type(struct xr_arena *arena, const struct xr_org *org)
{
    return (struct xr_wand){ xr_m365_ews_url, XR_WAND_MICROSOFT_365,
        xr_printf(arena,
            "by Microsoft 365: this is the one address of Exchange Online, where the mailbox "
            "access type %s says that the mailboxes are; it was not tested, and nothing was sent "
            "(national clouds have addresses of their own)",
            xr_org_access_name(org->access)) };
}

static int take_secret(struct wave *wave, const struct xr_form *form)
{
    struct xr_test_session *session = &wave->session;

    if (!wave->asked.logs_on)
        return 0;
    return xr_stored_secret(&wave->call->stored, &wave->org, &wave->asked.user, &wave->asked.access,
        form->with_token ? &session->token : &session->password);
}

/* Without a user there is an address for the form's sake alone. */
static struct xr_form form_of(const struct wave *wave)
{
    struct xr_form form = wave->call->form->form;
    const struct xr_wand_user *asked = &wave->asked;

    form.mailbox = asked->found ? asked->user.email
                                : xr_printf(wave->session.arena, "postmaster@%s", domain_of(wave));
    form.print_ews_url = form.finds_url = true;
    if (asked->logs_on) {
        form.account = asked->access.account.value;
        form.with_token = xr_mode_secret(asked->access.mode) == XR_SECRET_TOKEN;
    }
    return form;
}

/* What would carry the address is not asked: Autodiscover V2, at hosts of the domain and at those
 * that are allowed. */
static void keep_the_address_in(struct xr_target *target)
{
    static const char *const nobody[] = { NULL };

    target->no_ways |= 1u << XR_WAY_V2;
    target->allow_redirect = nobody;
}

static int ask_servers(struct wave *wave)
{
    struct xr_test_session *session = &wave->session;
    struct xr_form form = form_of(wave);
    int code = xr_form_discovery_target(session->arena, &form, &wave->target);

    if (!wave->asked.found)
        keep_the_address_in(&wave->target);
    if (!code)
        code = xr_form_net(session->arena, &form, &session->net);
    if (!code)
        code = take_secret(wave, &form);
    if (code)
        return code;
    xr_signals_catch();
    xr_test_carry_out(
        xr_test_named("autodiscover"), &form, session, &wave->target, NULL, &wave->run);
    wave->wand = xr_wand(&wave->run, domain_of(wave));
    return 0;
}

/* A verdict that no service was found is what the other sources are for. That a logon failed, or
 * that we could not ask, is not to be covered up by a guess. */
static bool is_fatal(int code, const char *finding)
{
    if (code == XR_EXIT_OK)
        return false;
    return code != XR_EXIT_VERDICT_ERROR || xr_starts(finding, "logon.") ||
           xr_starts(finding, "input.");
}

/* Without a user there was nobody to ask the service about that is there: a guess is the best that
 * can be had. */
static struct xr_wand_doubt doubt_of(const struct wave *wave)
{
    struct xr_wand_doubt doubt = xr_wand_doubt(&wave->run);
    bool nobody = !wave->asked.found && xr_same(doubt.finding, "autodiscover.not-asked");

    return nobody ? (struct xr_wand_doubt){ NULL, NULL } : doubt;
}

static int find(struct wave *wave)
{
    const char *finding;

    if (wave->org.access == XR_ORG_M365_OAUTH) {
        wave->wand = by_access_type(wave->session.arena, &wave->org);
        return 0;
    }
    int code = xr_wand_choose_user(wave->call, &wave->org, &wave->asked);
    if (code)
        return code;
    if (!domain_of(wave))
        return xr_failed(XR_EXIT_CONFIG,
            "'%s' has neither a user nor a domain whose EWS URL could be found: %s", wave->org.name,
            xr_call_command(wave->call, "org set %s --domain D", org_word(wave)));
    code = ask_servers(wave);
    if (code)
        return code;
    code = xr_test_exit_code(&wave->call->form->form, &wave->run);
    wave->doubt = doubt_of(wave);
    finding = wave->run.verdict.finding ? wave->run.verdict.finding : "";
    return is_fatal(code, finding) ? code : 0;
}

static int save(struct wave *wave)
{
    struct xr_call *call = wave->call;
    struct xr_org *org = &wave->org;
    struct xr_edit_secrets none = { 0 };
    const char *url = wave->wand.url;

    if (xr_same(org->ews_url, url))
        return 0;
    if (org->ews_url)
        return xr_failed(XR_EXIT_CONFIG,
            "nothing was saved: '%s' has another EWS URL, %s; the wand's is %s (%s). To take that "
            "one: %s",
            org->name, org->ews_url, url, wave->wand.because,
            xr_call_command(
                call, "org set %s --ews-url %s", org_word(wave), xr_shell_word(call->arena, url)));
    org->ews_url = url;
    int code = xr_edit_judge(xr_lint_org(call->arena, org));
    if (!code)
        code = xr_edit_save(call, (struct xr_edit_record){ .org = org }, &none, true);
    wave->saved = !code;
    return code;
}

static void print_as_json(const struct wave *wave)
{
    struct xr_json json = { .out = stdout };

    xr_json_open(&json, NULL, '{');
    xr_json_put(&json, "schema", "exray.wand/1");
    xr_json_put(&json, "organization", wave->org.name);
    xr_json_put(&json, "url", wave->wand.url);
    xr_json_put(&json, "source", xr_wand_source_name(wave->wand.source));
    xr_json_put(&json, "because", wave->wand.because);
    xr_json_put(&json, "mailbox", wave->asked.found ? wave->asked.user.email : NULL);
    xr_json_put(&json, "account", wave->target.account);
    xr_json_put(&json, "finding", wave->run.verdict.finding);
    xr_json_bool(&json, "saved", wave->saved);
    xr_json_close(&json, '}');
    (void)fputc('\n', stdout);
}

/* What a better answer would have needed. */
static void tell_what_was_not_tried(const struct wave *wave)
{
    struct xr_call *call = wave->call;

    if (!wave->asked.found)
        xr_note("'%s' has no enabled user in its domains, so no server was asked about a mailbox, "
                "and nobody logged on; to add one: %s",
            wave->org.name, xr_call_command(call, "user add --org %s ADDR", org_word(wave)));
    else if (!wave->asked.logs_on)
        xr_note("nobody logged on: no account with a secret is stored for %s; what is missing "
                "tells %s",
            wave->asked.user.email,
            xr_call_command(call, "user show --org %s %s --origin", org_word(wave),
                xr_shell_word(call->arena, wave->asked.user.email)));
}

static const char *in_whose_name(const struct wave *wave)
{
    struct xr_arena *arena = wave->call->arena;

    if (!wave->asked.found)
        return "";
    return wave->asked.logs_on ? xr_printf(arena, " (asked for %s as %s)", wave->asked.user.email,
                                     wave->asked.access.account.value)
                               : xr_printf(arena, " (asked for %s)", wave->asked.user.email);
}

static void tell_source(const struct wave *wave)
{
    xr_note("%s", wave->run.test ? xr_wand_line(&wave->run, &wave->wand, in_whose_name(wave))
                                 : wave->wand.because);
    if (wave->run.test && wave->wand.source != XR_WAND_AUTODISCOVER)
        tell_what_was_not_tried(wave);
}

static void tell_about_saving(const struct wave *wave, const char *stored)
{
    struct xr_call *call = wave->call;
    const char *check = xr_call_command(call, "check %s", org_word(wave));

    if (wave->saved)
        xr_note("saved%s; check it: %s",
            wave->wand.source == XR_WAND_PATTERN ? ", though it is a guess" : "", check);
    else if (call->form->apply)
        xr_note("it is stored already");
    else if (stored && !xr_same(stored, wave->wand.url))
        xr_note("another one is stored for '%s': %s", wave->org.name, stored);
}

/* A guess is stored only where nothing speaks against it: what is stored is taken for known. */
static bool is_doubted(const struct wave *wave)
{
    return wave->call->form->apply && wave->wand.source == XR_WAND_PATTERN && wave->doubt.finding &&
           !xr_same(wave->org.ews_url, wave->wand.url);
}

static int tell_doubt(const struct wave *wave)
{
    tell_what_was_not_tried(wave);
    return xr_failed(XR_EXIT_VERDICT_ERROR,
        "nothing was saved: the URL is a guess, and Autodiscover says something else, %s: %s "
        "(exray explain %s) To save a URL by hand: %s",
        wave->doubt.finding, wave->doubt.message, wave->doubt.finding,
        xr_call_command(wave->call, "org set %s --ews-url URL", org_word(wave)));
}

/* It is a failure, with the best that there is. */
static int tell_failure(const struct wave *wave, int code)
{
    const struct xr_verdict *verdict = &wave->run.verdict;

    if (!wave->run.test || code >= 128 || !verdict->finding)
        return code;
    if (code == XR_EXIT_VERDICT_ERROR && is_doubted(wave))
        return tell_doubt(wave);
    return xr_failed(code, "%s%s (exray explain %s)", verdict->title,
        wave->call->form->apply ? " Nothing was saved." : "", verdict->finding);
}

static int show(const struct wave *wave, const char *stored, int code)
{
    if (wave->call->form->json)
        print_as_json(wave);
    else
        xr_say("%s", wave->wand.url);
    if (code) {
        xr_note("%s%s", wave->wand.because, in_whose_name(wave));
        return tell_failure(wave, code);
    }
    tell_source(wave);
    tell_about_saving(wave, stored);
    return XR_EXIT_OK;
}

int xr_org_wand(struct xr_call *call)
{
    __attribute__((cleanup(wave_done))) struct wave wave = { .call = call,
        .session = { .arena = xr_arena_new() } };
    int code = xr_stored_org(&call->stored, call->words[0], &wave.org);

    if (!code)
        code = find(&wave);
    if (!wave.wand.url || code >= 128)
        return code;
    const char *stored = wave.org.ews_url;
    if (!code && is_doubted(&wave))
        code = XR_EXIT_VERDICT_ERROR;
    if (!code && call->form->apply) {
        code = save(&wave);
        if (code)
            return code;
    }
    return show(&wave, stored, code);
}
