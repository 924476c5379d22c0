"""Unusable settings are rejected at the start, all in one error."""

from __future__ import annotations

import pytest

from ml_service.config import InvalidSettings, Settings, read_settings

REQUIRED = {"DATABASE_URL": "sqlite:///store.db", "REGISTRY_URL": "registry"}


@pytest.fixture(autouse=True)
def required(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    for name, value in REQUIRED.items():
        monkeypatch.setenv(name, value)


def problem_of(monkeypatch: pytest.MonkeyPatch, **environment: str) -> str:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(InvalidSettings) as refused:
        read_settings()
    return str(refused.value)


def test_spaces_are_stripped_and_empty_values_count_as_unset(monkeypatch: pytest.MonkeyPatch) -> None:
    given = {"LOG_LEVEL": " INFO", "WORKER_OPS_PORT": " 8090\r", "BROKER_DECLARE": "False ", "WORKER_GRACE_SECONDS": "  ", "TLS_DIR": ""}
    for name, value in given.items():
        monkeypatch.setenv(name, value)

    settings = read_settings()

    assert (settings.log_level, settings.worker_ops_port, settings.broker_declare) == ("info", 8090, False)
    assert (settings.worker_grace_seconds, settings.tls_dir) == (10, None)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "localhost", "recommender.internal"])
def test_a_host_may_be_a_name_or_an_address(monkeypatch: pytest.MonkeyPatch, host: str) -> None:
    monkeypatch.setenv("RECOMMENDER_HOST", host)

    assert read_settings().recommender_host == host


@pytest.mark.parametrize(
    ("variable", "value", "allowed"),
    [
        ("LOG_LEVEL", "loud", "'debug', 'info', 'warning' or 'error'"),
        ("RECOMMENDER_HOST", "http://localhost", "a host name or an IP address, without a scheme"),
        ("WORKER_HOST", "localhost:8082", "a host name or an IP address, without a scheme"),
        ("OPS_ALLOWED_HOSTS", "ops.example, https://ops.example", "without scheme and port"),
        ("RECOMMENDER_GRPC_PORT", "70000", "less than or equal to 65535"),
        ("WORKER_GRACE_SECONDS", "inf", "finite number"),
        ("WORKER_GRACE_SECONDS", "0", "greater than 0"),
        ("BROKER_DECLARE", "perhaps", "valid boolean"),
    ],
)
def test_an_error_names_the_variable_its_value_and_the_allowed_values(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, allowed: str
) -> None:
    problem = problem_of(monkeypatch, **{variable: value})

    assert problem.startswith(f"{variable} is {value!r}: ")
    assert allowed in problem


@pytest.mark.parametrize(
    ("variable", "value", "allowed"),
    [
        ("AMQP_URL", "http://user:secret@broker:5672/", "amqp://user:password@host:port/"),
        ("AMQP_URL", "amqp:secret", "amqp://user:password@host:port/"),
        ("AMQP_URL", "amqp://user:secret/1@broker:5672/", "amqp://user:password@host:port/"),
        ("AMQP_URL", "amqp://user:[secret]@broker:5672/", "amqp://user:password@host:port/"),
        ("AMQP_URL", "amqp://user:secret\u2100@broker:5672/", "amqp://user:password@host:port/"),
        ("OPS_TOKEN", "secret", "16 characters or more"),
    ],
)
def test_an_error_never_shows_a_secret(monkeypatch: pytest.MonkeyPatch, variable: str, value: str, allowed: str) -> None:
    problem = problem_of(monkeypatch, **{variable: value})

    assert problem.startswith(f"{variable} is not usable")
    assert allowed in problem
    assert "secret" not in problem


def test_all_problems_are_reported_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DATABASE_URL")

    problem = problem_of(monkeypatch, LOG_LEVEL="loud", WORKER_OPS_PORT="x", AMQP_URL="broker")

    assert [line.split()[0] for line in problem.splitlines()] == ["LOG_LEVEL", "DATABASE_URL", "AMQP_URL", "WORKER_OPS_PORT"]
