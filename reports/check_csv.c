#include "analyzer/base/clock.h"
#include "analyzer/base/csv_cell.h"
#include "reports/check.h"

static const char HEADER[] = "email,status,finding,step,code,message,primary_smtp_address,account,"
                             "host,server,elapsed_ms,checked_at\r\n";

static void put_cells(FILE *out, const struct xr_check_user *user)
{
    const char *const cells[] = { user->email, xr_status_name(user->status), user->finding,
        user->step, user->code, user->message, user->primary_smtp_address, user->account,
        user->host, user->server };

    for (size_t i = 0; i < sizeof(cells) / sizeof(*cells); i++) {
        xr_csv_cell(out, cells[i]);
        (void)fputc(',', out);
    }
}

static void put_row(FILE *out, const struct xr_check_user *user)
{
    put_cells(out, user);
    if (user->elapsed_us >= 0)
        (void)fprintf(out, "%lld", (long long)(user->elapsed_us / 1000));
    (void)fputc(',', out);
    if (user->at_wall_ms) {
        struct xr_arena *arena = xr_arena_new();
        (void)fputs(xr_rfc3339(arena, user->at_wall_ms), out);
        xr_arena_free(arena);
    }
    (void)fputs("\r\n", out);
}

void xr_check_csv(FILE *out, struct xr_check_rows rows)
{
    struct xr_check_user user;

    (void)fputs(HEADER, out);
    while (rows.next(rows.arg, &user))
        put_row(out, &user);
}
