#include <string.h>

#include "reports/html.h"

enum { LEAVES_MAX = 26 }; /* told apart by a letter each */

static bool has_addresses(const struct xr_page *page)
{
    return page->run->facts.addresses != NULL;
}

/* The server certificates that the addresses showed, each once, in their order. */
struct leaves {
    const char *at[LEAVES_MAX];
    int uses[LEAVES_MAX];
    size_t count;
};

static size_t leaf_index(const struct leaves *leaves, const char *sha256)
{
    size_t i = 0;

    while (i < leaves->count && strcmp(leaves->at[i], sha256))
        i++;
    return i;
}

static void count_leaves(const struct xr_page *page, struct leaves *leaves)
{
    const struct xr_fact_address *address = page->run->facts.addresses;

    for (; address; address = address->next) {
        if (!address->leaf_sha256)
            continue;
        size_t i = leaf_index(leaves, address->leaf_sha256);
        if (i == LEAVES_MAX)
            continue;
        leaves->at[i] = address->leaf_sha256;
        leaves->uses[i]++;
        leaves->count += i == leaves->count;
    }
}

static const char *leaves_note(const struct xr_page *page, const struct leaves *leaves)
{
    if (leaves->count > 1)
        return xr_printf(page->run->arena,
            "They show %zu different certificates: which one a client gets is chance.",
            leaves->count);
    if (leaves->count && leaves->uses[0] > 1)
        return "All that shook hands show the same certificate.";
    return NULL;
}

/* The same letter, the same certificate: more is in the fingerprint's ends. */
static void put_leaf(const struct xr_page *page, const struct leaves *leaves, const char *sha256)
{
    (void)fputs("<td role=\"cell\" data-l=\"Certificate\">", page->out);
    size_t i = sha256 ? leaf_index(leaves, sha256) : LEAVES_MAX;
    if (leaves->count > 1 && i < leaves->count)
        (void)fprintf(page->out, "<b class=\"leaf l%zu\">%c</b> ", i ? (size_t)1 : (size_t)0,
            "ABCDEFGHIJKLMNOPQRSTUVWXYZ"[i]);
    (void)fputs("<code>", page->out);
    xr_html_text(page->out, sha256 ? xr_page_short_digest(page->run->arena, sha256) : "–");
    (void)fputs("</code></td>", page->out);
}

static void put_time(const struct xr_page *page, const char *label, int64_t us)
{
    (void)fprintf(page->out, "<td role=\"cell\" class=\"num\" data-l=\"%s\">", label);
    if (us < 0)
        (void)fputs("–", page->out);
    else
        xr_page_ms(page, us);
    (void)fputs("</td>", page->out);
}

static void put_address(
    const struct xr_page *page, const struct leaves *leaves, const struct xr_fact_address *address)
{
    (void)fprintf(page->out, "<tr role=\"row\" class=\"%s\"><th role=\"rowheader\" scope=\"row\">",
        xr_status_name(address->status));
    xr_html_remote(page->out, address->address);
    (void)fputs("</th><td role=\"cell\" data-l=\"Result\">", page->out);
    xr_page_status(page, address->status);
    (void)fputs("</td>", page->out);
    put_time(page, "Connect", address->connect_us);
    put_time(page, "Handshake", address->handshake_us);
    xr_page_cell(page, "Protocol", address->protocol);
    put_leaf(page, leaves, address->leaf_sha256);
    xr_page_cell(page, "Verdict", address->verdict ? address->verdict : address->message);
    (void)fputs("</tr>\n", page->out);
}

static void put_addresses(const struct xr_page *page)
{
    static const char *const heads[] = { "Address", "Result", "Connect", "Handshake", "Protocol",
        "Certificate", "Verdict" };
    struct leaves leaves = { .count = 0 };

    count_leaves(page, &leaves);
    xr_page_section(page, "addresses", "Addresses, side by side", leaves_note(page, &leaves));
    (void)fputs("</div>\n<div class=\"card\">", page->out);
    xr_page_table_head(page, "sides", heads, sizeof(heads) / sizeof(*heads));
    (void)fputs("<tbody role=\"rowgroup\">\n", page->out);
    for (const struct xr_fact_address *at = page->run->facts.addresses; at; at = at->next)
        put_address(page, &leaves, at);
    (void)fputs("</tbody></table></div>\n", page->out);
    xr_page_section_end(page);
}

const struct xr_section xr_section_addresses = {
    .id = "addresses",
    .title = "Addresses",
    .wanted = has_addresses,
    .write = put_addresses,
};

static bool has_protocols(const struct xr_page *page)
{
    return page->run->facts.offers || page->run->facts.tls_protocol;
}

static void put_agreed(const struct xr_page *page, const char *label, const char *value)
{
    if (!value)
        return;
    (void)fprintf(page->out, "<div><dt>%s</dt><dd>", label);
    xr_html_remote(page->out, value);
    (void)fputs("</dd></div>\n", page->out);
}

static const char *answer_word(const char *answer)
{
    static const struct {
        const char *answer, *word;
    } words[] = { { "yes", "Yes" }, { "no", "No" }, { "unknown", "Not known" } };

    for (size_t i = 0; answer && i < sizeof(words) / sizeof(*words); i++)
        if (!strcmp(answer, words[i].answer))
            return words[i].word;
    return answer;
}

static void put_offer(const struct xr_page *page, const struct xr_fact_offer *offer)
{
    (void)fprintf(page->out, "<tr role=\"row\" class=\"%s\"><th role=\"rowheader\" scope=\"row\">",
        xr_status_name(offer->status));
    xr_html_prose(page->out, offer->question);
    (void)fputs("</th>", page->out);
    xr_page_cell(page, "Answer", answer_word(offer->answer));
    xr_page_cell(page, "Detail", offer->detail);
    (void)fputs("<td role=\"cell\" data-l=\"Result\">", page->out);
    xr_page_status(page, offer->status);
    (void)fputs("</td></tr>\n", page->out);
}

static void put_offers(const struct xr_page *page)
{
    static const char *const heads[] = { "Question", "Answer", "Detail", "Result" };
    const struct xr_fact_offer *offer = page->run->facts.offers;

    if (!offer)
        return;
    (void)fputs("<div class=\"card\">", page->out);
    xr_page_table_head(page, "offers", heads, sizeof(heads) / sizeof(*heads));
    (void)fputs("<tbody role=\"rowgroup\">\n", page->out);
    for (; offer; offer = offer->next)
        put_offer(page, offer);
    (void)fputs("</tbody></table></div>\n", page->out);
}

static void put_protocols(const struct xr_page *page)
{
    const struct xr_facts *facts = &page->run->facts;

    xr_page_section(page, "protocols", "Protocols and ciphers",
        facts->offers ? "What the server would agree to, asked without any secret." : NULL);
    (void)fputs("</div>\n", page->out);
    if (facts->tls_protocol) {
        (void)fputs("<dl class=\"facts card pad agreed\">\n", page->out);
        put_agreed(page, "Agreed on", facts->tls_protocol);
        put_agreed(page, "Cipher", facts->tls_cipher);
        put_agreed(page, "Key exchange", facts->tls_group);
        put_agreed(page, "ALPN", facts->tls_alpn);
        (void)fputs("</dl>\n", page->out);
    }
    put_offers(page);
    xr_page_section_end(page);
}

const struct xr_section xr_section_protocols = {
    .id = "protocols",
    .title = "Protocols and ciphers",
    .wanted = has_protocols,
    .write = put_protocols,
};
