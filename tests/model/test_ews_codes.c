#include "analyzer/model/ews_codes.h"
#include "tests/model/catalogue_text.h"
#include "tests/unit.h"

START_TEST(rows_are_sorted_and_found)
{
    for (size_t i = 0; i < xr_ews_code_count; i++) {
        const char *name = xr_ews_codes[i].name;
        if (i)
            ck_assert_msg(strcmp(xr_ews_codes[i - 1].name, name) < 0, "%s is out of place", name);
        ck_assert_ptr_eq(xr_ews_code_find(name), &xr_ews_codes[i]);
    }
}
END_TEST

START_TEST(strangers_are_not_found)
{
    ck_assert_ptr_null(xr_ews_code_find(NULL));
    ck_assert_ptr_null(xr_ews_code_find(""));
    ck_assert_ptr_null(xr_ews_code_find("NoError"));
    ck_assert_ptr_null(xr_ews_code_find("ErrorServerBus"));
    ck_assert_ptr_null(xr_ews_code_find("errorserverbusy"));
}
END_TEST

START_TEST(codes_lead_to_their_findings)
{
    static const struct {
        const char *name;
        enum xr_finding_code code;
        enum xr_status status;
    } expected[] = {
        { "ErrorImpersonateUserDenied", XR_FINDING_IMPERSONATION_DENIED, XR_ERROR },
        { "ErrorImpersonationDenied", XR_FINDING_IMPERSONATION_DENIED, XR_ERROR },
        { "ErrorNonExistentMailbox", XR_FINDING_MAILBOX_NOT_FOUND, XR_ERROR },
        { "ErrorNonPrimarySmtpAddress", XR_FINDING_ADDRESS_ALIAS, XR_ERROR },
        { "ErrorMissingEmailAddress", XR_FINDING_LOGON_NO_MAILBOX, XR_WARNING },
        { "ErrorAccessDenied", XR_FINDING_FOLDER_ACCESS_DENIED, XR_ERROR },
        { "ErrorMailboxMoveInProgress", XR_FINDING_MAILBOX_MOVING, XR_ERROR },
        { "ErrorNameResolutionMultipleResults", XR_FINDING_ADDRESS_AMBIGUOUS, XR_WARNING },
        { "ErrorServerBusy", XR_FINDING_EWS_THROTTLED, XR_ERROR },
        { "ErrorInvalidServerVersion", XR_FINDING_EWS_VERSION_UNSUPPORTED, XR_ERROR },
        { "ErrorCrossSiteRequest", XR_FINDING_EWS_ERROR, XR_ERROR },
    };

    for (size_t i = 0; i < sizeof(expected) / sizeof(*expected); i++) {
        const struct xr_ews_code *row = xr_ews_code_find(expected[i].name);
        ck_assert_msg(row, "%s is missing", expected[i].name);
        ck_assert_int_eq(row->code, expected[i].code);
        ck_assert_int_eq(row->status, expected[i].status);
    }
}
END_TEST

/* ews.error knows no cause of its own, so a code that ends there must bring one. */
START_TEST(causes_are_told)
{
    for (size_t i = 0; i < xr_ews_code_count; i++) {
        const struct xr_ews_code *row = &xr_ews_codes[i];
        ck_assert_msg(row->cause || row->code != XR_FINDING_EWS_ERROR, "%s: no cause", row->name);
        const char *wrong = row->cause ? wrong_prose(row->cause) : NULL;
        ck_assert_msg(!wrong, "%s: %s", row->name, wrong);
    }
}
END_TEST

START_TEST(a_code_known_by_its_class_says_so)
{
    size_t own = 0;

    for (size_t i = 0; i < xr_ews_code_count; i++) {
        const struct xr_ews_code *row = &xr_ews_codes[i];
        bool says_so = row->cause && strstr(row->cause, "exray knows only the class");
        ck_assert_msg(says_so == row->by_class, "%s", row->name);
        own += !row->by_class;
    }
    ck_assert_msg(own >= 109, "%zu codes with a cause of their own are left", own);
    ck_assert(xr_ews_code_find("ErrorCalendarIsNotOrganizer")->by_class);
    ck_assert(!xr_ews_code_find("ErrorServerBusy")->by_class);
}
END_TEST

/* Opens a list of all codes that the protocol documents; NULL: there is none here. */
static FILE *shared_list(const char *name)
{
    const char *shared = getenv("EXRAY_SHARED");
    const char *source = getenv("EXRAY_SOURCE");
    char path[4096];

    if (shared)
        (void)snprintf(path, sizeof(path), "%s/%s", shared, name);
    else
        (void)snprintf(path, sizeof(path), "%s/../shared/%s", source ? source : ".", name);
    FILE *list = fopen(path, "r");
    if (!list)
        printf("skipped: there is no %s (EXRAY_SHARED)\n", name);
    return list;
}

/* The code that a line names: its first word in the table, an enumeration's value in the schema.
 * NULL: none. */
static char *code_of_line(char *line)
{
    static const char value[] = "<xs:enumeration value=\"";
    char *at = strstr(line, value);

    at = at ? at + strlen(value) : line;
    at[strcspn(at, "\t\"\r\n")] = '\0';
    return strncmp(at, "Error", strlen("Error")) == 0 ? at : NULL;
}

static size_t assert_all_known(FILE *list, bool seen[])
{
    char line[512];
    size_t names = 0;

    while (fgets(line, sizeof(line), list)) {
        char *name = code_of_line(line);
        if (!name)
            continue;
        const struct xr_ews_code *row = xr_ews_code_find(name);
        ck_assert_msg(row, "%s is not in the table", name);
        seen[row - xr_ews_codes] = true;
        names++;
    }
    return names;
}

/* Against missing and misspelt names: each list is in the table, and the table in the lists. */
START_TEST(the_table_holds_the_names_of_the_protocol)
{
    FILE *list = shared_list("samples/ews_response_codes.tsv");
    FILE *schema = shared_list("xsd/messages.xsd");
    bool *seen = calloc(xr_ews_code_count, sizeof(*seen));

    if (list)
        ck_assert_uint_eq(assert_all_known(list, seen), 455); /* 456 with NoError */
    if (schema)
        ck_assert_uint_ge(assert_all_known(schema, seen), 500);
    for (size_t i = 0; list && schema && i < xr_ews_code_count; i++)
        ck_assert_msg(seen[i], "%s is no response code", xr_ews_codes[i].name);
    free(seen);
    if (list)
        (void)fclose(list);
    if (schema)
        (void)fclose(schema);
}
END_TEST

XR_UNIT_MAIN("ews_codes", rows_are_sorted_and_found, strangers_are_not_found,
    codes_lead_to_their_findings, causes_are_told, a_code_known_by_its_class_says_so,
    the_table_holds_the_names_of_the_protocol)
