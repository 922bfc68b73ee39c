#include <string.h>

#include "analyzer/wire/ews.h"
#include "tests/unit.h"

#define OLD_FAULT(message)                                                                     \
    "<soap:Envelope xmlns:soap='http://schemas.xmlsoap.org/soap/envelope/'><soap:Body>"        \
    "<soap:Fault><faultcode>soap:Client</faultcode>"                                           \
    "<faultstring>The request failed schema validation.</faultstring><detail>"                 \
    "<e:ResponseCode xmlns:e='http://schemas.microsoft.com/exchange/services/2006/errors'>"    \
    "ErrorSchemaValidation</e:ResponseCode>"                                                   \
    "<e:Message xmlns:e='http://schemas.microsoft.com/exchange/services/2006/errors'>" message \
    "</e:Message></detail></soap:Fault></soap:Body></soap:Envelope>"
#define NEW_FAULT(violation)                                                                    \
    "<s:Envelope xmlns:s='http://schemas.xmlsoap.org/soap/envelope/'><s:Body><s:Fault>"         \
    "<faultcode xmlns:a='http://schemas.microsoft.com/exchange/services/2006/types'>"           \
    "a:ErrorSchemaValidation</faultcode><faultstring>The request failed schema "                \
    "validation.</faultstring><detail><t:MessageXml "                                           \
    "xmlns:t='http://schemas.microsoft.com/exchange/services/2006/types'><t:LineNumber>3"       \
    "</t:LineNumber><t:Violation>" violation "</t:Violation></t:MessageXml></detail></s:Fault>" \
    "</s:Body></s:Envelope>"
#define VERSION                                                                              \
    "The 'Version' attribute is invalid - The value 'Exchange2013_SP1' is invalid "          \
    "according to its datatype "                                                             \
    "'http://schemas.microsoft.com/exchange/services/2006/types:ExchangeVersionType' - The " \
    "Enumeration constraint failed."
#define KEY                                                                              \
    "The 'Key' attribute is invalid - The value 'EmailAddress4' is invalid according "   \
    "to its data type "                                                                  \
    "'http://schemas.microsoft.com/exchange/services/2006/types:EmailAddressKeyType' - " \
    "The Enumeration constraint failed."

static void assert_code(const char *body, const char *code)
{
    struct xr_arena *arena = xr_arena_new();
    struct xr_ews_reply reply;

    ck_assert_ptr_null(xr_ews_parse(arena, "GetFolder", body, strlen(body), &reply));
    ck_assert_str_eq(reply.code, code);
    xr_arena_free(arena);
}

/* A server older than the version knows it only as a value that its schema does not list. */
START_TEST(a_version_that_the_schema_does_not_list_is_told_from_other_values)
{
    assert_code(OLD_FAULT(VERSION), "ErrorInvalidServerVersion");
    assert_code(NEW_FAULT(VERSION), "ErrorInvalidServerVersion");
    assert_code(OLD_FAULT(KEY), "ErrorSchemaValidation");
    assert_code(NEW_FAULT(KEY), "ErrorSchemaValidation");
}
END_TEST

XR_UNIT_MAIN("soap", a_version_that_the_schema_does_not_list_is_told_from_other_values)
