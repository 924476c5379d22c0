"""Write a load's requests to a file, the same for every contender: a line each with method, path, body and token, separated by tabs."""

from __future__ import annotations

import json
from random import Random
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from harness.sign_in import SignIn

SEED = 5
LIMIT = 10


def write_traffic(path: Path, lines: Iterable[str], sign_in: SignIn) -> Path:
    """Write the lines, and replace the user at the end of each line by that user's token."""
    wanted = (line.rpartition("\t") for line in lines)
    path.write_text("".join(f"{request}\t{sign_in.token(user)}\n" for request, _, user in wanted), "utf-8")
    return path


def path_of(user_id: str) -> str:
    return f"/v1/users/{user_id}/recommendations?limit={LIMIT}"


def ask(user_id: str) -> str:
    return f"GET\t{path_of(user_id)}\t\t{user_id}"


def tell(user_id: str, item_id: str, rating: float) -> str:
    body = json.dumps({"userId": user_id, "itemId": item_id, "rating": rating})
    return f"POST\t/v1/interactions\t{body}\t{user_id}"


def each_user_in_turn(users: Sequence[str]) -> list[str]:
    return [ask(user) for user in _dice().sample(users, len(users))]


def some_users_more(users: Sequence[str], items: Sequence[str], count: int, write_part: float) -> list[str]:
    """Return requests whose users follow Zipf's law over a random order. A part `write_part` of them are ratings by the same users."""
    random = _dice()
    order = random.sample(users, len(users))
    chosen = random.choices(order, [1 / rank for rank in range(1, len(order) + 1)], k=count)
    return [_rating(random, user, items) if random.random() < write_part else ask(user) for user in chosen]


def ratings(users: Sequence[str], items: Sequence[str], count: int) -> list[str]:
    """Return ratings by the users in turn, of random items."""
    random = _dice()
    return [_rating(random, users[place % len(users)], items) for place in range(count)]


def _dice() -> Random:
    """Return the same random numbers in each run."""
    return Random(SEED)  # noqa: S311  no secret depends on it


def _rating(random: Random, user: str, items: Sequence[str]) -> str:
    return tell(user, random.choice(items), random.randint(1, 5))
