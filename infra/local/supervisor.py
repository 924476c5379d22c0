"""Runs programs under supervisord, which starts again what dies and stops all in order. Talks to it over a socket in the run folder."""

from __future__ import annotations

import hashlib
import http.client
import os
import shlex
import socket
import subprocess
import tempfile
import xmlrpc.client
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from infra.local.programs import SERVICES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from infra.local.programs import Program
    from infra.local.settings import Settings

#: A path of a socket holds 107 bytes, and supervisord adds its process id while it starts.
SOCKET_PATH_BYTES = 90

HEAD = """\
[supervisord]
nodaemon = true
silent = true
pidfile = {run}/supervisord.pid
logfile = {run}/logs/supervisord.log
logfile_maxbytes = 5MB
logfile_backups = 1
{user}
[unix_http_server]
file = {socket}
chmod = 0700

[rpcinterface:supervisor]
supervisor.rpcinterface_factory = supervisor.rpcinterface:make_main_rpcinterface
"""
PROGRAM = """
[program:{name}]
command = {command}
directory = {folder}
environment = {variables}
priority = {priority}
autostart = {autostart}
autorestart = true
startsecs = 1
startretries = 1000
stopsignal = TERM
stopwaitsecs = {stop_seconds}
killasgroup = true
redirect_stderr = true
stdout_logfile = {run}/logs/{name}.log
stdout_logfile_maxbytes = 10MB
stdout_logfile_backups = 1
"""
GROUP = """
[group:{name}]
programs = {programs}
priority = 100
"""


def configuration(settings: Settings, programs: Sequence[Program]) -> str:
    user = "user = root\n" if os.geteuid() == 0 else ""
    parts = [HEAD.format(run=_escaped(settings.run), socket=_escaped(socket_path(settings)), user=user)]
    parts += [_program(settings, program) for program in programs]
    services = ",".join(program.name for program in programs if program.group == SERVICES)
    return "".join([*parts, GROUP.format(name=SERVICES, programs=services)])


def _program(settings: Settings, program: Program) -> str:
    return PROGRAM.format(
        name=program.name,
        command=_escaped(shlex.join(program.command)),
        folder=_escaped(program.folder),
        variables=",".join(f'{name}="{_escaped(value)}"' for name, value in program.variables.items()),
        priority=program.priority,
        autostart=str(program.group is None).lower(),
        stop_seconds=program.stop_seconds,
        run=_escaped(settings.run),
    )


def _escaped(value: object) -> str:
    """A percent sign begins an expansion in supervisor's files."""
    return str(value).replace("%", "%%")


def socket_path(settings: Settings) -> Path:
    path = settings.run / "supervisor.sock"
    if len(os.fsencode(path)) <= SOCKET_PATH_BYTES:
        return path
    folder = Path(tempfile.gettempdir()) / f"whynotboth-{os.geteuid()}-{hashlib.sha256(os.fsencode(path)).hexdigest()[:8]}"
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder / "supervisor.sock"


class Supervisor:
    """One supervisord, from its start to the end of all its programs."""

    def __init__(self, settings: Settings, programs: Sequence[Program]) -> None:
        self._settings = settings
        self._socket = socket_path(settings)
        (settings.run / "supervisor.conf").write_text(configuration(settings, programs), "utf-8")
        self._daemon: subprocess.Popen[bytes] | None = None

    def start(self) -> Self:
        self._socket.unlink(missing_ok=True)
        self._daemon = subprocess.Popen(
            [str(self._settings.python), "-m", "supervisor.supervisord", "-c", str(self._settings.run / "supervisor.conf")],
            cwd=self._settings.root,
            env=self._settings.variables,
            stdin=subprocess.DEVNULL,
            stdout=(self._settings.logs / "supervisord.out").open("wb"),
            stderr=subprocess.STDOUT,
            # Ctrl-C in the terminal is for the demo, which stops the programs in order.
            start_new_session=True,
        )
        return self

    @property
    def is_running(self) -> bool:
        return self._daemon is not None and self._daemon.poll() is None

    def processes(self) -> list[dict[str, Any]]:
        """Gives supervisor's own description of each program, nothing while it doesn't answer."""
        with suppress(OSError, http.client.HTTPException, xmlrpc.client.Fault):
            return list(self._proxy().supervisor.getAllProcessInfo())
        return []

    def start_services(self) -> None:
        self._proxy().supervisor.startProcessGroup(SERVICES, False)  # noqa: FBT003  XML-RPC knows no keywords

    def begin_stop(self) -> None:
        if self.is_running and self._daemon:
            self._daemon.terminate()

    def _proxy(self) -> Any:
        return xmlrpc.client.ServerProxy("http://localhost", transport=_SocketTransport(self._socket))


class _SocketTransport(xmlrpc.client.Transport):
    def __init__(self, path: Path) -> None:
        super().__init__()
        self._path = path

    def make_connection(self, host: Any) -> http.client.HTTPConnection:
        return _SocketConnection(str(host), self._path)


class _SocketConnection(http.client.HTTPConnection):
    def __init__(self, host: str, path: Path) -> None:
        super().__init__(host, timeout=5)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(5)
        self.sock.connect(str(self._path))
