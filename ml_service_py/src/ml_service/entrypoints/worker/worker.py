"""Takes jobs from the queue, lets the supervisor run each, and settles its message by the outcome."""

from __future__ import annotations

import queue
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING, TypeVar

import structlog

from ml_service.domain import Attempt, JobOutcome, JobState
from ml_service.entrypoints.worker.job_supervisor import Cancelled, Interrupted
from ml_service.errors import Internal, InvalidArgument, ServiceError, Unavailable
from ml_service.ports.job_ledger import RunsElsewhere

if TYPE_CHECKING:
    from collections.abc import Callable

    from ml_service.domain import Job
    from ml_service.entrypoints.ops.worker_metrics import WorkerMetrics
    from ml_service.entrypoints.worker.job_supervisor import Ending, Supervisor
    from ml_service.handlers.jobs.service import JobService
    from ml_service.ports.messaging import Delivery, ReceivedMessage

log = structlog.get_logger()

T = TypeVar("T")

IDLE_SECONDS = 0.1
#: The pause before the next attempt to reach the store or the broker.
RETRY_SECONDS = 1.0
INTERRUPT_SECONDS = 5.0


class Worker:
    """A thread that works on one job at a time. The consumer, on another thread, hands deliveries over by `take`.

    `is_superseded` returns whether to skip a command because another one has the same id.
    """

    def __init__(
        self,
        service: JobService,
        supervisor: Supervisor,
        is_superseded: Callable[[Job, ReceivedMessage], bool],
        metrics: WorkerMetrics,
    ) -> None:
        self._service = service
        self._is_superseded = is_superseded
        self._supervisor = supervisor
        self._metrics = metrics
        self._inbox: queue.SimpleQueue[Delivery] = queue.SimpleQueue()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="worker", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def take(self, delivery: Delivery) -> None:
        self._inbox.put(delivery)

    def stop(self, grace_seconds: float) -> bool:
        """Let the running job finish within the grace, else end it and return its message. Return whether the thread ended."""
        self._stopping.set()
        self._thread.join(grace_seconds)
        self._supervisor.interrupt()
        self._thread.join(INTERRUPT_SECONDS)
        return not self._thread.is_alive()

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._supervisor.keep_warm()
            with suppress(queue.Empty):
                self._handle(self._inbox.get(timeout=IDLE_SECONDS))
        while not self._inbox.empty():
            self._inbox.get().release()

    def _handle(self, delivery: Delivery) -> None:
        message = delivery.message
        try:
            job = delivery.read_job()
        except InvalidArgument as error:
            log.warning("message dead-lettered", message_id=message.message_id, reason=error.reason, detail=error.detail)
            self._metrics.count_undecodable()
            delivery.dead_letter()
            return
        try:
            self._work(delivery, job)
        except Interrupted:
            log.warning("job returned to the queue", job_id=job.job_id)
            delivery.release()
        except Exception:
            # A bug of this service: another attempt would fail too.
            log.exception("message dead-lettered", message_id=message.message_id, job_id=job.job_id)
            delivery.dead_letter()

    def _work(self, delivery: Delivery, job: Job) -> None:
        if self._until_available(lambda: self._is_superseded(job, delivery.message)):
            log.warning("job skipped: another body came first with its key", job_id=job.job_id)
            delivery.acknowledge()
            return
        try:
            record = self._until_available(lambda: self._service.claim(job, is_redelivered=delivery.is_redelivered))
        except RunsElsewhere:
            self._until_available(lambda: self._service.put_off(job, delivery.message))
            delivery.acknowledge()
            return
        if record.state.is_final:
            self._until_available(lambda: self._service.publish_again(record, delivery.message.traceparent))
            (delivery.dead_letter if record.state is JobState.FAILED else delivery.acknowledge)()
            return
        self._begin(delivery, Attempt(job, record.attempt, record.spent, delivery.message.traceparent))

    def _begin(self, delivery: Delivery, attempt: Attempt) -> None:
        try:
            confirm_start = self._service.start(attempt)
            ending = self._run_attempt(attempt)
            self._until_available(confirm_start)
            self._settle(delivery, attempt, ending)
        except Interrupted:
            self._hand_back(attempt)
            raise
        except Exception:
            log.exception("job failed because of a bug in the worker", job_id=attempt.job.job_id, attempt=attempt.number)
            self._settle(delivery, attempt, Internal("INTERNAL", "The worker failed because of a bug. See its log."))

    def _run_attempt(self, attempt: Attempt) -> Ending:
        if self._service.is_exhausted(attempt):
            return Internal("JOB_PROCESS_DIED", f"The job began {attempt.spent - 1} times and never ended. See the workers' logs.")
        began = time.monotonic()
        ending: Ending | None = None
        self._metrics.begin_attempt()
        try:
            ending = self._supervisor.run(attempt, self._service.progress)
        finally:
            self._metrics.end_attempt(attempt.job.kind, _name(ending), time.monotonic() - began)
        return ending

    def _hand_back(self, attempt: Attempt) -> None:
        """Best effort: if this fails, the attempt counts as one that died."""
        with suppress(Unavailable):
            self._service.hand_back(attempt, Unavailable("SHUTTING_DOWN", f"The worker stopped during attempt {attempt.number}."))

    def _settle(self, delivery: Delivery, attempt: Attempt, ending: Ending) -> None:
        match ending:
            case JobOutcome():
                self._until_available(lambda: self._service.succeed(attempt, ending))
                delivery.acknowledge()
            case Cancelled():
                self._until_available(lambda: self._service.cancel(attempt))
                delivery.acknowledge()
            case ServiceError():
                has_failed = self._until_available(lambda: self._service.settle_failure(attempt, ending, delivery.message))
                (delivery.dead_letter if has_failed else delivery.acknowledge)()

    def _until_available(self, step: Callable[[], T]) -> T:
        """Call until it doesn't raise Unavailable, so that the job isn't lost while the store or the broker is away."""
        while True:
            try:
                return step()
            except Unavailable as error:
                log.warning("waiting for another service", reason=error.reason, detail=error.detail)
                if self._supervisor.wait_or_interrupted(RETRY_SECONDS):
                    raise Interrupted from error


def _name(ending: Ending | None) -> str:
    match ending:
        case JobOutcome():
            return "succeeded"
        case Cancelled():
            return "cancelled"
        case ServiceError():
            return "failed"
    return "interrupted"
