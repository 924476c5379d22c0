"""The service in Starlette: `uvicorn benchmarks.lab.http.starlette_app:app --workers PROCESSES`."""

import asyncio

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route


async def get_item(request: Request) -> JSONResponse:
    item_id, wait_ms = request.path_params["item_id"], int(request.query_params.get("waitMs", 0))
    if wait_ms > 0:
        await asyncio.sleep(wait_ms / 1000)
    return JSONResponse({"id": item_id, "name": f"Item {item_id}", "price": 9.5})


async def readyz(_request: Request) -> JSONResponse:
    return JSONResponse({})


app = Starlette(routes=[Route("/items/{item_id:int}", get_item), Route("/readyz", readyz)])
