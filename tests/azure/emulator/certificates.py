"""An authority that is thrown away, and its certificate for the hosts of Azure."""

from __future__ import annotations

import ssl
from datetime import datetime, timedelta, timezone
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from .names import BLOBS, LOGIN, MANAGEMENT

HOSTS = (
    LOGIN,
    MANAGEMENT,
    "ml.azure.com",
    "*.api.azureml.ms",
    f"*{BLOBS}",
    "*.in.applicationinsights.azure.com",
)
_USAGES = (
    "digital_signature",
    "content_commitment",
    "key_encipherment",
    "data_encipherment",
    "key_agreement",
)
_DAY = timedelta(days=1)


def made_in(folder: Path) -> ssl.SSLContext:
    """Write ``ca.pem`` there, and give what a server needs whose certificates it has signed."""
    authority, of_server = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    signed_by = x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.public_key())
    usage = x509.KeyUsage(
        **dict.fromkeys(_USAGES, False),
        key_cert_sign=True,
        crl_sign=True,
        encipher_only=False,
        decipher_only=False,
    )
    own = _blank("tracked's emulator", authority).add_extension(
        x509.BasicConstraints(ca=True, path_length=0), True
    )
    own = own.add_extension(usage, True).add_extension(
        x509.SubjectKeyIdentifier.from_public_key(authority.public_key()), False
    )
    hosts = [*map(x509.DNSName, HOSTS), x509.IPAddress(ip_address("127.0.0.1"))]
    server = _blank("emulated", of_server).add_extension(x509.SubjectAlternativeName(hosts), False)
    server = server.add_extension(signed_by, False)

    pem = serialization.Encoding.PEM
    (folder / "ca.pem").write_bytes(own.sign(authority, hashes.SHA256()).public_bytes(pem))
    key = of_server.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    chain = folder / "server.pem"
    chain.write_bytes(server.sign(authority, hashes.SHA256()).public_bytes(pem) + key)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain)
    return context


def _blank(name: str, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
    now = datetime.now(timezone.utc)
    return (
        x509.CertificateBuilder()
        .subject_name(_named(name))
        .issuer_name(_named("tracked's emulator"))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _DAY)
        .not_valid_after(now + 2 * _DAY)
    )


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
