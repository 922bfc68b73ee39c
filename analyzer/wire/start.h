#ifndef XR_START_H
#define XR_START_H

/* Once, before the first thread: the libraries of this floor set themselves up. */
void xr_wire_start(void);

#endif
