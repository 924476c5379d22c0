"""The options that say how to read a person's own files: declared once, for `import` and `inspect`."""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from functools import wraps
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from collections.abc import Callable

    from ml_service.adapters.datasets.csv_import import ReadOptions


@dataclass(frozen=True, slots=True)
class FileOptions:
    """The options as typed, one field each."""

    delimiter: Annotated[str | None, typer.Option(help="The delimiter of both files: , ; tab or ::. Default: detected.")] = None
    quotes: Annotated[
        str | None, typer.Option(help='A quote in a cell is written "" (double) or \\" (backslash), or marks no cell (none).')
    ] = None
    encoding: Annotated[str, typer.Option(help="The encoding of both files, such as latin-1.")] = "utf-8"
    columns: Annotated[
        str | None, typer.Option(help="Columns of the interactions: user_id=NAME,…, or without a header user_id,item_id,-")
    ] = None
    item_columns: Annotated[str | None, typer.Option(help="Columns of the items: item_id=NAME,title=NAME, or in order.")] = None
    scale: Annotated[str | None, typer.Option(help="The lowest and highest rating, such as 1-10. Default: 0.5-5.")] = None
    implicit_zeros: Annotated[bool, typer.Option("--implicit-zeros", help="A rating of 0 means: used, and not rated.")] = False
    plays_min: Annotated[int, typer.Option(help="Leave out rows with fewer plays (the column plays).")] = 1
    skip_unusable_rows: Annotated[bool, typer.Option("--skip-unusable-rows", help="Leave out and count rows that can't be used.")] = False

    def parse(self) -> ReadOptions:
        """Raise InvalidArgument for a value that can't be used."""
        from ml_service.adapters.datasets.csv_cells import Scale
        from ml_service.adapters.datasets.csv_import import INTERACTION_COLUMNS, ITEM_COLUMNS, ReadOptions
        from ml_service.adapters.datasets.file_form import FileForm

        return ReadOptions(
            form=FileForm(self.delimiter, self.quotes, self.encoding),
            interaction_columns=INTERACTION_COLUMNS.chosen(self.columns) if self.columns else INTERACTION_COLUMNS,
            item_columns=ITEM_COLUMNS.chosen(self.item_columns) if self.item_columns else ITEM_COLUMNS,
            scale=Scale.parse(self.scale) if self.scale else Scale(),
            has_implicit_zeros=self.implicit_zeros,
            plays_min=self.plays_min,
            is_skipping=self.skip_unusable_rows,
        )


def with_file_options(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options of FileOptions, and pass them to its parameter `files` as one object.

    Typer reads options from a signature only, one parameter each, so the fields become parameters of the returned function.
    """
    own = [each for each in _parameters(command) if each.name != "files"]
    shared = [each.replace(kind=inspect.Parameter.KEYWORD_ONLY) for each in _parameters(FileOptions)]

    @wraps(command)
    def run(**given: Any) -> None:
        files = FileOptions(**{each.name: given.pop(each.name) for each in shared})
        command(**given, files=files)

    run.__signature__ = inspect.Signature([*own, *shared])  # type: ignore[attr-defined]  # read by inspect.signature
    run.__annotations__ = {}
    return run


def _parameters(of: Callable[..., object]) -> list[inspect.Parameter]:
    return list(inspect.signature(of, eval_str=True).parameters.values())
