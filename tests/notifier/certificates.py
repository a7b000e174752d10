"""Certificates for servers of tests, good and bad ones."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from services.runtime.clock import SystemClock


@dataclass(frozen=True)
class Certificate:
    """Files of a server.

    Attributes:
        chain: Its key and certificate.
        authority: What a client trusts that trusts it.
    """

    chain: Path
    authority: Path


def a_certificate(folder: Path, *, host: str, begins: timedelta, ends: timedelta) -> Certificate:
    """Make an authority, and a server's certificate by it.

    Args:
        folder: Where the files go.
        host: The server's name.
        begins: When it becomes valid, from now.
        ends: When it stops being valid, from now.
    """
    now = SystemClock().now()
    issuer, authority = _key(), _name("Test authority")
    root = _builder(authority, authority, issuer, now - timedelta(days=30), timedelta(days=60))
    root = root.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    root_file = folder / "authority.pem"
    root_file.write_bytes(_pem(root.sign(issuer, hashes.SHA256())))
    key = _key()
    leaf = _builder(_name(host), authority, key, now + begins, ends - begins)
    names = x509.SubjectAlternativeName([x509.DNSName(host)])
    signed = leaf.add_extension(names, critical=False).sign(issuer, hashes.SHA256())
    chain = folder / "server.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    chain.write_bytes(private + _pem(signed))
    return Certificate(chain, root_file)


def _key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    begins: datetime,
    lasts: timedelta,
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begins)
        .not_valid_after(begins + lasts)
    )
