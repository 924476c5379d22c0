"""Flow 1: a client asks, the model answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from harness.gateway import GatewayDriver


def history_of(gateway: GatewayDriver, user_id: str) -> set[str]:
    """Return the items of all pages of a user's interactions."""
    items: set[str] = set()
    token = ""
    while True:
        page = gateway.get(f"/v1/users/{user_id}/interactions", pageSize=100, **({"pageToken": token} if token else {}))
        items.update(interaction["itemId"] for interaction in page["interactions"])
        token = page.get("nextPageToken", "")
        if not token:
            return items


def test_a_user_gets_ten_films_that_they_have_not_rated(gateway: GatewayDriver) -> None:
    answer = gateway.recommend("196", limit=10)

    recommended = {item["itemId"] for item in answer["items"]}
    assert len(recommended) == 10
    assert not recommended & history_of(gateway, "196")


def test_an_answer_describes_each_film_and_names_the_model(gateway: GatewayDriver) -> None:
    answer = gateway.recommend("196")

    assert answer["userId"] == "196"
    assert answer["modelVersion"] == gateway.live_version()
    assert answer["source"] in {"model", "cache"}
    assert answer["degraded"] is False
    for item in answer["items"]:
        assert item["title"]
        assert 1900 < item["year"] < 2000
        assert item["genres"]
    scores = [item["score"] for item in answer["items"]]
    assert scores == sorted(scores, reverse=True)


def test_the_reasons_are_films_of_the_users_own_history(gateway: GatewayDriver) -> None:
    answer = gateway.recommend("196")

    reasons = [reason for item in answer["items"] for reason in item["why"]]
    assert len(reasons) >= 10
    assert {reason["itemId"] for reason in reasons} <= history_of(gateway, "196")
    assert all(reason["title"] for reason in reasons)


def test_a_repeated_request_is_answered_from_the_cache(gateway: GatewayDriver) -> None:
    first = gateway.recommend("200", limit=7)

    second = gateway.recommend("200", limit=7)

    assert second["source"] == "cache"
    assert second["items"] == first["items"]


def test_server_timing_says_where_the_time_went(gateway: GatewayDriver) -> None:
    response = gateway.http.get("/v1/users/201/recommendations")

    assert {"total", "recommender", "scoring"} <= {part.split(";")[0].strip() for part in response.headers["server-timing"].split(",")}


def test_an_unknown_user_gets_popular_films_marked_as_fallback(gateway: GatewayDriver, user_id: str) -> None:
    answer = gateway.recommend(user_id)

    assert answer["source"] == "fallback"
    assert answer["degraded"] is False
    assert "Star Wars" in [item["title"] for item in answer["items"]]
    assert all(item["why"] == [] for item in answer["items"])


def test_users_are_listed_in_pages_without_gap_or_double(gateway: GatewayDriver) -> None:
    first = gateway.get("/v1/users", pageSize=100)
    second = gateway.get("/v1/users", pageSize=100, pageToken=first["nextPageToken"])

    ids = [user["userId"] for user in first["users"] + second["users"]]
    assert len(set(ids)) == 200
    assert ids == [str(number) for number in range(1, 201)]


def test_a_user_has_the_number_of_their_ratings(gateway: GatewayDriver) -> None:
    assert gateway.get("/v1/users/405") == {"userId": "405", "interactionCount": 737}


def test_a_history_is_listed_newest_first(gateway: GatewayDriver) -> None:
    times = [interaction["occurredAt"] for interaction in gateway.interactions("196", pageSize=100)]

    assert len(times) == 39
    assert times == sorted(times, reverse=True)


def test_a_new_user_has_an_empty_history(gateway: GatewayDriver, user_id: str) -> None:
    assert gateway.interactions(user_id) == []


def test_items_are_found_by_title_and_by_genre(gateway: GatewayDriver) -> None:
    found = gateway.get("/v1/items", query="star trek", genre="sci-fi")["items"]

    assert len(found) >= 5
    assert all("Star Trek" in item["title"] for item in found)


def test_a_film_is_similar_to_its_sequels(gateway: GatewayDriver) -> None:
    star_wars = gateway.get("/v1/items/50")
    similar = [item["title"] for item in gateway.get("/v1/items/50/similar", limit=6)["items"]]

    assert star_wars["title"] == "Star Wars"
    assert similar[0] == "Return of the Jedi"
    assert "The Empire Strikes Back" in similar


@pytest.mark.parametrize(
    ("path", "status", "reason"),
    [
        ("/v1/users/196/recommendations?limit=0", 400, "REQUEST_INVALID"),
        ("/v1/users/196/recommendations?limit=101", 400, "REQUEST_INVALID"),
        ("/v1/users/196/recommendations?limit=ten", 400, "REQUEST_INVALID"),
        ("/v1/users/196/recommendations?limmit=10", 400, "REQUEST_INVALID"),
        ("/v1/users/196/recommendations?minOffset=-1", 400, "REQUEST_INVALID"),
        ("/v1/users?pageSize=1000", 400, "REQUEST_INVALID"),
        ("/v1/users?pageToken=nonsense", 400, "PAGE_TOKEN_INVALID"),
        ("/v1/users/nobody", 404, "USER_UNKNOWN"),
        ("/v1/items/no-such-film", 404, "ITEM_UNKNOWN"),
        ("/v1/items/no-such-film/similar", 404, "ITEM_UNKNOWN"),
        ("/v1/jobs/no-such-job", 404, "JOB_UNKNOWN"),
        ("/v1/nothing/here", 404, "ROUTE_UNKNOWN"),
    ],
)
def test_a_request_without_meaning_is_refused_with_its_reason(gateway: GatewayDriver, path: str, status: int, reason: str) -> None:
    problem = gateway.problem("GET", path)

    assert (problem["status"], problem["reason"]) == (status, reason)
    assert problem["detail"]
    assert problem["requestId"]


def test_a_refusal_names_the_invalid_field(gateway: GatewayDriver) -> None:
    problem = gateway.problem("GET", "/v1/users/196/recommendations?limit=101")

    assert "limit" in str(problem["errors"])
