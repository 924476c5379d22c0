"""Of a person's settings of pip, uv and npm only the way to packages counts. uv goes the way that pip is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from infra.local.package_sources import caches, npm_variables, uses_no_index, uv_variables, without_personal
from infra.local.settings import read_settings

WAY = ["PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_FIND_LINKS", "PIP_NO_INDEX", "PIP_CERT", "PIP_CLIENT_CERT", "PIP_PROXY"]
WAY += ["PIP_TRUSTED_HOST", "PIP_CONFIG_FILE", "PIP_DEFAULT_TIMEOUT", "npm_config_registry", "NPM_CONFIG_REGISTRY", "npm_config_cafile"]
WAY += ["npm_config_@ours:registry", "npm_config_//mirror.example/:_authToken", "npm_config__auth", "npm_config_https_proxy"]
WAY += ["NPM_CONFIG_USERCONFIG", "npm_config_strict_ssl"]
PERSONAL = ["PIP_USER", "PIP_TARGET", "PIP_PREFIX", "PIP_ROOT", "PIP_PYTHON", "PIP_DRY_RUN", "PIP_CONSTRAINT", "PIP_NO_BINARY"]
PERSONAL += [
    "UV_TARGET",
    "UV_INDEX_URL",
    "UV_CACHE_DIR",
    "UV_CONFIG_FILE",
    "UV_NO_VERIFY_HASHES",
    "PIP_CACHE_DIR",
    "npm_config_global",
    "NPM_CONFIG_GLOBAL",
    "npm_config_prefix",
    "npm_config_omit",
    "npm_config_dry_run",
]
PERSONAL += ["npm_config_ignore_scripts", "npm_config_package_lock", "npm_config_local_prefix", "npm_config_cache", "NPM_CONFIG_CACHE"]


@pytest.mark.parametrize("name", [*WAY, "PIPELINE", "HTTPS_PROXY", "HOME"])
def test_the_way_to_packages_stays(name: str) -> None:
    assert without_personal({name: "value"}) == {name: "value"}


@pytest.mark.parametrize("name", PERSONAL)
def test_settings_about_where_or_what_to_install_are_dropped(name: str) -> None:
    assert without_personal({name: "value"}) == {}


@pytest.mark.parametrize(
    ("pip", "uv"),
    [
        ({"PIP_INDEX_URL": "https://mirror.example/simple"}, {"UV_DEFAULT_INDEX": "https://mirror.example/simple"}),
        ({"PIP_EXTRA_INDEX_URL": "https://one.example\nhttps://two.example"}, {"UV_INDEX": "https://one.example https://two.example"}),
        ({"PIP_FIND_LINKS": "/wheels https://three.example"}, {"UV_FIND_LINKS": "/wheels,https://three.example"}),
        ({"PIP_TRUSTED_HOST": "mirror.example:8443"}, {"UV_INSECURE_HOST": "mirror.example:8443"}),
        ({"PIP_PROXY": "http://proxy.example"}, {"ALL_PROXY": "http://proxy.example"}),
        ({"PIP_CERT": "/company.pem", "REQUESTS_CA_BUNDLE": "/other.pem"}, {"SSL_CERT_FILE": "/company.pem"}),
        ({"REQUESTS_CA_BUNDLE": "/other.pem", "SSL_CERT_FILE": "/third.pem"}, {"SSL_CERT_FILE": "/other.pem"}),
        ({"PIP_CLIENT_CERT": "/me.pem", "PIP_DEFAULT_TIMEOUT": "180"}, {"SSL_CLIENT_CERT": "/me.pem", "UV_HTTP_TIMEOUT": "180"}),
    ],
)
def test_uv_reaches_packages_as_pip_is_told_to(pip: dict[str, str], uv: dict[str, str]) -> None:
    variables = uv_variables(pip)

    assert {name: variables[name] for name in uv} == uv


def test_without_an_index_uv_asks_none() -> None:
    pip = {"PIP_NO_INDEX": "yes", "PIP_INDEX_URL": "https://mirror.example/simple", "PIP_FIND_LINKS": "/wheels"}

    variables = uv_variables(pip)

    assert uses_no_index(pip)
    assert {"UV_DEFAULT_INDEX", "UV_INDEX"} & set(variables) == set()
    assert variables["UV_FIND_LINKS"] == "/wheels"


def test_every_cache_lies_in_the_checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in caches(tmp_path):
        monkeypatch.setenv(name, "/elsewhere")

    variables = read_settings(tmp_path).variables

    assert [name for name in caches(tmp_path) if not Path(variables[name]).is_relative_to(tmp_path / ".run")] == []


def machine_with_npm(folder: Path, says: str) -> str:
    (folder / "npm").write_text(f"#!/bin/sh\n{says}\n", "utf-8")
    (folder / "npm").chmod(0o755)
    return str(folder)


def test_the_file_for_all_users_of_the_machines_own_npm_counts(tmp_path: Path) -> None:
    (tmp_path / "npmrc").touch()
    path = machine_with_npm(tmp_path, f"echo {tmp_path}/npmrc")

    variables = npm_variables(path, {"HOME": "/home/me"})

    assert variables == {"HOME": "/home/me", "npm_config_globalconfig": f"{tmp_path}/npmrc"}


def test_a_file_for_all_users_that_the_person_names_comes_before_it(tmp_path: Path) -> None:
    (tmp_path / "npmrc").touch()
    path = machine_with_npm(tmp_path, f"echo {tmp_path}/npmrc")

    variables = npm_variables(path, {"npm_config_globalconfig": "/mine"})

    assert variables == {"npm_config_globalconfig": "/mine"}


@pytest.mark.parametrize("says", ["exit 1", "echo undefined"])
def test_a_machine_whose_npm_names_no_such_file_changes_nothing(tmp_path: Path, says: str) -> None:
    assert npm_variables(machine_with_npm(tmp_path, says), {"HOME": "/home/me"}) == {"HOME": "/home/me"}
