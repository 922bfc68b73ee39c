#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "analyzer/commands/command.h"
#include "analyzer/commands/signals.h"
#include "analyzer/commands/test_kind.h"
#include "analyzer/wire/tls.h"

static const struct xr_test_kind *const kinds[] = { &xr_kind_service_account, &xr_kind_autodiscover,
    &xr_kind_ssl_trust, NULL };

void xr_test_session_done(struct xr_test_session *session)
{
    union {
        const struct xr_trust *shared;
        struct xr_trust *own;
    } trust = { session->net.trust };

    xr_trust_free(trust.own);
    xr_secret_done(&session->password);
    xr_secret_done(&session->token);
    xr_arena_free(session->arena);
}

static const struct xr_option *option_of(const struct xr_option_group *groups, const char *word)
{
    size_t length = strcspn(word, "=");

    for (; groups->title; groups++)
        for (const struct xr_option *row = groups->options; row->name; row++)
            if (strlen(row->name) == length && !strncmp(row->name, word, length))
                return row;
    return NULL;
}

/* The test that does take this option, when ours does not. */
static const struct xr_test_kind *taker(const struct xr_test_kind *kind, const char *word)
{
    if (option_of(kind->options, word))
        return NULL;
    for (const struct xr_test_kind *const *other = kinds; *other; other++)
        if (option_of((*other)->options, word))
            return *other;
    return NULL;
}

static bool is_password(const char *word)
{
    return strcspn(word, "=") == strlen("password") &&
           !strncmp(word, "password", strlen("password"));
}

/* An option of another test is no typing mistake: it deserves another answer. */
static int refuse_foreign_options(const struct xr_test_kind *kind, int argc, char **argv)
{
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
        if (strncmp(argv[i], "--", 2) != 0)
            continue;
        const char *word = argv[i] + 2;
        const struct xr_test_kind *other = taker(kind, word);
        if (is_password(word) && !option_of(kind->options, "password-file"))
            return xr_usage_error("the test '%s' takes no password", kind->name);
        if (other)
            return xr_usage_error("the test '%s' has no option --%.*s: that is one of '%s'",
                kind->name, (int)strcspn(word, "="), word, other->name);
        const struct xr_option *row = option_of(kind->options, word);
        i += row && row->argument && !strchr(word, '=');
    }
    return 0;
}

static int help_on(const struct xr_test_kind *kind, const struct xr_test *test)
{
    (void)printf("exray test %s - %s\n", test->name, test->about);
    xr_options_help(kind->options);
    (void)printf("\n%s\n", kind->sent);
    return XR_EXIT_OK;
}

static int test_with(
    const struct xr_test_kind *kind, const struct xr_test *test, int argc, char **argv)
{
    __attribute__((cleanup(
        xr_test_session_done))) struct xr_test_session session = { .arena = xr_arena_new() };
    struct xr_test_screen screen = { 0 };
    struct xr_target target;
    struct xr_form form;
    int rest, code = refuse_foreign_options(kind, argc, argv);

    xr_form_init(&form);
    form.usual_crit_days = kind->crit_days;
    if (!code)
        code = xr_options_parse(kind->options, argc, argv, &form, &rest);
    if (!code && form.help)
        return help_on(kind, test);
    if (!code && rest < argc)
        code = xr_usage_error("'%s' is not an option", argv[rest]);
    if (!code)
        code = xr_test_screen(&form, &screen);
    xr_signals_catch(); /* before a prompt: Ctrl-C there must give the terminal its echo back */
    if (!code)
        code = kind->prepare(&session, &form, &target, &test);
    int signal_number = xr_signals_caught();
    if (code || signal_number)
        return signal_number ? 128 + signal_number : code;
    return xr_test_run(test, &form, &session, &target, &screen);
}

static int list_tests(void)
{
    for (const struct xr_test *const *test = xr_tests; *test; test++)
        (void)printf("%-18s %s\n", (*test)->name, (*test)->about);
    return XR_EXIT_OK;
}

static int help(void)
{
    (void)puts("exray test TEST [options]\n\nTests:");
    (void)list_tests();
    (void)puts(
        "\nexray test TEST --help lists the options; exray test --list prints the tests only.");
    for (const struct xr_test_kind *const *kind = kinds; *kind; kind++)
        (void)printf("\n%s\n%s\n", (*kind)->name, (*kind)->sent);
    return XR_EXIT_OK;
}

const struct xr_test *xr_test_named(const char *name)
{
    const struct xr_test *const *test = xr_tests;

    while (*test && strcmp((*test)->name, name) != 0)
        test++;
    return *test;
}

int xr_command_test(int argc, char **argv)
{
    if (argc < 2 || !strcmp(argv[1], "--help") || !strcmp(argv[1], "-h"))
        return help();
    if (!strcmp(argv[1], "--list"))
        return list_tests();
    for (const struct xr_test_kind *const *kind = kinds; *kind; kind++)
        if (!strcmp((*kind)->name, argv[1]))
            return test_with(*kind, xr_test_named((*kind)->name), argc - 1, argv + 1);
    return xr_usage_error("there is no test '%s'; 'exray test --list' prints them", argv[1]);
}
