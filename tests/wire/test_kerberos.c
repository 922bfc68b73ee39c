/* The parent's side: children that misbehave in every way. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "analyzer/wire/kerberos.h"
#include "tests/unit.h"
#include "tests/wire/kerberos_fakes.h"

enum { STEP_MS = 400, SLACK_MS = 600, LONG_MS = 20000, THREADS = 8 };

/* The child is this program once more. */
__attribute__((constructor)) static void be_the_child(int argc, char **argv)
{
    if (argc == 2 && !strcmp(argv[1], XR_KERBEROS_CHILD))
        exit(kerberos_fake(argc, argv));
}

struct place {
    struct xr_arena *arena;
    struct xr_secret password;
    struct xr_kerberos *kerberos;
    char log[64];
};

static void place_init(struct place *place, const char *fake, bool with_password)
{
    *place = (struct place){ .arena = xr_arena_new(), .log = "/tmp/exray-starts-XXXXXX" };
    int fd = mkstemp(place->log);
    ck_assert_int_ge(fd, 0);
    (void)close(fd);
    (void)setenv("KRB5_FAKE", fake, 1);
    (void)setenv("KRB5_STARTS", place->log, 1);
    if (with_password)
        place->password = xr_secret_new("kept:secret", 11);
    place->kerberos = xr_kerberos_new(
        &(struct xr_kerberos_identity){ .account = "CONTOSO\\svc", .password = place->password });
}

static int starts(const struct place *place)
{
    char bytes[64];
    int fd = open(place->log, O_RDONLY | O_CLOEXEC);
    ssize_t n = read(fd, bytes, sizeof(bytes));

    (void)close(fd);
    return (int)n;
}

static void place_done(struct place *place)
{
    xr_kerberos_free(place->kerberos);
    xr_secret_done(&place->password);
    xr_arena_free(place->arena);
    (void)unlink(place->log);
    ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), -1); /* no zombie, no survivor */
    ck_assert_int_eq(errno, ECHILD);
}

static struct xr_deadline within(int ms)
{
    return xr_deadline_within((struct xr_deadline){ 0, xr_now_us() + LONG_MS * 1000LL, NULL }, ms);
}

static const struct xr_err *ask(struct place *place, const char *host, int ms)
{
    struct xr_kerberos_token token = { 0 };
    const struct xr_err *err = xr_kerberos_token(
        place->kerberos, place->arena, host, (const uint8_t *)"bind", 4, within(ms), &token);

    if (!err)
        ck_assert_str_eq(token.service, host);
    return err;
}

static int open_files(void)
{
    DIR *folder = opendir("/proc/self/fd");
    int n = 0;

    while (readdir(folder))
        n++;
    (void)closedir(folder);
    return n;
}

START_TEST(what_a_child_says_arrives)
{
    struct xr_kerberos_token token;
    struct place place;

    place_init(&place, "good", true);
    for (int i = 0; i < 3; i++) {
        const struct xr_err *err = xr_kerberos_token(place.kerberos, place.arena,
            "mail.contoso.test", (const uint8_t *)"bi\0nd", 5, within(LONG_MS), &token);
        ck_assert_ptr_null(err);
        ck_assert_uint_eq(token.length, 5);
        ck_assert_mem_eq(token.bytes, "bi\0nd", 5);
        ck_assert_str_eq(token.principal, "CONTOSO\\svc");
        ck_assert_str_eq(token.service, "mail.contoso.test");
        ck_assert_int_eq(token.expires_ms, 1234567890123);
    }
    ck_assert_int_eq(starts(&place), 1);
    place_done(&place);
}
END_TEST

START_TEST(a_child_sees_no_secret_no_foreign_variable_and_no_open_file)
{
    struct place place;
    int leak = open("/dev/null", O_RDONLY); /* without O_CLOEXEC, as libraries do */

    (void)setenv("NTLM_USER_FILE", "/tmp/users", 1);
    (void)setenv("KRB5CCNAME", "FILE:/tmp/named", 1);
    (void)setenv("LANG", "de_DE.UTF-8", 1);
    place_init(&place, "look", true);
    const struct xr_err *err = ask(&place, "h", LONG_MS);
    ck_assert_ptr_nonnull(err);
    ck_assert_ptr_nonnull(strstr(err->text, "[" XR_KERBEROS_CHILD "]"));
    ck_assert_ptr_nonnull(strstr(err->text, "<KRB5CCNAME=FILE:/tmp/named>"));
    ck_assert_ptr_nonnull(strstr(err->text, "<LANG=C>"));
    ck_assert_ptr_null(strstr(err->text, "de_DE"));
    ck_assert_ptr_null(strstr(err->text, "NTLM_USER_FILE"));
    ck_assert_ptr_null(strstr(err->text, "kept:secret"));
    ck_assert_msg(strchr(err->text, '{') == NULL, "open in the child: %s", err->text);
    (void)close(leak);
    place_done(&place);
}
END_TEST

START_TEST(nonsense_of_a_child_is_an_error_and_its_end)
{
    static const char *const names[] = { "garbage", "empty-frame", "lying-field", "other-fields",
        "foreign-fault", "empty-token", "long-token", "part", "gone", "asks-for-ever",
        "asks-unknown" };

    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
        int before = open_files();
        struct place place;
        place_init(&place, names[i], false);
        for (int k = 0; k < 3; k++) {
            const struct xr_err *err = ask(&place, "h", LONG_MS);
            ck_assert_msg(err && err->fault == XR_FAULT_KERBEROS_OTHER, "%s", names[i]);
            ck_assert_msg(strstr(err->text, "helper process"), "%s: %s", names[i], err->text);
        }
        ck_assert_int_eq(starts(&place), 3); /* it was ended each time */
        place_done(&place);
        ck_assert_int_eq(open_files(), before);
    }
}
END_TEST

START_TEST(whom_a_child_asks_is_noted_once)
{
    static const char *const hosts[] = { "h", "i", "h" };
    static const struct {
        const char *realm, *host;
        enum xr_kerberos_asking asking;
    } rows[] = {
        { "A.TEST", NULL, XR_KERBEROS_ACCOUNT },
        { "A.TEST", NULL, XR_KERBEROS_PROOF },
        { "B\xef\xbf\xbd.TEST", "h", XR_KERBEROS_TICKET },
        { "B\xef\xbf\xbd.TEST", "i", XR_KERBEROS_TICKET },
    };
    const struct xr_kerberos_asked *asked;
    struct place place;

    place_init(&place, "asks", true);
    ck_assert_uint_eq(xr_kerberos_asked(place.kerberos, &asked), 0);
    for (size_t i = 0; i < 3; i++)
        ck_assert_ptr_null(ask(&place, hosts[i], LONG_MS));
    ck_assert_uint_eq(xr_kerberos_asked(place.kerberos, &asked), sizeof(rows) / sizeof(*rows));
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        ck_assert_str_eq(asked[i].realm, rows[i].realm);
        ck_assert_int_eq(asked[i].asking, rows[i].asking);
        ck_assert_pstr_eq(asked[i].host, rows[i].host);
    }
    place_done(&place);
}
END_TEST

START_TEST(a_program_that_is_not_there_is_an_error_that_may_pass)
{
    struct place place;

    place_init(&place, "good", true);
    xr_kerberos_free(place.kerberos);
    place.kerberos = xr_kerberos_new(&(struct xr_kerberos_identity){
        .account = "a", .password = place.password, .program = "/nowhere/at/all" });
    for (int i = 0; i < 2; i++) {
        const struct xr_err *err = ask(&place, "h", LONG_MS);
        ck_assert_ptr_nonnull(err);
        ck_assert_int_eq(err->fault, XR_FAULT_KERBEROS_OTHER);
        ck_assert_ptr_nonnull(strstr(err->text, "No such file"));
    }
    place_done(&place);
}
END_TEST

START_TEST(silence_ends_with_the_step_and_the_child_with_it)
{
    static const char *const names[] = { "silent", "part-silent", "dribble", "deaf" };

    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
        struct place place;
        place_init(&place, names[i], false);
        int64_t begun = xr_now_us();
        const struct xr_err *err = ask(&place, "h", STEP_MS);
        int took_ms = (int)((xr_now_us() - begun) / 1000);
        ck_assert_msg(err && err->fault == XR_FAULT_KERBEROS_UNREACHABLE, "%s", names[i]);
        ck_assert_str_eq(err->text, "no Kerberos server answered in time");
        ck_assert_int_ge(took_ms, STEP_MS);
        ck_assert_int_lt(took_ms, STEP_MS + SLACK_MS);
        ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), -1);
        (void)setenv("KRB5_FAKE", "good", 1);
        ck_assert_ptr_null(ask(&place, "after", LONG_MS));
        place_done(&place);
    }
}
END_TEST

START_TEST(the_end_of_the_run_and_a_cancel_are_told_apart)
{
    struct xr_kerberos_token token;
    atomic_bool no_need = true;
    struct place place;

    place_init(&place, "silent", false);
    int64_t soon = xr_now_us() + STEP_MS * 1000, late = soon + LONG_MS * 1000LL;
    const struct xr_err *err = xr_kerberos_token(place.kerberos, place.arena, "h", NULL, 0,
        (struct xr_deadline){ late, soon, NULL }, &token);
    ck_assert_int_eq(err->fault, XR_FAULT_LOCAL_TIMEOUT);
    err = xr_kerberos_token(place.kerberos, place.arena, "h", NULL, 0,
        (struct xr_deadline){ late, late, &no_need }, &token);
    ck_assert_int_eq(err->fault, XR_FAULT_LOCAL_CANCELLED);
    place_done(&place);
}
END_TEST

START_TEST(a_child_that_ended_meanwhile_is_replaced)
{
    struct place place;

    place_init(&place, "once", true);
    for (int i = 0; i < 4; i++) {
        ck_assert_ptr_null(ask(&place, "h", LONG_MS));
        (void)usleep(20000);
    }
    ck_assert_int_eq(starts(&place), 4);
    place_done(&place);
}
END_TEST

START_TEST(a_password_that_brought_nothing_is_not_tried_again)
{
    static const struct {
        const char *fake;
        enum xr_fault fault;
    } rows[] = {
        { "silent", XR_FAULT_KERBEROS_UNREACHABLE },
        { "part", XR_FAULT_KERBEROS_OTHER }, /* it died in the middle */
        { "look", XR_FAULT_KERBEROS_OTHER }, /* an answer: refused */
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct place place;
        place_init(&place, rows[i].fake, true);
        const struct xr_err *first = ask(&place, "h", STEP_MS);
        (void)setenv("KRB5_FAKE", "good", 1);
        const struct xr_err *second = ask(&place, "other", STEP_MS);
        ck_assert_msg(first && second, "%s", rows[i].fake);
        ck_assert_int_eq(first->fault, rows[i].fault);
        ck_assert_int_eq(second->fault, rows[i].fault);
        ck_assert_str_eq(second->text, first->text);
        ck_assert_int_eq(starts(&place), 1);
        place_done(&place);
    }
}
END_TEST

START_TEST(a_try_that_was_broken_off_is_the_last_one_too)
{
    struct xr_kerberos_token token;
    struct place place;
    int64_t soon = xr_now_us() + STEP_MS * 1000;

    place_init(&place, "silent", true);
    const struct xr_err *err = xr_kerberos_token(place.kerberos, place.arena, "h", NULL, 0,
        (struct xr_deadline){ soon + 1000000, soon, NULL }, &token);
    ck_assert_int_eq(err->fault, XR_FAULT_LOCAL_TIMEOUT);
    err = ask(&place, "h", STEP_MS);
    ck_assert_int_eq(err->fault, XR_FAULT_KERBEROS_UNREACHABLE);
    ck_assert_ptr_nonnull(strstr(err->text, "not sent again"));
    ck_assert_int_eq(starts(&place), 1);
    place_done(&place);
}
END_TEST

START_TEST(a_ticket_that_ran_out_is_fetched_anew_by_a_proven_password)
{
    struct place place;

    place_init(&place, "run-out", true);
    for (int i = 0; i < 3; i++)
        ck_assert_ptr_null(ask(&place, "h", LONG_MS));
    ck_assert_int_eq(starts(&place), 3);
    place_done(&place);

    place_init(&place, "run-out", false); /* nothing here could fetch one */
    ck_assert_ptr_null(ask(&place, "h", LONG_MS));
    ck_assert_int_eq(ask(&place, "h", LONG_MS)->fault, XR_FAULT_KERBEROS_NO_TICKET);
    ck_assert_int_eq(starts(&place), 1);
    place_done(&place);
}
END_TEST

START_TEST(an_error_keeps_its_fault_code_and_becomes_valid_text)
{
    struct place place;

    place_init(&place, "latin-1", true);
    const struct xr_err *err = ask(&place, "h", LONG_MS);
    ck_assert_int_eq(err->fault, XR_FAULT_KERBEROS_SERVICE);
    ck_assert_int_eq(err->native, -7);
    ck_assert_str_eq(err->text, "caf\xef\xbf\xbd");
    place_done(&place);
}
END_TEST

struct asker {
    struct xr_kerberos *kerberos;
    pthread_t thread;
    char host[16];
    bool right;
};

static void *ask_often(void *arg)
{
    struct asker *asker = arg;
    struct xr_arena *arena = xr_arena_new();
    struct xr_kerberos_token token;

    asker->right = true;
    for (int i = 0; i < 5; i++)
        asker->right &=
            !xr_kerberos_token(asker->kerberos, arena, asker->host, (const uint8_t *)asker->host,
                strlen(asker->host), within(LONG_MS), &token) &&
            !strcmp(token.service, asker->host) && !memcmp(token.bytes, asker->host, token.length);
    xr_arena_free(arena);
    return NULL;
}

START_TEST(threads_get_their_own_answers_from_one_child)
{
    struct asker askers[THREADS];
    struct place place;

    place_init(&place, "good", true);
    for (int i = 0; i < THREADS; i++) {
        askers[i] = (struct asker){ .kerberos = place.kerberos };
        (void)snprintf(askers[i].host, sizeof(askers[i].host), "host%d", i);
        (void)pthread_create(&askers[i].thread, NULL, ask_often, &askers[i]);
    }
    for (int i = 0; i < THREADS; i++) {
        (void)pthread_join(askers[i].thread, NULL);
        ck_assert_msg(askers[i].right, "%s", askers[i].host);
    }
    ck_assert_int_eq(starts(&place), 1); /* though the thread that started it has ended */
    ck_assert_ptr_null(ask(&place, "h", LONG_MS));
    ck_assert_int_eq(starts(&place), 1);
    place_done(&place);
}
END_TEST

static void *ask_silent(void *arg)
{
    (void)ask(arg, "h", 3 * STEP_MS);
    return NULL;
}

START_TEST(who_waits_for_his_turn_gives_up_at_his_own_time)
{
    struct xr_kerberos_token token;
    struct xr_arena *arena = xr_arena_new();
    struct place place;
    pthread_t thread;

    place_init(&place, "silent", false);
    (void)pthread_create(&thread, NULL, ask_silent, &place);
    (void)usleep(100000);
    int64_t begun = xr_now_us();
    const struct xr_err *err =
        xr_kerberos_token(place.kerberos, arena, "h", NULL, 0, within(STEP_MS), &token);
    int took_ms = (int)((xr_now_us() - begun) / 1000);
    ck_assert_int_eq(err->fault, XR_FAULT_KERBEROS_UNREACHABLE);
    ck_assert_int_lt(took_ms, 2 * STEP_MS);
    (void)pthread_join(thread, NULL);
    xr_arena_free(arena);
    place_done(&place);
}
END_TEST

XR_UNIT_MAIN("kerberos", what_a_child_says_arrives,
    a_child_sees_no_secret_no_foreign_variable_and_no_open_file,
    nonsense_of_a_child_is_an_error_and_its_end, whom_a_child_asks_is_noted_once,
    a_program_that_is_not_there_is_an_error_that_may_pass,
    silence_ends_with_the_step_and_the_child_with_it,
    the_end_of_the_run_and_a_cancel_are_told_apart, a_child_that_ended_meanwhile_is_replaced,
    a_password_that_brought_nothing_is_not_tried_again,
    a_try_that_was_broken_off_is_the_last_one_too,
    a_ticket_that_ran_out_is_fetched_anew_by_a_proven_password,
    an_error_keeps_its_fault_code_and_becomes_valid_text,
    threads_get_their_own_answers_from_one_child, who_waits_for_his_turn_gives_up_at_his_own_time)
