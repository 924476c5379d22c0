"""The ids that were read last: bounded, and an erasure costs what the erased user has among them."""

from __future__ import annotations

import pytest
import sample

from ml_service.handlers import histories
from ml_service.handlers.histories import Histories, RecentIds
from ml_service.ports.storage import StoredHistories


class CountingUserId(str):
    """A user id that counts how often it was compared with another one."""

    __slots__ = ()
    comparisons = 0

    def __eq__(self, other: object) -> bool:
        CountingUserId.comparisons += 1
        return str.__eq__(self, other)

    def __ne__(self, other: object) -> bool:
        return not self == other

    __hash__ = str.__hash__


@pytest.mark.parametrize("user_id", ["nobody", "user 7"])
def test_an_erasure_does_not_look_through_the_ids_of_other_users(user_id: str) -> None:
    owners = {f"id {n}": CountingUserId(f"user {n}") for n in range(1000)}
    histories = Histories(StoredHistories({}, {}, None, owners, {}))
    CountingUserId.comparisons = 0

    histories.erase(sample.erasure(0, user_id))

    assert CountingUserId.comparisons <= 1


def test_a_user_is_forgotten_after_the_bound_dropped_some_of_their_ids(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(histories, "RECENT_IDS", 3)
    recent = RecentIds({"first": "u", "second": "v", "third": "u"})
    recent.add("fourth", "v")

    recent.forget_user("u")

    assert not recent.add("second", "v")
    assert not recent.add("fourth", "v")
    assert recent.add("third", "u")


def test_a_user_whose_ids_were_all_dropped_can_be_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(histories, "RECENT_IDS", 1)
    recent = RecentIds({"first": "u", "second": "v"})

    recent.forget_user("u")

    assert not recent.add("second", "v")
