"""A client of one gateway with a short timeout. It records an `Answer` for every request."""

from __future__ import annotations

import json
import time
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import httpx
from websockets.exceptions import WebSocketException

from harness import plain_http
from harness.live import live_socket
from harness.ports import LOOPBACK
from harness.sign_in import SignIn
from harness.soak.ledger import Answer, Outcome

if TYPE_CHECKING:
    from collections.abc import Mapping

    from harness.gateway import Json
    from harness.live import LiveSocket
    from harness.soak.ledger import Interaction, Job

TIMEOUT_SECONDS = 5.0


class GatewayClient:
    def __init__(self, port: int, requests: list[Answer]) -> None:
        self._address = f"{LOOPBACK}:{port}"
        self._sign_in = SignIn(f"http://{self._address}")
        self._http = plain_http.client(f"http://{self._address}", timeout=TIMEOUT_SECONDS, auth=self._sign_in)
        self._requests = requests
        self._opened = ExitStack()
        #: The open sockets by user id. The operator's socket is stored under None.
        self._sockets: dict[str | None, LiveSocket] = {}

    def rate(self, interaction: Interaction, key: str | None = None) -> Answer:
        body = {"userId": interaction.user_id, "itemId": interaction.item_id, "rating": interaction.rating}
        return self.post("/v1/interactions", body, "interactionId", key)

    def request_job(self, job: Job, key: str | None = None) -> Answer:
        return self.post("/v1/jobs", {"kind": job.kind, "params": json.loads(job.params)}, "jobId", key)

    def cancel(self, job_id: str) -> Answer:
        return self.post(f"/v1/jobs/{job_id}/cancel", {}, "jobId")

    def post(self, path: str, body: Json, id_field: str, key: str | None = None) -> Answer:
        """Send a POST request. `id_field` is the field of the answer that holds the new resource's id."""
        headers = {} if key is None else {"Idempotency-Key": key}
        answer, created = self._request("POST", path, json=body, headers=headers)
        return Answer(answer.began, answer.seconds, answer.outcome, created.get(id_field), created.get("offset"))

    def get(self, path: str, params: Mapping[str, str | int] | None = None) -> Json:
        """Return the answer's body, or an empty one if the request failed or was refused."""
        return self._request("GET", path, params=params)[1]

    def rate_by_frame(self, frame_id: str, interaction: Interaction) -> Answer:
        """Send a rating over the user's socket. Open the socket first if there is none. An error closes all sockets of this client."""
        user_id, item_id, rating = interaction
        began = time.monotonic()
        outcome = Outcome.UNKNOWN
        try:
            outcome = self._rate(user_id, {"type": "rate", "id": frame_id, "itemId": item_id, "rating": rating})
        except (OSError, WebSocketException, httpx.HTTPError):
            self.disconnect()
        return self._note(Answer(began, time.monotonic() - began, outcome))

    def watch(self, topic: str, resume: int | None, within: float) -> Json:
        """Return the next frame of the operator's socket. If it isn't open, open it and subscribe to the topic after offset `resume`."""
        if None not in self._sockets:
            frame = {"type": "subscribe", "topic": topic}
            self._socket_of(None).send(frame if resume is None else {**frame, "resume": resume})
        return self._socket_of(None).receive(within)

    def close(self) -> None:
        self.disconnect()
        self._http.close()

    def _request(self, method: str, path: str, **request: Any) -> tuple[Answer, Json]:
        began = time.monotonic()
        try:
            response = self._http.request(method, path, **request)
        except httpx.HTTPError:
            return self._note(Answer(began, time.monotonic() - began, Outcome.UNKNOWN)), {}
        answer = self._note(Answer(began, time.monotonic() - began, _outcome(response)))
        return answer, response.json() if answer.outcome is Outcome.ACCEPTED else {}

    def _rate(self, user_id: str, frame: Json) -> Outcome:
        socket = self._socket_of(user_id)
        socket.send(frame)
        reply = socket.reply_to(frame["id"], TIMEOUT_SECONDS)
        if reply["type"] == "ack":
            return Outcome.ACCEPTED
        return Outcome.UNKNOWN if reply["retryable"] else Outcome.REFUSED

    def _socket_of(self, user_id: str | None) -> LiveSocket:
        if user_id not in self._sockets:
            url = f"ws://{self._address}/v1/live"
            self._sockets[user_id] = self._opened.enter_context(live_socket(url, self._sign_in.token(user_id)))
        return self._sockets[user_id]

    def disconnect(self) -> None:
        self._sockets.clear()
        self._opened.close()

    def _note(self, answer: Answer) -> Answer:
        self._requests.append(answer)
        return answer


def _outcome(response: httpx.Response) -> Outcome:
    if response.is_success:
        return Outcome.ACCEPTED
    return Outcome.REFUSED if response.is_client_error else Outcome.UNKNOWN
