"""Has a Node process collect its garbage, so that what it takes is what it holds. By V8's inspector, on a port of loopback."""

from __future__ import annotations

import json

from websockets.sync.client import connect

from harness import plain_http
from infra.local.ports import LOOPBACK, free_ports

COLLECT_SECONDS = 10


class Inspector:
    """One for each process, which begins with its `variables`."""

    def __init__(self) -> None:
        (self._port,) = free_ports(1)
        self.variables = {"NODE_OPTIONS": f"--inspect={LOOPBACK}:{self._port}"}

    def collect_garbage(self) -> None:
        (target,) = plain_http.get(f"http://{LOOPBACK}:{self._port}/json/list", timeout=COLLECT_SECONDS).raise_for_status().json()
        with connect(target["webSocketDebuggerUrl"], proxy=None) as socket:
            socket.send(json.dumps({"id": 1, "method": "HeapProfiler.collectGarbage"}))
            while json.loads(socket.recv(timeout=COLLECT_SECONDS)).get("id") != 1:
                pass
