/*
 * Writes docs/redirect-policy.md from the table of probes/policy.c.
 *
 *     write-policy FILE
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "probes/policy.h"

#define ALL(count) ((UINT32_C(1) << (count)) - 1)

static const char opening[] =
    "<!-- Made from probes/policy.c by write-policy: edit those files. -->\n"
    "\n"
    "# Who may receive the password and the mailbox address\n"
    "\n"
    "Autodiscover sends applications from host to host: by HTTP redirects, by records of DNS, by "
    "answers of\n"
    "services. Some of that can be forged by anybody on the way. So exray decides for every "
    "request where it goes\n"
    "and what it may carry, by the one table on this page. The table is the program's own: this "
    "page is written\n"
    "from it.\n"
    "\n"
    "## The organisation's own hosts\n"
    "\n"
    "Credentials and the mailbox address go to the organisation's own hosts only:\n"
    "\n"
    "- the mail domain and every name below it: for `jane@contoso.com` that is `contoso.com`,\n"
    "  `autodiscover.contoso.com`, `mail.contoso.com`;\n"
    "- a host that you named, exactly: with `--ews-url` or with `--allow-redirect`;\n"
    "- a host that an answer of an own host named, exactly: an answer behind a logon, over a "
    "connection whose\n"
    "  certificate was verified.\n"
    "\n"
    "Every other host is foreign. What an HTTP redirect, a record of DNS (SRV, MX, CNAME) or an "
    "answer without a\n"
    "logon (Autodiscover V2) names is own only if it is for one of the reasons above. There are no "
    "built-in\n"
    "exceptions, not for Microsoft 365 either, and exray never asks during a run.\n"
    "\n"
    "Names are compared label by label; upper and lower case and one final dot make no difference. "
    "`evilcontoso.com`\n"
    "and `contoso.com.evil.example` are foreign, and so is a parent domain: for "
    "`jane@contoso.co.uk` the host\n"
    "`autodiscover.co.uk` is never asked. Where the mail domain is a single label, names below it "
    "are foreign too.\n"
    "An IP address is own only if you named it, or an answer behind a logon did.\n"
    "\n"
    "## The table\n"
    "\n"
    "Read it from the top: the first row that fits decides.\n"
    "\n"
    "| Host | Over | Named by | What is to be sent | Decision | Why |\n"
    "|---|---|---|---|---|---|\n";

static const char before_examples[] =
    "\n"
    "\"A rule\" is how clients derive hosts from an address: DOMAIN and autodiscover.DOMAIN. It "
    "applies to the address\n"
    "of a `redirectAddr` as well, and the hosts that come of it have to be own: the domain of a "
    "new "
    "address is no\n"
    "reason to trust it. The last row is for what no other row decides: a foreign host that a rule "
    "gave.\n"
    "\n"
    "A permit is not all that is needed. Over a connection whose certificate was not verified no "
    "credentials are\n"
    "sent; `--ignore-trust` forgives an unknown issuer on own hosts only, and never a wrong name "
    "or a wrong date.\n"
    "A connection that it forgave counts as verified, and so does what an answer behind a logon "
    "names "
    "over it.\n"
    "Ports make no difference: a host is one's own on each of them. Where no logon is asked for, "
    "none is sent.\n"
    "Once credentials went out without a clear answer (the connection broke, or a device answered "
    "403 or 5xx),\n"
    "no more are sent in that run: it may count as a failed logon.\n"
    "\n"
    "## Examples\n"
    "\n"
    "The mail domain is `contoso.com` unless the example says otherwise.\n"
    "\n"
    "| Case | Target | What is to be sent | Decision | Why |\n"
    "|---|---|---|---|---|\n";

static const char closing[] =
    "\n"
    "## Allowing a host: --allow-redirect\n"
    "\n"
    "When a provider hosts the mailboxes, the redirect to its host is right, and you allow it "
    "once:\n"
    "\n"
    "```sh\n"
    "exray test service-account --mailbox jane@contoso.com --account 'CONTOSO\\svc-sync' \\\n"
    "    --allow-redirect autodiscover.hoster.example\n"
    "```\n"
    "\n"
    "- The option names one host, exactly: `--allow-redirect hoster.example` does not allow\n"
    "  `autodiscover.hoster.example`. Give it once for each host.\n"
    "- It allows https only. A redirect to http is refused, whoever the host is.\n"
    "- Ask whoever runs the mail system before you allow a host that you don't know. An account's "
    "password that was\n"
    "  sent to the wrong host has to be changed.\n"
    "\n"
    "## Where to see it\n"
    "\n"
    "Every report lists the receivers of the run and what each of them got, those without "
    "credentials too. What was\n"
    "refused is a finding:\n"
    "[autodiscover.redirect-not-allowed](findings/autodiscover.redirect-not-allowed.md),\n"
    "[autodiscover.redirect-insecure](findings/autodiscover.redirect-insecure.md),\n"
    "[autodiscover.srv-foreign-domain](findings/autodiscover.srv-foreign-domain.md),\n"
    "[autodiscover.microsoft-365](findings/autodiscover.microsoft-365.md).\n";

/* ---- words ---- */

static const char *const hosts[XR_HOST_KINDS] = {
    [XR_HOST_NONE] = "no host name",
    [XR_HOST_OF_DOMAIN] = "the mail domain or below it",
    [XR_HOST_NAMED] = "named by you",
    [XR_HOST_VOUCHED] = "named by an authenticated answer before",
    [XR_HOST_ANSWERED] = "named by the answer of an own host",
    [XR_HOST_FOREIGN] = "foreign",
};

static const char *const over[XR_OVER_COUNT] = {
    [XR_OVER_HTTP] = "http",
    [XR_OVER_HTTPS] = "https",
};

static const char *const named_by[XR_NAMED_BY_COUNT] = {
    [XR_NAMED_BY_RULE] = "a rule",
    [XR_NAMED_BY_REDIRECT] = "an HTTP redirect",
    [XR_NAMED_BY_DNS] = "DNS",
    [XR_NAMED_BY_HINT] = "an answer without a logon",
    [XR_NAMED_BY_ANSWER] = "an answer behind a logon",
};

static const char *const cargos[XR_CARGO_COUNT] = {
    [XR_CARGO_NOTHING] = "a question without an address",
    [XR_CARGO_ADDRESS] = "the mailbox address",
    [XR_CARGO_SECRET] = "credentials",
};

static const char *const permits[] = {
    [XR_REFUSE] = "**refused**",
    [XR_SEND_ANONYMOUSLY] = "sent, without credentials",
    [XR_SEND_SECRETS] = "sent, with credentials",
};

/* ---- the table ---- */

static void put_set(FILE *out, uint32_t set, const char *const *words, unsigned count)
{
    const char *before = "";

    if (set == ALL(count)) {
        fputs("any | ", out);
        return;
    }
    for (unsigned i = 0; i < count; i++) {
        if (!(set >> i & 1))
            continue;
        fprintf(out, "%s%s", before, words[i]);
        before = ", ";
    }
    fputs(" | ", out);
}

static void put_hosts(FILE *out, uint32_t set)
{
    const uint32_t others = UINT32_C(1) << XR_HOST_NONE | UINT32_C(1) << XR_HOST_FOREIGN;

    if (set == (ALL(XR_HOST_KINDS) & ~others))
        fputs("any own host | ", out);
    else
        put_set(out, set, hosts, XR_HOST_KINDS);
}

static void put_rows(FILE *out)
{
    size_t count;
    const struct xr_policy_row *row = xr_policy_rows(&count);

    for (; count; count--, row++) {
        fputs("| ", out);
        put_hosts(out, row->hosts);
        put_set(out, row->over, over, XR_OVER_COUNT);
        put_set(out, row->named_by, named_by, XR_NAMED_BY_COUNT);
        put_set(out, row->cargos, cargos, XR_CARGO_COUNT);
        fprintf(out, "%s | %s |\n", permits[row->permit], row->why);
    }
}

/* ---- the examples: their decisions come from the program as well ---- */

static const char *const nobody[] = { NULL };
static const char *const outlook[] = { "autodiscover-s.outlook.com", NULL };
static const char *const parent[] = { "outlook.com", NULL };

static const struct example {
    const char *text;
    struct xr_own_hosts own;
    struct xr_passage passage;
} examples[] = {
    { "The mail domain itself", { "contoso.com", nobody, NULL, NULL },
        { NULL, XR_NAMED_BY_RULE, true, "contoso.com", XR_CARGO_SECRET } },
    { "The autodiscover host", { "contoso.com", nobody, NULL, NULL },
        { NULL, XR_NAMED_BY_RULE, true, "autodiscover.contoso.com", XR_CARGO_SECRET } },
    { "The question where Autodiscover is", { "contoso.com", nobody, NULL, NULL },
        { NULL, XR_NAMED_BY_RULE, false, "autodiscover.contoso.com", XR_CARGO_NOTHING } },
    { "The same place asks for a logon", { "contoso.com", nobody, NULL, NULL },
        { NULL, XR_NAMED_BY_RULE, false, "autodiscover.contoso.com", XR_CARGO_SECRET } },
    { "A redirect within the mail domain", { "contoso.com", nobody, NULL, NULL },
        { "autodiscover.contoso.com", XR_NAMED_BY_REDIRECT, true, "mail.contoso.com",
            XR_CARGO_SECRET } },
    { "A redirect to http", { "contoso.com", nobody, NULL, NULL },
        { "autodiscover.contoso.com", XR_NAMED_BY_REDIRECT, false, "mail.contoso.com",
            XR_CARGO_NOTHING } },
    { "A redirect to Exchange Online", { "contoso.com", nobody, NULL, NULL },
        { "autodiscover.contoso.com", XR_NAMED_BY_REDIRECT, true, "autodiscover-s.outlook.com",
            XR_CARGO_SECRET } },
    { "The same with `--allow-redirect autodiscover-s.outlook.com`",
        { "contoso.com", outlook, NULL, NULL },
        { "autodiscover.contoso.com", XR_NAMED_BY_REDIRECT, true, "autodiscover-s.outlook.com",
            XR_CARGO_SECRET } },
    { "The same with `--allow-redirect outlook.com`", { "contoso.com", parent, NULL, NULL },
        { "autodiscover.contoso.com", XR_NAMED_BY_REDIRECT, true, "autodiscover-s.outlook.com",
            XR_CARGO_SECRET } },
    { "A redirect to a look-alike", { "contoso.com", nobody, NULL, NULL },
        { "contoso.com", XR_NAMED_BY_REDIRECT, true, "contoso.com.evil.example",
            XR_CARGO_ADDRESS } },
    { "A service record (SRV) that names a provider", { "contoso.com", nobody, NULL, NULL },
        { NULL, XR_NAMED_BY_DNS, true, "autodiscover.hoster.example", XR_CARGO_SECRET } },
    { "The autodiscover host, asked by Autodiscover V2", { "contoso.com", nobody, NULL, NULL },
        { NULL, XR_NAMED_BY_RULE, true, "autodiscover.contoso.com", XR_CARGO_ADDRESS } },
    { "Autodiscover V2 answers with an EWS URL", { "contoso.com", nobody, NULL, NULL },
        { "autodiscover.contoso.com", XR_NAMED_BY_HINT, true, "outlook.office365.com",
            XR_CARGO_SECRET } },
    { "An answer behind a logon has an EWS URL or a redirectUrl",
        { "contoso.com", nobody, NULL, NULL },
        { "autodiscover.contoso.com", XR_NAMED_BY_ANSWER, true, "ews.hoster.example",
            XR_CARGO_SECRET } },
    { "The same, but its EWS URL is http", { "contoso.com", nobody, NULL, NULL },
        { "autodiscover.contoso.com", XR_NAMED_BY_ANSWER, false, "ews.hoster.example",
            XR_CARGO_SECRET } },
    { "A redirectAddr to jane@contoso.mail.onmicrosoft.com", { "contoso.com", nobody, NULL, NULL },
        { "autodiscover.contoso.com", XR_NAMED_BY_RULE, true,
            "autodiscover.contoso.mail.onmicrosoft.com", XR_CARGO_SECRET } },
    { "`--ews-url https://ews.hoster.example/EWS/Exchange.asmx`",
        { "contoso.com", nobody, "ews.hoster.example", NULL },
        { NULL, XR_NAMED_BY_RULE, true, "ews.hoster.example", XR_CARGO_SECRET } },
    { "The mail domain is contoso.co.uk; a redirect to a parent",
        { .mail_domain = "contoso.co.uk", .allowed = nobody },
        { "contoso.co.uk", XR_NAMED_BY_REDIRECT, true, "autodiscover.co.uk", XR_CARGO_ADDRESS } },
};

static void put_examples(FILE *out)
{
    for (size_t i = 0; i < sizeof(examples) / sizeof(*examples); i++) {
        const struct xr_passage *passage = &examples[i].passage;
        const struct xr_ruling ruling = xr_policy(&examples[i].own, passage);

        fprintf(out, "| %s | `%s://%s` | %s | %s | %s |\n", examples[i].text,
            over[passage->https ? XR_OVER_HTTPS : XR_OVER_HTTP], passage->to,
            cargos[passage->cargo], permits[ruling.permit], ruling.why);
    }
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        fputs("usage: write-policy FILE\n", stderr);
        return 64;
    }
    FILE *out = fopen(argv[1], "w");
    if (!out) {
        fprintf(stderr, "write-policy: cannot write %s: %s\n", argv[1], strerror(errno));
        return 1;
    }
    fputs(opening, out);
    put_rows(out);
    fputs(before_examples, out);
    put_examples(out);
    fputs(closing, out);
    bool failed = ferror(out) != 0;
    if (fclose(out) != 0 || failed) {
        fprintf(stderr, "write-policy: cannot finish %s: %s\n", argv[1], strerror(errno));
        return 1;
    }
    return 0;
}
