#include "analyzer/wire/kerberos.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "analyzer/base/text.h"
#include "analyzer/wire/kerberos_frame.h"

enum { TEXT_MAX = 1000, ASKED_MAX = 200 };

struct xr_kerberos {
    struct xr_kerberos_identity identity;
    pthread_mutex_t lock;
    pthread_cond_t given_back;
    bool taken;
    /* What follows belongs to the thread whose turn it is. */
    pid_t pid; /* 0: no child runs */
    int fd;
    bool asked;  /* the child got the question, and may have used the password or the keytab */
    bool proved; /* these got a ticket */
    struct xr_arena *arena;
    const struct xr_err *refusal; /* of the password or the keytab, for good */
    struct xr_kerberos_asked told[ASKED_MAX];
    size_t told_n;
};

/* How a message to or from the child ended. */
enum passage { PASSED, LATE, GONE };

struct question {
    struct xr_arena *arena;
    const char *host;
    struct xr_field binding;
    struct xr_deadline deadline;
};

struct xr_kerberos *xr_kerberos_new(const struct xr_kerberos_identity *identity)
{
    struct xr_kerberos *kerberos = calloc(1, sizeof(*kerberos));
    pthread_condattr_t attributes;

    if (!kerberos)
        abort();
    kerberos->identity = *identity;
    kerberos->arena = xr_arena_new();
    kerberos->fd = -1;
    (void)pthread_mutex_init(&kerberos->lock, NULL);
    (void)pthread_condattr_init(&attributes);
    (void)pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&kerberos->given_back, &attributes);
    (void)pthread_condattr_destroy(&attributes);
    return kerberos;
}

static void stop_child(struct xr_kerberos *kerberos)
{
    if (kerberos->fd >= 0)
        (void)close(kerberos->fd);
    kerberos->fd = -1;
    if (!kerberos->pid)
        return;
    (void)kill(kerberos->pid, SIGKILL);
    while (waitpid(kerberos->pid, NULL, 0) < 0 && errno == EINTR)
        continue;
    kerberos->pid = 0;
}

void xr_kerberos_free(struct xr_kerberos *kerberos)
{
    if (!kerberos)
        return;
    stop_child(kerberos);
    (void)pthread_cond_destroy(&kerberos->given_back);
    (void)pthread_mutex_destroy(&kerberos->lock);
    xr_arena_free(kerberos->arena);
    free(kerberos);
}

static bool has_secret(const struct xr_kerberos *kerberos)
{
    return kerberos->identity.keytab || xr_secret_given(kerberos->identity.password);
}

static const struct xr_err *time_err(struct xr_arena *arena, enum xr_time_state state)
{
    if (state == XR_TIME_CANCELLED)
        return xr_err(arena, XR_FAULT_LOCAL_CANCELLED, 0, "cancelled");
    if (state == XR_TIME_RUN_PASSED)
        return xr_err(arena, XR_FAULT_LOCAL_TIMEOUT, 0, "the time limit of the run passed");
    return xr_err(arena, XR_FAULT_KERBEROS_UNREACHABLE, 0, "no Kerberos server answered in time");
}

static struct timespec tick_from_now(struct xr_deadline deadline)
{
    int64_t until_us = xr_now_us() + xr_tick_ms(deadline) * 1000LL;

    return (struct timespec){ until_us / 1000000, until_us % 1000000 * 1000 };
}

static enum xr_time_state take_turn(struct xr_kerberos *kerberos, struct xr_deadline deadline)
{
    (void)pthread_mutex_lock(&kerberos->lock);
    enum xr_time_state state = xr_time_state(deadline);
    while (kerberos->taken && state == XR_TIME_LEFT) {
        struct timespec until = tick_from_now(deadline);
        (void)pthread_cond_timedwait(&kerberos->given_back, &kerberos->lock, &until);
        state = xr_time_state(deadline);
    }
    if (state == XR_TIME_LEFT)
        kerberos->taken = true;
    (void)pthread_mutex_unlock(&kerberos->lock);
    return state;
}

static void give_turn(struct xr_kerberos *kerberos)
{
    (void)pthread_mutex_lock(&kerberos->lock);
    kerberos->taken = false;
    (void)pthread_cond_signal(&kerberos->given_back);
    (void)pthread_mutex_unlock(&kerberos->lock);
}

/* libkrb5's own variables, and where the loader finds libkrb5. GSSAPI's other mechanisms have
 * theirs, which must not take part (NTLM_USER_FILE). Ends with free(). */
static char **environment_of_child(void)
{
    static char language[] = "LANG=C"; /* libkrb5's messages are quoted */
    size_t n = 0, kept = 0;

    while (environ[n])
        n++;
    char **ret = calloc(n + 2, sizeof(*ret));
    if (!ret)
        abort();
    for (size_t i = 0; i < n; i++)
        if (!strncmp(environ[i], "KRB5", 4) || !strncmp(environ[i], "LD_LIBRARY_PATH=", 16))
            ret[kept++] = environ[i];
    ret[kept] = language;
    return ret;
}

/* A session of its own: the terminal's signals are the parent's to judge, and libkrb5 finds no
 * terminal to ask for a password. Not killed together with its parent's thread (PR_SET_PDEATHSIG):
 * that one may end long before the parent does; the child watches its standard input instead. */
static int spawn(const char *program, int fd, pid_t *ret)
{
    static char name[] = "exray", argument[] = XR_KERBEROS_CHILD;
    char *const argv[] = { name, argument, NULL };
    char **environment = environment_of_child();
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t none;

    (void)sigemptyset(&none);
    (void)posix_spawnattr_init(&attributes);
    (void)posix_spawnattr_setsigmask(&attributes, &none);
    (void)posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSID);
    (void)posix_spawn_file_actions_init(&actions);
    (void)posix_spawn_file_actions_adddup2(&actions, fd, STDIN_FILENO);
    (void)posix_spawn_file_actions_adddup2(&actions, fd, STDOUT_FILENO);
    (void)posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    (void)posix_spawn_file_actions_addclosefrom_np(&actions, STDERR_FILENO + 1);
    int code = posix_spawn(ret, program, &actions, &attributes, argv, environment);
    (void)posix_spawn_file_actions_destroy(&actions);
    (void)posix_spawnattr_destroy(&attributes);
    free(environment);
    return code;
}

static const struct xr_err *start_child(struct xr_kerberos *kerberos, struct xr_arena *arena)
{
    const char *program = kerberos->identity.program;
    int pair[2];

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair))
        return xr_err(arena, XR_FAULT_KERBEROS_OTHER, errno,
            "the helper process for Kerberos cannot be reached: %s", strerrordesc_np(errno));
    int code = spawn(program ? program : "/proc/self/exe", pair[1], &kerberos->pid);
    (void)close(pair[1]);
    kerberos->fd = pair[0];
    if (!code)
        return NULL;
    kerberos->pid = 0;
    stop_child(kerberos);
    return xr_err(arena, XR_FAULT_KERBEROS_OTHER, code,
        "the helper process for Kerberos cannot be started: %s", strerrordesc_np(code));
}

static ssize_t pass_some(int fd, uint8_t *bytes, size_t length, short direction)
{
    return direction == POLLOUT ? send(fd, bytes, length, MSG_NOSIGNAL | MSG_DONTWAIT)
                                : recv(fd, bytes, length, MSG_DONTWAIT);
}

/* Time is looked at before each piece: a child that dribbles wins none. */
static enum passage pass(
    int fd, uint8_t *bytes, size_t length, short direction, struct xr_deadline deadline)
{
    struct pollfd wait = { .fd = fd, .events = direction };

    while (length) {
        if (xr_time_state(deadline) != XR_TIME_LEFT)
            return LATE;
        ssize_t done = pass_some(fd, bytes, length, direction);
        if (done > 0) {
            bytes += done;
            length -= (size_t)done;
        } else if (done < 0 && errno == EAGAIN)
            (void)poll(&wait, 1, xr_tick_ms(deadline));
        else if (done == 0 || errno != EINTR)
            return GONE;
    }
    return PASSED;
}

static enum passage send_fields(
    struct xr_kerberos *kerberos, const struct xr_field *fields, size_t n, struct xr_deadline limit)
{
    xr_auto_frame frame;

    if (!xr_frame_pack(&frame, fields, n))
        return GONE;
    return pass(kerberos->fd, frame.bytes, frame.length, POLLOUT, limit);
}

static enum passage send_identity(struct xr_kerberos *kerberos, struct xr_deadline deadline)
{
    const struct xr_kerberos_identity *identity = &kerberos->identity;
    const char *realms = "";

    for (const char *const *at = identity->realms; at && *at; at++)
        realms = xr_printf(kerberos->arena, "%s%s%s", realms, *realms ? " " : "", *at);
    const struct xr_field fields[XR_WHO_FIELDS] = {
        [XR_WHO_ACCOUNT] = xr_field_text(identity->account),
        [XR_WHO_KEYTAB] = xr_field_text(identity->keytab),
        [XR_WHO_PASSWORD] = xr_field_text(identity->keytab ? NULL : xr_reveal(identity->password)),
        [XR_WHO_REALMS] = xr_field_text(realms),
    };

    return send_fields(kerberos, fields, XR_WHO_FIELDS, deadline);
}

/* GONE: nothing came, or a length that no answer has. */
static enum passage receive(
    struct xr_kerberos *kerberos, struct xr_deadline deadline, struct xr_frame *ret)
{
    uint8_t head[XR_FRAME_HEAD];
    enum passage passage = pass(kerberos->fd, head, sizeof(head), POLLIN, deadline);
    size_t length = passage == PASSED ? xr_frame_length(head) : 0;

    if (passage != PASSED)
        return passage;
    if (!length)
        return GONE;
    xr_frame_init(ret, length);
    return pass(kerberos->fd, ret->bytes, length, POLLIN, deadline);
}

static const char *text_of(struct xr_arena *arena, struct xr_field field)
{
    return xr_utf8(
        arena, (const char *)field.bytes, field.length < TEXT_MAX ? field.length : TEXT_MAX);
}

static void note_asked(struct xr_kerberos *kerberos, struct xr_kerberos_asked asked)
{
    for (size_t i = 0; i < kerberos->told_n; i++)
        if (kerberos->told[i].asking == asked.asking &&
            !strcmp(kerberos->told[i].realm, asked.realm) &&
            xr_same(kerberos->told[i].host, asked.host))
            return;
    if (kerberos->told_n == ASKED_MAX)
        return;
    asked.realm = xr_strdup(kerberos->arena, asked.realm);
    asked.host = asked.host ? xr_strdup(kerberos->arena, asked.host) : NULL;
    kerberos->told[kerberos->told_n++] = asked;
}

/* false: it is the answer. */
static bool is_asking(
    struct xr_kerberos *kerberos, const struct question *question, const struct xr_frame *frame)
{
    struct xr_field fields[XR_ANSWER_FIELDS];

    if (!xr_frame_unpack(frame, fields, XR_ANSWER_FIELDS) ||
        fields[XR_ANSWER_NUMBERS].length != XR_NUMBERS_LENGTH)
        return false;
    struct xr_numbers numbers = xr_numbers_read(fields[XR_ANSWER_NUMBERS].bytes);
    if (numbers.fault != XR_ANSWER_ASKS || numbers.native < 0 ||
        numbers.native >= XR_KERBEROS_ASKINGS)
        return false;
    bool ticket = numbers.native == XR_KERBEROS_TICKET;
    note_asked(
        kerberos, (struct xr_kerberos_asked){ text_of(question->arena, fields[XR_ANSWER_PRINCIPAL]),
                      (enum xr_kerberos_asking)numbers.native, ticket ? question->host : NULL });
    return true;
}

static enum passage receive_answer(
    struct xr_kerberos *kerberos, const struct question *question, struct xr_frame *ret)
{
    enum passage passage = receive(kerberos, question->deadline, ret);

    for (int n = 0; passage == PASSED && is_asking(kerberos, question, ret); n++) {
        xr_frame_done(ret);
        passage = n < ASKED_MAX ? receive(kerberos, question->deadline, ret) : GONE;
    }
    return passage;
}

/* Starts a child where none runs. *ret_err is set, and GONE returned, when that fails. */
static enum passage converse(struct xr_kerberos *kerberos, const struct question *question,
    struct xr_frame *ret, const struct xr_err **ret_err)
{
    const struct xr_field fields[XR_QUESTION_FIELDS] = {
        [XR_QUESTION_HOST] = xr_field_text(question->host),
        [XR_QUESTION_BINDING] = question->binding,
    };
    enum passage passage = PASSED;

    if (!kerberos->pid) {
        *ret_err = start_child(kerberos, question->arena);
        passage = *ret_err ? GONE : send_identity(kerberos, question->deadline);
    }
    if (passage == PASSED) {
        kerberos->asked = true;
        passage = send_fields(kerberos, fields, XR_QUESTION_FIELDS, question->deadline);
    }
    return passage == PASSED ? receive_answer(kerberos, question, ret) : passage;
}

static const struct xr_err *nonsense(struct xr_kerberos *kerberos, struct xr_arena *arena)
{
    stop_child(kerberos);
    return xr_err(arena, XR_FAULT_KERBEROS_OTHER, 0,
        "the helper process for Kerberos ended before its time, or did not answer as it should");
}

static const struct xr_err *read_answer(struct xr_kerberos *kerberos, struct xr_arena *arena,
    const struct xr_frame *frame, struct xr_kerberos_token *ret)
{
    struct xr_field fields[XR_ANSWER_FIELDS];

    if (!xr_frame_unpack(frame, fields, XR_ANSWER_FIELDS) ||
        fields[XR_ANSWER_NUMBERS].length != XR_NUMBERS_LENGTH)
        return nonsense(kerberos, arena);
    struct xr_numbers numbers = xr_numbers_read(fields[XR_ANSWER_NUMBERS].bytes);
    struct xr_field token = fields[XR_ANSWER_TOKEN];
    kerberos->proved |= numbers.proved;
    if (numbers.fault >= XR_FAULT_KERBEROS_NO_TICKET && numbers.fault <= XR_FAULT_KERBEROS_OTHER)
        return xr_err(arena, (enum xr_fault)numbers.fault, numbers.native, "%s",
            text_of(arena, fields[XR_ANSWER_TEXT]));
    if (numbers.fault != XR_ANSWER_GOOD || !token.length || token.length > XR_KERBEROS_TOKEN_MAX)
        return nonsense(kerberos, arena);
    uint8_t *bytes = xr_alloc(arena, token.length);
    memcpy(bytes, token.bytes, token.length);
    *ret = (struct xr_kerberos_token){ bytes, token.length,
        text_of(arena, fields[XR_ANSWER_PRINCIPAL]), text_of(arena, fields[XR_ANSWER_SERVICE]),
        numbers.expires_ms };
    return NULL;
}

/* A child that ended while it had nothing to do is replaced once. */
static const struct xr_err *ask(
    struct xr_kerberos *kerberos, const struct question *question, struct xr_kerberos_token *ret)
{
    bool had_one = kerberos->pid != 0;
    const struct xr_err *err = NULL;
    xr_auto_frame frame = { 0 };
    enum passage passage = converse(kerberos, question, &frame, &err);

    if (passage == GONE && had_one) {
        stop_child(kerberos);
        xr_frame_done(&frame);
        passage = converse(kerberos, question, &frame, &err);
    }
    if (err)
        return err;
    if (passage == GONE)
        return nonsense(kerberos, question->arena);
    if (passage == PASSED)
        return read_answer(kerberos, question->arena, &frame, ret);
    stop_child(kerberos);
    return time_err(question->arena, xr_time_state(question->deadline));
}

/* A wrong password counts towards the lock-out of the account, and whether it was sent before the
 * end of a failed try is not known here. So that one is the last. */
static void remember(struct xr_kerberos *kerberos, const struct xr_err *err)
{
    bool of_kerberos =
        err->fault >= XR_FAULT_KERBEROS_NO_TICKET && err->fault <= XR_FAULT_KERBEROS_OTHER;

    kerberos->refusal = of_kerberos
                            ? xr_err(kerberos->arena, err->fault, err->native, "%s", err->text)
                            : xr_err(kerberos->arena, XR_FAULT_KERBEROS_UNREACHABLE, 0,
                                  "no Kerberos server had answered when the first try was "
                                  "broken off; the password is not sent again, for a "
                                  "wrong one would count twice");
}

static const struct xr_err *ask_in_turn(
    struct xr_kerberos *kerberos, const struct question *question, struct xr_kerberos_token *ret)
{
    bool secret = has_secret(kerberos), was_proved = kerberos->proved;

    if (kerberos->refusal)
        return xr_err(question->arena, kerberos->refusal->fault, kerberos->refusal->native, "%s",
            kerberos->refusal->text);
    kerberos->asked = false;
    const struct xr_err *err = ask(kerberos, question, ret);
    if (err && err->fault == XR_FAULT_KERBEROS_NO_TICKET && secret && was_proved) {
        stop_child(kerberos); /* the ticket ran out: a new child fetches a new one */
        kerberos->proved = false;
        err = ask(kerberos, question, ret);
    }
    if (err && secret && kerberos->asked && !kerberos->proved)
        remember(kerberos, err);
    return err;
}

const struct xr_err *xr_kerberos_token(struct xr_kerberos *kerberos, struct xr_arena *arena,
    const char *host, const uint8_t *binding, size_t binding_length, struct xr_deadline deadline,
    struct xr_kerberos_token *ret)
{
    struct question question = { arena, host, { binding, binding_length }, deadline };
    enum xr_time_state state = take_turn(kerberos, deadline);

    if (state != XR_TIME_LEFT)
        return time_err(arena, state);
    const struct xr_err *err = ask_in_turn(kerberos, &question, ret);
    give_turn(kerberos);
    return err;
}

size_t xr_kerberos_asked(const struct xr_kerberos *kerberos, const struct xr_kerberos_asked **ret)
{
    *ret = kerberos->told;
    return kerberos->told_n;
}

/* MIT krb5's default: the environment, else a file named after the user. */
bool xr_kerberos_ticket_present(void)
{
    const char *name = getenv("KRB5CCNAME");
    char path[64];

    if (name && !strncmp(name, "FILE:", 5))
        name += 5;
    if (name && strchr(name, ':'))
        return true; /* DIR, KEYRING, KCM: libkrb5 will tell */
    if (!name) {
        (void)snprintf(path, sizeof(path), "/tmp/krb5cc_%u", (unsigned)getuid());
        name = path;
    }
    return !access(name, R_OK);
}
