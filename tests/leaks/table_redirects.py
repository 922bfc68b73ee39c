"""HTTP redirects: from every way of discovery, before the logon and behind it, in chains and in circles."""
from leaks.canaries import DOMAIN, SECRETS
from leaks.world import EVIL, HOST, HOST_SERVES, MAIL, OTHER, PLAIN, POX, WAYS, Case, after_logon, own, reply, way

REFUSED, INSECURE, LOOP = "autodiscover.redirect-not-allowed", "autodiscover.redirect-insecure", "autodiscover.redirect-loop"
STATUSES = (301, 302, 303, 307, 308)
TO_EVIL, TO_OTHER = f"https://autodiscover.{EVIL}{POX}", f"https://other.{DOMAIN}{POX}"

# In wide letters it is no secret that a search finds; made ready for DNS it is one again.
TOKEN = "ibex4410.rhea2268.sign-tern1975"
WIDE = TOKEN.translate({code: code + 0xFEE0 for code in range(ord("0"), ord("z") + 1) if chr(code).isalnum()})
BY_TOKEN = {"auth": "oauth", "password": None, "token": TOKEN}


def before_logon():
    for kind in WAYS:
        for status in STATUSES:
            yield Case(f"{kind}-redirects-{status}-to-a-foreign-host", REFUSED, at=f"autodiscover.{kind}", faults=[reply(kind, status, TO_EVIL)], **way(kind))
        yield Case(f"{kind}-redirects-to-a-foreign-host-on-another-port", REFUSED, at=f"autodiscover.{kind}",
                   faults=[reply(kind, 302, f"https://{EVIL}:8443{POX}")], options={"connect-to": [":8443::{https}"]}, **way(kind))
        yield Case(f"{kind}-redirects-to-http", INSECURE, at=f"autodiscover.{kind}", faults=[reply(kind, 302, f"http://mail.{DOMAIN}{POX}")], **way(kind))
        yield Case(f"{kind}-redirects-to-an-own-host", "", faults=[reply(kind, 302, TO_OTHER)], may=own([OTHER, MAIL]),
                   reaches={OTHER: {"logon", "account", "mailbox"}}, **way(kind))


def behind_logon():
    logged_on = {"hosts": HOST_SERVES, "came": [(HOST, b"POST " + POX.encode())], "at": "autodiscover.host"}
    for status in STATUSES:
        yield Case(f"{status}-to-a-foreign-host-behind-the-logon", REFUSED, may=own([HOST]), reaches={HOST: {"logon", "mailbox"}},
                   faults=[after_logon(f"autodiscover.{DOMAIN}", status, TO_EVIL)], **logged_on)
    yield Case("307-to-http-behind-the-logon", INSECURE, may=own([HOST]),
               faults=[after_logon(f"autodiscover.{DOMAIN}", 307, f"http://mail.{DOMAIN}{POX}")], **logged_on)
    yield Case("307-to-http-on-the-same-host-behind-the-logon", INSECURE, may=own([HOST]), careless=(),
               faults=[after_logon(f"autodiscover.{DOMAIN}", 307, f"http://autodiscover.{DOMAIN}{POX}")], **logged_on)
    yield Case("307-to-an-own-host-behind-the-logon", "", careless=(), may=own([HOST, OTHER, MAIL]), reaches={OTHER: {"logon", "account", "mailbox"}},
               faults=[after_logon(f"autodiscover.{DOMAIN}", 307, TO_OTHER)], **logged_on)
    yield Case("307-behind-the-logon-with-basic", REFUSED, may=own([HOST]), reaches={HOST: {"logon", "password"}}, options={"auth": "basic"},
               faults=[after_logon(f"autodiscover.{DOMAIN}", 307, TO_EVIL)], **logged_on)
    yield Case("307-behind-the-logon-with-a-token", REFUSED, may=own([HOST]), reaches={HOST: {"logon", "token"}},
               options=BY_TOKEN,
               faults=[after_logon(f"autodiscover.{DOMAIN}", 307, TO_EVIL)], **logged_on)
    yield Case("redirect-behind-the-logon-to-a-foreign-host-then-home", REFUSED, may=own([HOST]),
               faults=[after_logon(f"autodiscover.{DOMAIN}", 302, TO_EVIL), reply(EVIL, 302, TO_OTHER)], **logged_on)


def secret_in_wide_letters():
    here = {"hosts": HOST_SERVES, "came": [(HOST, b"POST " + POX.encode())], "at": "autodiscover.host", "may": own([HOST]),
            "reaches": {HOST: {"logon", "token"}}, "options": BY_TOKEN, "careless": ()}
    for name, location in {"location": f"https://{WIDE}.{DOMAIN}{POX}", "location-without-a-scheme": f"//{WIDE}.{DOMAIN}{POX}"}.items():
        yield Case(f"{name}-shows-the-token-in-wide-letters", "autodiscover.malformed",
                   faults=[after_logon(f"autodiscover.{DOMAIN}", 307, location)], **here)
    yield Case("redirect-url-shows-the-token-in-wide-letters", "autodiscover.malformed", user={"redirect_url": f"https://{WIDE}.{DOMAIN}{POX}"}, **here)
    yield Case("redirect-address-shows-the-token-in-wide-letters", "autodiscover.malformed", user={"redirect_addr": f"jane@{WIDE}.{DOMAIN}"}, **here)
    yield Case("ews-url-shows-the-token-in-wide-letters", "autodiscover.no-ews-url", user={"ews_url": f"https://{WIDE}.{DOMAIN}/EWS/Exchange.asmx"}, **here)


def chains():
    yield Case("own-host-redirects-on-to-a-foreign-one", REFUSED, heard=[OTHER], at="autodiscover.host",
               faults=[reply("host", 302, TO_OTHER), reply(f"other.{DOMAIN}", 302, TO_EVIL)], came=[(HOST, b"GET "), (OTHER, b"GET ")])
    yield Case("own-host-redirects-on-to-http", INSECURE, at="autodiscover.host",
               faults=[reply("host", 302, TO_OTHER), reply(f"other.{DOMAIN}", 302, f"http://other.{DOMAIN}{POX}")],
               came=[(HOST, b"GET "), (OTHER, b"GET ")])
    yield Case("ping-pong-between-two-own-hosts", LOOP, at="autodiscover.host",
               faults=[reply("host", 302, TO_OTHER), reply(f"other.{DOMAIN}", 302, f"https://autodiscover.{DOMAIN}{POX}")],
               came=[(HOST, b"GET "), (OTHER, b"GET ")])
    yield Case("redirect-to-itself", LOOP, at="autodiscover.host", faults=[reply("host", 302, f"https://autodiscover.{DOMAIN}{POX}")],
               came=[(HOST, b"GET ")])
    yield Case("plain-host-redirects-to-its-own-https-and-that-to-a-foreign-host", REFUSED, at="autodiscover.redirect",
               faults=[reply("redirect", 302, f"https://autodiscover.{DOMAIN}/autodiscover/more/autodiscover.xml"), reply("host", 302, TO_EVIL)],
               came=[(PLAIN, b"GET "), (HOST, b"GET /autodiscover/more/")])
    steps = [reply("host", 302, f"https://autodiscover.{DOMAIN}/autodiscover/1/autodiscover.xml", path=POX)]
    steps += [reply("host", 302, f"https://autodiscover.{DOMAIN}/autodiscover/{n + 1}/autodiscover.xml", path=f"/autodiscover/{n}/autodiscover.xml")
              for n in range(1, 11)]
    yield Case("eleven-redirects-and-a-foreign-host-behind-them", LOOP, at="autodiscover.host", came=[(HOST, b"GET /autodiscover/10/")],
               never=[rb"/autodiscover/12/"],
               faults=[*steps, reply("host", 302, TO_EVIL, path="/autodiscover/11/autodiscover.xml")])
    yield Case("four-ways-redirect-to-the-same-foreign-host", REFUSED, at="autodiscover.redirect",
               dns=way("srv")["dns"], came=[(place, b"GET ") for place, _ in WAYS.values()],
               faults=[reply(kind, 302, TO_EVIL) for kind in WAYS])


def service():
    """Exchange Web Services redirect as well, once Autodiscover has led there."""
    ready = {"hosts": HOST_SERVES, "tests": ("service-account",), "may": {HOST: SECRETS, MAIL: SECRETS}, "at": ""}
    for status in STATUSES:
        yield Case(f"ews-{status}-to-a-foreign-host-behind-the-logon", "http.redirect", came=[(MAIL, b"POST /EWS/")],
                   faults=[reply(f"mail.{DOMAIN}", status, f"https://{EVIL}/EWS/Exchange.asmx", path="/ews/*", who="logged-on")], **ready)
    yield Case("ews-307-to-a-foreign-host-before-the-logon", "http.redirect", came=[(MAIL, b" /EWS/")],
               faults=[reply(f"mail.{DOMAIN}", 307, f"https://{EVIL}/EWS/Exchange.asmx", path="/ews/*")], **ready)
    yield Case("ews-to-http-behind-the-logon", "http.redirect", came=[(MAIL, b"POST /EWS/")],
               faults=[reply(f"mail.{DOMAIN}", 307, f"http://mail.{DOMAIN}/EWS/Exchange.asmx", path="/ews/*", who="logged-on")], **ready)


CASES = [*before_logon(), *behind_logon(), *secret_in_wide_letters(), *chains(), *service()]
