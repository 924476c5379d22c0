"""`python3 -m infra.offline NAME [ARGUMENTS]`: run the script of that name in this folder, in the form of the other commands of infra."""

import os
import sys
from pathlib import Path

SCRIPTS = ("with-engine", "stand-ins", "test-images")

if sys.argv[1:2] == [] or sys.argv[1] not in SCRIPTS:
    sys.exit(f"usage: python3 -m infra.offline {' | '.join(SCRIPTS)} [ARGUMENTS]")
script = Path(__file__).with_name(sys.argv[1])
os.execv(script, [str(script), *sys.argv[2:]])  # noqa: S606  one of the scripts above
