#include "analyzer/commands/option_rows.h"
#include "analyzer/commands/verb.h"

#define AT(field) offsetof(struct xr_verb_form, field)

/* clang-format off: a row a line */
#define ORG_ROWS                                                                                   \
    TEXT("access-type", "T", "direct-logon, exchange-impersonation or m365-oauth-impersonated",    \
        access_type),                                                                              \
        LIST("domain", "D", "a mail domain of the organisation; repeat for more", domain),         \
        TEXT("account", "LOGON", "Account Logon: the service account, DOMAIN\\user or UPN",        \
            form.account),                                                                         \
        TEXT("ews-url", "URL", "the EWS address; default: Autodiscover finds it", form.ews_url),   \
        TEXT("folder", "NAME", "the distinguished folder to be opened (default: inbox)",           \
            form.folder),                                                                          \
        TEXT(                                                                                      \
            "group-kind", "KIND", "distribution or security: the group of the scope", group_kind), \
        TEXT("scope-name", "S", "the management scope (default: RIusersScope)", scope_name),       \
        TEXT("notes", "T", "anything worth knowing", notes)

#define SECRET_ROWS                                                                                \
    TEXT("password-file", "F", "the password is the first line of this file", form.password_file), \
        NUMBER("password-fd", "N", "read the password from this file descriptor",                  \
            form.password_fd, 0, 1024),                                                            \
        FLAG("password-stdin", "read the password from standard input", form.password_stdin),      \
        FLAG("password-prompt", "ask for the password on the terminal", form.password_prompt),     \
        TEXT("bearer-file", "F", "an OAuth access token", form.bearer_file)

static const struct xr_option org_values[] = { ORG_ROWS, END };
static const struct xr_option secrets[] = { SECRET_ROWS, END };

static const struct xr_option check_first[] = {
    FLAG("check", "save only if the users can be reached with the new values", check),
    NUMBER("sample", "N", "with --check: so many users, drawn at random (default: all)", sample, 1,
        1000000000),
    END,
};

static const struct xr_option user_values[] = {
    TEXT("org", "NAME", "the organisation (required)", form.org),
    TEXT("access-type", "T", "inherit, password, oauth or exchange-impersonation", access_type),
    TEXT("user-name", "U", "who logs on directly (default: the e-mail address)", user_name),
    TEXT("account", "LOGON", "a service account of this user's own", form.account),
    TEXT("ews-url", "URL", "the EWS address (default: the organisation's)", form.ews_url),
    FLAG("enabled", "the user is checked", enabled),
    FLAG("disabled", "the user is left out of checks", disabled),
    END,
};

static const struct xr_option whose[] = {
    TEXT("org", "NAME", "the organisation (required)", form.org),
    END,
};

static const struct xr_option history_rows[] = {
    NUMBER("limit", "N", "so many lines, the newest (default: 200; of --json: all)", limit, 1,
        1000000000),
    FLAG("json", "as JSON", json),
    END,
};

static const struct xr_option json_row[] = { FLAG("json", "as JSON", json), END };
static const struct xr_option yes_row[] = { FLAG("yes", "do not ask", yes), END };
static const struct xr_option wand_rows[] = {
    FLAG("apply", "save it, unless another one is stored", apply),
    FLAG("json", "as JSON", json),
    END,
};
static const struct xr_option asking[] = {
    FLAG("ignore-trust", "ignore trust for SSL: never name or date", form.ignore_trust),
    LIST("auth", "SCHEME", "basic, ntlm, negotiate or oauth; repeat in order of preference",
        form.auth),
    END,
};
static const struct xr_option dry_run_row[] = {
    FLAG("dry-run", "judge the file, change nothing", dry_run),
    END,
};

static const struct xr_option export_rows[] = {
    FLAG("with-secrets", "with the sealed secrets: ciphertext, no use without the key",
        with_secrets),
    END,
};

static const struct xr_option rekey_rows[] = {
    TEXT("to-key-file", "F", "seal with the key in this file", to_key_file),
    TEXT("to-passphrase-file", "F", "seal with a passphrase: the first line of this file",
        to_passphrase_file),
    END,
};

static const struct xr_option list_rows[] = {
    FLAG("failed", "only those whose last check ended in an error", failed),
    FLAG("json", "as JSON", json),
    END,
};

static const struct xr_option show_rows[] = {
    FLAG("origin", "what will be used, and where each value comes from", origin),
    FLAG("json", "as JSON", json),
    END,
};

static const struct xr_option other[] = {
    FLAG("no-input", "never ask", form.no_input),
    { "help", 'h', NULL, "this text", XR_OPTION_FLAG, AT(form.help), 0, 0 },
    END,
};

#define ALWAYS                                      \
    { "Store", xr_form_store }, { "Other", other }, \
    {                                               \
        NULL, NULL                                  \
    }
#define CLEARS " (an empty value clears)"

const struct xr_option_group xr_org_add_options[] = { { "The organisation", org_values },
    { "Its secrets (never an option's value)", secrets }, ALWAYS };
const struct xr_option_group xr_org_set_options[] = { { "What changes" CLEARS, org_values },
    { "New secrets (an empty file name removes)", secrets }, { "Check first", check_first },
    { "Network, of --check", xr_form_network }, ALWAYS };
const struct xr_option_group xr_org_history_options[] = { { "Output", history_rows }, ALWAYS };
const struct xr_option_group xr_org_remove_options[] = { { "Removing", yes_row }, ALWAYS };
const struct xr_option_group xr_org_export_options[] = { { "Secrets", export_rows }, ALWAYS };
const struct xr_option_group xr_org_wand_options[] = { { "The EWS URL", wand_rows },
    { "Asking Autodiscover, with what is stored for the first enabled user", asking },
    { "Network", xr_form_network }, ALWAYS };
const struct xr_option_group xr_org_rekey_options[] = { { "The new key", rekey_rows }, ALWAYS };
const struct xr_option_group xr_listing_options[] = { { "Output", json_row }, ALWAYS };
const struct xr_option_group xr_import_options[] = { { "Import", dry_run_row }, ALWAYS };

const struct xr_option_group xr_user_add_options[] = { { "The user", user_values },
    { "The user's own secrets (never an option's value)", secrets }, ALWAYS };
const struct xr_option_group xr_user_set_options[] = { { "What changes" CLEARS, user_values },
    { "New secrets (an empty file name removes)", secrets }, ALWAYS };
const struct xr_option_group xr_user_list_options[] = { { "Whose", whose }, { "Output", list_rows },
    ALWAYS };
const struct xr_option_group xr_user_show_options[] = { { "Whose", whose }, { "Output", show_rows },
    ALWAYS };
const struct xr_option_group xr_user_import_options[] = { { "Whose", whose },
    { "Import", dry_run_row }, ALWAYS };
const struct xr_option_group xr_user_options[] = { { "Whose", whose }, ALWAYS };
/* clang-format on */
