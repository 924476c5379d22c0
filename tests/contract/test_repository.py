"""Rules for all files of the repository."""

from __future__ import annotations

import re
import subprocess
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

#: Assembled, so that this file doesn't name them itself.
DOWNLOAD_HOSTS = re.compile(
    "|".join(("py" + r"pi\.org", "python" + r"hosted\.org", "registry\\." + r"npmjs\.org", "deb\\." + r"debian\.org"))
)


#: They run what users run, so a change of the local stack can't break them. `infra/certs` is a tool for users.
SYSTEM_TESTS = ("tests/harness/", "tests/e2e/", "tests/resilience/", "tests/recipes/", "tests/fuzz/")
LOCAL_STACK = re.compile(r"^\s*(?:from|import) infra\.(?:local|images|offline)", re.MULTILINE)


@pytest.fixture(scope="module")
def texts(root: Path) -> dict[str, str]:
    listing = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], cwd=root, capture_output=True, text=True, check=True)
    files = [root / name for name in listing.stdout.split()]
    return {str(file.relative_to(root)): file.read_text("utf-8", errors="replace") for file in files if file.is_file()}


def test_no_file_names_a_download_host(texts: dict[str, str]) -> None:
    assert [name for name, text in texts.items() if DOWNLOAD_HOSTS.search(text)] == []


def test_every_locked_python_package_has_a_hash(texts: dict[str, str]) -> None:
    locks = {name: text for name, text in texts.items() if name.endswith("requirements.lock")}

    assert len(locks) == 4
    for name, text in locks.items():
        packages = re.findall(r"^[a-z0-9].*==.*(?:\\\n    --hash=sha256:[0-9a-f]{64}.*)", text, re.MULTILINE)
        assert len(packages) == len(re.findall(r"^[a-z0-9].*==", text, re.MULTILINE)), name


def test_every_locked_node_package_has_a_hash_and_no_address(texts: dict[str, str]) -> None:
    lock = texts["gateway_node/package-lock.json"]

    assert '"resolved"' not in lock
    assert lock.count('"integrity"') >= lock.count('"node_modules/') > 100


def test_the_system_tests_import_nothing_of_the_local_stack(texts: dict[str, str]) -> None:
    assert [name for name, text in texts.items() if name.startswith(SYSTEM_TESTS) and LOCAL_STACK.search(text)] == []
