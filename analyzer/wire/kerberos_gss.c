/* All of GSSAPI. */
#include <gssapi/gssapi_ext.h>
#include <gssapi/gssapi_krb5.h>
#include <string.h>

#include "analyzer/base/text.h"
#include "analyzer/wire/kerberos_session.h"

static gss_OID_desc spnego = { 6, (void *)(uintptr_t) "\x2b\x06\x01\x05\x05\x02" };

static const struct xr_err *failed(
    struct xr_arena *arena, const char *service, OM_uint32 major, OM_uint32 minor)
{
    gss_buffer_desc text = GSS_C_EMPTY_BUFFER;
    OM_uint32 ignored, more = 0;
    bool by_minor = minor != 0;

    (void)gss_display_status(&ignored, by_minor ? minor : major,
        by_minor ? GSS_C_MECH_CODE : GSS_C_GSS_CODE, GSS_C_NO_OID, &more, &text);
    const struct xr_err *err =
        xr_err(arena, XR_FAULT_KERBEROS_OTHER, (int)minor, "no token for %s: %.*s", service,
            (int)text.length, text.length ? (const char *)text.value : "");
    (void)gss_release_buffer(&ignored, &text);
    return err;
}

/* For SPNEGO, but with Kerberos alone in it: where another mechanism is installed, NTLM say, it
 * would go out under the name of Negotiate. */
static OM_uint32 acquire(const char *cache, gss_cred_id_t *ret, OM_uint32 *ret_minor)
{
    gss_OID_set_desc outer = { 1, &spnego }, inner = { 1, (gss_OID)(uintptr_t)gss_mech_krb5 };
    gss_key_value_element_desc element = { "ccache", cache };
    gss_key_value_set_desc place = { 1, &element };
    OM_uint32 major = gss_acquire_cred_from(ret_minor, GSS_C_NO_NAME, GSS_C_INDEFINITE, &outer,
        GSS_C_INITIATE, &place, ret, NULL, NULL);

    return GSS_ERROR(major) ? major : gss_set_neg_mechs(ret_minor, *ret, &inner);
}

static OM_uint32 import(
    struct xr_arena *arena, const char *service, gss_name_t *ret, OM_uint32 *ret_minor)
{
    gss_buffer_desc name = { strlen(service), xr_strdup(arena, service) };

    return gss_import_name(ret_minor, &name, (gss_OID)(uintptr_t)GSS_KRB5_NT_PRINCIPAL_NAME, ret);
}

static OM_uint32 init(struct xr_field bound_to, gss_cred_id_t cred, gss_name_t name,
    gss_buffer_desc *ret, OM_uint32 *ret_minor)
{
    struct gss_channel_bindings_struct binding = {
        .application_data = { bound_to.length, (void *)(uintptr_t)bound_to.bytes },
    };
    bool bound = bound_to.length > 0;
    gss_ctx_id_t context = GSS_C_NO_CONTEXT;
    OM_uint32 ignored, flags = GSS_C_MUTUAL_FLAG | (bound ? GSS_C_CHANNEL_BOUND_FLAG : 0);
    OM_uint32 major = gss_init_sec_context(ret_minor, cred, &context, name, &spnego, flags, 0,
        bound ? &binding : GSS_C_NO_CHANNEL_BINDINGS, GSS_C_NO_BUFFER, NULL, ret, NULL, NULL);

    (void)gss_delete_sec_context(&ignored, &context, GSS_C_NO_BUFFER);
    return major;
}

static const struct xr_err *take(struct xr_arena *arena, const char *service,
    const gss_buffer_desc *token, struct xr_kerberos_token *ret)
{
    if (!token->length || token->length > XR_KERBEROS_TOKEN_MAX)
        return xr_err(arena, XR_FAULT_KERBEROS_OTHER, 0,
            "the token for %s has %zu bytes, more than the %d that are sent", service,
            token->length, XR_KERBEROS_TOKEN_MAX);
    uint8_t *bytes = xr_alloc(arena, token->length);
    memcpy(bytes, token->value, token->length);
    ret->bytes = bytes;
    ret->length = token->length;
    return NULL;
}

const struct xr_err *xr_kerberos_gss(struct xr_arena *arena, const char *cache, const char *service,
    struct xr_field binding, struct xr_kerberos_token *ret)
{
    gss_cred_id_t cred = GSS_C_NO_CREDENTIAL;
    gss_name_t name = GSS_C_NO_NAME;
    gss_buffer_desc token = GSS_C_EMPTY_BUFFER;
    OM_uint32 minor = 0, ignored, major = acquire(cache, &cred, &minor);

    if (!GSS_ERROR(major))
        major = import(arena, service, &name, &minor);
    if (!GSS_ERROR(major))
        major = init(binding, cred, name, &token, &minor);
    const struct xr_err *err =
        GSS_ERROR(major) ? failed(arena, service, major, minor) : take(arena, service, &token, ret);
    (void)gss_release_buffer(&ignored, &token);
    (void)gss_release_name(&ignored, &name);
    (void)gss_release_cred(&ignored, &cred);
    return err;
}
