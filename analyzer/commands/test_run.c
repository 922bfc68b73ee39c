#include <ifaddrs.h>
#include <net/if.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "analyzer/base/clock.h"
#include "analyzer/commands/command.h"
#include "analyzer/commands/output.h"
#include "analyzer/commands/screen.h"
#include "analyzer/commands/signals.h"
#include "analyzer/commands/test_kind.h"
#include "analyzer/wire/kerberos.h"
#include "analyzer/wire/kerberos_realms.h"
#include "analyzer/wire/start.h"
#include "probes/legs.h"

enum { ADDRESSES_SHOWN = 8 };

static struct xr_origin origin(struct xr_arena *arena, const struct xr_net *net)
{
    const char **addresses = xr_new_n(arena, const char *, ADDRESSES_SHOWN + 1);
    struct ifaddrs *list = NULL;
    char host[256] = "", text[NI_MAXHOST];
    size_t n = 0;

    (void)gethostname(host, sizeof(host) - 1);
    (void)getifaddrs(&list);
    for (const struct ifaddrs *at = list; at && n < ADDRESSES_SHOWN; at = at->ifa_next) {
        int family = at->ifa_addr ? at->ifa_addr->sa_family : AF_UNSPEC;
        socklen_t length =
            family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6);
        if ((family != AF_INET && family != AF_INET6) || at->ifa_flags & IFF_LOOPBACK)
            continue;
        if (!getnameinfo(at->ifa_addr, length, text, sizeof(text), NULL, 0, NI_NUMERICHOST))
            addresses[n++] = xr_strdup(arena, text);
    }
    freeifaddrs(list);
    return (struct xr_origin){ xr_strdup(arena, host), addresses, net->proxy };
}

/* A line that the step's own line overwrites: for people who wait, never for a file. */
static void on_step_started(void *arg, const struct xr_step *step)
{
    const struct xr_test_screen *screen = arg;

    if (screen->progress)
        (void)printf("  ...      %s\r", step->title);
    (void)fflush(stdout);
}

static void on_step_ended(void *arg, const struct xr_step *step)
{
    const struct xr_test_screen *screen = arg;

    if (screen->progress)
        (void)fputs("\r\x1b[K", stdout);
    bool whole = screen->whole && !strcmp(step->id, screen->whole);
    if (screen->report && screen->report->live && screen->style.verbose >= 0)
        (whole ? screen->report->live_whole : screen->report->live)(stdout, step, &screen->style);
    (void)fflush(stdout);
}

static bool goes_to_stdout(const struct xr_list *list)
{
    for (size_t i = 0; i < list->n; i++)
        if (!strcmp(list->items[i], "-"))
            return true;
    return false;
}

/* A script takes what comes for the URL. */
static int keep_stdout_free(const struct xr_form *form)
{
    const char *taker = goes_to_stdout(&form->json)   ? "--json -"
                        : goes_to_stdout(&form->html) ? "--html -"
                                                      : NULL;

    if (taker)
        return xr_usage_error("--print-ews-url has standard output for itself, so %s cannot go "
                              "there: name a file",
            taker);
    if (form->format && strcmp(form->format, "none") != 0)
        return xr_usage_error(
            "--print-ews-url has standard output for itself, so --format %s cannot go there",
            form->format);
    return 0;
}

int xr_test_screen(const struct xr_form *form, struct xr_test_screen *ret)
{
    static const char *const later[] = { "nagios", "prometheus", "junit", "rca-xml", NULL };
    bool taken = form->print_ews_url || goes_to_stdout(&form->json) || goes_to_stdout(&form->html);
    int code = form->print_ews_url ? keep_stdout_free(form) : 0;
    const char *format = form->format;

    if (code)
        return code;
    if (!format) /* what is on stdout must stand alone there */
        format = taken ? "none" : "tree";
    for (const char *const *name = later; *name; name++)
        if (!strcmp(format, *name))
            return xr_usage_error(
                "--format %s is not part of this version (%s)", format, EXRAY_VERSION);
    ret->report = strcmp(format, "none") ? xr_report_by_name(format) : NULL;
    if (!ret->report && strcmp(format, "none"))
        return xr_usage_error("--format takes tree, json or none, not '%s'", format);
    ret->style.verbose = form->quiet ? -1 : form->verbose;
    ret->style.color = xr_screen_has_color(form->no_color);
    ret->progress =
        ret->report && ret->report->live && !form->quiet && xr_screen_is_terminal(STDOUT_FILENO);
    if (form->fail_on && strcmp(form->fail_on, "warning"))
        return xr_usage_error("--fail-on takes warning, not '%s'", form->fail_on);
    return 0;
}

/* One that fails keeps none of the others from being written. */
static int write_list(
    const struct xr_list *paths, const char *report, const struct xr_run *run, int code)
{
    for (size_t i = 0; i < paths->n; i++) {
        int one = xr_output(xr_report_by_name(report), run, paths->items[i]);
        code = code ? code : one;
    }
    return code;
}

static int write_all(
    const struct xr_form *form, const struct xr_test_screen *screen, const struct xr_run *run)
{
    if (screen->report)
        screen->report->write(stdout, run, &screen->style);
    int code = write_list(&form->json, "json", run, 0);
    return write_list(&form->html, "html", run, code);
}

/* The verdict may be an earlier failure; that the time ran out is told by the exit code all the
 * same. */
static bool ran_out_of_time(const struct xr_step *step)
{
    for (const struct xr_finding *finding = step->findings; finding; finding = finding->next)
        if (finding->code == XR_FINDING_LOCAL_TIMEOUT)
            return true;
    for (const struct xr_step *child = step->first; child; child = child->next)
        if (ran_out_of_time(child))
            return true;
    return false;
}

int xr_test_exit_code(const struct xr_form *form, const struct xr_run *run)
{
    const char *finding = run->verdict.finding ? run->verdict.finding : "";
    int signal_number = xr_signals_caught();

    if (signal_number)
        return 128 + signal_number;
    if (ran_out_of_time(run->root))
        return XR_EXIT_TIMEOUT;
    if (!strcmp(finding, "local.network-unavailable"))
        return XR_EXIT_UNAVAILABLE;
    if (!strcmp(finding, "ews.throttled") || !strcmp(finding, "autodiscover.server-busy"))
        return XR_EXIT_THROTTLED;
    if (run->verdict.status == XR_ERROR)
        return XR_EXIT_VERDICT_ERROR;
    return form->fail_on && run->verdict.status == XR_WARNING ? XR_EXIT_VERDICT_ERROR : XR_EXIT_OK;
}

static bool asks_for_negotiate(const struct xr_target *target)
{
    for (const enum xr_auth *auth = target->auth; target->auth_chosen && *auth; auth++)
        if (*auth == XR_AUTH_NEGOTIATE)
            return true;
    return false;
}

/* A password gets a ticket only for those who chose Negotiate: in the usual order NTLM takes it,
 * and a machine that knows no KDC is none that could have been meant. NULL: no ticket can be had.
 */
static struct xr_kerberos *tickets(const struct xr_form *form,
    const struct xr_test_session *session, const struct xr_target *target)
{
    struct xr_kerberos_identity identity = { .account = target->account, .keytab = form->keytab };
    bool present = xr_kerberos_ticket_present(), asked = asks_for_negotiate(target);

    if (session->offline || !target->account || (!form->keytab && !present && !asked))
        return NULL;
    if (!form->keytab && !present)
        identity.password = session->password;
    identity.realms = xr_realms_of_address(session->arena, target->mailbox);
    return xr_kerberos_new(&identity);
}

static struct xr_sent sent_to_kdc(
    struct xr_arena *arena, const struct xr_kerberos_asked *asked, bool keytab)
{
    const char *secret = keytab ? "key in the keytab" : "password";
    struct xr_sent sent = {
        .to = xr_printf(arena,
            "the Kerberos servers (KDC) of realm %s, as this machine's krb5.conf or DNS names them",
            asked->realm),
        .what = "account name",
        .credentials = "none",
        .protected_by = "Kerberos",
    };

    if (asked->asking == XR_KERBEROS_PROOF) {
        sent.what =
            xr_printf(arena, "account name, and proof of the %s (pre-authentication)", secret);
        sent.credentials = xr_printf(arena, "account, and proof of the %s (Kerberos)", secret);
    } else if (asked->asking == XR_KERBEROS_TICKET) {
        sent.what = xr_printf(arena, "a question for a ticket for HTTP/%s", asked->host);
        sent.credentials = "Kerberos ticket";
    }
    return sent;
}

static bool has_proof(const struct xr_kerberos_asked *asked, size_t n, const char *realm)
{
    for (size_t i = 0; i < n; i++)
        if (asked[i].asking == XR_KERBEROS_PROOF && !strcmp(asked[i].realm, realm))
            return true;
    return false;
}

/* libkrb5 goes its own ways, past every leg, and what it sent is known at the end. */
static void add_sent_to_kdcs(struct xr_ctx *ctx, bool keytab)
{
    const struct xr_kerberos_asked *asked;
    size_t n = ctx->kerberos ? xr_kerberos_asked(ctx->kerberos, &asked) : 0;

    for (size_t i = 0; i < n; i++) {
        if (asked[i].asking == XR_KERBEROS_ACCOUNT && has_proof(asked, n, asked[i].realm))
            continue; /* the same and more */
        struct xr_sent sent = sent_to_kdc(ctx->arena, &asked[i], keytab);
        xr_run_add_sent(ctx->run, &sent);
    }
}

void xr_test_carry_out(const struct xr_test *test, const struct xr_form *form,
    struct xr_test_session *session, const struct xr_target *target,
    const struct xr_listener *listener, struct xr_run *ret)
{
    struct xr_arena *arena = session->arena;
    int64_t now = xr_now_us();
    int64_t end = now + (form->timeout ? form->timeout : XR_TIMEOUT_TEST_S) * 1000000;
    struct xr_ctx ctx = {
        .arena = arena,
        .target = target,
        .net = &session->net,
        .password = session->password,
        .token = session->token,
        .kerberos = tickets(form, session, target),
        .run = ret,
        .step_ms = form->step_timeout * 1000,
        .deadline = { end, end, NULL },
        .chain = session->offline && !session->malformed ? &session->chain : NULL,
        .malformed = session->malformed,
    };

    *ret = (struct xr_run){ .arena = arena,
        .tool_version = EXRAY_VERSION,
        .target = target,
        .origin = origin(arena, &session->net) };
    if (!session->offline)
        xr_wire_start();
    xr_run_test(&ctx, test, listener);
    add_sent_to_kdcs(&ctx, form->keytab != NULL);
    xr_run_done(&ctx);
    xr_kerberos_free(ctx.kerberos);
}

int xr_test_run(const struct xr_test *test, const struct xr_form *form,
    struct xr_test_session *session, const struct xr_target *target, struct xr_test_screen *screen)
{
    struct xr_listener listener = { on_step_started, on_step_ended, screen };
    struct xr_run run;

    screen->whole = test->name;
    xr_test_carry_out(test, form, session, target, &listener, &run);
    int lost = write_all(form, screen, &run), code = xr_test_exit_code(form, &run);
    if (form->print_ews_url)
        code = xr_test_print_ews_url(form, &run, code);
    return lost ? lost : code;
}
