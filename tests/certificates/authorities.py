"""The authorities of the matrix: one trusted root, a sound issuing CA below it, and all that can be wrong with an authority."""
import contextlib, datetime, functools, threading

from cryptography.hazmat.primitives import hashes
from cryptography.x509.oid import ExtendedKeyUsageOID as Use

import pki
from pki import authority, leaf


def below_root(subject, **how):
    """An authority that the trusted root signed, made when it is first asked for."""
    return functools.cached_property(lambda m: authority(subject, m.root, **how))


def top(subject, **how):
    return functools.cached_property(lambda m: authority(subject, **how))


class Authorities:
    def __init__(self, library):
        self.library, self.numbers, self.lock = library, iter(range(1000000)), threading.Lock()

    root = top("CN=Exray Test Root")
    inter = below_root("CN=Exray Test Issuing CA", pathlen=0)
    deep = below_root("CN=Exray Test Policy CA")
    root2 = top("CN=Contoso Private Root, O=Contoso")
    inter2 = functools.cached_property(lambda m: authority("CN=Contoso Private Issuing CA", m.root2))
    stranger = below_root("CN=Exray Unrelated CA")
    expired = below_root("CN=Exray Expired CA", dates=(-700, -10))
    future = below_root("CN=Exray Future CA", dates=(10, 700))
    not_ca = below_root("CN=Exray No CA", bc=pki.basic(False), ku=pki.usage("digital_signature"))
    no_key_cert_sign = below_root("CN=Exray No KeyCertSign", ku=pki.usage("crl_sign"))
    client_only = below_root("CN=Exray ClientAuth CA", eku=pki.purposes(Use.CLIENT_AUTH))
    sha1 = below_root("CN=Exray SHA1 CA", digest=hashes.SHA1())
    rsa1024 = below_root("CN=Exray RSA1024 CA", key="RSA:1024")
    rsa2048 = below_root("CN=Exray RSA CA", key="RSA:2048")
    lower = functools.cached_property(lambda m: authority("CN=Exray Sub CA", m.inter))  # against the path length of inter
    bad_signature = functools.cached_property(lambda m: pki.with_broken_signature(authority("CN=Exray Broken CA", m.root)))
    version_1 = functools.cached_property(lambda m: pki.version_1(authority("CN=Exray Version 1 CA", m.root), m.root))
    unknown_critical = below_root("CN=Exray Critical CA", odd=pki.raw("1.2.3.4.5.6", b"\x0c\x01x", critical=True))
    no_ski = below_root("CN=Exray No SKI CA", ski=None)
    no_aki = below_root("CN=Exray No AKI CA", aki=None)
    no_ku = below_root("CN=Exray No KU CA", ku=None)
    bc_not_critical = below_root("CN=Exray Lax CA", bc=pki.basic(True, critical=False))
    proxy = top("CN=Zscaler Intermediate Root CA (zscaler.net), O=Zscaler Inc.")
    filter = top("CN=FortiGate CA, O=Fortinet")
    old_root = top("CN=Exray Old Root", dates=(datetime.datetime(2012, 1, 1), -400))
    sha1_root = top("CN=Exray SHA1 Root", digest=hashes.SHA1())
    trusted_leaf = functools.cached_property(lambda m: leaf(None))

    shared = functools.cached_property(lambda m: m.sent())

    def limited(self, permitted=None, excluded=None):
        return authority("CN=Exray Limited CA", self.root, nc=pki.constraints(permitted, excluded))

    def leaf(self, *names, by=None, **how):
        return leaf(by or self.inter, names or (pki.HOST,), **how)

    def sent(self, *names, by=None, **how):
        """A leaf for these names (none: the host of the matrix) and its issuer."""
        by = by or self.inter
        return [leaf(by, names or (pki.HOST,), **how), by]

    def path(self, word):
        """A path of the library that nobody else uses."""
        with self.lock:
            return f"/{next(self.numbers)}/{word}"

    def close(self):
        with contextlib.suppress(AttributeError):
            self.library.stop()
