"""`make lock`: renews the lock files. uv writes the ones of Python and isn't in them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from infra.local.installers import npm_variables, pip_variables
from infra.local.private_folders import make_private
from infra.local.progress import Progress, Steps

if TYPE_CHECKING:
    from infra.local.settings import Settings

COMPILE = ("-m", "uv", "pip", "compile", "--quiet", "--universal", "--python-version", "3.11", "--generate-hashes", "--no-header")
#: Of each lock: its folder, what it is made of, and what else uv must know.
SOURCES = (
    ("ml_service_py", "pyproject.toml", ("--all-extras",)),
    ("infra/local", "requirements.in", ()),
    ("tests", "requirements.in", ("-c", "ml_service_py/requirements.lock")),
)


def renew_locks(settings: Settings) -> None:
    make_private(settings.run)
    steps = Steps(Progress(), settings.logs)
    steps.start("lock files", lambda: _renew(settings, steps))
    steps.wait()


def _renew(settings: Settings, steps: Steps) -> None:
    python = str(settings.python)
    variables = pip_variables(settings.python, settings.variables)
    steps.command("lock-uv", [python, "-I", "-m", "pip", "install", "--quiet", "uv"], cwd=settings.root, variables=variables)
    for folder, source, more in SOURCES:
        # A pyproject.toml may ask for less than what is locked: --upgrade renews that too.
        command = [python, *COMPILE, "--upgrade", f"{folder}/{source}", *more, "-o", f"{folder}/requirements.lock"]
        steps.command(f"lock-{folder.replace('/', '-')}", command, cwd=settings.root, variables=settings.variables)
    npm = [str(settings.venv / "bin" / "npm"), "update", "--package-lock-only"]
    variables = npm_variables(settings.machine_path, settings.variables)
    steps.command("lock-npm", npm, cwd=settings.root / "gateway_node", variables=variables)
