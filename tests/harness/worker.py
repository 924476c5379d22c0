"""Drives a worker inside the test's process: real broker, real store, real job process. Only the jobs themselves are scripted."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from pydantic import SecretStr

from harness.messages import now
from harness.scripted_jobs import open_scripted_runner
from harness.waiting import eventually
from ml_service.adapters.broker.envelope import Publication
from ml_service.adapters.broker.publisher import Publisher
from ml_service.adapters.broker.stream_reader import StreamReader
from ml_service.adapters.sql.database import migrate
from ml_service.adapters.sql.job_ledger import SqlJobLedger
from ml_service.bootstrap.clients import open_clients
from ml_service.bootstrap.worker import WorkerProcess
from ml_service.config import Settings
from whynotboth.v1 import jobs_pb2
from whynotboth.v1.jobs_pb2 import JobCancelRequested, JobRequested, TrainParams

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from google.protobuf.message import Message

    from ml_service.adapters.broker.connection import BrokerAddress
    from ml_service.domain import LogPosition
    from ml_service.ports.job_ledger import JobRecord
    from ml_service.ports.messaging import ReceivedMessage

FINAL = ("JobSucceeded", "JobFailed", "JobCancelled")


class JobsDriver:
    """Requests jobs as the gateway does, and reads every fact."""

    def __init__(self, address: BrokerAddress) -> None:
        self._publisher = Publisher(address, "test publisher")
        self._facts: list[Any] = []
        self._position: LogPosition | None = None
        self._reader = StreamReader(
            address, "job-events", read_position=lambda: self._position, on_messages=self._fold, on_restart=self._facts.clear
        )

    def __enter__(self) -> JobsDriver:
        self._publisher.start()
        self._reader.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._reader.stop()
        self._publisher.stop()

    def request(self, *words: str, job_id: str | None = None) -> str:
        command = JobRequested(job_id=job_id or str(uuid4()), train=TrainParams(estimators=words), occurred_at=now())
        self._publish("jobs", "job.requested", command, command.job_id)
        return command.job_id

    def cancel(self, job_id: str) -> None:
        self._publish("jobs", "job.cancel_requested", JobCancelRequested(job_id=job_id, occurred_at=now()), job_id)

    def publish_raw(self, queue: str, body: bytes, message_type: str) -> None:
        self._publisher.publish(Publication("", queue, message_type, str(uuid4()), body))

    def facts(self, job_id: str, *names: str) -> list[Any]:
        """Return the job's facts in the stream's order, those with the given names or all."""
        return [fact for fact in list(self._facts) if fact.job_id == job_id and (not names or fact.DESCRIPTOR.name in names)]

    def outcome(self, job_id: str, *, within: float = 30) -> Any:
        return self.fact(job_id, *FINAL, within=within)

    def fact(self, job_id: str, *names: str, within: float = 30) -> Any:
        found = eventually(lambda: self.facts(job_id, *names), within=within, what=f"{' or '.join(names)} of job {job_id}")
        return found[-1]

    def _publish(self, exchange: str, key: str, message: Message, job_id: str) -> None:
        body = message.SerializeToString()
        self._publisher.publish(Publication(exchange, key, message.DESCRIPTOR.full_name, str(uuid4()), body, correlation_id=job_id))

    def _fold(self, messages: Sequence[ReceivedMessage]) -> None:
        for message in messages:
            self._facts.append(getattr(jobs_pb2, message.type.rpartition(".")[2]).FromString(message.body))
            self._position = message.position


class WorkerDriver:
    """A worker that is ready at once, or one that doesn't read the stream `job-events` yet."""

    def __init__(self, parts: WorkerProcess, ledger: SqlJobLedger) -> None:
        self.parts = parts
        self.ledger = ledger
        self._job_events = parts.readers["job-events"]
        self._stopped = threading.Event()

    def start(self, *, is_behind: bool) -> None:
        for thread in self.parts.threads:
            if thread is not self._job_events:
                thread.start()
        self.parts.worker.start()
        if not is_behind:
            self.read_job_events()

    def read_job_events(self) -> None:
        self._job_events.start()
        eventually(lambda: self.is_ready, within=30, what="a ready worker")

    @property
    def is_ready(self) -> bool:
        return all(is_met() for is_met in self.parts.conditions.values())

    def record(self, job_id: str) -> JobRecord:
        found = self.ledger.find(job_id)
        assert found is not None
        return found

    def stop(self, grace_seconds: float = 0.0) -> None:
        if self._stopped.is_set():
            return
        self._stopped.set()
        self.parts.consumer.pause()
        is_done = self.parts.worker.stop(grace_seconds)
        # End the job process of a job that didn't finish in time, so that nothing of it survives the test.
        self.parts.supervisor.close()
        still_open = [thread for thread in reversed(self.parts.threads) if not thread.stop()]
        assert (is_done, still_open) == (True, [])


@contextmanager
def running_worker(
    url: str, definitions: Path, folder: Path, deadline_seconds: float = 60.0, *, name: str = "worker", is_behind: bool = False
) -> Iterator[WorkerDriver]:
    """Run a worker. Workers with the same folder share a store."""
    settings = Settings(
        database_url=SecretStr(f"sqlite:///{folder}/store.db"),
        registry_url=str(folder / "registry"),
        amqp_url=SecretStr(url),
        broker_definitions=definitions,
        worker_name=name,
        worker_job_deadline_seconds=deadline_seconds,
    )
    with open_clients(settings) as parts:
        migrate(parts.store.engine)
        worker = WorkerDriver(WorkerProcess(settings, parts, open_scripted_runner), SqlJobLedger(parts.store.engine))
        try:
            worker.start(is_behind=is_behind)
            yield worker
        finally:
            worker.stop()
