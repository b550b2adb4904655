"""Certificates for tests: an authority of its own, and whatever it signs, as PEM files."""

from __future__ import annotations

import datetime
import pathlib

import pytest

trustme = pytest.importorskip("trustme")
from cryptography import x509  # noqa: E402
from cryptography.hazmat.primitives import hashes, serialization  # noqa: E402

_DAY = datetime.timedelta(days=1)


def _now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC)


class Authority:
    """Signs certificates and revokes them; every method returns the path of a PEM file."""

    def __init__(self, directory: pathlib.Path) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self._directory = directory
        self._ca = trustme.CA()
        self._made = 0
        self.file = self._path("ca")
        """The authority's own certificate."""
        self._ca.cert_pem.write_to_path(self.file)

    def server(self, *names: str) -> str:
        """Certificate and key of a server of these names, ``127.0.0.1`` unless given."""
        return self._signed(self._ca.issue_cert(*(names or ("127.0.0.1",))))

    def expired_server(self) -> str:
        """One that was good until yesterday."""
        return self._signed(self._ca.issue_cert("127.0.0.1", not_before=_now() - 9 * _DAY, not_after=_now() - _DAY))

    def future_server(self) -> str:
        """One that is good from tomorrow on."""
        return self._signed(self._ca.issue_cert("127.0.0.1", not_before=_now() + _DAY, not_after=_now() + 9 * _DAY))

    def user(self, name: str) -> str:
        """Certificate and key of a user."""
        return self._signed(self._ca.issue_cert(f"{name}@example.org", common_name=name))

    def expired_user(self, name: str) -> str:
        """The same, expired."""
        return self._signed(
            self._ca.issue_cert(
                f"{name}@example.org", common_name=name, not_before=_now() - 9 * _DAY, not_after=_now() - _DAY
            )
        )

    def revoke(self, *files: str) -> str:
        """A revocation list with the certificates of these files."""
        issuer = x509.load_pem_x509_certificate(self._ca.cert_pem.bytes())
        key = serialization.load_pem_private_key(self._ca.private_key_pem.bytes(), None)
        builder = x509.CertificateRevocationListBuilder().issuer_name(issuer.subject)
        builder = builder.last_update(_now() - _DAY).next_update(_now() + _DAY)
        for file in files:
            certificate = x509.load_pem_x509_certificates(pathlib.Path(file).read_bytes())[0]
            revoked = x509.RevokedCertificateBuilder().serial_number(certificate.serial_number)
            builder = builder.add_revoked_certificate(revoked.revocation_date(_now() - _DAY).build())
        signed = builder.sign(key, hashes.SHA256())  # type: ignore[arg-type]
        path = self._path("crl")
        pathlib.Path(path).write_bytes(signed.public_bytes(serialization.Encoding.PEM))
        return path

    def _signed(self, leaf: trustme.LeafCert) -> str:
        path = self._path("cert")
        leaf.private_key_and_cert_chain_pem.write_to_path(path)
        return path

    def _path(self, kind: str) -> str:
        self._made += 1
        return str(self._directory / f"{kind}-{self._made}.pem")
