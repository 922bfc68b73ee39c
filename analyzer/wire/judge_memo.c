#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "analyzer/base/text.h"
#include "analyzer/wire/judge.h"

/*
 * The connections of one run to one server show the same certificates, mostly within a second:
 * what was made of the first chain is then true of the others. Each connection is still judged
 * before its first byte: its chain is compared byte by byte, and anything that differs (host,
 * second, options, chain) is judged anew. One chain is remembered, the last.
 */
struct xr_judge_memo {
    pthread_mutex_t lock;
    struct xr_arena *arena; /* of all that follows; NULL: nothing is remembered */
    const char *host;
    int64_t second;
    struct xr_net net; /* byte by byte: whichever of its options count, they are the same */
    struct xr_der sent;
    struct xr_tls_session verdict;
};

/* A chain that is longer than any sensible one is not kept. */
enum { KEPT_MAX = 64 * 1024 };

struct xr_judge_memo *xr_judge_memo_new(void)
{
    struct xr_judge_memo *memo = calloc(1, sizeof(*memo));

    if (!memo)
        abort();
    (void)pthread_mutex_init(&memo->lock, NULL);
    return memo;
}

void xr_judge_memo_free(struct xr_judge_memo *memo)
{
    if (!memo)
        return;
    xr_arena_free(memo->arena);
    (void)pthread_mutex_destroy(&memo->lock);
    free(memo);
}

/* The certificates one behind the other: DER tells where each ends. Length 0: not to be kept. */
static struct xr_der bytes_of(struct xr_arena *arena, STACK_OF(X509) * sent)
{
    size_t length = 0;

    for (int i = 0; i < sk_X509_num(sent); i++) {
        int one = i2d_X509(sk_X509_value(sent, i), NULL);
        if (one <= 0 || (length += (size_t)one) > KEPT_MAX)
            return (struct xr_der){ NULL, 0 };
    }
    unsigned char *bytes = xr_alloc(arena, length + 1), *to = bytes;
    for (int i = 0; i < sk_X509_num(sent); i++)
        (void)i2d_X509(sk_X509_value(sent, i), &to);
    return (struct xr_der){ bytes, length };
}

static const char *copy(struct xr_arena *arena, const char *text)
{
    return text ? xr_strdup(arena, text) : NULL;
}

static struct xr_certificate *copy_certificate(
    struct xr_arena *arena, const struct xr_certificate *from)
{
    struct xr_certificate *to = xr_new(arena, struct xr_certificate);
    unsigned char *der = xr_alloc(arena, from->der.length + 1);

    *to = *from;
    const char **texts[] = { &to->subject, &to->issuer, &to->common_name, &to->serial, &to->sha256,
        &to->key, &to->signature, &to->names, &to->purposes, &to->issuer_url, &to->ocsp_url,
        &to->crl_url };
    for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
        *texts[i] = copy(arena, *texts[i]);
    memcpy(der, from->der.bytes, from->der.length);
    to->der.bytes = der;
    to->next = NULL;
    return to;
}

/* What xr_judge() fills, and nothing else. */
static void copy_verdict(
    struct xr_arena *arena, const struct xr_tls_session *from, struct xr_tls_session *to)
{
    struct xr_certificate **certificate = &to->certificates;
    struct xr_tls_flaw **flaw = &to->flaws;

    *certificate = NULL;
    for (const struct xr_certificate *at = from->certificates; at; at = at->next) {
        *certificate = copy_certificate(arena, at);
        certificate = &(*certificate)->next;
    }
    *flaw = NULL;
    for (const struct xr_tls_flaw *at = from->flaws; at; at = at->next) {
        *flaw = xr_new(arena, struct xr_tls_flaw);
        **flaw = *at;
        (*flaw)->text = copy(arena, at->text);
        (*flaw)->next = NULL;
        flaw = &(*flaw)->next;
    }
    to->leaf_sha256 = copy(arena, from->leaf_sha256);
    to->sent_n = from->sent_n;
    to->trusted = from->trusted;
}

/* Called with the lock. */
static bool is_the_same(
    const struct xr_judge_memo *memo, const struct xr_case *judged, const struct xr_der *sent)
{
    bool hosts =
        memo->host && judged->host ? !strcmp(memo->host, judged->host) : memo->host == judged->host;

    return memo->arena && hosts && memo->second == judged->at_ms / 1000 &&
           !memcmp(&memo->net, judged->net, sizeof(memo->net)) &&
           memo->sent.length == sent->length &&
           !memcmp(memo->sent.bytes, sent->bytes, sent->length);
}

bool xr_judge_recall(const struct xr_case *judged, STACK_OF(X509) * sent)
{
    struct xr_judge_memo *memo = judged->net->trust->memo;
    struct xr_der bytes = memo ? bytes_of(judged->arena, sent) : (struct xr_der){ NULL, 0 };

    if (!bytes.length)
        return false;
    (void)pthread_mutex_lock(&memo->lock);
    bool same = is_the_same(memo, judged, &bytes);
    if (same)
        copy_verdict(judged->arena, &memo->verdict, judged->session);
    (void)pthread_mutex_unlock(&memo->lock);
    return same;
}

void xr_judge_remember(const struct xr_case *judged, STACK_OF(X509) * sent)
{
    struct xr_judge_memo *memo = judged->net->trust->memo;

    if (!memo)
        return;
    (void)pthread_mutex_lock(&memo->lock);
    xr_arena_free(memo->arena);
    memo->arena = xr_arena_new();
    memo->sent = bytes_of(memo->arena, sent);
    if (memo->sent.length) {
        memo->host = copy(memo->arena, judged->host);
        memo->second = judged->at_ms / 1000;
        memcpy(&memo->net, judged->net, sizeof(memo->net));
        copy_verdict(memo->arena, judged->session, &memo->verdict);
    } else {
        xr_arena_free(memo->arena);
        memo->arena = NULL;
    }
    (void)pthread_mutex_unlock(&memo->lock);
}
