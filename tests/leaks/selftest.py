"""Proofs of the oracle itself: whatever is planted in a log must be found, and nothing else."""
import base64, struct

from leaks import canaries, received, world

ADDRESSES = {"127.0.0.2": "mail.contoso.test", "127.0.0.9": "evil.test"}
CLEAN = (b"GET /autodiscover/autodiscover.xml HTTP/1.1\r\nHost: evil.test\r\nUser-Agent: exray\r\nAccept: */*\r\n\r\n"
         b"GET /aGVsbG8gd29ybGQhIQ==/%41%42&amp;&#x41; HTTP/1.1\r\nHost: evil.test\r\n\r\n")


def connection(data, name=b"evil.test", port=b"https", address=b"127.0.0.9"):
    return b"\n--- connection 1 " + name + b" " + port + b" " + address + b"\n" + data


def dns(name, kind=1):
    labels = b"".join(bytes([len(label)]) + label for label in name.split(b"."))
    return b"\n--- dns udp " + name + b".\n\x12\x34\1\0\0\1\0\0\0\0\0\0" + labels + b"\0" + struct.pack(">HH", kind, 1)


def ntlm(user):
    """The third message of NTLM, as far as it matters here: the user's name in UTF-16."""
    name = user.encode("utf-16-le")
    return base64.b64encode(b"NTLMSSP\0" + struct.pack("<I", 3) + b"\0" * 24 + struct.pack("<HHI", len(name), len(name), 88) + b"\0" * 44 + name)


def percent(text, every):
    return "".join(f"%{ord(c):02X}" if every or not c.isalnum() else c for c in text).encode()


def entities(text):
    return "".join(f"&#{ord(c)};" if i % 2 else f"&#x{ord(c):x};" for i, c in enumerate(text)).encode()


FORMS = {
    "plain": lambda text: text.encode(),
    "upper-case": lambda text: text.upper().encode(),
    "utf-16": lambda text: text.encode("utf-16-le"),
    "utf-16-big-endian": lambda text: text.encode("utf-16-be"),
    "hex": lambda text: text.encode().hex().encode(),
    "hex-of-utf-16": lambda text: text.encode("utf-16-le").hex().upper().encode(),
    "percent": lambda text: percent(text, every=False),
    "percent-every-character": lambda text: percent(text, every=True),
    "percent-twice": lambda text: percent(percent(text, every=True).decode(), every=False),
    "entities": entities,
    "base64": lambda text: base64.b64encode(text.encode()),
    "base64-offset-1": lambda text: base64.b64encode(b"x" + text.encode() + b"yz"),
    "base64-offset-2": lambda text: base64.b64encode(b"xy" + text.encode() + b"z"),
    "base64-of-urls": lambda text: base64.urlsafe_b64encode(b"\xff\xfe\xff" + text.encode()),
    "base64-without-end": lambda text: base64.b64encode(b"user:" + text.encode()).rstrip(b"="),
    "base64-of-upper-case": lambda text: base64.b64encode(text.upper().encode()),
    "base64-of-utf-16": lambda text: base64.b64encode(b"NTLMSSP\0\3" + text.encode("utf-16-le")),
    "base64-twice": lambda text: base64.b64encode(base64.b64encode(b"x" + text.encode())),
    "base64-in-percent": lambda text: percent(base64.b64encode(b"x" + text.encode()).decode(), every=True),
}
WHERE = {
    "in-the-path": lambda form: CLEAN.replace(b"/autodiscover/", b"/" + form + b"/", 1),
    "in-a-header": lambda form: CLEAN.replace(b"Accept: ", b"X-AnchorMailbox: " + form + b"\r\nAccept: ", 1),
    "in-a-body": lambda form: CLEAN + b"POST / HTTP/1.1\r\nContent-Length: 99\r\n\r\n<EMailAddress>" + form + b"</EMailAddress>",
    "cut-off": lambda form: b"POST / HTTP/1.1\r\nX: " + form,
}
HEADERS = {
    "basic": ("logon", b"Authorization: Basic eDp5"),
    "the-first-message-of-ntlm": ("logon", b"authorization:NTLM TlRMTVNTUAABAAAA"),
    "for-a-proxy": ("logon", b"Proxy-Authorization: Basic eDp5"),
    "a-cookie": ("cookie", b"Cookie: session=1"),
    "a-referer": ("referer", b"Referer: https://mail.contoso.test/"),
    "a-body-that-cannot-be-read": ("unreadable", b"Transfer-Encoding: chunked"),
}


def found(leaked, log, may=None):
    case = world.Case("planted", "", may=may or {})
    return leaked(case, received.parse(log, ADDRESSES))


def missing(leaked, log, kind):
    told = found(leaked, log)
    return [] if any(line.startswith(f"LEAK: {kind} at ") for line in told) else [f"{kind} was planted and not found: {log!r}"]


def planted(leaked):
    """Each kind of canary in each form at each place of a request."""
    values = {"mailbox": canaries.MAILBOX, "account": canaries.LOGON, "password": canaries.PASSWORD, "token": canaries.TOKEN,
              "cookie": "okapi3377", "netrc": "newt8806"}
    for form, make in FORMS.items():
        yield f"oracle-finds-{form}", [line for kind, text in values.items() for put in WHERE.values()
                                       for line in missing(leaked, connection(put(make(text))), kind)]


def pieces(leaked):
    """A part of a secret is a leak as well; so is what is upper case in NTLM, and in which the name server is asked."""
    parts = {"password": [b"yak5827", b"gnu6093.test", b"YAK5827"], "token": [b"ibex4410", b"tern1975"], "account": [b"acct-emu9152"]}
    yield "oracle-finds-a-part", [line for kind, all_parts in parts.items() for part in all_parts
                                  for line in missing(leaked, connection(CLEAN + part), kind)]
    yield "oracle-finds-a-name-in-ntlm", [line for user in (canaries.LOGON, "acct-emu9152", "ACCT-EMU9152") for line in
                                          missing(leaked, connection(CLEAN + b"Authorization: NTLM " + ntlm(user) + b"\r\n"), "account")]
    questions = {b"gnu6093.test": "password", b"Mbx-Kiwi7341.contoso.test": "mailbox", b"mbx-kiwi7341@contoso.test": "mailbox"}
    yield "oracle-finds-a-question-to-dns", [line for name, kind in questions.items() for line in missing(leaked, dns(name), kind)]
    for name, (kind, header) in HEADERS.items():
        yield f"oracle-finds-{name}", missing(leaked, connection(b"GET / HTTP/1.1\r\n" + header + b"\r\n\r\n"), kind)


def silence(leaked):
    """What is allowed, and what is nothing, is no leak; and what is allowed at one place is not at its neighbour."""
    log = connection(CLEAN) + dns(b"contoso.test", 15) + connection(b"", port=b"http")
    yield "oracle-is-silent-about-nothing", found(leaked, log)
    secret = b"Authorization: Basic " + base64.b64encode(f"{canaries.LOGON}:{canaries.PASSWORD}".encode())
    mine = connection(b"GET / HTTP/1.1\r\n" + secret + b"\r\n\r\n", b"mail.contoso.test", b"https", b"127.0.0.2")
    may = {"mail.contoso.test https": canaries.SECRETS}
    yield "oracle-is-silent-about-what-is-allowed", found(leaked, mine, may)
    for name, log in {"another-host": mine.replace(b"127.0.0.2", b"127.0.0.9"), "another-port": mine.replace(b" https ", b" http "),
                      "a-later-connection": mine + connection(secret)}.items():
        yield f"oracle-tells-{name}-apart", [] if found(leaked, log, may) else ["what is allowed elsewhere was not found"]


def proofs(leaked):
    return [*planted(leaked), *pieces(leaked), *silence(leaked)]
