"""The recipes of docs/how-to/bring-your-own-data.md import files of public shapes, as the page shows them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from harness.documented import Page, Shell
from harness.recipes import BLOCK, last_path
from harness.stack import PYTHON_PATH
from ml_service.adapters.sql.database import open_engine
from ml_service.adapters.sql.store import SqlStore

if TYPE_CHECKING:
    from pathlib import Path

Histories = dict[str, dict[str, float | None]]
SHAPES: list[tuple[str, Histories, list[str]]] = [
    ("MovieLens 25M", {"1": {"296": 5.0, "306": 3.5}, "2": {"306": 4.0}}, ["Pulp, Fiction (1994)", "Red (1994)"]),
    ("MovieLens 1M", {"1": {"1193": 5.0, "661": 3.0}, "2": {"661": 4.0}}, ['"Weird" Peach (1996)', "Misérables, Les (1995)"]),
    (
        "Book-Crossing",
        {"276725": {"034545104X": None}, "276726": {"0155061224": 2.5, "034545104X": 5.0}},
        ['"Flesh" Tones; a Novel', "Café Rites"],
    ),
    ("Last.fm", {"2": {"51": None}, "3": {"52": None}}, ['"Weird" Ann', "Some Band"]),
]


@pytest.mark.parametrize(("name", "histories", "titles"), SHAPES, ids=[name for name, _, _ in SHAPES])
def test_files_of_a_public_shape_are_imported_as_the_page_says(
    root: Path, tmp_path: Path, name: str, histories: Histories, titles: list[str]
) -> None:
    page, title = Page(root / "docs" / "how-to" / "bring-your-own-data.md"), f"Files like those of {name}"
    write_files(page.section(title), tmp_path)
    (tmp_path / ".venv").symlink_to(root / ".venv")
    shell = Shell(tmp_path, 0, tmp_path)
    shell.run(f"DATABASE_URL=sqlite:///{tmp_path}/store.db; REGISTRY_URL={tmp_path}/registry; PYTHONPATH={PYTHON_PATH}")

    for step in page.steps(title):
        assert shell.run(step.command).strip() == step.shown

    engine = open_engine(f"sqlite:///{tmp_path}/store.db")
    store = SqlStore(engine)
    assert store.load_histories(recent=0).ratings == histories
    assert sorted(item.title for item in store.load_catalogue()) == titles
    engine.dispose()


def write_files(section: str, folder: Path) -> None:
    """Write each block whose sentence names a file, in the encoding that the command gives."""
    encoding = "latin-1" if "--encoding latin-1" in section else "utf-8"
    for block in BLOCK.finditer(section):
        if path := last_path(block["before"]):
            (folder / path).parent.mkdir(exist_ok=True)
            (folder / path).write_text(f"{block['text']}\n", encoding)
