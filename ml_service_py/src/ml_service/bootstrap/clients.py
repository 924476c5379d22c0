"""What every command and process works with, made from the settings. Opens no connection before one is needed."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ml_service.adapters.broker.connection import BrokerAddress
from ml_service.adapters.certificates import Certificates, UnusableCertificate
from ml_service.adapters.registry.registry import FileRegistry
from ml_service.adapters.sql.database import open_engine
from ml_service.adapters.sql.store import SqlStore
from ml_service.config import InvalidSettings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ml_service.config import Settings


@dataclass(frozen=True, slots=True)
class Parts:
    store: SqlStore
    registry: FileRegistry
    broker: BrokerAddress
    #: None: nothing between the services is encrypted.
    certificates: Certificates | None


@contextmanager
def open_parts(settings: Settings) -> Iterator[Parts]:
    with _naming("REGISTRY_URL"):
        registry = FileRegistry(settings.registry_url)
    with _naming("DATABASE_URL"):
        engine = open_engine(settings.database_url.get_secret_value())
    with _naming("TLS_DIR"):
        certificates = _open_certificates(settings)
    url, definitions = settings.amqp_url.get_secret_value(), settings.broker_definitions
    with _naming("AMQP_URL"):
        broker = BrokerAddress(url, definitions, may_declare=settings.broker_declare, certificates=certificates)
    try:
        yield Parts(SqlStore(engine), registry, broker, certificates)
    finally:
        engine.dispose()


def _open_certificates(settings: Settings) -> Certificates | None:
    if settings.tls_dir is None:
        return None
    certificates = Certificates(settings.tls_dir)
    certificates.read()
    return certificates


@contextmanager
def _naming(variable: str) -> Iterator[None]:
    try:
        yield
    except (ValueError, ImportError, UnusableCertificate) as error:
        raise InvalidSettings(f"{variable}: {error}") from error
