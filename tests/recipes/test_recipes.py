"""Each recipe of docs/how-to works as written: the changed checkout passes the checks, its stack starts, and the new part answers."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest

from harness.documented import Page, Shell, Step, shape
from harness.recipes import carry_out, check, copy_checkout, read_blocks
from harness.stack import Stack

if TYPE_CHECKING:
    from pathlib import Path

    from harness.stack import Data

RECIPES = [
    "add-a-job-kind",
    "add-a-route",
    "add-a-setting",
    "add-a-socket-topic",
    "remove-sign-in",
    "remove-sockets",
    "remove-the-page",
    "replace-the-model",
]


@pytest.mark.parametrize("recipe", RECIPES)
def test_a_recipe_works_as_written(recipe: str, root: Path, trained: Data, broker_url: str, tmp_path: Path) -> None:
    page = root / "docs" / "how-to" / f"{recipe}.md"
    copy = tmp_path / "copy"
    copy_checkout(root, copy)

    carry_out(read_blocks(page), copy, Shell(copy, 0, tmp_path))

    check(copy)
    stack = Stack(trained.copy_to(tmp_path / "data", copy), broker_url, tmp_path)
    try:
        use(steps_of(root, page), stack, Shell(copy, stack.gateway.port, tmp_path))
    finally:
        stack.stop()


def steps_of(root: Path, page: Path) -> list[Step]:
    """Return the commands below "Use it". A page that uses a token relies on the README to sign in."""
    steps = Page(page).steps("Use it")
    assert any(step.shown for step in steps), f"{page.name} shows no output"
    needs_token = any(re.search(r"\$(TOKEN|OPERATOR)", step.command) for step in steps)
    return [*(Page(root / "README.md").steps("See it work")[:1] if needs_token else []), *steps]


def use(steps: list[Step], stack: Stack, shell: Shell) -> None:
    # One after the other, the gateway last: a gateway is ready even without a recommender, and would connect to one only later.
    for process in stack.processes:
        process.start()
        process.wait_until_ready()
    # As the README says: curl would send even these requests to a proxy.
    shell.run('no_proxy="127.0.0.1,$no_proxy"')
    for step in steps:
        printed = shell.run(step.command)
        if step.language == "json":
            assert shape(json.loads(printed)) == shape(json.loads(step.shown)), step.command
        elif step.shown:
            assert printed.strip() == step.shown, step.command


def test_every_recipe_is_carried_out(root: Path) -> None:
    pages = {page.stem for verb in ("add", "remove", "replace") for page in (root / "docs" / "how-to").glob(f"{verb}-*.md")}

    assert set(RECIPES) == pages
