"""The common alternative: FastAPI with the model in the process. `uvicorn benchmarks.contenders.fastapi_app:app`.

Two variants, because each is better in some figure: `app` answers on the event loop, `threaded` in FastAPI's threads.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import FastAPI, Query
from pydantic import BaseModel

from benchmarks.contenders.in_process import Recommender

PATH = "/v1/users/{user_id}/recommendations"

Limit = Annotated[int, Query(ge=1, le=100)]

app, threaded = FastAPI(), FastAPI()
recommender = Recommender()


class ItemReference(BaseModel):
    itemId: str  # noqa: N815  the same JSON as the gateway's
    title: str


class RecommendedItem(ItemReference):
    year: int | None
    genres: list[str]
    score: float
    why: list[ItemReference]


class Recommendations(BaseModel):
    userId: str  # noqa: N815
    modelVersion: str  # noqa: N815
    source: str
    degraded: bool
    items: list[RecommendedItem]


@app.get("/readyz")
@threaded.get("/readyz")
async def readyz() -> dict[str, str]:
    return {}


@app.get(PATH)
async def recommend(user_id: str, limit: Limit = 10) -> Recommendations:
    return answer(user_id, limit)


@threaded.get(PATH)
def recommend_in_a_thread(user_id: str, limit: Limit = 10) -> Recommendations:
    return answer(user_id, limit)


def answer(user_id: str, limit: int) -> Recommendations:
    items = [
        RecommendedItem(
            itemId=found.item.item_id,
            title=found.item.title,
            year=found.item.year,
            genres=list(found.item.genres),
            score=found.score,
            why=[ItemReference(itemId=item.item_id, title=item.title) for item in found.why],
        )
        for found in recommender.recommend(user_id, limit)
    ]
    return Recommendations(userId=user_id, modelVersion=recommender.version, source="model", degraded=False, items=items)
