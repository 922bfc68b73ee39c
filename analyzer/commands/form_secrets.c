#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "analyzer/base/text.h"
#include "analyzer/commands/command.h"
#include "analyzer/commands/form.h"
#include "analyzer/wire/kerberos.h"

enum { SECRET_MAX = 16 * 1024 };

/* Half a password is a wrong password, and too many of those lock the account: what cannot be taken
 * as a whole is refused. NULL: *ret_length is that of the first line. */
static const char *line_flaw(const char *bytes, size_t length, size_t *ret_length)
{
    const char *end = memchr(bytes, '\n', length);
    size_t line = end ? (size_t)(end - bytes) : length;

    if (line && bytes[line - 1] == '\r')
        line--;
    *ret_length = line;
    if (!line)
        return "holds no password in its first line";
    if (line > SECRET_MAX)
        return "holds more than 16384 bytes in its first line";
    if (memchr(bytes, '\0', line) || memchr(bytes, '\r', line))
        return "holds a NUL or a carriage return inside of its first line";
    return NULL;
}

/* The first line of what fd holds. Returns an exit code. */
static int read_line(int fd, const char *name, struct xr_secret *ret)
{
    char bytes[SECRET_MAX + 2]; /* and the line end */
    size_t length = 0, line;
    ssize_t got = 1;

    while (got > 0 && length < sizeof(bytes) && !memchr(bytes, '\n', length)) {
        got = read(fd, bytes + length, sizeof(bytes) - length);
        length += got > 0 ? (size_t)got : 0;
    }
    int code = errno;
    size_t mark = length >= 3 && !memcmp(bytes, "\xef\xbb\xbf", 3) ? 3 : 0; /* Notepad's */
    const char *flaw = line_flaw(bytes + mark, length - mark, &line);
    if (got >= 0 && !flaw)
        *ret = xr_secret_new(bytes + mark, line);
    explicit_bzero(bytes, sizeof(bytes));
    if (got >= 0 && !flaw)
        return 0;
    if (got < 0)
        (void)xr_usage_error("%s cannot be read: %s", name, strerror(code));
    else
        (void)xr_usage_error("%s %s", name, flaw);
    return XR_EXIT_INPUT;
}

int xr_form_secret_file(const char *path, struct xr_secret *ret)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd < 0) {
        (void)xr_usage_error("%s cannot be read: %s", path, strerror(errno));
        return XR_EXIT_INPUT;
    }
    int code = read_line(fd, path, ret);
    (void)close(fd);
    return code;
}

static volatile sig_atomic_t interrupted;

static void on_signal(int number)
{
    interrupted = number;
}

/* Signals come while we wait and at no other moment: one that came just before would go unseen.
 * false: one came. */
static bool wait_for_line(int fd)
{
    struct pollfd terminal = { .fd = fd, .events = POLLIN };
    sigset_t signals, before;

    (void)sigemptyset(&signals);
    (void)sigaddset(&signals, SIGINT);
    (void)sigaddset(&signals, SIGTERM);
    (void)sigprocmask(SIG_BLOCK, &signals, &before);
    while (!interrupted && ppoll(&terminal, 1, NULL, &before) < 0 && errno == EINTR)
        continue;
    (void)sigprocmask(SIG_SETMASK, &before, NULL);
    return !interrupted;
}

/* A signal must not leave the terminal without its echo. */
static int ask_silently(
    int fd, const struct termios *before, const char *question, struct xr_secret *ret)
{
    struct sigaction action = { .sa_handler = on_signal }, old_int, old_term;
    struct termios silent = *before;

    interrupted = 0;
    (void)sigaction(SIGINT, &action, &old_int);
    (void)sigaction(SIGTERM, &action, &old_term);
    silent.c_lflag &= ~(tcflag_t)ECHO;
    (void)tcsetattr(fd, TCSAFLUSH, &silent);
    (void)dprintf(fd, "%s", question);
    int code = wait_for_line(fd) ? read_line(fd, "the terminal", ret) : 0;
    (void)tcsetattr(fd, TCSAFLUSH, before);
    (void)dprintf(fd, "\n");
    (void)sigaction(SIGINT, &old_int, NULL);
    (void)sigaction(SIGTERM, &old_term, NULL);
    return interrupted ? 128 + interrupted : code;
}

static int missing(void)
{
    return xr_usage_error("the password is missing: give --password-file, --password-fd or "
                          "--password-stdin");
}

/* -1: there is none. */
static int open_terminal(struct termios *ret)
{
    int fd = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);

    if (fd < 0 || !tcgetattr(fd, ret))
        return fd;
    (void)close(fd);
    return -1;
}

bool xr_form_can_ask(void)
{
    struct termios unused;
    int fd = open_terminal(&unused);

    if (fd >= 0)
        (void)close(fd);
    return fd >= 0;
}

int xr_form_ask(const char *what, const char *whose, struct xr_secret *ret)
{
    struct termios before;
    int fd = open_terminal(&before);

    if (fd < 0)
        return missing();
    struct xr_arena *arena = xr_arena_new();
    const char *question = xr_printf(arena, "%s of %s: ", what, xr_visible(arena, whose));
    int code = ask_silently(fd, &before, question, ret);
    xr_arena_free(arena);
    (void)close(fd);
    return code;
}

int xr_form_given_secrets(
    const struct xr_form *form, struct xr_secret *ret_password, struct xr_secret *ret_token)
{
    int sources = (form->password_file != NULL) + (form->password_fd >= 0) + form->password_stdin +
                  form->password_prompt;

    if (sources > 1)
        return xr_usage_error("--password-file, --password-fd, --password-stdin%s exclude one "
                              "another",
            form->password_prompt ? " and --password-prompt" : "");
    if (form->bearer_file) {
        int code = xr_form_secret_file(form->bearer_file, ret_token);
        if (code)
            return code;
    }
    if (form->password_file)
        return xr_form_secret_file(form->password_file, ret_password);
    if (form->password_fd >= 0)
        return read_line((int)form->password_fd, "--password-fd", ret_password);
    if (form->password_stdin)
        return read_line(STDIN_FILENO, "standard input", ret_password);
    return 0;
}

/* --auth negotiate alone, and a ticket that it can use. */
static bool does_without(const struct xr_form *form)
{
    for (size_t i = 0; i < form->auth.n; i++)
        if (strcmp(form->auth.items[i], "negotiate") != 0)
            return false;
    return form->auth.n && xr_kerberos_ticket_present();
}

int xr_form_secrets(
    const struct xr_form *form, struct xr_secret *ret_password, struct xr_secret *ret_token)
{
    int code = xr_form_given_secrets(form, ret_password, ret_token);

    if (code || xr_secret_given(*ret_password) || form->bearer_file || form->keytab)
        return code;
    if (does_without(form))
        return 0;
    return form->no_input ? missing() : xr_form_ask("Password", form->account, ret_password);
}
