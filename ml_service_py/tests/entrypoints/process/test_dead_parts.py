"""If a thread or task dies, its process ends with code 1. Otherwise the process would stay ready without working."""

from __future__ import annotations

import re
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import job_scripts
import pytest
import sample

import ml_service
from ml_service.adapters.broker.connection import BrokerThread
from ml_service.bootstrap.recommender import serve
from ml_service.bootstrap.worker import work
from ml_service.config import Settings, read_settings
from ml_service.entrypoints.log.model_follower import ModelFollower
from ml_service.entrypoints.ops import server as ops_server
from ml_service.entrypoints.worker import housekeeping
from ml_service.entrypoints.worker.job_process import JobProcess
from ml_service.entrypoints.worker.job_supervisor import Supervisor
from ml_service.errors import Internal

if TYPE_CHECKING:
    from ml_service.adapters.registry.registry import FileRegistry
    from ml_service.adapters.sql.store import SqlStore
    from ml_service.entrypoints.worker.job_process import JobRunner


def open_runner(_settings: Settings) -> JobRunner:
    return job_scripts.open_runner()


def fail(*_: object, **__: object) -> None:
    raise ZeroDivisionError


async def fail_as_a_task(*_: object, **__: object) -> None:
    raise ZeroDivisionError


@pytest.fixture
def settings(store: SqlStore, registry: FileRegistry, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    # The processes put a hook of their own in place of pytest's.
    monkeypatch.setattr(threading, "excepthook", threading.excepthook)
    store.compare_and_set_live(None, sample.save_model(registry).version)
    return read_settings(
        database_url=database_url,
        registry_url=str(tmp_path / "registry"),
        # Nothing listens on this port.
        amqp_url="amqp://127.0.0.1:1/",
        recommender_grpc_port=0,
        recommender_ops_port=0,
        worker_ops_port=0,
    )


@pytest.mark.parametrize(
    ("owner", "name", "broken"),
    [
        (Supervisor, "keep_warm", fail),
        (BrokerThread, "_log_loss", fail),
        (ops_server._QuietServer, "serve", fail_as_a_task),
        (housekeeping, "remove_expired", fail),
    ],
    ids=["worker", "broker thread", "HTTP for operators", "housekeeping"],
)
async def test_a_worker_without_one_of_its_parts_ends(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, owner: object, name: str, broken: Any
) -> None:
    monkeypatch.setattr(owner, name, broken)

    assert await work(settings, open_runner) == 1


@pytest.mark.parametrize(
    ("owner", "name", "broken"),
    [
        (ModelFollower, "run", fail_as_a_task),
        (BrokerThread, "_log_loss", fail),
        (ops_server._QuietServer, "serve", fail_as_a_task),
    ],
    ids=["model follower", "broker thread", "HTTP for operators"],
)
async def test_a_recommender_without_one_of_its_parts_ends(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, owner: object, name: str, broken: Any
) -> None:
    monkeypatch.setattr(owner, name, broken)

    assert await serve(settings) == 1


def test_every_long_task_is_supervised() -> None:
    folder = Path(ml_service.__file__).parent
    starts = re.compile(r"create_task\(|ensure_future\(|TaskGroup\(")

    starting = {str(source.relative_to(folder)) for source in folder.rglob("*.py") if starts.search(source.read_text("utf-8"))}

    # The gRPC server waits for the task that it starts when it stops.
    assert starting == {"entrypoints/process/runtime.py", "entrypoints/grpc/server.py"}


class Unreadable:
    """Can be sent to another process, which can't make anything of it."""

    def __reduce__(self) -> tuple[type[int], tuple[str]]:
        return int, ("no number",)


def test_a_job_process_whose_listener_died_ends() -> None:
    process = JobProcess(job_scripts.open_runner)

    process.submit(Unreadable())  # type: ignore[arg-type]
    word = process.poll(30) or process.poll(10)

    process.kill()
    assert isinstance(word, Internal)
    assert word.reason == "JOB_PROCESS_DIED"
