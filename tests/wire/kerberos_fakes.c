#include "tests/wire/kerberos_fakes.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "analyzer/base/err.h"
#include "analyzer/wire/kerberos_frame.h"

enum { PART = 10 };

static void say(const void *bytes, size_t length)
{
    if (write(STDOUT_FILENO, bytes, length) != (ssize_t)length)
        _exit(1);
}

static bool hear(struct xr_frame *frame)
{
    uint8_t head[XR_FRAME_HEAD];

    if (read(STDIN_FILENO, head, sizeof(head)) != sizeof(head))
        return false;
    xr_frame_init(frame, xr_frame_length(head));
    for (size_t got = 0; got < frame->length;) {
        ssize_t more = read(STDIN_FILENO, frame->bytes + got, frame->length - got);
        if (more <= 0)
            return false;
        got += (size_t)more;
    }
    return true;
}

static void answer(struct xr_numbers numbers, struct xr_field token, struct xr_field principal,
    struct xr_field service, const char *text)
{
    uint8_t packed[XR_NUMBERS_LENGTH];
    const struct xr_field fields[XR_ANSWER_FIELDS] = { { packed, sizeof(packed) }, token, principal,
        service, xr_field_text(text) };
    xr_auto_frame frame;

    xr_numbers_write(&numbers, packed);
    if (!xr_frame_pack(&frame, fields, XR_ANSWER_FIELDS))
        _exit(1);
    say(frame.bytes, frame.length);
}

/* Token: the binding; principal: the account; service: the host. */
static void echo(const struct xr_field who[XR_WHO_FIELDS])
{
    struct xr_field question[XR_QUESTION_FIELDS];
    xr_auto_frame frame = { 0 };

    if (!hear(&frame) || !xr_frame_unpack(&frame, question, XR_QUESTION_FIELDS))
        _exit(0);
    answer((struct xr_numbers){ XR_ANSWER_GOOD, true, 0, 1234567890123 },
        question[XR_QUESTION_BINDING], who[XR_WHO_ACCOUNT], question[XR_QUESTION_HOST], NULL);
}

static void refuse(enum xr_fault fault, bool proved, const char *text)
{
    struct xr_field none = { NULL, 0 };

    answer((struct xr_numbers){ (uint8_t)fault, proved, -7, 0 }, none, none, none, text);
}

/* What a child can see: its arguments, environment and files, as the text of an error. */
static void tell_all(int argc, char **argv)
{
    static char text[8192];
    size_t length = 0;

    for (int i = 0; i < argc; i++)
        length += (size_t)snprintf(text + length, sizeof(text) - length, "[%s]", argv[i]);
    for (char **at = environ; *at; at++)
        length += (size_t)snprintf(text + length, sizeof(text) - length, "<%s>", *at);
    for (int fd = 3; fd < 1024; fd++)
        if (fcntl(fd, F_GETFD) >= 0)
            length += (size_t)snprintf(text + length, sizeof(text) - length, "{%d}", fd);
    refuse(XR_FAULT_KERBEROS_OTHER, false, text);
}

static void say_part(const struct xr_field who[XR_WHO_FIELDS])
{
    static const uint8_t part[PART] = { 0, 0, 1, 0, 'p', 'a', 'r', 't', 0, 0 };

    (void)who;
    say(part, sizeof(part));
}

static void dribble(const struct xr_field who[XR_WHO_FIELDS])
{
    say_part(who);
    for (;;) {
        say("x", 1);
        (void)usleep(20000);
    }
}

static void be_silent(const struct xr_field who[XR_WHO_FIELDS])
{
    (void)who;
    for (;;)
        (void)pause();
}

static void part_and_silence(const struct xr_field who[XR_WHO_FIELDS])
{
    say_part(who);
    be_silent(who);
}

static void say_garbage(const struct xr_field who[XR_WHO_FIELDS])
{
    (void)who;
    say("what is this?", 13);
    be_silent(who);
}

static void say_nothing_framed(const struct xr_field who[XR_WHO_FIELDS])
{
    (void)who;
    say("\0\0\0\0", 4);
    be_silent(who);
}

static void lie_about_a_field(const struct xr_field who[XR_WHO_FIELDS])
{
    (void)who;
    say("\0\0\0\10\377\377\377\377\0\0\0\1", 12);
    be_silent(who);
}

static void answer_in_other_fields(const struct xr_field who[XR_WHO_FIELDS])
{
    xr_auto_frame frame;

    if (!xr_frame_pack(&frame, who, XR_WHO_FIELDS))
        _exit(1);
    say(frame.bytes, frame.length);
    be_silent(who);
}

static void tell_foreign_fault(const struct xr_field who[XR_WHO_FIELDS])
{
    refuse(XR_FAULT_DNS_REFUSED, false, "no fault of Kerberos");
    be_silent(who);
}

static void answer_empty(const struct xr_field who[XR_WHO_FIELDS])
{
    answer((struct xr_numbers){ XR_ANSWER_GOOD, false, 0, 0 }, (struct xr_field){ NULL, 0 },
        who[XR_WHO_ACCOUNT], who[XR_WHO_ACCOUNT], NULL);
    be_silent(who);
}

static void answer_too_much(const struct xr_field who[XR_WHO_FIELDS])
{
    static const uint8_t token[XR_KERBEROS_TOKEN_MAX + 1];

    answer((struct xr_numbers){ XR_ANSWER_GOOD, false, 0, 0 },
        (struct xr_field){ token, sizeof(token) }, who[XR_WHO_ACCOUNT], who[XR_WHO_ACCOUNT], NULL);
    be_silent(who);
}

static void answer_and_end(const struct xr_field who[XR_WHO_FIELDS])
{
    echo(who);
    _exit(0);
}

static void tell_asking(int32_t asking, const char *realm)
{
    struct xr_field none = { NULL, 0 };

    answer((struct xr_numbers){ XR_ANSWER_ASKS, false, asking, 0 }, none, xr_field_text(realm),
        none, NULL);
}

static void ask_many_servers(const struct xr_field who[XR_WHO_FIELDS])
{
    for (;;) {
        tell_asking(XR_KERBEROS_ACCOUNT, "A.TEST");
        tell_asking(XR_KERBEROS_PROOF, "A.TEST");
        tell_asking(XR_KERBEROS_PROOF, "A.TEST");
        tell_asking(XR_KERBEROS_TICKET, "B\xe9.TEST");
        echo(who);
    }
}

static void ask_for_ever(const struct xr_field who[XR_WHO_FIELDS])
{
    (void)who;
    for (;;)
        tell_asking(XR_KERBEROS_ACCOUNT, "A.TEST");
}

static void ask_what_nobody_knows(const struct xr_field who[XR_WHO_FIELDS])
{
    tell_asking(-1, "A.TEST");
    be_silent(who);
}

static void answer_slowly(const struct xr_field who[XR_WHO_FIELDS])
{
    for (;;) {
        (void)usleep(30000);
        echo(who);
    }
}

static void answer_always(const struct xr_field who[XR_WHO_FIELDS])
{
    for (;;)
        echo(who);
}

static void run_out(const struct xr_field who[XR_WHO_FIELDS])
{
    echo(who);
    refuse(XR_FAULT_KERBEROS_NO_TICKET, true, "ran out");
    be_silent(who);
}

static void say_latin_1(const struct xr_field who[XR_WHO_FIELDS])
{
    refuse(XR_FAULT_KERBEROS_SERVICE, true, "caf\xe9");
    be_silent(who);
}

static const struct fake {
    const char *name;
    void (*run)(const struct xr_field who[XR_WHO_FIELDS]);
} fakes[] = {
    { "garbage", say_garbage },
    { "empty-frame", say_nothing_framed },
    { "lying-field", lie_about_a_field },
    { "other-fields", answer_in_other_fields },
    { "foreign-fault", tell_foreign_fault },
    { "empty-token", answer_empty },
    { "long-token", answer_too_much },
    { "part", say_part }, /* and ends */
    { "silent", be_silent },
    { "part-silent", part_and_silence },
    { "dribble", dribble },
    { "once", answer_and_end },
    { "asks", ask_many_servers },
    { "asks-for-ever", ask_for_ever },
    { "asks-unknown", ask_what_nobody_knows },
    { "slow", answer_slowly },
    { "good", answer_always },
    { "run-out", run_out },
    { "latin-1", say_latin_1 },
};

int kerberos_fake(int argc, char **argv)
{
    const char *name = getenv("KRB5_FAKE");
    struct xr_field who[XR_WHO_FIELDS];
    xr_auto_frame frame = { 0 };
    const char *log = getenv("KRB5_STARTS");
    int fd = log ? open(log, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600) : -1;

    if (fd >= 0) {
        if (write(fd, "x", 1) != 1)
            return 1;
        (void)close(fd);
    }
    if (name && !strcmp(name, "deaf"))
        be_silent(NULL);
    if (!name || !strcmp(name, "gone") || !hear(&frame) ||
        !xr_frame_unpack(&frame, who, XR_WHO_FIELDS))
        return 0;
    if (!strcmp(name, "look"))
        tell_all(argc, argv);
    for (size_t i = 0; i < sizeof(fakes) / sizeof(*fakes); i++)
        if (!strcmp(name, fakes[i].name))
            fakes[i].run(who);
    return 0;
}
