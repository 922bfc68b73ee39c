/* The child of kerberos.h: who listens to the parent and answers. */
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "analyzer/wire/kerberos_session.h"

enum { LAST_WORDS_S = 2 };

/* libkrb5 can be busy for minutes while nobody waits for the answer any more. Who is not busy reads
 * the end by himself, and ends in good order meanwhile. */
static void *watch_parent(void *arg)
{
    struct pollfd parent = { .fd = STDIN_FILENO, .events = POLLRDHUP };

    (void)arg;
    while (poll(&parent, 1, -1) < 0)
        continue;
    (void)nanosleep(&(struct timespec){ LAST_WORDS_S, 0 }, NULL);
    _exit(EXIT_FAILURE);
}

static void start_watch(void)
{
    pthread_t thread;

    if (pthread_create(&thread, NULL, watch_parent, NULL))
        abort();
    (void)pthread_detach(thread);
}

static bool read_all(uint8_t *bytes, size_t length)
{
    while (length) {
        ssize_t got = read(STDIN_FILENO, bytes, length);
        if (got <= 0)
            return false;
        bytes += got;
        length -= (size_t)got;
    }
    return true;
}

static bool write_all(int fd, const uint8_t *bytes, size_t length)
{
    while (length) {
        ssize_t done = write(fd, bytes, length);
        if (done <= 0)
            return false;
        bytes += done;
        length -= (size_t)done;
    }
    return true;
}

/* n fields of the next frame. false: there is none, or it is not one of these. */
static bool read_fields(struct xr_frame *ret, struct xr_field *ret_fields, size_t n)
{
    uint8_t head[XR_FRAME_HEAD];
    size_t length = read_all(head, sizeof(head)) ? xr_frame_length(head) : 0;

    if (!length)
        return false;
    xr_frame_init(ret, length);
    return read_all(ret->bytes, length) && xr_frame_unpack(ret, ret_fields, n);
}

static const char *text_or_null(struct xr_arena *arena, struct xr_field field)
{
    return field.length ? xr_strndup(arena, (const char *)field.bytes, field.length) : NULL;
}

static bool write_frame(int out, const struct xr_field fields[XR_ANSWER_FIELDS])
{
    xr_auto_frame frame;

    return xr_frame_pack(&frame, fields, XR_ANSWER_FIELDS) &&
           write_all(out, frame.bytes, frame.length);
}

/* At once: whoever kills this process wants to know it too. arg: where answers go. */
static void tell_asking(void *arg, enum xr_kerberos_asking asking, const char *realm)
{
    const int *out = arg;
    const struct xr_numbers numbers = { .fault = XR_ANSWER_ASKS, .native = (int32_t)asking };
    uint8_t packed[XR_NUMBERS_LENGTH];

    xr_numbers_write(&numbers, packed);
    (void)write_frame(*out, (const struct xr_field[XR_ANSWER_FIELDS]){
                                [XR_ANSWER_NUMBERS] = { packed, sizeof(packed) },
                                [XR_ANSWER_PRINCIPAL] = xr_field_text(realm),
                            });
}

static const char *const *words(struct xr_arena *arena, struct xr_field field)
{
    const char **list = xr_new_n(arena, const char *, field.length + 1);
    char *at = field.length ? xr_strndup(arena, (const char *)field.bytes, field.length) : NULL;

    for (size_t n = 0; at; n++) {
        char *space = strchr(at, ' ');
        if (space)
            *space = '\0';
        list[n] = at;
        at = space ? space + 1 : NULL;
    }
    return list;
}

/* out: see tell_asking(). */
static struct xr_kerberos_session *read_identity(struct xr_arena *arena, int *out)
{
    struct xr_field fields[XR_WHO_FIELDS];
    xr_auto_frame frame = { 0 };

    if (!read_fields(&frame, fields, XR_WHO_FIELDS))
        return NULL;
    const char *account = text_or_null(arena, fields[XR_WHO_ACCOUNT]);
    struct xr_field password = fields[XR_WHO_PASSWORD];
    struct xr_kerberos_who who = {
        .account = account ? account : "",
        .keytab = text_or_null(arena, fields[XR_WHO_KEYTAB]),
        .realms = words(arena, fields[XR_WHO_REALMS]),
        .asks = tell_asking,
        .arg = out,
    };
    if (password.length)
        who.password = xr_secret_new((const char *)password.bytes, password.length);
    return xr_kerberos_session_new(arena, &who);
}

static bool write_answer(int out, const struct xr_kerberos_session *session,
    const struct xr_err *err, const struct xr_kerberos_token *token)
{
    const struct xr_numbers numbers = {
        .fault = err ? (uint8_t)err->fault : XR_ANSWER_GOOD,
        .proved = xr_kerberos_session_proved(session),
        .native = err ? err->native : 0,
        .expires_ms = token->expires_ms,
    };
    uint8_t packed[XR_NUMBERS_LENGTH];
    const struct xr_field fields[XR_ANSWER_FIELDS] = {
        [XR_ANSWER_NUMBERS] = { packed, sizeof(packed) },
        [XR_ANSWER_TOKEN] = { token->bytes, token->length },
        [XR_ANSWER_PRINCIPAL] = xr_field_text(token->principal),
        [XR_ANSWER_SERVICE] = xr_field_text(token->service),
        [XR_ANSWER_TEXT] = xr_field_text(err ? err->text : NULL),
    };

    xr_numbers_write(&numbers, packed);
    return write_frame(out, fields);
}

/* false: no more questions. */
static bool serve_one(int out, struct xr_kerberos_session *session)
{
    struct xr_field fields[XR_QUESTION_FIELDS];
    xr_auto_frame frame = { 0 };

    if (!read_fields(&frame, fields, XR_QUESTION_FIELDS))
        return false;
    struct xr_arena *arena = xr_arena_new();
    const char *host = text_or_null(arena, fields[XR_QUESTION_HOST]);
    struct xr_kerberos_token token = { 0 };
    const struct xr_err *err = xr_kerberos_session_token(
        session, arena, host ? host : "", fields[XR_QUESTION_BINDING], &token);
    bool written = write_answer(out, session, err, &token);
    xr_arena_free(arena);
    return written;
}

/* Nothing but answers goes to the parent: a library's own words (KRB5_TRACE=/dev/stdout) would be
 * read as one. Returns where answers go. */
static int keep_output(void)
{
    int out = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);

    if (nowhere >= 0)
        (void)dup2(nowhere, STDOUT_FILENO);
    return out;
}

int xr_kerberos_child(void)
{
    int out = keep_output();
    struct xr_arena *arena = xr_arena_new();

    start_watch();
    struct xr_kerberos_session *session = read_identity(arena, &out);
    while (session && serve_one(out, session))
        continue;
    if (session)
        xr_kerberos_session_free(session);
    xr_arena_free(arena);
    return EXIT_SUCCESS;
}
