#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "analyzer/commands/command.h"
#include "analyzer/commands/output.h"
#include "analyzer/wire/kerberos.h"

/* A core dump would hold the password; what we write is for its owner alone. */
static void keep_secrets_in(void)
{
    (void)setrlimit(RLIMIT_CORE, &(struct rlimit){ 0, 0 });
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__) /* the leak check is a ptrace \
                                                                     */
    (void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
#endif
    (void)umask(077);
}

/* With one of them closed, the next connection would take its number, and what is meant for the
 * terminal would go to a server. */
static void keep_standard_streams_open(void)
{
    for (int fd = 0; fd < 3; fd++)
        if (fcntl(fd, F_GETFD) < 0)
            (void)open("/dev/null", O_RDWR);
}

/* Output that was lost must not look like success; but whoever closes a pipe has read enough. */
static int with_lost_output(int code)
{
    bool lost = fflush(stdout) || ferror(stdout);

    if (!lost || xr_reader_left() || (code != XR_EXIT_OK && code != XR_EXIT_VERDICT_ERROR))
        return code;
    (void)xr_usage_error("standard output cannot be written");
    return XR_EXIT_UNAVAILABLE;
}

int main(int argc, char **argv)
{
    keep_standard_streams_open();
    (void)signal(SIGPIPE, SIG_IGN);
    keep_secrets_in();
    if (argc == 2 && !strcmp(argv[1], XR_KERBEROS_CHILD))
        return xr_kerberos_child();
    return with_lost_output(xr_main(argc, argv));
}
