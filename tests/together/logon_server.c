#include "tests/together/logon_server.h"

#include <arpa/inet.h>
#include <check.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fixtures/base64.h"
#include "fixtures/ntlm.h"

static const struct sim_ntlm_names names = { "CONTOSO", "contoso.test", "EX01",
    "ex01.contoso.test" };

/* One connection and where its logon stands. */
struct visit {
    struct server *server;
    SSL *ssl;
    int fd;
    struct xr_buf first, challenge; /* messages */
    bool known;                     /* logged on */
    int requests;                   /* since */
    char *body, *value;             /* of the request; what Authorization says, NULL: none */
    size_t body_length;
};

/* ---- reading ---- */

static void note(struct server *server, char what)
{
    (void)pthread_mutex_lock(&server->lock);
    size_t length = strlen(server->transcript);
    if (length + 1 < sizeof(server->transcript))
        server->transcript[length] = what;
    (void)pthread_mutex_unlock(&server->lock);
}

static void set_busy(struct server *server, int change)
{
    (void)pthread_mutex_lock(&server->lock);
    server->busy += change;
    (void)pthread_mutex_unlock(&server->lock);
}

/* Nobody is answering, or about to close a connection. */
static bool is_idle(struct server *server)
{
    (void)pthread_mutex_lock(&server->lock);
    bool idle = !server->busy;
    (void)pthread_mutex_unlock(&server->lock);
    return idle;
}

/* false: the connection is over. */
static bool read_request(struct visit *visit)
{
    struct server *server = visit->server;
    size_t used = 0, wanted = 0;
    char *end = NULL;

    while (!end || used < wanted) {
        int n = SSL_read(visit->ssl, server->head + used, (int)(sizeof(server->head) - 1 - used));
        if (n <= 0)
            return false;
        used += (size_t)n;
        server->head[used] = '\0';
        end = end ? end : strstr(server->head, "\r\n\r\n");
        const char *length = strcasestr(server->head, "\r\nContent-Length: ");
        wanted = end ? (size_t)(end + 4 - server->head) +
                           (length && length < end ? strtoul(length + 18, NULL, 10) : 0)
                     : 0;
    }
    *end = '\0';
    visit->body = end + 4;
    visit->body_length = used - (size_t)(visit->body - server->head);
    (void)snprintf(server->body, sizeof(server->body), "%s", visit->body);
    visit->value = strcasestr(server->head, "\r\nAuthorization: ");
    visit->value += visit->value ? 17 : 0;
    return true;
}

/* ---- answering ---- */

static bool say(struct visit *visit, const char *answer)
{
    return *answer && SSL_write(visit->ssl, answer, (int)strlen(answer)) > 0;
}

static bool refuse(struct visit *visit, const char *scheme, const char *blob)
{
    xr_auto_buf answer;

    xr_buf_init(&answer, 64 * 1024);
    xr_buf_printf(
        &answer, "HTTP/1.1 401 No\r\nWWW-Authenticate: %s%s%s\r\n", scheme, *blob ? " " : "", blob);
    xr_buf_puts(&answer, "Content-Length: 2\r\n\r\nno");
    return say(visit, answer.at);
}

static bool welcome(struct visit *visit)
{
    struct server *server = visit->server;
    const char *echo = server->echoes && visit->value ? visit->value : "";
    int length = (int)strcspn(echo, "\r\n");
    xr_auto_buf answer;

    xr_buf_init(&answer, 64 * 1024);
    xr_buf_printf(&answer,
        "HTTP/1.1 200 OK\r\nX-FEServer: %.*s\r\n%sContent-Length: %d\r\n\r\n%.*s", length, echo,
        server->says_so ? "Connection: close\r\n" : "", length, length, echo);
    return say(visit, answer.at) && !server->closes_after_proof;
}

/* ---- NTLM ---- */

static struct sim_ntlm_message message_of(const struct xr_buf *buf)
{
    return (struct sim_ntlm_message){ (const uint8_t *)buf->at, buf->length };
}

static bool challenge(struct visit *visit, const struct xr_buf *message)
{
    struct server *server = visit->server;
    xr_auto_buf encoded;

    xr_buf_init(&encoded, 64 * 1024);
    note(server, visit->body_length ? '!' : '1');
    if (server->to_first)
        return say(visit, server->to_first);
    xr_buf_clear(&visit->first);
    xr_buf_clear(&visit->challenge);
    xr_buf_add(&visit->first, message->at, message->length);
    ck_assert(sim_ntlm_challenge(&visit->challenge, &names, message_of(message), NULL));
    sim_base64_encode(&encoded, visit->challenge.at, visit->challenge.length);
    return refuse(visit, "NTLM", server->challenge ? server->challenge : encoded.at) &&
           !server->drops_after_challenge;
}

static bool is_bound_well(const struct server *server, const uint8_t *binding)
{
    uint8_t right[SIM_NTLM_KEY_BYTES];

    if (server->policy == POLICY_NONE)
        return true;
    if (!binding)
        return server->policy == POLICY_ALLOW;
    return sim_ntlm_binding(server->leaf.cert, right) && !memcmp(binding, right, sizeof(right));
}

static bool check_proof(struct visit *visit, const struct xr_buf *message)
{
    struct server *server = visit->server;
    struct sim_ntlm_answer answer;

    server->proof_length =
        message->length < sizeof(server->proof) ? message->length : sizeof(server->proof);
    memcpy(server->proof, message->at, server->proof_length);
    visit->known = visit->challenge.length && sim_ntlm_answer_parse(message_of(message), &answer) &&
                   answer.has_mic &&
                   sim_ntlm_verify(&answer, message_of(&visit->first),
                       message_of(&visit->challenge), server->password) &&
                   is_bound_well(server, answer.binding);
    visit->requests = 0;
    note(server, visit->known ? '3' : 'x');
    if (server->to_proof)
        return say(visit, server->to_proof);
    return visit->known ? welcome(visit) : refuse(visit, "NTLM", "");
}

static bool answer_ntlm(struct visit *visit, const char *blob)
{
    xr_auto_buf message;

    xr_buf_init(&message, SIM_NTLM_MESSAGE_MAX);
    ck_assert(sim_base64_decode(&message, blob, strcspn(blob, "\r\n")));
    return sim_ntlm_type(message_of(&message)) == SIM_NTLM_NEGOTIATE ? challenge(visit, &message)
                                                                     : check_proof(visit, &message);
}

/* ---- tickets, and nobody ---- */

static bool answer_ticket(struct visit *visit)
{
    struct server *server = visit->server;

    note(server, server->ticket_says ? 'u' : 't');
    if (server->ticket_says)
        return refuse(visit, "Negotiate", server->ticket_says);
    visit->known = !server->per_request;
    return welcome(visit);
}

static bool answer_known(struct visit *visit)
{
    struct server *server = visit->server;

    if (server->forgets_after && ++visit->requests > server->forgets_after) {
        visit->known = false;
        note(server, '=');
        return refuse(visit, server->scheme, "");
    }
    note(server, 'k');
    return server->to_known ? say(visit, server->to_known) : welcome(visit);
}

static bool answer_nobody(struct visit *visit)
{
    struct server *server = visit->server;

    note(server, visit->body_length ? '=' : '-');
    if (server->to_first && !strcmp(server->scheme, "Negotiate"))
        return say(visit, server->to_first);
    return refuse(visit, server->scheme, "");
}

static bool answer(struct visit *visit)
{
    if (visit->server->wants_certificate) {
        (void)SSL_renegotiate(visit->ssl);
        (void)SSL_do_handshake(visit->ssl);
        return false;
    }
    if (visit->value && !strncmp(visit->value, "NTLM ", 5))
        return answer_ntlm(visit, visit->value + 5);
    if (visit->value && !strncmp(visit->value, "Negotiate ", 10))
        return answer_ticket(visit);
    return visit->known ? answer_known(visit) : answer_nobody(visit);
}

/* ---- connections ---- */

static bool wait_for_request(struct visit *visit)
{
    set_busy(visit->server, -1);
    bool came = read_request(visit);
    set_busy(visit->server, 1);
    return came;
}

static void *receive(void *arg)
{
    struct visit visit = *(struct visit *)arg;
    struct server *server = visit.server;

    free(arg);
    xr_buf_init(&visit.first, SIM_NTLM_MESSAGE_MAX);
    xr_buf_init(&visit.challenge, SIM_NTLM_MESSAGE_MAX);
    visit.ssl = SSL_new(server->ctx);
    (void)SSL_set_fd(visit.ssl, visit.fd);
    bool goes_on = SSL_accept(visit.ssl) == 1;
    while (goes_on)
        goes_on = wait_for_request(&visit) && answer(&visit);
    SSL_free(visit.ssl);
    (void)close(visit.fd);
    set_busy(server, -1);
    xr_buf_done(&visit.first);
    xr_buf_done(&visit.challenge);
    return NULL;
}

static void *serve(void *arg)
{
    struct server *server = arg;

    for (int fd; (fd = accept(server->listener, NULL, NULL)) >= 0;) {
        struct visit *visit = calloc(1, sizeof(*visit));
        *visit = (struct visit){ .server = server, .fd = fd };
        ck_assert_uint_lt(server->connections_n, 16);
        note(server, '|');
        set_busy(server, 1);
        (void)pthread_create(&server->connections[server->connections_n++], NULL, receive, visit);
    }
    return NULL;
}

static int listen_anywhere(uint16_t *ret_port)
{
    struct sockaddr_in address = { .sin_family = AF_INET,
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t length = sizeof(address);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    ck_assert_int_eq(bind(fd, (const struct sockaddr *)&address, length), 0);
    ck_assert_int_eq(listen(fd, 4), 0);
    (void)getsockname(fd, (struct sockaddr *)&address, &length);
    *ret_port = ntohs(address.sin_port);
    return fd;
}

void server_certify(struct server *server, const char *key, const char *digest)
{
    const struct sim_cert_spec spec = {
        .cn = "mail.test", .san = "DNS:mail.test", .key = key, .digest = digest
    };

    if (server->leaf.cert)
        sim_pki_free(&server->leaf);
    server->leaf = sim_pki_issue(&spec, NULL);
    ck_assert_int_eq(SSL_CTX_use_certificate(server->ctx, server->leaf.cert), 1);
    ck_assert_int_eq(SSL_CTX_use_PrivateKey(server->ctx, server->leaf.key), 1);
}

void server_start(struct server *server, const char *key, const char *digest)
{
    (void)signal(SIGPIPE, SIG_IGN); /* as the program does */
    (void)pthread_mutex_init(&server->lock, NULL);
    server->scheme = server->scheme ? server->scheme : "NTLM";
    server->ctx = SSL_CTX_new(TLS_server_method());
    if (server->wants_certificate)
        (void)SSL_CTX_set_max_proto_version(server->ctx, TLS1_2_VERSION);
    server_certify(server, key, digest);
    server->listener = listen_anywhere(&server->port);
    ck_assert_int_eq(pthread_create(&server->thread, NULL, serve, server), 0);
}

void server_stop(struct server *server)
{
    (void)shutdown(server->listener, SHUT_RDWR);
    (void)pthread_join(server->thread, NULL);
    for (size_t i = 0; i < server->connections_n; i++)
        (void)pthread_join(server->connections[i], NULL);
    (void)close(server->listener);
    (void)pthread_mutex_destroy(&server->lock);
    SSL_CTX_free(server->ctx);
    sim_pki_free(&server->leaf);
}

const char *server_transcript(struct server *server)
{
    static char copy[sizeof(server->transcript)];

    for (int ms = 0; ms < 5000 && !is_idle(server); ms++)
        (void)usleep(1000);
    (void)pthread_mutex_lock(&server->lock);
    memcpy(copy, server->transcript, sizeof(copy));
    memset(server->transcript, 0, sizeof(server->transcript));
    (void)pthread_mutex_unlock(&server->lock);
    return copy;
}

/* ---- the proxy ---- */

struct tunnel {
    struct server *server;
    int listener;
};

static bool pass(int from, int to)
{
    char bytes[4096];
    ssize_t n = recv(from, bytes, sizeof(bytes), 0);

    return n > 0 && send(to, bytes, (size_t)n, MSG_NOSIGNAL) == n;
}

static void pass_on(const struct tunnel *tunnel, int client)
{
    static const char yes[] = "HTTP/1.1 200 Connection established\r\n\r\n";
    struct server *server = tunnel->server;
    struct sockaddr_in address = { .sin_family = AF_INET,
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
        .sin_port = htons(server->port) };
    int behind = socket(AF_INET, SOCK_STREAM, 0);
    struct pollfd ends[] = { { .fd = client, .events = POLLIN },
        { .fd = behind, .events = POLLIN } };

    ck_assert_int_eq(connect(behind, (const struct sockaddr *)&address, sizeof(address)), 0);
    ck_assert_int_gt(recv(client, server->connect, sizeof(server->connect) - 1, 0), 0);
    ck_assert_int_gt(send(client, yes, sizeof(yes) - 1, MSG_NOSIGNAL), 0);
    for (bool open = true; open;) {
        (void)poll(ends, 2, -1);
        open = (!ends[0].revents || pass(client, behind)) &&
               (!ends[1].revents || pass(behind, client));
    }
    (void)close(behind);
}

static void *tunnel(void *arg)
{
    struct tunnel *tunnel = arg;

    for (int client; (client = accept(tunnel->listener, NULL, NULL)) >= 0;) {
        pass_on(tunnel, client);
        (void)close(client);
    }
    free(tunnel);
    return NULL;
}

uint16_t server_start_proxy(struct server *server)
{
    struct tunnel *made = calloc(1, sizeof(*made));
    uint16_t port;

    *made = (struct tunnel){ server, listen_anywhere(&port) };
    server->proxy_listener = made->listener;
    ck_assert_int_eq(pthread_create(&server->proxy, NULL, tunnel, made), 0);
    return port;
}

void server_stop_proxy(struct server *server)
{
    (void)shutdown(server->proxy_listener, SHUT_RDWR);
    (void)pthread_join(server->proxy, NULL);
    (void)close(server->proxy_listener);
}
