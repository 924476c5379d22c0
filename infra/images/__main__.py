"""Commands around containers: `python3 -m infra.images COMMAND`. The Makefile and .ci/run call them."""

import sys

from infra.images.commands import COMMANDS
from infra.images.settings import read_settings
from infra.local.errors import LocalError
from infra.local.progress import Progress
from infra.local.stopping import StopAsked, StopSignals


def main() -> None:
    name, *arguments = sys.argv[1:] or [""]
    command = COMMANDS.get(name)
    if not command:
        rows = "\n".join(f"  {known:<13} {command.help}" for known, command in COMMANDS.items())
        sys.exit(f"usage: python3 -m infra.images COMMAND [ARGUMENTS]\n{rows}")
    StopSignals().listen()
    try:
        sys.exit(command.run(read_settings(), Progress(), arguments))
    except LocalError as error:
        sys.exit(f"\n{error}")
    except StopAsked:
        sys.exit(130)


main()
