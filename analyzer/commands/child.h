#ifndef XR_CHILD_H
#define XR_CHILD_H

#include <stdbool.h>
#include <stdio.h>
#include <sys/types.h>

/* A child process with pipes to its standard input and from its standard output. */
struct xr_child {
    pid_t pid; /* 0: none */
    int input; /* -1: closed */
    FILE *output;
};

/* argv[0] is the path of the program. false: it could not be started. */
bool xr_child_start(struct xr_child *child, char *const *argv);

/* Closes the pipes, which asks it to end, and waits. Returns its exit code; 128 + signal. */
int xr_child_stop(struct xr_child *child);

/* Runs a program with our own output, "input" as its standard input; returns its exit code. */
int xr_child_run(char *const *argv, const char *input);

#endif
