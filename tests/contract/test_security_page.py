"""Every row of the security page's tables links a test that exists."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

LINK = re.compile(r"\[`([^`]+)`\]\(([^)]+)\)")


@pytest.fixture
def page(root: Path) -> Path:
    return root / "docs" / "reference" / "security.md"


def has_test(source: str, name: str) -> bool:
    """Say whether the file has a test of this name. In TypeScript, names are sentences, and some are templates."""
    if name.startswith("test_"):
        return f"def {name}(" in source
    tests = re.findall(r"^ *test\((['\"`])(.*?)\1,", source, re.MULTILINE)
    return any(re.fullmatch(re.sub(r"\\\$\\\{.*?\\\}", ".+", re.escape(text)), name) for _, text in tests)


def test_every_row_links_a_test(page: Path) -> None:
    tables = re.findall(r"^\|.*\|\n\|(?: --- \|)+\n((?:\|.*\|\n)+)", page.read_text("utf-8"), re.MULTILINE)
    rows = [row for table in tables for row in table.splitlines()]

    assert len(rows) > 30
    assert [row for row in rows if not LINK.search(row)] == []


def test_every_linked_test_exists(page: Path) -> None:
    links = LINK.findall(page.read_text("utf-8"))

    missing = [f"{name} in {path}" for name, path in links if not has_test((page.parent / path).read_text("utf-8"), name)]

    assert missing == []


def test_the_risks_are_those_of_owasp(page: Path) -> None:
    numbers = re.findall(r"^\| API(\d+) ", page.read_text("utf-8"), re.MULTILINE)

    assert numbers == [str(number) for number in range(1, 11)]
