"""The reason why the stack didn't come up, as one sentence: from the output of compose and the containers' ends."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from infra.images.compose import Compose

LOG_LINES = 15
NO_SPACE = re.compile(r"no space left on device")
PORT_TAKEN = re.compile(r"port is already allocated|address already in use|all ports are allocated")
NO_IMAGE = re.compile(r"pull access denied|failed to resolve|failed to do request|no such host|manifest unknown|from daemon: Get ")
RABBITMQ_PORT = "set RABBITMQ_MANAGEMENT_PORT to a free one, such as 15673"
GATEWAY_PORT = "set GATEWAY_PORTS to free ones, such as 3100-3109"


def explain(compose: Compose, output: str) -> str:
    """Look at the containers, so call it before they are removed."""
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
