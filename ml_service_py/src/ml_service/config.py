"""The settings of this service. The only place that reads the environment; read once, checked together, frozen, passed down."""

from __future__ import annotations

import os
import re
import socket
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, SecretStr, ValidationError, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

HOST_NAME = re.compile(r"[A-Za-z0-9._-]+|[0-9A-Fa-f:.]+")


class Settings(BaseSettings):
    """One environment variable per field, its name in capitals. Fields without a default are required."""

    model_config = SettingsConfigDict(frozen=True, env_ignore_empty=True)

    database_url: SecretStr
    registry_url: str
    amqp_url: SecretStr = SecretStr("amqp://guest:guest@127.0.0.1:5672/")
    broker_definitions: Path = Path(__file__).resolve().parents[3] / "infra" / "rabbitmq" / "definitions.json"
    broker_declare: bool = True
    tls_dir: Path | None = None
    ops_token: SecretStr | None = Field(default=None, min_length=16)
    ops_allowed_hosts: Annotated[tuple[str, ...], NoDecode] = ()
    log_level: str = Field(default="info", pattern="^(debug|info|warning|error)$")

    recommender_host: str = "127.0.0.1"
    recommender_grpc_port: int = Field(default=50051, ge=0, le=65535)
    recommender_ops_port: int = Field(default=8081, ge=0, le=65535)
    recommender_drain_seconds: float = Field(default=0, ge=0)
    recommender_grace_seconds: float = Field(default=5, gt=0)
    recommender_connection_age_seconds: float = Field(default=60, gt=0)
    recommender_model_poll_seconds: float = Field(default=30, gt=0)

    worker_name: str = Field(default_factory=lambda: f"{socket.gethostname()}:{os.getpid()}")
    worker_host: str = "127.0.0.1"
    worker_ops_port: int = Field(default=8082, ge=0, le=65535)
    worker_grace_seconds: float = Field(default=10, gt=0)
    worker_job_deadline_seconds: float = Field(default=1200, gt=0)

    @field_validator("ops_allowed_hosts", mode="before")
    @classmethod
    def _split_hosts(cls, given: str | tuple[str, ...]) -> tuple[str, ...]:
        """Separated by commas. A name with a scheme or a port would never match."""
        names = tuple(filter(None, map(str.strip, given.split(",")))) if isinstance(given, str) else given
        if wrong := next((name for name in names if not HOST_NAME.fullmatch(name)), None):
            raise ValueError(f"`{wrong}` is no host. Give names or addresses without scheme and port, separated by commas")
        return names

    @field_validator("tls_dir")
    @classmethod
    def _require_tls_to_the_broker(cls, tls_dir: Path | None, others: ValidationInfo) -> Path | None:
        # Who asks for encryption mustn't send passwords in the clear because of a scheme that was forgotten.
        amqp_url = others.data.get("amqp_url")
        if tls_dir is not None and amqp_url is not None and not amqp_url.get_secret_value().startswith("amqps:"):
            raise ValueError("needs an AMQP_URL that begins with amqps://")
        return tls_dir


class InvalidSettings(Exception):
    """Every variable that is missing or wrong, a line each."""


def read_settings(**overrides: Any) -> Settings:
    try:
        return Settings(**overrides)
    except ValidationError as error:
        rows = [f"{str(problem['loc'][0]).upper()}: {problem['msg']}" for problem in error.errors(include_input=False)]
        raise InvalidSettings("\n".join(rows)) from None
