"""The job kinds: each kind of the contract has a file, and its parameters are decoded with their defaults and bounds."""

from __future__ import annotations

import pytest

from ml_service.errors import InvalidArgument
from ml_service.handlers.evaluation import EvaluateParams
from ml_service.handlers.jobs.kinds import load_kind
from ml_service.handlers.jobs.kinds.export import ExportParams
from ml_service.handlers.training import TrainParams
from whynotboth.v1 import jobs_pb2
from whynotboth.v1.jobs_pb2 import JobRequested

KINDS = JobRequested.DESCRIPTOR.oneofs_by_name["params"].fields


@pytest.mark.parametrize("name", [kind.name for kind in KINDS])
def test_each_kind_of_the_contract_is_registered_and_has_defaults(name: str) -> None:
    load_kind(name).decode(b"")


def test_an_unknown_kind_is_an_error_of_the_program() -> None:
    with pytest.raises(AssertionError):
        load_kind("unheard-of")


@pytest.mark.parametrize(
    ("kind", "message", "params"),
    [
        ("train", jobs_pb2.TrainParams(), TrainParams((), 3, 42)),
        ("train", jobs_pb2.TrainParams(estimators=["ease"], folds=5, seed=0), TrainParams(("ease",), 5, 0)),
        ("evaluate", jobs_pb2.EvaluateParams(seed=7), EvaluateParams((), 7)),
        ("export", jobs_pb2.ExportParams(), ExportParams(10)),
    ],
)
def test_absent_parameters_have_their_defaults(
    kind: str, message: jobs_pb2.TrainParams | jobs_pb2.EvaluateParams | jobs_pb2.ExportParams, params: object
) -> None:
    assert load_kind(kind).decode(message.SerializeToString()) == params


@pytest.mark.parametrize("limit", [0, 101])
def test_a_limit_outside_its_bounds_is_rejected(limit: int) -> None:
    with pytest.raises(InvalidArgument) as rejected:
        load_kind("export").decode(jobs_pb2.ExportParams(limit=limit).SerializeToString())

    assert rejected.value.reason == "JOB_PARAMS_INVALID"
