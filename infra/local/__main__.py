"""Commands of the local stack: `python3 -m infra.local COMMAND`. The Makefile calls them."""

import sys
from collections.abc import Callable

if not (3, 11) <= sys.version_info[:2] <= (3, 13):
    sys.exit(
        "Python 3.11 to 3.13 is needed, and this is {}.{}: install one (Debian: `apt-get install python3`) and name it, "
        "as in `make demo PYTHON=python3.12`.".format(*sys.version_info[:2])
    )

from infra.local.cleaning import clean, reset
from infra.local.demo import run_demo
from infra.local.errors import LocalError
from infra.local.install import install_with_tools, renew_locks
from infra.local.settings import read_settings
from infra.local.stack import crash
from infra.local.stopping import StopAsked

COMMANDS: dict[str, Callable[..., None]] = {
    "demo": lambda settings: run_demo(settings, is_reloading=False),
    "dev": lambda settings: run_demo(settings, is_reloading=True),
    "install": install_with_tools,
    "lock": renew_locks,
    "reset": reset,
    "clean": clean,
    "crash": crash,
}


def main() -> None:
    name, *arguments = sys.argv[1:] or [""]
    if name not in COMMANDS or len(arguments) != (name == "crash"):
        sys.exit(f"usage: python3 -m infra.local {' | '.join(COMMANDS)} PART")
    try:
        COMMANDS[name](read_settings(), *arguments)
    except LocalError as error:
        sys.exit(f"\n{error}")
    except (StopAsked, KeyboardInterrupt):
        sys.exit(130)


main()
