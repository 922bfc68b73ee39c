#ifndef XR_FORM_H
#define XR_FORM_H

#include <stdbool.h>

#include "analyzer/base/arena.h"
#include "analyzer/base/secret.h"
#include "analyzer/commands/options.h"
#include "analyzer/commands/stored.h"
#include "analyzer/model/target.h"
#include "analyzer/wire/net.h"

/* The options of `exray test service-account`, as typed. */
struct xr_form {
    const char *mailbox, *account, *ews_url, *folder, *folder_id, *impersonate, *impersonate_by;
    const char *password_file, *bearer_file, *keytab;
    long password_fd;
    bool password_stdin, no_impersonation, ignore_trust;
    struct xr_list auth, allow_redirect;
    const char *dns_server, *proxy, *user_agent;
    struct xr_list resolve, connect_to, ca_file;
    long timeout, step_timeout; /* seconds */
    const char *format, *fail_on;
    const char *org; /* account, secret and URL from the store */
    struct xr_stored_options stored;
    struct xr_list html, json;
    bool quiet, no_color, no_input, help;
    int verbose;
};

extern const struct xr_option_group xr_form_options[];
extern const struct xr_option xr_form_network[]; /* the rows of the group "Network" */

void xr_form_init(struct xr_form *form); /* the defaults */

/* Each fills its part from the form and returns 0, or an exit code after telling why on stderr. */
int xr_form_target(struct xr_arena *arena, const struct xr_form *form, struct xr_target *ret);
int xr_form_net(struct xr_arena *arena, const struct xr_form *form, struct xr_net *ret);
/* From file, fd, stdin or a prompt without echo. Ends with xr_secret_done(). */
int xr_form_secrets(
    const struct xr_form *form, struct xr_secret *ret_password, struct xr_secret *ret_token);

#endif
