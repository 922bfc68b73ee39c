"""Names: what is asked of DNS at all, what service records name, and what records tell of Microsoft 365."""
from leaks.canaries import DOMAIN, SECRETS
from leaks.world import EVIL, HOST, HOST_SERVES, MAIL, OTHER, PLAIN, POX, STRANGER, Case, host, own, reply

FOREIGN, NONE = "autodiscover.srv-foreign-domain", "autodiscover.no-method"
RECORD = f"_autodiscover._tcp.{DOMAIN} SRV srv"
ASKED = [("the name server", f"_autodiscover._tcp.{DOMAIN} SRV".encode())]


def service_records():
    targets = {
        "a-foreign-domain": f"0 0 443 autodiscover.{EVIL}", "a-lookalike": "0 0 443 evilcontoso.test", "a-lookalike-below": "0 0 443 contoso.test.evil.test",
        "the-parent-domain": "0 0 443 autodiscover.test", "a-sibling-domain": "0 0 443 second.test", "an-address": "0 0 443 127.0.0.9",
        "upper-case": "0 0 443 AUTODISCOVER.EVIL.TEST", "final-dot": f"0 0 443 {EVIL}.",
    }
    for name, target in targets.items():
        yield Case(f"srv-to-{name}", FOREIGN, at="autodiscover.srv", dns=[f"{RECORD} {target}"], came=ASKED)
    for name, target in {"the-root": "0 0 443 .", "port-80": f"0 0 80 srv.{DOMAIN}", "port-80-of-a-foreign-host": f"0 0 80 {EVIL}",
                         "port-8443-of-a-foreign-host": f"0 0 8443 {EVIL}"}.items():
        yield Case(f"srv-to-{name}", "dns.no-address", at="autodiscover.srv", dns=[f"{RECORD} {target}"], came=ASKED,
                   options={"connect-to": [":8443::{https}"]})
    yield Case("srv-to-an-own-host-and-a-foreign-one-that-weighs-more", FOREIGN, at="autodiscover.srv", came=ASKED,
               dns=[f"{RECORD} 0 0 443 other.{DOMAIN}", f"{RECORD} 0 99 443 {EVIL}"])
    yield Case("srv-to-an-alias-of-a-foreign-host", "tls.name-mismatch", at="autodiscover.srv", came=ASKED, heard=[STRANGER], names={f"alias.{DOMAIN}"},
               dns=[f"{RECORD} 0 0 443 alias.{DOMAIN}", f"alias.{DOMAIN} CNAME cname {EVIL}"])
    yield Case("srv-to-an-own-host", "", dns=[f"{RECORD} 0 0 443 other.{DOMAIN}"], may=own([OTHER, MAIL]), reaches={OTHER: {"logon", "mailbox"}},
               came=ASKED)


def names_of(domain):
    """CONTRACT 8 and THREATS A01: the domain, Autodiscover below it, its service record. Nothing is ever stripped."""
    return {domain, f"autodiscover.{domain}", f"_autodiscover._tcp.{domain}"}


def nobody():
    """Nothing exists: what is asked for then is everything that is ever asked for."""
    for domain in ("contoso.co.uk", "mail.eu.contoso.test", "contoso.com.au", "xn--mnchen-3ya.example", "a.b.c.d.e.f.contoso.test"):
        yield Case(f"names-asked-for-{domain}", NONE, domain=domain, mailbox=f"mbx-kiwi7341@{domain}", names=names_of(domain), exact=True,
                   changes={"dns": ["co.uk A a 127.0.0.9", "autodiscover.co.uk A a 127.0.0.9", "autodiscover.uk A a 127.0.0.9", "uk A a 127.0.0.9",
                                    "autodiscover.com.au A a 127.0.0.9", "com.au A a 127.0.0.9", "autodiscover.example A a 127.0.0.9",
                                    "contoso.test A a 127.0.0.1", "autodiscover.contoso.test A a 127.0.0.3"]},
                   came=[("the name server", f"autodiscover.{domain} A".encode())])
    yield Case("names-asked-for-a-password-with-an-at-sign", NONE, names=names_of(DOMAIN), exact=True, options={"auth": "basic"},
               changes={"dns": ["gnu6093.test A a 127.0.0.9", "evil.test A a 127.0.0.9"]}, came=[("the name server", b"contoso.test A")])
    yield Case("names-asked-for-an-account-with-an-at-sign", NONE, names=names_of(DOMAIN), exact=True, options={"account": "acct-emu9152@second.test"},
               changes={"dns": ["second.test A a 127.0.0.10", "autodiscover.second.test A a 127.0.0.10"]}, came=[("the name server", b"contoso.test A")])
    yield Case("names-asked-for-when-the-address-is-odd", NONE, mailbox=f"\"mbx-kiwi7341@{EVIL}\"@{DOMAIN}", careless=(),
               came=[("the name server", b"autodiscover.contoso.test A")])
    yield Case("a-password-with-an-at-sign-arrives-whole", "", hosts=HOST_SERVES, may=own([HOST, MAIL]), options={"auth": "basic"},
               careless=(), reaches={HOST: {"password", "account"}}, came=[(HOST, b"POST ")])
    yield Case("parent-domain-is-not-an-own-host", "autodiscover.redirect-not-allowed", domain=f"eu.{DOMAIN}", mailbox=f"mbx-kiwi7341@eu.{DOMAIN}",
               dns=[f"autodiscover.eu.{DOMAIN} A a 127.0.0.6", f"eu.{DOMAIN} A a 127.0.0.6"], at="autodiscover.redirect",
               hosts={f"autodiscover.eu.{DOMAIN}": host(f"autodiscover.eu.{DOMAIN}", "127.0.0.6", ["website"], http_redirect=f"https://mail.{DOMAIN}{POX}")},
               heard=[f"autodiscover.eu.{DOMAIN} https", f"autodiscover.eu.{DOMAIN} http"], came=[(f"autodiscover.eu.{DOMAIN} http", b"GET ")])
    yield Case("sibling-domain-is-not-an-own-host", "autodiscover.redirect-not-allowed", domain=f"eu.{DOMAIN}", mailbox=f"mbx-kiwi7341@eu.{DOMAIN}",
               dns=[f"autodiscover.eu.{DOMAIN} A a 127.0.0.6", f"eu.{DOMAIN} A a 127.0.0.6"], at="autodiscover.redirect",
               hosts={f"autodiscover.eu.{DOMAIN}": host(f"autodiscover.eu.{DOMAIN}", "127.0.0.6", ["website"],
                                                       http_redirect=f"https://autodiscover.us.{DOMAIN}{POX}")},
               heard=[f"autodiscover.eu.{DOMAIN} https", f"autodiscover.eu.{DOMAIN} http"], came=[(f"autodiscover.eu.{DOMAIN} http", b"GET ")])


def cloud():
    """Records tell of Microsoft 365, and anybody can have written them: its hosts get nothing unless the user allows one by name."""
    places = {f"{name} {port}" for name in ("outlook.office365.com",) for port in ("https", "http")}
    cloud_host = {"outlook.office365.com": host("outlook.office365.com", "127.0.0.7", ["ews", "autodiscover-pox", "autodiscover-soap", "autodiscover-v2"],
                                                aliases=["autodiscover.outlook.com"], autodiscover_v2={"knows_everybody": True,
                                                "url": "https://outlook.office365.com/EWS/Exchange.asmx"}),
                  "autodiscover-s.outlook.com": host("autodiscover-s.outlook.com", "127.0.0.8", ["autodiscover-pox", "autodiscover-v2"])}
    lines = ["outlook.office365.com A a 127.0.0.7", "autodiscover.outlook.com A a 127.0.0.7", "autodiscover-s.outlook.com A a 127.0.0.8"]
    mx = f"{DOMAIN} MX mx 10 contoso-test.mail.protection.outlook.com"
    cname = f"autodiscover.{DOMAIN} CNAME cname autodiscover.outlook.com"
    no_a = f"autodiscover.{DOMAIN} A nodata"
    known = ("the name server", f"{DOMAIN} MX".encode())
    finding = "autodiscover.microsoft-365"
    yield Case("cloud-by-mx", finding, hosts=cloud_host, dns=[mx, *lines], came=[known], at="autodiscover")
    yield Case("cloud-by-alias", finding, hosts=cloud_host, dns=[cname, *lines], came=[("the name server", f"autodiscover.{DOMAIN} CNAME".encode())],
               heard=sorted(places), at="autodiscover", names={"autodiscover.outlook.com"})
    yield Case("cloud-by-http-redirect", finding, hosts=cloud_host, dns=lines, at="autodiscover",
               faults=[reply("redirect", 302, f"https://autodiscover-s.outlook.com{POX}")], came=[(PLAIN, b"GET ")])
    allowed = {"options": {"allow-redirect": "outlook.office365.com"}, "hosts": cloud_host, "tests": ("autodiscover",)}
    yield Case("cloud-by-mx-allowed", "", dns=[mx, *lines], may={"outlook.office365.com https": {"mailbox"}}, came=[known], **allowed)
    yield Case("cloud-by-http-redirect-to-a-host-that-is-not-the-allowed-one", "", dns=lines, came=[(PLAIN, b"GET ")],
               may={"outlook.office365.com https": {"mailbox"}}, faults=[reply("redirect", 302, f"https://autodiscover-s.outlook.com{POX}")],
               silent=["autodiscover-s.outlook.com https"], **allowed)
    for name, target in {"a-lookalike-below-another-domain": f"outlook.office365.com.{EVIL}", "a-lookalike-in-front": "outlook.office365.com-evil.test",
                         "a-name-below-the-allowed-one": f"{EVIL}.outlook.office365.com"}.items():
        yield Case(f"cloud-allowed-and-{name}", "", dns=[mx, *lines, f"{EVIL}.outlook.office365.com A a 127.0.0.9"], came=[(PLAIN, b"GET ")],
                   may={"outlook.office365.com https": {"mailbox"}}, faults=[reply("redirect", 302, f"https://{target}{POX}")], **allowed)
    yield Case("cloud-allowed-and-its-v2-names-a-foreign-host", "autodiscover.redirect-not-allowed", dns=[mx, *lines], came=[known], tests=("autodiscover",),
               may={"outlook.office365.com https": {"mailbox"}}, options=allowed["options"], careless=(),
               hosts={**cloud_host, "outlook.office365.com": {**cloud_host["outlook.office365.com"],
                                                              "autodiscover_v2": {"knows_everybody": True, "url": f"https://{EVIL}/EWS/Exchange.asmx"}}})
    tenant = "contoso.mail.onmicrosoft.com"
    moved = {"user": {"redirect_addr": f"somebody-else@{tenant}"}, "hosts": {**cloud_host, **HOST_SERVES}, "may": own([HOST]), "careless": (),
             "dns": [*lines, f"autodiscover.{tenant} CNAME cname autodiscover.outlook.com", f"{tenant} MX mx 0 contoso.mail.protection.outlook.com"],
             "names": {tenant, f"autodiscover.{tenant}", f"_autodiscover._tcp.{tenant}", "autodiscover.outlook.com"},
             "came": [(HOST, b"POST ")], "heard": ["outlook.office365.com http"]}
    yield Case("cloud-by-redirect-address", finding, at="autodiscover", **moved)
    yield Case("cloud-by-redirect-address-allowed", "", tests=("autodiscover",), options=allowed["options"],
               **{**moved, "user": {"redirect_addr": f"mbx-kiwi7341@{tenant}"}, "may": {**own([HOST]), "outlook.office365.com https": {"mailbox"}}})
    yield Case("cloud-by-http-redirect-allowed", "", dns=lines, options={"allow-redirect": "autodiscover-s.outlook.com"}, hosts=cloud_host,
               faults=[reply("redirect", 302, f"https://autodiscover-s.outlook.com{POX}")], came=[(PLAIN, b"GET ")],
               may={"autodiscover-s.outlook.com https": SECRETS}, reaches={"autodiscover-s.outlook.com https": {"logon"}},
               tests=("autodiscover",))
    yield Case("cloud-by-mx-of-a-lookalike", NONE, dns=[f"{DOMAIN} MX mx 10 contoso-test.mail.protection.outlook.com.{EVIL}"], came=[known],
               at="autodiscover", hosts=cloud_host)


CASES = [*service_records(), *nobody(), *cloud()]
