"""A projector in a process of its own that kills or freezes itself at a chosen step of its first batch."""

from __future__ import annotations

import signal
import threading
from dataclasses import dataclass, replace
from multiprocessing import get_context
from typing import TYPE_CHECKING, Any, ClassVar

from pika.adapters.blocking_connection import BlockingChannel
from sqlalchemy import event

from ml_service.adapters.broker.interaction_messages import read_entry
from ml_service.adapters.broker.stream_reader import StreamReader
from ml_service.adapters.sql.database import open_engine
from ml_service.adapters.sql.interaction_log import SqlInteractionLog
from ml_service.entrypoints.log.projector import Projector
from ml_service.entrypoints.ops.worker_metrics import WorkerMetrics
from ml_service.ports.messaging import Detach

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from multiprocessing.process import BaseProcess

    from sqlalchemy import Connection, Engine

    from ml_service.adapters.broker.connection import BrokerAddress
    from ml_service.ports.messaging import ReceivedMessage

#: The steps that are SQL statements, each with words that no other statement has. A driver for PostgreSQL sends no BEGIN itself.
STATEMENTS = {
    "BEGIN": "begin",
    "log_positions": "position",
    "FROM erased_users": "erasures",
    "DELETE FROM interactions": "erase",
    "DELETE FROM rejected_interactions": "erase rejected",
    "INTO erased_users": "erased",
    "FROM items": "items",
    "FROM data_state": "data state",
    "INTO interactions": "rows",
}
#: The steps of a projector in a batch that erases a user, in this order.
STEPS = ("take", *STATEMENTS.values(), "commit", "stored", "acknowledge", "acknowledged")

#: Forks each process from one that has already imported the modules it needs.
_context = get_context("forkserver")
_context.set_forkserver_preload([__name__])


@dataclass(frozen=True)
class Work:
    """What to project, and the step at which the process sends itself the signal. None: never."""

    address: BrokerAddress
    database_url: str
    stream: str
    step: str | None = None
    signal: int = 0
    lock: str | None = None

    def dying_at(self, step: str, number: int) -> Work:
        return replace(self, step=step, signal=number)


class DyingProjector:
    """`refusals` holds one entry for each time that the projector had to step down."""

    _all: ClassVar[list[DyingProjector]] = []

    def __init__(self, work: Work) -> None:
        self._all.append(self)
        self.refusals = _context.Queue()
        self.process: BaseProcess = _context.Process(target=_project, args=(work, self.refusals), daemon=True)
        self.process.start()

    @property
    def pid(self) -> int:
        assert self.process.pid is not None
        return self.process.pid

    def wait_until_dead(self, within: float) -> int:
        self.process.join(within)
        assert self.process.exitcode is not None, "it didn't die"
        return self.process.exitcode

    def kill(self) -> None:
        self.process.kill()
        self.process.join()

    @classmethod
    def kill_all(cls) -> None:
        while cls._all:
            cls._all.pop().kill()


def _project(work: Work, refusals: Any) -> None:
    engine = open_engine(work.database_url)
    projector = Projector(SqlInteractionLog(engine), WorkerMetrics())

    def reach(step: str) -> None:
        if step == work.step:
            # The signal goes to this thread. Another one might get it later, while this one enters a transaction and keeps its locks.
            signal.pthread_kill(threading.get_ident(), work.signal)

    def on_messages(messages: Sequence[ReceivedMessage]) -> None:
        reach("take")
        try:
            projector.on_entries([read_entry(message) for message in messages])
        except Detach:
            refusals.put("stepped down")
            raise
        reach("stored")

    _watch(engine, reach)
    reader = StreamReader(
        work.address,
        work.stream,
        read_position=projector.read_position,
        on_messages=on_messages,
        on_restart=projector.on_restart,
        lock=work.lock,
    )
    reader.start()
    threading.Event().wait()


def _watch(engine: Engine, reach: Callable[[str], None]) -> None:
    @event.listens_for(engine, "before_cursor_execute")
    def _(connection: Connection, _cursor: object, statement: str, *_: object) -> None:
        # The transaction that only reads the position belongs to no batch.
        if connection.get_execution_options().get("sqlite_begin") == "IMMEDIATE":
            reach(next(step for words, step in STATEMENTS.items() if words in statement))

    @event.listens_for(engine, "commit")
    def _(connection: Connection) -> None:
        if connection.get_execution_options().get("sqlite_begin") == "IMMEDIATE":
            reach("commit")

    acknowledge = BlockingChannel.basic_ack

    def basic_ack(*args: Any, **options: Any) -> None:
        reach("acknowledge")
        acknowledge(*args, **options)
        reach("acknowledged")

    BlockingChannel.basic_ack = basic_ack  # type: ignore[method-assign]
