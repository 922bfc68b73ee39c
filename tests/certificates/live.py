"""What only a server can show: protocols, ciphers, client certificates, staples, revocation, fetched issuers, several addresses."""
import json

from cryptography.x509.oid import ExtendedKeyUsageOID as Use

import pki
import scenario as runner
import servers
from bench import check, in_time
from pki import HOST
from servers import HOUR, REVOKED, UNKNOWN, WEAK

OLD = ["-cipher", "ECDHE+AES:@SECLEVEL=0"]
DH_1024 = b"""-----BEGIN DH PARAMETERS-----
MIGHAoGBALLciMpejm0cH9IbhQZWNyqBcqeadlWf6fUvhy65R3XTQwsT6nb4kamc
Hcvk0yq0cXmJG5/7+KAKu2xP/5RxgsF7KD+CvYXJrUVcL7woXZa1XKMvJtlA5tdP
T2DHmAdARH1sLYn+wgNemt/1zOJmOEBEw5OaGq7TQM+sFn8upNP/AgEC
-----END DH PARAMETERS-----
"""


# ---- openssl s_server: protocols, ciphers, client certificates ----

def on_s_server(name, expect, *options, make=lambda m: m.sent(key="RSA:2048"), **how):
    @check(f"server-{name}", *expect)
    def run(desk):
        desk.must(desk.live(desk.s_server(make(desk.m), *options).port), *expect, **how)


on_s_server("tls-1.2-alone", [], "-tls1_2")
on_s_server("tls-1.3-alone", ["newest-protocol-only"], "-tls1_3", says=["TLS 1.3"])
on_s_server("tls-1.0-alone", ["protocol-too-old", "old-protocols-offered"], *OLD, "-tls1")
on_s_server("tls-1.1-alone", ["protocol-too-old", "old-protocols-offered"], *OLD, "-tls1_1")
on_s_server("tls-1.0-and-later", ["old-protocols-offered"], "-cipher", "ECDHE+AES:@SECLEVEL=0", "-min_protocol", "TLSv1", says=["TLS 1.0"])
on_s_server("no-encryption-alone", ["handshake-failed", "weak-ciphers-offered"], "-cipher", "NULL-SHA256:@SECLEVEL=0", "-tls1_2")
on_s_server("no-encryption-offered", ["weak-ciphers-offered"], "-cipher", "ECDHE+AESGCM:NULL-SHA256:@SECLEVEL=0", "-tls1_2")
on_s_server("anonymous-offered", ["weak-ciphers-offered"], "-cipher", "ECDHE+AESGCM:AECDH-AES128-SHA:@SECLEVEL=0", "-tls1_2")
on_s_server("no-forward-secrecy", ["weak-ciphers-offered"], "-cipher", "AES128-SHA:@SECLEVEL=0", "-tls1_2", says=["forward secrecy"])
on_s_server("no-forward-secrecy-offered-as-well", [], "-cipher", "ECDHE+AESGCM:AES128-SHA:@SECLEVEL=0", "-tls1_2")
on_s_server("client-certificate-requested-1.2", ["client-certificate-requested"], "-verify", "2", "-tls1_2")
on_s_server("client-certificate-requested-1.3", ["client-certificate-requested"], "-verify", "2")
on_s_server("client-certificate-required-1.2", ["client-certificate-required"], "-Verify", "2", "-tls1_2")
on_s_server("client-certificate-required-1.3", ["client-certificate-required"], "-Verify", "2")
on_s_server("http-2-preferred", [], "-alpn", "h2,http/1.1")
on_s_server("rsa-512", ["handshake-failed"], *WEAK, make=lambda m: m.sent(key="RSA:512"))
on_s_server("p-192", ["handshake-failed"], *WEAK, make=lambda m: m.sent(key="P-192"))
on_s_server("must-staple-without-staple", ["staple-missing"], make=lambda m: m.sent(staple=pki.must_staple()))


@check("server-prime-of-1024-bits", "weak-ciphers-offered")
def short_prime(desk):
    parameters = desk.file("dh.pem", DH_1024)
    server = desk.s_server(desk.m.sent(key="RSA:2048"), "-cipher", "ECDHE+AESGCM:DHE-RSA-AES128-GCM-SHA256:@SECLEVEL=0", "-tls1_2", "-dhparam",
                           parameters)
    desk.must(desk.live(server.port), "weak-ciphers-offered", says=["1024"])


@check("server-prime-of-1024-bits-alone", "handshake-failed", "weak-ciphers-offered")
def short_prime_alone(desk):
    parameters = desk.file("dh.pem", DH_1024)
    server = desk.s_server(desk.m.sent(key="RSA:2048"), "-cipher", "DHE-RSA-AES128-GCM-SHA256:@SECLEVEL=0", "-tls1_2", "-dhparam", parameters)
    desk.must(desk.live(server.port), "handshake-failed", "weak-ciphers-offered", says=["1024"])


@check("server-not-asked-further-with-no-revocation")
def no_revocation(desk):
    library = desk.m.library
    path = desk.m.path("never.crl")
    server = desk.s_server(desk.m.sent(crl=pki.crl_at(library.url(path))))
    desk.must(desk.live(server.port, "--no-revocation"))
    assert path not in library.asked, "it was asked all the same"


# ---- another certificate without SNI ----

@check("default-certificate-of-another-host")
def default_of_another_host(desk):
    default = servers.write_chain(desk.folder, [desk.m.leaf(by=desk.m.root)], "named")[0]
    server = desk.s_server(desk.m.sent("other.example.test"), "-servername", HOST, "-cert2", default, "-key2", default)
    desk.must(desk.live(server.port))


@check("default-certificate-signed-by-itself", "default-certificate-differs")
def default_self_signed(desk):
    named = servers.write_chain(desk.folder, [desk.m.leaf(by=desk.m.root)], "named")[0]
    server = desk.s_server([pki.leaf(None, ["EXCH01"])], "-servername", HOST, "-cert2", named, "-key2", named)
    desk.must(desk.live(server.port), "default-certificate-differs", says=["EXCH01"])


# ---- several addresses ----

def on_addresses(name, expect, *makes, addresses=("127.0.0.1", "127.0.0.2", "::1"), **how):
    @check(f"addresses-{name}", *expect)
    def run(desk):
        port = servers.free_port(addresses)
        for address, make in zip(addresses, makes):
            if make:
                desk.s_server(make(desk.m), address=address, port=port)
        desk.must(desk.live(port, addresses=addresses), *expect, **how)


on_addresses("good-expired-and-another-leaf", ["expired=warning", "addresses-differ"], lambda m: m.sent(), lambda m: m.sent(dates=(-400, -3)),
             lambda m: m.sent(key="P-384"), says=["127.0.0.2"])
on_addresses("the-good-one-is-the-last", ["name-mismatch=warning", "expired=warning", "addresses-differ"],
             lambda m: m.sent("other.example.test"), lambda m: m.sent(dates=(-400, -3)), lambda m: m.sent())
on_addresses("all-alike", [], lambda m: m.shared, lambda m: m.shared, lambda m: m.shared)
on_addresses("two-leaves", ["addresses-differ"], lambda m: m.sent(), lambda m: m.sent(), addresses=("127.0.0.1", "127.0.0.2"))
on_addresses("all-bad", ["expired", "name-mismatch", "addresses-differ"], lambda m: m.sent(dates=(-400, -3)), lambda m: m.sent("other.example.test"),
             addresses=("127.0.0.1", "127.0.0.2"))
on_addresses("one-without-its-intermediate", ["chain-incomplete=warning"], lambda m: m.shared, lambda m: m.shared[:1],
             addresses=("127.0.0.1", "127.0.0.2"))


# ---- revocation ----

def on_revocation(name, expect, publish, **how):
    """publish(m, url, leaf): the extension is made first, then what stands at that address."""
    @check(f"revocation-{name}", *expect)
    def run(desk):
        server = desk.s_server(publish(desk.m))
        with in_time(2):
            desk.must(desk.live(server.port, "--step-timeout", "2"), *expect, **how)


def by_ocsp(answer):
    def publish(m):
        path = m.path("ocsp")
        leaf = m.leaf(aia=pki.points_to(ocsp=m.library.url(path)))
        m.library.publish(path, answer(m, leaf))
        return [leaf, m.inter]
    return publish


def by_crl(answer):
    def publish(m):
        path = m.path("ca.crl")
        leaf = m.leaf(crl=pki.crl_at(m.library.url(path)))
        m.library.publish(path, answer(m, leaf))
        return [leaf, m.inter]
    return publish


def by_both(ocsp, crl):
    def publish(m):
        paths = m.path("ocsp"), m.path("ca.crl")
        leaf = m.leaf(aia=pki.points_to(ocsp=m.library.url(paths[0])), crl=pki.crl_at(m.library.url(paths[1])))
        m.library.publish(paths[0], ocsp(m, leaf))
        m.library.publish(paths[1], crl(m, leaf))
        return [leaf, m.inter]
    return publish


def of_issuer(m):
    path = m.path("root.crl")
    issuer = pki.authority("CN=Exray Withdrawn CA", m.root, crl=pki.crl_at(m.library.url(path)))
    m.library.publish(path, servers.crl(m.root, issuer))
    return m.sent(by=issuer)


def delegated(m, **how):
    return pki.leaf(m.inter, ["ocsp.example.test"], **{"eku": pki.purposes(Use.OCSP_SIGNING), "san": None, **how})


def points_at(url):
    return lambda m: m.sent(aia=pki.points_to(ocsp=url))


NOWHERE = "http://127.0.0.1:1/nobody"
on_revocation("ocsp-good", [], by_ocsp(lambda m, leaf: servers.responder(leaf, m.inter)))
on_revocation("ocsp-revoked", ["revoked"], by_ocsp(lambda m, leaf: servers.responder(leaf, m.inter, status=REVOKED)))
on_revocation("ocsp-unknown", ["revocation-unknown"], by_ocsp(lambda m, leaf: servers.responder(leaf, m.inter, status=UNKNOWN)))
on_revocation("ocsp-out-of-date", ["revocation-unknown"], by_ocsp(lambda m, leaf: servers.responder(leaf, m.inter, age=72 * HOUR, until=-24 * HOUR)))
on_revocation("ocsp-signed-by-another", ["revocation-unknown"], by_ocsp(lambda m, leaf: servers.responder(leaf, m.inter, signer=m.stranger)))
on_revocation("ocsp-delegated", [], by_ocsp(lambda m, leaf: servers.responder(leaf, m.inter, signer=delegated(m))))
on_revocation("ocsp-delegated-revoked", ["revoked"], by_ocsp(lambda m, leaf: servers.responder(leaf, m.inter, signer=delegated(m), status=REVOKED)))
on_revocation("ocsp-signed-by-a-leaf-that-may-not", ["revocation-unknown"], by_ocsp(
    lambda m, leaf: servers.responder(leaf, m.inter, signer=delegated(m, eku=pki.purposes(Use.SERVER_AUTH)), status=REVOKED)))
on_revocation("ocsp-about-another-certificate", ["revocation-unknown"], by_ocsp(lambda m, leaf: servers.responder(m.leaf(), m.inter)))
on_revocation("ocsp-try-later", ["revocation-unknown"], by_ocsp(lambda m, leaf: servers.refusal(servers.ocsp.OCSPResponseStatus.TRY_LATER)))
on_revocation("ocsp-unauthorized", ["revocation-unknown"], by_ocsp(lambda m, leaf: servers.refusal(servers.ocsp.OCSPResponseStatus.UNAUTHORIZED)))
on_revocation("ocsp-garbage", ["revocation-unknown"], by_ocsp(lambda m, leaf: (b"<html>a portal</html>", "text/html")))
on_revocation("ocsp-404", ["revocation-unknown"], by_ocsp(lambda m, leaf: (b"", "text/plain", 404)))
on_revocation("ocsp-silent", ["revocation-unknown"], by_ocsp(lambda m, leaf: m.library.silence))
on_revocation("ocsp-endless", ["revocation-unknown"], by_ocsp(lambda m, leaf: m.library.endless))
on_revocation("ocsp-nobody-listens", ["revocation-unknown"], points_at(NOWHERE))
on_revocation("ocsp-down-and-crl-good", [], by_both(lambda m, leaf: (b"", "text/plain", 503), lambda m, leaf: servers.crl(m.inter)))
on_revocation("ocsp-down-and-crl-revoked", ["revoked"], by_both(lambda m, leaf: (b"", "text/plain", 503), lambda m, leaf: servers.crl(m.inter, leaf)))
on_revocation("ocsp-silent-and-crl-good", [], by_both(lambda m, leaf: m.library.silence, lambda m, leaf: servers.crl(m.inter)),
              says=["has not been revoked (CRL ", "Without an answer that counts: OCSP "])
on_revocation("both-silent", ["revocation-unknown"], by_both(lambda m, leaf: m.library.silence, lambda m, leaf: m.library.silence))
on_revocation("crl-in-a-directory", [], lambda m: m.sent(crl=pki.crl_at("ldap:///CN=Exray,CN=CDP?certificateRevocationList")),
              says=["asks over http only", "ldap:///CN=Exray,CN=CDP"])
on_revocation("crl-good", [], by_crl(lambda m, leaf: servers.crl(m.inter, m.leaf())))
on_revocation("crl-revoked", ["revoked"], by_crl(lambda m, leaf: servers.crl(m.inter, m.leaf(), leaf)))
on_revocation("crl-out-of-date", ["revocation-unknown"], by_crl(lambda m, leaf: servers.crl(m.inter, until=-HOUR)))
on_revocation("crl-signed-by-another", ["revocation-unknown"], by_crl(lambda m, leaf: servers.crl(m.inter, leaf, signer=m.stranger)))
on_revocation("crl-of-another", ["revocation-unknown"], by_crl(lambda m, leaf: servers.crl(m.stranger)))
on_revocation("crl-missing", ["revocation-unknown"], by_crl(lambda m, leaf: (b"", "text/plain", 404)))
on_revocation("crl-endless", ["revocation-unknown"], by_crl(lambda m, leaf: m.library.endless))
on_revocation("crl-of-the-issuer-revoked", ["revoked"], of_issuer)


# ---- the missing issuer, from where the certificate says ----

def on_issuer(name, expect, publish, says=(), chain=None):
    @check(f"issuer-{name}", *expect)
    def run(desk):
        m = desk.m
        path = m.path("issuer.cer")
        by, route = publish(m, path)
        url = route if isinstance(route, str) else m.library.publish(path, route)
        leaf = m.leaf(by=by, aia=pki.points_to(issuer=url))
        server = desk.s_server(chain(m, leaf) if chain else [leaf])
        with in_time(2):
            desk.must(desk.live(server.port, "--step-timeout", "2"), *expect, says=says)


def der(certificate):
    return certificate.der, "application/pkix-cert"


def bag(*certificates):
    """PKCS#7 with certificates alone (RFC 5652 10.2)."""
    oid = lambda der: pki.tlv(6, bytes.fromhex(der))
    data = pki.tlv(0x30, pki.integer(1), pki.tlv(0x31), pki.tlv(0x30, oid("2a864886f70d010701")), pki.tlv(0xa0, *(one.der for one in certificates)),
                   pki.tlv(0x31))
    return pki.tlv(0x30, oid("2a864886f70d010702"), pki.tlv(0xa0, data)), "application/pkcs7-mime"


def two_levels(m, path):
    top = m.library.publish(m.path("upper.cer"), der(m.deep))
    low = pki.authority("CN=Exray Fetched CA", m.deep, aia=pki.points_to(issuer=top))
    return low, der(low)


def new_key(m, _):
    """The root has a new key, certified by the old one under the same name: no root, for being called like one."""
    renewed = pki.authority(m.root.subject, m.root)
    return renewed, der(renewed)


on_issuer("as-der", ["chain-incomplete"], lambda m, _: (m.inter, der(m.inter)),
          says=["; it is at http://127.0.0.1", ", and with it the chain ends at a root that this machine trusts."])
on_issuer("as-pem", ["chain-incomplete"], lambda m, _: (m.inter, (m.inter.pem, "application/x-pem-file")))
on_issuer("as-pkcs7", ["chain-incomplete"], lambda m, _: (m.inter, bag(m.stranger, m.inter)))
on_issuer("after-a-redirect", ["chain-incomplete"], lambda m, path: (
    m.inter, m.library.redirect(m.library.publish(path + "/moved", der(m.inter)))))
on_issuer("is-its-namesake-with-a-new-key", ["chain-incomplete"], new_key, says=["does not send the certificate of"])
on_issuer("on-two-levels", ["chain-incomplete"], two_levels)
on_issuer("of-an-unknown-root", ["untrusted-root", "chain-incomplete"], lambda m, _: (m.inter2, der(m.inter2)), says=["Contoso Private Root"])
on_issuer("is-another-certificate", ["chain-incomplete"], lambda m, _: (m.inter, der(m.stranger)), says=["Unrelated"])
on_issuer("is-404", ["chain-incomplete"], lambda m, _: (m.inter, (b"nothing here", "text/plain", 404)), says=["404"])
on_issuer("is-a-web-page", ["chain-incomplete"], lambda m, _: (m.inter, (b"<!DOCTYPE html><html>Log on</html>", "text/html")))
on_issuer("is-a-redirect-loop", ["chain-incomplete"], lambda m, path: (m.inter, m.library.redirect(m.library.url(path))), says=["redirect"])
on_issuer("is-a-redirect-to-a-file", ["chain-incomplete"], lambda m, path: (m.inter, m.library.redirect("file:///etc/passwd")), says=["file:"])
on_issuer("is-a-file", ["chain-incomplete"], lambda m, _: (m.inter, "file:///etc/ssl/certs/ca-certificates.crt"))
on_issuer("is-in-a-directory", ["chain-incomplete"], lambda m, _: (m.inter, "ldap:///CN=Exray%20Test%20Issuing%20CA,CN=AIA?cACertificate?base"),
          says=["either the server leaves out the certificate of", "a private root", "names no http address"])
on_issuer("is-silent", ["chain-incomplete"], lambda m, _: (m.inter, m.library.silence))
on_issuer("is-endless", ["chain-incomplete"], lambda m, _: (m.inter, m.library.endless))
on_issuer("is-at-a-link-local-address", ["chain-incomplete"], lambda m, _: (m.inter, "http://169.254.169.254/latest/meta-data"), says=["169.254"])
on_issuer("is-at-a-link-local-address-as-a-number", ["chain-incomplete"], lambda m, _: (m.inter, "http://2852039166/meta-data"), says=["169.254"])
on_issuer("is-at-a-mapped-link-local-address", ["chain-incomplete"], lambda m, _: (m.inter, "http://[::ffff:169.254.169.254]/meta-data"),
          says=["link-local"])
on_issuer("is-a-redirect-to-a-link-local-address", ["chain-incomplete"], lambda m, _: (
    m.inter, m.library.redirect("http://169.254.169.254/meta-data")), says=["169.254"])
on_issuer("has-a-password-in-its-address", ["chain-incomplete"], lambda m, path: (m.inter, m.library.url(path).replace("//", "//user:secret@")))
on_issuer("is-not-needed", [], lambda m, _: (m.inter, m.library.silence), chain=lambda m, leaf: [leaf, m.inter])


@check("issuer-is-at-no-address-at-all", "chain-incomplete")
def at_no_address(desk):
    """0.0.0.0 would be this machine."""
    m = desk.m
    path = m.path("issuer.cer")
    url = m.library.publish(path, der(m.inter)).replace("127.0.0.1", "0.0.0.0")
    server = desk.s_server([m.leaf(aia=pki.points_to(issuer=url))])
    desk.must(desk.live(server.port), "chain-incomplete", says=["0.0.0.0"])
    assert path not in m.library.asked, "it was asked all the same"


# ---- nginx ----

def on_nginx(name, expect, make=lambda m: m.sent(), body="", **how):
    @check(f"nginx-{name}", *expect)
    def run(desk):
        desk.must(desk.live(desk.nginx((HOST, make(desk.m), body)).port), *expect, **how)


on_nginx("sound", [])
on_nginx("intermediate-missing", ["chain-incomplete"], lambda m: m.sent()[:1])
on_nginx("expired", ["expired"], lambda m: m.sent(dates=(-400, -3)))
on_nginx("old-protocols", ["old-protocols-offered"], lambda m: m.sent(key="RSA:2048"),
         "ssl_protocols TLSv1 TLSv1.1 TLSv1.2 TLSv1.3; ssl_ciphers ECDHE+AES:@SECLEVEL=0;")
on_nginx("no-encryption-offered", ["weak-ciphers-offered"], lambda m: m.sent(key="RSA:2048"), "ssl_ciphers ECDHE+AESGCM:NULL-SHA256:@SECLEVEL=0;")
on_nginx("http-2", [], body="http2_max_field_size 8k;")


@check("nginx-client-certificate-requested", "client-certificate-requested")
def nginx_client_certificate(desk):
    roots = desk.certificates("clients.pem", [desk.m.root])
    port = desk.nginx((HOST, desk.m.sent(), f"ssl_verify_client optional; ssl_client_certificate {roots};")).port
    desk.must(desk.live(port), "client-certificate-requested")


@check("nginx-default-certificate-signed-by-itself", "default-certificate-differs")
def nginx_default(desk):
    port = desk.nginx(("_", [pki.leaf(None, ["localhost"])], ""), (HOST, desk.m.sent(), "")).port
    desk.must(desk.live(port), "default-certificate-differs")


@check("nginx-no-certificate-without-a-name")
def nginx_no_default(desk):
    port = desk.nginx(("_", [pki.leaf(None, ["localhost"])], "ssl_reject_handshake on;"), (HOST, desk.m.sent(), "")).port
    desk.must(desk.live(port))


def on_staple(name, expect, must_staple=False, stapled=True, crl=False, **how):
    """Stapled by nginx and by s_server. crl: the certificate names a list, which a good staple makes superfluous."""
    @check(f"staple-{name}", *expect)
    def run(desk):
        m = desk.m
        path = m.path("unneeded.crl")
        more = {**({"staple_extension": pki.must_staple()} if must_staple else {}), **({"crl": pki.crl_at(m.library.url(path))} if crl else {})}
        sent = m.sent(**more)
        signer = {"signer": m.stranger} if how.get("signer") == "stranger" else {}
        staple = servers.write_staple(desk.folder, *sent, **{**how, **signer})
        ports = [desk.s_server(sent, *(["-status_file", staple] if stapled else [])).port]
        if servers.NGINX:
            ports.append(desk.nginx((HOST, sent, f"ssl_stapling on; ssl_stapling_file {staple};" if stapled else "")).port)
        for port in ports:
            desk.must(desk.live(port), *expect)
        assert path not in m.library.asked, "the list was asked for although a staple was there"


on_staple("good", [])
on_staple("good-makes-the-list-superfluous", [], crl=True)
on_staple("revoked", ["revoked"], status=REVOKED)
on_staple("demanded-and-there", [], must_staple=True)
on_staple("demanded-and-missing", ["staple-missing"], must_staple=True, stapled=False)
on_staple("out-of-date", ["revocation-unknown"], age=96 * HOUR, until=-48 * HOUR)
on_staple("signed-by-another", ["revocation-unknown"], status=REVOKED, signer="stranger")


# ---- the simulated Exchange ----

def on_simulator(name, expect, host=None, says=(), options=(), **changes):
    """The host of the healthy organisation with these keys over it; everything else as the scenario has it."""
    @check(f"sim-{name}", *expect)
    def run(desk):
        whole = runner.load(runner.BASE / "healthy-exchange-se.json")
        whole["hosts"][0].update(host or {})
        path = desk.file("scenario.json", json.dumps({**whole, **changes}).encode())
        simulator = runner.Simulator(desk.bin / "exray-sim", path, desk.folder)
        desk.start(simulator)
        ready = simulator.ready
        desk.must(desk.judged("--host", "mail.contoso.test", "--dns-server", f"127.0.0.1:{ready['dns']}", "--connect-to", f":443::{ready['https']}",
                              "--ca-file", ready["ca_file"], "-q", "--step-timeout", "2", *options), *expect, says=says)


def certificate(**keys):
    return {"certificate": keys}


def wire(**keys):
    return {"faults": [{"layer": "wire", "at": {"host": "mail.contoso.test", "way": "down", **keys.pop("at", {})}, **keys}]}


on_simulator("sound", [])
on_simulator("expired", ["expired"], certificate(from_days=-400, to_days=-3))
on_simulator("not-yet-valid", ["not-yet-valid"], certificate(from_days=2, to_days=90))
on_simulator("self-signed", ["self-signed"], certificate(issuer="self"))
on_simulator("intermediate-missing", ["chain-incomplete"], certificate(send=["leaf"]))
on_simulator("wrong-order", ["chain-disordered"], certificate(send=["leaf", "root", "intermediate"]))
on_simulator("extra", ["chain-extra"], certificate(send=["leaf", "intermediate", "other"]))
on_simulator("other-name", ["name-mismatch"], certificate(san=["other.contoso.test"]))
on_simulator("everything-at-once", ["self-signed", "expired", "name-mismatch", "weak-key"],
             certificate(issuer="self", san=["ex01"], from_days=-400, to_days=-30, key="RSA:1024"))
on_simulator("client-certificate-demanded", ["client-certificate-required"], {"tls": {"client_certificate": "require"}})
on_simulator("revoked", ["revoked"], {"tls": {"staple": "revoked"}})
on_simulator("staple-good", [], {"tls": {"staple": "good"}})
on_simulator("tls-1.0-alone", ["protocol-too-old", "old-protocols-offered"], {"tls": {"min": "1.0", "max": "1.0"}})
on_simulator("old-protocols", ["old-protocols-offered"], {"tls": {"min": "1.0", "max": "1.3"}})
on_simulator("byte-changed-on-the-way", ["handshake-failed"], **wire(at={"byte": 900}, do="flip"))
on_simulator("reset-in-the-handshake", ["handshake-failed"], **wire(at={"byte": 500}, do="rst"))
on_simulator("mail-server", ["not-tls"], says=["220 mail.contoso.test ESMTP"], faults=[
    wire(at={"byte": 0}, do="send", text="220 mail.contoso.test ESMTP\r\n")["faults"][0], wire(at={"byte": 0}, do="fin")["faults"][0]])
on_simulator("trust-ignored", ["self-signed=warning", "trust-ignored"], certificate(issuer="self"), options=["--ignore-trust"])
