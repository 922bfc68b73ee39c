"""How a server asks for the logon, over which connection, and what else a client might give away."""
from leaks.canaries import DOMAIN, SECRETS
from leaks.world import EVIL, HOST, HOST_SERVES, MAIL, OTHER, PLAIN, POX, ROOT, STRANGER, Case, host, own, reply, way
from leaks.proxy import PLACE as PROXY

AD = f"autodiscover.{DOMAIN}"
NOT_OFFERED, NONE = "logon.scheme-not-offered", "autodiscover.no-method"
BASIC = ["WWW-Authenticate", f"Basic realm=\"{AD}\""]


def downgrades():
    serves = {"hosts": HOST_SERVES, "at": "autodiscover.host"}
    asked = [(HOST, b"GET ")]
    yield Case("basic-only-offered-to-ntlm", NOT_OFFERED, exchange={"schemes": ["Basic"]}, options={"auth": "ntlm"}, came=asked, **serves)
    yield Case("basic-only-after-ntlm-began", NOT_OFFERED, faults=[reply(AD, 401, path=POX, request=[2, 99], headers=[BASIC])],
               may={HOST: {"mailbox", "logon"}}, came=[(HOST, b"Authorization: NTLM ")], never=[rb"Authorization: Basic"], **serves)
    yield Case("basic-only-after-ntlm-was-proved", "logon.rejected", faults=[reply(AD, 401, path=POX, who="logged-on", headers=[BASIC])],
               may={HOST: SECRETS}, came=[(HOST, b"Authorization: NTLM ")], never=[rb"Authorization: Basic"], logons=1, **serves)
    yield Case("basic-only-offered-to-a-token", NOT_OFFERED, exchange={"schemes": ["Basic"]}, came=asked,
               options={"auth": "oauth", "password": None, "token": "ibex4410.rhea2268.sign-tern1975"}, **serves)
    yield Case("ntlm-only-offered-to-a-token", NOT_OFFERED, exchange={"schemes": ["NTLM"]}, came=asked,
               options={"auth": "oauth", "password": None, "token": "ibex4410.rhea2268.sign-tern1975"}, **serves)
    yield Case("token-is-asked-for-but-there-is-a-password", NOT_OFFERED, exchange={"schemes": ["Bearer"]}, came=asked, **serves)
    yield Case("401-without-schemes", NOT_OFFERED, faults=[reply(AD, 401, path=POX)], came=asked, **serves)
    yield Case("401-with-an-unknown-scheme", NOT_OFFERED, came=asked, **serves,
               faults=[reply(AD, 401, path=POX, headers=[["WWW-Authenticate", "Digest realm=\"x\", nonce=\"y\""]])])
    yield Case("407-of-a-server", NONE, faults=[reply(AD, 407, path=POX, headers=[["Proxy-Authenticate", "Basic realm=\"x\""]])], came=asked,
               hosts=HOST_SERVES)
    yield Case("200-without-a-logon", NONE, faults=[reply(AD, 200, path=POX)], came=asked, hosts=HOST_SERVES)
    yield Case("plain-http-on-port-443", "tls.not-tls", hosts={AD: {"serves": ["autodiscover-pox"], "plain": True}}, came=[(PLAIN, b"GET ")])


def clear_text():
    for name, schemes in {"basic": ["Basic realm=\"x\""], "ntlm": ["NTLM"], "everything": ["Negotiate", "NTLM", "Basic realm=\"x\"", "Bearer"]}.items():
        yield Case(f"401-over-plain-http-with-{name}", NONE, at="autodiscover",
                   faults=[reply("redirect", 401, headers=[["WWW-Authenticate", one] for one in schemes])], **way("redirect"))
    yield Case("401-without-schemes-over-plain-http", NONE, at="autodiscover", faults=[reply("redirect", 401)], **way("redirect"))
    yield Case("407-over-plain-http", NONE, at="autodiscover",
               faults=[reply("redirect", 407, headers=[["Proxy-Authenticate", "Basic realm=\"x\""]])], **way("redirect"))
    yield Case("https-on-port-80", "tls.not-tls", at="autodiscover.redirect", heard=[f"mail.{DOMAIN} http"],
               faults=[reply("redirect", 302, f"https://mail.{DOMAIN}:80{POX}")], **way("redirect"))


def certificates():
    """certificate, --ignore-trust, the finding, whether the secrets may go there."""
    rows = {
        "wrong-name": ({"san": ["www.contoso.test"]}, False, "tls.name-mismatch"),
        "wrong-name-and-trust-ignored": ({"san": ["www.contoso.test"]}, True, "tls.name-mismatch"),
        "wrong-name-self-signed-and-trust-ignored": ({"san": ["ex01"], "issuer": "self"}, True, "tls.name-mismatch"),
        "name-of-the-parent": ({"san": ["*.test"]}, False, "tls.name-mismatch"),
        "name-of-a-lookalike": ({"san": ["autodiscover.contoso.test.evil.test"]}, False, "tls.name-mismatch"),
        "common-name-only": ({"san": [], "cn": AD}, False, "tls.name-mismatch"),
        "expired": ({"from_days": -90, "to_days": -1}, False, "tls.expired"),
        "expired-and-trust-ignored": ({"from_days": -90, "to_days": -1}, True, "tls.expired"),
        "not-yet-valid": ({"from_days": 2, "to_days": 90}, True, "tls.not-yet-valid"),
        "self-signed": ({"issuer": "self"}, False, "tls.self-signed"),
        "another-root": ({"issuer": "other-root"}, False, ""),
        "chain-incomplete": ({"send": ["leaf"]}, False, "tls.chain-incomplete"),
        "for-clients-only-and-trust-ignored": ({"eku": "clientAuth"}, True, ""),
    }
    for name, (certificate, ignored, finding) in rows.items():
        yield Case(f"certificate-{name}", finding or NONE, at="autodiscover", may={HOST: set()}, heard=[HOST],
                   hosts={AD: {"serves": ["autodiscover-pox", "autodiscover-v2"], "certificate": certificate}},
                   options={"ignore-trust": True} if ignored else {}, came=[(PLAIN, b"GET ")])
    for name, certificate in {"self-signed": {"issuer": "self"}, "another-root": {"issuer": "other-root"}, "chain-incomplete": {"send": ["leaf"]}}.items():
        yield Case(f"certificate-{name}-and-trust-ignored", "", may=own([HOST, MAIL]), reaches={HOST: {"logon", "account"}}, careless=(),
                   came=[(HOST, b"POST ")], hosts={AD: {"serves": ["autodiscover-pox"], "certificate": certificate}}, options={"ignore-trust": True})
    yield Case("trust-ignored-does-not-make-a-foreign-host-an-own-one", "autodiscover.redirect-not-allowed", at="autodiscover.host",
               options={"ignore-trust": True}, hosts={EVIL: {"certificate": {"issuer": "self"}}},
               faults=[reply("host", 302, f"https://{EVIL}{POX}")], **way("host"))
    yield Case("trust-ignored-and-an-own-name-at-a-foreign-address", "tls.name-mismatch", options={"ignore-trust": True},
               hosts={AD: None}, dns=[f"{AD} A a 127.0.0.9"], heard=[STRANGER, f"{EVIL} http"], came=[(f"{EVIL} http", b"GET ")])
    yield Case("allowed-host-with-a-wrong-name", "tls.name-mismatch", options={"allow-redirect": EVIL}, heard=[STRANGER],
               hosts={EVIL: {"certificate": {"san": ["second.test"]}}}, faults=[reply("redirect", 302, f"https://{EVIL}{POX}")], **way("redirect"))


def impostors():
    """Somebody else answers at the organisation's own name, with a certificate that nobody should believe."""
    serves = {"serves": ["ews", "autodiscover-pox", "autodiscover-soap", "autodiscover-v2"], "aliases": [AD]}
    wrong_name = host("impostor.test", "127.0.0.11", **serves, certificate={"san": ["impostor.test"]})
    no_trust = host("impostor.test", "127.0.0.11", **serves, certificate={"san": [AD], "issuer": "other-root"})
    heard = ["impostor.test https"]
    for name, addresses in {"first": "127.0.0.11 127.0.0.3", "second": "127.0.0.3 127.0.0.11"}.items():
        yield Case(f"impostor-at-the-{name}-of-two-addresses", "", dns=[f"{AD} A a {addresses}"], may=own([HOST, MAIL]), careless=(),
                   heard=[*heard, "impostor.test http"], hosts={**HOST_SERVES, "impostor.test": wrong_name}, reaches={HOST: {"logon"}})
    # The question without a logon goes to the right one, who then hangs up; the one with the logon would need a new connection.
    hangs_up = [{"layer": "http", "at": {"host": AD, "who": "anonymous", "request": 1}, "do": "alter", "headers": [["Connection", "close"]]}]
    taken_over = {"relay": ["127.0.0.3", "127.0.0.11"], "dns": [f"{AD} A a 127.0.0.50"], "heard": heard, "faults": hangs_up, "careless": (),
                  "came": [("impostor.test https", b"")]}
    yield Case("impostor-takes-over-behind-the-first-connection", "tls.chain-incomplete", hosts={**HOST_SERVES, "impostor.test": no_trust}, **taken_over)
    yield Case("impostor-takes-over-and-trust-is-ignored", "tls.name-mismatch", options={"ignore-trust": True},
               hosts={**HOST_SERVES, "impostor.test": wrong_name}, **taken_over)


def allowed():
    yield Case("allowed-host-gets-the-secrets", "", options={"allow-redirect": EVIL}, may=own([STRANGER, MAIL]),
               reaches={STRANGER: {"logon", "account", "mailbox"}}, faults=[reply("redirect", 302, f"https://{EVIL}{POX}")],
               **way("redirect"))
    refused = "autodiscover.redirect-not-allowed"
    for name, host_name in {"a-host-below-the-allowed-one": f"autodiscover.{EVIL}", "the-parent-of-the-allowed-host": "test",
                            "a-lookalike-of-the-allowed-host": f"x{EVIL}"}.items():
        yield Case(f"redirect-to-{name}", refused, options={"allow-redirect": EVIL}, at="autodiscover.redirect",
                   faults=[reply("redirect", 302, f"https://{host_name}{POX}")], **way("redirect"))
    yield Case("allowed-host-over-http", "autodiscover.redirect-insecure", options={"allow-redirect": EVIL}, at="autodiscover.redirect",
               faults=[reply("redirect", 302, f"http://{EVIL}{POX}")], **way("redirect"))


def once():
    """One wrong password in all, whatever stands ready; which of the two is asked is a matter of time."""
    both = {"hosts": {DOMAIN: {"serves": ["autodiscover-pox", "autodiscover-soap"]}, **HOST_SERVES}, "may": own([ROOT, HOST]), "logons": 1,
            "at": "autodiscover"}
    for scheme in ("basic", "ntlm"):
        yield Case(f"wrong-password-is-sent-once-by-{scheme}", "logon.rejected", options={"auth": scheme},
                   changes={"accounts": [{"logon": "CONTOSO\\acct-emu9152", "password": "another"}]}, **both)
    yield Case("wrong-token-is-sent-once", "logon.token-rejected", options={"auth": "oauth", "password": None, "token": "ibex4410.wrong"}, **both)


def hints():
    """Headers that tell a browser to go elsewhere."""
    served = {"hosts": HOST_SERVES, "may": own([HOST, MAIL]), "came": [(HOST, b"POST ")], "careless": ()}
    for name, header in {"alt-svc": ["Alt-Svc", f"h2=\"{EVIL}:443\", http/1.1=\"{EVIL}:443\"; ma=3600; persist=1"],
                         "refresh": ["Refresh", f"0; url=https://{EVIL}{POX}"],
                         "content-location": ["Content-Location", f"https://{EVIL}{POX}"], "location-of-a-200": ["Location", f"https://{EVIL}{POX}"],
                         "proxy-authenticate": ["Proxy-Authenticate", "Basic realm=\"x\""]}.items():
        yield Case(f"header-{name}-is-not-followed", "", faults=[{"layer": "http", "at": {"host": AD}, "do": "alter", "headers": [header]}], **served)


def cookies():
    """What one host sets is nobody else's, and nobody learns where the program came from."""
    cookie = [["Set-Cookie", "session=okapi3377; Domain=contoso.test; Path=/"]]
    yield Case("cookie-of-the-root-domain", "", hosts=HOST_SERVES, may=own([HOST, MAIL]), came=[(ROOT, b"GET ")],
               faults=[reply("root", 404, headers=cookie)])
    yield Case("cookie-of-a-redirect", "", may=own([OTHER, MAIL]), faults=[reply("redirect", 302, f"https://other.{DOMAIN}{POX}", headers=cookie)],
               **way("redirect"))
    yield Case("cookie-behind-the-logon", "", careless=("cookie",), hosts=HOST_SERVES, may=own([HOST, OTHER, MAIL]), came=[(HOST, b"POST ")],
               faults=[reply(AD, 307, f"https://other.{DOMAIN}{POX}", path=POX, headers=cookie, who="logged-on")])
    yield Case("cookie-of-a-foreign-domain", "", hosts=HOST_SERVES, may=own([HOST, MAIL]), came=[(ROOT, b"GET ")],
               faults=[reply("root", 404, headers=[["Set-Cookie", "session=okapi3377; Domain=evil.test"]])])


def proxies():
    served = {"hosts": HOST_SERVES, "may": {**own([HOST, MAIL]), PROXY: set()}}
    yield Case("proxy-carries-everything-and-learns-nothing", "", proxy={}, options={"proxy": "http://127.0.0.1:{proxy}"},
               came=[(PROXY, b"CONNECT autodiscover.contoso.test:")], reaches={HOST: {"logon"}}, **served)
    yield Case("proxy-asks-for-a-password", "http.proxy-failed", options={"proxy": "http://127.0.0.1:{proxy}"}, came=[(PROXY, b"CONNECT ")],
               proxy={"answer": b"HTTP/1.1 407 No\r\nProxy-Authenticate: Basic realm=\"x\"\r\nContent-Length: 0\r\n\r\n"}, **served)
    yield Case("proxy-redirects", "http.proxy-failed", options={"proxy": "http://127.0.0.1:{proxy}"}, came=[(PROXY, b"CONNECT ")],
               proxy={"answer": f"HTTP/1.1 302 No\r\nLocation: https://{EVIL}{POX}\r\nContent-Length: 0\r\n\r\n".encode()}, **served)
    yield Case("proxy-answers-itself-in-the-clear", "http.proxy-failed", options={"proxy": "http://127.0.0.1:{proxy}"}, came=[(PROXY, b"CONNECT ")],
               proxy={"answer": b"HTTP/1.1 401 No\r\nWWW-Authenticate: Basic realm=\"x\"\r\nContent-Length: 0\r\n\r\n"}, **served)
    names = ("http_proxy", "https_proxy", "HTTPS_PROXY", "ALL_PROXY", "all_proxy")
    yield Case("proxy-of-the-environment-is-not-asked", "", proxy={}, environment={name: "http://127.0.0.1:{proxy}" for name in names},
               hosts=HOST_SERVES, may=own([HOST, MAIL]), reaches={HOST: {"logon"}}, came=[(HOST, b"POST ")])


def files():
    """A .netrc in the home folder has passwords for these very hosts: nobody asked for them."""
    yield Case("netrc-is-not-read-when-nothing-is-offered", NOT_OFFERED, hosts=HOST_SERVES, came=[(HOST, b"GET ")], exchange={"schemes": ["Bearer"]})
    yield Case("netrc-is-not-read-after-a-redirect", "autodiscover.redirect-not-allowed", faults=[reply("redirect", 302, f"https://{EVIL}{POX}")],
               at="autodiscover.redirect", **way("redirect"))


CASES = [*downgrades(), *clear_text(), *certificates(), *impostors(), *allowed(), *once(), *hints(), *cookies(), *proxies(), *files()]
