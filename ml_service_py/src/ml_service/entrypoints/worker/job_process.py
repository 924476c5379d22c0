"""A child process that runs one job after another. It may block, be killed or crash without harm to the worker's heartbeats."""

from __future__ import annotations

import os
import queue
import signal
import threading
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing import get_context
from typing import TYPE_CHECKING

import structlog

from ml_service.domain import Attempt, JobOutcome, Progress
from ml_service.entrypoints.process.runtime import on_dead_thread
from ml_service.errors import Internal, ServiceError, error_of

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

log = structlog.get_logger()

JobRunner = Callable[[Attempt, Callable[[Progress], None]], JobOutcome]

KILL_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class _Ready:
    """Sent once, when the process can run jobs: its modules are imported and its runner is open."""


@dataclass(frozen=True, slots=True)
class _Failure:
    """A job's error, in the form in which it is sent over the pipe."""

    reason: str
    detail: str


class JobProcess:
    """The worker's side of the process. `open_runner` must be picklable; the process calls it once. Use from one thread only."""

    def __init__(self, open_runner: Callable[[], JobRunner]) -> None:
        self._ours, theirs = get_context("spawn").Pipe()
        # Spawned, not forked: a fork would copy the worker's locks and connections without their threads.
        self._process = get_context("spawn").Process(target=_main, args=(theirs, open_runner), name="job process")
        self._process.start()
        theirs.close()
        #: Whether `poll` has received the message that the process is ready. A job submitted earlier starts then.
        self.is_warm = False

    @property
    def is_alive(self) -> bool:
        return self._process.is_alive()

    def submit(self, attempt: Attempt) -> None:
        """Begin an attempt; the previous one must have ended. `poll` returns its progress and outcome."""
        try:
            self._ours.send(attempt)
        except OSError:
            log.warning("job process is gone", exit_code=self._process.exitcode)

    def poll(self, seconds: float) -> Progress | JobOutcome | ServiceError | None:
        """Wait for a message and return it: a progress, or at the end the outcome or error. None: no message, or only the ready message."""
        try:
            return self._receive() if self._ours.poll(seconds) else None
        except (EOFError, OSError):
            self.is_warm = False
            self._process.join(KILL_SECONDS)
            detail = f"The process that ran the job ended with exit code {self._process.exitcode}."
            return Internal("JOB_PROCESS_DIED", detail)

    def kill(self) -> None:
        """End the process at once. Readers ignore the unfinished files of a job, so a kill damages nothing."""
        self.is_warm = False
        self._process.kill()
        self._process.join(KILL_SECONDS)
        self._ours.close()

    def _receive(self) -> Progress | JobOutcome | ServiceError | None:
        match self._ours.recv():
            case _Ready():
                self.is_warm = True
                return None
            case _Failure(reason, detail):
                return error_of(reason, detail)
            case Progress() | JobOutcome() as message:
                return message
            case unknown:
                raise TypeError(f"The job process sent {unknown!r}")


def _main(pipe: Connection, open_runner: Callable[[], JobRunner]) -> None:
    # A signal to the process group is meant for the worker, which decides about the job.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    on_dead_thread(_end_process)
    inbox: queue.SimpleQueue[Attempt] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(pipe, inbox), name="listener of the job process", daemon=True).start()
    run = open_runner()
    pipe.send(_Ready())
    while True:
        pipe.send(_try(run, inbox.get(), pipe))


def _end_process(thread: str, error: BaseException | None) -> None:
    log.critical("thread of the job process died", thread=thread, exc_info=error)
    os._exit(1)


def _listen(pipe: Connection, inbox: queue.SimpleQueue[Attempt]) -> None:
    """Put each received attempt into the inbox. When the worker is gone, end the process, even in the middle of a job."""
    try:
        while True:
            inbox.put(pipe.recv())
    except (EOFError, OSError):
        os._exit(0)


def _try(run: JobRunner, attempt: Attempt, pipe: Connection) -> JobOutcome | _Failure:
    try:
        return run(attempt, pipe.send)
    except ServiceError as error:
        return _Failure(error.reason, error.detail)
    except Exception:
        log.exception("job failed", job_id=attempt.job.job_id, kind=attempt.job.kind, attempt=attempt.number)
        return _Failure("INTERNAL", "The job failed because of a bug. See the worker's log.")
