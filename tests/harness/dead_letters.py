"""Drives dead letters as an operator does: by the command line, and through the gateway."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

from harness.stack import Data

if TYPE_CHECKING:
    from pathlib import Path

    from harness.gateway import GatewayDriver, Json
    from ml_service.adapters.broker.connection import BrokerAddress


class DeadLetterCommands:
    """`python -m ml_service dead-letters` on the store in a folder."""

    def __init__(self, folder: Path, address: BrokerAddress) -> None:
        broker = {"AMQP_URL": address.url, "BROKER_DEFINITIONS": str(address.definitions)}
        self._environment = {**os.environ, **Data(folder).environment, **broker, "LOG_LEVEL": "error"}

    def list(self) -> list[str]:
        """Return one line for each dead letter, oldest first."""
        return self._run("list").splitlines()

    def show(self, letter_id: str) -> str:
        return self._run("show", letter_id)

    def replay(self, letter_id: str) -> str:
        return self._run("replay", letter_id)

    def drop(self, letter_id: str) -> str:
        return self._run("drop", letter_id)

    def refusal(self, *arguments: str) -> str:
        """Run a command that must end with 1. Return its error message."""
        ended = self._end(*arguments)
        assert ended.returncode == 1, ended.stdout
        return ended.stderr

    def _run(self, *arguments: str) -> str:
        ended = self._end(*arguments)
        assert ended.returncode == 0, ended.stderr
        return ended.stdout

    def _end(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "ml_service", "dead-letters", *arguments]
        return subprocess.run(command, env=self._environment, capture_output=True, text=True, check=False)


class DeadLetterRoutes:
    """The route `/v1/dead-letters` of a gateway."""

    def __init__(self, gateway: GatewayDriver) -> None:
        self._gateway = gateway

    def of_job(self, job_id: str) -> Json | None:
        return next((letter for letter in self.list() if letter["jobId"] == job_id), None)

    def list(self) -> list[Json]:
        return list(self._gateway.get("/v1/dead-letters", pageSize=100)["deadLetters"])

    def get(self, letter_id: str) -> Json:
        return self._gateway.get(f"/v1/dead-letters/{letter_id}")

    def replay(self, letter_id: str) -> Json:
        return self._change("POST", f"/v1/dead-letters/{letter_id}/replay")

    def drop(self, letter_id: str) -> Json:
        return self._change("DELETE", f"/v1/dead-letters/{letter_id}")

    def refusal(self, letter_id: str) -> Json:
        """Replay a dead letter that the gateway refuses to replay. Return the problem."""
        return self._gateway.problem("POST", f"/v1/dead-letters/{letter_id}/replay")

    def _change(self, method: str, path: str) -> Json:
        return dict(self._gateway.http.request(method, path).raise_for_status().json())
