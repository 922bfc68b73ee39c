"""Input that wants to hang the program, fill its memory, or write on the terminal: the right finding, in time, and nothing raw.

Every check here is held against the step time limit plus two seconds.
"""
import datetime, time

import harness
import pki
import servers
import told
from bench import check, in_time
from pki import authority

LIMIT = 3  # seconds, --step-timeout
KEY_LABEL = b"PRIVATE KEY"


def live(desk, port, *options, limit=LIMIT, **how):
    with in_time(limit):
        return desk.live(port, "--step-timeout", str(limit), "-v", "--html", desk.folder / "report.html", *options, quiet=False, **how)


def offline(desk, sent, **how):
    with in_time(LIMIT):
        return desk.offline(sent, "-v", "--html", desk.folder / "report.html", quiet=False, **how)


def both(name, make, *expect, host=pki.HOST, says=(), only=None, limit=LIMIT):
    """What is sent, judged live and from a file, with all that is printed looked at."""
    def judge_live(desk):
        desk.must(live(desk, desk.s_server(make(desk.m)).port, host=host, limit=limit), *expect, says=says)

    def judge_offline(desk):
        desk.must(offline(desk, make(desk.m), host=host), *expect, says=says)

    if only != "offline":
        check(f"hostile-{name}", *expect)(judge_live)
    if only != "live":
        check(f"hostile-{name}-from-a-file", *expect)(judge_offline)


# ---- certificates ----

def deep(m, levels):
    """A chain in which each signs the next."""
    path = [m.root]
    for level in range(levels):
        path.append(authority(f"CN=Exray Level {level}", path[-1]))
    return [m.leaf(by=path[-1]), *path[:0:-1]]


def bomb(m):
    """Twelve authorities of one name and one key, none of which leads to a root: 12! ways to walk."""
    keys = [pki.new_key() for _ in range(12)]
    ring = [authority("CN=Exray Bomb CA", authority("CN=Exray Bomb CA", key=above), key=below) for above in keys for below in keys[:1]]
    ring += [authority("CN=Exray Bomb CA", authority("CN=Exray Bomb CA", key=above), key=below) for above, below in zip(keys, keys[1:])]
    return [m.leaf(by=ring[0], aki=None), *ring]


def many_constraints(m):
    """As many constraints as names: their product is what it costs to compare them."""
    permitted = [f"d{i}.example.test" for i in range(2000)]
    return m.sent(*(f"h.d{i}.example.test" for i in range(2000)), by=m.limited(permitted=permitted))


def many_constraints_of_many(m):
    """Neither number is large, and their product grows with every level."""
    path = [m.root]
    for level in range(15):
        path.append(authority(f"CN=Exray Narrow CA {level}", path[-1], nc=pki.constraints(excluded=["b"] * 1000), san=pki.alternative(*["a"] * 1000)))
    return [m.leaf(pki.HOST, *["a"] * 1000, by=path[-1]), *path[:0:-1]]


def signed_by_a_leaf(m, levels):
    """Somebody's ordinary certificate signs authorities, each with flaws that clients tolerate."""
    path = [m.leaf("attacker.example.test")]
    for level in range(levels):
        path.append(authority(f"CN=Exray Level {level}", path[-1], ski=None, aki=None))
    return [m.leaf(by=path[-1], aki=None), *path[::-1], m.inter]


def many_names(number):
    return [f"h{i}.test" for i in range(number)] + [pki.HOST]


CONTROLS = "CN=\x1b[31mred\x1b[0m\x07\x08 \u202emoc.live\u202c \x9b2J\u2066a\u2069"

both("ten-thousand-names", lambda m: m.sent(*many_names(10000)))
both("a-thousand-names", lambda m: m.sent(*many_names(1000)))
both("ten-thousand-names-and-none-is-it", lambda m: m.sent(*(f"h{i}.test" for i in range(10000))), "name-mismatch")
both("chain-of-20", lambda m: deep(m, 19))
both("chain-of-30", lambda m: deep(m, 30), "bad-purpose", says=["longer than clients accept"])
both("chain-of-100", lambda m: deep(m, 99), "bad-purpose", says=["longer than clients accept"])
both("a-hundred-unrelated", lambda m: [*m.sent(), *(authority(f"CN=Unrelated {i}") for i in range(98))], "chain-extra")
both("two-hundred-unrelated", lambda m: [*m.sent(), *(authority(f"CN=Unrelated {i}") for i in range(198))], "chain-extra")
both("a-hundred-copies", lambda m: [*m.sent(), *[m.inter] * 98], "chain-extra")
both("key-of-16384-bits", lambda m: m.sent(key=pki.HugeKey()), limit=12)  # s_server signs for half a second, one client after the other
both("controls-in-the-names", lambda m: m.sent("other.test", subject=CONTROLS, by=authority(CONTROLS.replace("CN=", "CN=CA "), m.root)),
     "name-mismatch")
both("controls-in-an-unknown-root", lambda m: m.sent(by=authority(CONTROLS)), "untrusted-root")
both("controls-in-the-alternative-names", lambda m: m.sent(san=pki.raw_names(b"\x1b[2Jmail.example.test\n", b"mail\x07.test")), "name-mismatch",
     "bad-purpose")
both("markup-in-the-names", lambda m: m.sent("other.test", subject="CN=<script>alert(1)</script>"), "name-mismatch")
both("a-name-of-60-kilobytes", lambda m: m.sent(san=pki.raw_names(b"a" * 60000)), "name-mismatch")
both("year-9999-of-the-issuer", lambda m: m.sent(by=authority("CN=Exray Eternal CA", m.root, dates=(pki.BEGIN, datetime.datetime(9999, 12, 31)))))
both("paths-without-number", bomb, "untrusted-root", "nonconforming")
both("signed-by-a-leaf-and-10", lambda m: signed_by_a_leaf(m, 10), "bad-purpose", "nonconforming", says=["is no authority"])
both("signed-by-a-leaf-and-66", lambda m: signed_by_a_leaf(m, 66), "bad-purpose", "nonconforming", "chain-extra",
     says=["longer than clients accept"])
both("constraints-of-many-times-names", many_constraints_of_many, "bad-purpose", says=["too many names"])
both("constraints-times-names", many_constraints, "bad-purpose", host="h.d1.example.test", says=["too many names"])
both("controls-in-the-issuer-s-address", lambda m: m.sent(aia=pki.raw("1.3.6.1.5.5.7.1.1", pki.tlv(0x30, pki.tlv(
    0x30, bytes.fromhex("06082b06010505073002"), pki.tlv(0x86, b"http://\x1b[2J\r\nHost: x/\xe2\x80\xae" + b"a" * 50000)))))[:1],
     "chain-incomplete")
both("names-that-are-no-der", lambda m: m.sent(san=pki.raw("2.5.29.17", b"\x30\x84\x7f\xff\xff\xff\x82\x01a")), "name-mismatch", "bad-purpose",
     only="offline")
both("constraints-that-are-no-der", lambda m: m.sent(by=authority("CN=Exray Odd CA", m.root, nc=pki.raw("2.5.29.30", b"\xff" * 40, True))),
     "chain-incomplete", "chain-extra", says=["malformed"], only="offline")
both("serial-number-of-a-kilobyte", lambda m: [pki.with_serial(m.leaf(), m.inter, b"\x7f" + b"\xff" * 1000), m.inter], "nonconforming",
     only="offline")
both("serial-number-below-zero", lambda m: [pki.with_serial(m.leaf(), m.inter, b"\xff\x01"), m.inter], "bad-purpose", only="offline")
both("addresses-of-odd-length", lambda m: m.sent(san=pki.raw("2.5.29.17", pki.tlv(0x30, pki.tlv(0x87, b"\x7f\0\0")))), "name-mismatch",
     "bad-purpose", host="127.0.0.1", only="offline")


# ---- servers ----

def on_peer(name, expect, serve, says=(), needs_server=None):
    @check(f"hostile-server-{name}", expect)
    def run(desk):
        function = serve(desk.s_server(desk.m.sent(), *needs_server).port) if needs_server is not None else serve
        desk.must(live(desk, desk.peer(function).port), expect, says=says)


on_peer("plain-http", "not-tls", servers.says(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"), says=["HTTP"])
on_peer("mail", "not-tls", servers.says(b"220 mail.example.test ESMTP\x1b[2J ready\r\n", first=True), says=["220"])
on_peer("closes-at-once", "handshake-failed", servers.close_at_once)
on_peer("resets-soon", "handshake-failed", servers.reset_soon)
on_peer("resets-after-the-client-s-hello", "handshake-failed", servers.reset_after_hello)
on_peer("silent", "handshake-failed", servers.stay_silent)
on_peer("silent-after-server-hello", "handshake-failed", lambda port: servers.relay_records(port, 1, servers.stay_silent), needs_server=[],
        says=["after its ServerHello"])
on_peer("resets-after-server-hello", "handshake-failed", lambda port: servers.relay_records(port, 1, servers.reset), needs_server=[],
        says=["reset"])
on_peer("closes-after-server-hello", "handshake-failed", lambda port: servers.relay_records(port, 1, servers.close_at_once), needs_server=[],
        says=["closed"])
on_peer("garbage", "not-tls", servers.says(bytes(range(256)) * 40))
on_peer("endless-garbage", "not-tls", lambda connection: [connection.sendall(b"\x1b[31m" * 4096) for _ in range(10000)])
on_peer("record-of-zeros", "handshake-failed", servers.says(b"\x16\x03\x03\x00\x04\0\0\0\0"))
on_peer("hello-requests-without-end", "handshake-failed", lambda connection: [
    connection.sendall(b"\x16\x03\x03\x00\x04\0\0\0\0" * 10000) for _ in range(100000)], says=["HelloRequest"])
on_peer("alert-of-nobody", "handshake-failed", servers.says(b"\x15\x03\x03\x00\x02\x02\xff"), says=["alert 255"])


def certificates_without_end(port):
    """A ServerHello of TLS 1.2, and then a Certificate message that says it is of 16 MiB, and comes."""
    def flood(connection):
        connection.sendall(b"\x16\x03\x03\x40\x00\x0b\xff\xff\xff\xff\xff\xfc" + bytes(16376))
        while True:
            connection.sendall(b"\x16\x03\x03\x40\x00" + bytes(16384))
    return servers.relay_records(port, 1, flood)


def trickle(port):
    """Each byte of the server's answer half a second after the other."""
    def drip(connection):
        for byte in b"\x16\x03\x03\x40\x00" + bytes(1000):
            connection.sendall(bytes([byte]))
            time.sleep(0.5)
    return servers.relay_records(port, 1, drip)


on_peer("certificates-without-end", "handshake-failed", certificates_without_end, needs_server=["-tls1_2"])
on_peer("a-byte-at-a-time", "handshake-failed", trickle, needs_server=["-tls1_2"], says=["too slow"])


# ---- files ----

def refused_file(name, content, words=(), option="--chain"):
    """66: there is nothing to judge."""
    @check(f"hostile-file-{name}")
    def run(desk):
        made = content(desk.m) if callable(content) else content
        path = desk.file("given.pem", made)
        sound = desk.certificates("sound.pem", desk.m.sent())
        other = desk.certificates("root.pem", [desk.m.root])
        chain, root = (path, other) if option == "--chain" else (sound, path)
        with in_time(LIMIT):
            done = desk.run("--chain", chain, "--root", root, "--host", pki.HOST, "--json", desk.folder / "none.json")
        harness.expect(done.returncode == 66, f"exit {done.returncode}: {done.stdout + done.stderr}")
        harness.expect("given.pem" in done.stderr, f"the file is not named: {done.stderr}")
        harness.expect(not (desk.folder / "none.json").exists(), "there is a report all the same")
        told.clean(done)
        for line in made.splitlines() if KEY_LABEL in made else []:
            harness.expect(KEY_LABEL in line or line.decode() not in done.stdout + done.stderr, "the key is repeated")
        for word in words:
            harness.expect(word in done.stderr, f"{word!r} is not in {done.stderr}")


def accepted_file(name, content, *expect):
    @check(f"hostile-file-{name}", *expect)
    def run(desk):
        path = desk.file("given.pem", content(desk.m))
        root = desk.certificates("root.pem", [desk.m.root])
        with in_time(LIMIT):
            desk.must(desk.judged("--chain", path, "--root", root, "--host", pki.HOST), *expect)


def whole(certificates):
    return b"".join(one.pem for one in certificates)


refused_file("empty", b"")
refused_file("of-zeros", bytes(100000))
refused_file("of-random-bytes", bytes(i * i % 251 for i in range(100000)))
refused_file("with-a-key-alone", lambda m: m.inter.key_pem)
refused_file("with-a-key-alone-as-root", lambda m: m.inter.key_pem, option="--root")
refused_file("cut-off-in-a-certificate", lambda m: m.leaf().pem[:400])
refused_file("without-base64", b"-----BEGIN CERTIFICATE-----\n!!!! not base64 \x1b[2J !!!!\n-----END CERTIFICATE-----\n")
refused_file("of-many-megabytes", lambda m: b"# padding\n" * 2_000_000 + m.leaf().pem)
refused_file("of-one-endless-line", b"-----BEGIN CERTIFICATE-----\n" + b"A" * 3_000_000)
refused_file("empty-as-root", b"", option="--root")
refused_file("a-request-instead", b"-----BEGIN CERTIFICATE REQUEST-----\nMAA=\n-----END CERTIFICATE REQUEST-----\n")
# A certificate that clients cannot read is a verdict, not a file that is of no use.
accepted_file("with-base64-of-nothing", lambda m: b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "tls.certificate-malformed")
accepted_file("a-second-certificate-broken", lambda m: m.leaf().pem + b"-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n",
              "tls.certificate-malformed")
accepted_file("with-text-around", lambda m: b"Subject: \x1b[31mme\r\n" + whole(m.sent()).replace(b"\n", b"\r\n") + b"\xff\xfe the end")
accepted_file("with-the-key-first", lambda m: (sent := m.sent())[0].key_pem + whole(sent))
accepted_file("with-other-blocks-between", lambda m: b"-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n".join(
    one.pem for one in m.sent()))
accepted_file("of-the-leaf-alone", lambda m: m.leaf().pem, "chain-incomplete")


@check("hostile-file-missing")
def missing_file(desk):
    for words in (["--chain", desk.folder / "nowhere.pem"], ["--chain", desk.folder],
                  ["--chain", desk.certificates("c.pem", desk.m.sent()), "--root", desk.folder / "nowhere.pem"]):
        done = desk.run(*words, "--host", pki.HOST)
        harness.expect(done.returncode == 66, f"{words}: exit {done.returncode}: {done.stderr}")


@check("hostile-file-with-a-key-is-nowhere-in-the-reports")
def key_is_not_repeated(desk):
    sent = desk.m.sent()
    path = desk.file("given.pem", sent[0].key_pem + whole(sent))
    root = desk.certificates("root.pem", [desk.m.root])
    page = desk.folder / "report.html"
    done, report = desk.judged("--chain", path, "--root", root, "--host", pki.HOST, "-v", "--html", page)
    secret = [line.decode() for line in sent[0].key_pem.splitlines() if KEY_LABEL not in line]
    for place in (done.stdout, done.stderr, page.read_text(), *told.texts(report)):
        harness.expect(not any(line in place for line in secret), "the key is repeated")
