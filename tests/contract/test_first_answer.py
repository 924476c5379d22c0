"""The demo says that it is ready only after a recommendation was answered through its gateway."""

from __future__ import annotations

import json
import threading
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest

from harness.ports import LOOPBACK, free_ports
from infra.local.errors import LocalError
from infra.local.first_answer import wait_for_first_answer
from infra.local.progress import Progress
from infra.local.settings import Settings, read_settings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ANSWERED = (200, {"degraded": False})
DEGRADED = (200, {"degraded": True})
REFUSED = (503, {"reason": "RECOMMENDER_UNAVAILABLE"})


class FakeGateway(ThreadingHTTPServer):
    """Accept every sign-in. Give these answers to requests for recommendations, in order, and repeat the last one."""

    daemon_threads = True

    def __init__(self, *answers: tuple[int, Any]) -> None:
        super().__init__((LOOPBACK, 0), _Handler)
        self.answers = list(answers)

    def next_answer(self) -> tuple[int, Any]:
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


class _Handler(BaseHTTPRequestHandler):
    server: FakeGateway

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        self._send(201, {"token": "good"})

    def do_GET(self) -> None:
        assert self.headers["authorization"] == "Bearer good"
        self._send(*self.server.next_answer())

    def _send(self, status: int, body: Any) -> None:
        text = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("content-length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def gateway() -> Iterator[FakeGateway]:
    with FakeGateway(ANSWERED) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def settings(gateway: FakeGateway, tmp_path: Path) -> Settings:
    settings = read_settings(tmp_path)
    return replace(settings, ports={**settings.ports, "GATEWAY_PORT": gateway.server_port})


def test_it_waits_until_the_recommender_itself_answers(gateway: FakeGateway, settings: Settings) -> None:
    gateway.answers = [REFUSED, DEGRADED, ANSWERED, REFUSED]

    wait_for_first_answer(settings, Progress())

    assert gateway.answers == [REFUSED]


@pytest.mark.parametrize(("answer", "reason"), [(REFUSED, "503, .*RECOMMENDER_UNAVAILABLE"), (DEGRADED, "recommender doesn't answer")])
def test_a_stack_that_never_recommends_is_an_error_with_the_reason(
    gateway: FakeGateway, settings: Settings, answer: tuple[int, Any], reason: str
) -> None:
    gateway.answers = [answer]

    with pytest.raises(LocalError, match=reason):
        wait_for_first_answer(settings, Progress(), within=0.1)


def test_a_gateway_that_does_not_answer_is_an_error(settings: Settings) -> None:
    (nobody,) = free_ports(1)

    with pytest.raises(LocalError, match="Connection refused"):
        wait_for_first_answer(replace(settings, ports={**settings.ports, "GATEWAY_PORT": nobody}), Progress(), within=0.1)


@pytest.mark.parametrize(
    "answer",
    [b"no HTTP at all\r\n\r\n", b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{", b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"],
)
def test_a_program_that_does_not_answer_as_a_gateway_is_an_error(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, answer: bytes
) -> None:
    monkeypatch.setattr(_Handler, "do_POST", lambda handler: handler.wfile.write(answer))

    with pytest.raises(LocalError, match="gives no usable answer"):
        wait_for_first_answer(settings, Progress(), within=0.1)


def test_with_an_openid_provider_no_recommendation_is_tried(
    gateway: FakeGateway, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    gateway.answers = [REFUSED]

    wait_for_first_answer(replace(settings, variables={**settings.variables, "GATEWAY_DEMO": "false"}), Progress())

    assert "no recommendation was tried" in capsys.readouterr().out
