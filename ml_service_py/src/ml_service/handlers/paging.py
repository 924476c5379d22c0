"""Pages of lists: their order, their size and their tokens. A token of another list or search is rejected."""

from __future__ import annotations

import base64
import binascii
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

from ml_service.domain import PAGE_SIZE_MAX
from ml_service.errors import InvalidArgument

if TYPE_CHECKING:
    from collections.abc import Sequence

T = TypeVar("T")

NUMBER = re.compile("0*([0-9]+)")


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Some rows and the token of the next page, empty on the last."""

    rows: tuple[T, ...]
    next_page_token: str


def page_token(question: Sequence[str], last: str) -> str:
    """Return the token of the page after `last`. `question` names the list and its filters."""
    return base64.urlsafe_b64encode(json.dumps([*question, last]).encode()).decode()


def read_page_token(question: Sequence[str], token: str) -> str:
    """Return the `last` that the token was made from. Raise InvalidArgument (PAGE_TOKEN_INVALID)."""
    try:
        parts = json.loads(base64.b64decode(token, altchars=b"-_", validate=True))
    except (binascii.Error, ValueError, RecursionError):
        parts = None
    if not isinstance(parts, list) or parts[:-1] != list(question) or not isinstance(parts[-1], str):
        raise InvalidArgument("PAGE_TOKEN_INVALID", "The page token isn't one that this list gave out. Start from the first page.")
    return parts[-1]


def require_size(field: str, value: int) -> int:
    """Raise InvalidArgument (REQUEST_INVALID) unless the number is from 1 to PAGE_SIZE_MAX."""
    if not 1 <= value <= PAGE_SIZE_MAX:
        raise InvalidArgument(
            "REQUEST_INVALID", f"{field} is {value}; it must be from 1 to {PAGE_SIZE_MAX}.", field=field, value=str(value)
        )
    return value


def natural_key(text: str) -> tuple[str, str]:
    """Return the sort key of an id: numbers in it count by their value, so that 2 comes before 10. Different ids have different keys."""
    # A longer number is a larger one, so its length comes before its digits.
    return NUMBER.sub(lambda number: f"0{chr(len(number[1]))}{number[1]}", text), text
