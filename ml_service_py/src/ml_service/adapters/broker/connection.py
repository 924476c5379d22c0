"""A thread that owns one connection to the broker, and connects again after every loss."""

from __future__ import annotations

import random
import threading
from abc import ABC, abstractmethod
from contextlib import contextmanager
from dataclasses import dataclass, field
from logging import DEBUG, WARNING
from typing import TYPE_CHECKING

import structlog
from pika import BlockingConnection, SSLOptions, URLParameters
from pika.exceptions import AMQPError

from ml_service.adapters.broker.broker_errors import REFUSALS, cause_of
from ml_service.adapters.broker.pika_internals import close_without_rejecting, decode_headers_leniently
from ml_service.errors import ServiceError
from ml_service.ports.messaging import Detach

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ml_service.adapters.certificates import Certificates

log = structlog.get_logger()

#: How often the thread checks its stop signal and its inbox.
POLL_SECONDS = 0.1
#: A connection counts as dead after two to three silent heartbeats. `?heartbeat=` in the URL overrides this.
HEARTBEAT_SECONDS = 20
#: A broker that is short of memory or disk blocks publishers. After this time the connection counts as lost.
BLOCKED_SECONDS = 10
CONNECT_SECONDS = 5
CLOSE_SECONDS = 2
BACKOFF_FIRST_SECONDS = 0.2
#: Low, so that a stack that starts together with its broker is ready at most this long after it.
BACKOFF_LAST_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class BrokerAddress:
    """The broker's URL, and the file with the exchanges, queues and bindings that must exist there."""

    url: str = field(repr=False)
    definitions: Path
    #: False: an operator declares the exchanges and queues. The service only checks that they exist.
    may_declare: bool = True
    certificates: Certificates | None = None

    def __post_init__(self) -> None:
        """Raise ValueError for a URL with parameters that pika can't read. Otherwise each thread would fail again and again."""
        try:
            URLParameters(self.url)
        except TypeError as error:
            # pika raises a TypeError for unknown options of TLS.
            raise ValueError(str(error)) from error


class HandlerFailed(Exception):
    """A message handler raised an unexpected error. The connection is intact, even if that error is an OSError."""


@contextmanager
def handling() -> Iterator[None]:
    """Wrap each call of a message handler in this block. Otherwise its TimeoutError, an OSError, would look like a lost connection."""
    try:
        yield
    except (ServiceError, Detach):
        raise
    except Exception as error:
        raise HandlerFailed from error


class BrokerThread(ABC):
    """A thread that connects, works until the connection is lost, waits (backoff with jitter) and connects again, until it is stopped."""

    def __init__(self, name: str, address: BrokerAddress, heartbeat_seconds: int | None = None) -> None:
        decode_headers_leniently()
        self._name = name
        self._address = address
        self._parameters = _parameters(name, address.url, heartbeat_seconds)
        self._stopping = threading.Event()
        self._attached = threading.Event()
        self._logged_cause: str | None = None
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    @property
    def is_attached(self) -> bool:
        """Whether the thread is connected and works now."""
        return self._attached.is_set()

    def start(self) -> None:
        self._thread.start()

    def stop(self, timeout_seconds: float = 5.0) -> bool:
        """Ask the thread to end, and wait. Return whether it ended within the time. May be called again."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(timeout_seconds)
        return not self._thread.is_alive()

    @abstractmethod
    def _serve(self, connection: BlockingConnection) -> None:
        """Work on one connection. Set `_attached` when the work begins. Return when `_stopping` is set or to connect again."""

    def _run(self) -> None:
        backoff_seconds = BACKOFF_FIRST_SECONDS
        while not self._stopping.is_set():
            self._serve_once()
            backoff_seconds = min(backoff_seconds * 2, BACKOFF_LAST_SECONDS)
            if self._attached.is_set():
                backoff_seconds = BACKOFF_FIRST_SECONDS
                self._attached.clear()
            # Jitter, so that many processes don't connect at the same moment.
            self._stopping.wait(backoff_seconds * random.uniform(0.5, 1.0))  # noqa: S311

    def _serve_once(self) -> None:
        try:
            connection = _open(self._parameters, self._address)
            try:
                self._serve(connection)
            finally:
                close_without_rejecting(connection, CLOSE_SECONDS)
        except (AMQPError, OSError) as error:
            self._log_loss(error)
        except ServiceError as error:
            log.warning("broker thread paused", thread=self._name, reason=error.reason, detail=error.detail)
        except Detach as cause:
            log.debug("broker thread detached", thread=self._name, cause=str(cause))
        except Exception as error:
            # The thread must survive any error of a handler, because it alone can serve the next message.
            log.error("broker thread failed", thread=self._name, exc_info=error)

    def _log_loss(self, error: Exception) -> None:
        """Warn once for each cause during an outage, even if the thread tries to connect many times."""
        if not self._stopping.is_set():
            cause = cause_of(error)
            is_new = self._attached.is_set() or cause != self._logged_cause
            event = "broker refuses AMQP_URL's user, password or virtual host" if isinstance(error, REFUSALS) else "broker connection lost"
            log.log(WARNING if is_new else DEBUG, event, thread=self._name, cause=cause)
            self._logged_cause = cause


def connect(name: str, address: BrokerAddress) -> BlockingConnection:
    """Return a new connection. The caller closes it. Raises AMQPError and OSError."""
    decode_headers_leniently()
    return _open(_parameters(name, address.url), address)


def _open(parameters: URLParameters, address: BrokerAddress) -> BlockingConnection:
    if address.certificates is not None:
        # Read the files for each connection: an operator may have renewed them.
        parameters.ssl_options = SSLOptions(address.certificates.client_context(), parameters.host)
    return BlockingConnection(parameters)


def _parameters(name: str, url: str, heartbeat_seconds: int | None = None) -> URLParameters:
    parameters = URLParameters(url)
    if parameters.heartbeat is None:
        parameters.heartbeat = heartbeat_seconds or HEARTBEAT_SECONDS
    parameters.blocked_connection_timeout = BLOCKED_SECONDS
    parameters.socket_timeout = CONNECT_SECONDS
    parameters.stack_timeout = CONNECT_SECONDS
    parameters.client_properties = {"connection_name": name}
    return parameters
