"""The job kinds: one file each, registered in `load_kind`. A file has the parameters, their decoding and the work."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar, assert_never, cast

if TYPE_CHECKING:
    from collections.abc import Callable

    from ml_service.domain import Attempt, Job, JobOutcome, Progress
    from ml_service.ports.job_ledger import JobLedger
    from ml_service.ports.storage import Registry, Store
    from whynotboth.v1.jobs_pb2 import JobRequested

    #: The names of the `oneof params` in `jobs.proto`, as the generated code has them.
    KindName = JobRequested._WhichOneofReturnType_params  # noqa: SLF001  # the generated type has no public name

P = TypeVar("P")


@dataclass(frozen=True, slots=True)
class JobContext:
    """All that a job may use. `report` publishes the progress; it raises an error to end a cancelled job."""

    store: Store
    registry: Registry
    ledger: JobLedger
    attempt: Attempt
    report: Callable[[Progress], None]


@dataclass(frozen=True, slots=True)
class JobKind(Generic[P]):
    """`decode` returns the parameters with their defaults. It or `run` raises JOB_PARAMS_INVALID for one out of bounds."""

    decode: Callable[[bytes], P]
    run: Callable[[JobContext, P], JobOutcome]


def load_kind(name: str) -> JobKind[Any]:
    """Import a kind's file with the first job of that kind: most need NumPy, and a worker at rest doesn't.

    The type checker refuses this function while the contract has a kind that is missing here.
    """
    known = cast("KindName", name)
    match known:
        case "train":
            from ml_service.handlers.jobs.kinds.train import TRAIN

            return TRAIN
        case "evaluate":
            from ml_service.handlers.jobs.kinds.evaluate import EVALUATE

            return EVALUATE
        case "export":
            from ml_service.handlers.jobs.kinds.export import EXPORT

            return EXPORT
        case _:
            assert_never(known)


def run_job(context: JobContext) -> JobOutcome:
    """Decode the parameters of the attempt's job, and do its work."""
    job: Job = context.attempt.job
    kind = load_kind(job.kind)
    return kind.run(context, kind.decode(job.params))
