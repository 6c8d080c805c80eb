"""The packages of each pool: what its types ask for, locked in requirements/pools/, and checked against the lock."""

import re
import tomllib
from collections.abc import Iterable, Mapping
from importlib.metadata import Distribution
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from infrastructure.blocks.packaging import REQUIREMENTS
from infrastructure.settings.checks import SettingsError

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "requirements" / "pools"
LOCK_COMMAND = "make lock-pools"
_PIN = re.compile(r"^([A-Za-z0-9._-]+)==(\S+)", re.MULTILINE)
# What the pools run on; `packaging` evaluates markers for this machine otherwise.
_PLATFORM = {
    "python_version": "3.13",
    "python_full_version": "3.13.0",
    "platform_machine": "aarch64",
    "sys_platform": "linux",
    "platform_system": "Linux",
    "os_name": "posix",
}


def lock_of(pool: str) -> Path:
    """The lock of a pool whose types ask for packages."""
    return FOLDER / f"{pool}.txt"


def pins(lock: Path) -> dict[str, str]:
    """The releases in a lock, by normalised name."""
    return {canonicalize_name(name): version for name, version in _PIN.findall(lock.read_text(encoding="utf-8"))}


def extra_requirements(extra: str, distribution: Distribution | None) -> list[Requirement]:
    """What an extra of a distribution adds, or of this project if that is None. `LookupError` names the known ones."""
    if distribution is None:
        return _extra_of_this_project(extra)
    known = distribution.metadata.get_all("Provides-Extra") or []
    if canonicalize_name(extra) not in map(canonicalize_name, known):
        raise LookupError(f"{distribution.name} has no extra {extra!r}; it has: {', '.join(known) or 'none'}")
    return [one for one in _requirements(distribution) if not _applies(one) and _applies(one, extra)]


def base_requirements(distribution: Distribution) -> list[Requirement]:
    """What a distribution needs without an extra."""
    return [one for one in _requirements(distribution) if _applies(one)]


def check_lock(pool: str, wanted: Iterable[tuple[str, Requirement]]) -> None:
    """Raise `SettingsError` unless the pool's lock has these requirements, each with the type that asks for it."""
    lock = lock_of(pool)
    locked = pins(lock) if lock.is_file() else {}
    for task_type, requirement in wanted:
        version = locked.get(canonicalize_name(requirement.name))
        if version is None or version not in requirement.specifier:
            has = f"has {requirement.name} {version}" if version else f"does not have {requirement.name}"
            raise SettingsError(
                f"Task type {task_type!r} needs {requirement}, and requirements/pools/{lock.name}, the lock of pool "
                f"{pool!r}, {has}. Lock the packages again: {LOCK_COMMAND}"
            )
    base = pins(REQUIREMENTS)
    if changed := sorted(name for name, version in base.items() if locked and locked.get(name) != version):
        raise SettingsError(
            f"requirements/pools/{lock.name} has other releases than requirements/{REQUIREMENTS.name} of "
            f"{', '.join(changed)}. Lock the packages again: {LOCK_COMMAND}"
        )


def _extra_of_this_project(extra: str) -> list[Requirement]:
    project: Mapping[str, dict[str, list[str]]] = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    known = project.get("optional-dependencies", {})
    if extra not in known:
        raise LookupError(
            f"[project.optional-dependencies] in pyproject.toml has no {extra!r}; it has: {', '.join(known) or 'none'}"
        )
    return [Requirement(text) for text in known[extra]]


def _requirements(distribution: Distribution) -> list[Requirement]:
    return [Requirement(text) for text in distribution.requires or ()]


def _applies(requirement: Requirement, extra: str = "") -> bool:
    return requirement.marker is None or requirement.marker.evaluate({**_PLATFORM, "extra": extra})
