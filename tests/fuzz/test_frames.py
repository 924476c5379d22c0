"""The gateway answers each frame of a socket or closes that socket with a code for the reason. It keeps serving other sockets."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from hypothesis import given, settings
from hypothesis import strategies as st
from websockets.exceptions import ConnectionClosed

if TYPE_CHECKING:
    from harness.live import Frame
    from harness.stack import Stack

#: Close codes for too many invalid frames, a frame that is too large, and one that isn't UTF-8.
REFUSALS = {1007, 1008, 1009}
TYPES = ["hello", "subscribe", "unsubscribe", "rate", "ping", "welcome", "constructor", ""]
NAMES = ["type", "id", "topic", "resume", "token", "userId", "itemId", "rating", "__proto__", "constructor"]
TOPICS = ["jobs", "activity", "stats", "models", "jobs/x", "users/1/recommendations", "users/\0/recommendations", "weather"]
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | st.sampled_from(TOPICS),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES) | st.text(max_size=5), inner, max_size=3),
    max_leaves=10,
)
fields = st.dictionaries(st.sampled_from(NAMES), values, max_size=5)
frames = st.builds(lambda kind, rest: {**rest, "type": kind}, st.sampled_from(TYPES), fields)
sent = (frames | values).map(json.dumps) | st.text(max_size=50) | st.binary(max_size=50)


def answers_to(target: Stack, messages: list[str | bytes]) -> tuple[list[Frame], int | None]:
    """Return the frames before the answer to a last ping, and the close code if the gateway closed the socket."""
    with target.gateway.live() as socket:
        answers = []
        try:
            for message in messages:
                socket.send(message)
            socket.send({"type": "ping", "id": "the last one"})
            while (frame := socket.receive()).get("replyTo") != "the last one":
                answers.append(frame)
        except ConnectionClosed as closed:
            return answers, closed.rcvd.code if closed.rcvd else 0
        return answers, None


def test_every_frame_is_answered_or_refused(target: Stack, fuzz_seconds: int) -> None:
    @settings(max_examples=10 * fuzz_seconds, deadline=None)
    @given(st.lists(sent, min_size=1, max_size=8))
    def attack(messages: list[str | bytes]) -> None:
        answers, code = answers_to(target, messages)

        assert code is None or code in REFUSALS
        assert {frame["type"] for frame in answers} <= {"welcome", "event", "ack", "error", "pong"}
        assert not [frame for frame in answers if frame.get("reason") == "INTERNAL"]

    attack()
