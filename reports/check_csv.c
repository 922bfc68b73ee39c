#include "analyzer/base/clock.h"
#include "analyzer/base/csv_cell.h"
#include "analyzer/base/text.h"
#include "reports/check.h"

static const char HEADER[] = "email,status,finding,step,code,message,primary_smtp_address,account,"
                             "host,server,elapsed_ms,checked_at\r\n";

/* What a server sent may be looked at in a terminal: nothing in it is invisible. */
static void put_cell(FILE *out, struct xr_arena *arena, const char *text)
{
    xr_csv_cell(out, text ? xr_visible(arena, text) : NULL);
}

static void put_cells(FILE *out, struct xr_arena *arena, const struct xr_check_user *user)
{
    const char *const cells[] = { user->email, xr_status_name(user->status), user->finding,
        user->step, user->code, user->message, user->primary_smtp_address, user->account,
        user->host, user->server };

    for (size_t i = 0; i < sizeof(cells) / sizeof(*cells); i++) {
        put_cell(out, arena, cells[i]);
        (void)fputc(',', out);
    }
}

static void put_row(FILE *out, struct xr_arena *arena, const struct xr_check_user *user)
{
    put_cells(out, arena, user);
    if (user->elapsed_us >= 0)
        (void)fprintf(out, "%lld", (long long)(user->elapsed_us / 1000));
    (void)fputc(',', out);
    if (user->at_wall_ms)
        (void)fputs(xr_rfc3339(arena, user->at_wall_ms), out);
    (void)fputs("\r\n", out);
}

void xr_check_csv(FILE *out, struct xr_check_rows rows)
{
    struct xr_arena *arena = xr_arena_new();
    struct xr_check_user user;

    (void)fputs(HEADER, out);
    for (; rows.next(rows.arg, &user); xr_arena_clear(arena))
        put_row(out, arena, &user);
    xr_arena_free(arena);
}
