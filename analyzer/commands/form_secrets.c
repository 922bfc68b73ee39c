#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "analyzer/commands/command.h"
#include "analyzer/commands/form.h"

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
