#include "analyzer/base/secret.h"

#include <stdlib.h>
#include <string.h>

struct xr_secret xr_secret_new(const char *bytes, unsigned long length)
{
    struct xr_secret secret = { calloc(1, length + 1) };

    if (!secret.bytes_)
        abort();
    memcpy(secret.bytes_, bytes, length);
    return secret;
}

bool xr_secret_equal(struct xr_secret a, struct xr_secret b)
{
    return a.bytes_ && b.bytes_ ? !strcmp(a.bytes_, b.bytes_) : a.bytes_ == b.bytes_;
}

bool xr_secret_is_ascii(struct xr_secret secret)
{
    for (const char *at = secret.bytes_; at && *at; at++)
        if ((unsigned char)*at > 0x7f)
            return false;
    return true;
}

struct xr_secret xr_secret_copy(struct xr_secret secret)
{
    return secret.bytes_ ? xr_secret_new(secret.bytes_, strlen(secret.bytes_)) : secret;
}

void xr_secret_done(struct xr_secret *secret)
{
    if (secret->bytes_)
        explicit_bzero(secret->bytes_, strlen(secret->bytes_));
    free(secret->bytes_);
    secret->bytes_ = NULL;
}
