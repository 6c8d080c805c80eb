"""Installed packages of task types, found by their entry points when the program is evaluated, never by a function."""

import sys
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.metadata import Distribution, EntryPoint, entry_points
from importlib.util import find_spec
from pathlib import Path

from infrastructure.settings.checks import SettingsError

GROUP = "taskline.task_types"
ROOT = Path(__file__).resolve().parents[2]
_OWN = frozenset(path.stem for path in ROOT.iterdir())


@dataclass(frozen=True, kw_only=True)
class Package:
    """A package of task types: `module` declares them, `root` is the top-level package or module that holds it.

    `files` are all that it consists of, by their names in an archive. `distribution` is what declares its
    requirements.
    """

    name: str
    module: str
    root: str
    files: tuple[tuple[Path, str], ...]
    distribution: Distribution


def find_packages(names: Iterable[str]) -> tuple[Package, ...]:
    """The packages whose entry points have these names. `SettingsError` for one that is not installed."""
    return tuple(_find(name) for name in names)


def files_of(packages: Iterable[Package]) -> tuple[tuple[Path, str], ...]:
    """What the packages consist of, each file once: some may be one, under several names."""
    return tuple(dict.fromkeys(file for package in packages for file in package.files))


def _find(name: str) -> Package:
    found = [point for point in entry_points(group=GROUP) if point.name == name]
    if not found:
        known = ", ".join(sorted({point.name for point in entry_points(group=GROUP)})) or "none"
        raise SettingsError(
            f"taskline:taskTypePackages names {name!r}, and no installed package has an entry point of that name in "
            f"the group {GROUP}. Installed are: {known}. Install it for this project: {_PIP} install <its folder or "
            "name>"
        )
    owners = sorted({_name(point) for point in found})
    if len(owners) > 1:
        raise SettingsError(
            f"taskline:taskTypePackages names {name!r}, which several packages have as an entry point: "
            f"{', '.join(owners)}. Uninstall all but one of them."
        )
    return _package(found[0])


_PIP = f"{sys.executable} -m pip"


def _name(point: EntryPoint) -> str:
    return point.dist.name if point.dist else point.value


def _package(point: EntryPoint) -> Package:
    root = point.module.partition(".")[0]
    spec = find_spec(root)
    if point.dist is None or spec is None or root in _OWN:
        reason = "has the name of a folder of this project" if root in _OWN else "cannot be found"
        raise SettingsError(f"The package {root} of the entry point {point.name} = {point.value!r} {reason}.")
    folders = [Path(folder) for folder in spec.submodule_search_locations or ()]
    files = tuple(found for folder in folders for found in _files(folder)) or ((Path(str(spec.origin)), f"{root}.py"),)
    return Package(name=point.name, module=point.module, root=root, files=files, distribution=point.dist)


def _files(folder: Path) -> Iterable[tuple[Path, str]]:
    for path in sorted(folder.rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts:
            yield path, f"{folder.name}/{path.relative_to(folder).as_posix()}"
