#include "analyzer/commands/command.h"
#include "analyzer/commands/verb.h"

int xr_command_user(int argc, char **argv)
{
    static const struct xr_verb verbs[] = {
        { "add", "--org NAME ADDR", "adds a user to an organisation", 1, 1, xr_user_add_options,
            xr_user_add, XR_VERB_NEEDS_STORE },
        { "set", "--org NAME ADDR", "changes what is special about the user", 1, 1,
            xr_user_set_options, xr_user_set, XR_VERB_NEEDS_STORE },
        { "list", "--org NAME", "all users of the organisation", 0, 0, xr_user_list_options,
            xr_user_list, XR_VERB_NEEDS_STORE },
        { "show", "--org NAME ADDR", "one user; --origin: what will be used for the mailbox", 1, 1,
            xr_user_show_options, xr_user_show, XR_VERB_NEEDS_STORE },
        { "remove", "--org NAME ADDR", "removes the user with secrets and results", 1, 1,
            xr_user_options, xr_user_remove, XR_VERB_NEEDS_STORE },
        { "import", "--org NAME FILE.csv", "adds and changes many, all or nothing", 1, 1,
            xr_user_import_options, xr_user_import, XR_VERB_NEEDS_STORE },
        { "export", "--org NAME [FILE]", "all users as CSV", 0, 1, xr_user_options, xr_user_export,
            XR_VERB_NEEDS_STORE },
        { "invalidate", "--org NAME ADDR", "makes the user's own password or token unusable", 1, 1,
            xr_user_options, xr_user_invalidate, XR_VERB_NEEDS_STORE },
        { NULL, NULL, NULL, 0, 0, NULL, NULL, XR_VERB_NEEDS_STORE },
    };

    return xr_verb_main(
        "user", "the users of an organisation, and what is special about them", verbs, argc, argv);
}
