"""exray's NTLM, Negotiate and Basic at servers that nobody here wrote, in front of exray-sim's EWS. Part of real_servers.py."""
import collections
import json
import os
import subprocess

from servers import PASSWORD, runner

WRONG = "Wr0ng-Passw0rd"
SERVICE, OTHER = "CONTOSO\\svc-exray", "CONTOSO\\alice"
UPN = "upn@contoso.test"
# The beginnings of NTLM's second and third message, base64: neither is for a report.
MESSAGES = [b"TlRMTVNTUAAC", b"TlRMTVNTUAAD"]

Case = collections.namedtuple("Case", "what at path account password finding scheme options mailbox host ticket saw wrong also says")


def case(what, at, path, finding, scheme, account=SERVICE, password=PASSWORD, options=(), mailbox="jane", host="mail.contoso.test",
         ticket=False, saw=None, wrong=0, also=None, says=None):
    """finding: one, or several of which any will do, where it is a matter of microseconds. path None: Autodiscover finds the
    address. saw: (binding, verdict) of each proof at the server with channel bindings; wrong: the bad logons that it counted.
    also: a finding of any step. says: a step, and words of its message."""
    return Case(what, at, path, account, password, finding, scheme, options, mailbox, host, ticket, saw, wrong, also, says)


# Users whom gss-ntlmssp refuses by itself under httpd, which has no locale, are with the other servers.
APACHE = [
    case("NTLM", "AP_PORT", "ntlm", None, "NTLM"),
    case("NTLM, the user is out of scope", "AP_PORT", "ntlm", "impersonation.out-of-scope", "NTLM", mailbox="boris"),
    case("NTLM, an account without the role", "AP_PORT", "ntlm", "impersonation.denied", "NTLM", account=OTHER, password="Al1ce!pw"),
    case("NTLM, a wrong password", "AP_PORT", "ntlm", "logon.rejected", "NTLM", password=WRONG),
    case("NTLM, an unknown user", "AP_PORT", "ntlm", "logon.rejected", "NTLM", account="CONTOSO\\nobody"),
    case("NTLM, a foreign domain", "AP_PORT", "ntlm", "logon.rejected", "NTLM", account="FABRIKAM\\svc-exray"),
    case("NTLM, a UPN", "AP_PORT", "ntlm", None, "NTLM", account=UPN),
    case("Basic", "AP_PORT", "basic", None, "Basic"),
    case("Basic, a wrong password", "AP_PORT", "basic", "logon.rejected-by-device", "Basic", password=WRONG),
    case("Negotiate only, without a ticket", "AP_PORT", "neg", "logon.scheme-not-offered", None),
]
ORDER = [  # Negotiate, NTLM and Basic are offered
    case("all three, without a ticket", "AP_PORT", "all", None, "NTLM"),
    case("all three, with a ticket", "AP_PORT", "all", None, "Negotiate", ticket=True),
    case("all three, with a ticket for another name", "AP_PORT", "all", None, "NTLM", host="contoso.test", ticket=True,
         also="logon.kerberos-service-unknown"),
    case("all three, NTLM is asked for", "AP_PORT", "all", None, "NTLM", options=("--auth", "ntlm"), ticket=True),
    case("all three, NTLM is asked for first", "AP_PORT", "all", None, "NTLM", options=("--auth", "ntlm", "--auth", "negotiate"),
         ticket=True),
    case("all three, Basic is asked for", "AP_PORT", "all", None, "Basic", options=("--auth", "basic"),
         account="svc-exray@CONTOSO.TEST"),
    case("all three, Basic is asked for first", "AP_PORT", "all", None, "Basic", options=("--auth", "basic", "--auth", "ntlm"),
         account="svc-exray@CONTOSO.TEST"),
]
NGINX = [
    case("Basic", "NGINX_BASIC", "EWS", None, "Basic"),
    case("Basic, a wrong password", "NGINX_BASIC", "EWS", "logon.rejected-by-device", "Basic", password=WRONG),
]
# The first connection of a pool is the first client's for ever: whoever comes next over it is taken for that one.
POOLS = [case(f"NTLM over a pool of {whose}, {which}", at, "ntlm", finding, scheme)
         for whose, at in (("nginx", "NGINX_POOLED"), ("Apache", "AP_PROXY_PORT"))
         for which, finding, scheme in (("the first client", None, "NTLM"), ("the second client", "http.unexpected-content", None))]
SAMBA = [
    case("NTLM", "NS_PORT", "EWS", None, "NTLM"),
    case("NTLM, a wrong password", "NS_PORT", "EWS", "logon.rejected", "NTLM", password=WRONG),
    case("NTLM, a user beyond ASCII", "NS_PORT", "EWS", None, "NTLM", account="CONTOSO\\jürgen"),
    case("NTLM, a UPN", "NS_PORT", "EWS", None, "NTLM", account=UPN),
]

# Whether the end of the connection comes before the proof has left is a race; it is lost all the same.
CLOSED = ("logon.connection-lost", "http.broken")
RIGHT, FITS_NOT, NONE, UNBOUND = ("right", "ok"), ("wrong", "0xC000035B"), ("none", "ok"), ("none", "0xC000035B")
UNSEEN = ("wrong", "ok")  # a binding that does not fit, where nobody looks
BAD, BAD_ELSEWHERE, BAD_UNBOUND = ("right", "0xC000006D"), ("wrong", "0xC000006D"), ("none", "0xC000006D")
PROTECTION = "logon.extended-protection"

BOUND = [
    *(case(f"{policy}", "EPA_PORT", path, None, "NTLM", saw=[RIGHT]) for policy, path in
      (("Allow", "EWS"), ("None", "none"), ("Require", "require"))),
    case("Require, behind the same certificate", "EPA_SAME_PORT", "require", None, "NTLM", saw=[RIGHT]),
    case("Require, a user beyond ASCII", "EPA_PORT", "require", None, "NTLM", account="CONTOSO\\Łukasz", password="Zażółć", saw=[RIGHT]),
    case("Require, a password beyond ASCII", "EPA_PORT", "require", None, "NTLM", account="CONTOSO\\jürgen", password="Pässwörd1",
         saw=[RIGHT]),
    case("Require, a UPN", "EPA_PORT", "require", None, "NTLM", account=UPN, password="Upn!pw1", saw=[RIGHT]),
    case("Allow, asked about", "EPA_PORT", "EWS", None, "NTLM", options=("--with", "extended-protection"), saw=[RIGHT, NONE],
         says=("extended-protection", "is not required")),
    case("Require, asked about", "EPA_PORT", "require", None, "NTLM", options=("--with", "extended-protection"), saw=[RIGHT, UNBOUND, RIGHT],
         says=("extended-protection", "is required, and intact")),
    case("Autodiscover, then Allow", "EPA_PORT", None, None, "NTLM", saw=[RIGHT, RIGHT]),
    case("Autodiscover, then Require", "EPA_PORT", None, None, "NTLM", mailbox="require", saw=[RIGHT, RIGHT]),
    case("closed behind the challenge", "EPA_PORT", "drop", CLOSED, "NTLM", saw=[]),
    case("Autodiscover, then closed behind the challenge", "EPA_PORT", None, CLOSED, "NTLM", mailbox="drop", saw=[RIGHT]),
]
RELAYED = [  # TLS ends in front, with another certificate
    case("Allow", "EPA_OTHER_PORT", "EWS", "logon.rejected", "NTLM", saw=[FITS_NOT]),
    case("Allow, a second attempt", "EPA_OTHER_PORT", "EWS", PROTECTION, "NTLM", options=("--second-attempt",),
         saw=[FITS_NOT, NONE, FITS_NOT, NONE]),
    case("None", "EPA_OTHER_PORT", "none", None, "NTLM", saw=[UNSEEN]),
    case("Require", "EPA_OTHER_PORT", "require", "logon.rejected", "NTLM", saw=[FITS_NOT]),
    case("Require, a second attempt", "EPA_OTHER_PORT", "require", "logon.rejected", "NTLM", options=("--second-attempt",),
         saw=[FITS_NOT, UNBOUND]),
    case("Autodiscover, then Allow", "EPA_OTHER_PORT", None, PROTECTION, "NTLM", saw=[UNSEEN, FITS_NOT, NONE, FITS_NOT, NONE]),
    case("Autodiscover, then None", "EPA_OTHER_PORT", None, None, "NTLM", mailbox="none", saw=[UNSEEN, UNSEEN]),
    case("Autodiscover, then Require", "EPA_OTHER_PORT", None, "logon.refused-right-password", "NTLM", mailbox="require",
         saw=[UNSEEN, FITS_NOT, UNBOUND]),
]
# An account of its own for each: two wrong passwords lock it.
GUESSES = [case(f"{what}, a wrong password", at, path, "logon.rejected", scheme, account=f"CONTOSO\\spare{i}", password=WRONG,
                options=options, saw=saw, wrong=len(saw))
           for i, (what, at, path, scheme, options, saw) in enumerate((
               ("Allow", "EPA_PORT", "EWS", "NTLM", (), [BAD]),
               ("Require", "EPA_PORT", "require", "NTLM", (), [BAD]),
               ("None", "EPA_PORT", "none", "NTLM", (), [BAD]),
               ("Autodiscover", "EPA_PORT", None, None, (), [BAD]),
               ("Allow elsewhere", "EPA_OTHER_PORT", "EWS", "NTLM", (), [BAD_ELSEWHERE]),
               ("Require elsewhere", "EPA_OTHER_PORT", "require", "NTLM", (), [BAD_ELSEWHERE]),
               ("Autodiscover elsewhere", "EPA_OTHER_PORT", None, None, (), [BAD_ELSEWHERE]),
               ("Allow elsewhere, a second attempt", "EPA_OTHER_PORT", "EWS", "NTLM", ("--second-attempt",), [BAD_ELSEWHERE, BAD_UNBOUND]),
           ))]
AFTERWARDS = [
    case("Allow, right after one wrong password", "EPA_PORT", "EWS", None, "NTLM", account=GUESSES[0].account, saw=[RIGHT]),
    case("Allow, right after two, which lock", "EPA_PORT", "EWS", "logon.rejected", "NTLM", account=GUESSES[-1].account,
         saw=[("right", "0xC0000234")]),
]

GROUPS = [("gss-ntlmssp and Basic behind Apache", APACHE), ("the order of schemes", ORDER), ("nginx", NGINX),
          ("connections that clients share", POOLS), ("Samba's ntlm_auth", SAMBA), ("channel binding", BOUND),
          ("channel binding, TLS ends elsewhere", RELAYED), ("lock-out", GUESSES), ("lock-out, afterwards", AFTERWARDS)]


def as_tuple(one):
    return one if isinstance(one, tuple) else (one,)


def seen_of(proofs):
    return [(proof["binding"], proof["verdict"].split(" ")[0]) for proof in proofs]


def miscounted(one, before, after):
    """The server with channel bindings counted so many bad logons of this account, and none of any other."""
    more = {name: n - before.get(name, 0) for name, n in after.items() if n != before.get(name, 0)}
    expected = {one.account.upper(): one.wrong} if one.wrong else {}
    return [] if more == expected else [f"bad logons: {more}, expected {expected}"]


class Logons:
    def __init__(self, servers, folder):
        self.servers, self.folder = servers, folder
        self.ticket = folder / "ticket-of-logons"
        self.kerberos = {**os.environ, "KRB5_CONFIG": str(servers.base / "kdc" / "krb5.conf")}
        subprocess.run(["kinit", "svc-exray"], input=PASSWORD + "\n", text=True, check=True, capture_output=True,
                       env={**self.kerberos, "KRB5CCNAME": f"FILE:{self.ticket}"})

    def ask(self, one):
        """The report of a run, its exit code, and all that it said."""
        (self.folder / "pw").write_text(one.password + "\n")
        way = ["--dns-server", f"127.0.0.1:{self.servers.ports['DNS']}"]
        if one.path:
            way = ["--ews-url", f"https://{one.host}/{one.path}/Exchange.asmx", "--resolve", f"{one.host}:443:127.0.0.1"]
        cache = self.ticket if one.ticket else self.folder / "no-ticket"
        done = subprocess.run(
            [self.servers.build / "exray", "test", "service-account", "--mailbox", f"{one.mailbox}@contoso.test", "--account", one.account,
             "--password-file", self.folder / "pw", "--connect-to", f":443::{self.servers.ports[one.at]}", "--ca-file", self.servers.root,
             "--no-revocation", "--no-input", "--json", "-", *way, *one.options],
            env={**self.kerberos, "KRB5CCNAME": f"FILE:{cache}"}, capture_output=True, timeout=60 * runner.FACTOR)
        return json.loads(done.stdout), done.returncode, done.stdout + done.stderr

    def wrong(self, one):
        """What is not as the case says."""
        proofs, bad = len(self.servers.proofs()), self.servers.bad_logons()
        report, code, said = self.ask(one)
        steps = runner.steps_of(report)
        finding = report["verdict"]["finding"]
        wrong = [] if finding in as_tuple(one.finding) else runner.differs("finding", one.finding, finding)
        wrong += runner.differs("scheme", one.scheme, report["facts"]["auth_scheme"])
        wrong += runner.differs("exit", int(one.finding is not None), code)
        found = {finding["id"] for step in steps.values() for finding in step["findings"]}
        wrong += [f"the findings are {sorted(found)}, without {one.also}"] if one.also and one.also not in found else []
        if one.says:
            message = steps[one.says[0]]["message"]
            wrong += [] if one.says[1] in message else [f"{one.says[0]} says {message!r}, without {one.says[1]!r}"]
        wrong += ["the password is in the report" for form in runner.forms_of(one.password) if form in said]
        wrong += ["a message of NTLM's is in the report" for message in MESSAGES if message in said]
        wrong += [said.decode(errors="replace")[-2000:]] if b"ERROR: " in said else []  # a sanitizer's
        wrong += miscounted(one, bad, self.servers.bad_logons())
        came = self.servers.proofs()[proofs:]
        claimed = [row["credentials"] for row in report["sent"] if row["credentials"] != "none"]
        left = bool(came) or one.saw is None and one.scheme is not None
        if bool(claimed) != left and finding != "http.broken":  # whether the last of it left is open there
            wrong.append(f"what was sent, says the report: {claimed}")
        if one.saw is None:
            return wrong
        seen = seen_of(came)
        wrong += [] if seen == one.saw else [f"the server saw {seen}, expected {one.saw}"]
        wrong += [f"a proof is not as it should be: {proof}" for proof in came
                  if not (proof["v2"] and proof["mic"] and proof["lm_zero"] and proof["spn"] == f"HTTP/{one.host}")]
        return wrong


def run(servers, folder):
    """Returns passed, failed, skipped."""
    logons = Logons(servers, folder)
    passed = failed = 0
    for title, cases in GROUPS:
        print(f"{title}:", flush=True)
        for one in cases:
            try:
                wrong = logons.wrong(one)
            except (subprocess.SubprocessError, OSError, ValueError, KeyError) as error:
                wrong = [repr(error)]
            passed, failed = passed + (not wrong), failed + bool(wrong)
            print(f"{'not ok' if wrong else 'ok    '} {one.what}: {', '.join(as_tuple(one.finding or 'opened'))} ({one.scheme})", flush=True)
            for line in wrong:
                print(f"       {line}")
    return passed, failed, 0
