"""What a lock contains, and whether it is complete: the closure of a dependency group over the installed metadata."""

from __future__ import annotations

import re
import sys
import tomllib
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from importlib.metadata import distribution, distributions
from pathlib import Path
from typing import NamedTuple

from packaging.markers import Marker, default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).parents[2]
LOCKS = ROOT / "requirements"
HERE = {name: str(value) for name, value in default_environment().items()}
LAMBDA = HERE | {
    "python_version": "3.13",
    "python_full_version": "3.13.0",
    "platform_machine": "aarch64",
    "platform_system": "Linux",
    "sys_platform": "linux",
    "os_name": "posix",
}


class Line(NamedTuple):
    """One package of a lock."""

    name: str
    version: str
    marker: str

    def applies(self, environment: Mapping[str, str]) -> bool:
        return not self.marker or Marker(self.marker).evaluate({**environment})


def entries(lock: Path) -> list[str]:
    """A lock's entries, unchanged: a requirement and, indented, its hashes."""
    return re.findall(r"^\S.*\n(?:[ ].*\n)*", lock.read_text(), re.MULTILINE)


def read(lock: Path) -> list[Line]:
    """A lock's packages."""
    found: list[Line] = []
    for entry in entries(lock):
        requirement, _, marker = entry.partition("\n")[0].removesuffix("\\").partition(";")
        name, _, version = requirement.partition("==")
        found.append(Line(canonicalize_name(name.strip()), version.strip(), marker.strip()))
    return found


def python(version: str) -> dict[str, str]:
    """The markers of this machine with another version of Python, given as `3.12.1`."""
    return HERE | {"python_version": ".".join(version.split(".")[:2]), "python_full_version": version}


def group(name: str, pyproject: Path = ROOT / "pyproject.toml") -> list[Requirement]:
    """The requirements of a dependency group and of the groups it includes."""
    groups = tomllib.loads(pyproject.read_text())["dependency-groups"]

    def expand(one: str) -> Iterator[Requirement]:
        for entry in groups[one]:
            if isinstance(entry, str):
                yield Requirement(entry)
            else:
                yield from expand(entry["include-group"])

    return list(expand(name))


@cache
def required_by(name: str) -> list[str]:
    """What an installed distribution requires, with markers and extras."""
    return distribution(name).requires or []


@cache
def required_by_checkov(name: str) -> list[str]:
    """The same for what is installed into checkov's own folder."""
    (found,) = distributions(name=name, path=[str(Path(sys.prefix) / "checkov")])
    return found.requires or []


@cache
def parsed(requirement: str) -> Requirement:
    return Requirement(requirement)


def complaints(
    lines: list[Line],
    wanted: list[Requirement],
    environment: Mapping[str, str] = HERE,
    requires: Callable[[str], list[str]] = required_by,
) -> list[str]:
    """What is wrong with a lock in an environment; empty if the lock leaves nothing to resolve."""
    locked = {line.name: line.version for line in lines if line.applies(environment)}
    found: list[str] = []
    reached: dict[str, set[str]] = {}
    waiting = list(wanted)
    while waiting:
        requirement = waiting.pop()
        name = canonicalize_name(requirement.name)
        if name not in locked:
            found.append(f"{name} is missing")
            continue
        if not requirement.specifier.contains(Version(locked[name]), prereleases=True):
            found.append(f"{name} is {locked[name]}, but {requirement} is required")
        if name in reached and requirement.extras <= reached[name]:
            continue
        extras = reached.setdefault(name, set())
        extras |= requirement.extras
        waiting += [one for one in map(parsed, requires(name)) if _applies(one, extras, environment)]
    return sorted({*found, *(f"{name} is not needed" for name in locked.keys() - reached.keys())})


def _applies(requirement: Requirement, extras: set[str], environment: Mapping[str, str]) -> bool:
    if requirement.marker is None:
        return True
    return any(requirement.marker.evaluate({**environment, "extra": extra}) for extra in ("", *extras))
