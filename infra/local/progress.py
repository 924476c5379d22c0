"""Progress of a command: a line for each event, with the seconds since the start, and steps that run side by side."""

import re
import shlex
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from contextlib import suppress
from pathlib import Path

from infra.local.errors import LocalError

SILENCE_SECONDS = 5
STOP_SECONDS = 5
WIDTH = 100
WARNING = re.compile(r"WARNING|npm warn|\s*$")
#: The person must read these lines of a command, so they are shown and not only logged.
NOTE = re.compile(r"Note: ")


class Progress:
    def __init__(self) -> None:
        self._began = time.monotonic()

    @property
    def elapsed(self) -> float:
        return time.monotonic() - self._began

    def say(self, text: str) -> None:
        sys.stdout.write(f"[{self.elapsed:6.1f} s] {text}\n")
        sys.stdout.flush()


class Steps:
    """Run named steps in threads. When one fails, or on Ctrl-C, end the commands of the others."""

    def __init__(self, progress: Progress, logs: Path) -> None:
        self._progress = progress
        self._logs = logs
        self._threads = ThreadPoolExecutor(max_workers=16)
        self._futures: list[Future[None]] = []
        self._running: set[str] = set()
        self._commands: dict[subprocess.Popen[bytes], Path] = {}
        self._is_stopped = False
        logs.mkdir(parents=True, exist_ok=True)

    def start(self, name: str, work: Callable[[], None], after: Sequence[Future[None]] = ()) -> Future[None]:
        """Run the work in a thread, once the earlier steps have succeeded."""
        future = self._threads.submit(self._run, name, work, after)
        self._futures.append(future)
        return future

    def _run(self, name: str, work: Callable[[], None], after: Sequence[Future[None]]) -> None:
        for earlier in after:
            earlier.result()
        began = time.monotonic()
        self._running.add(name)
        self._progress.say(f"{name} ...")
        work()
        self._running.discard(name)
        self._progress.say(f"{name}: done in {time.monotonic() - began:.1f} s")

    def wait(self) -> None:
        """Return when all steps have ended. Raise the error of the first that failed."""
        try:
            while True:
                done, pending = wait(self._futures, timeout=SILENCE_SECONDS, return_when=FIRST_EXCEPTION)
                for future in done:
                    future.result()
                if not pending:
                    return
                self._progress.say(f"still at it: {', '.join(sorted(self._running))}{self._last_words()}")
        finally:
            self._stop()

    def _last_words(self) -> str:
        """Return the last line of each running command's log, warnings aside."""
        said = [[line for line in tail(path).splitlines() if not WARNING.match(line)] for path in list(self._commands.values())]
        return "".join(f"\n           {lines[-1].strip()[:WIDTH]}" for lines in said if lines)

    def _stop(self) -> None:
        self._is_stopped = True
        commands = list(self._commands)
        for command in commands:
            command.terminate()
        for command in commands:
            with suppress(subprocess.TimeoutExpired):
                command.wait(STOP_SECONDS)
            command.kill()
        self._threads.shutdown(cancel_futures=True)

    def command(self, name: str, command: Sequence[str], *, cwd: Path, variables: Mapping[str, str]) -> None:
        """Run a command with its output in a log file of that name. Raise LocalError with the log's end when it fails."""
        path = self._logs / f"{name}.log"
        if self._is_stopped:
            raise LocalError(f"Stopped before {name}.")
        with path.open("wb") as log:
            running = subprocess.Popen(command, cwd=cwd, env=dict(variables), stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        self._commands[running] = path
        code = running.wait()
        del self._commands[running]
        if code != 0:
            raise LocalError(f"`{shlex.join(command)}` ended with {code}. The end of {path}:\n{tail(path)}")
        for line in filter(NOTE.match, tail(path).splitlines()):
            self._progress.say(line)


def tail(path: Path, lines: int = 25) -> str:
    """Return the end of a log, nothing where there is none."""
    if not path.exists():
        return ""
    return "\n".join(path.read_text("utf-8", errors="replace").splitlines()[-lines:])
