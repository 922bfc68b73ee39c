#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "analyzer/base/text.h"
#include "analyzer/commands/command.h"

/* In the order of --help: the main job first. */
const struct xr_command xr_commands[] = {
    { "test", "test TEST [options]", "run one test; 'exray test --list' prints them",
        xr_command_test },
    { "org", "org COMMAND", "organisations: mailbox access type, account, secrets, EWS URL",
        xr_command_org },
    { "user", "user COMMAND", "the users of an organisation, and what is special about them",
        xr_command_user },
    { "check", "check ORG [options]", "can every user of an organisation be reached? in bulk",
        xr_command_check },
    { "setup-plan", "setup-plan ORG", "script and checklist for Exchange; after a check: --fix",
        xr_command_setup_plan },
    { "explain", "explain [FINDING]", "cause, remedy and commands of a finding; alone: the list",
        xr_command_explain },
    { "demo", "demo", "a healthy and a broken simulated Exchange, diagnosed; writes both reports",
        xr_command_demo },
    { NULL, NULL, NULL, NULL },
};

/* Commands of the contract that a later version brings. */
static const char *const not_yet[] = { "signin", "render", "diff", "merge", "redact", "doctor",
    "serve", "completion", NULL };

int xr_usage_error(const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    (void)fputs("exray: ", stderr);
    (void)vfprintf(stderr, fmt, args);
    (void)fputc('\n', stderr);
    va_end(args);
    return XR_EXIT_USAGE;
}

/* One line, whatever the text holds. */
static void say(FILE *out, const char *before, const char *fmt, va_list args)
{
    struct xr_arena *arena = xr_arena_new();

    (void)fprintf(out, "%s%s\n", before, xr_visible(arena, xr_vprintf(arena, fmt, args)));
    xr_arena_free(arena);
}

int xr_failed(int code, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    say(stderr, "exray: ", fmt, args);
    va_end(args);
    return code;
}

void xr_note(const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    say(stderr, "exray: note: ", fmt, args);
    va_end(args);
}

void xr_say(const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    say(stdout, "", fmt, args);
    va_end(args);
}

static int help(void)
{
    (void)puts(
        "exray - why can an application not reach mailboxes on Microsoft Exchange?\n\n"
        "  exray demo\n"
        "  exray test service-account --mailbox jane@contoso.com --account 'CONTOSO\\svc' \\\n"
        "        --password-file svc.pw --html report.html\n"
        "  exray explain impersonation.denied\n");
    (void)puts("Commands:");
    for (const struct xr_command *command = xr_commands; command->name; command++)
        (void)printf("  exray %-22s %s\n", command->usage, command->about);
    (void)puts(
        "  exray COMMAND --help         the options of a command\n"
        "  exray --version [--json]\n\n"
        "Exit codes: 0 success or warning, 1 the verdict is error, 64 usage, 66 an input file\n"
        "cannot be read, 69 could not run, 70 internal error, 75 throttled, 78 configuration,\n"
        "124 the run's time limit passed, 130 SIGINT, 143 SIGTERM.");
    return XR_EXIT_OK;
}

static int version(bool json)
{
    if (json)
        (void)printf("{\"name\":\"exray\",\"version\":\"%s\"}\n", EXRAY_VERSION);
    else
        (void)printf("exray %s\n", EXRAY_VERSION);
    return XR_EXIT_OK;
}

static int unknown(const char *name)
{
    const char *names[sizeof(xr_commands) / sizeof(*xr_commands)] = { NULL };

    for (const char *const *later = not_yet; *later; later++)
        if (!strcmp(*later, name))
            return xr_usage_error("'%s' is not part of this version (%s)", name, EXRAY_VERSION);
    for (size_t i = 0; xr_commands[i].name; i++)
        names[i] = xr_commands[i].name;
    const char *near = xr_nearest(name, names);
    if (near)
        return xr_usage_error("there is no command '%s'; did you mean '%s'?", name, near);
    return xr_usage_error("there is no command '%s'; 'exray --help' lists them", name);
}

int xr_main(int argc, char **argv)
{
    if (argc < 2 || !strcmp(argv[1], "--help") || !strcmp(argv[1], "-h"))
        return help();
    if (!strcmp(argv[1], "--version") || !strcmp(argv[1], "-V")) {
        bool json = argc > 2 && !strcmp(argv[2], "--json");
        return argc > 2 + json ? xr_usage_error("--version takes --json only") : version(json);
    }
    for (const struct xr_command *command = xr_commands; command->name; command++)
        if (!strcmp(command->name, argv[1]))
            return command->run(argc - 1, argv + 1);
    return unknown(argv[1]);
}
