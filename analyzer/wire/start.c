#include "analyzer/wire/start.h"

#include <ares.h>
#include <curl/curl.h>
#include <libxml/parser.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void xr_wire_start(void)
{
    (void)curl_global_init(CURL_GLOBAL_DEFAULT);
    (void)ares_library_init(ARES_LIB_INIT_ALL);
    xmlInitParser();
}

/* MIT krb5's default: the environment, else a file named after the user. */
static bool cache_is_there(void)
{
    const char *name = getenv("KRB5CCNAME");
    char path[64];

    if (name && !strncmp(name, "FILE:", 5))
        name += 5;
    if (name && strchr(name, ':'))
        return true; /* DIR, KEYRING, KCM: GSSAPI will tell */
    if (!name) {
        (void)snprintf(path, sizeof(path), "/tmp/krb5cc_%u", (unsigned)getuid());
        name = path;
    }
    return !access(name, R_OK);
}

bool xr_wire_have_ticket(const char *keytab)
{
    if (!keytab)
        return cache_is_there();
    (void)setenv("KRB5_CLIENT_KTNAME", keytab, 1);
    (void)setenv("KRB5CCNAME", "MEMORY:exray", 1);
    return true;
}
