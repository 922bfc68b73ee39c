"""What is connected to: openssl s_server, nginx, plain sockets that misbehave, and the host that certificates point to (issuers, OCSP,
CRL). All on the loopback, ports from the kernel, ended by their ids."""
import contextlib, datetime, http.server, os, pathlib, shutil, socket, struct, subprocess, threading, time

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509 import ocsp

import pki

NGINX = shutil.which("nginx", path="/usr/sbin:/usr/local/sbin:" + os.environ.get("PATH", ""))
STRONG = ["-cipher", "ECDHE+AESGCM"]
WEAK = ["-cipher", "ECDHE+AESGCM:@SECLEVEL=0"]  # must come before the certificate, else s_server refuses a weak one


def bound(address="127.0.0.1", port=0):
    """A socket that is bound; the port is the kernel's."""
    made = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    made.bind((address, port))
    return made


def free_port(addresses):
    """A port that is free at each of these addresses at this moment."""
    for _ in range(50):
        with contextlib.ExitStack() as stack, contextlib.suppress(OSError):
            port = stack.enter_context(bound(addresses[0])).getsockname()[1]
            for address in addresses[1:]:
                stack.enter_context(bound(address, port))
            return port
    raise RuntimeError("no port is free at " + " and ".join(addresses))


def write_chain(folder, sent, name="chain"):
    """leaf with its key, and what is sent after it; gives both paths and that of the whole chain."""
    paths = [folder / f"{name}.{kind}.pem" for kind in ("leaf", "rest", "all")]
    paths[0].write_bytes(sent[0].key_pem + sent[0].pem)
    paths[1].write_bytes(b"".join(one.pem for one in sent[1:]))
    paths[2].write_bytes(b"".join(one.pem for one in sent))
    return paths


# ---- processes ----

RUNNING, starting = set(), threading.Lock()


def started(words, **how):
    with starting:
        process = subprocess.Popen(words, **how)
        RUNNING.add(process)
    return process


def ended(process):
    process.terminate()  # a kill would leave nginx's workers behind
    process.wait(timeout=20)
    RUNNING.discard(process)


def end_all():
    """When the whole matrix is broken off. Nothing starts any more."""
    starting.acquire()
    for process in list(RUNNING):
        ended(process)


# ---- openssl s_server ----

class SServer:
    def __init__(self, folder, sent, *options, address="127.0.0.1", port=0):
        options = list(options) if "-cipher" in options else [*STRONG, *options]
        place = f"[{address}]:{port}" if ":" in address else f"{address}:{port}"
        leaf, rest, _ = write_chain(folder, sent, f"s{id(self)}")
        words = ["openssl", "s_server", "-accept", place, "-www", "-no-CAfile", "-no-CApath", "-no-CAstore", *map(str, options), "-cert", leaf,
                 "-key", leaf, *(["-cert_chain", rest] if sent[1:] else [])]
        self.errors = folder / f"s_server{id(self)}.err"
        with open(self.errors, "wb") as errors:
            self.process = started(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=errors)
        for line in self.process.stdout:
            if line.startswith(b"ACCEPT"):
                self.port = port or int(line.rsplit(b":", 1)[1])
                threading.Thread(target=self.process.stdout.read, daemon=True).start()
                return
        ended(self.process)
        raise RuntimeError("s_server did not start: " + self.errors.read_text(errors="replace")[-1500:])

    def stop(self):
        ended(self.process)


# ---- nginx ----

SITE = """
    server {{
        listen {listen} ssl{default}; server_name {name}; {body}
        ssl_certificate {chain}; ssl_certificate_key {leaf}; location / {{ return 204; }}
    }}
"""
CONF = """
daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log {folder}/nginx.err;
events {{ worker_connections 512; }}
http {{
    access_log off; ssl_session_tickets off; ssl_protocols TLSv1.2 TLSv1.3; ssl_ciphers ECDHE+AESGCM;
    client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
    {sites}
}}
"""


class Nginx:
    """sites: (name, what is sent, directives), ...; all of them at one port, told apart by SNI, the first is the default.

    The listening socket is made here and handed over, as nginx hands it to a new self: no port is ever guessed.
    """

    def __init__(self, folder, *sites):
        listener = bound()
        listener.listen(64)
        self.port = listener.getsockname()[1]
        blocks = []
        for i, (name, sent, body) in enumerate(sites):
            leaf, _, whole = write_chain(folder, sent, f"site{i}")
            blocks.append(SITE.format(listen=f"127.0.0.1:{self.port}", default=" default_server" if not i else "", name=name, body=body,
                                      chain=whole, leaf=leaf))
        (folder / "nginx.conf").write_text(CONF.format(folder=folder, sites="".join(blocks)))
        os.set_inheritable(listener.fileno(), True)
        self.process = started([NGINX, "-p", folder, "-e", folder / "nginx.err", "-c", folder / "nginx.conf"],
                               stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL, pass_fds=[listener.fileno()],
                               env={**os.environ, "NGINX": f"{listener.fileno()};"})
        listener.close()
        time.sleep(0.05)
        if self.process.poll() is not None:
            ended(self.process)
            raise RuntimeError("nginx did not start: " + (folder / "nginx.err").read_text()[-1500:])

    def stop(self):
        ended(self.process)


# ---- sockets that misbehave ----

class Peer:
    """A listener that hands each connection to a function, in a thread of its own."""

    def __init__(self, serve):
        self.serve, self.open = serve, []
        self.listener = bound()
        self.listener.listen(64)
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self.listener.accept()
                self.open.append(connection)
                threading.Thread(target=self.talk, args=[connection], daemon=True).start()

    def talk(self, connection):
        with contextlib.suppress(OSError):
            self.serve(connection)

    def stop(self):
        # A shutdown wakes those who wait in accept() and recv(); close() alone does not.
        for one in [self.listener, *self.open]:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()


def close_at_once(connection):
    connection.shutdown(socket.SHUT_RDWR)
    connection.close()


def reset_soon(connection):
    """Later than connect() returns, so that it is the handshake that meets it."""
    time.sleep(0.1)
    reset(connection)


def reset(connection):
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def reset_after_hello(connection):
    connection.recv(4096)
    reset(connection)


def says(text, first=False):
    """Says that, once it has been spoken to, or first; then waits for the end."""
    def serve(connection):
        if not first:
            connection.recv(4096)
        connection.sendall(text)
        while connection.recv(4096):
            pass
        connection.close()
    return serve


def record_of(connection):
    """The next TLS record, whole."""
    head = b""
    while len(head) < 5:
        part = connection.recv(5 - len(head))
        if not part:
            return b""
        head += part
    body, length = b"", int.from_bytes(head[3:5], "big")
    while len(body) < length:
        body += connection.recv(length - len(body)) or bytes(length)
    return head + body


def relay_records(port, count, end):
    """Relays to a sound server; of its answer only so many records come through, then end(connection).

    The sound server says all that it has to say and is let go before: it serves one client at a time, and a reset would end it.
    """
    def serve(connection):
        hello = record_of(connection)
        with socket.create_connection(("127.0.0.1", port)) as behind:
            behind.sendall(hello)
            behind.shutdown(socket.SHUT_WR)
            records = list(iter(lambda: record_of(behind), b""))
        connection.sendall(b"".join(records[:count]))
        end(connection)
    return serve


def stay_silent(connection):
    while connection.recv(4096):
        pass


# ---- where certificates point to ----

class Library:
    """An HTTP server of what authorities publish: url(path) says where, routes[path] = (body, content type) or a function of the handler."""

    def __init__(self):
        routes, self.asked, ended = {}, [], threading.Event()
        asked = self.asked

        class Handler(http.server.BaseHTTPRequestHandler):
            def answer(self):
                asked.append(self.path)
                body = self.rfile.read(min(int(self.headers.get("Content-Length") or 0), 100000))
                route = routes.get(self.path, (b"nothing here", "text/plain", 404))
                if callable(route):
                    route = route(self, body)
                if route:
                    self.reply(*route)

            do_GET = do_POST = answer

            def reply(self, body, kind, status=200):
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def handle(self):
                with contextlib.suppress(OSError):
                    super().handle()

            def log_message(self, *_):
                pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads, request_queue_size = True, 128

            def handle_error(self, *_):
                pass

        self.routes, self.ended = routes, ended
        self.server = Server(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def url(self, path):
        return f"http://127.0.0.1:{self.server.server_address[1]}{path}"

    def publish(self, path, route):
        self.routes[path] = route
        return self.url(path)

    def stop(self):
        self.ended.set()
        self.server.shutdown()
        self.server.server_close()

    # What a bad host does instead of answering; each gives nothing more to say.

    def redirect(self, to):
        def answer(handler, _):
            handler.send_response(302)
            handler.send_header("Location", to)
            handler.send_header("Content-Length", "0")
            handler.end_headers()
        return answer

    def silence(self, handler, _):
        self.ended.wait(60)

    def endless(self, handler, _):
        handler.send_response(200)
        handler.send_header("Content-Type", "application/octet-stream")
        handler.end_headers()
        while not self.ended.is_set():
            handler.wfile.write(bytes(65536))


# ---- what is asked about revocation ----

GOOD, REVOKED, UNKNOWN = ocsp.OCSPCertStatus.GOOD, ocsp.OCSPCertStatus.REVOKED, ocsp.OCSPCertStatus.UNKNOWN
HOUR = datetime.timedelta(hours=1)


def ocsp_answer(leaf, issuer, status=GOOD, signer=None, age=HOUR, until=24 * HOUR, request=None):
    """In DER. signer: who signs it instead of the issuer; its certificate goes along."""
    revoked = status == REVOKED
    signer = signer or issuer
    builder = ocsp.OCSPResponseBuilder().add_response(
        leaf.parsed, issuer.parsed, hashes.SHA1(), status, pki.NOW - age, pki.NOW + until,
        pki.NOW - 48 * HOUR if revoked else None, x509.ReasonFlags.key_compromise if revoked else None)
    builder = builder.responder_id(ocsp.OCSPResponderEncoding.HASH, signer.parsed)
    if signer is not issuer:
        builder = builder.certificates([signer.parsed])
    nonces = [one.value for one in request.extensions if one.oid == x509.OCSPNonce.oid] if request else []
    for nonce in nonces:
        builder = builder.add_extension(nonce, False)
    return builder.sign(signer.key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)


def responder(leaf, issuer, **how):
    """A route that answers OCSP requests about one certificate."""
    def answer(_, body):
        return ocsp_answer(leaf, issuer, request=ocsp.load_der_ocsp_request(body), **how), "application/ocsp-response"
    return answer


def refusal(status):
    """The answer of a responder that does not answer: try later, unauthorized ..."""
    made = ocsp.OCSPResponseBuilder.build_unsuccessful(status)
    return made.public_bytes(serialization.Encoding.DER), "application/ocsp-response"


def crl(issuer, *revoked, until=24 * HOUR, signer=None):
    builder = x509.CertificateRevocationListBuilder(pki.name_of(issuer.subject), pki.NOW - 48 * HOUR, pki.NOW + until)
    builder = builder.add_extension(x509.CRLNumber(7), False).add_extension(pki.authority_key(issuer.key)[0], False)
    for one in revoked:
        entry = x509.RevokedCertificateBuilder(one.parsed.serial_number, pki.NOW - 49 * HOUR)
        builder = builder.add_revoked_certificate(entry.add_extension(x509.CRLReason(x509.ReasonFlags.key_compromise), False).build())
    return builder.sign((signer or issuer).key, hashes.SHA256()).public_bytes(serialization.Encoding.DER), "application/pkix-crl"


def write_staple(folder, leaf, issuer, **how):
    path = pathlib.Path(folder) / "staple.der"
    path.write_bytes(ocsp_answer(leaf, issuer, **how))
    return path
