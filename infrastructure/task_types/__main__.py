"""`make lock-pools`: lock the packages that the task types of each pool ask for, in requirements/pools/."""

import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, cast

import yaml
from packaging.requirements import Requirement

from functions.task_types import load_task_types
from functions.tasks.registry import TaskType
from infrastructure.blocks.packaging import REQUIREMENTS
from infrastructure.settings.checks import SettingsError
from infrastructure.task_types.checked import requirements_of
from infrastructure.task_types.locks import FOLDER, ROOT, lock_of
from infrastructure.task_types.packages import find_packages

# As for the common layer in the Makefile: what Lambda runs, and nothing that says where packages come from.
_COMPILE = ("pip", "compile", "--quiet", "--generate-hashes", "--no-header", "--no-annotate", "--no-emit-index-url")
_PLATFORM = ("--python-version", "3.13", "--python-platform", "aarch64-manylinux_2_28", "--only-binary", ":all:")


def main() -> int:
    """Write a lock for each pool whose types ask for packages, and remove the others. Returns the exit code."""
    try:
        packages = find_packages(sorted(set(_named_packages())))
        types = load_task_types(package.module for package in packages)
        wanted = {pool: requirements_of(found, packages) for pool, found in _by_pool(types.types()).items()}
    except SettingsError as error:
        print(error, file=sys.stderr)
        return 1
    for module, reason in types.broken.items():
        print(f"The task types of {module} cannot be loaded, and are not considered: {reason}", file=sys.stderr)
    status = 0
    for pool, requirements in wanted.items():
        if requirements:
            status |= _lock(pool, [requirement for _, requirement in requirements])
    for lock in FOLDER.glob("*.txt"):
        if not wanted.get(lock.stem):
            lock.unlink()
            print(f"{lock.relative_to(ROOT)} is removed: no task type of that pool asks for packages.")
    return status


def _named_packages() -> Iterator[str]:
    """What the stages of this project name."""
    for file in sorted(ROOT.glob("Pulumi.*.yaml")):
        document = cast("dict[str, Any]", yaml.safe_load(file.read_text(encoding="utf-8")) or {})
        config = cast("dict[str, Any]", document.get("config") or {})
        names = str(config.get("taskline:taskTypePackages", ""))
        yield from (name.strip() for name in names.split(",") if name.strip())


def _by_pool(types: Iterable[TaskType]) -> dict[str, list[TaskType]]:
    pools: dict[str, list[TaskType]] = {}
    for one in types:
        pools.setdefault(one.needs.pool.name, []).append(one)
    return pools


def _lock(pool: str, requirements: Iterable[Requirement]) -> int:
    """The common packages keep their releases: a pool has them, too."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    lock = lock_of(pool)
    with tempfile.TemporaryDirectory() as folder:
        wanted = Path(folder) / "wanted.in"
        common = [line.partition(" ")[0] for line in REQUIREMENTS.read_text().splitlines() if "==" in line]
        wanted.write_text("\n".join((*common, *(_without_marker(one) for one in requirements), "")))
        uv = Path(sys.executable).with_name("uv")
        done = subprocess.run([uv, *_COMPILE, *_PLATFORM, "--output-file", lock, wanted], check=False)
    if done.returncode == 0:
        print(f"{lock.relative_to(ROOT)} is locked.")
    return done.returncode


def _without_marker(requirement: Requirement) -> str:
    """The marker says which extra it belongs to, which is decided already."""
    extras = f"[{','.join(sorted(requirement.extras))}]" if requirement.extras else ""
    return f"{requirement.name}{extras}{requirement.specifier}"


if __name__ == "__main__":
    sys.exit(main())
