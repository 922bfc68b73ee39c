#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "analyzer/base/text.h"
#include "analyzer/commands/command.h"
#include "analyzer/commands/test_kind.h"
#include "analyzer/wire/chain.h"

/* A live server is judged as clients judge it: now, and by the roots of a machine. */
static int judge_options(const struct xr_form *form)
{
    const struct {
        bool wrong;
        const char *text;
    } rows[] = {
        { !form->host && !form->chain,
            "--host is missing: which server is to be tested? (or --chain FILE.pem: a chain from a "
            "file)" },
        { !form->chain && form->at, "--at needs --chain: a server is judged as of now" },
        { !form->chain && form->root.n,
            "--root needs --chain: for a server, --ca-file adds roots to the machine's" },
        { form->root.n && form->ca_file.n,
            "--root and --ca-file exclude one another: --root names all roots that count" },
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
        if (rows[i].wrong)
            return xr_usage_error("%s", rows[i].text);
    return 0;
}

/* Certificates know whole seconds. */
static int parse_moment(const char *text, int64_t *ret_ms)
{
    const char *why = text ? xr_form_moment(text, ret_ms) : NULL;

    if (why)
        return xr_usage_error("--at %s: %s", text, why);
    *ret_ms -= (*ret_ms % 1000 + 1000) % 1000;
    if (text && !*ret_ms)
        *ret_ms = 1; /* 0 stands for now */
    return 0;
}

/* An input file that cannot be used is told before there is anything to report. What comes through
 * a pipe can be read once only: then the test itself tells. */
static int judge_file(struct xr_arena *arena, const char *path)
{
    struct xr_chain unused;
    struct stat info;

    if (!stat(path, &info) && !S_ISREG(info.st_mode) && !S_ISDIR(info.st_mode))
        return 0;
    const struct xr_err *err = xr_chain_read(arena, path, &unused);
    return err && err->native != EILSEQ ? xr_failed(XR_EXIT_INPUT, "%s", err->text) : 0;
}

static int prepare(struct xr_test_session *session, struct xr_form *form, struct xr_target *ret,
    const struct xr_test **test)
{
    struct xr_arena *arena = session->arena;
    int code = judge_options(form);

    if (!code)
        code = xr_form_any_target(arena, form, ret);
    if (!code)
        code = parse_moment(form->at, &ret->at_ms);
    if (!code && form->chain) {
        ret->chain_file = xr_utf8(arena, form->chain, strlen(form->chain));
        code = judge_file(arena, ret->chain_file);
    }
    if (!code)
        code = xr_form_net(arena, form, &session->net);
    if (code)
        return code;
    if (form->host)
        ret->host =
            xr_form_without_credentials(arena, xr_utf8(arena, form->host, strlen(form->host)));
    session->net.at_ms = ret->at_ms;
    ret->scan = true;
    if (form->chain) {
        session->offline = true;
        *test = &xr_test_chain;
    }
    return 0;
}

const struct xr_test_kind xr_kind_ssl_trust = {
    .name = "ssl-trust",
    .options = xr_form_of_chains,
    .crit_days = 7,
    .sent = "Sent: no credentials and no address of anybody. The host is asked for its "
            "certificates and\n"
            "for what it offers; the authorities that issued them are asked, over http, whether "
            "they\n"
            "were revoked and for what the server does not send (--no-revocation: not whether they "
            "were\n"
            "revoked). The report lists every receiver. With --chain nothing is sent at all.",
    .prepare = prepare,
};
