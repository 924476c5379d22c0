"""The model behind gRPC: `python -m benchmarks.lab.offload.grpc_server PORT`. A request has a line `MILLISECONDS BYTES` for each answer."""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor

import grpc

from benchmarks.lab.offload.model import answer


def score(request: bytes, _context: grpc.ServicerContext) -> bytes:
    return "\n".join(answer(line) for line in request.decode().split("\n")).encode()


if __name__ == "__main__":
    server = grpc.server(ThreadPoolExecutor(max_workers=2))
    handler: grpc.RpcMethodHandler[bytes, bytes] = grpc.unary_unary_rpc_method_handler(score)
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("lab.Model", {"Score": handler}),))
    server.add_insecure_port(f"127.0.0.1:{sys.argv[1]}")
    server.start()
    server.wait_for_termination()
