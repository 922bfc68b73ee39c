#include "analyzer/commands/command.h"

int xr_command_demo(int argc, char **argv)
{
    (void)argc, (void)argv;
    return XR_EXIT_INTERNAL;
}
