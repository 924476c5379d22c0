"""Recipes of docs/how-to, carried out in a copy of the checkout exactly as their code blocks say.

A block follows a sentence that names its file, in backticks.

- A `diff` block changes that file. Its context must occur exactly once, and `@@` separates two places.
- A `sh` block is run.
- Any other block is the whole text of a new file.

Blocks below "Use it" run against the changed stack.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from harness.documented import Shell

BLOCK = re.compile(r"(?P<before>(?:(?!\n\n)[^`]|`[^`\n]+`)*)\n\n```(?P<language>\w+)\n(?P<text>.*?)\n```", re.DOTALL)
USE = "\n## Use it\n"
#: Installed packages. Copies share them by links, because no recipe changes them.
SHARED = (".venv", "gateway_node/node_modules")
#: `make` in the copy installs nothing, because that would change the packages that copies share.
INSTALLED_ALREADY = 'make() { command make --assume-old=install "$@"; }'
#: Each copy gets its own.
CACHES = ("ml_service_py/.mypy_cache",)
#: The checks of `make lint` on the two services, each with its folder.
CHECKS = (
    (".", ["ruff", "check", "."]),
    (".", ["ruff", "format", "--check", "."]),
    ("ml_service_py", [sys.executable, "-m", "mypy"]),
    ("ml_service_py", ["lint-imports"]),
    ("gateway_node", ["node_modules/.bin/biome", "check", "."]),
    ("gateway_node", ["node_modules/.bin/tsc", "--noEmit"]),
)


@dataclass(frozen=True)
class Block:
    language: str
    text: str
    #: The file that the sentence before names last; empty if it names none.
    path: str


def read_blocks(page: Path) -> list[Block]:
    """Return the blocks that change the checkout: all above "Use it"."""
    change = page.read_text("utf-8").partition(USE)[0]
    blocks = [Block(found["language"], found["text"], last_path(found["before"])) for found in BLOCK.finditer(change)]
    assert 2 * len(blocks) == change.count("```"), f"{page.name}: a code block needs a language, and an empty line before it"
    return blocks


def last_path(sentence: str) -> str:
    paths = re.findall(r"`(\.[\w.]+|[\w.-]+/[\w./-]+)`", sentence)
    return paths[-1] if paths else ""


def copy_checkout(root: Path, copy: Path) -> None:
    """Copy the files that git knows or would add; link what is installed."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"], cwd=root, capture_output=True, text=True, check=True
    )
    for name in filter(None, listed.stdout.split("\0")):
        if (root / name).is_file():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(root / name, copy / name)
    for name in SHARED:
        (copy / name).symlink_to(root / name)
    for name in CACHES:
        if (root / name).is_dir():
            shutil.copytree(root / name, copy / name)


def carry_out(blocks: list[Block], copy: Path, shell: Shell) -> None:
    for block in blocks:
        if block.language == "sh":
            shell.run(f"{INSTALLED_ALREADY}\n{block.text}")
        elif block.language == "diff":
            (copy / block.path).write_text(patched((copy / block.path).read_text("utf-8"), block), "utf-8")
        else:
            assert not (copy / block.path).exists(), f"{block.path} exists already"
            (copy / block.path).parent.mkdir(parents=True, exist_ok=True)
            (copy / block.path).write_text(f"{block.text}\n", "utf-8")


def patched(text: str, block: Block) -> str:
    for hunk in re.split(r"^@@\n", f"{block.text}\n", flags=re.MULTILINE):
        lines = hunk.splitlines(keepends=True)
        old = "".join(line[1:] for line in lines if not line.startswith("+"))
        new = "".join(line[1:] for line in lines if not line.startswith("-"))
        # Whole lines only: the context must not match in the middle of one.
        parts = re.split(rf"(?m)^{re.escape(old)}", text)
        assert len(parts) == 2, f"{block.path} has these lines {len(parts) - 1} times, and not once:\n{old}"
        text = new.join(parts)
    return text


def check(copy: Path) -> None:
    # lint-imports reads the package that Python would import. By default this is the one of the checkout with the linked .venv.
    environment = {**os.environ, "PYTHONPATH": str(copy / "ml_service_py" / "src")}
    for folder, command in CHECKS:
        ended = subprocess.run(command, cwd=copy / folder, env=environment, capture_output=True, text=True, check=False)
        assert ended.returncode == 0, f"{' '.join(command)} in {folder}:\n{ended.stdout[-4000:]}{ended.stderr[-2000:]}"
