#include <string.h>

#include "reports/check_html.h"
#include "reports/check_words.h"

static void put_share(const struct xr_check_page *page, int64_t users, int64_t most)
{
    (void)fputs("<svg class=\"share\" aria-hidden=\"true\" focusable=\"false\"><rect class=\"all\" "
                "width=\"100%\" height=\"6\" rx=\"3\"/><rect class=\"part\" height=\"6\" rx=\"3\"",
        page->out);
    xr_page_percent(&page->page, "width", users, most);
    (void)fputs("/></svg>", page->out);
}

static void put_advice(const struct xr_check_page *page, const struct xr_advice *advice)
{
    (void)fputs("<p>", page->out);
    xr_html_prose(page->out, advice->text);
    (void)fputs("</p>\n", page->out);
    if (advice->command)
        xr_page_command(&page->page, advice->shell ? advice->shell : "Command", advice->command);
    if (!advice->expect)
        return;
    (void)fputs("<p class=\"then\">", page->out);
    xr_html_prose(page->out, advice->expect);
    (void)fputs("</p>\n", page->out);
}

static bool commands_hold(const struct xr_advice *advice, const char *part)
{
    for (; advice->text; advice++)
        if (advice->command && strstr(advice->command, part))
            return true;
    return false;
}

/* What differs between the users, or their servers, has no one value. */
static void put_placeholders(const struct xr_check_page *page, const struct xr_advice *remedy)
{
    static const struct {
        const char *name, *put;
    } placeholders[] = {
        { "mailbox", "one of the addresses" },
        { "host", "the server's name" },
        { "domain", "the mail domain" },
    };

    for (size_t i = 0; i < sizeof(placeholders) / sizeof(*placeholders); i++)
        if (commands_hold(remedy, xr_printf(page->check->arena, "<%s>", placeholders[i].name)))
            (void)fprintf(page->out,
                "<p class=\"small soft\">For <code>&lt;%s&gt;</code> put %s.</p>\n",
                placeholders[i].name, placeholders[i].put);
}

static void put_remedy(
    const struct xr_check_page *page, const struct xr_check_told *told, bool open)
{
    int count = 0;

    while (told->remedy[count].text)
        count++;
    if (!count)
        return;
    (void)fprintf(page->out, "<details class=\"more\"%s><summary>%s, %d step%s</summary>\n",
        open ? " open" : "", told->bulk.command ? "Find out why, and mend one" : "What to do",
        count, count == 1 ? "" : "s");
    put_placeholders(page, told->remedy);
    (void)fputs("<ol class=\"fix\">\n", page->out);
    for (const struct xr_advice *advice = told->remedy; advice->text; advice++) {
        (void)fputs("<li>", page->out);
        put_advice(page, advice);
        (void)fputs("</li>\n", page->out);
    }
    (void)fputs("</ol></details>\n", page->out);
}

static void put_who(const struct xr_check_page *page, const struct xr_check_cause *cause,
    const struct xr_check_told *told)
{
    (void)fprintf(page->out,
        "<div class=\"act\"><small>Who must act</small>%s<p><a href=\"#rows-%s\">",
        told->owner_title, told->id);
    (void)fprintf(page->out, "%s</a></p>", xr_check_users(page->check->arena, cause->users));
    if (told->reference) {
        (void)fputs("<small>Reference</small>", page->out);
        xr_html_prose(page->out, told->reference);
    }
    (void)fputs("</div>", page->out);
}

static void put_title(const struct xr_check_page *page, const struct xr_check_cause *cause,
    const struct xr_check_told *told)
{
    (void)fputs("<h3>", page->out);
    xr_html_prose(page->out, told->title);
    (void)fputs("</h3><p class=\"small soft\">", page->out);
    xr_page_status(&page->page, cause->status);
    (void)fprintf(page->out, " · <code>%s</code>", told->id);
    if (cause->step) {
        (void)fputs(" in step <code>", page->out);
        xr_html_text(page->out, cause->step);
        (void)fputs("</code>", page->out);
    }
    (void)fputs("</p>\n", page->out);
}

static void put_bulk(const struct xr_check_page *page, const struct xr_advice *bulk)
{
    if (!bulk->text)
        return;
    put_advice(page, bulk);
    if (bulk->command)
        (void)fputs(
            "<p class=\"small soft\">This page can make such a file too: Save as CSV, above "
            "the <a href=\"#users\">users</a>.</p>\n",
            page->out);
}

static void put_cause(
    const struct xr_check_page *page, const struct xr_check_cause *cause, int64_t most, bool first)
{
    struct xr_check_told told = xr_check_told(page->check, cause);

    (void)fprintf(page->out, "<li class=\"%s\" id=\"cause-%s\"><div class=\"cnt\">",
        xr_status_name(cause->status), told.id);
    xr_html_number(page->out, cause->users);
    (void)fprintf(page->out, "<small>%s</small>", cause->users == 1 ? "user" : "users");
    put_share(page, cause->users, most);
    (void)fputs("</div><div class=\"tell\">", page->out);
    put_title(page, cause, &told);
    (void)fputs("<p>", page->out);
    xr_html_prose(page->out, told.cause);
    (void)fputs("</p>\n", page->out);
    put_bulk(page, &told.bulk);
    put_remedy(page, &told, first && !told.bulk.command);
    (void)fputs("</div>", page->out);
    put_who(page, cause, &told);
    (void)fputs("</li>\n", page->out);
}

void xr_check_page_causes(const struct xr_check_page *page)
{
    const struct xr_check *check = page->check;
    int64_t most = 1;

    for (size_t i = 0; i < check->cause_count; i++)
        if (check->causes[i].users > most)
            most = check->causes[i].users;
    xr_page_section(&page->page, "causes", "Causes, largest first",
        "One remedy for each cause, not one for each user.");
    (void)fputs("</div>\n<div class=\"card\"><ol class=\"causes\">\n", page->out);
    for (size_t i = 0; i < check->cause_count; i++)
        put_cause(page, &check->causes[i], most, i == 0);
    (void)fputs("</ol></div>\n", page->out);
    xr_page_section_end(&page->page);
}
