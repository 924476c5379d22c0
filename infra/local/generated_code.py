"""Checks that what is committed as generated is what the contracts generate now. Generates beside the checkout, not in it."""

from __future__ import annotations

import filecmp
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from infra.local.settings import ROOT

GENERATED = (Path("ml_service_py/src/whynotboth"), Path("gateway_node/src/gen"), Path("docs/reference/errors.md"))


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        copy = Path(name)
        shutil.copytree(ROOT / "protos", copy / "protos")
        for path in GENERATED:
            (copy / path).parent.mkdir(parents=True)
        (copy / "gateway_node" / "node_modules").symlink_to(ROOT / "gateway_node" / "node_modules")
        subprocess.run([sys.executable, str(copy / "protos" / "generate.py")], check=True)
        stale = sorted(str(file) for file in _files(copy) | _files(ROOT) if not _is_same(ROOT / file, copy / file))
    if stale:
        sys.exit("Not what the contracts generate, run `make proto`: " + ", ".join(stale))


def _files(root: Path) -> set[Path]:
    found = (file for path in GENERATED for file in (root / path, *(root / path).rglob("*")))
    return {file.relative_to(root) for file in found if file.is_file() and file.suffix != ".pyc"}


def _is_same(first: Path, second: Path) -> bool:
    return first.is_file() and second.is_file() and filecmp.cmp(first, second, shallow=False)


if __name__ == "__main__":
    main()
