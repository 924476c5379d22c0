"""The gRPC servicer of the decision tool: decode, call the use case on a thread, encode."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from ml_service.entrypoints.grpc.servicers import ConcurrencyLimiter
from ml_service.handlers import decision_words
from whynotboth.v1 import decisions_pb2, decisions_pb2_grpc

if TYPE_CHECKING:
    from collections.abc import Mapping
    from concurrent.futures import Executor

    import grpc

    from ml_service.handlers.decisions import CriterionResult, Decision, Decisions
    from ml_service.model.questionnaire import Questionnaire

    Context = grpc.aio.ServicerContext[Any, Any]

#: The most decisions at once. Anyone may ask for them and each takes processor time, so more are rejected: recommendations come first.
DECISIONS_MAX = 4


class DecisionServicer(decisions_pb2_grpc.DecisionServiceServicer):
    """Compares Node, Python and both for a project."""

    def __init__(self, decisions: Decisions, deciding: Executor) -> None:
        self._decisions = decisions
        self._deciding = deciding
        self._limiter = ConcurrencyLimiter(DECISIONS_MAX)

    async def GetQuestionnaire(
        self, _request: decisions_pb2.GetQuestionnaireRequest, _context: Context
    ) -> decisions_pb2.GetQuestionnaireResponse:
        return _encode_questionnaire(self._decisions.questionnaire)

    async def Decide(self, request: decisions_pb2.DecideRequest, _context: Context) -> decisions_pb2.DecideResponse:
        with self._limiter.acquire(1):
            return await asyncio.get_running_loop().run_in_executor(self._deciding, self._decide, dict(request.answers))

    def _decide(self, answers: Mapping[str, str]) -> decisions_pb2.DecideResponse:
        return _encode_decision(self._decisions.decide(answers), self._decisions.questionnaire)


def _encode_questionnaire(questionnaire: Questionnaire) -> decisions_pb2.GetQuestionnaireResponse:
    return decisions_pb2.GetQuestionnaireResponse(
        questions=[
            decisions_pb2.Question(
                question_id=question.id,
                text=question.text,
                answers=[decisions_pb2.PossibleAnswer(answer_id=answer.id, text=answer.text) for answer in question.answers],
            )
            for question in questionnaire.questions
        ],
        projects=[decisions_pb2.TypicalProject(title=project.title, answers=project.answers) for project in questionnaire.projects],
    )


def _encode_decision(decision: Decision, questionnaire: Questionnaire) -> decisions_pb2.DecideResponse:
    change = decision.change
    return decisions_pb2.DecideResponse(
        winners=decision.winners,
        summary=decision_words.summary(decision, questionnaire),
        options=[
            decisions_pb2.OptionResult(option=row.option, share=row.share, mean=row.mean, low=row.low, high=row.high)
            for row in decision.options
        ],
        criteria=[_encode_criterion(row) for row in decision.criteria],
        smallest_change=None if change is None else decisions_pb2.SmallestChange(answers=change.answers, winner=change.winner),
        unknowns=decision.unknowns,
        agenda=decisions_pb2.Agenda(
            statement=questionnaire.agenda.statement,
            favouring=[criterion.title for criterion in decision.favouring],
            when_not=questionnaire.agenda.when_not,
        ),
        record=decision_words.record(decision, questionnaire),
    )


def _encode_criterion(result: CriterionResult) -> decisions_pb2.CriterionResult:
    criterion, evidence = result.criterion, result.evidence
    return decisions_pb2.CriterionResult(
        criterion_id=criterion.id,
        title=criterion.title,
        weight=result.weight,
        lead=result.lead,
        scale=criterion.scale,
        reason=criterion.reason,
        evidence=decisions_pb2.Evidence(source=evidence.source, text=evidence.text, command=evidence.command),
    )
