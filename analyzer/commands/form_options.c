#include "analyzer/commands/form.h"
#include "analyzer/commands/option_rows.h"

#define AT(field) offsetof(struct xr_form, field)

enum { DAYS_MAX = 36500 };

/* clang-format off: a row a line */
#define LOGON_ROWS                                                                                \
    TEXT("password-file", "F", "the password is the first line of this file", password_file),     \
        NUMBER("password-fd", "N", "read the password from this file descriptor", password_fd, 0, \
            1024),                                                                                \
        FLAG("password-stdin", "read the password from standard input", password_stdin),          \
        TEXT("bearer-file", "F", "a ready access token (OAuth)", bearer_file),                    \
        TEXT("keytab", "F", "a Kerberos keytab of the account", keytab),                          \
        LIST("auth", "SCHEME", "basic, ntlm, negotiate or oauth; repeat in order of preference",  \
            auth)

static const struct xr_option who[] = {
    TEXT("mailbox", "ADDR", "the target mailbox (required)", mailbox),
    TEXT("account", "LOGON", "the service account, DOMAIN\\user or UPN (required)", account),
    LOGON_ROWS,
    TEXT("org", "NAME", "account, secret and URL as stored for this mailbox ('exray org')", org),
    END,
};

static const struct xr_option what[] = {
    TEXT("ews-url", "URL", "the EWS address; default: Autodiscover finds it", ews_url),
    TEXT("folder", "NAME", "a distinguished folder (default: inbox)", folder),
    TEXT("folder-id", "ID", "a folder by its EWS id", folder_id),
    TEXT("impersonate", "USER", "the impersonated user (default: the mailbox)", impersonate),
    TEXT(
        "impersonate-by", "KIND", "smtp-address, primary-smtp-address, upn or sid", impersonate_by),
    FLAG("no-impersonation", "open the folder by delegate access instead", no_impersonation),
    TEXT("with", "TESTS", "also: write,rooms,oof,availability,sync,extended-protection", with),
    TEXT("outside", "ADDR", "a mailbox that must not be reachable: the negative control", outside),
    FLAG("second-attempt", "NTLM refused: once more, unbound (may be the second bad logon)",
        second_attempt),
    END,
};

static const struct xr_option who_asks[] = {
    TEXT("mailbox", "ADDR", "whose settings are to be found (required)", mailbox),
    TEXT("account", "LOGON", "who logs on, DOMAIN\\user or UPN; without it nobody does", account),
    LOGON_ROWS,
    TEXT("org", "NAME", "account and secret as stored for this mailbox ('exray org')", org),
    END,
};

static const struct xr_option ways[] = {
    LIST("method", "M",
        "root, host, redirect, srv, v2, microsoft-365, pox or soap; repeat for more", method),
    LIST("exclude-method", "M", "leave this one out; repeat for more", exclude_method),
    FLAG("print-ews-url", "print the EWS URL alone; on stderr: how it is known", print_ews_url),
    END,
};

static const struct xr_option chain[] = {
    TEXT("host", "HOST[:PORT]", "the server to test (default port: 443; IPv6 in brackets)", host),
    LIST("chain", "FILE.pem",
        "judge this chain, offline, for --host ('-': stdin; several: leaf first)", chain),
    LIST("root", "FILE.pem", "with --chain: trust these roots and no others", root),
    TEXT("at", "TIME", "with --chain: judge dates as of 2026-12-01T12:00:00Z (RFC 3339)", at),
    END,
};

static const struct xr_option trust[] = {
    FLAG("ignore-trust", "ignore trust for SSL: never name or date; a warning at best",
        ignore_trust),
    NUMBER("warn-days", "N", "warn when a certificate ends within N days (default: 30)", warn_days,
        0, DAYS_MAX),
    NUMBER("crit-days", "N", "error when it ends within N days (ssl-trust: 7; else 0, never)",
        crit_days, 0, DAYS_MAX),
    FLAG("no-revocation", "do not ask the authorities whether it was revoked", no_revocation),
    END,
};

const struct xr_option xr_form_network[] = {
    TEXT("dns-server", "ADDR[:PORT]", "ask this name server", dns_server),
    LIST("resolve", "HOST:PORT:ADDR", "use this address instead of DNS", resolve),
    LIST("connect-to", "H1:P1:H2:P2", "connect to H2:P2 instead of H1:P1", connect_to),
    LIST("ca-file", "PEM", "trust these roots too, beside the system's", ca_file),
    TEXT("proxy", "URL|none|env", "an HTTP proxy (default: none)", proxy),
    TEXT("user-agent", "TEXT", "User-Agent header (policies of Exchange match it)", user_agent),
    LIST("allow-redirect", "HOST", "this host may receive the credentials after a redirect",
        allow_redirect),
    NUMBER("timeout", "S", "seconds for the whole run (default: 60; of a check: 86400)", timeout, 1,
        XR_TIMEOUT_CHECK_S),
    NUMBER("step-timeout", "S", "seconds for one step (default: 10)", step_timeout, 1, 3600),
    END,
};

const struct xr_option xr_form_store[] = {
    TEXT("store", "F", "the store (default: exray/store.db in the state folder)", stored.store),
    TEXT("key-file", "F", "the key of the stored secrets", stored.key_file),
    TEXT("passphrase-file", "F", "the passphrase of the stored secrets", stored.passphrase_file),
    END,
};

static const struct xr_option output[] = {
    TEXT("format", "NAME", "stdout: tree (default), json or none", format),
    LIST("html", "F", "write the HTML report ('-': stdout)", html),
    LIST("json", "F", "write the JSON report ('-': stdout)", json),
    LATER("junit", "F"),
    LATER("prom", "F"),
    LATER("har", "F"),
    LATER("rca-xml", "F"),
    TEXT("fail-on", "warning", "exit 1 on a warning too", fail_on),
    { "quiet", 'q', NULL, "the verdict only", XR_OPTION_FLAG, AT(quiet), 0, 0 },
    { "verbose", 'v', NULL, "all details", XR_OPTION_COUNT, AT(verbose), 0, 0 },
    FLAG("no-color", "no colours (NO_COLOR is honoured too)", no_color),
    FLAG("no-input", "never ask", no_input),
    { "help", 'h', NULL, "this text", XR_OPTION_FLAG, AT(help), 0, 0 },
    END,
};

const struct xr_option_group xr_form_options[] = {
    { "Whose mailbox, and who opens it", who },
    { "What is tested", what },
    { "SSL trust", trust },
    { "Network", xr_form_network },
    { "Store (with --org)", xr_form_store },
    { "Output", output },
    { NULL, NULL },
};

const struct xr_option_group xr_form_of_discovery[] = {
    { "Whose mailbox, and who asks", who_asks },
    { "What is asked", ways },
    { "SSL trust", trust },
    { "Network", xr_form_network },
    { "Store (with --org)", xr_form_store },
    { "Output", output },
    { NULL, NULL },
};

const struct xr_option_group xr_form_of_chains[] = {
    { "What is tested", chain },
    { "SSL trust", trust },
    { "Network", xr_form_network },
    { "Output", output },
    { NULL, NULL },
};
/* clang-format on */
