#ifndef XR_COMMAND_H
#define XR_COMMAND_H

/* Exit codes (CONTRACT section 2): what scripts and monitors rely on. */
enum xr_exit {
    XR_EXIT_OK = 0,
    XR_EXIT_VERDICT_ERROR = 1,
    XR_EXIT_USAGE = 64,
    XR_EXIT_INPUT = 66, /* an input file cannot be read */
    XR_EXIT_UNAVAILABLE = 69,
    XR_EXIT_INTERNAL = 70,
    XR_EXIT_THROTTLED = 75,
    XR_EXIT_CONFIG = 78,
    XR_EXIT_TIMEOUT = 124,
    XR_EXIT_SIGINT = 130,
    XR_EXIT_SIGTERM = 143,
};

/* A subcommand: one file, one line in commands/table.c. argv[0] is its own name. */
struct xr_command {
    const char *name, *usage, *about;
    int (*run)(int argc, char **argv);
};

extern const struct xr_command xr_commands[]; /* ends with name NULL */

int xr_command_test(int argc, char **argv);
int xr_command_check(int argc, char **argv);
int xr_command_explain(int argc, char **argv);
int xr_command_demo(int argc, char **argv);
int xr_command_org(int argc, char **argv);
int xr_command_user(int argc, char **argv);
int xr_command_setup_plan(int argc, char **argv);

/* Dispatches to a subcommand; --help and --version too. Returns the exit code. */
int xr_main(int argc, char **argv);

/* "exray: MESSAGE" on stderr; returns XR_EXIT_USAGE, so that a check ends with one line. */
int xr_usage_error(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* The same for what is wrong elsewhere than in the usage, and with what strangers wrote made
 * visible; returns "code". */
int xr_failed(int code, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* A line on stdout, with what strangers wrote made visible. */
void xr_say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* "exray: note: MESSAGE" on stderr: not wrong, but worth knowing. */
void xr_note(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#endif
