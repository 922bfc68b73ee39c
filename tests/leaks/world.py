"""The organisation that the scenarios of the leak oracle start from, and the ways to change it.

Every host has an address of its own, so that the log tells who received what. Every name below .test that nobody else has leads to
a stranger's host, which serves everything and would take whatever it is given.
"""
import dataclasses

from leaks.canaries import DOMAIN, LOGON, MAILBOX, PASSWORD, SECRETS, TOKEN, UPN

POX = "/autodiscover/autodiscover.xml"
SVC = "/autodiscover/autodiscover.svc"
EVIL = "evil.test"
ROOT, HOST, PLAIN, MAIL, SRV, OTHER = (f"{DOMAIN} https", f"autodiscover.{DOMAIN} https", f"autodiscover.{DOMAIN} http", f"mail.{DOMAIN} https",
                                       f"srv.{DOMAIN} https", f"other.{DOMAIN} https")
STRANGER, STRANGER_HTTP, SECOND = f"{EVIL} https", f"{EVIL} http", "second.test https"
SERVES = ["ews", "autodiscover-pox", "autodiscover-soap", "autodiscover-v2"]
# How the way's first request reaches the host that then redirects: its place, and the host's name.
WAYS = {"root": (ROOT, DOMAIN), "host": (HOST, f"autodiscover.{DOMAIN}"), "redirect": (PLAIN, f"autodiscover.{DOMAIN}"), "srv": (SRV, f"srv.{DOMAIN}")}
HOMOGRAPH = "contos\u043e.test"
STRANGE_NAMES = [EVIL, "*.evil.test", "evilcontoso.test", "*.evilcontoso.test", "contoso.test-evil.test", "contoso.test.evil.test", "test",
                 "autodiscover.test", "autodiscover.co.uk", "co.uk", HOMOGRAPH.encode("idna").decode(), "127.0.0.9"]


def host(name, address, serves=(), **more):
    return {"name": name, "address": address, "serves": list(serves), **more}


def hosts():
    return {
        DOMAIN: host(DOMAIN, "127.0.0.1", ["website"]),
        f"mail.{DOMAIN}": host(f"mail.{DOMAIN}", "127.0.0.2", SERVES),
        f"autodiscover.{DOMAIN}": host(f"autodiscover.{DOMAIN}", "127.0.0.3", ["website"]),
        f"srv.{DOMAIN}": host(f"srv.{DOMAIN}", "127.0.0.4", ["website"]),
        f"other.{DOMAIN}": host(f"other.{DOMAIN}", "127.0.0.5", SERVES),
        EVIL: host(EVIL, "127.0.0.9", SERVES, certificate={"san": STRANGE_NAMES}, aliases=[f"autodiscover.{EVIL}"]),
        "second.test": host("second.test", "127.0.0.10", SERVES, certificate={"san": ["second.test", "*.second.test"]}),
    }


DNS_LINES = [
    "contoso.test A a 127.0.0.1", "mail.contoso.test A a 127.0.0.2", "autodiscover.contoso.test A a 127.0.0.3",
    "srv.contoso.test A a 127.0.0.4", "other.contoso.test A a 127.0.0.5", "second.test A a 127.0.0.10", "*.second.test A a 127.0.0.10",
    "*.test A a 127.0.0.9", "test A a 127.0.0.9",
    "evil.testa A a 127.0.0.9",  # the host of "evil.test\u2100..." to who takes that letter apart
]


@dataclasses.dataclass
class Case:
    """One scenario: what is different from the base, and what is right then."""
    name: str
    finds: str                                    # the finding that must be in the report; "": the run succeeds
    status: str = "error"                         # of the verdict, when there is a finding
    came: list = dataclasses.field(default_factory=list)    # (place, bytes that it must have received): the scenario took place
    may: dict = dataclasses.field(default_factory=dict)     # {place: the kinds of canaries that it may see}
    reaches: dict = dataclasses.field(default_factory=dict)  # {place: the kinds that must arrive}: the oracle can see them
    heard: list = dataclasses.field(default_factory=list)   # places that may be asked something, without any canary
    names: set = dataclasses.field(default_factory=set)     # names that may be asked of DNS besides the usual ones
    exact: bool = False                           # just those names and no other
    silent: list = dataclasses.field(default_factory=list)  # places that must receive nothing at all
    never: list = dataclasses.field(default_factory=list)   # patterns that no server may receive
    logons: int | None = None                     # how many requests with credentials there are in all
    at: str = ""                                  # the step, or the steps below it, that have the finding
    changes: dict = dataclasses.field(default_factory=dict)  # top-level keys of the scenario
    hosts: dict = dataclasses.field(default_factory=dict)   # {name: changed keys}; None: there is no such host
    dns: list = dataclasses.field(default_factory=list)     # zone lines in front of the usual ones
    faults: list = dataclasses.field(default_factory=list)
    user: dict = dataclasses.field(default_factory=dict)    # changed keys of the mailbox's user
    users: list = dataclasses.field(default_factory=list)   # more users
    exchange: dict = dataclasses.field(default_factory=dict)
    options: dict = dataclasses.field(default_factory=dict)
    environment: dict = dataclasses.field(default_factory=dict)
    proxy: dict | None = None                     # a proxy that logs; how it behaves
    relay: list | None = None                     # where the connections to 127.0.0.50 go, one after the other
    domain: str = DOMAIN
    mailbox: str = MAILBOX
    tests: tuple = ("service-account", "autodiscover")
    careless: tuple = ("password", "token", "mailbox")  # one of these leaks of leaks/careless.py must be found; (): none can be


def all_hosts(case):
    merged = hosts()
    for name, change in case.hosts.items():
        if change is None:
            merged.pop(name, None)
        else:
            merged[name] = {**merged.get(name, {"name": name}), **change}
    return list(merged.values())


def zone(case):
    """A line of the case replaces the usual ones of that name and type."""
    own = {tuple(line.split(" ")[:2]) for line in case.dns}
    return case.dns + [line for line in DNS_LINES if tuple(line.split(" ")[:2]) not in own]


def scenario(case, test):
    options = {"mailbox": case.mailbox, "account": LOGON, "password": PASSWORD, **case.options}
    return {
        "schema": "exray.scenario/1", "about": case.name, "domain": case.domain,
        "exchange": {"build": "15.2.2562.37", "server": "EX01", "netbios": "CONTOSO", "schemes": ["NTLM", "Basic", "Bearer"], **case.exchange},
        "users": [{"smtp": case.mailbox, "name": "Anna Berg", **case.user}, *case.users],
        "accounts": [{"logon": LOGON, "upn": UPN, "password": PASSWORD, "token": TOKEN, "mailbox": UPN, "may_impersonate": ["*"]}],
        "dns": zone(case), "hosts": all_hosts(case), "faults": case.faults, **case.changes,
        "test": {"name": test, "options": {name: value for name, value in options.items() if value is not None}},
    }


# ---- what a host answers ----

def reply(where, status, location=None, path=None, headers=(), body="", **at):
    """Another answer of a host; where: "root", "host", "redirect" (over plain HTTP), "srv", or the name of a host."""
    name = WAYS[where][1] if where in WAYS else where
    port = "http" if where == "redirect" else "https"
    sent = [*([["Location", location]] if location is not None else []), *map(list, headers)]
    return {"layer": "http", "at": {"host": name, "port": port, "path": path or "/autodiscover/*", **at}, "do": "reply", "status": status,
            "headers": sent or [["Content-Type", "text/html"]], "body": body}


def after_logon(name, status, location, path=POX):
    return reply(name, status, location, path=path, who="logged-on")


def way(kind):
    """What makes the way lead to its host: where it must have asked, and the zone's lines."""
    place = WAYS[kind][0]
    lines = [f"_autodiscover._tcp.{DOMAIN} SRV srv 0 0 443 srv.{DOMAIN}"] if kind == "srv" else []
    return {"came": [(place, b"GET " + POX.encode())], "dns": lines}


def own(kind):
    """The kinds of the base that may log on there."""
    return {place: SECRETS for place in kind}


HOST_SERVES = {f"autodiscover.{DOMAIN}": {"serves": ["autodiscover-pox", "autodiscover-soap"]}}
