#include "analyzer/wire/start.h"

#include <ares.h>
#include <curl/curl.h>
#include <libxml/parser.h>

void xr_wire_start(void)
{
    (void)curl_global_init(CURL_GLOBAL_DEFAULT);
    (void)ares_library_init(ARES_LIB_INIT_ALL);
    xmlInitParser();
}
