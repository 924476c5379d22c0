"""A cheap route and a heavy one in FastAPI: `python -m benchmarks.lab.offload.fastapi_server PORT loop|thread|process`."""

import asyncio
import sys
from collections.abc import AsyncIterator
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import asynccontextmanager

import uvicorn
from fastapi import FastAPI

from benchmarks.lab.offload.model import compute

port, mode = sys.argv[1:] if __name__ == "__main__" else ("0", "loop")
pools: dict[str, type[Executor]] = {"thread": ThreadPoolExecutor, "process": ProcessPoolExecutor}
pool = None if mode == "loop" else pools[mode]()


@asynccontextmanager
async def close_pool(_app: FastAPI) -> AsyncIterator[None]:
    """End the pool's processes with the server: uvicorn leaves by a signal, so Python's own clean-up doesn't run."""
    yield
    if pool is not None:
        pool.shutdown()


app = FastAPI(lifespan=close_pool)


@app.get("/cheap")
@app.get("/readyz")
async def readyz() -> dict[str, str]:
    return {}


@app.get("/model")
async def model(ms: float, bytes: int) -> dict[str, str]:  # noqa: A002  the query's name
    if pool is None:
        return {"answer": compute(ms, bytes)}
    return {"answer": await asyncio.get_running_loop().run_in_executor(pool, compute, ms, bytes)}


if __name__ == "__main__":
    uvicorn.run(app, port=int(port), access_log=False, log_level="warning")
