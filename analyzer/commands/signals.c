#include "analyzer/commands/signals.h"

#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <unistd.h>

#include "analyzer/base/clock.h"

static atomic_int caught;

/* The second signal ends at once: whoever presses twice means it. */
static void on_signal(int number)
{
    if (atomic_exchange(&caught, number))
        _exit(128 + number);
    xr_cancel();
}

void xr_signals_catch(void)
{
    struct sigaction action = { .sa_handler = on_signal };

    (void)sigaction(SIGINT, &action, NULL);
    (void)sigaction(SIGTERM, &action, NULL);
}

int xr_signals_caught(void)
{
    return atomic_load(&caught);
}
