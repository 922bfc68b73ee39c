#!/usr/bin/env python3
"""exray against MIT Kerberos and Apache's mod_auth_gssapi: every way in which a ticket can be had, or not.

    kerberos.py [BUILD-DIR]      default: $EXRAY_BUILD

Part of real_servers.py; by itself for those who work on Kerberos. Behind the logon is exray-sim's EWS: see servers.py.
Prints "N passed, N failed, N skipped".
"""
import contextlib
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

REALM = "CONTOSO.TEST"
PASSWORD = "Passw0rd!"
KDC = "the Kerberos servers (KDC) of realm "
TAKEN = (None, "Negotiate")  # logged on, and the folder was opened
SKEW_S = 3600
PATIENCE = float(os.environ.get("EXRAY_TIME_FACTOR", "1"))
CLOCK = """#define _GNU_SOURCE
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>
int clock_gettime(clockid_t id, struct timespec *at)
{ int rc = (int)syscall(SYS_clock_gettime, id, at); if (id == CLOCK_REALTIME) at->tv_sec += %d; return rc; }
int gettimeofday(struct timeval *restrict at, void *restrict zone)
{ struct timespec now; (void)zone; clock_gettime(CLOCK_REALTIME, &now);
  at->tv_sec = now.tv_sec; at->tv_usec = now.tv_nsec / 1000; return 0; }
time_t time(time_t *ret) { struct timespec now; clock_gettime(CLOCK_REALTIME, &now); if (ret) *ret = now.tv_sec; return now.tv_sec; }
""" % SKEW_S


def soon(look, seconds):
    """What look() gives, once that is something."""
    end = time.monotonic() + seconds * PATIENCE
    while not (seen := look()) and time.monotonic() < end:
        time.sleep(0.05)
    return seen


def state(pid):
    """Its state and its parent, or nothing."""
    with contextlib.suppress(OSError):
        fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return fields[0], int(fields[1])
    return None, 0


def is_alive(pid):
    return state(pid)[0] not in (None, "Z")


def kerberos_children(parent):
    found = []
    for path in pathlib.Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if state(path.name)[1] == parent and b"--kerberos-child" in (path / "cmdline").read_bytes():
                found.append(int(path.name))
    return found


class Kerberos:
    def __init__(self, build, servers, folder):
        self.exray, self.servers, self.folder = build / "exray", servers, folder
        kdc = servers.base / "kdc"
        self.environment = {**os.environ, "KRB5_CONFIG": str(kdc / "krb5.conf"), "KRB5_KDC_PROFILE": str(kdc / "kdc.conf"),
                            "PATH": os.environ["PATH"] + ":/usr/sbin:/sbin"}
        self.environment.pop("KRB5CCNAME", None)
        self.tickets = 0
        self.passed = self.failed = self.skipped = 0

    def check(self, what, got, wanted):
        good = got == wanted
        self.passed, self.failed = self.passed + good, self.failed + (not good)
        print(f"{'ok    ' if good else 'not ok'} {what}: {got}" + ("" if good else f", not {wanted}"), flush=True)

    def skip(self, what, why):
        self.skipped += 1
        print(f"skip   {what}: {why}")

    def admin(self, command):
        return subprocess.run(["kadmin.local", "-r", REALM, "-q", command], env=self.environment, check=True,
                              capture_output=True, text=True).stdout

    def failed_logons(self, user):
        return int(re.search(r"Failed password attempts: (\d+)", self.admin(f"getprinc {user}")).group(1))

    def cache(self):
        self.tickets += 1
        return f"FILE:{self.folder / f'ticket{self.tickets}'}"

    def kinit(self, user="svc-exray", password=PASSWORD, *options):
        """A new cache with a ticket of its own."""
        cache = self.cache()
        subprocess.run(["kinit", *options, user], input=password + "\n", text=True, check=True, capture_output=True,
                       env={**self.environment, "KRB5CCNAME": cache})
        return cache

    def command(self, *options, account="svc-exray@contoso.test", host="mail.contoso.test", path="neg", password=None):
        given = ["--no-input"]
        if password:
            (self.folder / "secret").write_text(password + "\n")
            given = ["--password-file", str(self.folder / "secret")]
        return [str(self.exray), "test", "service-account", "--mailbox", "jane@contoso.test", "--account", account, *given,
                "--ews-url", f"https://{host}/{path}/Exchange.asmx", "--resolve", f"{host}:443:127.0.0.1",
                "--connect-to", f":443::{self.servers.port()}", "--ca-file", str(self.servers.base / "pki" / "root.pem"),
                "--no-revocation", "--json", "-", *options]

    def ask(self, *options, cache=None, variables=None, **more):
        """The report of one run. By Negotiate alone, unless the options say otherwise."""
        how = options if "--auth" in options else (*options, "--auth", "negotiate")
        done = subprocess.run(self.command(*how, **more), capture_output=True, text=True, timeout=60,
                              env={**self.environment, **(variables or {}), "KRB5CCNAME": cache or self.cache()})
        if not done.stdout:
            return {"verdict": {"finding": done.stderr.strip()}, "facts": {"auth_scheme": None}, "sent": []}
        return json.loads(done.stdout)

    def told(self, *options, **more):
        report = self.ask(*options, **more)
        return report["verdict"]["finding"], report["facts"]["auth_scheme"]

    def kdcs(self, *options, **more):
        """What the report says that the servers of which realm got."""
        report = self.ask(*options, **more)
        return [(row["to"].removeprefix(KDC).split(",")[0], row["what"], row["credentials"]) for row in report["sent"]
                if row["to"].startswith(KDC)]

    def configured(self, own, realms):
        """The variables of a krb5.conf with that default realm, where the one KDC serves the realms."""
        path = self.folder / f"krb5-{own}-{len(realms)}.conf"
        server = f"kdc = 127.0.0.1:{self.servers.ports['KDC_PORT']}"
        path.write_text("\n".join([f"[libdefaults]\ndefault_realm = {own}\ndns_lookup_kdc = false\nudp_preference_limit = 1\n"
                                   "[realms]", *(f"{realm} = {{\n {server}\n}}" for realm in realms), ""]))
        return {"KRB5_CONFIG": str(path)}

    def asked_of_kdc(self):
        return len(re.findall(r"AS_REQ", (self.servers.base / "kdc" / "log" / "kdc.log").read_text()))

    def pid(self):
        return int((self.servers.base / "kdc" / "run" / "krb5kdc.pid").read_text().split()[0])

    @contextlib.contextmanager
    def silent(self):
        os.kill(self.pid(), signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(self.pid(), signal.SIGCONT)

    # --- the cases ---

    def good(self):
        cache = self.kinit()
        self.check("a ticket, no password", self.told(cache=cache), TAKEN)
        self.check("a ticket, behind NTLM", self.told("--auth", "ntlm", "--auth", "negotiate", cache=cache, password="unused"),
                   TAKEN)
        self.check("a password, UPN", self.told(password=PASSWORD), TAKEN)
        self.check("a password, DOMAIN\\user", self.told(account="CONTOSO\\svc-exray", password=PASSWORD), TAKEN)
        self.check("failed logons so far", self.failed_logons("svc-exray"), 0)

    def told_of(self):
        """Who gets to know the account."""
        ticket = (REALM, "a question for a ticket for HTTP/mail.contoso.test", "Kerberos ticket")
        proof = (REALM, "account name, and proof of the password (pre-authentication)", "account, and proof of the password (Kerberos)")
        self.check("sent with a password", self.kdcs(password=PASSWORD), [proof, ticket])
        self.check("sent with a wrong one", self.kdcs(password="wrong"), [proof])
        self.check("sent with a name that is not there", self.kdcs(account="nobody@contoso.test", password="x"),
                   [(REALM, "account name", "none")])
        self.check("sent with a ticket", self.kdcs(cache=self.kinit()), [ticket])
        self.admin("modprinc -unlock svc-exray")
        stranger = self.configured("ATHENA.TEST", ["ATHENA.TEST"])
        for account in ("svc-exray@contoso.test", "CONTOSO\\svc-exray"):
            before = self.asked_of_kdc()
            report = self.ask(account=account, password=PASSWORD, variables=stranger)
            self.check(f"{account}, and a stranger's default realm", report["verdict"]["finding"], "logon.kerberos-kdc-unreachable")
            self.check("what that one got", self.asked_of_kdc() - before, 0)
            self.check("what the report says of it", [row for row in report["sent"] if row["to"].startswith(KDC)], [])
            beside = self.configured("ATHENA.TEST", ["ATHENA.TEST", REALM])
            self.check(f"{account}, a stranger's default realm, the realm of the mailbox is known",
                       self.told(account=account, password=PASSWORD, variables=beside), TAKEN)

    def without(self):
        nothing = "logon.kerberos-no-ticket"
        empty = self.folder / "empty"
        empty.mkdir()
        self.check("a collection without a ticket", self.told(cache=f"DIR:{empty}")[0], nothing)
        cache = self.kinit("svc-exray", PASSWORD, "-l", "1s")
        time.sleep(2)
        self.check("a ticket that ran out", self.told(cache=cache)[0], nothing)
        (self.folder / "users").write_text(f"CONTOSO:svc-exray:{PASSWORD}\n")
        self.check("NTLM does not go out as Negotiate", self.told(
            cache=f"DIR:{empty}", path="all", variables={"NTLM_USER_FILE": str(self.folder / "users")})[0], nothing)

    def refused(self):
        before = self.failed_logons("svc-exray")
        self.check("a wrong password", self.told(password="wrong")[0], "logon.rejected")
        self.check("its failed logons", self.failed_logons("svc-exray") - before, 1)
        self.check("an account that is locked", self.told(account="locked@contoso.test", password="locked")[0], "logon.rejected")
        self.check("a password that has expired", self.told(account="pwexpired@contoso.test", password="expired")[0],
                   "logon.password-expired")
        self.check("an account that is not there", self.told(account="nobody@contoso.test", password="x")[0], "logon.rejected")

    def keytabs(self):
        keytab = str(self.folder / "keytab")
        self.admin(f"ktadd -norandkey -k {keytab} svc-exray")
        self.check("a keytab", self.told("--keytab", keytab), TAKEN)
        self.check("a keytab, before NTLM", self.told(
            "--auth", "negotiate", "--auth", "ntlm", "--keytab", keytab, account="CONTOSO\\svc-exray"), TAKEN)
        self.check("a keytab that is not there", self.told("--keytab", keytab + "2")[0], "logon.kerberos-failed")
        self.admin("cpw -pw other svc-exray")
        before = self.failed_logons("svc-exray")
        self.check("a keytab that is outdated", self.told("--keytab", keytab)[0], "logon.rejected")
        self.check("its failed logons", self.failed_logons("svc-exray") - before, 1)
        self.admin(f"cpw -pw {PASSWORD} svc-exray")

    def unreachable(self):
        cache = self.kinit()
        with self.silent():
            began = time.monotonic()
            self.check("a KDC that is silent", self.told("--step-timeout", "2", cache=cache)[0], "logon.kerberos-kdc-unreachable")
            self.check("in bounded time", time.monotonic() - began < 8 * PATIENCE, True)
            self.interrupted(cache)
        self.servers.call("kdc", "stop")
        self.check("a KDC that is down", self.told(cache=cache)[0], "logon.kerberos-kdc-unreachable")
        self.check("a KDC that is down, with a password", self.told(password=PASSWORD)[0], "logon.kerberos-kdc-unreachable")
        self.servers.call("kdc", "start")

    def interrupted(self, cache):
        for number, code in ((signal.SIGINT, 130), (signal.SIGKILL, -9)):
            process = subprocess.Popen(self.command("--step-timeout", "30", "--auth", "negotiate"), stdout=subprocess.DEVNULL,
                                       env={**self.environment, "KRB5CCNAME": cache}, stderr=subprocess.DEVNULL)
            children = soon(lambda: kerberos_children(process.pid), 10)
            time.sleep(0.3)
            self.check(f"{number.name}: a child waits for the KDC", len(children), 1)
            process.send_signal(number)
            began = time.monotonic()
            self.check(f"{number.name}: the exit code", process.wait(20), code)
            self.check(f"{number.name}: at once", time.monotonic() - began < 2 * PATIENCE, True)
            self.check(f"{number.name}: no child is left", soon(lambda: not any(map(is_alive, children)), 5), True)

    def skewed(self):
        compiler = shutil.which("cc")
        if not compiler:
            return self.skip("a clock that differs", "no C compiler")
        (self.folder / "clock.c").write_text(CLOCK)
        library = self.folder / "clock.so"
        subprocess.run([compiler, "-shared", "-fPIC", "-o", library, self.folder / "clock.c"], check=True)
        self.servers.call("kdc", "stop")
        self.servers.environment["LD_PRELOAD"] = str(library)
        self.servers.call("kdc", "start")
        del self.servers.environment["LD_PRELOAD"]
        before = self.failed_logons("svc-exray")
        self.check("a clock that differs by an hour", self.told(password=PASSWORD)[0], "logon.kerberos-clock-skew")
        self.check("its failed logons", self.failed_logons("svc-exray") - before, 0)
        self.servers.call("kdc", "stop")
        self.servers.call("kdc", "start")
        self.servers.call("apache", "stop")
        self.servers.environment["LD_PRELOAD"] = str(library)
        self.servers.call("apache", "start")
        del self.servers.environment["LD_PRELOAD"]
        report = self.ask(password=PASSWORD)
        self.check("a web server's clock that differs by an hour", report["verdict"]["finding"], "logon.kerberos-clock-skew")
        self.check("as it says itself", "(Kerberos error 37: the clocks differ)" in json.dumps(report), True)
        self.servers.call("apache", "stop")
        self.servers.call("apache", "start")

    def services(self):
        self.admin("delprinc -force HTTP/autodiscover.contoso.test")
        report = self.ask(cache=self.kinit(), host="autodiscover.contoso.test")
        self.check("a service that the KDC does not know", report["verdict"]["finding"], "logon.kerberos-service-unknown")
        self.check("what Exchange got then", [row for row in report["sent"] if row["credentials"] != "none"
                                              and not row["to"].startswith(KDC)], [])
        self.admin("cpw -randkey HTTP/mail.contoso.test")
        self.check("a key that the server does not have", self.told(cache=self.kinit())[0], "logon.kerberos-key-mismatch")
        self.admin(f"ktadd -k {self.servers.base / 'kdc' / 'http.keytab'} HTTP/mail.contoso.test")
        self.check("the same after ktadd", self.told(cache=self.kinit()), TAKEN)


def run(build, servers, folder):
    """Returns passed, failed, skipped."""
    kerberos = Kerberos(build, servers, folder)
    for case in (kerberos.good, kerberos.told_of, kerberos.without, kerberos.refused, kerberos.keytabs, kerberos.unreachable, kerberos.skewed,
                 kerberos.services):
        try:
            case()
        except (subprocess.SubprocessError, OSError, ValueError, KeyError) as error:
            kerberos.check(case.__name__, repr(error), "no exception")
    return kerberos.passed, kerberos.failed, kerberos.skipped


def main():
    from servers import prepare
    build = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else os.environ["EXRAY_BUILD"]).resolve()
    with tempfile.TemporaryDirectory(prefix="exray-kerberos-") as name, prepare(build, pathlib.Path(name)) as servers:
        passed, failed, skipped = run(build, servers, pathlib.Path(name))
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
