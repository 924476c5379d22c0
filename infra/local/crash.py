"""`make crash PART=worker`: kill a program of this checkout's running stack, as a crash would. Other checkouts keep theirs."""

from __future__ import annotations

import json
import os
import signal
import sys

from infra.local.errors import LocalError
from infra.local.folders import is_owned
from infra.local.settings import Settings, read_settings


def crash(settings: Settings, name: str) -> int:
    """Kill the program of that name with all its processes, and return its process id. The demo starts it again."""
    if not is_owned(settings) or not settings.program_pids.exists():
        raise LocalError(f"No stack runs in {settings.root}: start it with `make demo`.")
    running: dict[str, int] = json.loads(settings.program_pids.read_text("utf-8"))
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
