"""Certificates of every kind, sound and unsound, made in memory within some milliseconds each.

leaf() and authority() make sound ones; every extension may be left out, replaced or added. What the library refuses to make is cut out
of the finished certificate and signed again.
"""
import datetime, functools, hashlib, ipaddress, ssl

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed25519, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID as Use, NameOID

HOST = "mail.example.test"
NOW = datetime.datetime.utcnow().replace(microsecond=0)
CABF_DOMAIN_VALIDATED = "2.23.140.1.2.1"
KEY_USAGES = ("digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement", "key_cert_sign",
              "crl_sign", "encipher_only", "decipher_only")
BEGIN, END = datetime.datetime(2022, 1, 1), datetime.datetime(2045, 1, 1)


# ---- DER ----

def tlv(tag, *parts):
    body = b"".join(parts)
    length = len(body)
    size = (length.bit_length() + 7) // 8
    return bytes([tag]) + (bytes([length]) if length < 128 else bytes([128 | size]) + length.to_bytes(size, "big")) + body


def parts_of(der):
    """The elements inside a constructed one, each with its header."""
    parts, at = [], header(der)[0]
    while at < len(der):
        begin, length = header(der, at)
        parts.append(der[at:begin + length])
        at = begin + length
    return parts


def header(der, at=0):
    """Where the content begins, and its length."""
    first = der[at + 1]
    if first < 128:
        return at + 2, first
    size = first & 127
    return at + 2 + size, int.from_bytes(der[at + 2:at + 2 + size], "big")


def integer(value):
    return tlv(2, value.to_bytes(value.bit_length() // 8 + 1, "big"))


# ---- keys ----

@functools.lru_cache(None)
def known_key(kind):
    """One key of each slow kind is enough for the whole matrix."""
    return new_key(kind)


def new_key(kind="P-256"):
    curves = {"P-192": ec.SECP192R1, "P-224": ec.SECP224R1, "P-256": ec.SECP256R1, "P-384": ec.SECP384R1, "P-521": ec.SECP521R1}
    if kind in curves:
        return ec.generate_private_key(curves[kind]())
    if kind == "Ed25519":
        return ed25519.Ed25519PrivateKey.generate()
    name, bits = kind.split(":")
    return (rsa if name == "RSA" else dsa).generate_private_key(*([65537] if name == "RSA" else []), key_size=int(bits))


class HugeKey:
    """RSA with 16,384 bits from two primes of known form: a Mersenne prime, and a multiple of a power of two plus one."""
    p, q, e = 2 ** 11213 - 1, 1588713 * 2 ** 5150 + 1, 65537

    def public_key(self):
        return rsa.RSAPublicNumbers(self.e, self.p * self.q).public_key()

    def private_bytes(self, *_):
        d = pow(self.e, -1, (self.p - 1) * (self.q - 1))
        numbers = (0, self.p * self.q, self.e, d, self.p, self.q, d % (self.p - 1), d % (self.q - 1), pow(self.q, -1, self.p))
        return pem("RSA PRIVATE KEY", tlv(0x30, *map(integer, numbers)))


def pem(label, der):
    return ssl.DER_cert_to_PEM_cert(der).replace("CERTIFICATE", label).encode()


# ---- names ----

def name_of(text):
    """"CN=a, O=b": a name of these parts; "" is the empty one."""
    kinds = {"CN": NameOID.COMMON_NAME, "O": NameOID.ORGANIZATION_NAME, "OU": NameOID.ORGANIZATIONAL_UNIT_NAME, "C": NameOID.COUNTRY_NAME}
    pairs = [part.split("=", 1) for part in text.split(", ") if part]
    return x509.Name([x509.NameAttribute(kinds[kind], value) for kind, value in pairs])


def general(name):
    """An address as an address, everything else as a DNS name."""
    if isinstance(name, x509.GeneralName):
        return name
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def raw_names(*names):
    """A SAN of these bytes as DNS names, whatever they hold."""
    return raw("2.5.29.17", tlv(0x30, *(tlv(0x82, name) for name in names)))


# ---- extensions: (extension, critical); None leaves it out ----

def raw(oid, der, critical=False):
    return x509.UnrecognizedExtension(x509.ObjectIdentifier(oid), der), critical


def basic(ca, pathlen=None, critical=True):
    return x509.BasicConstraints(ca, pathlen), critical


def usage(*names, critical=True):
    return x509.KeyUsage(**{one: one in names for one in KEY_USAGES}), critical


def purposes(*oids, critical=False):
    return x509.ExtendedKeyUsage(oids), critical


def alternative(*names, critical=False):
    return x509.SubjectAlternativeName([general(name) for name in names]), critical


def constraints(permitted=None, excluded=None, critical=True):
    subtree = lambda name: x509.IPAddress(ipaddress.ip_network(name)) if "/" in name else x509.DNSName(name)
    trees = [[subtree(name) for name in names] if names else None for names in (permitted, excluded)]
    return x509.NameConstraints(*trees), critical


def points_to(issuer=None, ocsp=None):
    kinds = ((x509.oid.AuthorityInformationAccessOID.CA_ISSUERS, issuer), (x509.oid.AuthorityInformationAccessOID.OCSP, ocsp))
    return x509.AuthorityInformationAccess([x509.AccessDescription(kind, x509.UniformResourceIdentifier(url))
                                            for kind, url in kinds if url]), False


def crl_at(url):
    return x509.CRLDistributionPoints([x509.DistributionPoint([x509.UniformResourceIdentifier(url)], None, None, None)]), False


def policy(*oids):
    return x509.CertificatePolicies([x509.PolicyInformation(x509.ObjectIdentifier(oid), None) for oid in oids]), False


def must_staple():
    return x509.TLSFeature([x509.TLSFeatureType.status_request]), False


def authority_key(key, critical=False):
    return x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key()), critical


# ---- certificates ----

class Certificate:
    def __init__(self, der, key, subject):
        self.der, self.key, self.subject = der, key, subject

    @property
    def pem(self):
        return ssl.DER_cert_to_PEM_cert(self.der).encode()

    @property
    def key_pem(self):
        return self.key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())

    @property
    def parsed(self):
        return x509.load_der_x509_certificate(self.der)

    @property
    def sha256(self):
        return hashlib.sha256(self.der).hexdigest()


def digest_for(key, digest):
    return None if isinstance(key, ed25519.Ed25519PrivateKey) else digest


def moment(value):
    """Days from now, or a moment."""
    return value if isinstance(value, datetime.datetime) else NOW + datetime.timedelta(days=value)


def issue(subject, issuer, key, dates, extensions, digest=None, serial=None):
    """issuer None: signed by itself."""
    signer = issuer.key if issuer else key
    builder = x509.CertificateBuilder(
        issuer_name=name_of(issuer.subject if issuer else subject), subject_name=name_of(subject), public_key=key.public_key(),
        serial_number=serial or x509.random_serial_number(), not_valid_before=moment(dates[0]), not_valid_after=moment(dates[1]))
    for extension in extensions:
        if extension:
            builder = builder.add_extension(*extension)
    return Certificate(builder.sign(signer, digest_for(signer, digest or hashes.SHA256())).public_bytes(serialization.Encoding.DER), key, subject)


def identifiers(key, issuer):
    return {"ski": (x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False),
            "aki": authority_key(issuer.key) if issuer else None}


def made(subject, issuer, parts, dates, key, how):
    key = key if not isinstance(key, str) else new_key(key) if key.startswith("P-") else known_key(key)
    digest, serial = how.pop("digest", None), how.pop("serial", None)
    return issue(subject, issuer, key, dates, {**parts, **identifiers(key, issuer), **how}.values(), digest, serial)


def authority(subject, issuer=None, dates=(BEGIN, END), key="P-256", pathlen=None, **how):
    """A sound CA certificate, but for what "how" gives by the name of the extension."""
    parts = {"bc": basic(True, pathlen), "ku": usage("key_cert_sign", "crl_sign")}
    return made(subject, issuer, parts, dates, key, how)


def leaf(issuer, names=(HOST,), subject=None, dates=(-30, 300), key="P-256", **how):
    """A sound server certificate, but for what "how" gives by the name of the extension. No names: no SAN."""
    ku = ("digital_signature", "key_encipherment") if isinstance(key, str) and key.startswith("RSA") else ("digital_signature",)
    parts = {"bc": basic(False), "ku": usage(*ku), "eku": purposes(Use.SERVER_AUTH), "san": alternative(*names) if names else None}
    return made(f"CN={names[0] if names else HOST}" if subject is None else subject, issuer, parts, dates, key, how)


# ---- what the library refuses to make ----

def signed_again(certificate, issuer, change):
    """With another body: change() gets the parts of the TBSCertificate and gives those that replace them."""
    body, algorithm, _ = parts_of(certificate.der)
    body = tlv(0x30, *change(parts_of(body)))
    signature = issuer.key.sign(body, ec.ECDSA(hashes.SHA256()))
    return Certificate(tlv(0x30, body, algorithm, tlv(3, b"\0", signature)), certificate.key, certificate.subject)


def version_1(certificate, issuer):
    return signed_again(certificate, issuer, lambda parts: [part for part in parts if part[0] not in (0xa0, 0xa3)])


def with_serial(certificate, issuer, content):
    return signed_again(certificate, issuer, lambda parts: [parts[0], tlv(2, content), *parts[2:]])


def with_broken_signature(certificate):
    return Certificate(certificate.der[:-4] + bytes([certificate.der[-4] ^ 1]) + certificate.der[-3:], certificate.key, certificate.subject)
