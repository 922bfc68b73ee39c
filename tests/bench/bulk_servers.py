"""What a bulk check is measured against: canned servers over TLS on the loopback, ports from the kernel, each in a temporary folder."""
import json, pathlib, re, shutil, socket, subprocess, time

HERE = pathlib.Path(__file__).resolve().parent
HOST = "mail.contoso.test"
URL = f"https://{HOST}/EWS/Exchange.asmx"
LOGON, PASSWORD = "CONTOSO\\svc-exray", "Sim-Passw0rd"
NGINX = "/usr/sbin/nginx"


def compiled(name, package, folder):
    """A small C program of this folder, made with what the machine has."""
    flags = subprocess.run(["pkg-config", "--cflags", "--libs", package], capture_output=True, text=True, check=True).stdout.split()
    subprocess.run(["cc", "-O2", "-std=c17", "-D_GNU_SOURCE", HERE / f"{name}.c", "-o", folder / name, *flags, "-pthread"], check=True)
    return folder / name


def make_certificates(folder):
    """ca.pem, and leaf.pem with leaf.key for HOST and, for clients that cannot be told where a name is, 127.0.0.1."""
    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30"]
    openssl = ["openssl", "req", "-x509", "-new", *key]
    subprocess.run([*openssl, "-keyout", folder / "ca.key", "-out", folder / "ca.pem", "-subj", "/CN=exray bench root",
                    "-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign,cRLSign"],
                   check=True, capture_output=True)
    subprocess.run([*openssl, "-keyout", folder / "leaf.key", "-out", folder / "leaf.pem", "-subj", f"/CN={HOST}",
                    "-CA", folder / "ca.pem", "-CAkey", folder / "ca.key", "-addext", f"subjectAltName=DNS:{HOST},IP:127.0.0.1",
                    "-addext", "basicConstraints=critical,CA:FALSE", "-addext", "keyUsage=critical,digitalSignature",
                    "-addext", "extendedKeyUsage=serverAuth"], check=True, capture_output=True)


class Static:
    """static_server.c: thread per connection, answers by what the body asks, counts."""

    def __init__(self, program, folder, *options):
        self.process = subprocess.Popen([program, folder / "leaf.pem", folder / "leaf.key", *map(str, options)],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.port = json.loads(self.process.stdout.readline())["port"]

    def stop(self):
        output, _ = self.process.communicate("", timeout=20)
        return json.loads(output)


# The answer to ResolveNames names whom X-AnchorMailbox names; which of the two is asked for is told by the length of the body:
# nginx answers before it has read one, and all addresses are of one length here.
NGINX_CONF = """
daemon off; worker_processes 2; pid {folder}/nginx.pid; error_log {folder}/nginx.err;
events {{ worker_connections 1024; }}
http {{
    access_log off; keepalive_requests 100000000; keepalive_timeout 300s; default_type "text/xml; charset=utf-8";
    client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
    map $content_length $answer {{ default '{folder_answer}'; {resolve_length} '{resolve_answer}'; }}
    server {{
        listen 127.0.0.1:{port} ssl; server_name {host}; ssl_certificate {folder}/leaf.pem; ssl_certificate_key {folder}/leaf.key;
        location /EWS/ {{
            add_header WWW-Authenticate 'Basic realm="{host}"' always;
            if ($http_authorization = "") {{ return 401; }}
            return 200 $answer;
        }}
        location / {{ return 404; }}
    }}
}}
"""


def c_texts():
    """The canned answers of static_server.c, as the compiler sees them: one source for both servers."""
    source = (HERE / "static_server.c").read_text()
    preprocessed = subprocess.run(["cc", "-E", "-P", "-D_GNU_SOURCE", HERE / "static_server.c"], capture_output=True, text=True, check=True).stdout
    assert "resolved[2]" in source
    text = lambda part: "".join(json.loads(f'"{one}"') for one in re.findall(r'"((?:[^"\\]|\\.)*)"', part))
    folder = text(re.search(r"static const char folder\[\] =(.*?);\s*static", preprocessed, re.S)[1])
    resolved = re.search(r"resolved\[2\] = \{(.*?)\};", preprocessed, re.S)[1]
    before, after = re.split(r'"\s*,\s*"', resolved)
    return folder, text(before + '"') + "$http_x_anchormailbox" + text('"' + after)


class Nginx:
    def __init__(self, folder, resolve_length):
        self.folder = folder / "nginx"
        self.folder.mkdir(exist_ok=True)
        for name in ("leaf.pem", "leaf.key"):
            shutil.copy(folder / name, self.folder / name)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        answers = c_texts()
        (self.folder / "nginx.conf").write_text(NGINX_CONF.format(folder=self.folder, port=self.port, host=HOST, folder_answer=answers[0],
                                                                  resolve_answer=answers[1], resolve_length=resolve_length))
        self.process = subprocess.Popen([NGINX, "-p", self.folder, "-e", self.folder / "nginx.err", "-c", self.folder / "nginx.conf"],
                                        stdin=subprocess.DEVNULL)
        for _ in range(200):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            if self.process.poll() is not None:
                break
            time.sleep(0.02)
        raise RuntimeError("nginx did not start: " + (self.folder / "nginx.err").read_text()[-2000:])

    def stop(self):
        self.process.terminate()
        self.process.wait(timeout=20)
        return {}
