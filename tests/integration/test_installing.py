"""Installing into a small checkout, on the machine of somebody with settings of their own for pip and npm."""

from __future__ import annotations

import configparser
import hashlib
import json
import os
import subprocess
import zipfile
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from infra.local.broker_choice import BrokerChoice
from infra.local.install import Installation
from infra.local.progress import Progress, Steps
from infra.local.settings import Settings, read_settings

if TYPE_CHECKING:
    from pathlib import Path

FOLDERS = ("infra/local", "ml_service_py", "tests")
PACKAGES = ("shipped", "tool", "extra")
#: Each of these alone would lead elsewhere, leave something out, or end the installation.
PIP = {"user": "yes", "target": "elsewhere", "root": "elsewhere", "dry-run": "yes", "constraint": "absent.txt", "no-binary": ":all:"}
NPM = {"global": "true", "location": "global", "omit": "optional", "dry-run": "true", "package-lock": "false", "bin-links": "false"}
NPM |= {"package-lock-only": "true", "prefix": "elsewhere", "install-strategy": "nested", "only": "production", "workspaces": "true"}


@pytest.fixture
def checkout(tmp_path: Path, root: Path) -> Path:
    """A checkout in a folder with an accent, whose locks name small packages that are here."""
    folder = tmp_path / "José's 100%"
    digest = write_wheel(tmp_path / "wheels")
    for name in FOLDERS:
        (folder / name).mkdir(parents=True)
        (folder / name / "requirements.lock").write_text(f"smallest==1.0 --hash=sha256:{digest}\n")
    (folder / "ml_service_py" / "src").mkdir()
    (folder / "ml_service_py" / "src" / "our_source.py").touch()
    write_node_packages(folder / "gateway_node", root / "gateway_node" / ".npmrc")
    return folder


def write_wheel(folder: Path) -> str:
    folder.mkdir()
    files = {"smallest.py": "", "smallest-1.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: smallest\nVersion: 1.0\n"}
    files |= {"smallest-1.0.dist-info/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"}
    records = "".join(f"{name},,\n" for name in [*files, "smallest-1.0.dist-info/RECORD"])
    with zipfile.ZipFile(folder / "smallest-1.0-py3-none-any.whl", "w") as wheel:
        for name, text in {**files, "smallest-1.0.dist-info/RECORD": records}.items():
            wheel.writestr(name, text)
    return hashlib.sha256((folder / "smallest-1.0-py3-none-any.whl").read_bytes()).hexdigest()


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


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The home of somebody who has no settings yet and reaches packages by a folder only; the locale is C."""
    for name in os.environ:
        if name.startswith("PIP_") or name.lower().startswith("npm_config_"):
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


def install(checkout: Path, root: Path) -> Settings:
    settings = replace(read_settings(checkout), machine_path=f"{root}/.venv/bin")
    steps = Steps(Progress(), settings.logs)
    Installation(settings, steps, with_tools=True).start(BrokerChoice.INSTALLED)
    steps.wait()
    return settings


def assert_installed(settings: Settings) -> None:
    assert (settings.site_packages / "smallest.py").exists()
    assert sorted(path.name for path in settings.node_modules.iterdir() if path.is_symlink()) == sorted(PACKAGES)
    assert sorted(path.name for path in (settings.node_modules / ".bin").iterdir()) == sorted(PACKAGES)
    subprocess.run([settings.python, "-c", "import smallest, our_source"], env={"LC_ALL": "C"}, check=True)


def test_variables_of_pip_and_npm_decide_nothing_but_the_way_to_packages(
    checkout: Path, machine: Path, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in PIP.items():
        monkeypatch.setenv(f"PIP_{name.upper().replace('-', '_')}", value)
    for name, value in {**NPM, "ignore-scripts": "false"}.items():
        monkeypatch.setenv(f"npm_config_{name.replace('-', '_')}", value)
    monkeypatch.setenv("PYTHONPATH", str(machine.parent / "wheels" / "smallest-1.0-py3-none-any.whl"))

    settings = install(checkout, root)

    assert_installed(settings)


def test_files_of_pip_and_npm_decide_nothing_but_the_way_to_packages(checkout: Path, machine: Path, root: Path) -> None:
    configure_pip(machine, "global", PIP)
    (machine / ".npmrc").write_text("".join(f"{name}={value}\n" for name, value in NPM.items()))

    settings = install(checkout, root)

    assert_installed(settings)


def test_what_installers_keep_lies_in_the_checkout(checkout: Path, machine: Path, root: Path) -> None:
    settings = install(checkout, root)

    assert (settings.run / "cache" / "npm").is_dir()
    assert {path.name for path in machine.iterdir()} & {".npm", ".cache"} == set()
