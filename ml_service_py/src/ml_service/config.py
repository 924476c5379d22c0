"""The settings of this service, from environment variables, which no other module reads. Read once, validated together, frozen."""

from __future__ import annotations

import os
import re
import socket
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeVar
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationError, ValidationInfo, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

HOST_NAME = re.compile(r"[a-z\d]([a-z\d._-]*[a-z\d])?\.?", re.IGNORECASE)
#: The repository, or in an image the folder with the same folders.
REPOSITORY = Path(__file__).resolve().parents[3]
#: The shortest accepted token of the ops API.
OPS_TOKEN_CHARACTERS = 16


def _is_host(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return HOST_NAME.fullmatch(text) is not None
    return True


def _check_host(text: str) -> str:
    if not _is_host(text):
        raise ValueError("Set it to a host name or an IP address, without a scheme and a port")
    return text


AMQP_URL_FORM = "Set it to amqp://user:password@host:port/ or amqps://..., with / : @ encoded in the password"


def _check_amqp_url(url: SecretStr) -> SecretStr:
    try:
        parts = urlsplit(url.get_secret_value())
        is_usable = parts.scheme in {"amqp", "amqps"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        # Drop Python's message: it quotes a part of the URL, which may be the password.
        is_usable = False
    if not is_usable:
        raise ValueError(AMQP_URL_FORM)
    return url


def _check_ops_token(token: SecretStr) -> SecretStr:
    if len(token) < OPS_TOKEN_CHARACTERS:
        raise ValueError(f"Set it to {OPS_TOKEN_CHARACTERS} characters or more")
    return token


Host = Annotated[str, AfterValidator(_check_host)]
Port = Annotated[int, Field(ge=0, le=65535)]
Seconds = Annotated[float, Field(gt=0, allow_inf_nan=False)]
AmqpUrl = Annotated[SecretStr, AfterValidator(_check_amqp_url)]
OpsToken = Annotated[SecretStr, AfterValidator(_check_ops_token)]
LogLevel = Annotated[Literal["debug", "info", "warning", "error"], BeforeValidator(str.lower)]


class LabSettings(BaseSettings):
    """The settings of the decision tool alone. The files are the reader's own run of the lab and the reference run. Both may be absent."""

    model_config = SettingsConfigDict(frozen=True, env_ignore_empty=True)

    log_level: LogLevel = "info"
    lab_run: Path = REPOSITORY / ".run" / "lab" / "report.json"
    lab_reference: Path = REPOSITORY / "benchmarks" / "lab" / "reference.json"

    @model_validator(mode="before")
    @classmethod
    def _strip_spaces(cls, given: dict[str, Any]) -> dict[str, Any]:
        """Strip the spaces at both ends of each value. A value of spaces alone counts as unset."""
        texts = {name: value.strip() if isinstance(value, str) else value for name, value in given.items()}
        return {name: value for name, value in texts.items() if value != ""}


class Settings(LabSettings):
    """One environment variable per field, with the field's name in capitals. A field without a default is required.

    An empty variable counts as unset. docs/reference/settings.md describes each variable.
    """

    database_url: SecretStr
    registry_url: str
    amqp_url: AmqpUrl = SecretStr("amqp://guest:guest@127.0.0.1:5672/")
    broker_definitions: Path = REPOSITORY / "infra" / "rabbitmq" / "definitions.json"
    broker_declare: bool = True
    tls_dir: Path | None = None
    ops_token: OpsToken | None = None
    ops_allowed_hosts: Annotated[tuple[str, ...], NoDecode] = ()

    recommender_host: Host = "127.0.0.1"
    recommender_grpc_port: Port = 50051
    recommender_ops_port: Port = 8081
    recommender_drain_seconds: float = Field(default=0, ge=0, allow_inf_nan=False)
    recommender_grace_seconds: Seconds = 5
    recommender_connection_age_seconds: Seconds = 60
    recommender_model_poll_seconds: Seconds = 30

    worker_name: str = Field(default_factory=lambda: f"{socket.gethostname()}:{os.getpid()}")
    worker_host: Host = "127.0.0.1"
    worker_ops_port: Port = 8082
    worker_grace_seconds: Seconds = 10
    worker_job_deadline_seconds: Seconds = 1200

    @field_validator("ops_allowed_hosts", mode="before")
    @classmethod
    def _split_hosts(cls, given: str | tuple[str, ...]) -> tuple[str, ...]:
        """Split the comma-separated names. Reject a name with a scheme or a port, because it would never match a Host header's name."""
        names = tuple(filter(None, map(str.strip, given.split(",")))) if isinstance(given, str) else given
        if wrong := next((name for name in names if not _is_host(name)), None):
            raise ValueError(f"`{wrong}` isn't a host. Set names or addresses without scheme and port, separated by commas")
        return names

    @field_validator("tls_dir")
    @classmethod
    def _require_tls_to_the_broker(cls, tls_dir: Path | None, others: ValidationInfo) -> Path | None:
        # With TLS configured, a forgotten scheme must not make the service send its password unencrypted.
        amqp_url = others.data.get("amqp_url")
        if tls_dir is not None and amqp_url is not None and not amqp_url.get_secret_value().startswith("amqps:"):
            raise ValueError("needs an AMQP_URL that begins with amqps://")
        return tls_dir


AnySettings = TypeVar("AnySettings", bound=LabSettings)


class InvalidSettings(Exception):
    """Environment variables are missing or wrong. The message has one line for each."""


def read_settings(**overrides: Any) -> Settings:
    """Return the settings of the environment; `overrides` replace single fields. Raises InvalidSettings."""
    return _read(Settings, overrides)


def read_lab_settings() -> LabSettings:
    """Return the few settings of the decision tool. Raises InvalidSettings."""
    return _read(LabSettings, {})


def _read(settings: type[AnySettings], overrides: dict[str, Any]) -> AnySettings:
    try:
        return settings(**overrides)
    except ValidationError as error:
        raise InvalidSettings("\n".join(map(_sentence, error.errors(include_url=False)))) from None


def _sentence(problem: ErrorDetails) -> str:
    field = str(problem["loc"][0])
    if problem["type"] == "missing":
        return f"{field.upper()} is missing: set it, as .env.example shows."
    is_secret = "SecretStr" in str(Settings.model_fields[field].annotation)
    value = "not usable (its value isn't shown)" if is_secret else repr(problem["input"])
    return f"{field.upper()} is {value}: {problem['msg'].removeprefix('Value error, ')}."
