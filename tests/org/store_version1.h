#ifndef XR_STORE_VERSION1_H
#define XR_STORE_VERSION1_H

/* SQL that makes a store as version 1 of the schema was, and fills it. */
extern const char store_version1[], store_version1_rows[];

#endif
