#include "analyzer/commands/verb.h"

#include <stdio.h>
#include <string.h>

#include "analyzer/base/text.h"
#include "analyzer/commands/command.h"
#include "analyzer/commands/shell_word.h"

enum { VERBS_MAX = 16 };

static int help_of_family(const char *family, const char *about, const struct xr_verb *verbs)
{
    (void)printf("exray %s COMMAND - %s\n\nCommands:\n", family, about);
    for (; verbs->name; verbs++)
        (void)printf(
            "  exray %s %-10s %-28s %s\n", family, verbs->name, verbs->words, verbs->about);
    (void)printf("\nexray %s COMMAND --help lists the options of a command.\n", family);
    return XR_EXIT_OK;
}

static int help_of_verb(const char *family, const struct xr_verb *verb)
{
    (void)printf("exray %s %s%s%s [options] - %s\n", family, verb->name, *verb->words ? " " : "",
        verb->words, verb->about);
    xr_options_help(verb->options);
    return XR_EXIT_OK;
}

static int unknown(const char *family, const struct xr_verb *verbs, const char *name)
{
    const char *names[VERBS_MAX + 1] = { NULL };

    for (size_t i = 0; i < VERBS_MAX && verbs[i].name; i++)
        names[i] = verbs[i].name;
    const char *near = xr_nearest(name, names);
    if (near)
        return xr_usage_error("there is no command 'exray %s %s'; did you mean 'exray %s %s'?",
            family, name, family, near);
    return xr_usage_error(
        "there is no command 'exray %s %s'; 'exray %s --help' lists them", family, name, family);
}

static int take_words(
    const char *family, const struct xr_verb *verb, int n, char **words, struct xr_call *call)
{
    if (n < verb->at_least)
        return xr_usage_error(
            "something is missing: exray %s %s %s", family, verb->name, verb->words);
    if (n > verb->at_most)
        return xr_usage_error("'%s' is not an option", words[verb->at_most]);
    for (int i = 0; i < n; i++)
        call->words[i] = xr_utf8(call->arena, words[i], strlen(words[i]));
    return 0;
}

struct session {
    struct xr_verb_form form;
    struct xr_call call;
};

static void session_done(struct session *session)
{
    xr_stored_done(&session->call.stored);
    xr_arena_free(session->call.arena);
}

static int run_verb(const char *family, const struct xr_verb *verb, int argc, char **argv)
{
    __attribute__((cleanup(session_done))) struct session session = {
        .call = { .arena = xr_arena_new(), .form = &session.form },
    };
    struct xr_form *form = &session.form.form;
    int rest;

    xr_form_init(form);
    int code = xr_options_parse(verb->options, argc, argv, &session.form, &rest);
    if (code)
        return code;
    if (form->help)
        return help_of_verb(family, verb);
    code = take_words(family, verb, argc - rest, argv + rest, &session.call);
    if (code)
        return code;
    form->stored.no_input = form->no_input;
    form->stored.may_create = verb->store == XR_VERB_MAKES_STORE;
    form->stored.may_be_missing = verb->store == XR_VERB_MAY_LACK_STORE;
    code = xr_stored_open(&session.call.stored, session.call.arena, &form->stored);
    if (code)
        return code;
    return verb->run(&session.call);
}

int xr_verb_main(
    const char *family, const char *about, const struct xr_verb *verbs, int argc, char **argv)
{
    if (argc < 2 || !strcmp(argv[1], "--help") || !strcmp(argv[1], "-h"))
        return help_of_family(family, about, verbs);
    for (const struct xr_verb *verb = verbs; verb->name; verb++)
        if (!strcmp(verb->name, argv[1]))
            return run_verb(family, verb, argc - 1, argv + 1);
    return unknown(family, verbs, argv[1]);
}

int xr_call_org(struct xr_call *call, struct xr_org *ret)
{
    if (!call->form->form.org)
        return xr_usage_error("--org is missing: whose user is it?");
    return xr_stored_org(&call->stored, call->form->form.org, ret);
}

const char *xr_call_command(struct xr_call *call, const char *fmt, ...)
{
    const char *store = call->form->form.stored.store;
    va_list args;

    va_start(args, fmt);
    const char *line = xr_vprintf(call->arena, fmt, args);
    va_end(args);
    return xr_printf(call->arena, "exray %s%s%s", line, store ? " --store " : "",
        store ? xr_shell_word(call->arena, store) : "");
}
