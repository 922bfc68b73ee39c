"""The values that must not turn up where they do not belong, and how to find them in whatever a server received.

Each kind of canary has words that occur nowhere else. A word is looked for plain, in UTF-16, as hexadecimal digits, in base64 at
each of its three offsets; then once more in what percent-encoding, entities of XML and base64 hide.
"""
import base64, html, re, urllib.parse

DOMAIN = "contoso.test"
MAILBOX = "mbx-kiwi7341@contoso.test"
LOGON = "CONTOSO\\acct-emu9152"
UPN = "acct-emu9152@contoso.test"
# What stands behind the @ was a host name to some clients, and what stands behind the % a character (CVE-2020-8169).
PASSWORD = "yak5827@gnu6093.test%41"
TOKEN = "ibex4410.rhea2268.sign-tern1975"

WORDS = {
    "mailbox": ["mbx-kiwi7341"],
    "account": ["acct-emu9152"],
    "password": ["yak5827", "gnu6093"],
    "token": ["ibex4410", "rhea2268", "tern1975"],
    "cookie": ["okapi3377"],
    "netrc": ["newt8806"],
}
# What no word can show: any header of these is one of the kind.
HEADERS = {
    "logon": re.compile(rb"^(?:proxy-)?authorization[ \t]*:", re.I | re.M),
    "cookie": re.compile(rb"^cookie2?[ \t]*:", re.I | re.M),
    "referer": re.compile(rb"^referer[ \t]*:", re.I | re.M),
    "unreadable": re.compile(rb"^(?:content-encoding|transfer-encoding)[ \t]*:", re.I | re.M),
}
# Who may log on may see all of these.
SECRETS = frozenset({"mailbox", "account", "password", "token", "logon"})
BASE64_RUN = re.compile(rb"[A-Za-z0-9+/_-]{8,}={0,2}")
CREDENTIAL = re.compile(rb"^(?:proxy-)?authorization[ \t]*:[ \t]*(\w+)[ \t]*(\S*)", re.I | re.M)


def base64_forms(plain):
    """What is left of the word in base64 at each of the three offsets, without the characters that its neighbours change."""
    for pad in range(3):
        whole = base64.b64encode(b"\0" * pad + plain)
        first = -(-8 * pad // 6)
        last = (8 * (pad + len(plain))) // 6
        yield whole[first:last]
        yield whole[first:last].translate(bytes.maketrans(b"+/", b"-_"))


def patterns(word):
    """(in any letter case, as it stands)"""
    encoded = [word.encode(), word.encode("utf-16-le"), word.encode("utf-16-be")]
    loose = encoded + [one.hex().encode() for one in encoded] + [b"".join(b"%%%02x" % byte for byte in word.encode())]
    strict = [form for one in encoded for form in base64_forms(one)]
    strict += [form for form in base64_forms(word.upper().encode("utf-16-le"))]
    return loose, strict


def any_of(forms, flags=0):
    return re.compile(b"|".join(re.escape(form) for form in forms), flags)


FINDERS = {}
for kind, words in WORDS.items():
    pairs = [patterns(word) for word in words]
    FINDERS[kind] = (any_of([form for loose, _ in pairs for form in loose], re.I), any_of([form for _, strict in pairs for form in strict]))


def decoded(data):
    """What base64 hides, run by run, at each alignment: what stands before the run may look like a part of it."""
    for run in BASE64_RUN.findall(data):
        text = run.rstrip(b"=").translate(bytes.maketrans(b"-_", b"+/"))
        for start in range(4):
            whole = text[start:len(text) - (len(text) - start) % 4] if (len(text) - start) % 4 == 1 else text[start:]
            yield base64.b64decode(whole + b"=" * (-len(whole) % 4))


def views(data, depth=2):
    """The bytes, and what is hidden in them."""
    yield data
    if not depth:
        return
    unquoted = urllib.parse.unquote_to_bytes(data) if b"%" in data else data
    unescaped = html.unescape(data.decode("latin-1")).encode("utf-8", "replace") if b"&" in data else data
    for other in (unquoted, unescaped):
        if other != data:
            yield from views(other, depth - 1)
    hidden = b"\n".join(decoded(data))
    if hidden:
        yield from views(hidden, depth - 1)


def kinds_in(data):
    """The kinds of canaries that these bytes hold, in whatever form."""
    found = {kind for kind, header in HEADERS.items() if header.search(data)}
    for view in views(data):
        found |= {kind for kind, (loose, strict) in FINDERS.items() if loose.search(view) or strict.search(view)}
    return found


def credentials_in(data):
    """The headers that hold a secret or a proof of one; the first message of NTLM holds none."""
    found = []
    for scheme, value in CREDENTIAL.findall(data):
        token = base64.b64decode(value + b"=" * (-len(value) % 4)) if scheme.lower() in (b"ntlm", b"negotiate") else value
        if not token.startswith(b"NTLMSSP\0\1"):
            found.append(scheme.decode())
    return found
