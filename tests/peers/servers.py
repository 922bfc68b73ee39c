"""Starts and stops the real servers, with exray-sim's EWS behind their logon.

The scripts in $EXRAY_SHARED/realservers (default: ../shared beside the project) start Apache with mod_auth_gssapi and
gss-ntlmssp, MIT Kerberos, Samba's ntlm_auth, and gss-ntlmssp with channel bindings. They are copied to a temporary folder and
changed there: in place of the answers of their own comes exray-sim's. nginx is configured here. All of it is on loopback.
"""
import concurrent.futures
import contextlib
import ctypes
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests"))
import scenario as runner

SCRIPTS = pathlib.Path(os.environ.get("EXRAY_SHARED", ROOT.parent / "shared")) / "realservers"
PASSWORD = "Passw0rd!"
PATH = os.environ["PATH"] + ":/usr/sbin:/sbin"
MODULES = ["/usr/lib/apache2/modules/mod_auth_gssapi.so", "/etc/gss/mech.d/mech.ntlmssp.conf"]
NEEDED = ["htpasswd", "apache2", "nginx", "ntlm_auth", "krb5kdc", "kadmin.local", "kinit", "openssl", "curl"]
PORTS = ["OCSP_PORT", "CRL_PORT", "KDC_PORT", "KADMIN_PORT", "KPASSWD_PORT", "AP_PORT", "AP_PROXY_PORT", "AP_HTTP_PORT", "BACKEND_PORT",
         "NS_PORT", "EPA_PORT", "EPA_OTHER_PORT", "EPA_SAME_PORT", "NGINX_BASIC", "NGINX_POOLED"]
MANY = 40  # user0@contoso.test and so on
PR_SET_CHILD_SUBREAPER = 36
LOCKED_AFTER = 2  # wrong passwords of one account, at the server with channel bindings

# Who may log on at which server; exray-sim knows two accounts, the second without the right to impersonate.
SERVICE = ["CONTOSO\\svc-exray", "svc-exray@contoso.test", "CONTOSO\\jürgen", "CONTOSO\\Łukasz", "\\upn@contoso.test",
           "upn@contoso.test", *(f"CONTOSO\\spare{i}" for i in range(10))]
OTHER = ["CONTOSO\\alice", "alice@contoso.test"]

# What is changed in the copies: file, text that is there once, text in its place.
LIKE_IIS = 'server_version, sys_version, disable_nagle_algorithm = "Microsoft-IIS/10.0", "", True'
BEHIND = """status, headers, content = ews_behind.answer(self.user, self.command, self.path, self.headers.items(), body)
        self.{0}(status, content, **headers)"""
CHANGES = [
    ("epa_server.py", "import base64,", "import ews_behind, base64,"),
    ("epa_server.py", "    logon = user = None", "    logon = user = None\n    " + LIKE_IIS),
    ("epa_server.py", "self.answer(200, json.dumps(dict(user=self.user, method=self.command, got=len(body))).encode(), "
                      'Content_Type="application/json")', BEHIND.format("answer")),
    ("ntlm_samba.py", "import sys,", "import ews_behind, sys,"),
    ("ntlm_samba.py", 'protocol_version = "HTTP/1.1";', LIKE_IIS + '; protocol_version = "HTTP/1.1";'),
    ("ntlm_samba.py", "if n: self.rfile.read(n)", "body = self.rfile.read(n)"),
    ("ntlm_samba.py", """self.out(200, ('<Echo user="%s"/>' % self.user).encode(), Content_Type="text/xml")""",
     BEHIND.format("out")),
]
# Without it gss-ntlmssp refuses libcurl's NTLM; exray's own must do without.
INTEROP_LINE = re.compile(r"^  RequestHeader edit Authorization .* early$\n", re.M)

NGINX = """daemon off; master_process off; pid {folder}/pid; error_log {folder}/error.log; events {{ }}
http {{
    access_log off;
    client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/1; uwsgi_temp_path {folder}/2; scgi_temp_path {folder}/3;
    ssl_certificate {pki}/mail.chain.pem; ssl_certificate_key {pki}/mail.key;
    upstream pool {{ server 127.0.0.1:{AP_PORT}; keepalive 4; }}
    server {{
        listen 127.0.0.1:{NGINX_BASIC} ssl;
        auth_basic "nginx"; auth_basic_user_file {folder}/users;
        location / {{ proxy_set_header X-Remote-User $remote_user; proxy_pass http://127.0.0.1:{BACKEND_PORT}; }}
    }}
    server {{
        listen 127.0.0.1:{NGINX_POOLED} ssl;
        location / {{ proxy_pass https://pool; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_set_header Host $host; }}
    }}
}}
"""


def skip(why):
    print(f"skipped: {why}")
    print("0 passed, 0 failed, 1 skipped")
    sys.exit(0)


def free_ports(names):
    """One for each: chosen one by one, two of the servers might get the same."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in names]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return {name: one.getsockname()[1] for name, one in zip(names, sockets)}


def organisation():
    """What exray-sim plays: Jane may be impersonated, Boris may not; three more have their EWS elsewhere, and then there are MANY."""
    base = {key: value for key, value in runner.load(runner.BASE / "healthy-exchange-se.json").items() if key != "extends"}
    anna = base["users"][0]

    def user(name, number, **more):
        return {**anna, "smtp": f"{name}@contoso.test", "upn": f"{name}@contoso.test", "aliases": [], "name": name.title(),
                "sid": anna["sid"][:-4] + str(number), **more}

    users = [user("jane", 2001), user("boris", 2002),
             *(user(path, number, ews_url=f"https://mail.contoso.test/{path}/Exchange.asmx")
               for number, path in enumerate(("none", "require", "drop"), 2003)),
             user("svc-exray", 2010), user("alice", 2011), *(user(f"user{i}", 3000 + i) for i in range(MANY))]
    service = {**base["accounts"][0], "logon": "CONTOSO\\svc-exray", "mailbox": "svc-exray@contoso.test"}
    host = {**base["hosts"][0], "address": "127.0.0.1"}
    return {**base, "users": users, "exchange": {**base["exchange"], "schemes": ["Basic"]}, "hosts": [host],
            "accounts": [service, {**service, "logon": "CONTOSO\\alice", "upn": "alice@contoso.test", "mailbox": "alice@contoso.test",
                                   "may_impersonate": []}],
            "scopes": {"mobile-users": [one["smtp"] for one in users if one["smtp"] != "boris@contoso.test"]},
            "dns": ["contoso.test A nodata", "contoso.test AAAA nodata", "mail.contoso.test A a 127.0.0.1",
                    "mail.contoso.test AAAA nodata", "contoso.test MX mx 10 mail.contoso.test",
                    "_autodiscover._tcp.contoso.test SRV srv 0 0 443 mail.contoso.test"]}


class Servers:
    def __init__(self, build, folder):
        self.build, self.folder, self.base, self.scripts = build, folder, folder / "base", folder / "scripts"
        self.root = self.base / "pki" / "root.pem"
        self.ports = free_ports(PORTS)
        self.environment = {**os.environ, "PATH": PATH, "RS_BASE": str(self.base), "LOCKOUT": str(LOCKED_AFTER),
                            **{name: str(port) for name, port in self.ports.items()}}
        self.simulator = self.nginx = None
        self.stopped = threading.Event()
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
        threading.Thread(target=self.bury, daemon=True).start()
        shutil.copytree(SCRIPTS, self.scripts)
        for path in (self.scripts, *self.scripts.rglob("*")):
            path.chmod(0o755)
        self.change()

    def change(self):
        for name, there, instead in CHANGES:
            path = self.scripts / name
            text = path.read_text()
            if text.count(there) != 1:
                raise RuntimeError(f"{name} has changed: {there!r} is there {text.count(there)} times")
            path.write_text(text.replace(there, instead))
        script = self.scripts / "apache.sh"
        text, lines = INTEROP_LINE.subn("", script.read_text())
        if lines != 1:
            raise RuntimeError("apache.sh has changed: where is the line for libcurl's NTLM?")
        script.write_text(text)
        behind = pathlib.Path(__file__).with_name("ews_behind.py")
        for name in ("backend.py", "ews_behind.py"):
            shutil.copy(behind, self.scripts / name)

    def bury(self):
        """What the scripts leave in the background is this process's to wait for: the scripts look whether it is gone, and many a
        container has nobody who would do it at once."""
        while not self.stopped.wait(0.02):
            for path in self.base.glob("*/run/*.pid"):
                with contextlib.suppress(OSError, ValueError, IndexError):
                    os.waitpid(int(path.read_text().split()[0]), os.WNOHANG)

    def call(self, name, verb):
        return subprocess.run(["bash", str(self.scripts / f"{name}.sh"), verb], env=self.environment, cwd=self.scripts,
                              capture_output=True, text=True, timeout=120)

    def begin(self, name):
        done = self.call(name, "start")
        if done.returncode == 77:  # it says which package is missing
            skip(f"{name}.sh: {done.stderr.strip()}")
        if done.returncode:
            raise RuntimeError(f"{name}.sh: {done.stdout}{done.stderr}")

    def start(self):
        with concurrent.futures.ThreadPoolExecutor() as pool:  # Apache reads what the first two write
            simulator = pool.submit(self.start_simulator)
            for names in (("pki", "kdc"), ("apache", "epa", "ntlm_samba")):
                for done in [pool.submit(self.begin, name) for name in names]:
                    done.result()
            simulator.result()
        self.start_nginx()
        with (self.base / "epa" / "users").open("a") as users:
            users.writelines(f"CONTOSO:spare{i}:{PASSWORD}\n" for i in range(10))
        with (self.base / "apache" / "ntlm.users").open("a") as users:
            users.write(f":upn@contoso.test:{PASSWORD}\n")

    def start_simulator(self):
        path = self.folder / "organisation.json"
        path.write_text(json.dumps(organisation()))
        self.simulator = runner.Simulator(self.build / "exray-sim", path, self.folder)
        ready = self.simulator.ready
        self.ports["DNS"] = ready["dns"]
        table = {name.casefold(): logon for names, logon in ((SERVICE, "CONTOSO\\svc-exray"), (OTHER, "CONTOSO\\alice")) for name in names}
        (self.scripts / "behind.json").write_text(json.dumps({
            "port": ready["https"], "ca_file": ready["ca_file"], "stands_for": table, "password": "Sim-Passw0rd"}))

    def start_nginx(self):
        folder = self.folder / "nginx"
        folder.mkdir()
        shutil.copy(self.base / "apache" / "htpasswd", folder / "users")
        subprocess.run(["htpasswd", "-bm", folder / "users", "CONTOSO\\svc-exray", PASSWORD], check=True, capture_output=True)
        (folder / "conf").write_text(NGINX.format(folder=folder, pki=self.base / "pki", **self.ports))
        self.nginx = subprocess.Popen(["nginx", "-c", folder / "conf", "-p", folder], env=self.environment,
                                      stderr=subprocess.DEVNULL)
        end = time.monotonic() + 10
        while time.monotonic() < end:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.ports["NGINX_POOLED"])):
                return
            time.sleep(0.02)
        raise RuntimeError(f"nginx did not start: {(folder / 'error.log').read_text()}")

    def stop(self):
        if self.nginx:
            self.nginx.send_signal(signal.SIGTERM)
            self.nginx.wait(20)
        with concurrent.futures.ThreadPoolExecutor() as pool:
            list(pool.map(lambda name: self.call(name, "stop"), ("ntlm_samba", "epa", "apache", "kdc")))
        if self.simulator:
            self.simulator.stop()
        self.stopped.set()

    def bad_logons(self):
        """Of each account so far, at the server with channel bindings."""
        context = ssl.create_default_context(cafile=str(self.root))
        with urllib.request.urlopen(f"https://127.0.0.1:{self.ports['EPA_PORT']}/_state", context=context, timeout=20) as answer:
            return json.load(answer)

    def proofs(self):
        """What came to that server so far: each type 3."""
        return [json.loads(line) for line in (self.base / "epa" / "log.jsonl").read_text().splitlines()]

    def port(self):
        return self.ports["AP_PORT"]


@contextlib.contextmanager
def prepare(build, folder):
    """The servers, running; or everything is skipped."""
    if not SCRIPTS.is_dir():
        skip(f"no {SCRIPTS}")
    missing = [name for name in NEEDED if not shutil.which(name, path=PATH)]
    missing += [path for path in MODULES if not os.path.exists(path)]
    if missing:
        skip(f"not installed: {', '.join(missing)}")
    folder.chmod(0o755)
    servers = Servers(build, folder)
    try:
        servers.start()
        yield servers
    finally:
        servers.stop()
