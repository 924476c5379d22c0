"""The Makefile's commands in a folder of any name, which a shell would take apart."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

#: What runs in the checkout's environment, and in a folder of it.
SHOW = "show:\n\t@cd gateway_node && $(INSTALLED) env"


@pytest.fixture
def checkout(tmp_path: Path, root: Path) -> Path:
    folder = tmp_path / "José's 100% (2) #x \"`$HOME ;b"
    (folder / "gateway_node").mkdir(parents=True)
    (folder / "Makefile").write_text((root / "Makefile").read_text("utf-8"), "utf-8")
    (folder / ".venv" / "bin").mkdir(parents=True)
    python = folder / ".venv" / "bin" / "python"
    python.write_text('#!/bin/sh\nprintf "%s\\n" "$0" "$@"\n', "utf-8")
    python.chmod(0o755)
    return folder


def run_make(folder: Path, *arguments: str) -> list[str]:
    outer = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    return subprocess.run(["make", *arguments], cwd=folder, env=outer, capture_output=True, text=True, check=True).stdout.splitlines()


def test_tools_come_from_the_checkout_and_keep_their_caches_in_it(checkout: Path) -> None:
    printed = run_make(checkout, f"--eval={SHOW}", "show")

    found = dict(line.split("=", 1) for line in printed if "=" in line)
    assert found["PATH"].startswith(f"{checkout}/.venv/bin:{checkout}/gateway_node/node_modules/.bin:")
    caches = ("XDG_CACHE_HOME", "npm_config_cache", "NODE_COMPILE_CACHE")
    assert [Path(found[name]).is_relative_to(checkout / ".run") for name in caches] == [True] * len(caches)


def test_the_watcher_is_the_checkouts_own_python(checkout: Path) -> None:
    printed = run_make(checkout, "watch", "TOPICS=jobs")

    assert printed == [".venv/bin/python", "-m", "infra.local.watch", os.environ.get("GATEWAY_PORT", "3000"), "jobs"]


def test_the_help_names_each_command_that_says_what_it_does(checkout: Path) -> None:
    described = re.findall(r"^(\S+):.* ## (.*)$", (checkout / "Makefile").read_text("utf-8"), re.MULTILINE)

    printed = run_make(checkout, "help")

    assert [line.split(maxsplit=2)[1:] for line in printed if line.startswith("  make ")] == [[name, says] for name, says in described]
