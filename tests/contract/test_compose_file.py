"""docker-compose.yml publishes the gateway alone, and nothing with a well-known password."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path


def services(file: Path) -> dict[str, str]:
    """Return the text of each service."""
    text = file.read_text("utf-8").partition("\nservices:\n")[2].partition("\nvolumes:\n")[0]
    blocks = re.split(r"^  (?=[\w-]+:$)", text, flags=re.MULTILINE)
    return {block.partition(":")[0]: block for block in blocks if block.strip()}


@pytest.fixture
def management(root: Path) -> str:
    (rabbitmq,) = services(root / "infra" / "rabbitmq" / "management.yml").values()
    return rabbitmq


def test_nothing_but_the_gateway_is_published(root: Path) -> None:
    published = {name for name, service in services(root / "docker-compose.yml").items() if "ports:" in service}

    assert published == {"gateway"}


def test_the_management_page_is_published_on_loopback_with_a_password_of_its_own(management: str) -> None:
    assert re.findall(r'ports: \["([^"]+)"\]', management) == ["127.0.0.1:${RABBITMQ_MANAGEMENT_PORT:-15672}:15672"]
    assert re.search(r"RABBITMQ_DEFAULT_PASS: \$\{RABBITMQ_PASSWORD:\?", management)
