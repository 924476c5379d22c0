"""Certificates for a test: an authority, the services' certificates that it signed, and the certificate that a port presents."""

from __future__ import annotations

import datetime
import socket
from typing import TYPE_CHECKING

import grpc
from cryptography import x509

from harness.ports import LOOPBACK
from infra.certs.authority import issue, open_authority
from ml_service.adapters.certificates import Certificates

if TYPE_CHECKING:
    from pathlib import Path

SERVICES = ("gateway", "recommender", "worker", "rabbitmq")


class TestCertificates:
    """One folder for each service. `renew` changes its files while the service runs."""

    __test__ = False

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._authority = open_authority(folder / "authority")
        for service in SERVICES:
            self.renew(service)

    def folder_of(self, service: str) -> Path:
        return self._folder / service

    def renew(self, service: str, days: int = 1) -> int:
        """Issue another certificate. Return its serial number."""
        issue(self._authority, self.folder_of(service), service, datetime.timedelta(days=days))
        return x509.load_pem_x509_certificate(self.folder_of(service).joinpath("tls.crt").read_bytes()).serial_number

    def serial_shown_at(self, port: int) -> int:
        """Connect with TLS as the gateway would. Return the serial number of the server's certificate."""
        context = Certificates(self.folder_of("gateway")).client_context()
        context.set_alpn_protocols(["h2"])
        with socket.create_connection((LOOPBACK, port), timeout=5) as plain, context.wrap_socket(plain, server_hostname="localhost") as tls:
            shown = tls.getpeercert(binary_form=True)
        assert shown is not None
        return x509.load_der_x509_certificate(shown).serial_number

    def channel_credentials(self, signed_by: TestCertificates | None = None) -> grpc.ChannelCredentials:
        """Return credentials that trust these services and present a gateway's certificate, signed by this authority or another one."""
        shown = Certificates((signed_by or self).folder_of("gateway")).read()
        return grpc.ssl_channel_credentials(self._ca, shown.key, shown.certificate)

    def anonymous_credentials(self) -> grpc.ChannelCredentials:
        """Return the same credentials without a client certificate."""
        return grpc.ssl_channel_credentials(self._ca)

    @property
    def _ca(self) -> bytes:
        return self.folder_of("gateway").joinpath("ca.crt").read_bytes()
