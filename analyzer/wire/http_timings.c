#include "analyzer/wire/http_timings.h"

static int64_t time_us(CURL *easy, CURLINFO info)
{
    curl_off_t us = 0;

    return curl_easy_getinfo(easy, info, &us) ? 0 : (int64_t)us;
}

struct xr_timings xr_http_timings(CURL *easy)
{
    int64_t connect = time_us(easy, CURLINFO_CONNECT_TIME_T);
    int64_t tls = time_us(easy, CURLINFO_APPCONNECT_TIME_T);
    int64_t ready = time_us(easy, CURLINFO_PRETRANSFER_TIME_T);
    int64_t first = time_us(easy, CURLINFO_STARTTRANSFER_TIME_T);
    int64_t total = time_us(easy, CURLINFO_TOTAL_TIME_T);
    long connects = 0;

    (void)curl_easy_getinfo(easy, CURLINFO_NUM_CONNECTS, &connects);
    return (struct xr_timings){
        .dns_us = -1,
        .connect_us = connects && connect ? connect : -1,
        .tls_us = connects && tls ? tls - connect : -1,
        .wait_us = first ? first - ready : -1,
        .receive_us = first ? total - first : -1,
    };
}
