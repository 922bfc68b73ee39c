#!/usr/bin/env python3
"""exray against servers that nobody here wrote: Apache with mod_auth_gssapi and gss-ntlmssp, MIT Kerberos.

    real_servers.py [BUILD-DIR]      default: $EXRAY_BUILD

They are started on loopback by the scripts in $EXRAY_SHARED/realservers (default: ../shared beside the project) and
stopped again. Without that folder, or without the packages it names, everything is skipped. What is behind their
logon is no Exchange, so a good logon shows as an answer that is not EWS.
Prints "N passed, N failed, N skipped".
"""
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
SCRIPTS = pathlib.Path(os.environ.get("EXRAY_SHARED", ROOT.parent / "shared")) / "realservers"
PASSWORD = "Passw0rd!"
NEEDED = ["htpasswd", "krb5kdc", "kadmin.local", "kinit", "openssl", "curl"]


def skip(why):
    print(f"skipped: {why}")
    print("0 passed, 0 failed, 1 skipped")
    sys.exit(0)


class Servers:
    def __init__(self, folder):
        self.scripts = folder / "scripts"
        shutil.copytree(SCRIPTS, self.scripts)
        for path in self.scripts.rglob("*"):
            path.chmod(0o755)
        self.base = folder / "base"
        self.environment = {**os.environ, "RS_BASE": str(self.base), "RS_PORTS": "auto"}

    def call(self, name, verb):
        return subprocess.run(["bash", str(self.scripts / f"{name}.sh"), verb], env=self.environment, cwd=self.scripts,
                              capture_output=True, text=True, timeout=120)

    def start(self):
        for name in ("pki", "kdc", "apache"):
            done = self.call(name, "start")
            if done.returncode:
                self.stop()
                skip(f"{name}.sh: {(done.stdout + done.stderr).strip().splitlines()[-1:]}")

    def stop(self):
        for name in ("apache", "kdc"):
            self.call(name, "stop")

    def port(self):
        lines = (self.base / "apache" / "env").read_text().splitlines()
        return next(line.split("=")[1] for line in lines if line.startswith("AP_PORT="))


def exray(build, servers, folder, path, password, ticket):
    (folder / "pw").write_text(password + "\n")
    environment = {**os.environ, "KRB5_CONFIG": str(servers.base / "kdc" / "krb5.conf"),
                   "KRB5CCNAME": f"FILE:{folder / ('ticket' if ticket else 'none')}"}
    if ticket:
        subprocess.run(["kinit", "svc-exray"], input=PASSWORD + "\n", text=True, env=environment, check=True, capture_output=True)
    done = subprocess.run(
        [str(build / "exray"), "test", "service-account", "--mailbox", "jane@contoso.test", "--account", "CONTOSO\\svc-exray",
         "--password-file", str(folder / "pw"), "--ews-url", f"https://mail.contoso.test/{path}/Exchange.asmx",
         "--resolve", "mail.contoso.test:443:127.0.0.1", "--connect-to", f":443::{servers.port()}",
         "--ca-file", str(servers.base / "pki" / "root.pem"), "--json", "-"],
        env=environment, capture_output=True, text=True, timeout=60)
    return json.loads(done.stdout)


CASES = [  # path, password, ticket, finding, scheme
    ("ntlm", PASSWORD, False, "ews.malformed", "NTLM"),
    ("ntlm", "wrong", False, "logon.rejected", "NTLM"),
    ("basic", PASSWORD, False, "ews.malformed", "Basic"),
    ("basic", "wrong", False, "logon.rejected", "Basic"),
    ("all", PASSWORD, False, "ews.malformed", "NTLM"),
    ("neg", PASSWORD, True, "ews.malformed", "Negotiate"),
    ("all", PASSWORD, True, "ews.malformed", "Negotiate"),
    ("neg", PASSWORD, False, "logon.scheme-not-offered", None),
]


def main():
    build = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else os.environ["EXRAY_BUILD"]).resolve()
    if not SCRIPTS.is_dir():
        skip(f"no {SCRIPTS}")
    missing = [name for name in NEEDED if not shutil.which(name, path=os.environ["PATH"] + ":/usr/sbin:/sbin")]
    if missing:
        skip(f"not installed: {', '.join(missing)}")
    failed = 0
    with tempfile.TemporaryDirectory(prefix="exray-servers-") as name:
        folder = pathlib.Path(name)
        folder.chmod(0o755)
        servers = Servers(folder)
        servers.start()
        try:
            for path, password, ticket, finding, scheme in CASES:
                report = exray(build, servers, folder, path, password, ticket)
                got = (report["verdict"]["finding"], report["facts"]["auth_scheme"])
                good = got == (finding, scheme)
                failed += not good
                print(f"{'ok    ' if good else 'not ok'} /{path}/ {'with a ticket' if ticket else password}: {got}")
        finally:
            servers.stop()
    print(f"{len(CASES) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
