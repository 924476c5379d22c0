"""Which broker the stack gets: the first of four ways that this machine offers."""

from __future__ import annotations

from enum import Enum, auto
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from infra.local.broker_container import has_engine
from infra.local.broker_node import find_server
from infra.local.debian import can_install_packages
from infra.local.errors import LocalError
from infra.local.ports import LOOPBACK, is_open

if TYPE_CHECKING:
    from infra.local.settings import Settings

NO_BROKER = (
    "RabbitMQ is missing. Give one of: the package rabbitmq-server (Debian and Ubuntu: `apt-get install rabbitmq-server`, "
    "macOS: `brew install rabbitmq`), a running Docker, root on Debian or Ubuntu, "
    "or AMQP_URL=amqp://user:password@host:5672/ of a broker that runs elsewhere."
)


class BrokerChoice(Enum):
    GIVEN = auto()
    INSTALLED = auto()
    CONTAINER = auto()
    PACKAGE = auto()

    @property
    def is_ours(self) -> bool:
        return self is not BrokerChoice.GIVEN

    @property
    def is_private_node(self) -> bool:
        return self in {BrokerChoice.INSTALLED, BrokerChoice.PACKAGE}


def choose_broker(settings: Settings) -> BrokerChoice:
    if settings.given_amqp_url:
        _check_answers(settings.given_amqp_url)
        return BrokerChoice.GIVEN
    if find_server():
        return BrokerChoice.INSTALLED
    if has_engine():
        return BrokerChoice.CONTAINER
    if can_install_packages():
        return BrokerChoice.PACKAGE
    raise LocalError(NO_BROKER)


def _check_answers(url: str) -> None:
    parts = urlsplit(url)
    host, port = parts.hostname or LOOPBACK, parts.port or (5671 if parts.scheme == "amqps" else 5672)
    if not is_open(host, port):
        raise LocalError(
            f"AMQP_URL names a broker at {host}:{port}, and nothing answers there: start it, or unset AMQP_URL to get one here."
        )
