"""The order in which lists show ids: numbers in them count by their value, so that 2 comes before 10."""

from __future__ import annotations

import re

NUMBER = re.compile("0*([0-9]+)")


def natural_key(text: str) -> tuple[str, str]:
    """Return the sort key of an id. Different ids have different keys, so that a page can go on behind an id."""
    # A longer number is a larger one, so its length comes before its digits.
    return NUMBER.sub(lambda number: f"0{chr(len(number[1]))}{number[1]}", text), text
