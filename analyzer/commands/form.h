#ifndef XR_FORM_H
#define XR_FORM_H

#include <stdbool.h>

#include "analyzer/base/arena.h"
#include "analyzer/base/secret.h"
#include "analyzer/commands/options.h"
#include "analyzer/commands/stored.h"
#include "analyzer/model/target.h"
#include "analyzer/wire/net.h"

/* The options of all tests, as typed. Which of them a test has, its own table says. */
struct xr_form {
    const char *host, *at; /* ssl-trust */
    struct xr_list chain, root;
    long warn_days, crit_days; /* -1: not given */
    long usual_crit_days;      /* of the test, where --crit-days does not say */
    bool no_revocation;
    const char *mailbox, *account, *ews_url, *folder, *folder_id, *impersonate, *impersonate_by;
    const char *password_file, *bearer_file, *keytab;
    long password_fd;
    bool password_stdin, password_prompt, with_token; /* with_token: from the store */
    bool no_impersonation, ignore_trust, second_attempt;
    const char *with, *outside;
    struct xr_list auth, allow_redirect;
    struct xr_list method, exclude_method; /* autodiscover */
    bool print_ews_url;
    bool finds_url; /* the test looks for the EWS URL itself: a stored one is not followed */
    const char *dns_server, *proxy, *user_agent;
    struct xr_list resolve, connect_to, ca_file;
    long timeout, step_timeout; /* seconds; timeout 0: not given, the command's own default */
    const char *format, *fail_on;
    const char *org; /* account, secret and URL from the store */
    struct xr_stored_options stored;
    struct xr_list html, json;
    bool quiet, no_color, no_input, help;
    int verbose;
};

/* Seconds for the whole run, where --timeout does not say. */
enum { XR_TIMEOUT_TEST_S = 60, XR_TIMEOUT_CHECK_S = 86400 };

extern const struct xr_option_group xr_form_options[];      /* of service-account */
extern const struct xr_option_group xr_form_of_chains[];    /* of ssl-trust */
extern const struct xr_option_group xr_form_of_discovery[]; /* of autodiscover */
extern const struct xr_option xr_form_network[];            /* the rows of the group "Network" */
extern const struct xr_option xr_form_store[];              /* the rows of the group "Store" */

void xr_form_init(struct xr_form *form); /* the defaults */

/* Each fills its part from the form and returns 0, or an exit code after telling why on stderr. */
int xr_form_target(struct xr_arena *arena, const struct xr_form *form, struct xr_target *ret);
/* The same of the test autodiscover, which may do without an account. */
int xr_form_discovery_target(
    struct xr_arena *arena, const struct xr_form *form, struct xr_target *ret);
/* --method and --exclude-method as bits of enum xr_way that are not to be gone. Without a protocol,
 * the places where one would be spoken are not gone either. */
int xr_form_ways(struct xr_arena *arena, const struct xr_form *form, uint32_t *ret_no_ways);
/* What the target of every test has, whoever or whatever is tested. */
int xr_form_any_target(struct xr_arena *arena, const struct xr_form *form, struct xr_target *ret);
int xr_form_net(struct xr_arena *arena, const struct xr_form *form, struct xr_net *ret);
/* A moment as RFC 3339 writes it, in milliseconds since 1970. NULL, or why it is none (a phrase).
 */
const char *xr_form_moment(const char *text, int64_t *ret_ms);
/* Some write account and password into a URL, or into what should be a host. That is refused
 * later; but it is shown in reports, so it must not hold them even then. */
const char *xr_form_without_credentials(struct xr_arena *arena, const char *url);
/* From file, fd, stdin or a prompt without echo. Ends with xr_secret_done(). */
int xr_form_secrets(
    const struct xr_form *form, struct xr_secret *ret_password, struct xr_secret *ret_token);
/* Only what the options name; nothing is asked, nothing has to be given. */
int xr_form_given_secrets(
    const struct xr_form *form, struct xr_secret *ret_password, struct xr_secret *ret_token);
bool xr_form_can_ask(void); /* there is a terminal */
/* "Password of jane@contoso.com: " on the terminal, without echo. 128 + signal when interrupted; 64
 * without a terminal. */
int xr_form_ask(const char *what, const char *whose, struct xr_secret *ret);
/* The first line of a file. */
int xr_form_secret_file(const char *path, struct xr_secret *ret);

/*
 * exray test --org: account, EWS URL, folder and mode of this mailbox's stored
 * effective access go into the form, its secret into one of the two.
 */
int xr_form_from_store(struct xr_arena *arena, struct xr_form *form, struct xr_secret *ret_password,
    struct xr_secret *ret_token);
/* Why the stored access must not be used for this user, a sentence: it would take the
 * organisation's secret to strangers, or contradicts itself. NULL: it may. finds_url: Autodiscover
 * is asked though a URL may be stored. */
const char *xr_form_obstacle(
    struct xr_arena *arena, const struct xr_org *org, const struct xr_user *user, bool finds_url);
/* The mailbox is in one of the organisation's domains, or below it. */
bool xr_form_is_inside(struct xr_arena *arena, const struct xr_org *org, const char *mailbox);

#endif
