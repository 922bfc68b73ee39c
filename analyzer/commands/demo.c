#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "analyzer/base/arena.h"
#include "analyzer/commands/child.h"
#include "analyzer/commands/command.h"

/* What the simulator says of itself when it is ready. */
struct ready {
    int https, http, dns;
    char ca_file[512];
};

struct act {
    const char *title, *scenario, *report;
    int expected; /* exit code of the test */
};

static const struct act acts[] = {
    { "A healthy Exchange Server SE", "base/healthy-exchange-se.json", "demo-healthy", XR_EXIT_OK },
    { "The same, but the mailbox lies outside the service account's management scope",
        "inbox/impersonation-denied-by-scope.json", "demo-broken", XR_EXIT_VERDICT_ERROR },
};

/* The account and the password of the scenarios; the simulator knows no others. */
static const char account[] = "CONTOSO\\svc-exray", password[] = "Sim-Passw0rd\n";

static int port_after(const char *line, const char *key)
{
    const char *at = strstr(line, key);

    return at ? (int)strtol(at + strlen(key), NULL, 10) : 0;
}

static bool read_ready(FILE *from, struct ready *ret)
{
    static const char ca_key[] = "\"ca_file\":\"";
    char line[4096];

    if (!from || !fgets(line, sizeof(line), from))
        return false;
    ret->https = port_after(line, "\"https\":");
    ret->http = port_after(line, "\"http\":");
    ret->dns = port_after(line, "\"dns\":");
    const char *ca = strstr(line, ca_key);
    size_t length = ca ? strcspn(ca + strlen(ca_key), "\"") : 0;
    if (!length || length >= sizeof(ret->ca_file))
        return false;
    memcpy(ret->ca_file, ca + strlen(ca_key), length);
    ret->ca_file[length] = '\0';
    return ret->https && ret->http && ret->dns;
}

static const char *own_folder(struct xr_arena *arena)
{
    char path[4096];
    ssize_t length = readlink("/proc/self/exe", path, sizeof(path) - 1);

    if (length <= 0)
        return ".";
    path[length] = '\0';
    *strrchr(path, '/') = '\0';
    return xr_printf(arena, "%s", path);
}

/* Installed beside us, or in the source tree that we were built from. */
static const char *scenario_file(struct xr_arena *arena, const char *folder, const char *name)
{
    const char *installed = xr_printf(arena, "%s/../share/exray/scenarios/%s", folder, name);

    return access(installed, R_OK) ? xr_printf(arena, EXRAY_SCENARIOS "/%s", name) : installed;
}

static int test(
    struct xr_arena *arena, const char *folder, const struct act *act, const struct ready *ready)
{
    char *argv[] = {
        xr_printf(arena, "%s/exray", folder),
        xr_printf(arena, "test"),
        xr_printf(arena, "service-account"),
        xr_printf(arena, "--mailbox=anna@contoso.test"),
        xr_printf(arena, "--account=%s", account),
        xr_printf(arena, "--password-stdin"),
        xr_printf(arena, "--dns-server=127.0.0.1:%d", ready->dns),
        xr_printf(arena, "--connect-to=:443::%d", ready->https),
        xr_printf(arena, "--connect-to=:80::%d", ready->http),
        xr_printf(arena, "--ca-file=%s", ready->ca_file),
        xr_printf(arena, "--html=%s.html", act->report),
        xr_printf(arena, "--json=%s.json", act->report),
        NULL,
    };

    return xr_child_run(argv, password);
}

static int play(struct xr_arena *arena, const char *folder, const struct act *act)
{
    struct xr_child sim;
    struct ready ready;
    char *argv[] = {
        xr_printf(arena, "%s/exray-sim", folder),
        xr_printf(arena, "--scenario"),
        xr_printf(arena, "%s", scenario_file(arena, folder, act->scenario)),
        NULL,
    };

    (void)printf("\n== %s ==\n\n", act->title);
    (void)fflush(stdout);
    bool started = xr_child_start(&sim, argv) && read_ready(sim.output, &ready);
    int code = started ? test(arena, folder, act, &ready) : -1;
    (void)xr_child_stop(&sim);
    if (!started)
        (void)fprintf(stderr, "exray: the simulated Exchange did not start: %s\n", argv[0]);
    else if (code != act->expected)
        (void)fprintf(stderr, "exray: the test ended with %d instead of %d\n", code, act->expected);
    return started && code == act->expected ? XR_EXIT_OK : XR_EXIT_INTERNAL;
}

int xr_command_demo(int argc, char **argv)
{
    struct xr_arena *arena = xr_arena_new();
    int code = XR_EXIT_OK;

    if (argc > 1 && (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h"))) {
        (void)puts(
            "exray demo - starts the simulated Exchange on loopback, runs a healthy and a broken\n"
            "test, and writes demo-healthy.html/.json and demo-broken.html/.json into this "
            "folder.");
        xr_arena_free(arena);
        return XR_EXIT_OK;
    }
    if (argc > 1) {
        xr_arena_free(arena);
        return xr_usage_error("demo takes no arguments, so '%s' means nothing here", argv[1]);
    }
    const char *folder = own_folder(arena);
    for (size_t i = 0; i < sizeof(acts) / sizeof(*acts) && !code; i++)
        code = play(arena, folder, &acts[i]);
    if (!code)
        (void)puts(
            "\nThe reports are in this folder: demo-healthy.html, demo-broken.html (and .json).\n"
            "Against a real Exchange:\n"
            "  exray test service-account --mailbox USER@DOMAIN --account 'DOMAIN\\SERVICE' --html "
            "report.html");
    xr_arena_free(arena);
    return code;
}
