#ifndef XR_TESTS_WEB_H
#define XR_TESTS_WEB_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "analyzer/wire/tls.h"

/* A small HTTP server on 127.0.0.1: one page for each path, and each may misbehave. */
struct web_page {
    const char *path;
    const char *head; /* status line and headers; NULL: "200 OK" and a Content-Length */
    struct xr_der body;
    const char *endless; /* after the body, as long as somebody reads; NULL: nothing */
    bool silent;         /* reads the request and says nothing */
    bool trickles;       /* sends the body byte by byte, one each 50 ms */
    /* Makes the body of the request's; what it returns is freed. */
    struct xr_der (*answer)(void *arg, struct xr_der request);
    void *arg;
    atomic_int hits;
};

enum { WEB_PAGES_MAX = 16, WEB_HELD_MAX = 16 };

struct web {
    struct web_page pages[WEB_PAGES_MAX];
    size_t n;
    int listener;
    uint16_t port;
    pthread_t thread;
    pthread_mutex_t serving;
    int held[WEB_HELD_MAX]; /* connections that are left waiting */
    size_t held_n;
    char last[4096]; /* the last request; to be read when its answer has come */
};

void web_start(struct web *web);
void web_stop(struct web *web);

/* Waits until nobody is being served. Before and after a page is changed between two requests. */
void web_rest(struct web *web);

/* "body" must live as long as the server. */
struct web_page *web_add(struct web *web, const char *path, struct xr_der body);
const char *web_url(struct xr_arena *arena, const struct web *web, const char *path);

struct xr_der web_text(const char *text);

#endif
