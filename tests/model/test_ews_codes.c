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

static bool file_has_line(FILE *list, const char *name)
{
    char line[256];
    size_t length = strlen(name);

    rewind(list);
    while (fgets(line, sizeof(line), list))
        if (strncmp(line, name, length) == 0 && line[length] == '\t')
            return true;
    return false;
}

/* Against misspelt names: the list of all names that the protocol documents. */
START_TEST(every_name_is_one_of_the_protocol)
{
    const char *shared = getenv("EXRAY_SHARED");
    const char *source = getenv("EXRAY_SOURCE");
    char path[4096];

    if (shared)
        (void)snprintf(path, sizeof(path), "%s/samples/ews_response_codes.tsv", shared);
    else
        (void)snprintf(path, sizeof(path), "%s/../shared/samples/ews_response_codes.tsv",
            source ? source : ".");
    FILE *list = fopen(path, "r");
    if (!list) {
        printf("skipped: there is no list of response codes (EXRAY_SHARED)\n");
        return;
    }
    for (size_t i = 0; i < xr_ews_code_count; i++)
        ck_assert_msg(file_has_line(list, xr_ews_codes[i].name), "%s is no response code",
            xr_ews_codes[i].name);
    (void)fclose(list);
}
END_TEST

XR_UNIT_MAIN("ews_codes", rows_are_sorted_and_found, strangers_are_not_found,
    codes_lead_to_their_findings, causes_are_told, every_name_is_one_of_the_protocol)
