#include "analyzer/commands/child.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static void close_both(const int pair[2])
{
    (void)close(pair[0]);
    (void)close(pair[1]);
}

static int wait_for(pid_t pid)
{
    int status;

    while (waitpid(pid, &status, 0) < 0)
        if (errno != EINTR)
            return -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* in and out replace the child's standard input and output; -1 leaves ours. */
static pid_t spawn(char *const *argv, int in, int out)
{
    posix_spawn_file_actions_t actions;
    pid_t pid = 0;

    (void)posix_spawn_file_actions_init(&actions);
    if (in >= 0)
        (void)posix_spawn_file_actions_adddup2(&actions, in, STDIN_FILENO);
    if (out >= 0)
        (void)posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
    if (posix_spawn(&pid, argv[0], &actions, NULL, argv, environ))
        pid = 0;
    (void)posix_spawn_file_actions_destroy(&actions);
    return pid;
}

bool xr_child_start(struct xr_child *child, char *const *argv)
{
    int in[2], out[2];

    *child = (struct xr_child){ .input = -1 };
    if (pipe2(in, O_CLOEXEC))
        return false;
    if (pipe2(out, O_CLOEXEC)) {
        close_both(in);
        return false;
    }
    child->pid = spawn(argv, in[0], out[1]);
    (void)close(in[0]);
    (void)close(out[1]);
    child->input = in[1];
    child->output = fdopen(out[0], "r");
    return child->pid && child->output;
}

int xr_child_stop(struct xr_child *child)
{
    if (child->input >= 0)
        (void)close(child->input);
    if (child->output)
        (void)fclose(child->output);
    return child->pid ? wait_for(child->pid) : -1;
}

int xr_child_run(char *const *argv, const char *input)
{
    int in[2];

    if (pipe2(in, O_CLOEXEC))
        return -1;
    pid_t pid = spawn(argv, in[0], -1);
    (void)close(in[0]);
    ssize_t written = write(in[1], input, strlen(input));
    (void)close(in[1]);
    int code = pid ? wait_for(pid) : -1;
    return written < 0 ? -1 : code;
}
