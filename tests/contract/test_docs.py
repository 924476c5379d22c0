"""The pages link and name only things that exist."""

from __future__ import annotations

import re
import subprocess
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

PYTHON_BLOCK = re.compile(r"```python\n(.+?)```", re.DOTALL)
LINKED_TEST = re.compile(r"\[`(test_\w+)`\]\(")


def tracked(root: Path, *patterns: str) -> list[Path]:
    """Return the files of the repository, with those that aren't committed yet."""
    listing = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", *patterns], cwd=root, capture_output=True, text=True, check=True
    )
    return [root / name for name in listing.stdout.split() if (root / name).is_file()]


def test_every_relative_link_leads_somewhere(root: Path) -> None:
    broken = [
        f"{page.relative_to(root)}: {target}"
        for page in tracked(root, "*.md")
        for target in re.findall(r"\]\((?!https?:|#)([^)#]+)", page.read_text("utf-8"))
        if not (page.parent / target).exists()
    ]

    assert broken == []


def test_every_path_that_an_adr_names_as_proof_exists(root: Path) -> None:
    missing = [
        f"{page.name}: {path}"
        for page in tracked(root, "docs/adr/*.md")
        for path in re.findall(r"`((?:gateway_node|ml_service_py|tests)/[^`:]+)", page.read_text("utf-8").partition("## Confirmed by")[2])
        if not (root / path).exists()
    ]

    assert missing == []


def test_every_test_that_a_page_links_exists(root: Path) -> None:
    missing = [
        f"{page.name}: {name}"
        for page in tracked(root, "docs/**/*.md")
        for name, path in re.findall(r"\[`(test_\w+)`\]\(([^)#]+\.py)\)", page.read_text("utf-8"))
        if f"def {name}(" not in (page.parent / path).read_text("utf-8")
    ]

    assert missing == []


def rows(page: Path) -> list[list[str]]:
    """Return the cells of a page's tables, without the heads."""
    lines = page.read_text("utf-8").splitlines()
    heads = {number for number, line in enumerate(lines[1:]) if re.match(r"\| ?---", line)}
    table = [line for number, line in enumerate(lines) if line.startswith("|") and not {number, number - 1} & heads]
    return [line.strip("| ").split(" | ") for line in table]


def test_every_promise_links_its_test(root: Path) -> None:
    promises = rows(root / "docs" / "explanation" / "delivery-guarantees.md")

    assert len(promises) >= 20
    assert [promise for promise, *proof in promises if not LINKED_TEST.search(" ".join(proof))] == []


def test_each_part_that_may_fail_has_a_test_named_after_it(root: Path) -> None:
    parts = [(part, LINKED_TEST.findall(proof)) for part, *_, proof in rows(root / "docs" / "explanation" / "architecture.md")[-6:]]

    named = {part: f"test_{part.removesuffix(' any').replace(' ', '_').lower()}" for part, _ in parts}
    assert list(named) == ["recommender", "broker", "worker", "SQL store", "one of N replicas", "SIGTERM to any"]
    assert [part for part, tests in parts if not any(test.startswith(named[part]) for test in tests)] == []


def test_the_page_on_containers_shows_code_that_is_tested(root: Path) -> None:
    blocks = PYTHON_BLOCK.findall((root / "docs" / "how-to" / "test-with-containers.md").read_text("utf-8"))
    code = (root / "tests" / "integration" / "test_with_containers.py").read_text("utf-8")

    assert blocks
    assert [block for block in blocks if block not in code] == []


def test_the_readme_fits_on_a_few_screens(root: Path) -> None:
    assert len((root / "README.md").read_text("utf-8").splitlines()) <= 150


def test_every_make_target_that_a_page_names_exists(root: Path) -> None:
    targets = set(re.findall(r"^([a-z][a-z0-9-]*):", (root / "Makefile").read_text("utf-8"), re.MULTILINE))
    named = {
        name
        for page in tracked(root, "*.md")
        for name in re.findall(r"(?:`|^|&& )make ([a-z][a-z0-9-]*)", page.read_text("utf-8"), re.MULTILINE)
    }

    assert named - targets == set()


def test_pages_run_the_service_with_the_checkouts_python(root: Path) -> None:
    bare = [
        f"{page.relative_to(root)}: {command}"
        for page in tracked(root, "README.md", "docs/how-to/*.md", "docs/reference/*.md", "docs/tutorials/*.md")
        # Code shows commands that run in a container, which has one Python.
        for command in re.findall(r"(?<![/\w])python3? -m ml_service[^`\n]*", PYTHON_BLOCK.sub("", page.read_text("utf-8")))
    ]

    assert bare == []
