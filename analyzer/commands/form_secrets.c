#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "analyzer/commands/command.h"
#include "analyzer/commands/form.h"

enum { SECRET_MAX = 16 * 1024 };

/* The first line of what fd holds. Returns an exit code. */
static int read_line(int fd, const char *name, struct xr_secret *ret)
{
    char bytes[SECRET_MAX + 1];
    size_t length = 0;
    ssize_t got = 1;

    while (got > 0 && length < SECRET_MAX && !memchr(bytes, '\n', length)) {
        got = read(fd, bytes + length, SECRET_MAX - length);
        length += got > 0 ? (size_t)got : 0;
    }
    size_t line = 0;
    while (line < length && bytes[line] != '\n' && bytes[line] != '\r')
        line++;
    bool empty = !line || memchr(bytes, '\0', line);
    if (got >= 0 && !empty)
        *ret = xr_secret_new(bytes, line);
    explicit_bzero(bytes, sizeof(bytes));
    if (got < 0) {
        (void)xr_usage_error("%s cannot be read: %s", name, strerror(errno));
        return XR_EXIT_INPUT;
    }
    if (empty) {
        (void)xr_usage_error("%s holds no password in its first line", name);
        return XR_EXIT_INPUT;
    }
    return 0;
}

static int read_file(const char *path, struct xr_secret *ret)
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

static int prompt(const char *account, struct xr_secret *ret)
{
    int fd = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
    struct termios before, silent;

    if (fd < 0 || tcgetattr(fd, &before)) {
        if (fd >= 0)
            (void)close(fd);
        return xr_usage_error("the password is missing: give --password-file, --password-fd or "
                              "--password-stdin");
    }
    silent = before;
    silent.c_lflag &= ~(tcflag_t)ECHO;
    (void)dprintf(fd, "Password of %s: ", account);
    (void)tcsetattr(fd, TCSAFLUSH, &silent);
    int code = read_line(fd, "the terminal", ret);
    (void)tcsetattr(fd, TCSAFLUSH, &before);
    (void)dprintf(fd, "\n");
    (void)close(fd);
    return code;
}

int xr_form_secrets(
    const struct xr_form *form, struct xr_secret *ret_password, struct xr_secret *ret_token)
{
    int sources = (form->password_file != NULL) + (form->password_fd >= 0) + form->password_stdin;

    if (sources > 1)
        return xr_usage_error(
            "--password-file, --password-fd and --password-stdin exclude one another");
    if (form->bearer_file) {
        int code = read_file(form->bearer_file, ret_token);
        if (code)
            return code;
    }
    if (form->password_file)
        return read_file(form->password_file, ret_password);
    if (form->password_fd >= 0)
        return read_line((int)form->password_fd, "--password-fd", ret_password);
    if (form->password_stdin)
        return read_line(STDIN_FILENO, "standard input", ret_password);
    if (form->bearer_file || form->keytab)
        return 0;
    if (form->no_input)
        return xr_usage_error("the password is missing: give --password-file, --password-fd or "
                              "--password-stdin");
    return prompt(form->account, ret_password);
}
