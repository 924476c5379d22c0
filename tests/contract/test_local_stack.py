"""How `make demo` decides, before anything starts."""

from __future__ import annotations

import shlex
import subprocess
import sys
import threading
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from harness.ports import free_ports
from harness.waiting import eventually
from infra.local import broker, cleaning, install
from infra.local.broker import BrokerChoice, choose_broker
from infra.local.errors import LocalError
from infra.local.folders import only_installer, owned_run_folder
from infra.local.preparation import import_command
from infra.local.programs import STOP_SECONDS, service_programs
from infra.local.progress import Progress
from infra.local.settings import Settings, read_settings

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    for name in ("AMQP_URL", "DATABASE_URL", "REGISTRY_URL", "INTERACTIONS", "ITEMS", "IMPORT"):
        monkeypatch.delenv(name, raising=False)
    return read_settings(tmp_path)


def offer(monkeypatch: pytest.MonkeyPatch, *ways: str) -> None:
    """Makes the machine one that offers these ways to a broker, and no other."""
    server = "/usr/sbin/rabbitmq-server" if "installed" in ways else None
    monkeypatch.setattr(broker, "find_server", lambda: server)
    monkeypatch.setattr(broker, "has_engine", lambda: "engine" in ways)
    monkeypatch.setattr(broker, "can_install_packages", lambda: "root" in ways)


@pytest.mark.parametrize(
    ("ways", "choice"),
    [
        (("installed", "engine", "root"), BrokerChoice.INSTALLED),
        (("engine", "root"), BrokerChoice.CONTAINER),
        (("root",), BrokerChoice.PACKAGE),
    ],
)
def test_the_broker_is_the_first_that_the_machine_offers(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, ways: tuple[str, ...], choice: BrokerChoice
) -> None:
    offer(monkeypatch, *ways)

    assert choose_broker(settings) is choice


def test_without_any_broker_one_error_lists_the_ways(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    offer(monkeypatch)

    with pytest.raises(LocalError, match=r"rabbitmq-server.*Docker.*root.*AMQP_URL"):
        choose_broker(settings)


def test_a_given_broker_that_does_not_answer_is_an_error(settings: Settings) -> None:
    (port,) = free_ports(1)

    with pytest.raises(LocalError, match=f"AMQP_URL names a broker at 127.0.0.1:{port}"):
        choose_broker(replace(settings, given_amqp_url=f"amqp://127.0.0.1:{port}/"))


def test_the_stack_stops_within_the_time_that_the_demo_promises() -> None:
    assert sum(STOP_SECONDS) < 15


@pytest.mark.parametrize("command", [install.install_with_tools, cleaning.clean])
def test_two_commands_never_change_what_is_installed_at_the_same_time(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, command: Callable[[Settings], None]
) -> None:
    events: list[str] = []
    monkeypatch.setattr(cleaning, "_say", lambda *_: events.append("second"))
    monkeypatch.setattr(install, "choose_broker", lambda _: BrokerChoice.INSTALLED)
    monkeypatch.setattr(install, "start_installation", lambda *_, **__: events.append("second"))
    monkeypatch.setattr(Progress, "say", lambda _, text: events.append(text))
    second = threading.Thread(target=command, args=[settings])
    settings.run.mkdir()

    with only_installer(settings, events.append):
        second.start()
        eventually(lambda: events, within=10, what="a second command that waits")
        events.append("first")
    second.join()

    assert events == ["waiting for another command that installs here", "first", "second"]


def test_what_owns_the_run_folder_is_named_to_who_comes_second(settings: Settings) -> None:
    with owned_run_folder(settings), pytest.raises(LocalError, match=r"running here \(process \d+\)"), owned_run_folder(settings):
        pass


def test_own_data_need_both_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "interactions.csv"
    file.write_text("user_id,item_id\n", "utf-8")
    monkeypatch.setenv("INTERACTIONS", str(file))

    with pytest.raises(LocalError, match="Give both INTERACTIONS and ITEMS"):
        read_settings(tmp_path)


@pytest.mark.parametrize("text", ["--add", "--delimiter ';' --scale 1-10", ""])
def test_options_of_the_import_are_passed_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    file = tmp_path / "data.csv"
    file.touch()
    for name, value in {"INTERACTIONS": str(file), "ITEMS": str(file), "IMPORT": text}.items():
        monkeypatch.setenv(name, value)

    command = ["import", "--interactions", str(file), "--items", str(file)]
    assert import_command(read_settings(tmp_path)) == [*command, *shlex.split(text)]


@pytest.mark.parametrize(("text", "has_files"), [("add", True), ("--delimiter ';", True), ("--add", False)])
def test_wrong_options_of_the_import_are_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, *, has_files: bool) -> None:
    file = tmp_path / "data.csv"
    file.touch()
    for name in ("INTERACTIONS", "ITEMS") if has_files else ():
        monkeypatch.setenv(name, str(file))
    monkeypatch.setenv("IMPORT", text)

    with pytest.raises(LocalError, match=f"IMPORT is {text}: "):
        read_settings(tmp_path)


def test_reset_refuses_while_the_stack_runs(root: Path, settings: Settings) -> None:
    program = (
        "from infra.local.cleaning import reset\nfrom infra.local.settings import read_settings\nfrom pathlib import Path\nimport sys\n"
    )
    program += "reset(read_settings(Path(sys.argv[1])))"
    (settings.run / "data").mkdir(parents=True)

    with owned_run_folder(settings):
        answer = subprocess.run([sys.executable, "-c", program, str(settings.root)], cwd=root, capture_output=True, text=True, check=False)

    assert answer.returncode != 0
    assert "stop it first" in answer.stderr
    assert (settings.run / "data").exists()


def test_the_environments_own_programs_are_none_of_the_machines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".venv" / "bin").mkdir(parents=True)
    (tmp_path / "elsewhere").symlink_to(tmp_path / ".venv")
    monkeypatch.setenv("PATH", f"{tmp_path}/elsewhere/bin:{tmp_path}/.venv/bin:/usr/bin")

    assert read_settings(tmp_path).machine_path == "/usr/bin"


def test_the_gateway_fetches_a_providers_keys_through_the_proxy_however_it_is_started(root: Path, settings: Settings) -> None:
    gateway = service_programs(settings, is_reloading=False)[-1]
    image = (root / "gateway_node" / "Dockerfile").read_text("utf-8")

    assert gateway.variables["NODE_USE_ENV_PROXY"] == "1"
    assert "\nENV NODE_USE_ENV_PROXY=1\n" in image


def test_in_development_the_gateway_starts_again_when_a_source_or_a_file_of_the_page_changes(root: Path, settings: Settings) -> None:
    command = service_programs(settings, is_reloading=True)[-1].command

    watched = [argument.removeprefix("--watch-path=") for argument in command if argument.startswith("--watch-path=")]
    assert watched == ["src", "web"]
    assert all((root / "gateway_node" / folder).is_dir() for folder in watched)
