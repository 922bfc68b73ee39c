"""Targets that look like the organisation's own host and are not, or are no URL at all.

They come over plain HTTP, where anybody on the way can answer; and some of them behind a logon, where a client is less careful.
"""
from leaks.canaries import DOMAIN
from leaks.world import EVIL, HOMOGRAPH, HOST, HOST_SERVES, MAIL, OTHER, POX, Case, after_logon, own, reply, way

REFUSED, INSECURE, BROKEN = "autodiscover.redirect-not-allowed", "autodiscover.redirect-insecure", "http.redirect"
# name: (Location, the finding)
TARGETS = {
    "evil-that-ends-like-the-domain": (f"https://evilcontoso.test{POX}", REFUSED),
    "evil-that-begins-like-the-domain": (f"https://contoso.test.evil.test{POX}", REFUSED),
    "evil-with-a-hyphen": (f"https://contoso.test-evil.test{POX}", REFUSED),
    "evil-with-autodiscover-in-front": (f"https://autodiscover.evilcontoso.test{POX}", REFUSED),
    "parent-domain": (f"https://test{POX}", REFUSED),
    "autodiscover-of-the-parent-domain": (f"https://autodiscover.test{POX}", REFUSED),
    "sibling-domain": (f"https://second.test{POX}", REFUSED),
    "upper-case": (f"HTTPS://EVIL.TEST{POX}", REFUSED),
    "final-dot": (f"https://evil.test.{POX}", REFUSED),
    "homograph": (f"https://{HOMOGRAPH}{POX}", REFUSED),
    "address": (f"https://127.0.0.9{POX}", REFUSED),
    "address-as-one-number": (f"https://2130706441{POX}", REFUSED),
    "address-of-version-6": (f"https://[::1]{POX}", REFUSED),
    "without-a-scheme": (f"//evil.test{POX}", INSECURE),
    "three-slashes": (f"https:///evil.test{POX}", REFUSED),
    "no-slashes": (f"https:evil.test{POX}", BROKEN),
    "user-information": (f"https://mail.contoso.test@evil.test{POX}", BROKEN),
    "user-and-password": (f"https://mail.contoso.test:443@evil.test{POX}", BROKEN),
    "two-at-signs": (f"https://evil.test@mail.contoso.test@evil.test{POX}", BROKEN),
    "user-information-of-an-own-host": (f"https://evil:evil@other.contoso.test{POX}", BROKEN),
    "backslash-in-front-of-the-own-host": (f"https://evil.test\\@other.contoso.test{POX}", BROKEN),
    "backslashes-for-slashes": (f"https:\\\\evil.test{POX}", BROKEN),
    "backslash-without-a-scheme": (f"/\\evil.test{POX}", BROKEN),
    "blank-in-the-host": (f"https://other.contoso.test .evil.test{POX}", BROKEN),
    "tab-in-the-host": (f"https://other.contoso.test\t.evil.test{POX}", BROKEN),
    "tab-in-the-scheme": (f"ht\ttps://evil.test{POX}", BROKEN),
    "blanks-around": (f"   https://evil.test{POX}   ", REFUSED),
    "percent-in-the-host": (f"https://evil%2etest{POX}", REFUSED),
    "percent-slash-in-the-host": (f"https://evil.test%2f.contoso.test{POX}", BROKEN),
    "percent-nul-in-the-host": (f"https://evil.test%00.contoso.test{POX}", BROKEN),
    "percent-number-sign-in-the-host": (f"https://evil.test%23.contoso.test{POX}", BROKEN),
    "a-letter-that-holds-a-slash": (f"https://evil.test\u2100.contoso.test{POX}", BROKEN),
    "a-letter-that-holds-a-question-mark": (f"https://evil.test\u2048.contoso.test{POX}", BROKEN),
    "a-wide-slash": (f"https://evil.test\uff0f.contoso.test{POX}", BROKEN),
    "a-wide-question-mark": (f"https://evil.test\uff1f.contoso.test{POX}", BROKEN),
    "question-in-front-of-the-own-host": (f"https://evil.test?.contoso.test{POX}", REFUSED),
    "fragment-in-front-of-the-own-host": (f"https://evil.test#.contoso.test{POX}", REFUSED),
    "fragment-behind-the-path": (f"https://evil.test{POX}#@other.contoso.test", REFUSED),
    "port-that-is-a-host": (f"https://evil.test:other.contoso.test{POX}", BROKEN),
    "port-out-of-range": (f"https://other.contoso.test:65979{POX}", BROKEN),
    "data": ("data:text/xml,<Autodiscover/>", BROKEN),
    "file": ("file:///etc/hostname", BROKEN),
    "file-with-a-host": (f"file://other.contoso.test{POX}", BROKEN),
    "ftp": (f"ftp://other.contoso.test{POX}", BROKEN),
    "ldap": (f"ldap://other.contoso.test{POX}", BROKEN),
    "javascript": (f"javascript://other.contoso.test{POX}", BROKEN),
    "http-in-upper-case": (f"HTTP://OTHER.CONTOSO.TEST{POX}", INSECURE),
    "http-without-a-scheme": (f"//other.contoso.test{POX}", INSECURE),
    "http-by-a-path": ("/autodiscover/more/autodiscover.xml", INSECURE),
    "nothing": ("", INSECURE),
    "long": (f"https://evil.test/{'a' * 1500}{POX}", REFUSED),
    "very-long": (f"https://evil.test/{'a' * 30000}{POX}", BROKEN),
    "very-long-host": (f"https://{'a.' * 4000}contoso.test{POX}", BROKEN),
}
BEHIND_LOGON = ["evil-that-ends-like-the-domain", "parent-domain", "address", "user-information", "without-a-scheme", "file", "percent-nul-in-the-host",
                "backslash-in-front-of-the-own-host", "a-letter-that-holds-a-slash"]
OVER_HTTPS = {"without-a-scheme": REFUSED}  # it keeps the scheme of who says it
SAYS = {BROKEN: "autodiscover.malformed"}    # behind the logon it is Autodiscover that speaks


def over_plain_http():
    for name, (location, finding) in TARGETS.items():
        yield Case(f"location-{name}", finding, at="autodiscover.redirect", faults=[reply("redirect", 302, location)], **way("redirect"))


def behind_logon():
    for name in BEHIND_LOGON:
        location, finding = TARGETS[name]
        finding = OVER_HTTPS.get(name, SAYS.get(finding, finding))
        yield Case(f"location-{name}-behind-the-logon", finding, at="autodiscover.host", hosts=HOST_SERVES, may=own([HOST]),
                   reaches={HOST: {"logon"}}, came=[(HOST, b"POST ")],
                   careless=() if name == "file" else Case.careless, faults=[after_logon(f"autodiscover.{DOMAIN}", 307, location)])


def injected():
    """Line ends in a Location make other headers of the answer, and must make none of the next request."""
    own_target = f"https://other.{DOMAIN}{POX}"
    yield Case("location-twice-the-second-one-foreign", "", may=own([OTHER, MAIL]), **way("redirect"),
               faults=[reply("redirect", 302, f"{own_target}\r\nLocation: https://{EVIL}{POX}")])
    yield Case("location-twice-the-first-one-foreign", REFUSED, at="autodiscover.redirect", **way("redirect"),
               faults=[reply("redirect", 302, f"https://{EVIL}{POX}\r\nLocation: {own_target}")])
    yield Case("location-folded-over-two-lines", REFUSED, at="autodiscover.redirect", **way("redirect"),
               faults=[reply("redirect", 302, f"https://evil.test\r\n .contoso.test{POX}")])
    yield Case("location-with-line-ends-in-percent", "autodiscover.not-found", at="autodiscover.redirect", never=[rb"(?m)^X-Injected"],
               heard=[OTHER], **way("redirect"),
               faults=[reply("redirect", 302, f"https://other.{DOMAIN}/autodiscover/%0d%0aX-Injected:%20yes%0d%0a/autodiscover.xml")])
    yield Case("location-with-a-line-end-in-the-query", "", may=own([OTHER, MAIL]), never=[rb"(?m)^X-Injected"], **way("redirect"),
               faults=[reply("redirect", 302, f"{own_target}?a\nX-Injected: yes")])
    yield Case("location-with-a-fragment", "", may=own([OTHER, MAIL]), never=[rb"evil\.test"], **way("redirect"),
               faults=[reply("redirect", 302, f"{own_target}#@evil.test/")])
    yield Case("location-with-a-final-dot-of-an-own-host", "", may=own([OTHER, MAIL]), names={f"other.{DOMAIN}."},
               faults=[reply("redirect", 302, f"https://other.{DOMAIN}.{POX}")], **way("redirect"))


CASES = [*over_plain_http(), *behind_logon(), *injected()]
