#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

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
        { !form->host && !form->chain.n,
            "--host is missing: which server is to be tested? (or --chain FILE.pem: a chain from a "
            "file)" },
        { !form->chain.n && form->at, "--at needs --chain: a server is judged as of now" },
        { !form->chain.n && form->root.n,
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

static bool copy(int from, int to)
{
    static char bytes[64 * 1024];
    size_t left = XR_CHAIN_FILE_MAX + 1; /* one too many is enough to be refused */
    ssize_t got = 0;

    while (left && (got = read(from, bytes, left < sizeof(bytes) ? left : sizeof(bytes))) > 0) {
        if (write(to, bytes, (size_t)got) != got)
            return false;
        left -= (size_t)got;
    }
    return got >= 0;
}

/* A socket has no name by which it could be opened, so what comes is kept in memory. */
static const struct xr_err *read_standard_input(struct xr_arena *arena, struct xr_chain *ret)
{
    int fd = memfd_create("chain", MFD_CLOEXEC);
    const struct xr_err *err;

    if (fd < 0 || !copy(STDIN_FILENO, fd)) {
        err = xr_err(arena, XR_FAULT_CONTENT, errno, "%s cannot be read: %s", XR_STANDARD_INPUT,
            strerrordesc_np(errno));
    } else {
        const char *path = xr_printf(arena, "/proc/self/fd/%d", fd);
        err = xr_chain_read(arena, path, ret);
        if (err && xr_starts(err->text, path))
            err = xr_err(arena, err->fault, err->native, "%s%s", XR_STANDARD_INPUT,
                err->text + strlen(path));
    }
    if (fd >= 0)
        (void)close(fd);
    return err;
}

static void append(struct xr_arena *arena, struct xr_chain *to, const struct xr_chain *more)
{
    size_t n = to->sent_n + more->sent_n;
    struct xr_der *sent = xr_new_n(arena, struct xr_der, n);

    if (to->sent_n)
        memcpy(sent, to->sent, to->sent_n * sizeof(*sent));
    memcpy(sent + to->sent_n, more->sent, more->sent_n * sizeof(*sent));
    *to = (struct xr_chain){ .sent = sent, .sent_n = n };
}

static bool is_standard_input(const char *path)
{
    return !strcmp(path, "-");
}

/* An input file that cannot be used is told before there is anything to report; a certificate in it
 * that no client can read is a verdict. */
static int read_chain(struct xr_test_session *session, const struct xr_list *files)
{
    struct xr_arena *arena = session->arena;

    for (size_t i = 0; i < files->n; i++) {
        const char *path = files->items[i];
        struct xr_chain one = { 0 };
        const struct xr_err *err = is_standard_input(path) ? read_standard_input(arena, &one)
                                                           : xr_chain_read(arena, path, &one);
        if (err && err->native != EILSEQ)
            return xr_failed(XR_EXIT_INPUT, "%s", err->text);
        if (err && !session->malformed)
            session->malformed = xr_err(
                arena, err->fault, err->native, "%s", xr_utf8(arena, err->text, strlen(err->text)));
        if (!err)
            append(arena, &session->chain, &one);
    }
    return 0;
}

static void name_files(
    struct xr_arena *arena, const struct xr_list *files, struct xr_target *target)
{
    const char **names = xr_new_n(arena, const char *, files->n + 1);

    for (size_t i = 0; i < files->n; i++)
        names[i] = is_standard_input(files->items[i])
                       ? XR_STANDARD_INPUT
                       : xr_utf8(arena, files->items[i], strlen(files->items[i]));
    target->chain_file = names[0];
    target->more_chain_files = files->n > 1 ? names + 1 : NULL;
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
    if (!code)
        code = read_chain(session, &form->chain);
    if (!code)
        code = xr_form_net(arena, form, &session->net);
    if (code)
        return code;
    if (form->host)
        ret->host =
            xr_form_without_credentials(arena, xr_utf8(arena, form->host, strlen(form->host)));
    session->net.at_ms = ret->at_ms;
    ret->scan = ret->enquire = true;
    if (form->chain.n) {
        name_files(arena, &form->chain, ret);
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
