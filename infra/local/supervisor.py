"""Runs programs under supervisord, which starts again what dies and stops all in order. Talks to it over a socket in the run folder."""

from __future__ import annotations

import http.client
import os
import shlex
import socket
import subprocess
import xmlrpc.client
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Self

from infra.local.errors import LocalError
from infra.local.plain_names import plain_name
from infra.local.programs import SERVICES
from infra.local.progress import tail

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from infra.local.programs import Program
    from infra.local.settings import Settings

#: supervisord's answers for a program whose file is missing or can't be executed. One that ends at once is started again.
CAN_NOT_RUN = frozenset({20, 21})
#: Neither a path nor a value stands in this file: its grammar expands `%` (twice in the names of logs), begins comments at ` #` and ` ;`,
#: and drops quotes. Names are relative to the checkout, and the rest comes by variables, whose values supervisord takes as they are.
HEAD = """\
[supervisord]
nodaemon = true
silent = true
pidfile = .run/supervisord.pid
logfile = .run/logs/supervisord.log
logfile_maxbytes = 5MB
logfile_backups = 1
{user}
[unix_http_server]
file = %(ENV_LOCAL_SOCKET)s
chmod = 0700

[rpcinterface:supervisor]
supervisor.rpcinterface_factory = supervisor.rpcinterface:make_main_rpcinterface
"""
PROGRAM = """
[program:{name}]
command = %(ENV_{variable})s
directory = {folder}
priority = {priority}
autostart = {autostart}
autorestart = true
startsecs = 1
startretries = 1000
stopsignal = TERM
stopwaitsecs = {stop_seconds}
killasgroup = true
redirect_stderr = true
stdout_logfile = .run/logs/{name}.log
stdout_logfile_maxbytes = 10MB
stdout_logfile_backups = 1
"""
GROUP = """
[group:{name}]
programs = {programs}
priority = 100
"""


def configuration(settings: Settings, programs: Sequence[Program]) -> str:
    """Return supervisord's file. It is read in the checkout, with the variables of `supervisor_variables`."""
    parts = [HEAD.format(user="user = root\n" if os.geteuid() == 0 else "")]
    parts += [_program(settings, program) for program in programs]
    services = ",".join(program.name for program in programs if program.group == SERVICES)
    return "".join([*parts, GROUP.format(name=SERVICES, programs=services)])


def _program(settings: Settings, program: Program) -> str:
    return PROGRAM.format(
        name=program.name,
        variable=_command_variable(program),
        folder=program.folder.relative_to(settings.root),
        priority=program.priority,
        autostart=str(program.group is None).lower(),
        stop_seconds=program.stop_seconds,
    )


def supervisor_variables(settings: Settings, programs: Sequence[Program]) -> dict[str, str]:
    """Return what the file's variables stand for, beside the variables that all programs see."""
    commands = {_command_variable(program): _command(program) for program in programs}
    return {**settings.variables, **commands, "LOCAL_SOCKET": str(socket_path(settings))}


def _command_variable(program: Program) -> str:
    return f"LOCAL_COMMAND_{program.name.upper()}"


def _command(program: Program) -> str:
    """Return the command in a shell's quotes. `env` sets the program's own variables and becomes the program."""
    own = [f"{name}={value}" for name, value in program.variables.items()]
    return shlex.join(["env", *own, *program.command] if own else program.command)


def socket_path(settings: Settings) -> Path:
    return plain_name(settings.run) / "supervisor.sock"


class Supervisor:
    """One supervisord, from its start to the end of all its programs."""

    def __init__(self, settings: Settings, programs: Sequence[Program]) -> None:
        self._settings = settings
        self._socket = socket_path(settings)
        self._output = settings.logs / "supervisord.out"
        self._log = settings.logs / "supervisord.log"
        self._variables = supervisor_variables(settings, programs)
        (settings.run / "supervisor.conf").write_text(configuration(settings, programs), "ascii")
        self._daemon: subprocess.Popen[bytes] | None = None

    def start(self) -> Self:
        self._socket.unlink(missing_ok=True)
        with self._output.open("wb") as output:
            self._daemon = subprocess.Popen(
                [str(self._settings.python), "-m", "supervisor.supervisord", "-c", ".run/supervisor.conf"],
                cwd=self._settings.root,
                env=self._variables,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                # Ctrl-C in the terminal is for the demo, which stops the programs in order.
                start_new_session=True,
            )
        return self

    @property
    def is_running(self) -> bool:
        return self._daemon is not None and self._daemon.poll() is None

    def last_words(self) -> str:
        """Return the ends of what supervisord wrote. Until it has read its file it reports errors on its output, later in its log."""
        return "\n".join(f"The end of {path}:\n{tail(path)}" for path in (self._output, self._log) if tail(path))

    def processes(self) -> list[dict[str, Any]]:
        return describe_programs(self._socket)

    def start_services(self) -> None:
        """Start the services. Raises LocalError for one that can't be run: it would never write a log that says why."""
        with _connection_to(self._socket) as connection:
            answers = connection.supervisor.startProcessGroup(SERVICES, False)  # noqa: FBT003  XML-RPC knows no keywords
        failed = [f"{answer['name']} can't be run: {answer['description']}" for answer in answers if answer["status"] in CAN_NOT_RUN]
        if failed:
            raise LocalError("\n".join(failed))

    def begin_stop(self) -> None:
        if self.is_running and self._daemon:
            self._daemon.terminate()


def describe_programs(path: Path) -> list[dict[str, Any]]:
    """Return supervisor's own description of each program, nothing while it doesn't answer on its socket."""
    with suppress(OSError, http.client.HTTPException, xmlrpc.client.Fault), _connection_to(path) as connection:
        return list(connection.supervisor.getAllProcessInfo())
    return []


def _connection_to(path: Path) -> Any:
    return xmlrpc.client.ServerProxy("http://localhost", transport=_SocketTransport(path))


class _SocketTransport(xmlrpc.client.Transport):
    def __init__(self, path: Path) -> None:
        super().__init__()
        self._path = path

    def make_connection(self, host: Any) -> http.client.HTTPConnection:
        connection = _SocketConnection(str(host), self._path)
        # The base class closes what it remembers here.
        self._connection = host, connection
        return connection


class _SocketConnection(http.client.HTTPConnection):
    def __init__(self, host: str, path: Path) -> None:
        super().__init__(host, timeout=5)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(5)
        self.sock.connect(str(self._path))
