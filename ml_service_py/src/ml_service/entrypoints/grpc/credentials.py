"""The gRPC server's side of mutual TLS: its certificate, and whose it takes, by the files as they are when a connection begins."""

from __future__ import annotations

from typing import TYPE_CHECKING

import grpc
import structlog

from ml_service.adapters.certificates import UnusableCertificate

if TYPE_CHECKING:
    from ml_service.adapters.certificates import Certificates, Pem

log = structlog.get_logger()


def mutual_tls(certificates: Certificates) -> grpc.ServerCredentials:
    """Raises UnusableCertificate now; later what can't be used is told, and the certificate before it goes on."""
    current = certificates.read()

    def renew() -> grpc.ServerCertificateConfiguration | None:
        nonlocal current
        try:
            found = certificates.read()
        except UnusableCertificate as error:
            log.error("certificate not renewed", error=str(error))
            return None
        if found == current:
            return None
        current = found
        log.info("certificate renewed")
        return _configuration(found)

    # None says that nothing has changed; the types don't know it.
    return grpc.dynamic_ssl_server_credentials(_configuration(current), renew, require_client_authentication=True)  # type: ignore[arg-type]


def _configuration(pem: Pem) -> grpc.ServerCertificateConfiguration:
    return grpc.ssl_server_certificate_configuration([(pem.key, pem.certificate)], root_certificates=pem.ca)
