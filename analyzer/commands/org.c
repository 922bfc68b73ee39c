#include "analyzer/commands/command.h"
#include "analyzer/commands/verb.h"

int xr_command_org(int argc, char **argv)
{
    static const struct xr_verb verbs[] = {
        { "add", "NAME --access-type T", "adds an organisation", 1, 1, xr_org_add_options,
            xr_org_add, XR_VERB_MAKES_STORE },
        { "set", "NAME", "changes it; with --check only if that works", 1, 1, xr_org_set_options,
            xr_org_set, XR_VERB_NEEDS_STORE },
        { "list", "", "all organisations", 0, 0, xr_listing_options, xr_org_list,
            XR_VERB_MAY_LACK_STORE },
        { "show", "NAME", "one of them: everything but the secrets", 1, 1, xr_listing_options,
            xr_org_show, XR_VERB_NEEDS_STORE },
        { "history", "NAME", "who changed what, the newest first", 1, 1, xr_org_history_options,
            xr_org_history, XR_VERB_NEEDS_STORE },
        { "remove", "NAME", "removes it with its users, secrets and results", 1, 1,
            xr_org_remove_options, xr_org_remove, XR_VERB_NEEDS_STORE },
        { "import", "FILE.json", "an organisation with its users, from a file", 1, 1,
            xr_import_options, xr_org_import, XR_VERB_MAKES_STORE },
        { "export", "NAME [FILE]", "the same into a file", 1, 2, xr_org_export_options,
            xr_org_export, XR_VERB_NEEDS_STORE },
        { "wand", "NAME", "its EWS URL: asks Autodiscover, else the usual one", 1, 1,
            xr_org_wand_options, xr_org_wand, XR_VERB_NEEDS_STORE },
        { "rekey", "", "seals every stored secret with a new key", 0, 0, xr_org_rekey_options,
            xr_org_rekey, XR_VERB_NEEDS_STORE },
        { NULL, NULL, NULL, 0, 0, NULL, NULL, XR_VERB_NEEDS_STORE },
    };

    return xr_verb_main("org",
        "organisations: mailbox access type, service account, secrets, EWS URL", verbs, argc, argv);
}
