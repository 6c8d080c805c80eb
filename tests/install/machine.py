"""A machine with nothing but Python: a copy of the installer, its own home directory, and one package index."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tomllib
from collections.abc import Mapping
from importlib.metadata import distributions
from pathlib import Path
from types import MappingProxyType

from packaging.utils import canonicalize_name

from tests.install import locks
from tests.install.index import Shelf

QUICK_START = Path(__file__).with_name("quick_start.py")
OLDEST_PIPS = Path(sys.prefix) / "oldest-pips"
NOWHERE = "http://127.0.0.1:9/simple"  # no server listens there


class Machine:
    """Runs the installer as make does. A request to the internet would go to a proxy that does not exist."""

    def __init__(self, folder: Path, shelf: Shelf, index: str, python: Path | None = None) -> None:
        self.project = folder / "project"
        self.python = python or base_python()
        self.version = version_of(self.python)
        self.home = folder / "home"
        self.requirements = self.project / "requirements"
        self.venv = self.project / ".venv"
        self.site = self.venv / "lib" / f"python{'.'.join(self.version.split('.')[:2])}" / "site-packages"
        self.stamp = self.venv / "installed.json"
        self.index = index
        self.home.mkdir(parents=True)
        self.requirements.mkdir(parents=True)
        shutil.copy(locks.LOCKS / "install.py", self.requirements)
        for name in ("pyproject.toml", "README.md", "LICENSE"):
            shutil.copy(locks.ROOT / name, self.project)
        shutil.copytree(locks.ROOT / "taskline", self.project / "taskline")
        for name in ("laptop", "test", "check", "uv"):
            (self.requirements / f"{name}.txt").write_text(shelf.lock(name))
        pip = f"pip=={shelf.by_name['pip'][0].name.split('-')[1]} --hash=sha256:{shelf.hash_of('pip')}\n"
        for name in ("checkov", "oldest-pips"):
            (self.requirements / f"{name}.txt").write_text(pip)

    @property
    def environment(self) -> dict[str, str]:
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(self.home),
            "PIP_CONFIG_FILE": os.devnull,
            "PIP_INDEX_URL": self.index,
            "PIP_RETRIES": "1",
            "UV_HTTP_RETRIES": "0",
            "HTTPS_PROXY": "http://127.0.0.1:9",
            "NO_PROXY": "127.0.0.1",
        }

    def start(
        self,
        group: str,
        *,
        quick: bool = True,
        stderr: int = subprocess.STDOUT,
        variables: Mapping[str, str] = MappingProxyType({}),
    ) -> subprocess.Popen[str]:
        """With `quick`, `quick_start.py` creates the environment, with the oldest pip that this Python bundled."""
        installer = self.requirements / "install.py"
        pips = OLDEST_PIPS / ".".join(self.version.split(".")[:2])
        command = [QUICK_START, installer, pips, group] if quick else [installer, group]
        return subprocess.Popen(
            [self.python, *command],
            cwd=self.project,
            env=self.environment | {**variables},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
            start_new_session=True,
            # A shell ignores Ctrl-C for what it runs in the background, and its children inherit that.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )

    def install(self, group: str, *, quick: bool = True, **variables: str) -> subprocess.CompletedProcess[str]:
        process = self.start(group, quick=quick, variables=variables)
        output, _ = process.communicate(timeout=120)
        return subprocess.CompletedProcess(process.args, process.returncode, output)

    def installed(self) -> dict[str, str]:
        """The versions in the environment, by name."""
        return {canonicalize_name(found.name): found.version for found in distributions(path=[str(self.site)])}

    def locked(self, group: str) -> dict[str, str]:
        """The versions in the lock that apply to this Python, by name, and the version of the project itself."""
        lock = locks.read(self.requirements / f"{group}.txt")
        project = tomllib.loads((self.project / "pyproject.toml").read_text())["project"]
        return {line.name: line.version for line in lock if self.runs(line)} | {project["name"]: project["version"]}

    def runs(self, line: locks.Line) -> bool:
        """Whether a line of a lock applies to this Python."""
        return line.applies(locks.python(self.version))

    def stamped(self) -> str | None:
        """The group in the stamp, if there is one."""
        return json.loads(self.stamp.read_text())["group"] if self.stamp.exists() else None


def base_python() -> Path:
    """The Python that the environment of the tests was created from."""
    return Path(getattr(sys, "_base_executable", sys.executable))


def version_of(python: Path) -> str:
    program = "import platform; print(platform.python_version())"
    return subprocess.run([python, "-c", program], capture_output=True, text=True, check=True).stdout.strip()


def find_python(version: str) -> Path | None:
    """A Python of this version on this machine. A file of that name may be a shim with nothing behind it."""
    folders = [*os.environ["PATH"].split(os.pathsep), *map(str, Path.home().glob(".pyenv/versions/*/bin"))]
    for folder in folders:
        candidate = Path(folder) / f"python{version}"
        program = "import ensurepip, venv, sys; print(sys.version_info[:2], sys._base_executable)"
        if candidate.is_file():
            done = subprocess.run([candidate, "-c", program], capture_output=True, text=True, check=False)
            if done.returncode == 0 and done.stdout.startswith(f"({version.replace('.', ', ')})"):
                return Path(done.stdout.split(") ")[1].strip())
    return None
