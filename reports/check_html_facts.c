#include "reports/check_html.h"
#include "reports/check_words.h"

enum { GROUPS_MAX = 12 };

static const int64_t DAY_MS = INT64_C(24) * 60 * 60 * 1000;

static void open_term(const struct xr_check_page *page, const char *label, bool wide)
{
    (void)fprintf(page->out, "<div%s><dt>%s</dt><dd>", wide ? " class=\"wide\"" : "", label);
}

static void put_note(const struct xr_check_page *page, const char *note)
{
    if (!note)
        return;
    (void)fputs("<small>", page->out);
    xr_html_prose(page->out, note);
    (void)fputs("</small>", page->out);
}

static void close_term(const struct xr_check_page *page)
{
    (void)fputs("</dd></div>\n", page->out);
}

static void put_term(
    const struct xr_check_page *page, const char *label, const char *value, const char *note)
{
    if (!value)
        return;
    open_term(page, label, false);
    xr_html_remote(page->out, value);
    put_note(page, note);
    close_term(page);
}

/* Ours: nothing in it may break. */
static void put_figure(
    const struct xr_check_page *page, const char *label, const char *value, const char *note)
{
    open_term(page, label, false);
    xr_html_text(page->out, value);
    put_note(page, note);
    close_term(page);
}

static void put_ews_url(const struct xr_check_page *page, const struct xr_check_group *group)
{
    open_term(page, "EWS address", true);
    if (group->ews_url)
        xr_html_remote(page->out, group->ews_url);
    else
        (void)fputs("not found", page->out);
    if (group->ews_url && group->ews_url_from)
        put_note(page, xr_printf(page->check->arena, "from %s", group->ews_url_from));
    close_term(page);
}

static void put_certificate(const struct xr_check_page *page, int64_t expires_ms)
{
    int64_t left_ms = expires_ms - page->check->started_wall_ms;
    int64_t days = (left_ms < 0 ? -left_ms : left_ms) / DAY_MS;

    if (!expires_ms)
        return;
    open_term(page, "Certificate", false);
    (void)fputs(left_ms < 0 ? "ended " : "", page->out);
    xr_html_number(page->out, days);
    (void)fprintf(
        page->out, " day%s %s<small>until ", days == 1 ? "" : "s", left_ms < 0 ? "ago" : "left");
    xr_page_date(&page->page, expires_ms, true);
    (void)fputs("</small>", page->out);
    close_term(page);
}

/* Where it is a cause of users as well, it is told further up. */
static void put_finding(const struct xr_check_page *page, enum xr_finding_code code)
{
    const struct xr_check *check = page->check;
    const char *id = xr_finding_kind(code)->id;

    for (size_t i = 0; i < check->cause_count; i++)
        if (check->causes[i].code == code) {
            (void)fprintf(page->out, " <a href=\"#cause-%s\"><code>%s</code></a>", id, id);
            return;
        }
    (void)fprintf(page->out, " <code>%s</code>", id);
}

static void put_found(const struct xr_check_page *page, const struct xr_check_group *group)
{
    enum xr_finding_code code;

    if (!group->finding)
        return;
    (void)fprintf(page->out, "<div class=\"wide %s\"><dt>%s</dt><dd>",
        xr_status_name(group->status),
        group->status == XR_ERROR ? "Stopped all of them" : "Holds for all of them");
    xr_page_status(&page->page, group->status);
    if (xr_finding_by_id(group->finding, &code))
        put_finding(page, code);
    put_note(page, group->message);
    close_term(page);
}

static void put_group(const struct xr_check_page *page, const struct xr_check_group *group)
{
    const char *product = group->server_product ? group->server_product : group->server_version;
    struct xr_arena *arena = page->check->arena;

    (void)fputs("<dl class=\"facts card pad\">\n", page->out);
    put_term(page, "Account", group->account ? group->account : "not known",
        xr_printf(arena, "opens %s%s%s", xr_check_users(arena, group->users),
            group->auth_scheme ? ", accepted with " : "",
            group->auth_scheme ? group->auth_scheme : ""));
    put_ews_url(page, group);
    put_term(page, "Server", product, group->server_product ? group->server_version : NULL);
    put_certificate(page, group->certificate_expires_ms);
    put_found(page, group);
    (void)fputs("</dl>\n", page->out);
}

static void put_back_offs(const struct xr_check_page *page)
{
    const struct xr_check *check = page->check;
    struct xr_arena *arena = check->arena;
    const char *often = "never";

    if (check->back_offs)
        often = check->back_offs == 1
                    ? "once"
                    : xr_printf(arena, "%s times", xr_check_number(arena, check->back_offs));
    put_figure(page, "Asked to wait", often,
        xr_printf(arena, "in %s request%s", xr_check_number(arena, check->requests),
            check->requests == 1 ? "" : "s"));
}

static void put_run(const struct xr_check_page *page)
{
    const struct xr_check *check = page->check;
    struct xr_arena *arena = check->arena;
    const char *rate = xr_check_rate(check);

    (void)fputs("<dl class=\"facts card pad\">\n", page->out);
    open_term(page, "Organisation", false);
    xr_html_name(page->out, check->organization);
    put_note(page, check->access_type);
    close_term(page);
    put_figure(page, "Run", xr_check_duration(arena, check->elapsed_us),
        xr_printf(arena, "%s%s%d at a time", rate ? rate : "", rate ? ", " : "", check->jobs));
    put_back_offs(page);
    if (check->median_us >= 0)
        put_figure(page, "A user took",
            xr_printf(arena, "%s ms", xr_check_number(arena, check->median_us / 1000)),
            check->p99_us < 0 ? "the median"
                              : xr_printf(arena, "the median; 99 of 100 at most %s ms",
                                    xr_check_number(arena, check->p99_us / 1000)));
    (void)fputs("</dl>\n", page->out);
}

void xr_check_page_once(const struct xr_check_page *page)
{
    const struct xr_check_group *group = page->check->groups;
    int shown = 0, more = 0;

    xr_page_section(
        &page->page, "once", "Checked once, for everybody", group ? NULL : "Nothing was asked.");
    (void)fputs("</div>\n<div class=\"stack\">\n", page->out);
    put_run(page);
    for (; group && shown < GROUPS_MAX; group = group->next, shown++)
        put_group(page, group);
    for (; group; group = group->next)
        more++;
    if (more)
        (void)fprintf(page->out,
            "<p class=\"small soft\">%d more such group%s in the JSON report.</p>\n", more,
            more == 1 ? " is" : "s are");
    (void)fputs("</div>\n", page->out);
    xr_page_section_end(&page->page);
}

void xr_check_page_remarks(const struct xr_check_page *page)
{
    const struct xr_remark *remark = page->check->remarks;

    xr_page_section(&page->page, "remarks", "Settings of the organisation",
        "Remarks that were made before any traffic.");
    (void)fputs("</div>\n<div class=\"also card\"><ul>\n", page->out);
    for (; remark; remark = remark->next) {
        (void)fprintf(page->out, "<li class=\"%s\">", xr_status_name(remark->status));
        xr_page_icon(&page->page, remark->status);
        (void)fprintf(page->out, "<span><b class=\"st\">%s</b> · ", xr_status_word(remark->status));
        xr_html_prose(page->out, remark->message);
        (void)fprintf(
            page->out, "</span><code>%s</code></li>\n", xr_finding_kind(remark->code)->id);
    }
    (void)fputs("</ul></div>\n", page->out);
    xr_page_section_end(&page->page);
}

bool xr_check_page_wants_again(const struct xr_check_page *page)
{
    return xr_check_is_open(page->check) || page->check->summary[XR_ERROR];
}

static void put_command(const struct xr_check_page *page, const char *text, const char *options)
{
    const char *command = xr_check_command(page->check, options);

    (void)fprintf(page->out, "<p>%s</p>\n", text);
    if (command)
        xr_page_command(&page->page, "Shell on this machine", command);
    else
        (void)fputs("<p class=\"small soft\">The organisation’s name has a control character, so "
                    "no command is given.</p>\n",
            page->out);
}

static void put_again(const struct xr_check_page *page)
{
    if (page->check->candidate) {
        (void)fputs("<p>Nothing was saved. Correct the values, and run the same command "
                    "again.</p>\n",
            page->out);
        return;
    }
    if (xr_check_is_open(page->check))
        put_command(page, "Check the users without a result. Nobody else is asked again.",
            "--resume --html check.html --csv check.csv");
    if (page->check->summary[XR_ERROR])
        put_command(page, "After the repair: those that failed.",
            "--only-failed --html check.html --csv check.csv");
}

void xr_check_page_again(const struct xr_check_page *page)
{
    xr_page_section(&page->page, "again", "Check again", NULL);
    (void)fputs("</div>\n<div class=\"card pad stack\">\n", page->out);
    put_again(page);
    (void)fputs("</div>\n", page->out);
    xr_page_section_end(&page->page);
}
