"""The recommender's HTTP for operators and data scientists. It calls the same handlers as the gRPC servicers."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime  # FastAPI reads the annotations
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import Path, Query
from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

from ml_service.domain import PAGE_SIZE_MAX
from ml_service.entrypoints.ops.server import build_probes_api
from ml_service.handlers.explanation import explain

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fastapi import FastAPI

    from ml_service.entrypoints.ops.metrics import Metrics
    from ml_service.entrypoints.process.runtime import Readiness
    from ml_service.handlers.explanation import ExplainedItem
    from ml_service.handlers.live_state import LiveState
    from ml_service.handlers.models import Models
    from ml_service.ports.messaging import LogReader


TOKEN_LENGTH_MAX = 1000


class View(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)


class ModelView(View):
    version: str
    estimator: str
    params: dict[str, Any]
    metrics: dict[str, float]
    created_at: datetime
    live: bool
    stale: bool
    unknown_items: int | None


class ModelPage(View):
    models: list[ModelView]
    next_page_token: str | None


class ContributionView(View):
    item_id: str
    title: str
    rating: float | None
    contribution: float


class ExplainedItemView(View):
    item_id: str
    title: str
    score: float
    contributions: list[ContributionView]


class ExplanationView(View):
    user_id: str
    model_version: str
    items: list[ExplainedItemView]


def build_ops_api(live: LiveState, models: Models, metrics: Metrics, readiness: Readiness, readers: Mapping[str, LogReader]) -> FastAPI:
    app = build_probes_api("Why Not Both: recommender operations", readiness, metrics.render, readers)

    @app.get("/models", tags=["models"])
    async def list_models(
        page_size: Annotated[int, Query(alias="pageSize", ge=1, le=PAGE_SIZE_MAX)] = 20,
        page_token: Annotated[str, Query(alias="pageToken", max_length=TOKEN_LENGTH_MAX)] = "",
    ) -> ModelPage:
        """List the versions, newest first."""
        page = await models.list(page_size, page_token)
        return ModelPage(models=[ModelView(**asdict(version)) for version in page.rows], next_page_token=page.next_page_token or None)

    @app.get("/models/{version}", tags=["models"])
    async def read_manifest(version: str) -> dict[str, Any]:
        """Return a version's manifest from the registry."""
        return await models.read_manifest(version)

    @app.get("/explain/{userId:path}", tags=["explanations"])
    async def explain_user(
        user_id: Annotated[str, Path(alias="userId")], item_id: Annotated[str | None, Query(alias="itemId")] = None
    ) -> ExplanationView:
        """Explain one item, or the user's recommended items, by the items of the user's history."""
        version, explained = explain(live, user_id, item_id)
        return ExplanationView(user_id=user_id, model_version=version, items=[_explained(item) for item in explained])

    return app


def _explained(explained: ExplainedItem) -> ExplainedItemView:
    contributions = [
        ContributionView(item_id=row.item.item_id, title=row.item.title, rating=row.rating, contribution=row.contribution)
        for row in explained.contributions
    ]
    item = explained.item
    return ExplainedItemView(item_id=item.item_id, title=item.title, score=explained.score, contributions=contributions)
