"""Mutual TLS of the gRPC server. It reads the certificate files again for each connection, so that they can be renewed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import grpc
import structlog

from ml_service.adapters.certificates import UnusableCertificate

if TYPE_CHECKING:
    from ml_service.adapters.certificates import Certificates, Pem

log = structlog.get_logger()


def mutual_tls(certificates: Certificates) -> grpc.ServerCredentials:
    """Raise UnusableCertificate if the files can't be used now. Later, log that and keep the last certificate."""
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

    # `renew` may return None for an unchanged certificate, which the types don't allow.
    return grpc.dynamic_ssl_server_credentials(_configuration(current), renew, require_client_authentication=True)  # type: ignore[arg-type]


def _configuration(pem: Pem) -> grpc.ServerCertificateConfiguration:
    return grpc.ssl_server_certificate_configuration([(pem.key, pem.certificate)], root_certificates=pem.ca)
