"""`make lock`: renew the lock files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from infra.local.folders import make_private
from infra.local.install import run_npm, run_uv
from infra.local.progress import Progress, Steps

if TYPE_CHECKING:
    from infra.local.settings import Settings

COMPILE = ("--quiet", "--universal", "--python-version=3.11", "--generate-hashes", "--no-header", "--upgrade")
#: Of each lock: its folder, what it is made of, and what else uv must know.
SOURCES = (
    ("infra/local/uv", "requirements.in", ()),
    ("infra/local", "requirements.in", ()),
    ("ml_service_py", "pyproject.toml", ("--all-extras",)),
    ("tests", "requirements.in", ("--constraints=ml_service_py/requirements.lock",)),
)


def renew_locks(settings: Settings) -> None:
    make_private(settings.run)
    steps = Steps(Progress(), settings.logs)
    steps.start("lock files", lambda: _renew(settings, steps))
    steps.wait()


def _renew(settings: Settings, steps: Steps) -> None:
    for folder, source, more in SOURCES:
        run_uv(settings, steps, "compile", *COMPILE, *more, f"{folder}/{source}", f"--output-file={folder}/requirements.lock")
    run_npm(settings, steps, "update", "--package-lock-only")
