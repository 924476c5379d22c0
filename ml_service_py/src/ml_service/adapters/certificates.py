"""Who this service is to its neighbours, and whose word on them it takes: three PEM files that may be replaced while it runs."""

from __future__ import annotations

import ssl
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

#: The names that Kubernetes and cert-manager give them in a secret.
CA, CERTIFICATE, KEY = "ca.crt", "tls.crt", "tls.key"


class UnusableCertificate(OSError):
    """A file that isn't there, or isn't what its name says. The message names it."""


@dataclass(frozen=True, slots=True)
class Pem:
    """The content of the three files, found to fit together."""

    ca: bytes
    certificate: bytes
    key: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Certificates:
    """A folder with the certificate of this service, its key, and the authority that signs for all services."""

    folder: Path

    def client_context(self) -> ssl.SSLContext:
        """For one connection to a server whose certificate and name are checked, by the files of now. Raises UnusableCertificate."""
        pem = self._files()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        try:
            context.load_verify_locations(cadata=pem.ca.decode("ascii", errors="replace"))
        except ssl.SSLError as error:
            raise UnusableCertificate(f"{self.folder / CA} holds no certificate of an authority: {error}") from error
        try:
            # Without a password a key that has one would make the process ask for it on its terminal.
            context.load_cert_chain(self.folder / CERTIFICATE, self.folder / KEY, password="")
        except (ssl.SSLError, ValueError) as error:
            raise UnusableCertificate(
                f"{self.folder / CERTIFICATE} and {self.folder / KEY} aren't a certificate and its key: {error}"
            ) from error
        return context

    def read(self) -> Pem:
        """Raises UnusableCertificate."""
        self.client_context()
        return self._files()

    def _files(self) -> Pem:
        return Pem(self._read(CA), self._read(CERTIFICATE), self._read(KEY))

    def _read(self, name: str) -> bytes:
        path = self.folder / name
        try:
            return path.read_bytes()
        except OSError as error:
            raise UnusableCertificate(f"{path} can't be read: {error.strerror}") from error
