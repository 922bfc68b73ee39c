#include <stddef.h>

#include "probes/probe.h"

#define PROBE(name) extern const struct xr_probe xr_probe_##name;
#include "probes/service_account.h"
#undef PROBE

static const struct xr_probe *const service_account_probes[] = {
#define PROBE(name) &xr_probe_##name,
#include "probes/service_account.h"
#undef PROBE
    NULL,
};

static const struct xr_test service_account = {
    .name = "service-account",
    .title = "Service account access",
    .about = "can a service account open a user's mailbox, with Exchange Impersonation?",
    .probes = service_account_probes,
};

static const struct xr_probe *const autodiscover_probes[] = { &xr_probe_input,
    &xr_probe_autodiscover, NULL };

static const struct xr_test autodiscover = {
    .name = "autodiscover",
    .title = "Autodiscover",
    .about = "can clients find Exchange Web Services for a mailbox, and by which ways?",
    .probes = autodiscover_probes,
};

extern const struct xr_probe xr_probe_host, xr_probe_chain_file;

static const struct xr_probe *const ssl_trust_probes[] = { &xr_probe_host, &xr_probe_endpoint,
    &xr_probe_ssl_trust, NULL };

static const struct xr_test ssl_trust = {
    .name = "ssl-trust",
    .title = "SSL trust",
    .about = "can clients trust the certificate of a host, at every one of its addresses?",
    .probes = ssl_trust_probes,
};

const struct xr_test *const xr_tests[] = { &service_account, &autodiscover, &ssl_trust, NULL };

static const struct xr_probe *const chain_probes[] = { &xr_probe_chain_file, NULL };

const struct xr_test xr_test_chain = { "ssl-trust", "SSL trust", "", chain_probes };

static const struct xr_probe *const mailbox_probes[] = { &xr_probe_inbox, &xr_probe_smtp_address,
    NULL };
/* To log on is to open the own Inbox. */
static const struct xr_probe *const own_mailbox_probes[] = { &xr_probe_logon,
    &xr_probe_smtp_address, NULL };
static const struct xr_probe *const own_folder_probes[] = { &xr_probe_logon, &xr_probe_inbox,
    &xr_probe_smtp_address, NULL };

const struct xr_test xr_test_mailbox = { "mailbox", "Mailbox", "", mailbox_probes };
const struct xr_test xr_test_own_mailbox = { "own-mailbox", "Own mailbox", "", own_mailbox_probes };
const struct xr_test xr_test_own_folder = { "own-folder", "Own folder", "", own_folder_probes };
