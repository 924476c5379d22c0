"""The schedule of faults. The seed decides which part fails, how, and for how long. Each fault is healed before the next one."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from itertools import count
from random import Random
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harness.container_part import ContainerPart

REST_SECONDS = (0.5, 2.0)


class Kind(StrEnum):
    KILL = "kill"
    STOP = "stop"
    PAUSE = "pause"
    DISCONNECT = "disconnect"
    #: Freeze, then kill: the part loses the work that it had accepted and not finished.
    HANG = "hang"


KINDS = tuple(Kind)
#: The parts that may fail, with the number of their replicas.
TARGETS = {"broker": 1, "database": 1, "gateway": 2, "recommender": 2, "worker": 2}


@dataclass(frozen=True, slots=True)
class Fault:
    kind: Kind
    target: str
    #: The number of the replica that fails.
    replica: int
    hold_seconds: float

    @property
    def name(self) -> str:
        return f"{self.kind} {self.target}"

    def begin(self, part: ContainerPart) -> None:
        match self.kind:
            case Kind.KILL:
                part.kill()
            case Kind.STOP:
                part.terminate()
            case Kind.PAUSE | Kind.HANG:
                part.pause()
            case Kind.DISCONNECT:
                part.disconnect()

    def heal(self, part: ContainerPart) -> None:
        match self.kind:
            case Kind.KILL | Kind.STOP:
                part.start_again()
            case Kind.PAUSE:
                part.unpause()
            case Kind.DISCONNECT:
                part.reconnect()
            case Kind.HANG:
                part.kill()
                part.start_again()


@dataclass(frozen=True, slots=True)
class Step:
    """Faults of different targets that overlap, and the pause after them."""

    faults: tuple[Fault, ...]
    rest_seconds: float


def schedule(seed: str, hold_seconds: tuple[float, float], *, at_once: int = 1) -> Iterator[Step]:
    """Yield steps without end. Every target fails once before any fails again, and in five rounds in all five ways.

    Short faults are more frequent than long ones, because some clients of a part notice only long outages.
    """
    random = Random(f"{seed}/faults")  # noqa: S311
    turns = {target: random.sample(KINDS, len(KINDS)) for target in TARGETS}
    for turn in count():
        faults = [
            Fault(
                turns[target][turn % len(KINDS)],
                target,
                random.randrange(TARGETS[target]),
                random.triangular(*hold_seconds, hold_seconds[0]),
            )
            for target in random.sample(list(TARGETS), len(TARGETS))
        ]
        for first in range(0, len(faults), at_once):
            yield Step(tuple(faults[first : first + at_once]), random.uniform(*REST_SECONDS))
