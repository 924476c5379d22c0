"""Data with a known answer: even users have all even items and odd users all odd items, except the item with their own number."""

from ml_service.model.ratings import Ratings, ratings_of

SIZE = 20


def name(number: int) -> str:
    return f"{number:02}"


def checkerboard(size: int = SIZE) -> Ratings:
    pairs = [(name(user), name(item)) for user in range(size) for item in range(user % 2, size, 2) if user != item]
    return ratings_of((user, item, 4.0) for user, item in pairs)
