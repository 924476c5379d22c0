"""What every command and process works with, made from the settings. Opens no connection before one is needed."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ml_service.adapters.broker.connection import BrokerAddress
from ml_service.adapters.database import open_engine
from ml_service.adapters.registry import Registry
from ml_service.adapters.store import Store
from ml_service.config import InvalidSettings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ml_service.config import Settings


@dataclass(frozen=True, slots=True)
class Parts:
    store: Store
    registry: Registry
    broker: BrokerAddress


@contextmanager
def open_parts(settings: Settings) -> Iterator[Parts]:
    with _naming("REGISTRY_URL"):
        registry = Registry(settings.registry_url)
    with _naming("DATABASE_URL"):
        engine = open_engine(settings.database_url.get_secret_value())
    try:
        yield Parts(Store(engine), registry, BrokerAddress(settings.amqp_url.get_secret_value(), settings.broker_definitions))
    finally:
        engine.dispose()


@contextmanager
def _naming(variable: str) -> Iterator[None]:
    try:
        yield
    except (ValueError, ImportError) as error:
        raise InvalidSettings(f"{variable}: {error}") from error
