"""Make a Node process collect its garbage, so that its memory is what it still uses. Uses V8's inspector on a loopback port."""

from __future__ import annotations

import json

from websockets.sync.client import connect

from harness import plain_http
from harness.ports import LOOPBACK, free_ports

COLLECT_SECONDS = 10


class Inspector:
    """The inspector of one process, which must be started with `variables` in its environment."""

    def __init__(self) -> None:
        (self._port,) = free_ports(1)
        self.variables = {"NODE_OPTIONS": f"--inspect={LOOPBACK}:{self._port}"}

    def collect_garbage(self) -> None:
        (target,) = plain_http.get(f"http://{LOOPBACK}:{self._port}/json/list", timeout=COLLECT_SECONDS).raise_for_status().json()
        with connect(target["webSocketDebuggerUrl"], proxy=None) as socket:
            socket.send(json.dumps({"id": 1, "method": "HeapProfiler.collectGarbage"}))
            while json.loads(socket.recv(timeout=COLLECT_SECONDS)).get("id") != 1:
                pass
