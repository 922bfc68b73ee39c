"""What an answer of Autodiscover names: behind a logon by plain old XML and by SOAP, and without one by V2 and over plain HTTP.

An answer behind a logon may name a foreign host by its URL (the law of CONTRACT 8); then that host alone counts as an own one. It
may not make a foreign domain an own one.
"""
from leaks.canaries import DOMAIN, MAILBOX, SECRETS
from leaks.world import EVIL, HOST, HOST_SERVES, MAIL, OTHER, PLAIN, POX, ROOT, STRANGER, STRANGER_HTTP, SVC, Case, own, reply, way

SECOND_HTTP = "second.test http"
REFUSED, INSECURE, LOOP = "autodiscover.redirect-not-allowed", "autodiscover.redirect-insecure", "autodiscover.redirect-loop"
ANSWERED = {"hosts": HOST_SERVES, "came": [(HOST, b"POST " + POX.encode())]}
HARMLESS = {"careless": ()}  # all that is asked there is an own host, or it takes SOAP to fall for it
# Plain old XML fails behind the logon without being conclusive, and the host speaks SOAP.
BY_SOAP = {**HARMLESS, "hosts": HOST_SERVES, "came": [(HOST, b"POST " + SVC.encode())]}
NO_POX = reply(f"autodiscover.{DOMAIN}", 404, path=POX, who="logged-on")
ASKED_OF_EVIL = {EVIL, f"autodiscover.{EVIL}", f"_autodiscover._tcp.{EVIL}"}


def address_at(domain):
    return f"somebody-else@{domain}"


def settings(ews_url):
    return f"""<?xml version="1.0"?><Autodiscover xmlns="http://schemas.microsoft.com/exchange/autodiscover/responseschema/2006"><Response
 xmlns="http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a"><Account><AccountType>email</AccountType><Action>settings</Action>
<Protocol><Type>EXPR</Type><EwsUrl>{ews_url}</EwsUrl></Protocol></Account></Response></Autodiscover>"""


def redirecting(**redirect):
    """The Autodiscover host itself redirects, to whoever asks it."""
    return {f"autodiscover.{DOMAIN}": {**HOST_SERVES[f"autodiscover.{DOMAIN}"], **redirect}}


def redirect_url_of(name, how, path, faults):
    """By plain old XML, and by SOAP."""
    here = {"at": "autodiscover.host", "may": own([HOST]), "faults": faults}
    yield Case(f"redirect-{name}-to-a-foreign-host-is-allowed-behind-a-logon", "", faults=faults, may=own([HOST, STRANGER, MAIL]), came=how["came"],
               reaches={STRANGER: {"logon", "account", "mailbox"}}, hosts=redirecting(redirect_url=f"https://{EVIL}{path}"), **HARMLESS)
    yield Case(f"redirect-{name}-to-http", INSECURE, user={"redirect_url": f"http://mail.{DOMAIN}{path}"}, **here, **how)
    yield Case(f"redirect-{name}-to-http-of-a-foreign-host", INSECURE, user={"redirect_url": f"http://{EVIL}{path}"}, **here, **how)
    yield Case(f"redirect-{name}-in-a-circle", LOOP, user={"redirect_url": f"https://autodiscover.{DOMAIN}{path}"}, **here, **{**how, **HARMLESS})
    yield Case(f"redirect-{name}-with-user-information", "autodiscover.malformed", user={"redirect_url": f"https://mail.{DOMAIN}@{EVIL}{path}"},
               **here, **how)


def redirect_url():
    yield from redirect_url_of("url", ANSWERED, POX, [])
    yield from redirect_url_of("soap-url", BY_SOAP, SVC, [NO_POX])
    to_evil = {"at": "autodiscover.host", "user": {"redirect_url": f"https://{EVIL}{POX}"}}
    yield Case("redirect-url-to-a-foreign-host-that-redirects-on", REFUSED, faults=[reply(EVIL, 302, f"https://second.test{POX}")], may=own([HOST]),
               heard=[STRANGER], **to_evil, **ANSWERED)
    yield Case("redirect-url-to-a-foreign-host-that-redirects-on-behind-the-logon", REFUSED, may=own([HOST, STRANGER]),
               faults=[reply(EVIL, 307, f"https://second.test{POX}", path=POX, who="logged-on")], reaches={STRANGER: {"logon", "mailbox"}},
               **to_evil, **ANSWERED)
    yield Case("redirect-url-to-a-foreign-host-redirects-to-a-name-below-it", REFUSED, faults=[reply(EVIL, 302, f"https://autodiscover.{EVIL}{POX}")],
               may=own([HOST]), heard=[STRANGER], **to_evil, **ANSWERED)
    yield Case("redirect-url-to-a-foreign-host-without-trust", "tls.self-signed", may=own([HOST]), heard=[STRANGER], came=ANSWERED["came"],
               hosts={**HOST_SERVES, EVIL: {"certificate": {"issuer": "self"}}}, **to_evil)
    yield Case("redirect-url-to-a-foreign-host-that-names-a-foreign-domain", REFUSED, may=own([HOST, STRANGER]), heard=[SECOND_HTTP],
               reaches={STRANGER: {"logon", "mailbox"}}, names={"second.test", "autodiscover.second.test", "_autodiscover._tcp.second.test"},
               hosts={**redirecting(redirect_url=f"https://{EVIL}{POX}"), EVIL: {"redirect_addr": address_at("second.test")}},
               came=ANSWERED["came"])
    yield Case("soap-redirects-by-http-behind-the-logon", REFUSED, at="autodiscover.host", may=own([HOST]),
               faults=[NO_POX, reply(f"autodiscover.{DOMAIN}", 307, f"https://{EVIL}{SVC}", path=SVC, who="logged-on")], **BY_SOAP)
    yield Case("soap-offers-basic-only-to-ntlm", "logon.rejected", may={HOST: {"logon", "account", "mailbox"}}, options={"auth": "ntlm"},
               never=[rb"Authorization: Basic"],
               faults=[NO_POX, reply(f"autodiscover.{DOMAIN}", 401, path=SVC, headers=[["WWW-Authenticate", "Basic realm=\"x\""]])], **BY_SOAP)


def redirect_address():
    evil = {"heard": [STRANGER_HTTP], "names": ASKED_OF_EVIL}
    for name, how in (("address", ANSWERED), ("soap-address", BY_SOAP)):
        faults = [] if how is ANSWERED else [NO_POX]
        yield Case(f"redirect-{name}-to-a-foreign-domain", REFUSED, user={"redirect_addr": address_at(EVIL)}, faults=faults,
                   may=own([HOST]), **evil, **how)
        yield Case(f"redirect-{name}-to-itself", LOOP, user={"redirect_addr": MAILBOX}, faults=faults, may=own([HOST]), **{**how, **HARMLESS})
    yield Case("redirect-address-to-a-lookalike-domain", REFUSED, user={"redirect_addr": address_at("evilcontoso.test")}, may=own([HOST]),
               heard=[STRANGER_HTTP], names={"evilcontoso.test", "autodiscover.evilcontoso.test", "_autodiscover._tcp.evilcontoso.test"}, **ANSWERED)
    yield Case("redirect-address-to-the-parent-domain", "autodiscover.malformed", user={"redirect_addr": address_at("test")}, may=own([HOST]), **ANSWERED)
    yield Case("redirect-address-to-a-foreign-domain-that-redirects-on", REFUSED, user={"redirect_addr": address_at(EVIL)}, may=own([HOST]),
               faults=[{"layer": "http", "at": {"host": EVIL, "port": "http"}, "do": "reply", "status": 302,
                        "headers": [["Location", f"https://autodiscover.{EVIL}{POX}"]], "body": ""}], **evil, **ANSWERED)
    yield Case("redirect-address-to-a-foreign-domain-with-a-service-record", REFUSED, user={"redirect_addr": address_at(EVIL)}, may=own([HOST]),
               dns=[f"_autodiscover._tcp.{EVIL} SRV srv 0 0 443 autodiscover.{EVIL}"], **evil, **ANSWERED)
    yield Case("redirect-address-back-and-forth", LOOP, user={"redirect_addr": f"second@{DOMAIN}"},
               users=[{"smtp": f"second@{DOMAIN}", "redirect_addr": MAILBOX}], may=own([HOST]), **HARMLESS, **ANSWERED)
    yield Case("redirect-address-a-hundred-times", LOOP, user={"redirect_addr": f"u1@{DOMAIN}"}, may=own([HOST]),
               users=[{"smtp": f"u{n}@{DOMAIN}", "redirect_addr": f"u{n + 1}@{DOMAIN}"} for n in range(1, 100)], never=[rb"u12@"], **HARMLESS, **ANSWERED)
    yield Case("redirect-address-that-is-none", "autodiscover.malformed", user={"redirect_addr": f"x@{EVIL}\r\nHost: {EVIL}"}, may=own([HOST]),
               never=[rb"(?m)^Host: evil"], **ANSWERED)
    yield Case("redirect-address-to-an-allowed-foreign-host", "", user={"redirect_addr": address_at(EVIL)}, users=[{"smtp": address_at(EVIL)}],
               options={"allow-redirect": f"autodiscover.{EVIL}"}, may=own([HOST, STRANGER, MAIL]), heard=[STRANGER_HTTP], names=ASKED_OF_EVIL,
               reaches={STRANGER: {"logon", "account"}}, tests=("autodiscover",), **ANSWERED)


def ews_url():
    at_evil = f"https://{EVIL}/EWS/Exchange.asmx"
    discovered = {"exchange": {"autodiscover": {"ews_url": at_evil}}, **ANSWERED}
    yield Case("ews-url-of-a-foreign-host-is-allowed-behind-a-logon", "", may=own([HOST, STRANGER]), reaches={STRANGER: {"logon", "account", "mailbox"}},
               tests=("service-account",), **HARMLESS, **discovered)
    yield Case("ews-url-of-a-foreign-host-that-redirects-on", "http.redirect", may=own([HOST]), heard=[STRANGER], tests=("service-account",),
               faults=[reply(EVIL, 307, "https://second.test/EWS/Exchange.asmx", path="/ews/*")], **discovered)
    yield Case("ews-url-of-a-foreign-host-with-a-wrong-name", "tls.name-mismatch", may=own([HOST]), heard=[STRANGER], tests=("service-account",),
               came=ANSWERED["came"], exchange={"autodiscover": {"ews_url": at_evil}},
               hosts={**HOST_SERVES, EVIL: {"certificate": {"san": ["second.test"]}}})
    for name, setting in {"internal-url": "internal_ews_url", "exhttp-url": "exhttp_ews_url", "url-of-soap": "soap_ews_url",
                          "interop-url": "interop_ews_url"}.items():
        yield Case(f"{name}-of-a-foreign-host-beside-an-own-one", "", may=own([HOST, MAIL]), reaches={HOST: {"logon", "mailbox"}}, **HARMLESS,
                   exchange={"autodiscover": {"ews_url": f"https://mail.{DOMAIN}/EWS/Exchange.asmx", setting: at_evil}}, **ANSWERED)
    yield Case("ews-url-over-http", "autodiscover.no-ews-url", at="autodiscover", may=own([HOST]),
               exchange={"autodiscover": {"ews_url": f"http://mail.{DOMAIN}/EWS/Exchange.asmx"}}, **ANSWERED)
    yield Case("ews-url-with-user-information", "autodiscover.no-ews-url", at="autodiscover", may=own([HOST]),
               exchange={"autodiscover": {"ews_url": f"https://mail.{DOMAIN}@{EVIL}/EWS/Exchange.asmx"}}, **ANSWERED)
    yield Case("ews-url-in-an-answer-over-plain-http", "autodiscover.no-method", at="autodiscover",
               faults=[reply("redirect", 200, headers=[["Content-Type", "text/xml"]], body=settings(at_evil))], **way("redirect"))
    yield Case("ews-url-in-an-answer-without-a-logon", "autodiscover.no-method", at="autodiscover",
               faults=[reply("host", 200, path=POX, headers=[["Content-Type", "text/xml"]], body=settings(at_evil))], **way("host"))


def v2():
    """Without a logon anybody can have written the answer: what it names gets nothing unless it is an own host anyway."""
    serves = {f"autodiscover.{DOMAIN}": {"serves": ["autodiscover-v2"]}}
    asked = {"came": [(HOST, b"GET /autodiscover/autodiscover.json")], "reaches": {HOST: {"mailbox"}}, "at": "autodiscover.v2"}

    def answers(**manners):
        return {f"autodiscover.{DOMAIN}": {**serves[f"autodiscover.{DOMAIN}"], "autodiscover_v2": {"knows_everybody": True, **manners}}}
    yield Case("v2-names-an-own-host", "", hosts=answers(url=f"https://mail.{DOMAIN}/EWS/Exchange.asmx"), may={HOST: {"mailbox"}, MAIL: SECRETS}, **asked)
    for name, host in {"a-foreign-host": EVIL, "a-lookalike": "evilcontoso.test", "the-cloud": "outlook.office365.com", "an-address": "127.0.0.9"}.items():
        finding = "autodiscover.microsoft-365" if "office365" in host else REFUSED
        yield Case(f"v2-names-{name}", finding, hosts=answers(url=f"https://{host}/EWS/Exchange.asmx"), **asked)
    yield Case("v2-names-user-information", "autodiscover.malformed", hosts=answers(url=f"https://mail.{DOMAIN}@{EVIL}/EWS/Exchange.asmx"), **asked)
    yield Case("v2-names-http", "autodiscover.no-ews-url", hosts=answers(url=f"http://mail.{DOMAIN}/EWS/Exchange.asmx"), **asked)
    yield Case("v2-redirects-to-a-foreign-host", REFUSED, hosts=answers(redirect=EVIL), **asked)
    yield Case("v2-redirects-to-http", INSECURE, hosts=answers(redirect=f"http://mail.{DOMAIN}/autodiscover/autodiscover.json"), **asked)
    yield Case("v2-redirects-to-an-own-host", "", hosts=answers(redirect=f"other.{DOMAIN}"), may={HOST: {"mailbox"}, OTHER: {"mailbox"}, MAIL: SECRETS},
               came=asked["came"], reaches={OTHER: {"mailbox"}})
    yield Case("v2-over-a-wrong-name", "tls.name-mismatch", came=[(PLAIN, b"GET ")], may={HOST: set()},
               hosts={f"autodiscover.{DOMAIN}": {"serves": ["autodiscover-v2"], "certificate": {"san": ["www.contoso.test"]}}})


def without_an_account():
    """Nobody logs on: the address goes to Autodiscover V2 alone."""
    nobody = {"tests": ("autodiscover",), "options": {"account": None, "password": None}, "never": [rb"(?i)authorization"], **HARMLESS}
    yield Case("without-an-account-nobody-is-asked-for-settings", "autodiscover.not-asked", came=[(HOST, b"GET " + POX.encode())], hosts=HOST_SERVES,
               status="warning", **nobody)
    yield Case("without-an-account-v2-names-an-own-host", "", came=[(HOST, b"GET /autodiscover/autodiscover.json")], reaches={HOST: {"mailbox"}},
               hosts={f"autodiscover.{DOMAIN}": {"serves": ["autodiscover-v2"]}}, **nobody)
    yield Case("without-an-account-a-foreign-redirect", REFUSED, faults=[reply("redirect", 302, f"https://{EVIL}{POX}")],
               came=[(PLAIN, b"GET ")], **nobody)


def chosen():
    """A way that is left out is not asked, not even for its name."""
    only = {"tests": ("autodiscover",), "hosts": HOST_SERVES, **HARMLESS}
    yield Case("root-is-left-out", "", options={"exclude-method": "root"}, silent=[ROOT], may=own([HOST]), came=ANSWERED["came"], **only)
    yield Case("only-the-host", "", options={"method": "host"}, silent=[ROOT, PLAIN], may=own([HOST]), exact=True, names={f"autodiscover.{DOMAIN}"},
               came=ANSWERED["came"], **only)
    yield Case("only-the-service-record", "", options={"method": "srv"}, silent=[ROOT, PLAIN, HOST], may=own([OTHER]), came=[(OTHER, b"POST ")],
               dns=[f"_autodiscover._tcp.{DOMAIN} SRV srv 0 0 443 other.{DOMAIN}"], **only)
    yield Case("soap-is-left-out", "", options={"exclude-method": "soap"}, may=own([HOST]), came=ANSWERED["came"], never=[rb"autodiscover\.svc"], **only)
    yield Case("plain-old-xml-is-left-out", "", options={"exclude-method": "pox"}, may=own([HOST]), came=[(HOST, b"POST " + SVC.encode())],
               never=[rb"<EMailAddress>"], **only)
    yield Case("v2-is-left-out", "autodiscover.no-method", tests=("autodiscover",), options={"exclude-method": "v2"}, never=[rb"autodiscover\.json"],
               may={HOST: set()}, came=[(HOST, b"GET ")], **HARMLESS)


def raced():
    """Ways run side by side; whoever loses must not have got anything."""
    both = {"hosts": {DOMAIN: {"serves": ["autodiscover-pox"]}, **HOST_SERVES}, **HARMLESS}
    for place, name, loser in ((HOST, "root", DOMAIN), (ROOT, "host", f"autodiscover.{DOMAIN}")):
        slow = [{"layer": "http", "at": {"host": loser, "path": POX}, "do": "delay-head", "ms": 2500}]
        yield Case(f"slow-{name}-loses-and-gets-nothing", "", faults=slow, may={HOST: set(), **own([place, MAIL])}, reaches={place: {"logon"}},
                   came=[(place, b"POST ")], **both)
    yield Case("refused-at-the-root-and-the-host-gets-nothing", "logon.rejected", faults=slow, may={**own([ROOT]), HOST: set()}, came=[(ROOT, b"POST ")],
               logons=1, options={"auth": "basic"}, changes={"accounts": [{"logon": "CONTOSO\\acct-emu9152", "password": "another"}]}, **both)


CASES = [*redirect_url(), *redirect_address(), *ews_url(), *v2(), *without_an_account(), *chosen(), *raced()]
