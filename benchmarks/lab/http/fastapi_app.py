"""The service in FastAPI: `uvicorn benchmarks.lab.http.fastapi_app:app --workers PROCESSES`."""

import asyncio

from fastapi import FastAPI
from pydantic import BaseModel

app = FastAPI()


class Item(BaseModel):
    id: int
    name: str
    price: float


@app.get("/items/{item_id}")
async def get_item(item_id: int, waitMs: int = 0) -> Item:
    if waitMs > 0:
        await asyncio.sleep(waitMs / 1000)
    return Item(id=item_id, name=f"Item {item_id}", price=9.5)


@app.get("/readyz")
async def readyz() -> dict[str, str]:
    return {}
