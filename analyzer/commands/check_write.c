#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "analyzer/commands/check_parts.h"
#include "analyzer/commands/command.h"
#include "analyzer/commands/guard.h"
#include "analyzer/commands/output.h"
#include "analyzer/commands/screen.h"
#include "reports/check.h"

/* NULL, or why this file must not be written. What is there already is looked at before it loses a
 * byte. */
static const char *prepare_jsonl(int fd, bool append)
{
    struct stat info;

    if (fstat(fd, &info))
        return strerror(errno);
    if (!S_ISREG(info.st_mode))
        return "it is not a regular file";
    if (fchmod(fd, S_IRUSR | S_IWUSR) || (!append && ftruncate(fd, 0)))
        return strerror(errno);
    return NULL;
}

int xr_check_open_jsonl(const struct xr_check_form *form, FILE **ret)
{
    int flags = O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_APPEND;

    if (!form->jsonl)
        return 0;
    if (!strcmp(form->jsonl, "-")) {
        *ret = stdout;
        return 0;
    }
    int fd = open(form->jsonl, flags, S_IRUSR | S_IWUSR);
    const char *flaw = fd < 0 ? strerror(errno) : prepare_jsonl(fd, form->resume);
    *ret = flaw ? NULL : fdopen(fd, "a");
    if (*ret)
        return 0;
    if (fd >= 0)
        (void)close(fd);
    return xr_failed(XR_EXIT_UNAVAILABLE, "%s cannot be written: %s", form->jsonl,
        flaw ? flaw : strerror(errno));
}

int xr_check_close_jsonl(const struct xr_check_form *form, struct xr_check_session *session)
{
    bool lost = session->jsonl_lost;

    if (session->jsonl && session->jsonl != stdout)
        lost |= fclose(session->jsonl) != 0;
    session->jsonl = NULL;
    return lost ? xr_failed(XR_EXIT_UNAVAILABLE, "%s could not be written to its end", form->jsonl)
                : 0;
}

/* A check in the store, as a report reads it. */
struct reading {
    struct xr_check_session *session;
    const struct xr_check *check;
    int64_t id;
    enum xr_rows_order order;
    void (*write)(FILE *out, const struct xr_check *check, struct xr_check_rows rows);
};

static int write_reading(FILE *out, void *arg)
{
    const struct reading *reading = arg;
    struct xr_store_rows *rows;
    const struct xr_store_err *err = xr_store_rows_open(reading->session->stored->store,
        reading->session->arena, reading->id, reading->order, &rows);

    if (err)
        return xr_stored_error(err);
    reading->write(out, reading->check, (struct xr_check_rows){ xr_store_rows_next, rows });
    err = xr_store_rows_done(rows);
    return err ? xr_stored_error(err) : 0;
}

static void write_csv(FILE *out, const struct xr_check *check, struct xr_check_rows rows)
{
    (void)check;
    xr_check_csv(out, rows);
}

/* One that fails keeps none of the others from being written. */
static int write_list(const struct xr_list *paths, struct reading *reading, int code)
{
    for (size_t i = 0; i < paths->n; i++) {
        int one = xr_write_file(paths->items[i], write_reading, reading);
        code = code ? code : one;
    }
    return code;
}

static int dashes(const struct xr_list *list)
{
    int n = 0;

    for (size_t i = 0; i < list->n; i++)
        n += !strcmp(list->items[i], "-");
    return n;
}

/* How many reports go to standard output. */
static int on_stdout(const struct xr_check_form *form)
{
    return dashes(&form->form.json) + dashes(&form->csv) + dashes(&form->form.html) +
           (form->jsonl && !strcmp(form->jsonl, "-"));
}

int xr_check_write(const struct xr_check_form *form, struct xr_check_session *session,
    const struct xr_check *check, int64_t id)
{
    struct reading json = { session, check, id, XR_ROWS_BY_EMAIL, xr_check_json };
    struct reading csv = { session, check, id, XR_ROWS_BY_EMAIL, write_csv };
    struct reading html = { session, check, id, XR_ROWS_BY_CAUSE, xr_check_html };
    struct xr_style style = { xr_screen_has_color(form->form.no_color), form->form.verbose };

    if (!form->form.quiet && !on_stdout(form))
        xr_check_summary(stdout, check, &style);
    int code = write_list(&form->form.json, &json, 0);
    code = write_list(&form->csv, &csv, code);
    return write_list(&form->form.html, &html, code);
}

int xr_check_judge_outputs(const struct xr_check_form *form, const struct xr_stored *stored)
{
    if (on_stdout(form) > 1)
        return xr_usage_error("only one report can go to standard output ('-')");
    int code = xr_guard_output(stored, form->jsonl);

    if (!code)
        code = xr_guard_outputs(stored, &form->form.json);
    if (!code)
        code = xr_guard_outputs(stored, &form->csv);
    return code ? code : xr_guard_outputs(stored, &form->form.html);
}
