#ifndef XR_SIGNALS_H
#define XR_SIGNALS_H

/* From now on SIGINT and SIGTERM end every wait of the process (xr_cancel()); the second one ends
 * the process at once. */
void xr_signals_catch(void);

/* The signal that came, or 0. */
int xr_signals_caught(void);

#endif
