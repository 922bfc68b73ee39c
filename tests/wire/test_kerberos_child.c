/* The child itself, with libkrb5, against a Kerberos server that refuses. Good tickets are for
 * tests/peers/real_servers.py. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "analyzer/wire/kerberos.h"
#include "analyzer/wire/kerberos_frame.h"
#include "tests/unit.h"
#include "tests/wire/kerberos_kdc.h"

enum { STEP_MS = 700, SLACK_MS = 800, LONG_MS = 20000, DEATH_MS = 5000 };

/* The child is this program once more. */
__attribute__((constructor)) static void be_the_child(int argc, char **argv)
{
    if (argc == 2 && !strcmp(argv[1], XR_KERBEROS_CHILD))
        exit(xr_kerberos_child());
}

struct place {
    struct xr_arena *arena;
    struct xr_secret password;
    struct xr_kerberos *kerberos;
    struct kdc kdc;
    char folder[64], config[96], cache[96];
};

static void write_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");

    ck_assert_ptr_nonnull(file);
    ck_assert_int_ge(fputs(text, file), 0);
    (void)fclose(file);
}

static void configure_realms(struct place *place, const char *own, const char *realms)
{
    write_file(place->config, xr_printf(place->arena,
                                  "[libdefaults]\n default_realm = %s\n dns_lookup_kdc = false\n"
                                  " udp_preference_limit = 1\n[realms]\n%s\n",
                                  own, realms));
}

static void configure(struct place *place, const char *more)
{
    configure_realms(place, KDC_REALM,
        xr_printf(
            place->arena, " " KDC_REALM " = {\n  kdc = 127.0.0.1:%u\n%s }", place->kdc.port, more));
}

static void place_init(struct place *place, const int *codes, size_t n)
{
    *place = (struct place){ .arena = xr_arena_new(), .folder = "/tmp/exray-krb5-XXXXXX" };
    ck_assert_ptr_nonnull(mkdtemp(place->folder));
    (void)snprintf(place->config, sizeof(place->config), "%s/krb5.conf", place->folder);
    (void)snprintf(place->cache, sizeof(place->cache), "%s/cache", place->folder);
    kdc_start(&place->kdc, "127.0.0.1", codes, n);
    configure(place, "");
    (void)setenv("KRB5_CONFIG", place->config, 1);
    (void)setenv("KRB5CCNAME", place->cache, 1);
    place->password = xr_secret_new("geheim", 6);
}

static void place_done(struct place *place)
{
    xr_kerberos_free(place->kerberos);
    kdc_stop(&place->kdc);
    xr_secret_done(&place->password);
    xr_arena_free(place->arena);
    (void)unlink(place->config);
    (void)unlink(place->cache);
    ck_assert_int_eq(rmdir(place->folder), 0);
}

static struct xr_deadline within(int ms)
{
    return xr_deadline_within((struct xr_deadline){ 0, xr_now_us() + LONG_MS * 1000LL, NULL }, ms);
}

static const struct xr_err *ask(struct place *place, int ms)
{
    struct xr_kerberos_token token = { 0 };

    return xr_kerberos_token(
        place->kerberos, place->arena, "mail.contoso.test", NULL, 0, within(ms), &token);
}

static const struct xr_err *ask_as(struct place *place, const char *account, const char *keytab)
{
    struct xr_kerberos_identity identity = { .account = account, .keytab = keytab };

    if (account && !keytab)
        identity.password = place->password;
    xr_kerberos_free(place->kerberos);
    place->kerberos = xr_kerberos_new(&identity);
    const struct xr_err *err = ask(place, LONG_MS);
    ck_assert_msg(err != NULL, "a token, from a server that refuses");
    return err;
}

START_TEST(what_a_server_refuses_has_its_fault_and_is_asked_once)
{
    static const struct {
        int codes[2];
        enum xr_fault fault;
        const char *account, *words;
        int asked;
    } rows[] = {
        { { KDC_CLIENT_UNKNOWN }, XR_FAULT_KERBEROS_ACCOUNT, "CONTOSO\\svc",
            "no ticket for svc@CONTOSO.TEST: Client 'svc@CONTOSO.TEST' not found", 1 },
        /* the whole name, then its domain as the realm */
        { { KDC_CLIENT_UNKNOWN, KDC_CLIENT_UNKNOWN }, XR_FAULT_KERBEROS_ACCOUNT, "svc@contoso.test",
            "no ticket for svc@CONTOSO.TEST: Client 'svc@CONTOSO.TEST' not found", 2 },
        { { KDC_CLIENT_REVOKED }, XR_FAULT_KERBEROS_ACCOUNT, "svc@contoso.test", "revoked", 1 },
        { { KDC_CLIENT_EXPIRED }, XR_FAULT_KERBEROS_ACCOUNT, "CONTOSO\\svc", "expired", 1 },
        { { KDC_KEY_EXPIRED }, XR_FAULT_KERBEROS_EXPIRED, "svc@contoso.test",
            "Password has expired", 1 },
        { { KDC_SKEW }, XR_FAULT_KERBEROS_CLOCK, "svc@contoso.test", "Clock skew too great", 1 },
        { { KDC_PREAUTH_REQUIRED, KDC_PREAUTH_FAILED }, XR_FAULT_KERBEROS_PASSWORD,
            "svc@contoso.test", "Preauthentication failed", 2 },
        { { KDC_PREAUTH_REQUIRED, KDC_PREAUTH_FAILED }, XR_FAULT_KERBEROS_PASSWORD, "CONTOSO\\svc",
            "Preauthentication failed", 2 },
        { { KDC_GENERIC }, XR_FAULT_KERBEROS_OTHER, "CONTOSO\\svc", "Generic error", 1 },
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct place place;
        place_init(&place, rows[i].codes, rows[i].codes[1] ? 2 : 1);
        const struct xr_err *err = ask_as(&place, rows[i].account, NULL);
        ck_assert_msg(err->fault == rows[i].fault, "%zu: %d %s", i, err->fault, err->text);
        ck_assert_msg(strstr(err->text, rows[i].words), "%zu: %s", i, err->text);
        ck_assert_str_eq(ask(&place, LONG_MS)->text, err->text);
        ck_assert_msg(place.kdc.asked == rows[i].asked, "%zu: asked %d times", i, place.kdc.asked);
        place_done(&place);
    }
}
END_TEST

/* The realms and what each was asked, as "CONTOSO.TEST 0". */
static const char *asked(const struct place *place)
{
    const struct xr_kerberos_asked *rows;
    size_t n = xr_kerberos_asked(place->kerberos, &rows);
    const char *text = "";

    for (size_t i = 0; i < n; i++)
        text = xr_printf(
            place->arena, "%s%s%s %d", text, i ? ", " : "", rows[i].realm, (int)rows[i].asking);
    return text;
}

static const struct xr_err *ask_in(
    struct place *place, const char *account, const char *const *realms)
{
    xr_kerberos_free(place->kerberos);
    place->kerberos = xr_kerberos_new(&(struct xr_kerberos_identity){
        .account = account, .password = place->password, .realms = realms });
    const struct xr_err *err = ask(place, LONG_MS);
    ck_assert_msg(err != NULL, "a token, from a server that refuses");
    return err;
}

/* As Debian has it where nobody has configured anything. */
START_TEST(a_strangers_default_realm_gets_to_know_no_account)
{
    static const int codes[] = { KDC_PREAUTH_REQUIRED, KDC_PREAUTH_FAILED };
    static const char *const accounts[] = { "svc@contoso.test", "CONTOSO\\svc" };
    static const char *const realms[] = { "CONTOSO.TEST", NULL };
    struct place place;

    place_init(&place, codes, 2);
    configure_realms(&place, "ATHENA.TEST",
        xr_printf(place.arena, " ATHENA.TEST = {\n  kdc = 127.0.0.1:%u\n }", place.kdc.port));
    for (size_t i = 0; i < 2; i++) {
        const struct xr_err *err = ask_in(&place, accounts[i], realms);
        ck_assert_int_eq(err->fault, XR_FAULT_KERBEROS_UNREACHABLE);
        ck_assert_msg(strstr(err->text, "the default realm of this machine, ATHENA.TEST, has "
                                        "nothing to do with CONTOSO.TEST"),
            "%s", err->text);
        ck_assert_str_eq(asked(&place), "");
    }
    ck_assert_int_eq(ask_in(&place, "CONTOSO\\svc", NULL)->fault, XR_FAULT_KERBEROS_UNREACHABLE);
    ck_assert_int_eq(place.kdc.asked, 0);
    ck_assert_int_eq(ask_in(&place, "ATHENA.TEST\\svc", NULL)->fault, XR_FAULT_KERBEROS_PASSWORD);
    ck_assert_str_eq(asked(&place), "ATHENA.TEST 0, ATHENA.TEST 1");
    place_done(&place);
}
END_TEST

START_TEST(the_next_realm_is_asked_where_one_is_unknown_or_silent_or_does_not_know_the_name)
{
    static const int codes[] = { KDC_CLIENT_UNKNOWN, KDC_PREAUTH_REQUIRED, KDC_PREAUTH_FAILED };
    static const char *const realms[] = { "GONE.TEST", "MAIL.TEST", "CONTOSO.TEST", "LAST.TEST",
        NULL };
    struct place place;

    place_init(&place, codes, 3);
    configure_realms(&place, "ATHENA.TEST",
        xr_printf(place.arena,
            " GONE.TEST = {\n  kdc = 127.0.0.1:1\n }\n MAIL.TEST = {\n  kdc = 127.0.0.1:%u\n }\n"
            " CONTOSO.TEST = {\n  kdc = 127.0.0.1:%u\n }\n LAST.TEST = {\n  kdc = "
            "127.0.0.1:%u\n }",
            place.kdc.port, place.kdc.port, place.kdc.port));
    const struct xr_err *err = ask_in(&place, "svc@upn.test", realms);
    ck_assert_msg(err->fault == XR_FAULT_KERBEROS_PASSWORD, "%s", err->text);
    ck_assert_msg(strstr(err->text, "svc\\@upn.test@CONTOSO.TEST"), "%s", err->text);
    ck_assert_str_eq(asked(&place), "GONE.TEST 0, MAIL.TEST 0, CONTOSO.TEST 0, CONTOSO.TEST 1");
    ck_assert_int_eq(place.kdc.asked, 3);
    place_done(&place);
}
END_TEST

/* Whoever can change an answer on the way could have the proof sent to himself. */
START_TEST(a_referral_to_a_stranger_is_not_followed)
{
    static const int codes[] = { KDC_WRONG_REALM, KDC_CLIENT_UNKNOWN };
    struct place place;

    place_init(&place, codes, 2);
    configure_realms(&place, "CONTOSO.TEST",
        xr_printf(place.arena,
            " CONTOSO.TEST = {\n  kdc = 127.0.0.1:%u\n }\n EVIL.TEST = {\n  kdc = "
            "127.0.0.1:%u\n }",
            place.kdc.port, place.kdc.port));
    const struct xr_err *err = ask_in(&place, "svc@contoso.test", NULL);
    ck_assert_msg(err->fault == XR_FAULT_KERBEROS_ACCOUNT, "%s", err->text);
    ck_assert_msg(strstr(err->text, "refers to realm EVIL.TEST"), "%s", err->text);
    ck_assert_str_eq(asked(&place), "CONTOSO.TEST 0");
    ck_assert_int_eq(place.kdc.asked, 2);
    place_done(&place);
}
END_TEST

/* It may have counted the proof that it did not answer. */
START_TEST(a_server_that_falls_silent_over_the_proof_is_the_last_one)
{
    static const int codes[] = { KDC_PREAUTH_REQUIRED, KDC_HANGS_UP };
    static const char *const realms[] = { "CONTOSO.TEST", "LAST.TEST", NULL };
    struct place place;
    struct kdc other;

    kdc_start(&other, "127.0.0.2", codes, 1);
    place_init(&place, codes, 2);
    configure_realms(&place, "CONTOSO.TEST",
        xr_printf(place.arena,
            " CONTOSO.TEST = {\n  kdc = 127.0.0.1:%u\n }\n LAST.TEST = {\n  kdc = "
            "127.0.0.2:%u\n }",
            place.kdc.port, other.port));
    const struct xr_err *err = ask_in(&place, "CONTOSO\\svc", realms);
    ck_assert_msg(err->fault == XR_FAULT_KERBEROS_UNREACHABLE, "%s", err->text);
    ck_assert_str_eq(asked(&place), "CONTOSO.TEST 0, CONTOSO.TEST 1");
    ck_assert_int_eq(other.asked, 0);
    place_done(&place);
    kdc_stop(&other);
}
END_TEST

/* krb5_get_init_creds_password() would: one more failed logon. */
START_TEST(a_wrong_password_does_not_go_to_the_primary_server_too)
{
    static const int codes[] = { KDC_PREAUTH_REQUIRED, KDC_PREAUTH_FAILED };
    struct place place;
    struct kdc primary;

    kdc_start(&primary, "127.0.0.2", codes, 2);
    place_init(&place, codes, 2);
    configure(&place, xr_printf(place.arena, "  primary_kdc = 127.0.0.2:%u\n", primary.port));
    ck_assert_int_eq(ask_as(&place, "svc@contoso.test", NULL)->fault, XR_FAULT_KERBEROS_PASSWORD);
    ck_assert_int_eq(primary.asked, 0);
    place_done(&place);
    kdc_stop(&primary);
}
END_TEST

START_TEST(what_is_missing_here_is_told_before_anybody_is_asked)
{
    static const int codes[] = { KDC_GENERIC };
    struct place place;

    place_init(&place, codes, 1);
    const struct xr_err *err = ask_as(&place, NULL, NULL);
    ck_assert_int_eq(err->fault, XR_FAULT_KERBEROS_NO_TICKET);
    ck_assert_ptr_nonnull(strstr(err->text, "no ticket is present: No credentials cache found"));
    write_file(place.cache, "this is no cache");
    ck_assert_int_eq(ask_as(&place, NULL, NULL)->fault, XR_FAULT_KERBEROS_NO_TICKET);
    err = ask_as(&place, "svc@contoso.test", "/nowhere/keytab");
    ck_assert_int_eq(err->fault, XR_FAULT_KERBEROS_KEYTAB);
    ck_assert_ptr_nonnull(strstr(err->text, "the keytab /nowhere/keytab cannot be used: "));
    err = ask_as(&place, "svc@contoso.test", place.cache);
    ck_assert_int_eq(err->fault, XR_FAULT_KERBEROS_KEYTAB);
    write_file(place.config, "[libdefaults\n nonsense");
    err = ask_as(&place, NULL, NULL);
    ck_assert_int_eq(err->fault, XR_FAULT_KERBEROS_OTHER);
    ck_assert_ptr_nonnull(strstr(err->text, "libkrb5 does not start: "));
    ck_assert_int_eq(place.kdc.asked, 0);
    place_done(&place);
}
END_TEST

START_TEST(a_server_that_is_not_there_or_not_known_cannot_be_reached)
{
    static const int codes[] = { KDC_GENERIC };
    struct place place;

    place_init(&place, codes, 1);
    write_file(place.config,
        "[libdefaults]\n default_realm = " KDC_REALM
        "\n dns_lookup_kdc = false\n[realms]\n " KDC_REALM " = {\n  kdc = 127.0.0.1:1\n }\n");
    const struct xr_err *err = ask_as(&place, "svc@contoso.test", NULL);
    ck_assert_msg(err->fault == XR_FAULT_KERBEROS_UNREACHABLE, "%s", err->text);
    write_file(place.config, "[libdefaults]\n dns_lookup_kdc = false\n");
    err = ask_as(&place, "svc@contoso.test", NULL);
    ck_assert_msg(err->fault == XR_FAULT_KERBEROS_UNREACHABLE, "%s", err->text);
    ck_assert_msg(strstr(err->text, "CONTOSO.TEST"), "%s", err->text);
    err = ask_as(&place, "CONTOSO\\svc", NULL);
    ck_assert_str_eq(err->text, "no realm is known for CONTOSO\\svc");
    ck_assert_msg(err->fault == XR_FAULT_KERBEROS_UNREACHABLE, "%s", err->text);
    ck_assert_int_eq(place.kdc.asked, 0);
    place_done(&place);
}
END_TEST

/* The other end of its connection sees that it is gone. */
static void ends_within(int fd, int ms)
{
    struct pollfd connection = { .fd = fd, .events = POLLRDHUP };

    ck_assert_int_eq(poll(&connection, 1, ms), 1);
}

START_TEST(a_silent_server_ends_with_the_step)
{
    static const int codes[] = { KDC_SILENCE };
    struct place place;

    place_init(&place, codes, 1);
    place.kerberos = xr_kerberos_new(&(struct xr_kerberos_identity){
        .account = "svc@contoso.test", .password = place.password });
    int64_t begun = xr_now_us();
    const struct xr_err *err = ask(&place, STEP_MS);
    ck_assert_int_eq(err->fault, XR_FAULT_KERBEROS_UNREACHABLE);
    ck_assert_int_lt((int)((xr_now_us() - begun) / 1000), STEP_MS + SLACK_MS);
    ends_within(place.kdc.held, 100);
    ck_assert_str_eq(asked(&place), KDC_REALM " 0");
    place_done(&place);
}
END_TEST

START_TEST(a_busy_child_does_not_outlive_a_parent_that_was_killed)
{
    static const int codes[] = { KDC_SILENCE };
    struct place place;

    place_init(&place, codes, 1);
    pid_t parent = fork();
    if (!parent) {
        place.kerberos = xr_kerberos_new(&(struct xr_kerberos_identity){
            .account = "svc@contoso.test", .password = place.password });
        (void)ask(&place, LONG_MS);
        _exit(0);
    }
    for (int i = 0; i < 500 && !place.kdc.asked; i++)
        (void)usleep(10000);
    (void)usleep(50000);
    ck_assert_int_ge(place.kdc.held, 0);
    (void)kill(parent, SIGKILL);
    (void)waitpid(parent, NULL, 0);
    ends_within(place.kdc.held, DEATH_MS);
    place_done(&place);
}
END_TEST

static pid_t start_raw(int in, int out)
{
    pid_t pid = fork();

    if (!pid) {
        (void)dup2(in, STDIN_FILENO);
        (void)dup2(out, STDOUT_FILENO);
        (void)execl("/proc/self/exe", "exray", XR_KERBEROS_CHILD, (char *)NULL);
        _exit(127);
    }
    (void)close(in);
    return pid;
}

/* Sanitizers speak by the exit code too; a parent that kills its child would not hear them. */
static void ends_in_good_order(int fd, pid_t pid)
{
    int status = -1;

    (void)shutdown(fd, SHUT_RDWR);
    (void)close(fd);
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert_msg(WIFEXITED(status) && !WEXITSTATUS(status), "status %d", status);
}

static void send_fields(int fd, const struct xr_field *fields, size_t n)
{
    xr_auto_frame frame;

    ck_assert(xr_frame_pack(&frame, fields, n));
    ck_assert_int_eq(send(fd, frame.bytes, frame.length, MSG_NOSIGNAL), (ssize_t)frame.length);
}

static struct xr_numbers read_answer(
    int fd, struct xr_frame *frame, struct xr_field ret[XR_ANSWER_FIELDS])
{
    uint8_t head[XR_FRAME_HEAD];

    ck_assert_int_eq(read(fd, head, sizeof(head)), sizeof(head));
    ck_assert_uint_gt(xr_frame_length(head), 0);
    xr_frame_init(frame, xr_frame_length(head));
    ck_assert_int_eq(read(fd, frame->bytes, frame->length), (ssize_t)frame->length);
    ck_assert(xr_frame_unpack(frame, ret, XR_ANSWER_FIELDS));
    return xr_numbers_read(ret[XR_ANSWER_NUMBERS].bytes);
}

START_TEST(a_child_that_worked_ends_without_leaks_and_says_nothing_else)
{
    static const int codes[] = { KDC_PREAUTH_REQUIRED, KDC_PREAUTH_FAILED };
    const struct xr_field who[XR_WHO_FIELDS] = { xr_field_text("svc@contoso.test"),
        xr_field_text(NULL), xr_field_text("geheim"), xr_field_text("A.TEST B.TEST") };
    const struct xr_field question[XR_QUESTION_FIELDS] = { xr_field_text("mail.contoso.test"),
        xr_field_text("tls-server-end-point:x") };
    struct xr_field answer[XR_ANSWER_FIELDS];
    uint8_t head[XR_FRAME_HEAD];
    struct place place;
    xr_auto_frame frame;
    int pair[2], out[2]; /* a pipe: a socket could not be opened by its name */

    (void)setenv("KRB5_TRACE", "/dev/stdout", 1); /* must not get among the answers */
    place_init(&place, codes, 2);
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
    ck_assert_int_eq(pipe2(out, O_CLOEXEC), 0);
    pid_t pid = start_raw(pair[1], out[1]);
    (void)close(out[1]);
    send_fields(pair[0], who, XR_WHO_FIELDS);
    send_fields(pair[0], question, XR_QUESTION_FIELDS);
    for (int i = XR_KERBEROS_ACCOUNT; i <= XR_KERBEROS_PROOF; i++) {
        struct xr_numbers asks = read_answer(out[0], &frame, answer);
        ck_assert_int_eq(asks.fault, XR_ANSWER_ASKS);
        ck_assert_int_eq(asks.native, i);
        ck_assert_mem_eq(answer[XR_ANSWER_PRINCIPAL].bytes, KDC_REALM, strlen(KDC_REALM));
        xr_frame_done(&frame);
    }
    struct xr_numbers numbers = read_answer(out[0], &frame, answer);
    ck_assert_int_eq(numbers.fault, XR_FAULT_KERBEROS_PASSWORD);
    ck_assert(!numbers.proved);
    ends_in_good_order(pair[0], pid);
    ck_assert_int_eq(read(out[0], head, 1), 0);
    (void)close(out[0]);
    place_done(&place);
}
END_TEST

START_TEST(a_child_bears_any_question)
{
    static const struct {
        const char *bytes;
        size_t length;
    } rows[] = {
        { "", 0 },
        { "\0", 1 },
        { "\377\377\377\377", 4 },
        { "\0\0\0\0", 4 },
        { "\0\0\0\14\0\0\0\1\0\0\0\1\0\0\0\1", 16 }, /* fields longer than the frame */
        /* a question of another form */
        { "\0\0\0\23\0\0\0\1a\0\0\0\1b\0\0\0\1c\0\0\0\0\0\0\0\2xy", 29 },
        { "Passw0rd!\n", 10 },
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        int pair[2];
        ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
        pid_t pid = start_raw(pair[1], pair[1]);
        (void)send(pair[0], rows[i].bytes, rows[i].length, MSG_NOSIGNAL);
        ends_in_good_order(pair[0], pid);
    }
}
END_TEST

XR_UNIT_MAIN("kerberos_child", what_a_server_refuses_has_its_fault_and_is_asked_once,
    a_wrong_password_does_not_go_to_the_primary_server_too,
    a_strangers_default_realm_gets_to_know_no_account,
    the_next_realm_is_asked_where_one_is_unknown_or_silent_or_does_not_know_the_name,
    a_server_that_falls_silent_over_the_proof_is_the_last_one,
    a_referral_to_a_stranger_is_not_followed, what_is_missing_here_is_told_before_anybody_is_asked,
    a_server_that_is_not_there_or_not_known_cannot_be_reached, a_silent_server_ends_with_the_step,
    a_busy_child_does_not_outlive_a_parent_that_was_killed,
    a_child_that_worked_ends_without_leaks_and_says_nothing_else, a_child_bears_any_question)
