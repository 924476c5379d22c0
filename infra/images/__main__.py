"""Commands for the stack in containers: `python3 -m infra.images check | build | up | down`."""

import sys

from infra.images.stack import build, check, down, up
from infra.local.errors import LocalError
from infra.local.progress import Progress
from infra.local.stopping import StopAsked, StopSignals

COMMANDS = {"check": check, "build": build, "up": up, "down": down}


def main() -> None:
    name, *arguments = sys.argv[1:] or [""]
    if name not in COMMANDS:
        sys.exit(f"usage: python3 -m infra.images {' | '.join(COMMANDS)} [ARGUMENTS OF docker compose]")
    StopSignals().listen()
    try:
        sys.exit(COMMANDS[name](Progress(), arguments))
    except LocalError as error:
        sys.exit(f"\n{error}")
    except StopAsked:
        sys.exit(130)


main()
