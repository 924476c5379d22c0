"""The operators' HTTP: probes, model versions, explanations, and errors as problem+json."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import httpx
import pytest
import sample

from ml_service.entrypoints.ops.api import build_ops_api
from ml_service.entrypoints.ops.server import OpsAddress, serve_ops
from ml_service.entrypoints.process.runtime import Readiness, Stopping
from ml_service.handlers import explanation
from ml_service.ports.messaging import ReaderStatus

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from ml_service.adapters.registry.registry import FileRegistry
    from ml_service.entrypoints.ops.metrics import Metrics
    from ml_service.handlers.live_state import LiveState
    from ml_service.handlers.models import Models

HOST = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class OpsDriver:
    client: httpx.AsyncClient

    async def get(self, path: str) -> tuple[int, Any]:
        answer = await self.client.get(path)
        return answer.status_code, answer.json() if "json" in answer.headers["content-type"] else answer.text

    async def readiness(self) -> tuple[int, str, list[str]]:
        status, answer = await self.get("/readyz")
        return status, answer["status"], answer["missing"]

    async def problem(self, path: str, request_id: str = "r-1") -> dict[str, Any]:
        answer = await self.client.get(path, headers={"x-request-id": request_id})
        assert answer.headers["content-type"] == "application/problem+json"
        problem: dict[str, Any] = answer.json()
        assert problem["status"] == answer.status_code
        return problem


@pytest.fixture
def met() -> set[str]:
    """The conditions of readiness that are met."""
    return set()


@pytest.fixture
def readiness(met: set[str]) -> Readiness:
    return Readiness({"model": lambda: "model" in met})


@dataclass
class FakeReader:
    status: ReaderStatus


@pytest.fixture
def reader(metrics: Metrics) -> FakeReader:
    reader = FakeReader(ReaderStatus(is_attached=True, offset=41, attachments=1, restarts=0))
    metrics.watch({"interactions": reader})
    return reader


@pytest.fixture
async def ops(live: LiveState, models: Models, metrics: Metrics, readiness: Readiness, reader: FakeReader) -> AsyncIterator[OpsDriver]:
    async with (
        serve_ops(build_ops_api(live, models, metrics, readiness, {"interactions": reader}), OpsAddress(HOST, 0), Stopping()) as port,
        httpx.AsyncClient(base_url=f"http://{HOST}:{port}", trust_env=False) as client,
    ):
        yield OpsDriver(client)


async def test_liveness_and_readiness_are_different_questions(ops: OpsDriver, readiness: Readiness, met: set[str]) -> None:
    assert await ops.get("/healthz") == (200, {"status": "alive"})
    assert await ops.readiness() == (503, "not ready", ["model"])

    met.add("model")
    assert await ops.readiness() == (200, "ready", [])

    readiness.is_draining = True
    assert await ops.readiness() == (503, "not ready", ["draining"])


async def test_a_reader_without_its_log_does_not_end_readiness(ops: OpsDriver, met: set[str], reader: FakeReader) -> None:
    met.add("model")
    reader.status = replace(reader.status, is_attached=False)

    status, answer = await ops.get("/readyz")

    assert status == httpx.codes.OK
    assert answer["readers"] == {"interactions": {"attached": False, "offset": 41}}


async def test_metrics_show_a_reader_without_progress(ops: OpsDriver, reader: FakeReader) -> None:
    reader.status = ReaderStatus(is_attached=True, offset=None, attachments=9, restarts=2)

    _, text = await ops.get("/metrics")

    assert 'recommender_log_reader_attached{stream="interactions"} 1.0' in text
    assert 'recommender_log_reader_offset{stream="interactions"} -1.0' in text
    assert 'recommender_log_reader_attachments_total{stream="interactions"} 9.0' in text
    assert 'recommender_log_reader_restarts_total{stream="interactions"} 2.0' in text


async def test_metrics_name_the_live_version_and_the_offset(ops: OpsDriver, live: LiveState) -> None:
    await live.apply([sample.logged(41, sample.interaction("even", "i4"))])

    _, text = await ops.get("/metrics")

    assert "recommender_log_offset 41.0" in text
    assert "recommender_model_stale 1.0" in text
    assert "recommender_model_unknown_items 0.0" in text
    assert f'recommender_model_info{{estimator="ease",version="{sample.loaded_model().version.version}"}} 1.0' in text


async def test_versions_and_their_manifests_are_shown(ops: OpsDriver, registry: FileRegistry) -> None:
    version = sample.save_model(registry).version

    _, page = await ops.get("/models")
    _, manifest = await ops.get(f"/models/{version}")

    assert [(model["version"], model["live"]) for model in page["models"]] == [(version, False)]
    assert [entry["size_bytes"] > 0 for entry in manifest["files"].values()] == [True]
    assert set(manifest["libraries"]) == {"numpy", "scipy", "scikit-learn"}


async def test_an_explanation_names_the_history(ops: OpsDriver) -> None:
    _, explained = await ops.get("/explain/even?itemId=i4")

    (item,) = explained["items"]
    assert (item["itemId"], item["score"]) == ("i4", 2.0)
    assert [(row["itemId"], row["rating"], row["contribution"]) for row in item["contributions"]] == [("i0", 5.0, 1.0), ("i2", 4.5, 1.0)]


async def test_a_user_id_may_have_slashes(ops: OpsDriver, live: LiveState) -> None:
    await live.apply([sample.logged(0, sample.interaction("a/b/", "i0"))])

    status, explained = await ops.get("/explain/a%2Fb%2F?itemId=i4")

    assert (status, explained["userId"]) == (200, "a/b/")


async def test_the_openapi_document_is_served(ops: OpsDriver) -> None:
    _, contract = await ops.get("/openapi.json")

    assert {"/healthz", "/readyz", "/metrics", "/models", "/models/{version}", "/explain/{userId}"} <= set(contract["paths"])


@pytest.mark.parametrize(
    ("path", "status", "reason"),
    [
        ("/nope", 404, "ROUTE_UNKNOWN"),
        ("/explain/nope", 404, "USER_UNKNOWN"),
        ("/models/nope", 404, "MODEL_VERSION_UNKNOWN"),
        ("/models?pageSize=101", 400, "REQUEST_INVALID"),
        ("/models?pageToken=nonsense", 400, "PAGE_TOKEN_INVALID"),
        (f"/models?pageToken={'a' * 1001}", 400, "REQUEST_INVALID"),
    ],
)
async def test_a_failure_is_a_problem(ops: OpsDriver, path: str, status: int, reason: str) -> None:
    problem = await ops.problem(path)

    assert (problem["status"], problem["reason"], problem["requestId"]) == (status, reason, "r-1")


async def test_an_unknown_method_is_an_unknown_route_and_the_answer_names_the_methods_of_the_path(ops: OpsDriver) -> None:
    answer = await ops.client.post("/models")

    assert (answer.status_code, answer.json()["status"], answer.json()["reason"]) == (404, 404, "ROUTE_UNKNOWN")
    assert answer.headers["allow"] == "GET"


@pytest.mark.parametrize("request_id", ["two words", "<script>", "r" * 129])
async def test_an_id_that_could_be_something_else_is_not_repeated(ops: OpsDriver, request_id: str) -> None:
    problem = await ops.problem("/nope", request_id)

    assert problem["requestId"] != request_id


async def test_a_problem_names_the_fields_to_correct(ops: OpsDriver) -> None:
    problem = await ops.problem("/models?pageSize=0")

    assert [error["pointer"] for error in problem["errors"]] == ["/pageSize"]


async def test_a_bug_is_a_500_without_any_detail(ops: OpsDriver, live: LiveState, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("a secret")

    monkeypatch.setattr(explanation, "get_user", fail)

    problem = await ops.problem("/explain/even")

    assert (problem["status"], problem["reason"]) == (500, "INTERNAL")
    assert "secret" not in problem["detail"]


async def test_the_docs_page_loads_nothing_from_elsewhere(ops: OpsDriver) -> None:
    _, page = await ops.get("/docs")
    sources = re.findall(r'(?:src|href)="([^"]+)"', page)

    assert len(sources) >= 2
    for source in sources:
        status, _ = await ops.get(source)
        assert status == httpx.codes.OK, source
