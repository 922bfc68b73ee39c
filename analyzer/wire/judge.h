#ifndef XR_JUDGE_H
#define XR_JUDGE_H

#include "analyzer/wire/certificate.h"

/* What the files that judge a chain share: judge, path, conform, remarks, flaw and flaw_text. */

enum {
    XR_TOLD_MAX = 256,
    XR_CHAIN_DEPTH_MAX = 20, /* certificates below the root; NSS takes no more */
};

/* One defect of one certificate of a path, not yet put into words. */
struct xr_told {
    enum xr_flaw flaw;
    int depth, code; /* code: X509_V_ERR_*, 0: a rule of our own */
    const char *why; /* a phrase about the certificate ("it holds ..."); NULL: as the code says */
};

struct xr_verdict {
    STACK_OF(X509) * chain; /* leaf first; owned */
    struct xr_told told[XR_TOLD_MAX];
    size_t told_n;
    int broken;       /* X509_V_ERR_* of a verification that could not be done; 0: it was */
    const char *why;  /* it could not: a phrase ("it has ..."); NULL: as the code says */
    int weight;       /* 0: nothing serious */
    int64_t until_us; /* of this thread's own time: see struct xr_case */
};

struct xr_case {
    struct xr_arena *arena;
    const struct xr_net *net;
    const char *host; /* NULL: names are not judged */
    int64_t at_ms;
    int64_t until_us; /* on the scale of xr_thread_us(): the end of what one judgement may cost */
    struct xr_tls_session *session;
    STACK_OF(X509) * sent;    /* leaf first, at most XR_CHAIN_SENT_MAX */
    STACK_OF(X509) * fetched; /* may be empty, never NULL */
    STACK_OF(X509) * pool;    /* all of them but the leaf: what may lie between leaf and root */
    STACK_OF(X509) * roots;   /* those of the trust store that any of them names as issuer */
    STACK_OF(X509) * refused; /* named as roots, but no anchors: see may_be_anchor() */
    STACK_OF(X509) * chain;   /* the path that was chosen */
};

bool xr_is_among(STACK_OF(X509) * certificates, const X509 *certificate);
bool xr_is_self_issued(const X509 *certificate);
bool xr_is_invalid(X509 *certificate); /* OpenSSL cannot read all of it */

/* wire/judge_memo.c: one chain that was judged, in a trust store. true: the session is filled as it
 * was for the same bytes, host and second. */
struct xr_judge_memo *xr_judge_memo_new(void);
void xr_judge_memo_free(struct xr_judge_memo *memo); /* NULL is fine */
bool xr_judge_recall(const struct xr_case *judged, STACK_OF(X509) * sent);
void xr_judge_remember(const struct xr_case *judged, STACK_OF(X509) * sent);

/* wire/path.c: what to make of the path that OpenSSL builds over these. */
void xr_path_judge(const struct xr_case *judged, STACK_OF(X509) * anchors, STACK_OF(X509) * between,
    struct xr_verdict *ret);
/* The plain verdict, or that of a better path when there is one: then *ret_plain holds what the
 * plain one was first to say (NULL: the plain verdict stands). */
void xr_path_best(const struct xr_case *judged, struct xr_verdict *ret, struct xr_told *ret_plain);
/* What is mild may be left out when there is too much of it; what is serious breaks the verdict
 * rather than get lost. */
void xr_verdict_tell(struct xr_verdict *verdict, struct xr_told told);
/* The first reason stays. why NULL: as the code says. */
void xr_verdict_break(struct xr_verdict *verdict, int code, const char *why);
/* Has it taken too long? Then it is broken. */
bool xr_verdict_is_late(struct xr_verdict *verdict);
int64_t xr_thread_us(void); /* what this thread has used of the processor */
void xr_verdict_done(struct xr_verdict *verdict);

/* wire/conform.c: rules that clients enforce and OpenSSL does not, and some that none enforces. */
void xr_conform(const struct xr_case *judged, struct xr_verdict *verdict);
/* Would it take too long to compare all names of these with all their name constraints? Neither
 * OpenSSL nor xr_conform() may be given such a chain. */
bool xr_has_too_many_names(
    X509 *leaf, const STACK_OF(X509) * anchors, const STACK_OF(X509) * between);

/* wire/remarks.c: what there is to say about a chain as it was sent, beside its validity. */
void xr_remark(const struct xr_case *judged);

/* wire/flaw.c */
enum xr_flaw xr_flaw_of_code(int code, int depth, X509 *certificate);
int xr_flaw_weight(enum xr_flaw flaw);
const char *xr_code_phrase(int code);

/* wire/flaw_text.c: a sentence. certificate: the one at the depth of what is told. */
const char *xr_flaw_text(const struct xr_case *judged, const struct xr_told *told,
    const struct xr_certificate *certificate);
const char *xr_flaw_quote(struct xr_arena *arena, const char *text);
const char *xr_date(struct xr_arena *arena, int64_t ms);

#endif
