"""Which genres a data set names: labels that stand for "none" are none."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

#: In lower case. "(no genres listed)" is MovieLens's own since its release of 2013, "unknown" that of MovieLens 100K.
NO_GENRE = frozenset({"", "-", "--", "(no genres listed)", "(none)", "n/a", "na", "nan", "no genre", "none", "null", "unknown", "\\n"})


def genres_of(labels: Iterable[str]) -> tuple[str, ...]:
    """Return the labels that name a genre, without the space around them, each once, in their order."""
    trimmed = (label.strip() for label in labels)
    return tuple(dict.fromkeys(label for label in trimmed if label.casefold() not in NO_GENRE))
