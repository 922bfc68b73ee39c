"""exray check of many mailboxes at the server with channel bindings, in front of exray-sim's EWS. Part of real_servers.py."""
import collections
import json
import subprocess

from logons import BAD, BAD_ELSEWHERE, FITS_NOT, NONE, PROTECTION, RIGHT, SERVICE, UNSEEN, WRONG, miscounted, seen_of
from servers import MANY, PASSWORD, runner

JOBS = 8
URL = "https://mail.contoso.test/{}/Exchange.asmx"

Case = collections.namedtuple("Case", "what at path account password finding first then wrong group")
# first: the proofs that came first, in this order; then: those that may follow, one at most for each connection. wrong: bad logons
# that the server counted. group: the finding about the account.
CASES = [
    Case("Require", "EPA_PORT", "require", SERVICE, PASSWORD, None, [], RIGHT, 0, None),
    Case("Require, a wrong password", "EPA_PORT", "require", "CONTOSO\\spare8", WRONG, "logon.rejected", [BAD], None, 1, "logon.rejected"),
    Case("TLS ends elsewhere, None", "EPA_OTHER_PORT", "none", SERVICE, PASSWORD, None, [], UNSEEN, 0, None),
    Case("TLS ends elsewhere, Allow", "EPA_OTHER_PORT", "EWS", SERVICE, PASSWORD, "logon.rejected", [FITS_NOT], None, 0, "logon.rejected"),
    Case("TLS ends elsewhere, a wrong password", "EPA_OTHER_PORT", "EWS", "CONTOSO\\spare9", WRONG, "logon.rejected", [BAD_ELSEWHERE],
         None, 1, "logon.rejected"),
    Case("TLS ends elsewhere, Autodiscover, then Allow", "EPA_OTHER_PORT", None, SERVICE, PASSWORD, None, [UNSEEN, FITS_NOT, NONE, FITS_NOT],
         NONE, 0, PROTECTION),
]


def exray(servers, folder, *words):
    environment = {**servers.environment, "HOME": str(folder), "XDG_STATE_HOME": str(folder / "state")}
    return subprocess.run([servers.build / "exray", *words, "--store", "store.db", "--no-input"], cwd=folder, env=environment,
                          capture_output=True, timeout=60 * runner.FACTOR, check=words[0] != "check")


def check(servers, folder, one):
    """The report of a check of all the users, in a store of its own."""
    folder.mkdir()
    (folder / "pw").write_text(one.password + "\n")
    (folder / "users.csv").write_text("email\n" + "".join(f"user{i}@contoso.test\n" for i in range(MANY)))
    way = ["--ews-url", URL.format(one.path)] if one.path else []
    exray(servers, folder, "org", "add", "bulk", "--access-type", "exchange-impersonation", "--domain", "contoso.test", "--account",
          one.account, "--password-file", "pw", *way)
    exray(servers, folder, "user", "import", "--org", "bulk", "users.csv")
    done = exray(servers, folder, "check", "bulk", "--jobs", str(JOBS), "--json", "check.json", "--dns-server", f"127.0.0.1:{servers.ports['DNS']}",
          "--connect-to", f":443::{servers.ports[one.at]}", "--ca-file", servers.root)
    if not (folder / "check.json").exists() or b"ERROR: " in done.stderr:  # a sanitizer's
        raise ValueError(f"{done.stdout + done.stderr}")
    return json.loads((folder / "check.json").read_text())


def judge(one, report, came):
    found = collections.Counter(user["finding"] for user in report["users"])
    wrong = runner.differs("findings", {one.finding: MANY}, dict(found))
    wrong += runner.differs("groups", [one.group], [group["finding"] for group in report["groups"]])
    seen = seen_of(came)
    first, then = seen[:len(one.first)], seen[len(one.first):]
    wrong += [] if first == one.first else [f"the server saw {first} first, expected {one.first}"]
    wrong += [f"the server saw {odd} later" for odd in set(then) - {one.then}]
    wrong += [f"{len(then)} logons for {JOBS} connections"] if len(then) > JOBS + 1 else []
    return wrong


def run(servers, folder):
    """Returns passed, failed, skipped."""
    passed = failed = 0
    print(f"a check of {MANY} mailboxes:", flush=True)
    for number, one in enumerate(CASES):
        proofs, before = len(servers.proofs()), servers.bad_logons()
        try:
            report = check(servers, folder / f"bulk{number}", one)
            wrong = judge(one, report, servers.proofs()[proofs:]) + miscounted(one, before, servers.bad_logons())
        except (subprocess.SubprocessError, OSError, ValueError, KeyError) as error:
            wrong = [repr(error)]
        passed, failed = passed + (not wrong), failed + bool(wrong)
        print(f"{'not ok' if wrong else 'ok    '} {one.what}: {one.finding or 'opened'}", flush=True)
        for line in wrong:
            print(f"       {line}")
    return passed, failed, 0
