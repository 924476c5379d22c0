"""`make crash PART=worker`: ends a program of this checkout's running stack at once, as a crash would. Other checkouts keep theirs."""

from __future__ import annotations

import os
import signal
import sys
from typing import TYPE_CHECKING

from infra.local.errors import LocalError
from infra.local.settings import read_settings
from infra.local.supervisor import describe_programs, socket_path

if TYPE_CHECKING:
    from infra.local.settings import Settings


def crash(settings: Settings, name: str) -> int:
    """Kill the program of that name with all its processes, and return its process id. Its supervisor starts it again."""
    running = {str(program["name"]): int(program["pid"]) for program in describe_programs(socket_path(settings)) if program["pid"]}
    if not running:
        raise LocalError(f"No stack runs in {settings.root}: start it with `make demo`.")
    if name not in running:
        raise LocalError(f"No part named {name!r} runs here: set PART to one of {', '.join(sorted(running))}.")
    os.killpg(running[name], signal.SIGKILL)
    return running[name]


if __name__ == "__main__":
    try:
        pid = crash(read_settings(), " ".join(sys.argv[1:]))
    except LocalError as error:
        sys.exit(str(error))
    sys.stdout.write(f"{' '.join(sys.argv[1:])} (process {pid}) was killed. It is started again.\n")
