#include "tests/wire/kerberos_kdc.h"

#include <arpa/inet.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "analyzer/base/buf.h"

enum { ANSWER_MAX = 1000, INTEGER = 2, OCTETS = 4, TIME = 0x18, STRING = 0x1b, SEQUENCE = 0x30 };

/* What the buffer got since "from" becomes the content of a tag. */
static void wrap(struct xr_buf *buf, size_t from, int tag)
{
    uint8_t content[ANSWER_MAX], head[4] = { (uint8_t)tag, 0x82 };
    size_t length = buf->length - from;

    memcpy(content, buf->at + from, length);
    buf->length = from;
    head[2] = (uint8_t)(length >> 8);
    head[3] = (uint8_t)length;
    if (length < 128) {
        head[1] = (uint8_t)length;
        (void)xr_buf_add(buf, head, 2);
    } else
        (void)xr_buf_add(buf, head, sizeof(head));
    (void)xr_buf_add(buf, content, length);
}

/* One field of a sequence: its number, and a value of that type. */
static void field(struct xr_buf *buf, int number, int type, const void *value, size_t length)
{
    size_t from = buf->length;

    (void)xr_buf_add(buf, value, length);
    wrap(buf, from, type);
    wrap(buf, from, 0xa0 + number);
}

static void integer(struct xr_buf *buf, int number, int value)
{
    field(buf, number, INTEGER, &(uint8_t){ (uint8_t)value }, 1);
}

static void string(struct xr_buf *buf, const char *text)
{
    size_t from = buf->length;

    (void)xr_buf_puts(buf, text);
    wrap(buf, from, STRING);
}

static void now(struct xr_buf *buf)
{
    char text[32];
    struct tm utc;
    time_t seconds = time(NULL);

    (void)gmtime_r(&seconds, &utc);
    (void)strftime(text, sizeof(text), "%Y%m%d%H%M%SZ", &utc);
    field(buf, 4, TIME, text, strlen(text));
}

/* krbtgt/CONTOSO.TEST */
static void server(struct xr_buf *buf)
{
    size_t from = buf->length;

    integer(buf, 0, 2);
    size_t names = buf->length;
    string(buf, "krbtgt");
    string(buf, KDC_REALM);
    wrap(buf, names, SEQUENCE);
    wrap(buf, names, 0xa1);
    wrap(buf, from, SEQUENCE);
    wrap(buf, from, 0xa0 + 10);
}

static void preauth(struct xr_buf *buf, int type, const char *value, size_t length)
{
    size_t from = buf->length;

    integer(buf, 1, type);
    field(buf, 2, OCTETS, value, length);
    wrap(buf, from, SEQUENCE);
}

/* Asks for an encrypted timestamp by AES-256: PA-ENC-TIMESTAMP and PA-ETYPE-INFO2 with its salt. */
static void demand(struct xr_buf *buf)
{
    static const char etypes[] = "\x30\x0d\x30\x0b\xa0\x03\x02\x01\x12\xa1\x04\x1b\x02SA";
    size_t from = buf->length;

    preauth(buf, 2, "", 0);
    preauth(buf, 19, etypes, sizeof(etypes) - 1);
    wrap(buf, from, SEQUENCE);
    wrap(buf, from, OCTETS);
    wrap(buf, from, 0xa0 + 12);
}

static void refuse(int fd, int code)
{
    xr_auto_buf buf;

    xr_buf_init(&buf, ANSWER_MAX);
    integer(&buf, 0, 5);
    integer(&buf, 1, 30);
    now(&buf);
    integer(&buf, 5, 0);
    integer(&buf, 6, code);
    size_t realm = buf.length;
    if (code == KDC_WRONG_REALM) {
        string(&buf, KDC_REFERRED);
        wrap(&buf, realm, 0xa0 + 7);
        realm = buf.length;
    }
    string(&buf, KDC_REALM);
    wrap(&buf, realm, 0xa0 + 9);
    server(&buf);
    if (code == KDC_PREAUTH_REQUIRED)
        demand(&buf);
    wrap(&buf, 0, SEQUENCE);
    wrap(&buf, 0, 0x60 + 30);
    uint32_t head = htonl((uint32_t)buf.length);
    (void)send(fd, &head, sizeof(head), MSG_NOSIGNAL | MSG_MORE);
    (void)send(fd, buf.at, buf.length, MSG_NOSIGNAL);
}

static void *run(void *arg)
{
    struct kdc *kdc = arg;
    char request[4096];

    for (int fd; (fd = accept(kdc->listener, NULL, NULL)) >= 0;) {
        size_t k = (size_t)atomic_fetch_add(&kdc->asked, 1);
        int code = kdc->codes[k < kdc->n ? k : kdc->n - 1];
        if (code == KDC_SILENCE) {
            kdc->held = fd;
            continue;
        }
        if (recv(fd, request, sizeof(request), 0) > 0 && code != KDC_HANGS_UP)
            refuse(fd, code);
        (void)close(fd);
    }
    return NULL;
}

void kdc_start(struct kdc *kdc, const char *host, const int *codes, size_t n)
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr = { inet_addr(host) } };
    socklen_t length = sizeof(address);

    *kdc = (struct kdc){ .codes = codes, .n = n, .held = -1 };
    kdc->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (bind(kdc->listener, (struct sockaddr *)&address, sizeof(address)) ||
        listen(kdc->listener, 16) ||
        getsockname(kdc->listener, (struct sockaddr *)&address, &length) ||
        pthread_create(&kdc->thread, NULL, run, kdc))
        abort();
    kdc->port = ntohs(address.sin_port);
}

void kdc_stop(struct kdc *kdc)
{
    (void)shutdown(kdc->listener, SHUT_RDWR);
    (void)pthread_join(kdc->thread, NULL);
    (void)close(kdc->listener);
    if (kdc->held >= 0)
        (void)close(kdc->held);
}
