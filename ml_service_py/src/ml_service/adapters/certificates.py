"""The certificate and key of this service and the authority that it trusts: three PEM files. An operator may renew them while it runs."""

from __future__ import annotations

import ssl
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

#: The names of these files in a Kubernetes secret of cert-manager.
CA, CERTIFICATE, KEY = "ca.crt", "tls.crt", "tls.key"


class UnusableCertificate(OSError):
    """A file is missing, or isn't what its name says. The message names it."""


@dataclass(frozen=True, slots=True)
class Pem:
    """The content of the three files, checked to fit together."""

    ca: bytes
    certificate: bytes
    key: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Certificates:
    """A folder with this service's certificate and key, and the certificate of the authority that signs for all services."""

    folder: Path

    def client_context(self) -> ssl.SSLContext:
        """Return a TLS context for one connection, which checks the server's certificate and name. Raises UnusableCertificate.

        It reads the files anew, so call it for each connection.
        """
        pem = self._files()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        try:
            context.load_verify_locations(cadata=pem.ca.decode("ascii", errors="replace"))
        except ssl.SSLError as error:
            raise UnusableCertificate(f"{self.folder / CA} holds no certificate of an authority: {error}") from error
        try:
            # Without this argument, OpenSSL would ask for the password of an encrypted key on the terminal.
            context.load_cert_chain(self.folder / CERTIFICATE, self.folder / KEY, password="")
        except (ssl.SSLError, ValueError) as error:
            raise UnusableCertificate(
                f"{self.folder / CERTIFICATE} and {self.folder / KEY} aren't a certificate and its key: {error}"
            ) from error
        return context

    def read(self) -> Pem:
        """Return the content of the files after checking that they fit together. Raises UnusableCertificate."""
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
