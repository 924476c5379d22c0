"""The decision tool: the gateway serves it, the recommender decides."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from harness.gateway import GatewayDriver

CHAT = {"connections": "thousands", "compute": "none", "data": "none", "load": "medium", "team": "javascript"}
#: No figure of a lab run can change this answer: the two musts leave one option.
ETL = {"data": "pipelines", "libraries": "pypi", "single_language": "must"}


def test_different_projects_get_different_answers(gateway: GatewayDriver) -> None:
    assert gateway.decide(CHAT)["winners"] == ["node"]
    assert gateway.decide(ETL)["winners"] == ["python"]


def test_page_record_and_api_give_the_same_answer(gateway: GatewayDriver) -> None:
    decision = gateway.decide(CHAT)

    page, record = gateway.page("/decide", CHAT), gateway.page("/decide/record.md", CHAT)

    assert f'<h2 id="answer">{decision["summary"][0]}</h2>' in page
    assert record == decision["record"]


def test_a_contradiction_is_refused_with_its_answers(gateway: GatewayDriver) -> None:
    problem = gateway.problem("POST", "/v1/decisions", json={"answers": {"libraries": "both", "single_language": "must"}})

    assert (problem["status"], problem["reason"]) == (400, "REQUEST_INVALID")
    assert problem["detail"].startswith("The answers contradict each other: libraries = both")
