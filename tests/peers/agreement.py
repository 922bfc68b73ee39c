#!/usr/bin/python3
"""Does a client that nobody here wrote, python3-exchangelib, meet what exray says?

    agreement.py [BUILD-DIR]      default: $EXRAY_BUILD

Both go the same way in the same simulated organisation: the account, the EWS URL and the user of the scenario file. What
exchangelib raises is put beside the finding of exray, a line each. Where exchangelib can tell what is wrong, the two must
mean the same; the table shows where its word covers several causes that exray tells apart.
Prints "N passed, N failed, N skipped".
"""
import json
import logging
import os
import pathlib
import socket
import subprocess
import sys
import tempfile
import warnings

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests"))
import scenario as runner

try:
    import exchangelib
    import requests.adapters
except ImportError as missing:
    print(f"{sys.executable} has no {missing.name} (Debian: python3-exchangelib)")
    print("0 passed, 0 failed, 1 skipped")
    sys.exit(0)

from exchangelib import BASIC, DELEGATE, IMPERSONATION, NTLM, Account, Configuration, Credentials
from exchangelib.protocol import BaseProtocol

URL = "https://mail.contoso.test/EWS/Exchange.asmx"
TIMEOUT_S = 4 * runner.FACTOR

# Scenario, and what exchangelib raises for it. Several causes behind one word are the point of the table.
CASES = [
    ("healthy/given-ews-url", None),
    ("healthy/basic-only", None),
    ("healthy/ntlm-only", None),
    ("healthy/delegate-access", None),
    ("healthy/calendar-folder", None),
    ("healthy/wildcard-certificate", None),
    ("logon/wrong-password", "UnauthorizedError"),
    ("logon/wrong-password-over-basic", "UnauthorizedError"),
    ("logon/unknown-account", "UnauthorizedError"),
    ("logon/account-locked-out", "UnauthorizedError"),
    ("logon/extended-protection-required", None),
    ("logon/account-disabled-says-exchange", "ErrorAccountDisabled"),
    ("logon/password-expired-by-ews", "ErrorPasswordExpired"),
    ("logon/ews-disabled", "MalformedResponseError"),
    ("inbox/ews-disabled-for-the-mailbox", "MalformedResponseError"),
    ("logon/user-agent-not-on-the-allow-list", "MalformedResponseError"),
    ("inbox/impersonation-denied-by-scope", "ErrorImpersonateUserDenied"),
    ("inbox/no-impersonation-role", "ErrorImpersonateUserDenied"),
    ("inbox/impersonation-failed", "ErrorImpersonationFailed"),
    ("inbox/mailbox-unknown", "ErrorNonExistentMailbox"),
    ("inbox/mail-contact", "ErrorNonExistentMailbox"),
    ("inbox/distribution-list", "ErrorNonExistentMailbox"),
    ("inbox/account-of-the-mailbox-disabled", "ErrorAccountDisabled"),
    ("inbox/mailbox-moving", "ErrorMailboxMoveInProgress"),
    ("inbox/database-dismounted", "ErrorMailboxStoreUnavailable"),
    ("inbox/directory-unavailable", "ErrorADUnavailable"),
    ("inbox/no-permission", "ErrorAccessDenied"),
    ("inbox/folder-missing", "ErrorFolderNotFound"),
    ("inbox/wrong-site", "ErrorCrossSiteRequest"),
    ("inbox/throttled", "ErrorServerBusy"),
    ("inbox/malformed-answer", "TransportError"),
    ("ssl_trust/expired-certificate", "TransportError"),
    ("ssl_trust/self-signed", "TransportError"),
    ("ssl_trust/name-mismatch", "TransportError"),
    ("ssl_trust/intermediate-not-sent", "TransportError"),
    ("endpoint/connection-refused", "ConnectionError"),
    ("endpoint/name-not-found", "ConnectionError"),
]


def intercept(ready, hosts):
    """This process lives in the simulated organisation's network from here on."""
    ports, ca_file, real = {443: ready["https"], 80: ready["http"]}, ready["ca_file"], socket.getaddrinfo

    def getaddrinfo(host, port, *args, **kwargs):
        if host not in hosts:
            raise socket.gaierror(socket.EAI_NONAME, "no such name")
        return real(hosts[host], ports.get(port, port), *args, **kwargs)

    class Trusting(requests.adapters.HTTPAdapter):
        def cert_verify(self, conn, url, verify, cert):
            super().cert_verify(conn, url, ca_file, cert)

    socket.getaddrinfo = getaddrinfo
    BaseProtocol.HTTP_ADAPTER_CLS = Trusting
    BaseProtocol.TIMEOUT = TIMEOUT_S


def addresses_of(world):
    """Where the names of the scenario's DNS lead to, by its A records."""
    rows = [row.split() for row in world.get("dns", [])]
    addresses = {row[0]: row[3] for row in rows if row[1:3] == ["A", "a"]}
    aliases = {row[0]: row[3] for row in rows if row[1:3] == ["CNAME", "cname"]}
    return {**addresses, **{name: addresses[to] for name, to in aliases.items() if to in addresses}}


def scheme_of(world, options):
    offered = world["exchange"].get("schemes", ["NTLM"])
    wanted = options.get("auth", [])
    wanted = [wanted] if isinstance(wanted, str) else wanted
    basic = wanted == ["basic"] or "NTLM" not in offered
    return BASIC if basic else NTLM


def opens(world, ready):
    """What exchangelib does with the scenario's form; the folder is looked at as exray does."""
    options = world["test"]["options"]
    intercept(ready, addresses_of(world))
    delegate = options.get("no-impersonation")
    config = Configuration(service_endpoint=options.get("ews-url", URL), auth_type=scheme_of(world, options),
                           credentials=Credentials(options["account"], options["password"]))
    account = Account(options["mailbox"], config=config, autodiscover=False,
                      access_type=DELEGATE if delegate else IMPERSONATION)
    folder = {"inbox": "inbox", "calendar": "calendar", "contacts": "contacts"}[options.get("folder", "inbox")]
    next(iter(getattr(account, folder).all().only("subject")[:1]), None)


def word_of_exchangelib(world, ready):
    """In a process of its own: what it imports and intercepts is gone with it."""
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        warnings.simplefilter("ignore")
        logging.disable(logging.CRITICAL)
        try:
            opens(world, ready)
            word = "-"
        except Exception as error:
            word = type(error).__name__
        os.write(writer, word.encode())
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as pipe:
        word = pipe.read()
    os.waitpid(child, 0)
    return None if word == "-" else word or "nothing: it died"


def word_of_exray(program, path, ready, folder):
    done = subprocess.run(runner.command(program, path, ready, folder), capture_output=True, timeout=60 * runner.FACTOR)
    report = json.loads((folder / "report.json").read_text())
    return report["verdict"]["finding"], report["verdict"]["status"], done.returncode


def compare(build, name, expected, folder):
    """Each of them gets a simulator of its own: nobody's requests count for the other."""
    path = ROOT / "fixtures/scenarios" / f"{name}.json"
    world, words = runner.load(path), []
    for who in ("exchangelib", "exray"):
        place = folder / who
        place.mkdir()
        simulator = runner.Simulator(build / "exray-sim", path, place)
        try:
            words.append(word_of_exchangelib(world, simulator.ready) if who == "exchangelib"
                         else word_of_exray(build / "exray", world, simulator.ready, place))
        finally:
            simulator.stop()
    theirs, (ours, status, _) = words
    agree = theirs == expected and (theirs is None) == (status != "error")
    print(f"{'ok    ' if agree else 'not ok'} {name:44} {theirs or 'opened':30} {ours or 'opened'}", flush=True)
    if theirs != expected:
        print(f"       exchangelib was to say {expected or 'nothing'}")
    return agree, theirs, ours


def tell_where_we_tell_more(rows):
    for word in sorted({theirs for _, theirs, _ in rows if theirs}):
        ours = sorted({ours for _, theirs, ours in rows if theirs == word and ours})
        if len(ours) > 1:
            print(f"  {word} is for exray one of {len(ours)}: {', '.join(ours)}")


def main():
    build = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else os.environ["EXRAY_BUILD"]).resolve()
    print(f"       {'scenario':44} {'exchangelib ' + exchangelib.__version__:30} exray")
    rows = []
    for name, expected in CASES:
        with tempfile.TemporaryDirectory(prefix="exray-agreement-") as folder:
            rows.append(compare(build, name, expected, pathlib.Path(folder)))
    tell_where_we_tell_more(rows)
    failed = sum(not agree for agree, _, _ in rows)
    print(f"{len(rows) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
