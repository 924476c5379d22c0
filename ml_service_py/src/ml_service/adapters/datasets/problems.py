"""The problems of the files of an import: the first ones of each file, the number of the others, and what a person can do about them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ml_service.errors import InvalidArgument

if TYPE_CHECKING:
    from collections.abc import Sequence

#: Problems of one file that are shown.
SHOWN_MAX = 20
SKIP_HINT = "To leave out the rows that can't be used, say --skip-unusable-rows."


@dataclass(slots=True)
class FileProblems:
    """The problems of one file, a line of text each. `used`: how many of its rows have none."""

    name: str
    used: int = 0
    count: int = 0
    #: The header line is wrong, or the file couldn't be read to its end.
    is_broken: bool = False
    #: Each hint once, in their order.
    hints: dict[str, None] = field(default_factory=dict)
    _shown: list[str] = field(default_factory=list)

    def add(self, line: int, column: str, problem: str, hint: str = "") -> None:
        """Add a problem. A `line` of 0 is the whole file; `column` may be empty."""
        self.count += 1
        if len(self._shown) < SHOWN_MAX:
            self._shown.append(f"{place_of(self.name, line, column)}: {problem}")
        if hint:
            self.hints[hint] = None

    def lines(self) -> list[str]:
        more = self.count - len(self._shown)
        return [*self._shown, f"{self.name}: and {more} more"] if more else self._shown


def place_of(name: str, line: int, column: str = "") -> str:
    return name + (f", line {line}" if line else "") + (f", column {column}" if column else "")


def raise_if_any(files: Sequence[FileProblems], *, is_skipping: bool) -> None:
    """Raise InvalidArgument (IMPORT_INVALID) with the problems of all files, and below them the hints.

    With `is_skipping`, raise only for a broken file, and for one without a row that can be used.
    """
    wrong = [file for file in files if file.count]
    is_skippable = all(file.used and not file.is_broken for file in wrong)
    if not wrong or (is_skipping and is_skippable):
        return
    lines = [line for file in wrong for line in file.lines()]
    hints = dict.fromkeys(hint for file in wrong for hint in file.hints)
    if is_skipping:
        empty = [file.name for file in wrong if not file.used and not file.is_broken]
        hints |= {f"No row of {name} can be used, so --skip-unusable-rows would leave out the whole file.": None for name in empty}
    elif is_skippable:
        hints[SKIP_HINT] = None
    raise InvalidArgument("IMPORT_INVALID", "\n".join(lines) + "".join(f"\n\n{hint}" for hint in hints))
