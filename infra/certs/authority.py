"""An authority whose key stays in its folder, and short-lived certificates that it signs for services of this machine."""

import datetime
import ipaddress
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

#: The names in a Kubernetes secret of type `kubernetes.io/tls`, as a platform mounts it.
CA, CERTIFICATE, KEY = "ca.crt", "tls.crt", "tls.key"
AUTHORITY_DAYS = 365
#: The clocks of two machines differ.
CLOCK_SKEW = datetime.timedelta(minutes=5)
USAGES: tuple[str, ...] = ("digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement")
USAGES += ("key_cert_sign", "crl_sign", "encipher_only", "decipher_only")


@dataclass(frozen=True, slots=True)
class Authority:
    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    @classmethod
    def opened(cls, folder: Path) -> Self:
        """Return the authority of the folder. Make a new one where there is none, or where it ends too soon."""
        if (folder / KEY).exists() and (folder / CERTIFICATE).exists():
            certificate = x509.load_pem_x509_certificate((folder / CERTIFICATE).read_bytes())
            key = serialization.load_pem_private_key((folder / KEY).read_bytes(), None)
            if isinstance(key, ec.EllipticCurvePrivateKey) and certificate.not_valid_after_utc > _now() + datetime.timedelta(days=30):
                return cls(certificate, key)
        key = ec.generate_private_key(ec.SECP256R1())
        name = _name("Why Not Both development authority")
        usage = x509.KeyUsage(**{**dict.fromkeys(USAGES, False), "key_cert_sign": True, "crl_sign": True})
        builder = _builder(name, name, key, _now() + datetime.timedelta(days=AUTHORITY_DAYS)).add_extension(usage, critical=True)
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        authority = cls(builder.sign(key, hashes.SHA256()), key)
        _write_pair(folder, key, authority.certificate)
        return authority

    def issue(self, folder: Path, name: str, lifetime: datetime.timedelta) -> datetime.datetime:
        """Write a new key, its certificate for this name on this machine, and the authority's. Return when the certificate ends."""
        key = ec.generate_private_key(ec.SECP256R1())
        until = _now() + lifetime
        names = [x509.DNSName(name), x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
        # A service is the server of some connections, and the client of others.
        purposes = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH])
        issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key())
        builder = _builder(_name(name), self.certificate.subject, key, until).add_extension(purposes, critical=False)
        builder = builder.add_extension(issuer, critical=False).add_extension(x509.SubjectAlternativeName(names), critical=False)
        _write_pair(folder, key, builder.sign(self.key, hashes.SHA256()))
        _write(folder / CA, self.certificate.public_bytes(serialization.Encoding.PEM), 0o644)
        return until


def _builder(subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, until: datetime.datetime) -> x509.CertificateBuilder:
    builder = x509.CertificateBuilder(issuer, subject, key.public_key(), x509.random_serial_number(), _now() - CLOCK_SKEW, until)
    return builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC)


def _write_pair(folder: Path, key: ec.EllipticCurvePrivateKey, certificate: x509.Certificate) -> None:
    pem = serialization.Encoding.PEM
    _write(folder / KEY, key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()), 0o600)
    _write(folder / CERTIFICATE, certificate.public_bytes(pem), 0o644)


def _write(path: Path, content: bytes, mode: int) -> None:
    """Replace the file at once, so that no reader finds a part of it. It never has another mode."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.new")
    beside.unlink(missing_ok=True)
    with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
        file.write(content)
    beside.replace(path)
