#include "tests/wire/web.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/unit.h"

static bool send_all(int fd, const void *bytes, size_t length)
{
    return send(fd, bytes, length, MSG_NOSIGNAL) == (ssize_t)length;
}

static size_t body_length(const char *head)
{
    const char *field = strcasestr(head, "\nContent-Length:");

    return field ? strtoul(field + strlen("\nContent-Length:"), NULL, 10) : 0;
}

/* Head and body; ends in NUL. */
static struct xr_der read_request(struct web *web, int fd)
{
    size_t length = 0;

    memset(web->last, 0, sizeof(web->last));
    while (length < sizeof(web->last) - 1) {
        ssize_t more = recv(fd, web->last + length, sizeof(web->last) - 1 - length, 0);
        if (more <= 0)
            break;
        length += (size_t)more;
        const char *end = strstr(web->last, "\r\n\r\n");
        size_t head = end ? (size_t)(end + 4 - web->last) : 0;
        if (end && length >= head + body_length(web->last))
            return (struct xr_der){ (const unsigned char *)web->last + head, length - head };
    }
    return (struct xr_der){ 0 };
}

static struct web_page *find(struct web *web)
{
    char path[256] = "";

    (void)sscanf(web->last, "%*s %255s", path);
    const char *slash = strstr(path, "://"); /* a proxy is asked for a whole URL */
    const char *local = slash ? strchr(slash + 3, '/') : path;
    for (size_t i = 0; local && i < web->n; i++)
        if (!strcmp(web->pages[i].path, local))
            return &web->pages[i];
    return NULL;
}

static bool trickle(int fd, struct xr_der body)
{
    for (size_t i = 0; i < body.length; i++) {
        if (!send_all(fd, body.bytes + i, 1))
            return false;
        (void)usleep(50 * 1000);
    }
    return true;
}

static void send_page(int fd, const struct web_page *page, struct xr_der body)
{
    char head[512];

    if (page->head)
        (void)snprintf(head, sizeof(head), "%s\r\n\r\n", page->head);
    else
        (void)snprintf(head, sizeof(head), "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n",
            page->endless ? (size_t)1 << 20 : body.length);
    if (!send_all(fd, head, strlen(head)))
        return;
    if (page->trickles ? !trickle(fd, body) : !send_all(fd, body.bytes, body.length))
        return;
    while (page->endless && send_all(fd, page->endless, strlen(page->endless)))
        ;
}

/* true: the connection is to stay open. */
static bool serve(struct web *web, int fd)
{
    static const char missing[] = "HTTP/1.1 404 Not Found\r\nContent-Length: 5\r\n\r\ngone\n";
    struct xr_der request = read_request(web, fd);
    struct web_page *page = find(web);

    if (!page) {
        (void)send_all(fd, missing, sizeof(missing) - 1);
        return false;
    }
    atomic_fetch_add(&page->hits, 1);
    if (page->silent)
        return true;
    struct xr_der made = page->answer ? page->answer(page->arg, request) : (struct xr_der){ 0 };
    send_page(fd, page, page->answer ? made : page->body);
    free((void *)(uintptr_t)made.bytes);
    return false;
}

static void *run(void *arg)
{
    struct web *web = arg;

    for (int fd; (fd = accept(web->listener, NULL, NULL)) >= 0;) {
        (void)pthread_mutex_lock(&web->serving);
        bool stays = serve(web, fd);
        (void)pthread_mutex_unlock(&web->serving);
        if (stays && web->held_n < WEB_HELD_MAX)
            web->held[web->held_n++] = fd;
        else
            (void)close(fd);
    }
    return NULL;
}

void web_start(struct web *web)
{
    struct sockaddr_in address = { .sin_family = AF_INET,
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t length = sizeof(address);

    web->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ck_assert_int_eq(bind(web->listener, (const struct sockaddr *)&address, length), 0);
    ck_assert_int_eq(listen(web->listener, 16), 0);
    (void)getsockname(web->listener, (struct sockaddr *)&address, &length);
    web->port = ntohs(address.sin_port);
    (void)pthread_mutex_init(&web->serving, NULL);
    ck_assert_int_eq(pthread_create(&web->thread, NULL, run, web), 0);
}

void web_stop(struct web *web)
{
    (void)shutdown(web->listener, SHUT_RDWR);
    (void)pthread_join(web->thread, NULL);
    (void)close(web->listener);
    for (size_t i = 0; i < web->held_n; i++)
        (void)close(web->held[i]);
}

void web_rest(struct web *web)
{
    (void)pthread_mutex_lock(&web->serving);
    (void)pthread_mutex_unlock(&web->serving);
}

struct web_page *web_add(struct web *web, const char *path, struct xr_der body)
{
    struct web_page *page = &web->pages[web->n++];

    ck_assert_int_le((int)web->n, WEB_PAGES_MAX);
    page->path = path;
    page->body = body;
    return page;
}

const char *web_url(struct xr_arena *arena, const struct web *web, const char *path)
{
    return xr_printf(arena, "http://127.0.0.1:%u%s", web->port, path);
}

struct xr_der web_text(const char *text)
{
    return (struct xr_der){ (const unsigned char *)text, strlen(text) };
}
