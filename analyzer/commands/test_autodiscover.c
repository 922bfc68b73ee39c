#include "analyzer/base/text.h"
#include "analyzer/commands/command.h"
#include "analyzer/commands/test_kind.h"
#include "analyzer/run/wand.h"

/* Who gives a password means that somebody logs on. */
static int refuse_secrets_of_nobody(const struct xr_form *form)
{
    const struct {
        bool given;
        const char *option;
    } rows[] = {
        { form->password_file, "--password-file" },
        { form->password_fd >= 0, "--password-fd" },
        { form->password_stdin, "--password-stdin" },
        { form->bearer_file, "--bearer-file" },
        { form->keytab, "--keytab" },
        { form->auth.n, "--auth" },
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
        if (rows[i].given)
            return xr_usage_error("%s needs --account: without one nobody logs on", rows[i].option);
    return 0;
}

static int prepare(struct xr_test_session *session, struct xr_form *form, struct xr_target *ret,
    const struct xr_test **test)
{
    struct xr_arena *arena = session->arena;

    (void)test;
    form->finds_url = true;
    int code = form->org ? xr_form_from_store(arena, form, &session->password, &session->token) : 0;
    if (!code)
        code = xr_form_discovery_target(arena, form, ret);
    if (!code && !form->account)
        code = refuse_secrets_of_nobody(form);
    if (!code)
        code = xr_form_net(arena, form, &session->net);
    if (!code && !form->org && form->account)
        code = xr_form_secrets(form, &session->password, &session->token);
    return code;
}

/* That Microsoft 365 was not asked is no failure here: its URL is known by names. */
static int code_of(const struct xr_run *run, const struct xr_wand *wand, int code)
{
    if (run->facts.ews_url)
        return code;
    bool answered = wand->source == XR_WAND_MICROSOFT_365;
    if (answered && code == XR_EXIT_VERDICT_ERROR)
        return XR_EXIT_OK;
    return !answered && code == XR_EXIT_OK ? XR_EXIT_VERDICT_ERROR : code;
}

int xr_test_print_ews_url(const struct xr_form *form, const struct xr_run *run, int code)
{
    const struct xr_verdict *verdict = &run->verdict;
    struct xr_address address;
    const char *why;

    if (code >= 128) /* whoever interrupts wants no guess */
        return code;
    if (!xr_address_parse(run->arena, run->target->mailbox, &address, &why))
        return xr_failed(code, "%s (exray explain %s)", verdict->title, verdict->finding);
    struct xr_wand wand = xr_wand(run, address.domain);
    int end = code_of(run, &wand, code);
    xr_say("%s", wand.url);
    if (verdict->finding || !form->quiet)
        xr_note("%s", xr_wand_line(run, &wand, ""));
    return end;
}

const struct xr_test_kind xr_kind_autodiscover = {
    .name = "autodiscover",
    .options = xr_form_of_discovery,
    .sent = "Sent: with --account, the mailbox address and the credentials, to hosts of the mail "
            "domain,\n"
            "to those you name with --allow-redirect, and to the host that an answer behind a "
            "logon\n"
            "names. Without --account, and where no other method found anything, the mailbox "
            "address\n"
            "alone, to hosts of the mail domain and those you name (Autodiscover V2). Both over "
            "verified\n"
            "TLS only (--ignore-trust waives the trust). Names of the mail domain and of those "
            "hosts are\n"
            "asked of the name server. A question without a word about anybody goes first, over "
            "http\n"
            "too. The report lists every receiver. Nothing goes anywhere else.",
    .prepare = prepare,
};
