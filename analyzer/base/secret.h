#ifndef XR_SECRET_H
#define XR_SECRET_H

#include <stdbool.h>

/*
 * A password or a token. It is a struct so that no "%s" accepts it: printing
 * one is a compile error. xr_reveal() is the only way to the bytes, and only
 * the files that tests/check_rules.sh names may call it.
 */
struct xr_secret {
    char *bytes_;
};

/* Copies length bytes. Ends with xr_secret_done(), which overwrites them. */
struct xr_secret xr_secret_new(const char *bytes, unsigned long length);
struct xr_secret xr_secret_copy(struct xr_secret secret);
void xr_secret_done(struct xr_secret *secret);

static inline bool xr_secret_given(struct xr_secret secret)
{
    return secret.bytes_ && secret.bytes_[0];
}

bool xr_secret_equal(struct xr_secret a, struct xr_secret b);
bool xr_secret_is_ascii(struct xr_secret secret);

static inline const char *xr_reveal(struct xr_secret secret)
{
    return secret.bytes_ ? secret.bytes_ : "";
}

#endif
