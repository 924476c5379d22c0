"""The decision tool over gRPC."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from typing import TYPE_CHECKING, Any, cast

import pytest
from grpc_driver import driving, failure_of

from ml_service.adapters.decisions.criteria import read_criteria
from ml_service.entrypoints.grpc.decision_servicer import DECISIONS_MAX, DecisionServicer
from ml_service.errors import ResourceExhausted
from ml_service.handlers.decisions import Decisions
from whynotboth.v1.decisions_pb2 import DecideRequest, GetQuestionnaireRequest

if TYPE_CHECKING:
    from ml_service.entrypoints.grpc.server import GrpcServer


async def test_each_typical_project_of_the_questionnaire_gets_a_decision(server: GrpcServer) -> None:
    async with driving(server) as driver:
        questionnaire = await driver.decisions.GetQuestionnaire(GetQuestionnaireRequest())
        decisions = [await driver.decisions.Decide(DecideRequest(answers=project.answers)) for project in questionnaire.projects]

    assert [question.question_id for question in questionnaire.questions][:2] == ["connections", "compute"]
    assert all(len(project.answers) == len(questionnaire.questions) for project in questionnaire.projects)
    assert all(decision.summary and decision.record.startswith("# ") and decision.agenda.when_not for decision in decisions)


async def test_a_decision_has_shares_arguments_and_the_smallest_change(server: GrpcServer) -> None:
    async with driving(server) as driver:
        decision = await driver.decisions.Decide(DecideRequest(answers={"team": "javascript", "libraries": "npm", "compute": "none"}))

    assert decision.winners == ["node"]
    assert [row.option for row in decision.options] == ["node", "both"]
    assert sum(row.share for row in decision.options) == pytest.approx(1)
    assert decision.criteria[0].lead > decision.criteria[-1].lead
    assert decision.criteria[0].evidence.source in {"article", "judgement"}
    assert decision.unknowns[0].startswith("Not answered")


async def test_a_contradiction_is_an_invalid_argument(server: GrpcServer) -> None:
    async with driving(server) as driver:
        failure = await failure_of(driver.decisions.Decide(DecideRequest(answers={"libraries": "both", "single_language": "must"})))

    assert (failure.status, failure.reason) == ("INVALID_ARGUMENT", "REQUEST_INVALID")
    assert failure.detail.startswith("The answers contradict each other: libraries = both (“Yes, one of each”) and single_language = must")


async def test_one_decision_too_many_is_rejected_at_once() -> None:
    may_go_on = Event()

    def wait() -> dict[str, Any]:
        may_go_on.wait(30)
        return {}

    with ThreadPoolExecutor(1) as deciding:
        servicer = DecisionServicer(Decisions(read_criteria(), wait), deciding)
        request, context = DecideRequest(answers={"load": "low"}), cast("Any", None)
        waiting = [asyncio.ensure_future(servicer.Decide(request, context)) for _ in range(DECISIONS_MAX)]
        await asyncio.wait(waiting, timeout=0)
        with pytest.raises(ResourceExhausted):
            await servicer.Decide(request, context)
        may_go_on.set()
        await asyncio.gather(*waiting)
