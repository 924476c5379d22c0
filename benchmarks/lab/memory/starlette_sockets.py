"""HTTP and WebSockets in Starlette: `uvicorn benchmarks.lab.memory.starlette_sockets:app`."""

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket


async def answer(_request: Request) -> JSONResponse:
    return JSONResponse({})


async def hold(socket: WebSocket) -> None:
    await socket.accept()
    await socket.receive()


app = Starlette(routes=[Route("/readyz", answer), WebSocketRoute("/socket", hold)])
