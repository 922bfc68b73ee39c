#include "analyzer/commands/test_kind.h"

static int prepare(struct xr_test_session *session, struct xr_form *form, struct xr_target *ret,
    const struct xr_test **test)
{
    struct xr_arena *arena = session->arena;
    int code = form->org ? xr_form_from_store(arena, form, &session->password, &session->token) : 0;

    (void)test;
    if (!code)
        code = xr_form_target(arena, form, ret);
    if (!code)
        code = xr_form_net(arena, form, &session->net);
    if (!code && !form->org)
        code = xr_form_secrets(form, &session->password, &session->token);
    ret->enquire = true;
    return code;
}

const struct xr_test_kind xr_kind_service_account = {
    .name = "service-account",
    .options = xr_form_options,
    .sent =
        "Sent: the mailbox address and the credentials, to hosts of the mail domain, to those "
        "you\n"
        "name, and to the EWS host that Autodiscover names; over verified TLS only "
        "(--ignore-trust\n"
        "waives the trust). Whether a certificate was revoked is asked of its authority, over "
        "http\n"
        "and without a word about you (--no-revocation: not at all). The report lists every\n"
        "receiver. Nothing goes anywhere else.\n"
        "Written: nothing, but for --with write, which creates one draft in the mailbox and\n"
        "deletes it for good. --with extended-protection has one logon refused on purpose, where\n"
        "the protection is required.",
    .prepare = prepare,
};
