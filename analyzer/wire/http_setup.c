#include "analyzer/wire/http_setup.h"

/* NTLM and Negotiate are not for libcurl: see wire/http_logon.h. */
static void set_auth(CURL *easy, const struct xr_http_request *request)
{
    unsigned long scheme = request->auth == XR_HTTP_BASIC    ? CURLAUTH_BASIC
                           : request->auth == XR_HTTP_BEARER ? CURLAUTH_BEARER
                                                             : CURLAUTH_NONE;

    (void)curl_easy_setopt(easy, CURLOPT_HTTPAUTH, scheme);
    if (request->auth == XR_HTTP_BASIC) {
        (void)curl_easy_setopt(easy, CURLOPT_USERNAME, request->account);
        (void)curl_easy_setopt(easy, CURLOPT_PASSWORD, xr_reveal(request->secret));
    }
    if (request->auth == XR_HTTP_BEARER)
        (void)curl_easy_setopt(easy, CURLOPT_XOAUTH2_BEARER, xr_reveal(request->secret));
}

static void set_safety(CURL *easy, const struct xr_net *net)
{
    (void)curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    (void)curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    (void)curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    (void)curl_easy_setopt(easy, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    (void)curl_easy_setopt(easy, CURLOPT_PROXY, net->proxy ? net->proxy : "");
    /* Else the environment's no_proxy leads around it, to names that nobody resolved or judged. */
    (void)curl_easy_setopt(easy, CURLOPT_NOPROXY, "");
    (void)curl_easy_setopt(easy, CURLOPT_MAXCONNECTS, 1L);
    (void)curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    (void)curl_easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, "gzip");
    (void)curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    /* libcurl's own checks end the handshake at the first flaw: ours take their place. */
    (void)curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L);
    (void)curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 0L);
    (void)curl_easy_setopt(easy, CURLOPT_CAINFO, NULL);
    (void)curl_easy_setopt(easy, CURLOPT_CAPATH, NULL);
    (void)curl_easy_setopt(easy, CURLOPT_SSL_SESSIONID_CACHE, 0L);
}

/* "::ADDRESS:PORT": whatever the URL says, this is where the connection goes; name and SNI stay. */
static struct curl_slist *pin(
    struct xr_arena *arena, const struct xr_net *net, const struct xr_http_request *request)
{
    const struct xr_url *url = request->url;
    struct xr_route route = xr_net_route(net, url->host, url->port);
    const char *to = net->proxy ? route.host : request->address;

    return curl_slist_append(
        NULL, xr_printf(arena, "::%s:%u", xr_bracketed(arena, to), route.port));
}

/* The name of the proxy was resolved like every other; libcurl would ask the system, without limit
 * of time. */
static struct curl_slist *pin_proxy(
    struct xr_arena *arena, const struct xr_net *net, const struct xr_http_request *request)
{
    const char *proxy = net->proxy;
    struct xr_url url;

    if (!proxy || xr_url_parse(arena, proxy, &url))
        return NULL;
    return curl_slist_append(NULL,
        xr_printf(arena, "%s:%u:%s", url.host, url.port, xr_bracketed(arena, request->address)));
}

void xr_http_setup(struct xr_http_setup *setup, CURL *easy, struct xr_arena *arena,
    const struct xr_net *net, const struct xr_http_request *request)
{
    xr_scrubber_free(setup->scrubber);
    setup->scrubber = xr_scrubber_new(request->account, request->secret);
    xr_scrubber_also(setup->scrubber, request->account, request->also_hide);
    setup->ready = true;
    setup->address = pin(arena, net, request);
    setup->proxy = pin_proxy(arena, net, request);
    set_safety(easy, net);
    set_auth(easy, request);
    (void)curl_easy_setopt(easy, CURLOPT_URL, request->url->text);
    (void)curl_easy_setopt(easy, CURLOPT_USERAGENT, net->user_agent);
    (void)curl_easy_setopt(easy, CURLOPT_CONNECT_TO, setup->address);
    (void)curl_easy_setopt(easy, CURLOPT_RESOLVE, setup->proxy);
}

void xr_http_setup_done(struct xr_http_setup *setup, CURL *easy)
{
    curl_easy_reset(easy); /* forgets the credentials; the connection is kept */
    curl_slist_free_all(setup->address);
    curl_slist_free_all(setup->proxy);
    setup->address = setup->proxy = NULL;
    setup->ready = false;
}
