"""A client without any caution, as there have been some (THREATS A01 to A14). A scenario that does not catch it proves nothing.

It climbs up the domain, sends the password with every request over anything, follows every redirect with everything it has,
reads URLs as browsers do, believes every answer, verifies no certificate, keeps cookies for everybody, and reads .netrc.
"""
import base64, contextlib, http.client, json, re, socket, ssl, struct, urllib.parse

from leaks.canaries import PASSWORD

REQUESTS_MAX = 90
POX_BODY = ("<Autodiscover xmlns=\"http://schemas.microsoft.com/exchange/autodiscover/outlook/requestschema/2006\"><Request><EMailAddress>{}</EMailAddress>"
            "<AcceptableResponseSchema>http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a</AcceptableResponseSchema>"
            "</Request></Autodiscover>")
ELEMENT = re.compile(r"<(EwsUrl|RedirectUrl|RedirectAddr)>([^<]*)<", re.I)
LETTERS = {"\u2100": "a/c", "\u2048": "?!", "\uff0f": "/", "\uff1f": "?"}


def name_query(name, kind):
    labels = b"".join(bytes([len(label)]) + label.encode() for label in name.split(".") if 0 < len(label) < 64)
    return b"\x12\x34\1\0\0\1\0\0\0\0\0\0" + labels + b"\0" + struct.pack(">HH", kind, 1)


def read_url(text):
    """(scheme, host, port, path) as a browser reads it, roughly."""
    text = re.sub(r"[\t\r\n]", "", text.strip(" "))
    for letter, plain in LETTERS.items():
        text = text.replace(letter, plain)
    found = re.match(r"(?i)(https?|ftp|ldap|file):[\\/]*([^\\/?#]*)([^#]*)", text)
    if not found:
        return None
    scheme, authority, path = found.groups()
    name, _, port = urllib.parse.unquote(authority.rpartition("@")[2]).partition(":")
    name = re.split(r"[\0#/]", name)[0].strip().rstrip(".").lower()
    if name.isdigit():
        name = socket.inet_ntoa(struct.pack(">I", int(name) & 0xffffffff))
    name = name.replace(" ", "")
    if not name.isascii():
        name = name.encode("idna").decode()
    return scheme.lower(), name, int(port) if port.isdigit() else 443, path if path.startswith("/") else "/"


class Careless:
    def __init__(self, ready, options, environment):
        self.ready, self.seen, self.left, self.cookies = ready, set(), REQUESTS_MAX, ["first=okapi3377"]
        self.account, self.secret = options["account"], options.get("password") or options.get("token") or PASSWORD
        self.mailbox, self.is_token = options["mailbox"], "token" in options
        proxies = [options.get("proxy"), *environment.values()]
        self.proxy = next((int(one.rsplit(":", 1)[1]) for one in proxies if one), None)

    def ask_dns(self, name, kind=1):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            client.settimeout(0.3)
            client.sendto(name_query(name, kind), ("127.0.0.1", self.ready["dns"]))
            with contextlib.suppress(OSError):
                return client.recv(4096)
        return b""

    def address(self, name):
        """The last four bytes of an answer with one address."""
        if re.fullmatch(r"127\.\d+\.\d+\.\d+", name):
            return name
        answer = self.ask_dns(name)
        return socket.inet_ntoa(answer[-4:]) if len(answer) > 12 and answer[7] else None

    def connect(self, scheme, name, port):
        where = (self.address(name), self.ready["http"] if scheme == "http" or port == 80 else self.ready["https"])
        if self.proxy:
            where = ("127.0.0.1", self.proxy)
        if not where[0]:
            raise OSError("no such name")
        connection = http.client.HTTPConnection(name, timeout=2)
        connection.sock = socket.create_connection(where, timeout=2)
        if self.proxy:
            connection.sock.sendall(f"CONNECT {name}:443 HTTP/1.1\r\nProxy-Authorization: {self.credentials()}\r\n\r\n".encode())
            if b"200" not in connection.sock.recv(4096):
                raise OSError("no tunnel")
        if scheme == "https":
            context = ssl._create_unverified_context()
            connection.sock = context.wrap_socket(connection.sock, server_hostname=name)
        return connection

    def credentials(self):
        if self.is_token:
            return "Bearer " + self.secret
        return "Basic " + base64.b64encode(f"{self.account}:{self.secret}".encode()).decode()

    def send(self, connection, method, path, referer):
        connection.putrequest(method, path, skip_accept_encoding=True)
        body = POX_BODY.format(self.mailbox).encode() if method == "POST" else b""
        for name, value in (("Authorization", self.credentials()), ("X-AnchorMailbox", self.mailbox), ("Cookie", "; ".join(self.cookies)),
                            ("Referer", referer), ("X-Netrc", "newt8806"), ("Content-Length", str(len(body)))):
            connection.putheader(name, value)
        connection.endheaders(body)
        response = connection.getresponse()
        return response, response.read(100000).decode("utf-8", "replace")

    def ask(self, url, method="POST", referer="", again=0):
        where = read_url(url)
        if not where or not self.left or (url, method, again) in self.seen:
            return
        self.seen.add((url, method, again))
        self.left -= 1
        scheme, name, port, path = where
        for each in ("https", "http") if scheme not in ("http", "https") else (scheme,):
            with contextlib.suppress(OSError, http.client.HTTPException, ValueError, UnicodeError):
                connection = self.connect(each, name, port)
                with contextlib.closing(connection):
                    response, body = self.send(connection, method, urllib.parse.quote(path, "/?=&%@"), referer)
                self.follow(url, method, response, body, again)

    def follow(self, url, method, response, body, again):
        self.cookies += [value.split(";")[0] for value in response.headers.get_all("Set-Cookie", [])]
        for location in response.headers.get_all("Location", []):
            text = location.encode("latin-1").decode("utf-8", "replace")
            self.ask(text if re.match(r"(?i)[a-z\s]+:", text) else urllib.parse.urljoin(url, text.replace("\\", "/")), method, url)
            self.ask(re.sub(r"[\r\n]+\s*", "", text), "GET", url)
        if response.status in (401, 407) and not again:
            self.ask(url, method, again=1)
        for element, value in ELEMENT.findall(body):
            if element.lower() == "redirectaddr":
                self.domain(value.rpartition("@")[2].split()[0] if "@" in value else value)
            else:
                self.ask(value, "POST", url)
        with contextlib.suppress(ValueError, KeyError):
            self.ask(json.loads(body)["Url"], "POST", url) if body.startswith("{") else None

    def records(self, domain):
        answer = self.ask_dns(f"_autodiscover._tcp.{domain}", 33)
        names = [name.decode("latin-1") for name in re.findall(rb"[a-z0-9-]+", answer, re.I)]
        self.ask_dns(PASSWORD.split("@")[1])
        if len(answer) > 12 and answer[7]:
            for start in range(len(names)):
                self.ask(f"https://{'.'.join(names[start:])}/autodiscover/autodiscover.xml")

    def domain(self, domain):
        self.records(domain)
        for url in (f"https://{domain}", f"https://autodiscover.{domain}", f"http://autodiscover.{domain}"):
            self.ask(url + "/autodiscover/autodiscover.xml", "GET")
            self.ask(url + "/autodiscover/autodiscover.xml")
            self.ask(url + f"/autodiscover/autodiscover.json?Email={self.mailbox}&Protocol=EWS", "GET")

    def mail_exchanger(self, domain):
        """Whose mail comes in at Microsoft has his mailbox there: so it is said."""
        if b"protection" in self.ask_dns(domain, 15) or b"outlook" in self.ask_dns(f"autodiscover.{domain}", 5):
            self.ask("https://outlook.office365.com/autodiscover/autodiscover.xml")

    def run(self, climbs):
        """climbs: up from the domain to those above it."""
        self.mail_exchanger(self.mailbox.rpartition("@")[2])
        labels = self.mailbox.rpartition("@")[2].split(".")
        for start in range(len(labels) if climbs else 1):
            self.domain(".".join(labels[start:]))
