/*
 * An Exchange server that costs next to nothing: two canned answers over TLS, so that a bulk check
 * is measured against the network and not against somebody's parser. A thread for each connection.
 *
 *   static-server CERT.pem KEY.pem [--delay MS] [--record FILE]
 *
 * Prints {"port":N}; when its standard input ends, prints what it counted and ends. --delay: waits
 * so long before each answer, as a distant server would. --record: the bodies that came, each with
 * a NUL behind it, in the order of their arrival.
 */
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { REQUEST_MAX = 65536, BACKLOG = 256, STACK = 256 << 10 };

static struct {
    pthread_mutex_t lock;
    unsigned long connections, requests, get_folder, resolve_names, refused, other;
    unsigned open, max_open;
    FILE *record;
} seen = { .lock = PTHREAD_MUTEX_INITIALIZER };

static SSL_CTX *context;
static long delay_ms;

#define ENVELOPE(header, body)                                                            \
    "<?xml version=\"1.0\" encoding=\"utf-8\"?>"                                          \
    "<s:Envelope xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\"><s:Header>" header \
    "</s:Header><s:Body xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\""          \
    " xmlns:xsd=\"http://www.w3.org/2001/XMLSchema\">" body "</s:Body></s:Envelope>"
#define VERSION                                                                             \
    "<h:ServerVersionInfo MajorVersion=\"15\" MinorVersion=\"2\" MajorBuildNumber=\"1118\"" \
    " MinorBuildNumber=\"7\" Version=\"V2017_07_11\""                                       \
    " xmlns:h=\"http://schemas.microsoft.com/exchange/services/2006/types\"/>"
#define MESSAGES(name, inside)                                                                     \
    "<m:" name "Response xmlns:m=\"http://schemas.microsoft.com/exchange/services/2006/messages\"" \
    " xmlns:t=\"http://schemas.microsoft.com/exchange/services/2006/types\"><m:ResponseMessages>"  \
    "<m:" name "ResponseMessage ResponseClass=\"Success\"><m:ResponseCode>NoError"                 \
    "</m:ResponseCode>" inside "</m:" name "ResponseMessage></m:ResponseMessages></m:" name        \
    "Response>"

static const char folder[] = ENVELOPE(VERSION,
    MESSAGES("GetFolder",
        "<m:Folders><t:Folder><t:FolderId Id=\"AAMkADk4\" ChangeKey=\"AQAAABYAAAA=\"/>"
        "<t:FolderClass>IPF.Note</t:FolderClass><t:DisplayName>Inbox</t:DisplayName>"
        "<t:TotalCount>2</t:TotalCount><t:ChildFolderCount>0</t:ChildFolderCount>"
        "<t:EffectiveRights><t:CreateAssociated>true</t:CreateAssociated>"
        "<t:CreateContents>true</t:CreateContents><t:CreateHierarchy>true</t:CreateHierarchy>"
        "<t:Delete>true</t:Delete><t:Modify>true</t:Modify><t:Read>true</t:Read>"
        "</t:EffectiveRights><t:UnreadCount>1</t:UnreadCount></t:Folder></m:Folders>"));

/* The address that was asked for stands between the two. */
static const char *const resolved[2] = {
    "<?xml version=\"1.0\" encoding=\"utf-8\"?>"
    "<s:Envelope xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\"><s:Header>" VERSION
    "</s:Header><s:Body><m:ResolveNamesResponse"
    " xmlns:m=\"http://schemas.microsoft.com/exchange/services/2006/messages\""
    " xmlns:t=\"http://schemas.microsoft.com/exchange/services/2006/types\"><m:ResponseMessages>"
    "<m:ResolveNamesResponseMessage ResponseClass=\"Success\"><m:ResponseCode>NoError"
    "</m:ResponseCode><m:ResolutionSet TotalItemsInView=\"1\" IncludesLastItemInRange=\"true\">"
    "<t:Resolution><t:Mailbox><t:Name>Somebody</t:Name><t:EmailAddress>",
    "</t:EmailAddress><t:RoutingType>SMTP</t:RoutingType><t:MailboxType>Mailbox</t:MailboxType>"
    "</t:Mailbox></t:Resolution></m:ResolutionSet></m:ResolveNamesResponseMessage>"
    "</m:ResponseMessages></m:ResolveNamesResponse></s:Body></s:Envelope>",
};

static const char refusal[] = "HTTP/1.1 401 Unauthorized\r\nServer: Microsoft-IIS/10.0\r\n"
                              "WWW-Authenticate: Basic realm=\"mail.contoso.test\"\r\n"
                              "Content-Length: 0\r\n\r\n";
static const char not_found[] = "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n";

/* ---- one connection ---- */

struct connection {
    int fd;
    SSL *ssl;
    char bytes[REQUEST_MAX];
    size_t have;
};

static bool fill(struct connection *c)
{
    int got = 0;

    if (c->have < sizeof(c->bytes) - 1)
        got = SSL_read(c->ssl, c->bytes + c->have, (int)(sizeof(c->bytes) - 1 - c->have));
    if (got <= 0)
        return false;
    c->have += (size_t)got;
    c->bytes[c->have] = '\0';
    return true;
}

/* Length of the head; 0: the client has left. */
static size_t read_head(struct connection *c)
{
    for (;;) {
        const char *end = memmem(c->bytes, c->have, "\r\n\r\n", 4);
        if (end)
            return (size_t)(end - c->bytes) + 4;
        if (!fill(c))
            return 0;
    }
}

static const char *header(const char *head, const char *name)
{
    const char *at = strcasestr(head, name);
    return at ? at + strlen(name) : NULL;
}

static void count(const char *head, const char *body, size_t length, unsigned long *which)
{
    pthread_mutex_lock(&seen.lock);
    seen.requests++;
    ++*which;
    if (seen.record && length && header(head, "\r\nAuthorization:")) {
        fwrite(body, 1, length, seen.record);
        putc('\0', seen.record);
    }
    pthread_mutex_unlock(&seen.lock);
}

static bool send_all(struct connection *c, const char *text, size_t length)
{
    return SSL_write(c->ssl, text, (int)length) == (int)length;
}

static bool send_soap(struct connection *c, const char *const *parts, const size_t *lengths)
{
    char out[8192];
    size_t body = lengths[0] + lengths[1] + lengths[2];
    int at = snprintf(out, sizeof(out),
        "HTTP/1.1 200 OK\r\nServer: Microsoft-IIS/10.0\r\nX-FEServer: EX01\r\n"
        "Content-Type: text/xml; charset=utf-8\r\nContent-Length: %zu\r\n\r\n",
        body);

    if (at < 0 || (size_t)at + body > sizeof(out))
        return false;
    for (size_t i = 0; i < 3; i++) {
        memcpy(out + at, parts[i], lengths[i]);
        at += (int)lengths[i];
    }
    return send_all(c, out, (size_t)at);
}

static bool answer(struct connection *c, const char *head, const char *body, size_t length)
{
    const char *entry = memmem(body, length, "smtp:", 5);
    bool is_ews = strcasestr(head, "/exchange.asmx") != NULL;

    if (!is_ews) {
        count(head, body, length, &seen.other);
        return send_all(c, not_found, sizeof(not_found) - 1);
    }
    if (!header(head, "\r\nAuthorization:")) {
        count(head, body, length, &seen.refused);
        return send_all(c, refusal, sizeof(refusal) - 1);
    }
    if (!entry || !memmem(body, length, "ResolveNames", 12)) {
        count(head, body, length, &seen.get_folder);
        return send_soap(
            c, (const char *[]){ folder, "", "" }, (size_t[]){ sizeof(folder) - 1, 0, 0 });
    }
    count(head, body, length, &seen.resolve_names);
    entry += 5;
    return send_soap(c, (const char *[]){ resolved[0], entry, resolved[1] },
        (size_t[]){ strlen(resolved[0]), strcspn(entry, "<"), strlen(resolved[1]) });
}

static void wait_a_while(void)
{
    struct timespec left = { delay_ms / 1000, delay_ms % 1000 * 1000000L };

    while (delay_ms && nanosleep(&left, &left) != 0)
        continue;
}

static bool serve_one(struct connection *c)
{
    size_t head = read_head(c);

    if (!head)
        return false;
    c->bytes[head - 1] = '\0';
    const char *length = header(c->bytes, "\r\nContent-Length:");
    size_t body = length ? strtoul(length, NULL, 10) : 0;
    while (c->have < head + body)
        if (!fill(c))
            return false;
    char after = c->bytes[head + body];
    c->bytes[head + body] = '\0';
    wait_a_while();
    bool ok = answer(c, c->bytes, c->bytes + head, body);
    c->bytes[head + body] = after;
    c->have -= head + body;
    memmove(c->bytes, c->bytes + head + body, c->have);
    return ok;
}

static void opened(int by)
{
    pthread_mutex_lock(&seen.lock);
    seen.connections += by > 0;
    seen.open += (unsigned)by;
    if (seen.open > seen.max_open)
        seen.max_open = seen.open;
    pthread_mutex_unlock(&seen.lock);
}

static void *run_connection(void *arg)
{
    struct connection *c = arg;
    int on = 1;

    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    c->ssl = SSL_new(context);
    SSL_set_fd(c->ssl, c->fd);
    opened(1);
    bool ok = SSL_accept(c->ssl) == 1;
    while (ok)
        ok = serve_one(c);
    opened(-1);
    SSL_free(c->ssl);
    close(c->fd);
    free(c);
    return NULL;
}

/* ---- the server ---- */

static void start_connection(int fd)
{
    struct connection *c = calloc(1, sizeof(*c));
    pthread_attr_t attr;
    pthread_t thread;

    if (!c)
        abort();
    c->fd = fd;
    pthread_attr_init(&attr);
    pthread_attr_setstacksize(&attr, STACK);
    pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
    if (pthread_create(&thread, &attr, run_connection, c) != 0)
        abort();
    pthread_attr_destroy(&attr);
}

static int open_listener(void)
{
    struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t length = sizeof(at);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0 || bind(fd, (struct sockaddr *)&at, length) != 0 || listen(fd, BACKLOG) != 0 ||
        getsockname(fd, (struct sockaddr *)&at, &length) != 0) {
        perror("static-server");
        exit(EXIT_FAILURE);
    }
    printf("{\"port\":%d}\n", ntohs(at.sin_port));
    fflush(stdout);
    return fd;
}

static void serve_until_stdin_ends(int listener)
{
    char bytes[64];
    struct pollfd fds[] = {
        { .fd = listener, .events = POLLIN },
        { .fd = STDIN_FILENO, .events = POLLIN },
    };

    for (;;) {
        if (poll(fds, 2, -1) < 0)
            continue;
        if (fds[1].revents && read(STDIN_FILENO, bytes, sizeof(bytes)) <= 0)
            return;
        int fd = fds[0].revents ? accept4(listener, NULL, NULL, SOCK_CLOEXEC) : -1;
        if (fd >= 0)
            start_connection(fd);
    }
}

static bool read_options(int argc, char **argv)
{
    for (int i = 3; i + 1 < argc; i += 2) {
        if (strcmp(argv[i], "--delay") == 0)
            delay_ms = strtol(argv[i + 1], NULL, 10);
        else if (strcmp(argv[i], "--record") == 0)
            seen.record = fopen(argv[i + 1], "we");
        else
            return false;
    }
    return argc >= 3;
}

static void report(void)
{
    pthread_mutex_lock(&seen.lock);
    printf("{\"connections\":%lu,\"max_open\":%u,\"requests\":%lu,\"get_folder\":%lu,"
           "\"resolve_names\":%lu,\"refused\":%lu,\"other\":%lu}\n",
        seen.connections, seen.max_open, seen.requests, seen.get_folder, seen.resolve_names,
        seen.refused, seen.other);
    fflush(stdout);
    if (seen.record)
        fclose(seen.record);
    /* The connections' threads are left to the end of the process: it has nothing to give back. */
    _exit(EXIT_SUCCESS);
}

int main(int argc, char **argv)
{
    signal(SIGPIPE, SIG_IGN);
    context = SSL_CTX_new(TLS_server_method());
    if (!read_options(argc, argv) || !context ||
        SSL_CTX_use_certificate_chain_file(context, argv[1]) != 1 ||
        SSL_CTX_use_PrivateKey_file(context, argv[2], SSL_FILETYPE_PEM) != 1) {
        fputs("usage: static-server CERT.pem KEY.pem [--delay MS] [--record FILE]\n", stderr);
        return EXIT_FAILURE;
    }
    serve_until_stdin_ends(open_listener());
    report();
}
