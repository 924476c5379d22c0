"""docker compose on this repository's file, with the stand-ins that were built and the person's own variables, and why it failed."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

from infra.images.docker import ask

ROOT = Path(__file__).resolve().parents[2]
#: The file of variables for compose that names the stand-ins that were built.
IMAGE_NAMES = ROOT / ".run" / "images.env"
ONE_GATEWAY = Path(__file__).with_name("one-gateway.env")
LOG_LINES = 15
NO_SPACE = re.compile(r"no space left on device")
PORT_TAKEN = re.compile(r"port is already allocated|address already in use|all ports are allocated")
NO_IMAGE = re.compile(r"pull access denied|failed to resolve|failed to do request|no such host|manifest unknown|from daemon: Get ")
RABBITMQ_PORT = "set RABBITMQ_MANAGEMENT_PORT to a free one, such as 15673"
GATEWAY_PORT = "set GATEWAY_PORTS to free ones, such as 3100-3109"


class Compose:
    def __init__(self, *, has_one_gateway: bool = True) -> None:
        # A later file overrules an earlier one, and the environment overrules all.
        files = [ONE_GATEWAY] if has_one_gateway else []
        files += [file for file in (IMAGE_NAMES, ROOT / ".env") if file.exists()]
        self._command = ["compose", f"--project-directory={ROOT}", *(f"--env-file={file}" for file in files)]

    def run(self, *arguments: str) -> tuple[int, str]:
        """Run a command whose output the person sees. Return its exit code, and what it wrote to standard error."""
        command = ["docker", *self._command, *arguments]
        lines = []
        with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
            for line in process.stderr or ():
                sys.stderr.write(line)
                lines.append(line)
        return process.returncode, "".join(lines)

    def ask(self, *arguments: str, seconds: float = 60) -> str | None:
        return ask(*self._command, *arguments, seconds=seconds)

    def containers(self) -> list[dict[str, Any]]:
        """Return compose's description of each container, of ended ones too. Compose prints a JSON object a line."""
        return [json.loads(line) for line in (self.ask("ps", "--all", "--format", "json") or "").splitlines()]

    def log(self, service: str, lines: int) -> str:
        """Return the end of the log of the service's containers."""
        return self.ask("logs", "--no-color", "--no-log-prefix", f"--tail={lines}", service) or ""


def explain(compose: Compose, output: str) -> str:
    """Return one sentence about the failure. It looks at the containers, so call it before they are removed."""
    last = output.strip().rpartition("\n")[2] or "compose wrote nothing"
    if NO_SPACE.search(output):
        return f"The engine has no room left: make some, as with `docker system prune`. ({last})"
    if PORT_TAKEN.search(output):
        return f"A port is taken: {RABBITMQ_PORT if 'rabbitmq' in last else GATEWAY_PORT}. ({last})"
    if NO_IMAGE.search(output):
        return f"An image can't be fetched: where there is no registry, run `make images-offline` first. ({last})"
    failed = next((container for container in compose.containers() if _has_failed(container)), None)
    if not failed:
        return f"The stack didn't come up: {last}"
    log = compose.log(failed["Service"], LOG_LINES)
    how = "never became healthy" if failed["State"] == "running" else f"ended with {failed['ExitCode']}"
    return f"{failed['Service']} {how}. The end of its log:\n{log}"


def _has_failed(container: dict[str, Any]) -> bool:
    has_ended = container["State"] == "restarting" or (container["State"] == "exited" and container["ExitCode"] != 0)
    return has_ended or container["Health"] in {"unhealthy", "starting"}
