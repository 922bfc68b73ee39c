#include <errno.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/pkcs7.h>
#include <string.h>
#include <unistd.h>

#include "analyzer/base/buf.h"
#include "analyzer/base/text.h"
#include "analyzer/wire/certificate.h"

enum { CHUNK = 64 * 1024, LABEL_MAX = 80 };

static const char begin_mark[] = "-----BEGIN ", end_mark[] = "-----END ", dashes[] = "-----";

/* A walk through the text, block by block. */
struct pem_reader {
    struct xr_arena *arena;
    const char *path, *at; /* at: where to look for the next block */
    size_t line;           /* of "at", from 1 */
    struct xr_chain *chain;
    struct xr_der *found; /* grows by doubling */
    size_t bundle_line;   /* of a PKCS #7 block; 0: there is none */
    size_t capacity;
};

static void fd_done(int *fd)
{
    if (*fd >= 0)
        (void)close(*fd);
}

static const struct xr_err *damaged(const struct pem_reader *reader, size_t line, const char *why)
{
    return xr_err(reader->arena, XR_FAULT_CONTENT, 0, "%s: line %zu: %s", reader->path, line, why);
}

static const struct xr_err *slurp(struct xr_arena *arena, const char *path, struct xr_buf *text)
{
    __attribute__((cleanup(fd_done))) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    char *chunk = xr_alloc(arena, CHUNK);
    ssize_t got = -1;

    while (fd >= 0 && (got = read(fd, chunk, CHUNK)) > 0)
        if (!xr_buf_add(text, chunk, (size_t)got))
            return xr_err(arena, XR_FAULT_CONTENT, 0,
                "%s: the file is larger than %d MiB; give the certificates of one chain alone",
                path, XR_CHAIN_FILE_MAX / 1024 / 1024);
    if (got < 0)
        return xr_err(arena, XR_FAULT_CONTENT, errno, "%s: the file cannot be read: %s", path,
            strerrordesc_np(errno));
    return NULL;
}

static size_t count_lines(const char *from, const char *to)
{
    size_t n = 0;

    for (; from < to; from++)
        n += *from == '\n';
    return n;
}

static void move_to(struct pem_reader *reader, const char *to)
{
    reader->line += count_lines(reader->at, to);
    reader->at = to;
}

static bool is_certificate(const char *label)
{
    return !strcmp(label, PEM_STRING_X509) || !strcmp(label, PEM_STRING_X509_OLD) ||
           !strcmp(label, PEM_STRING_X509_TRUSTED);
}

static void keep(struct pem_reader *reader, struct xr_der der)
{
    struct xr_chain *chain = reader->chain;

    if (chain->sent_n == reader->capacity) {
        reader->capacity = reader->capacity ? reader->capacity * 2 : 8;
        struct xr_der *grown = xr_new_n(reader->arena, struct xr_der, reader->capacity);
        if (chain->sent_n)
            memcpy(grown, reader->found, chain->sent_n * sizeof(*grown));
        reader->found = grown;
        chain->sent = grown;
    }
    reader->found[chain->sent_n++] = der;
}

/* What of these bytes is the certificate: OpenSSL writes notes on trust behind a trusted one. */
static struct xr_der certificate_in(struct xr_arena *arena, const unsigned char *bytes, long length)
{
    const unsigned char *at = bytes;
    X509 *certificate = d2i_X509(NULL, &at, length);
    struct xr_der der = { NULL, 0 };

    if (certificate) {
        unsigned char *kept = xr_alloc(arena, (size_t)(at - bytes));
        memcpy(kept, bytes, (size_t)(at - bytes));
        der = (struct xr_der){ kept, (size_t)(at - bytes) };
    }
    X509_free(certificate);
    ERR_clear_error();
    return der;
}

/* The block that starts at the mark. */
static const struct xr_err *read_certificate(struct pem_reader *reader, const char *end)
{
    BIO *bio = BIO_new_mem_buf(reader->at, (int)(end - reader->at));
    char *name = NULL, *header = NULL;
    unsigned char *bytes = NULL;
    long length = 0;
    bool readable = PEM_read_bio(bio, &name, &header, &bytes, &length) == 1;
    struct xr_der der = { NULL, 0 };

    if (readable)
        der = certificate_in(reader->arena, bytes, length);
    BIO_free(bio);
    OPENSSL_free(name);
    OPENSSL_free(header);
    OPENSSL_free(bytes);
    ERR_clear_error();
    if (!readable)
        return damaged(reader, reader->line,
            xr_printf(reader->arena, "certificate number %zu is damaged: it is not base64",
                reader->chain->sent_n + 1));
    if (!der.bytes)
        return xr_err(reader->arena, XR_FAULT_CONTENT, EILSEQ,
            "%s: line %zu: certificate number %zu is malformed: clients cannot read it",
            reader->path, reader->line, reader->chain->sent_n + 1);
    keep(reader, der);
    return NULL;
}

/* A line "-----END LABEL-----" after the mark, or NULL. Just behind it. */
static const char *end_of_block(struct xr_arena *arena, const char *at, const char *label)
{
    const char *mark = xr_printf(arena, "%s%s%s", end_mark, label, dashes);
    const char *end = strstr(at, mark), *next = strstr(at + 1, begin_mark);

    return !end || (next && next < end) ? NULL : end + strlen(mark);
}

static const struct xr_err *read_block(struct pem_reader *reader)
{
    const char *label = reader->at + strlen(begin_mark);
    const char *close = strstr(label, dashes);
    size_t length = close ? (size_t)(close - label) : 0;

    if (!close || length > LABEL_MAX || memchr(label, '\n', length))
        return damaged(reader, reader->line, "a block begins here, but its first line is damaged");
    label = xr_strndup(reader->arena, label, length);
    const char *end = end_of_block(reader->arena, reader->at, label);
    if (!end)
        return damaged(reader, reader->line,
            xr_printf(reader->arena,
                "the block \"%s\" that begins here has no end: is the file cut off?",
                xr_excerpt(reader->arena, label, LABEL_MAX)));
    if (!strcmp(label, PEM_STRING_PKCS7) || !strcmp(label, PEM_STRING_CMS))
        reader->bundle_line = reader->line;
    if (is_certificate(label)) {
        const struct xr_err *err = read_certificate(reader, end);
        if (err)
            return err;
    }
    move_to(reader, end);
    return NULL;
}

/* Certificates without PEM around them, one behind the other. */
static void read_binary(struct pem_reader *reader, const struct xr_buf *text)
{
    const unsigned char *at = (const unsigned char *)text->at;

    for (size_t left = text->length; left;) {
        struct xr_der der = certificate_in(reader->arena, at, (long)left);
        if (!der.bytes)
            return;
        keep(reader, der);
        at += der.length;
        left -= der.length;
    }
}

static bool is_binary_bundle(const struct xr_buf *text)
{
    const unsigned char *at = (const unsigned char *)text->at;
    PKCS7 *message = d2i_PKCS7(NULL, &at, (long)text->length);
    bool is_one = message && PKCS7_type_is_signed(message);

    PKCS7_free(message);
    ERR_clear_error();
    return is_one;
}

static const struct xr_err *nothing_found(
    const struct pem_reader *reader, const struct xr_buf *text)
{
    struct xr_arena *arena = reader->arena;
    bool binary = text->length && memchr(text->at, '\0', text->length);

    if (!text->length)
        return xr_err(arena, XR_FAULT_CONTENT, 0, "%s: the file is empty", reader->path);
    if (reader->bundle_line)
        return damaged(reader, reader->bundle_line,
            "this is a p7b (PKCS #7): \"openssl pkcs7 -print_certs\" makes PEM of it");
    if (is_binary_bundle(text))
        return xr_err(arena, XR_FAULT_CONTENT, 0,
            "%s: this is a binary p7b (PKCS #7): \"openssl pkcs7 -inform DER -print_certs\" makes "
            "PEM of it",
            reader->path);
    return xr_err(arena, XR_FAULT_CONTENT, 0,
        binary ? "%s: no certificate in PEM or DER; the file is binary: of a PFX \"openssl pkcs12 "
                 "-nokeys\" makes PEM"
               : "%s: no certificate in PEM (\"-----BEGIN CERTIFICATE-----\") in this file",
        reader->path);
}

const struct xr_err *xr_chain_read(struct xr_arena *arena, const char *path, struct xr_chain *ret)
{
    struct pem_reader reader = { .arena = arena, .path = path, .line = 1, .chain = ret };
    const struct xr_err *err;
    xr_auto_buf text;

    *ret = (struct xr_chain){ 0 };
    xr_buf_init(&text, XR_CHAIN_FILE_MAX);
    err = slurp(arena, path, &text);
    reader.at = text.at ? text.at : "";
    for (const char *next; !err && (next = strstr(reader.at, begin_mark));) {
        move_to(&reader, next);
        err = read_block(&reader);
    }
    if (!err && !ret->sent_n)
        read_binary(&reader, &text);
    if (!err && !ret->sent_n)
        err = nothing_found(&reader, &text);
    return err;
}
