#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "analyzer/commands/command.h"

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

int main(int argc, char **argv)
{
    (void)signal(SIGPIPE, SIG_IGN);
    keep_secrets_in();
    return xr_main(argc, argv);
}
