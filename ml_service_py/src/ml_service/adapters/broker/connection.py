"""A connection to the broker on a thread of its own, made anew after every loss."""

from __future__ import annotations

import random
import threading
import time
from abc import ABC, abstractmethod
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from logging import DEBUG, WARNING
from typing import TYPE_CHECKING

import structlog
from pika import BlockingConnection, SSLOptions, URLParameters
from pika.exceptions import AMQPError

from ml_service.adapters.broker.header_decoding import decode_headers_leniently
from ml_service.adapters.broker.refusals import REFUSALS, cause_of
from ml_service.errors import ServiceError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ml_service.adapters.certificates import Certificates

log = structlog.get_logger()

#: How long the thread may look away from its stop signal and its inbox.
POLL_SECONDS = 0.1
#: A connection that is silent for two to three of these is dead. The URL may say another time by `?heartbeat=`.
HEARTBEAT_SECONDS = 20
#: A broker that is short of memory or disk blocks publishers; after this the connection counts as lost.
BLOCKED_SECONDS = 10
CONNECT_SECONDS = 5
HANG_UP_SECONDS = 2
BACKOFF_FIRST_SECONDS = 0.2
#: A stack that starts all at once is ready this much after its broker: each of its threads waits for itself.
BACKOFF_LAST_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class BrokerAddress:
    """Where the broker is and the contract that is declared on it."""

    url: str = field(repr=False)
    definitions: Path
    #: False: somebody else declares the contract, and here it is only looked for.
    may_declare: bool = True
    certificates: Certificates | None = None

    def __post_init__(self) -> None:
        """Raises ValueError for a URL whose parameters can't be read, as its threads would fail again and again."""
        try:
            URLParameters(self.url)
        except TypeError as error:
            # pika checks the options for TLS by using them.
            raise ValueError(str(error)) from error


class Detach(Exception):
    """A handler of messages raises this to end the current attachment. The next one begins after a while."""


class HandlerFailed(Exception):
    """A handler of messages raised an error that isn't one of its own kinds. The connection is fine, even if that error is an OSError."""


@contextmanager
def handling() -> Iterator[None]:
    """Wrap each call of a handler in this block. Otherwise its TimeoutError, which is an OSError, would be taken for a lost connection."""
    try:
        yield
    except (ServiceError, Detach):
        raise
    except Exception as error:
        raise HandlerFailed from error


class BrokerThread(ABC):
    """Connects, serves until the connection is lost, waits a jittered while, and connects again, until it is stopped."""

    def __init__(self, name: str, address: BrokerAddress, heartbeat_seconds: int | None = None) -> None:
        decode_headers_leniently()
        self._name = name
        self._address = address
        self._parameters = _parameters(name, address.url, heartbeat_seconds)
        self._stopping = threading.Event()
        self._attached = threading.Event()
        self._told_cause: str | None = None
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    @property
    def is_attached(self) -> bool:
        """Whether it is connected and at work now."""
        return self._attached.is_set()

    def start(self) -> None:
        self._thread.start()

    def stop(self, timeout_seconds: float = 5.0) -> bool:
        """Asks the thread to end and waits for it; gives whether it did. Stopping twice is fine."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(timeout_seconds)
        return not self._thread.is_alive()

    @abstractmethod
    def _serve(self, connection: BlockingConnection) -> None:
        """Works on one connection, sets `_attached` once it does, and returns when `_stopping` is set or the work must begin anew."""

    def _run(self) -> None:
        backoff_seconds = BACKOFF_FIRST_SECONDS
        while not self._stopping.is_set():
            self._serve_once()
            backoff_seconds = min(backoff_seconds * 2, BACKOFF_LAST_SECONDS)
            if self._attached.is_set():
                backoff_seconds = BACKOFF_FIRST_SECONDS
                self._attached.clear()
            # The jitter keeps many processes from coming back at the same moment.
            self._stopping.wait(backoff_seconds * random.uniform(0.5, 1.0))  # noqa: S311

    def _serve_once(self) -> None:
        try:
            connection = _open(self._parameters, self._address)
            try:
                self._serve(connection)
            finally:
                _hang_up(connection)
        except (AMQPError, OSError) as error:
            self._tell_loss(error)
        except ServiceError as error:
            log.warning("broker thread held up", thread=self._name, reason=error.reason, detail=error.detail)
        except Detach as cause:
            log.debug("broker thread detached", thread=self._name, cause=str(cause))
        except Exception:
            log.exception("broker thread failed", thread=self._name)

    def _tell_loss(self, error: Exception) -> None:
        """Warn once for each cause in an outage, however often the thread tries to connect in it."""
        if not self._stopping.is_set():
            cause = cause_of(error)
            is_news = self._attached.is_set() or cause != self._told_cause
            event = "broker refuses AMQP_URL's user, password or virtual host" if isinstance(error, REFUSALS) else "broker connection lost"
            log.log(WARNING if is_news else DEBUG, event, thread=self._name, cause=cause)
            self._told_cause = cause


def connect(name: str, address: BrokerAddress) -> BlockingConnection:
    """A connection for one task; its caller closes it. Raises AMQPError and OSError."""
    decode_headers_leniently()
    return _open(_parameters(name, address.url), address)


def _open(parameters: URLParameters, address: BrokerAddress) -> BlockingConnection:
    if address.certificates is not None:
        # The files of now: they are renewed while a connection lives.
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


def _hang_up(connection: BlockingConnection) -> None:
    # BlockingConnection.close() rejects the deliveries that it holds, and a stream must not see a reject. This is the rest of it.
    deadline = time.monotonic() + HANG_UP_SECONDS
    with suppress(AMQPError, OSError):
        connection._impl.close()  # type: ignore[attr-defined]  # noqa: SLF001
        connection._flush_output(lambda: connection.is_closed or time.monotonic() > deadline)  # type: ignore[attr-defined]  # noqa: SLF001
