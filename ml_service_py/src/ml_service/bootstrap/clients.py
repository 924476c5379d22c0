"""The adapters that every command and process uses, made from the settings. None opens a connection before it is needed."""

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
class Clients:
    """Store, registry, the broker's address, and this service's certificates."""

    store: SqlStore
    registry: FileRegistry
    broker: BrokerAddress
    #: None: connections between the services are not encrypted.
    certificates: Certificates | None


@contextmanager
def open_clients(settings: Settings) -> Iterator[Clients]:
    """Raise InvalidSettings, which names the variable, for an address that can't be used."""
    with _naming_variable("REGISTRY_URL"):
        registry = FileRegistry(settings.registry_url)
    with _naming_variable("DATABASE_URL"):
        engine = open_engine(settings.database_url.get_secret_value())
    with _naming_variable("TLS_DIR"):
        certificates = _open_certificates(settings)
    url, definitions = settings.amqp_url.get_secret_value(), settings.broker_definitions
    with _naming_variable("AMQP_URL"):
        broker = BrokerAddress(url, definitions, may_declare=settings.broker_declare, certificates=certificates)
    try:
        yield Clients(SqlStore(engine), registry, broker, certificates)
    finally:
        engine.dispose()


def _open_certificates(settings: Settings) -> Certificates | None:
    if settings.tls_dir is None:
        return None
    certificates = Certificates(settings.tls_dir)
    certificates.read()
    return certificates


@contextmanager
def _naming_variable(variable: str) -> Iterator[None]:
    try:
        yield
    except (ValueError, ImportError, UnusableCertificate) as error:
        raise InvalidSettings(f"{variable}: {error}") from error
