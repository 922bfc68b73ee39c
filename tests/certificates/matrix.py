"""The certificates of the matrix: what is sent, and the exact findings that the step ssl-trust must tell of it.

Each row is judged twice, by a handshake with openssl s_server and from a file, and must come out alike.
"""
import datetime

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.x509.oid import ExtendedKeyUsageOID as Use

import pki
from pki import authority
from servers import WEAK

ROWS = []
ONLY_1_3 = ["newest-protocol-only"]  # in TLS 1.2 s_server itself refuses a key that may not sign


class Row:
    """make(authorities) gives what is sent, leaf first. expect: the findings of both ways; live, offline: those of one way alone, on top.

    trust(authorities) gives the roots. only: "live" or "offline". server: options of s_server. options: of both commands.
    says: what the messages must name, both ways.
    """

    def __init__(self, name, make, *expect, host=pki.HOST, server=(), live=(), offline=(), only=None, options=(), says=(), trust=None, at=None):
        self.name, self.make, self.expect, self.host, self.server, self.live, self.offline = name, make, expect, host, server, live, offline
        self.only, self.options, self.says, self.at = "offline" if at else only, options, says, at
        self.trust = trust or (lambda m: [m.root])


def row(name, make, *expect, **how):
    ROWS.append(Row(name, make, *expect, **how))


def weak(name, make, *expect, **how):
    """s_server serves a weak one only when it is told not to mind."""
    row(name, make, *expect, server=WEAK, **how)


# ---- sound ----

row("sound", lambda m: m.sent())
row("sound-rsa", lambda m: m.sent(key="RSA:2048"))
row("sound-wildcard", lambda m: m.sent("*.example.test"))
row("sound-address", lambda m: m.sent("127.0.0.1"), host="127.0.0.1")
row("sound-address-v6", lambda m: m.sent("::1"), host="::1")
row("sound-root-sent", lambda m: [*m.sent(), m.root])
row("sound-leaf-below-root", lambda m: [m.leaf(by=m.root)])
row("sound-three-levels", lambda m: [m.leaf(by=(low := authority("CN=Exray Low CA", m.deep))), low, m.deep])
row("sound-many-names", lambda m: m.sent(pki.HOST, "autodiscover.example.test", "*.example.test", "10.0.0.1"))
row("sound-upper-case-name", lambda m: m.sent("MAIL.Example.TEST"))
row("sound-root-with-the-leaf-s-key-kind", lambda m: m.sent(by=m.rsa2048, key="RSA:2048"))

# ---- dates ----

row("expired", lambda m: m.sent(dates=(-400, -3)), "expired")
row("not-yet-valid", lambda m: m.sent(dates=(3, 90)), "not-yet-valid")
row("expires-in-5-days", lambda m: m.sent(dates=(-80, 5)), "expires-soon=error")
row("expires-in-20-days", lambda m: m.sent(dates=(-80, 20)), "expires-soon")
row("expires-tomorrow", lambda m: m.sent(dates=(-80, 1)), "expires-soon=error", says=["tomorrow"])
row("fresh-certificate-of-six-days", lambda m: m.sent(dates=(-1, 5)))
row("certificate-of-six-days-on-its-last", lambda m: m.sent(dates=(-5, 1)), "expires-soon", says=["tomorrow"])
row("expires-in-40-days", lambda m: m.sent(dates=(-80, 40)))
row("expires-in-40-days-and-50-are-asked-for", lambda m: m.sent(dates=(-80, 40)), "expires-soon", options=["--warn-days", "50"])
row("expires-in-20-days-and-25-are-critical", lambda m: m.sent(dates=(-80, 20)), "expires-soon=error", options=["--crit-days", "25"])
row("issuer-expired", lambda m: m.sent(by=m.expired), "expired")
row("issuer-not-yet-valid", lambda m: m.sent(by=m.future), "not-yet-valid")
row("issuer-and-leaf-expired", lambda m: m.sent(by=m.expired, dates=(-400, -30)), "expired")
row("root-expired", lambda m: m.sent(by=m.old_root)[:1], "expired", trust=lambda m: [m.old_root])
row("year-9999", lambda m: m.sent(dates=(-30, datetime.datetime(9999, 12, 31, 23, 59, 59))))

EDGE = datetime.datetime(2026, 3, 1, 12, 0, 0), datetime.datetime(2026, 5, 1, 12, 0, 0)
NO_WARNING = ["--warn-days", "0", "--crit-days", "0"]


def edge(name, at, *expect, options=NO_WARNING):
    row(name, lambda m: m.sent(dates=EDGE), *expect, at=at, options=options)


edge("edge-a-second-before-the-end", "2026-05-01T11:59:59Z")
edge("edge-at-the-end", "2026-05-01T12:00:00Z")
edge("edge-a-second-after-the-end", "2026-05-01T12:00:01Z", "expired")
edge("edge-a-second-before-the-begin", "2026-03-01T11:59:59Z", "not-yet-valid")
edge("edge-at-the-begin", "2026-03-01T12:00:00Z")
edge("edge-with-an-offset", "2026-05-01T14:00:01+02:00", "expired")
edge("edge-with-an-offset-before-the-end", "2026-05-01T07:00:00-05:00")
edge("edge-days-left-count-from-that-moment", "2026-04-11T12:00:00Z", "expires-soon", options=[])

# ---- names ----

row("name-other", lambda m: m.sent("other.example.test"), "name-mismatch", says=["other.example.test", pki.HOST])
row("name-in-cn-only", lambda m: m.sent(san=None), "name-mismatch")
row("name-in-cn-and-another-in-san", lambda m: m.sent("autodiscover.example.test", subject=f"CN={pki.HOST}"), "name-mismatch")
row("name-in-cn-and-an-address-in-san", lambda m: m.sent("10.0.0.1", subject=f"CN={pki.HOST}"), "name-mismatch")
row("wildcard-two-labels", lambda m: m.sent("*.example.test"), "name-mismatch", host="a.mail.example.test")
row("wildcard-apex", lambda m: m.sent("*.example.test"), "name-mismatch", host="example.test")
row("wildcard-partial", lambda m: m.sent("ma*.example.test"), "name-mismatch")
row("wildcard-top-level", lambda m: m.sent("*.test"), "name-mismatch", host="example.test")
row("wildcard-alone", lambda m: m.sent("*"), "name-mismatch")
row("wildcard-in-the-middle", lambda m: m.sent("mail.*.test"), "name-mismatch")
row("wildcard-twice", lambda m: m.sent("*.*.test"), "name-mismatch")
row("wildcard-beside-the-exact-name", lambda m: m.sent("ma*.example.test", pki.HOST))
row("address-in-a-dns-name", lambda m: m.sent("a.example.test", san=pki.raw_names(b"127.0.0.1")), "name-mismatch", host="127.0.0.1")
row("address-other", lambda m: m.sent("127.0.0.2"), "name-mismatch", host="127.0.0.1")
row("address-v4-in-v6", lambda m: m.sent("::ffff:127.0.0.1"), "name-mismatch", "bad-purpose", host="127.0.0.1")
row("address-v6-other", lambda m: m.sent("::2"), "name-mismatch", host="::1")
row("address-as-cn", lambda m: m.sent("a.example.test", subject="CN=127.0.0.1"), "name-mismatch", host="127.0.0.1")
row("name-and-address-differ-in-kind", lambda m: m.sent("127.0.0.1"), "name-mismatch")
row("idn", lambda m: m.sent("xn--mller-kva.example.test"), host="xn--mller-kva.example.test")
row("idn-as-u-label", lambda m: m.sent("xn--mller-kva.example.test"), host="müller.example.test")
row("idn-u-label-in-the-certificate", lambda m: m.sent(san=pki.raw_names("müller.example.test".encode())), "name-mismatch",
    "bad-purpose", host="müller.example.test")
row("idn-below-a-wildcard", lambda m: m.sent("*.example.test"), host="xn--mller-kva.example.test")
row("nul-in-a-name", lambda m: m.sent(san=pki.raw_names(b"mail.example.test\0.evil.test")), "name-mismatch", "bad-purpose")
row("nul-behind-a-name", lambda m: m.sent(san=pki.raw_names(b"mail.example.test\0")), "name-mismatch", "bad-purpose")
row("underscore", lambda m: m.sent("exch_01.example.test"), host="exch_01.example.test")
row("address-malformed", lambda m: m.sent(san=pki.raw("2.5.29.17", pki.tlv(0x30, pki.tlv(0x87, b"12345")))), "name-mismatch", "bad-purpose",
    says=["a malformed address (of 5 bytes)"])
row("no-names-at-all", lambda m: m.sent(san=pki.raw("2.5.29.17", pki.tlv(0x30))), "name-mismatch", "bad-purpose")
row("email-as-the-only-name", lambda m: m.sent(x509.RFC822Name("mail@example.test")), "name-mismatch")

# ---- the chain ----

row("intermediate-missing", lambda m: m.sent()[:1], "chain-incomplete", says=["Exray Test Issuing CA", "either", "private root"])
row("second-intermediate-missing", lambda m: m.sent(by=authority("CN=Exray Low CA", m.deep)), "untrusted-root")
row("wrong-order", lambda m: [m.leaf(), m.root, m.inter], "chain-disordered")
row("wrong-order-of-three", lambda m: [m.leaf(by=(low := authority("CN=Exray Low CA", m.deep))), m.deep, low], "chain-disordered")
row("extra-unrelated", lambda m: [*m.sent(), m.stranger], "chain-extra")
row("extra-in-between", lambda m: [m.leaf(), m.stranger, m.inter], "chain-extra")
row("intermediate-twice", lambda m: [*m.sent(), m.inter], "chain-extra")
row("leaf-twice", lambda m: [(leaf := m.leaf()), leaf, m.inter], "chain-extra")
row("another-leaf-sent", lambda m: [*m.sent(), m.leaf("other.example.test")], "chain-extra")
row("turned-round", lambda m: [*reversed([*m.sent(), m.root])], "chain-disordered", "name-mismatch", "bad-purpose", only="offline",
    says=["the server's must stand first", "number 3"])
row("missing-and-extra", lambda m: [m.leaf(), m.stranger], "chain-incomplete", "chain-extra")

# ---- trust ----

row("root-unknown", lambda m: m.sent(by=m.inter2), "untrusted-root", says=["Contoso Private Root"])
row("intermediate-given-as-root", lambda m: m.sent()[:1], "untrusted-root", trust=lambda m: [m.inter], only="live",
    says=["which is no root", "Exray Test Root"])
row("root-unknown-but-sent", lambda m: [*m.sent(by=m.inter2), m.root2], "untrusted-root", says=["Contoso Private Root"])
row("self-signed", lambda m: [pki.leaf(None)], "self-signed")
row("self-signed-and-trusted", lambda m: [m.trusted_leaf], trust=lambda m: [m.trusted_leaf])
row("exchange-default", lambda m: [pki.leaf(None, ("EXCH01", "EXCH01.corp.example.test"), subject="CN=EXCH01", key="RSA:2048",
                                            dates=(-100, 1725))], "self-signed", "name-mismatch", says=["Exchange"])
row("authority-as-leaf", lambda m: [authority(f"CN={pki.HOST}", san=pki.alternative(pki.HOST))], "self-signed", "bad-purpose", live=ONLY_1_3)
row("intercepted", lambda m: m.sent(by=m.proxy)[:1], "chain-incomplete", "interception-suspected", says=["Zscaler"])
row("intercepted-root-sent", lambda m: m.sent(by=m.filter), "untrusted-root", "interception-suspected")
row("two-roots-trusted", lambda m: m.sent(by=m.inter2), trust=lambda m: [m.root, m.root2])
row("trust-ignored", lambda m: m.sent(by=m.inter2), "untrusted-root=warning", "trust-ignored", options=["--ignore-trust"])
row("trust-ignored-does-not-cover-the-name", lambda m: m.sent("other.example.test", by=m.inter2), "untrusted-root=warning",
    "trust-ignored", "name-mismatch", options=["--ignore-trust"])

# ---- more than one path ----


def stale_cross_sign_first(m):
    key = pki.new_key()
    stale, good = (authority("CN=Exray Crossed CA", root, key=key) for root in (m.root2, m.root))
    return [m.leaf(by=good), stale, good]


def stale_cross_sign_last(m):
    leaf, stale, good = stale_cross_sign_first(m)
    return [leaf, good, stale]


def two_issuers_of_one_name(m):
    wrong, right = (authority("CN=Exray Twin CA", m.root) for _ in range(2))
    return [m.leaf(by=right, aki=None), wrong, right]


def crossed_twice(m):
    """The first way up ends at an unknown root two levels higher."""
    key, upper_key = pki.new_key(), pki.new_key()
    bad_upper, good_upper = (authority("CN=Exray Upper CA", root, key=upper_key) for root in (m.root2, m.root))
    low = authority("CN=Exray Lower CA", good_upper, key=key)
    return [m.leaf(by=low), low, bad_upper, good_upper]


def signing_one_another(m):
    first, second = pki.new_key(), pki.new_key()
    one = authority("CN=Exray Loop A", key=first)
    two = authority("CN=Exray Loop B", one, key=second)
    one = authority("CN=Exray Loop A", two, key=first)
    return [m.leaf(by=one), one, two]


def expired_cross_sign_first(m):
    key = pki.new_key()
    stale = authority("CN=Exray Renewed CA", m.root, key=key, dates=(-900, -10))
    good = authority("CN=Exray Renewed CA", m.root, key=key)
    return [m.leaf(by=good), stale, good]


row("cross-sign-stale-first", stale_cross_sign_first, "path-ambiguous")
row("cross-sign-stale-last", stale_cross_sign_last)
row("cross-sign-two-levels", crossed_twice, "path-ambiguous")
row("cross-sign-expired-first", expired_cross_sign_first, "chain-extra", says=["Exray Renewed CA", "(ended on "])
row("issuers-of-one-name", two_issuers_of_one_name, "path-ambiguous", "nonconforming")
row("issuers-sign-one-another", signing_one_another, "untrusted-root")

# ---- purpose ----

row("issuer-is-no-authority", lambda m: m.sent(by=m.not_ca), "bad-purpose")
row("issuer-may-not-sign", lambda m: m.sent(by=m.no_key_cert_sign), "bad-purpose")
row("issuer-of-version-1", lambda m: m.sent(by=m.version_1), "bad-purpose")
row("issuer-for-clients-only", lambda m: m.sent(by=m.client_only), "bad-purpose")
row("path-too-long", lambda m: [m.leaf(by=m.lower), m.lower, m.inter], "bad-purpose")
row("for-clients-only", lambda m: m.sent(eku=pki.purposes(Use.CLIENT_AUTH)), "bad-purpose")
row("for-code-signing-only", lambda m: m.sent(eku=pki.purposes(Use.CODE_SIGNING)), "bad-purpose")
row("for-clients-and-servers", lambda m: m.sent(eku=pki.purposes(Use.CLIENT_AUTH, Use.SERVER_AUTH)))
row("for-no-named-purpose", lambda m: m.sent(eku=None))
row("no-key-usage", lambda m: m.sent(ku=None))
row("no-basic-constraints", lambda m: m.sent(bc=None))
row("key-usage-signs-certificates-only", lambda m: m.sent(ku=pki.usage("key_cert_sign")), "bad-purpose", "nonconforming", live=ONLY_1_3)
row("key-usage-encrypts-data-only", lambda m: m.sent(ku=pki.usage("data_encipherment")), "bad-purpose", live=ONLY_1_3)
row("critical-extension-unknown", lambda m: m.sent(odd=pki.raw("1.2.3.4.5.6", b"\x0c\x01x", critical=True)), "bad-purpose")
row("critical-extension-unknown-in-the-issuer", lambda m: m.sent(by=m.unknown_critical), "bad-purpose")
row("critical-authority-key-identifier", lambda m: m.sent(aki=pki.authority_key(m.inter.key, critical=True)), "bad-purpose")
row("extension-unknown-but-not-critical", lambda m: m.sent(odd=pki.raw("1.2.3.4.5.6", b"\x0c\x01x")))
row("signature-broken", lambda m: [pki.with_broken_signature(m.leaf()), m.inter], "bad-purpose", only="offline")
row("signature-of-the-issuer-broken", lambda m: m.sent(by=m.bad_signature), "bad-purpose")


def constrained(name, expect, names=(pki.HOST,), host=pki.HOST, **trees):
    row(f"constraints-{name}", lambda m: m.sent(*names, by=m.limited(**trees)), *expect, host=host)


constrained("permit-the-domain", [], permitted=["example.test"])
constrained("permit-another-domain", ["bad-purpose"], permitted=["other.test"])
constrained("permit-a-part-of-a-label", ["bad-purpose"], names=["mail.anexample.test"], host="mail.anexample.test", permitted=["example.test"])
constrained("exclude-the-domain", ["bad-purpose"], excluded=["example.test"])
constrained("exclude-another-domain", [], excluded=["other.test"])
constrained("exclude-inside-what-is-permitted", ["bad-purpose"], permitted=["example.test"], excluded=["mail.example.test"])
constrained("one-of-two-names-outside", ["bad-purpose"], names=[pki.HOST, "mail.other.test"], permitted=["example.test"])
constrained("permit-the-network", [], names=["127.0.0.1"], host="127.0.0.1", permitted=["127.0.0.0/8"])
constrained("permit-another-network", ["bad-purpose"], names=["127.0.0.1"], host="127.0.0.1", permitted=["10.0.0.0/8"])
constrained("exclude-the-network", ["bad-purpose"], names=["127.0.0.1"], host="127.0.0.1", excluded=["127.0.0.0/8"])
constrained("wildcard-inside", [], names=["*.example.test"], permitted=["example.test"])

# ---- against RFC 5280, and clients do not mind ----

row("lax-leaf-without-aki", lambda m: m.sent(aki=None), "nonconforming")
row("lax-issuer-without-ski", lambda m: m.sent(by=m.no_ski), "nonconforming")
row("lax-issuer-without-aki", lambda m: m.sent(by=m.no_aki), "nonconforming")
row("lax-issuer-without-key-usage", lambda m: m.sent(by=m.no_ku), "nonconforming")
row("lax-issuer-s-constraints-not-critical", lambda m: m.sent(by=m.bc_not_critical), "nonconforming")
row("empty-subject-san-not-critical", lambda m: m.sent(subject=""), "bad-purpose", says=["Java"])
row("empty-subject-san-critical", lambda m: m.sent(subject="", san=pki.alternative(pki.HOST, critical=True)))
row("lax-path-length-in-a-leaf", lambda m: m.sent(bc=pki.raw("2.5.29.19", pki.tlv(0x30, pki.integer(0)), True)), "nonconforming")

# ---- strength ----

row("key-p-384", lambda m: m.sent(key="P-384"))
row("key-p-521", lambda m: m.sent(key="P-521"))
row("key-ed25519", lambda m: m.sent(key="Ed25519"), "key-unusual")
weak("key-rsa-1024", lambda m: m.sent(key="RSA:1024"), "weak-key", says=["1024"])
row("key-rsa-3072", lambda m: m.sent(key="RSA:3072"))
weak("key-rsa-1024-of-the-issuer", lambda m: m.sent(by=m.rsa1024), "weak-key")
row("key-rsa-512", lambda m: m.sent(key="RSA:512"), "weak-key", only="offline")
row("key-p-192", lambda m: m.sent(key="P-192"), "weak-key", only="offline")
row("key-dsa", lambda m: m.sent(key="DSA:2048"), "weak-key", only="offline")
weak("signature-sha1", lambda m: m.sent(digest=hashes.SHA1()), "weak-signature")
weak("signature-md5-by-rsa-1024", lambda m: m.sent(by=m.rsa1024, digest=hashes.MD5()), "weak-signature", "weak-key")
weak("signature-sha1-of-the-issuer", lambda m: m.sent(by=m.sha1), "weak-signature")
row("signature-sha1-of-the-root", lambda m: m.sent(by=m.sha1_root)[:1], trust=lambda m: [m.sha1_root])
row("signature-sha512", lambda m: m.sent(digest=hashes.SHA512()))

# ---- how long it is valid: a rule for public authorities alone ----

PUBLIC = pki.policy(pki.CABF_DOMAIN_VALIDATED)
row("long-and-private", lambda m: m.sent(dates=(-30, 870)))
row("long-and-public", lambda m: m.sent(dates=(-30, 870), policy=PUBLIC), "validity-too-long")
row("short-and-public", lambda m: m.sent(dates=(-5, 41), policy=PUBLIC))


def lifetime(name, begin, days, *expect, seconds=-1, public=True):
    end = begin + datetime.timedelta(days=days, seconds=seconds)
    row(f"lifetime-{name}", lambda m: m.sent(dates=(begin, end), policy=PUBLIC if public else None), *expect,
        at=(begin + datetime.timedelta(days=1)).strftime("%Y-%m-%dT%H:%M:%SZ"))


lifetime("825-days-of-2020", datetime.datetime(2022, 2, 1), 825, "validity-too-long")
lifetime("398-days-of-2025", datetime.datetime(2025, 6, 1), 398)
lifetime("399-days-of-2025", datetime.datetime(2025, 6, 1), 399, "validity-too-long")
lifetime("200-days-of-2026", datetime.datetime(2026, 4, 1), 200)
lifetime("201-days-of-2026", datetime.datetime(2026, 4, 1), 201, "validity-too-long")
lifetime("100-days-of-2027", datetime.datetime(2027, 4, 1), 100)
lifetime("101-days-of-2027", datetime.datetime(2027, 4, 1), 101, "validity-too-long")
lifetime("47-days-of-2029", datetime.datetime(2029, 4, 1), 47)
lifetime("48-days-of-2029", datetime.datetime(2029, 4, 1), 48, "validity-too-long")
lifetime("399-days-of-a-private-authority", datetime.datetime(2026, 4, 1), 399, public=False)

# ---- several things at once: all of them are told ----

weak("several-key-chain-date-name", lambda m: m.sent("other.test", key="RSA:1024", dates=(-400, -90))[:1], "weak-key", "chain-incomplete",
     "expired", "name-mismatch")
row("several-root-date-name", lambda m: m.sent("other.test", by=m.inter2, dates=(-400, -90)), "untrusted-root", "expired", "name-mismatch")
row("several-purpose-date-extra", lambda m: [*m.sent(eku=pki.purposes(Use.CLIENT_AUTH), dates=(-400, -90)), m.stranger], "bad-purpose",
    "expired", "chain-extra")
row("several-critical-and-name", lambda m: m.sent("other.test", odd=pki.raw("1.2.3.4.5.6", b"\x0c\x01x", critical=True)), "bad-purpose",
    "name-mismatch")
